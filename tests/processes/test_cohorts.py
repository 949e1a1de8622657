"""A cohort is observed like all rows: by a run that the first question asks for; it says what its rows alone say."""

from __future__ import annotations

import csv
import io
import math
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from engine import analyse
from engine.actions import datasets, runs
from engine.analysis import ANALYSES
from engine.errors import NotEnoughData, StatePending
from engine.queries import results, several
from engine.types import Concluded, Result
from jobs import work
from tests.pages import samples
from tests.processes.here import Here
from tests.processes.scores import dataset
from tests.store.people import person


def scores(rows: int = 400) -> str:
    lines = ["prompt_id,score,truth,length"]
    lines += [f"p{row // 4},{(row * 37 % 100) / 100},{row * 7 % 3 // 2},{row % 90}" for row in range(rows)]
    return "\n".join(lines) + "\n"


def two_judges() -> str:
    """Pairs as two judges of unlike quality score them."""
    first, *lines = samples.pairs(seed=1).splitlines()
    others = samples.pairs(temperature=1.0, seed=1).splitlines()[1:]
    return "\n".join([first + ",judge", *(f"{line},j" for line in lines), *(f"{line},k" for line in others)]) + "\n"


ITEMS, PEOPLE = ("alpha", "beta", "gamma"), ("ann0", "ann1", "ann2")
HALF = math.log(0.55 / 0.45)

CASES: dict[str, tuple[str, str, Callable[[dict[str, str]], bool]]] = {
    "calibration": (samples.pairs(), "margin=-1..", lambda row: float(row["score_a"]) >= -1),
    "compare": (two_judges(), "slice.source=math", lambda row: row["source"] == "math"),
    "judge": (samples.pairs(400), "!confidence=0.5..0.55", lambda row: abs(float(row["score_a"])) > HALF),
    "ranking": (samples.battles(), f"item={'|'.join(ITEMS)}", lambda row: {row["model_a"], row["model_b"]} <= {*ITEMS}),
    "agreement": (samples.battles(), f"annotator={'|'.join(PEOPLE)}", lambda row: row["annotator"] in PEOPLE),
    "audit": (samples.battles(), "length_a=100..", lambda row: float(row["length_a"]) >= 100),
    "bestofn": (scores(), "value=..0.8", lambda row: float(row["score"]) <= 0.8),
}


def drop(home, name: str, text: str) -> int:
    path = home.inbox / "p" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    datasets.receive_inbox("p", name, path, path.stat().st_size, inode=path.stat().st_ino)
    perform_next()
    found = dataset("p", name)
    assert found is not None
    return int(found["id"])


def perform_next() -> None:
    claimed = runs.claim("me")
    assert claimed is not None
    work.perform(claimed, Here())


def only(text: str, belongs: Callable[[dict[str, str]], bool], path: Path) -> Path:
    """The file without the rows that do not belong."""
    rows = csv.DictReader(io.StringIO(text))
    assert rows.fieldnames is not None
    with path.open("w") as file:
        out = csv.DictWriter(file, rows.fieldnames)
        out.writeheader()
        out.writerows(row for row in rows if belongs(row))
    return path


def says(result: Result) -> tuple[str, str, dict[str, float | None]]:
    return result.verdict, result.sentence, {name: one.value for name, one in result.estimates.items()}


def once_observed(ask: Callable[[], Concluded]) -> Concluded:
    with pytest.raises(StatePending):
        ask()
    perform_next()
    return ask()


@pytest.mark.parametrize("name", CASES)
def test_a_cohort_says_what_its_rows_alone_say(home, tmp_path, name):
    text, where, belongs = CASES[name]
    expected = analyse(only(text, belongs, tmp_path / "only.csv"), name)
    (tmp_path / "all.csv").write_text(text)
    asked = {"where": where}
    assert says(analyse(tmp_path / "all.csv", name, asked)) == says(expected)
    who, number = person(), drop(home, "all.csv", text)
    found = once_observed(lambda: results.conclude(who, number, name, asked)).result
    assert says(found) == says(expected)
    assert shlex.split(found.evidence.command)[-2:] == ["--param", f"where={where}"]


@pytest.mark.parametrize("name", CASES)
def test_of_a_cohort_without_rows_nothing_is_said(home, name):
    assert name in ANALYSES
    who, number = person(), drop(home, "all.csv", CASES[name][0])
    with pytest.raises(NotEnoughData):
        once_observed(lambda: results.conclude(who, number, name, {"where": "slice.nothing=x"}))


def test_a_cohort_of_several_datasets_is_observed_in_each(home):
    who = person()
    ids = [drop(home, f"{seed}.csv", samples.pairs(seed=seed)) for seed in (1, 2)]
    asked = {"where": "slice.source=math"}
    with pytest.raises(StatePending):
        several.conclude(who, ids, "compare", asked)
    perform_next()
    perform_next()
    assert several.conclude(who, ids, "compare", asked).result.dataset["common_prompts"] == 150
