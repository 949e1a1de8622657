import asyncio
import csv
import gzip
import io
import json
import threading
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from engine.errors import NotEnoughData, StatePending
from engine.queries.belonging import Belonging
from engine.reports.tables import cell
from engine.types import Concluded
from tests.reports.sample import sample
from tests.web.conftest import Desk
from web import view
from web.encoded import Encoded


class Made:
    """Stands where the queries stand: one dataset whose conclusion is counted."""

    def __init__(self) -> None:
        self.version, self.name = 3, "=cmd|' /C calc'!A0.jsonl"
        self.asked: list[dict[str, Any]] = []
        self.versions: list[int | None] = []
        self.failure: Exception | None = None

    def get_dataset(self, who: object, dataset_id: int) -> Any:
        return SimpleNamespace(version=self.version)

    def conclude(
        self, who: object, dataset_id: int, analysis: str, params: Any = None, version: int | None = None, **_: Any
    ) -> Concluded:
        assert analysis == "calibration"
        self.asked.append(dict(params or {}))
        self.versions.append(version)
        if self.failure:
            raise self.failure
        result = sample()
        chosen = {**result.evidence.params, "recalibrator": (params or {}).get("recalibrator", "temperature")}
        pairs = [{**result.pairs[0], "prompt_text": "=HYPERLINK(1)", "margin": -1.5, "extra": {"a": 1}}]
        result = replace(
            result,
            dataset={**result.dataset, "id": dataset_id, "name": self.name},
            evidence=replace(result.evidence, params=chosen),
            pairs=pairs,
        )
        return Concluded(result, version or self.version, 17)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Made:
    standin = Made()
    monkeypatch.setattr(view.results, "conclude", standin.conclude)
    monkeypatch.setattr(view.datasets, "get_dataset", standin.get_dataset)
    monkeypatch.setattr(view, "_views", view.Shared(8))
    return standin


# ------------------------------------------------------------------ view


def test_a_view_is_numbers_words_and_charts(desk: Desk, made: Made) -> None:
    answer = desk.visitor("ann").get("/view/calibration?dataset=5&bins=10&slice=model%3Da&mode=tokens")
    found = answer.json()
    assert (found["dataset"], found["version"], found["event"], found["verdict"]) == (5, 3, 17, "over_confident")
    assert set(found["charts"]["reliability"]) == {"title", "figure", "alt", "table"}
    assert made.asked == [{"bins": "10", "slice": "model=a"}]
    assert answer.headers["cache-control"] == "no-store"


def test_the_same_view_is_concluded_once_and_again_for_a_new_version(desk: Desk, made: Made) -> None:
    client = desk.visitor("ann")
    first = client.get("/view/calibration?dataset=5&bins=10&mode=dark")
    same = client.get("/view/calibration?bins=10&mode=dark&dataset=5", headers={"if-none-match": first.headers["etag"]})
    assert (same.status_code, same.content, len(made.asked)) == (304, b"", 1)
    made.version = 4
    newer = client.get(
        "/view/calibration?dataset=5&bins=10&mode=dark", headers={"if-none-match": first.headers["etag"]}
    )
    assert (newer.status_code, newer.json()["version"], len(made.asked)) == (200, 4, 2)
    client.get("/view/calibration?dataset=5&bins=10&mode=light")
    assert len(made.asked) == 3


def test_the_worst_rows_are_those_of_the_version_asked_for(desk: Desk, made: Made) -> None:
    client = desk.visitor("ann")
    found = client.get("/view/calibration/worst?dataset=5&bins=10&version=2")
    assert found.headers["cache-control"] == "no-store"
    assert [row["said"][:8] for row in found.json()["rows"]] == ["Prefers "]
    assert (made.asked, made.versions) == ([{"bins": "10"}], [2])
    assert client.get("/view/calibration/worst?dataset=5").status_code == 200
    assert made.versions == [2, 3]
    assert client.get("/view/calibration/worst?dataset=5&version=x").status_code == 400


def test_a_thousand_browsers_cost_one_conclusion() -> None:
    begun, go, calls = threading.Event(), threading.Event(), []

    def make() -> Encoded:
        calls.append(1)
        begun.set()
        go.wait(10)
        return Encoded.of(b"{}", "application/json")

    async def scenario() -> list[Encoded]:
        shared = view.Shared(4)
        waiting = [asyncio.create_task(shared.get("key", make)) for _ in range(1000)]
        await asyncio.to_thread(begun.wait, 10)
        waiting[0].cancel()
        go.set()
        rest = await asyncio.gather(*waiting[1:])
        return [*rest, await shared.get("key", make)]

    answers = asyncio.run(scenario())
    assert (len(calls), len(answers), len({id(answer) for answer in answers})) == (1, 1000, 1)


