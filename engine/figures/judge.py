"""The pictures of a judge: every judge's agreement with people, verdict against label, what more labels bring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine import cohort
from engine.figures import words
from engine.figures.chart import Cell, Chart, Table
from engine.figures.curves import Curve, Frame, curves
from engine.figures.forest import Across, Mark, forest
from engine.figures.matrix import Scale, matrix
from engine.types import Result
from engine.words import amount

MOST = 30


def judge(result: Result) -> dict[str, Chart | None]:
    """The charts of a judge by name."""
    return {
        "judges": _judges(result.items),
        "verdicts": _verdicts(result.pictures.get("verdicts"), str(result.dataset.get("judge") or "")),
        "plan": _plan(result.pictures.get("plan")),
    }


def _judges(items: Sequence[Mapping[str, Any]]) -> Chart | None:
    known = sorted((item for item in items if item["value"] is not None), key=lambda item: -item["value"])
    if not known:
        return None
    names = ("item", "value", "low", "high", "cohen_kappa", "position_bias", "tie_rate", "n", "verdicts")
    columns = ["Judge", "Agreement", "Low", "High", "Kappa", "Position bias", "Ties", "Labelled rows", "Verdicts"]
    cells: list[list[Cell]] = [[item.get(name) for name in names] for item in known]
    alt = f"Agreement with people of {amount(len(known), 'judge')}; the first is {words.plain(known[0]['item'])}."
    across = Across("Agreement with people", None, ".1%")
    return forest("Judges", "judges", [_mark(item) for item in known[:MOST]], across, alt, Table(columns, cells))


def _mark(item: Mapping[str, Any]) -> Mark:
    said = words.interval("accuracy", item["low"], item["high"])
    kappa = f"kappa {words.number(item.get('cohen_kappa'), 2)}"
    name = item["item"] or "the judge"
    notes = (f"{said} %" if said else "no interval", kappa, amount(item["n"], "labelled row"))
    where = cohort.one_of("judge", [item["item"]]) if item["item"] else ""
    aloud = f"{name}: {words.percent(item['value'])}"
    return Mark(name, item["value"], item["low"], item["high"], aloud, notes=notes, where=where)


def _verdicts(picture: Mapping[str, Any] | None, judge: str) -> Chart | None:
    """Judge against people, whichever answer is called the first."""
    if not picture or not sum(picture.values()):
        return None
    rows, columns = ["People prefer one", "People say tie"], ["Judge: the same", "Judge: the other", "Judge: tie"]
    counts: list[list[float | None]] = [
        [picture["same"], picture["opposite"], picture["human_only"]],
        [picture["judge_only"], None, picture["both_tied"]],
    ]
    most = max(value or 0 for row in counts for value in row)
    alt = f"{words.count(picture['same'] + picture['both_tied'])} verdicts of the judge are those of people."
    scale = Scale(0, most, False, ",.0f", "%{y}, %{x}")
    mine = cohort.one_of("judge", [judge]) if judge else ""
    said = [["same", "opposite", "human_only"], ["judge_only", "", "both_tied"]]
    wheres = [
        [cohort.every(mine, cohort.one_of("verdict_on_label", [one])) if one else "" for one in row] for row in said
    ]
    return matrix("Judge against people", rows, columns, counts, scale, alt, wheres=wheres)


def _plan(picture: Mapping[str, Any] | None) -> Chart | None:
    if not picture or len(picture["labels"]) < 2:
        return None
    alt = (
        f"Half the width of the interval of the win rate: {words.number(picture['half_width'][0])} with the labels "
        f"there are, {words.number(picture['half_width'][-1])} with {words.count(picture['labels'][-1])}."
    )
    lines = [Curve("± of the win rate", picture["half_width"])]
    frame = Frame("Labels by people", "± of the win rate", ".3f", logarithmic=True)
    return curves("What more labels bring", picture["labels"], lines, frame, alt)
