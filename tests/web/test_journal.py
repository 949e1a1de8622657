"""`/export/decision.json` and `/export/journal.md`: the journal as files, for those who see the project."""

from __future__ import annotations

import pytest

from engine.actions import decisions
from engine.queries import decisions as queries
from tests.access.matrix_calls import answered_by_itself
from tests.store.people import upload
from tests.web.conftest import Desk
from tests.web.serving import register
from web import journal

HOSTILE = "<img src=x onerror=alert(1)> # [x](javascript:1)"


@pytest.fixture
def decided(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Five decisions of the project main."""
    monkeypatch.setattr(decisions, "_concludes", [answered_by_itself])
    who = register("ann").who
    dataset = upload(who).dataset_id
    return [
        decisions.record(who, "main", f"{HOSTILE} {number}", HOSTILE, "calibration", [dataset]) for number in range(5)
    ]


def test_one_record_is_json(desk: Desk, decided: list[int]) -> None:
    answer = desk.visitor("vera", "viewer").get("/export/decision.json", params={"decision": str(decided[0])})
    assert answer.headers["content-type"] == "application/json"
    assert "decision-1.json" in answer.headers["content-disposition"]
    told = answer.json()
    assert (told["title"], told["because"], told["person"]) == (f"{HOSTILE} 0", HOSTILE, "ann")
    assert told["grounds"]["datasets"] == [{"id": 1, "name": "scores", "version": 1, "sha256": "0" * 64}]


def test_the_whole_journal_is_markdown(desk: Desk, decided: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "_PAGE", 2)
    answer = desk.visitor("vera", "viewer").get("/export/journal.md", params={"project": "main"})
    assert answer.headers["content-type"].startswith("text/markdown")
    assert "attachment" in answer.headers["content-disposition"]
    assert [line[-1] for line in answer.text.splitlines() if line.startswith("## ")] == list("43210")
    assert "<img" not in answer.text.replace("\\<", "")


def test_they_are_for_those_who_see_the_project(desk: Desk, decided: list[int]) -> None:
    member = desk.visitor("mel", "member")
    for path, named in (("decision.json", {"decision": "1"}), ("journal.md", {"project": "main"})):
        assert desk.visitor().get(f"/export/{path}", params=named).status_code == 401
        assert member.get(f"/export/{path}", params=named).status_code == 404
    viewer = desk.visitor("vera", "viewer")
    for wrong, status in (("99", 404), ("x", 400), ("", 400), ("9" * 30, 400), ("-1", 400)):
        assert viewer.get("/export/decision.json", params={"decision": wrong}).status_code == status
    assert viewer.get("/export/journal.md", params={"project": "nowhere"}).status_code == 404
    assert len(queries.list_decisions(register("ben").who, "main")) == 5