def test_only_so_many_views_are_kept_and_failures_are_not() -> None:
    calls: list[int] = []

    def making(number: int) -> Callable[[], Encoded]:
        def make() -> Encoded:
            calls.append(number)
            if number == 9:
                raise ValueError
            return Encoded.of(b"{}", "application/json")

        return make

    async def scenario() -> None:
        shared = view.Shared(2)
        for number in (1, 2, 1, 3, 1, 2):
            await shared.get(number, making(number))
        for _ in range(2):
            with pytest.raises(ValueError):
                await shared.get(9, making(9))

    asyncio.run(scenario())
    assert calls == [1, 2, 3, 2, 9, 9]


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (NotEnoughData("Too few prompts."), 422, "not_enough_data"),
        (StatePending("Being observed.", 7), 409, "state_pending"),
        (RuntimeError("SELECT * FROM /etc/passwd"), 500, "internal"),
    ],
)
def test_failures_are_told_without_insides(desk: Desk, made: Made, failure: Exception, status: int, code: str) -> None:
    made.failure = failure
    client = desk.visitor("ann")
    for path in ("/view/calibration?dataset=5", "/export/calibration.json?dataset=5"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert "SELECT" not in answer.text
        assert ("error_id" in answer.json()) == (status == 500)


def test_an_unknown_mode_is_refused(desk: Desk, made: Made) -> None:
    assert desk.visitor("ann").get("/view/calibration?dataset=5&mode=neon").status_code == 400


# ------------------------------------------------------------------ export


def test_exports_are_attachments_named_after_the_data(desk: Desk, made: Made) -> None:
    client = desk.visitor("ann", "viewer")
    for extension in ("html", "csv", "json"):
        answer = client.get(f"/export/calibration.{extension}?dataset=5&bins=10&mode=tokens")
        disposition = answer.headers["content-disposition"]
        assert answer.status_code == 200
        assert disposition.startswith('attachment; filename="plumbline-calibration-')
        assert disposition.isascii()
        assert "/" not in disposition.split("filename*=")[0]
        assert f"-v3.{extension}" in disposition
    assert made.asked == [{"bins": "10"}] * 3
    assert client.get("/export/calibration.exe?dataset=5").status_code == 404


def test_the_csv_holds_the_table_of_the_picture_with_numbers_as_numbers(desk: Desk, made: Made) -> None:
    text = desk.visitor("ann").get("/export/calibration.csv?dataset=5").content.decode("utf-8-sig")
    header, *rows = csv.reader(io.StringIO(text))
    assert len(rows) == 5
    assert len(header) >= 4
    assert sum(value.replace(".", "").isdigit() for value in rows[0]) >= 3


def test_texts_that_a_spreadsheet_would_run_are_made_plain(desk: Desk, made: Made) -> None:
    text = desk.visitor("ann").get("/export/calibration.csv?dataset=5&table=worst").content.decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["prompt_text"], row["margin"], row["extra"]) == ("'=HYPERLINK(1)", "-1.5", '{"a":1}')
    assert desk.visitor("ben").get("/export/calibration.csv?dataset=5&table=nosuch").status_code == 404


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\t=1", "\r=1", "\n=1", "  =1", "＝1", "＋1", "－1", "＠1"])
def test_a_formula_cell_is_quoted(text: str) -> None:
    assert cell(text) == "'" + text


@pytest.mark.parametrize("value", [-1, -1.5, None, True, "a=1", "", "a-b", "'x"])
def test_other_cells_stay_as_they_are(value: object) -> None:
    assert cell(value) is value


def test_the_json_is_the_whole_result(desk: Desk, made: Made) -> None:
    answer = desk.visitor("ann").get("/export/calibration.json?dataset=5").json()
    assert {"analysis", "sentence", "estimates", "evidence", "recalibrators", "warnings"} <= set(answer)
    assert answer["estimates"]["position_bias"]["value"] is None


def test_a_recalibrator_is_a_file_of_its_own(desk: Desk, made: Made) -> None:
    client = desk.visitor("ann")
    answer = client.get("/export/recalibrator.json?dataset=5")
    assert json.loads(answer.content) == sample().recalibrators[0]
    assert client.get("/export/recalibrator.json?dataset=5&recalibrator=beta").status_code == 404


# ------------------------------------------------------------------ bytes


def test_large_answers_are_zipped_once_and_small_ones_are_not() -> None:
    large = Encoded.of(b"abc" * 1000, "text/plain")
    assert gzip.decompress(large.zipped or b"") == b"abc" * 1000
    assert Encoded.of(b"abc", "text/plain").zipped is None
    assert Encoded.of(b"abc", "text/plain").etag != large.etag


# ------------------------------------------------------------------ rows of a cohort


def test_rows_of_a_cohort_are_asked_for_within_the_slice_and_cohort_of_the_page(
    desk: Desk, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Any, ...]] = []

    def rows_of(_who: object, ids: tuple[int, ...], where: str) -> Belonging:
        asked.append((ids, where))
        return Belonging([{"label": 1.0, "text_a": "<b>"}], 7)

    monkeypatch.setattr(view.belonging, "rows_of", rows_of)
    client = desk.visitor("ann")
    page = "dataset=5&beside=6&slice=topic%3Da%7Cb&within=judge%3Dx&mode=dark&bins=10"
    answer = client.get(f"/view/rows?{page}&where=item%3Da%7Cb")
    assert answer.json()["total"] == 7
    assert answer.json()["rows"][0]["sides"][0]["text"] == "<b>"
    assert asked == [((5, 6), "judge=x&slice.topic=a%7Cb&item=a|b")]
    assert client.get(f"/view/rows?where=item%3Da%7Cb&{page}").status_code == 200
    assert len(asked) == 1
    assert client.get(f"/view/rows?where=item%3Da&{page}").status_code == 200
    assert len(asked) == 2
    assert desk.visitor().get("/view/rows?dataset=5&where=a%3D1", follow_redirects=False).status_code in (303, 401)


def test_a_cohort_that_names_no_rows_is_refused_by_name(desk: Desk, made: Made) -> None:
    client = desk.visitor("ann")
    for where in ("", "x", "a=2..1"):
        answer = client.get("/view/rows", params={"dataset": "5", "where": where})
        assert (answer.status_code, answer.json()["code"]) == (400, "cohort")
