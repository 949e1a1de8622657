"""The rows that a mark names are as many as the mark says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from engine import analyse, cohort
from engine.figures import charts
from engine.figures.along import along
from engine.formats.reading import read_table
from engine.types import Result
from tests.pages import samples

FINE = 0.01
"""States hold margins in fine cells: of a threshold within one, its rows are taken together."""

Counted = Iterator[tuple[str, float]]


def scores() -> str:
    lines = ["prompt_id,score,truth"]
    return "\n".join([*lines, *(f"p{row},{(row * 37 % 100) / 100},{row * 7 % 3 // 2}" for row in range(400))]) + "\n"


def judged() -> str:
    """Pairs with the verdicts of two judges."""
    first, *lines = samples.pairs(300).splitlines()
    return "\n".join([f"{first},judge", *(f"{line},{'jk'[row % 2]}" for row, line in enumerate(lines))]) + "\n"


def trace(result: Result, chart: str, key: str) -> dict[str, Any]:
    found = charts(result)[chart].figure["data"]
    return next(one for one in found if (one.get("meta") or {}).get("key") == key)


def bars(chart: str, key: str) -> Callable[[Result], Counted]:
    def counted(result: Result) -> Counted:
        drawn = trace(result, chart, key)
        yield from zip((own[drawn["meta"]["where"]] for own in drawn["customdata"]), drawn["y"], strict=True)

    return counted


def points(result: Result) -> Counted:
    drawn = trace(result, "reliability", "observed")
    yield from ((own[drawn["meta"]["where"]], own[0]) for own in drawn["customdata"])


def trusted(result: Result) -> Counted:
    drawn = trace(result, "threshold", "Trusted, of all")
    rows = result.dataset["rows"]
    yield from ((own[0], share * rows) for own, share in zip(drawn["customdata"], drawn["y"], strict=True))


def cells(result: Result) -> Counted:
    drawn = trace(result, "verdicts", "matrix")
    for names, values in zip(drawn["customdata"], drawn["z"], strict=True):
        yield from ((own[3], count) for own, count in zip(names, values, strict=True) if own[3])


def models(result: Result) -> Counted:
    drawn = next(one for one in charts(result)["forest"].figure["data"] if "where" in (one.get("meta") or {}))
    compared = {item["item"]: item["n"] for item in result.items}
    yield from ((own[3], compared[own[0]]) for own in drawn["customdata"])


CASES: dict[str, tuple[str, str, Callable[[Result], Counted], dict[str, Any]]] = {
    "bins of pairs": (samples.pairs(), "calibration", points, {}),
    "eight bins of pairs": (samples.pairs(), "calibration", points, {"bins": 8}),
    "bins of scores": (scores(), "calibration", points, {}),
    "strip": (samples.pairs(), "calibration", bars("reliability", "rows"), {}),
    "strip of scores": (scores(), "calibration", bars("reliability", "rows"), {}),
    "thresholds": (samples.pairs(), "whatif", trusted, {}),
    "thresholds at a temperature": (samples.pairs(), "whatif", trusted, {"temperature": 2.5}),
    "verdicts": (judged(), "judge", cells, {}),
    "models": (samples.battles(), "ranking", models, {}),
}


@pytest.mark.parametrize("case", CASES)
def test_a_mark_names_as_many_rows_as_it_says(tmp_path: Path, case: str) -> None:
    text, analysis, counted, params = CASES[case]
    path = tmp_path / "rows.csv"
    path.write_text(text)
    table, _ = read_table(path, path.name)
    marks = list(counted(analyse(path, analysis, params)))
    assert len(marks) > 1
    for where, count in marks:
        exact = "threshold" not in case
        assert _rows(table, where) == pytest.approx(count, abs=0.5 if exact else FINE * len(table)), where


def _rows(table: pa.Table, where: str) -> int:
    chosen = cohort.parse(where)
    assert chosen is not None
    return int(chosen.mask(table).sum())


def test_a_line_says_once_which_column_its_places_are_of() -> None:
    assert along("step", "run <b>;1") == {"along": {"column": "step", "before": "run=run <b>%3B1"}}
    assert along("time") == {"along": {"column": "time", "before": ""}}
    assert along("step", "run") == along("step"), "the run of a file that names none is not in its rows"
    assert along("seconds", "a") == {}


def test_training_lines_are_told_by_their_places(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(samples.curves(names=("one", "two", "three")))
    drawn = charts(analyse(path, "curves"))["curves"].figure["data"]
    told = [one["meta"]["along"] for one in drawn if "along" in one.get("meta", {})]
    assert {one["column"] for one in told} == {"step"}
    assert {one["before"].rpartition(" ")[2] for one in told} == {"one", "two", "three"}


def test_settings_of_a_sweep_name_their_runs(tmp_path: Path) -> None:
    path = tmp_path / "sweep.csv"
    path.write_text(samples.sweep())
    table, _ = read_table(path, path.name)
    found = charts(analyse(path, "sweep"))
    for chart in ("trials", "parallel"):
        drawn = [one for one in found[chart].figure["data"] if "where" in (one.get("meta") or {})]
        wheres = [own[one["meta"]["where"]] for one in drawn for own in one["customdata"]]
        assert wheres
        assert all(_rows(table, where) > 0 for where in wheres)
