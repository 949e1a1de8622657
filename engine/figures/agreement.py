"""The pictures of agreement: annotators as a forest, every two of them, weeks, and who confuses what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from engine import cohort
from engine.figures import words
from engine.figures.chart import Cell, Chart, Table
from engine.figures.curves import Curve, Frame, curves
from engine.figures.forest import Across, Mark, forest
from engine.figures.matrix import Scale, matrix, of_two
from engine.types import Result
from engine.words import amount

MOST = 40
MEASURES = {"quality": "Share right, as the model has it", "agreement": "Agreement with the others"}


def agreement(result: Result) -> dict[str, Chart | None]:
    """The charts of agreement by name."""
    pictures = result.pictures
    return {
        "raters": _raters(pictures.get("raters"), result.items),
        "pairs": _pairs(pictures.get("pairs")),
        "weeks": _weeks(pictures.get("weeks")),
        "confusion": _confusion(pictures.get("confusion")),
    }


def _raters(picture: Mapping[str, Any] | None, items: Sequence[Mapping[str, Any]]) -> Chart | None:
    if not picture or not picture["rater"]:
        return None
    names = ("rater", "value", "low", "high", "n", "shared")
    rows = [dict(zip(names, row, strict=True)) for row in zip(*(picture[name] for name in names), strict=True)]
    title = MEASURES[picture["measure"]]
    flagged = {item["item"] for item in items if item.get("flags")}
    marks = [_rater(row, row["rater"] in flagged) for row in rows[:MOST]]
    alt = f"{title} of {amount(len(rows), 'annotator')}; the lowest is {words.plain(rows[-1]['rater'])}."
    cells: list[list[Cell]] = [[row[name] for name in names] for row in rows]
    table = Table(["Annotator", title, "Low", "High", "Judgments", "Shared with others"], cells)
    return forest("Annotators", "raters", marks, Across(title, None, ".1%"), alt, table)


def _rater(row: Mapping[str, Any], flagged: bool) -> Mark:
    said = words.interval("accuracy", row["low"], row["high"])
    notes = (f"{said} %" if said else "no interval", amount(row["n"], "judgment"))
    aloud = f"{row['rater']}: {words.percent(row['value'])} {said}"
    tone, where = "$bad" if flagged else "$first", cohort.one_of("rater", [row["rater"]])
    return Mark(row["rater"], row["value"], row["low"], row["high"], aloud, tone, notes, where=where)


def _pairs(picture: Mapping[str, Any] | None) -> Chart | None:
    if not picture or not picture["agreement"]:
        return None
    names = [str(name) for name in picture["raters"]]
    alt = f"Share of common units on which every two of {amount(len(names), 'annotator')} agree."
    scale = Scale(0.0, 1.0, False, ".0%", "%{y} and %{x}")
    wheres = of_two("rater", names)
    return matrix("Who agrees with whom", names, names, picture["agreement"], scale, alt, picture["count"], wheres)


def _weeks(picture: Mapping[str, Any] | None) -> Chart | None:
    if not picture or len(picture["start"]) < 2:
        return None
    weeks: list[float | str] = [f"{datetime.fromtimestamp(start, UTC):%Y-%m-%d}" for start in picture["start"]]
    lines = [Curve("Agreement with the others", picture["agreement"]), Curve("Ties", picture["tie_rate"])]
    alt = f"Agreement and ties over {amount(len(weeks), 'week')}."
    days = [datetime.fromtimestamp(start, UTC).date() for start in picture["start"]]
    wheres = [f"time={day}..{day + timedelta(days=7)}" for day in days]
    return curves("Weeks", weeks, lines, Frame("Week of", "Share", ".1%", wheres=wheres), alt)


def _confusion(picture: Mapping[str, Any] | None) -> Chart | None:
    """Of all annotators together: how often each true category is called what."""
    if not picture or not picture["matrices"]:
        return None
    names, matrices = picture["categories"], picture["matrices"]
    mean = [
        [sum(one[row][column] for one in matrices) / len(matrices) for column in range(len(names))]
        for row in range(len(names))
    ]
    alt = "How often what is truly the one of the line is called the one of the column, on average of all annotators."
    scale = Scale(0.0, 1.0, False, ".0%", "truly %{y}, called %{x}")
    return matrix("What is taken for what", names, names, mean, scale, alt)
