"""The pictures of the audit: what rulers get right, where they get too much right, and preference by distance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine import cohort
from engine.figures import words
from engine.figures.chart import Cell, Chart, Table
from engine.figures.curves import Curve, Frame, curves
from engine.figures.forest import Across, Mark, forest
from engine.types import Result
from engine.words import amount

MOST = 24
CHANCE = Across("← shorter preferred   ·   longer preferred →", 0.5, ".1%")


def audit(result: Result) -> dict[str, Chart | None]:
    """The charts of the audit by name."""
    ruler = str(result.dataset.get("ruler", "length")).replace("_", " ")
    return {
        "rulers": _rulers(result.pictures.get("rulers")),
        "subsets": _subsets(result.pictures.get("subsets"), ruler),
        "slope": _slope(result.pictures.get("slope"), str(result.dataset.get("ruler", "length"))),
    }


def _rows(picture: Mapping[str, Any] | None, *names: str) -> list[dict[str, Any]]:
    if not picture:
        return []
    return [dict(zip(names, row, strict=True)) for row in zip(*(picture[name] for name in names), strict=True)]


def _rulers(picture: Mapping[str, Any] | None) -> Chart | None:
    rows = [row for row in _rows(picture, "feature", "accuracy", "low", "high") if row["accuracy"] is not None]
    if not rows:
        return None
    rows.sort(key=lambda row: -abs(row["accuracy"] - 0.5))
    marks = [
        Mark(name, row["accuracy"], row["low"], row["high"], f"{name}: {words.percent(row['accuracy'])}", _tone(row))
        for row in rows[:MOST]
        for name in [row["feature"].replace("_", " ")]
    ]
    alt = f"How often having more of each of {amount(len(rows), 'feature')} alone picks the preferred answer."
    cells: list[list[Cell]] = [list(row.values()) for row in rows]
    table = Table(["Feature", "Share", "Low", "High"], cells)
    across = Across("← less of it is preferred   ·   more of it is preferred →", 0.5, ".1%")
    return forest("Rulers", "rulers", marks, across, alt, table)


def _tone(row: Mapping[str, Any]) -> str:
    clear = row["low"] is not None and (row["low"] > 0.5 or row["high"] < 0.5)
    return "$second" if clear else "$reference"


def _subsets(picture: Mapping[str, Any] | None, ruler: str) -> Chart | None:
    rows = _rows(picture, "column", "value", "accuracy", "low", "high", "prompts", "q_value", "degenerate")
    if not rows:
        return None
    ranked = sorted(rows, key=lambda row: (not row["degenerate"], -abs(row["accuracy"] - 0.5)))
    flagged = sum(bool(row["degenerate"]) for row in rows)
    alt = f"{amount(len(rows), 'subset')}: how often {ruler} alone is right in each; {flagged} degenerate."
    told = [{**row, "degenerate": "yes" if row["degenerate"] else "no"} for row in ranked]
    columns = ["Column", "Value", "Right", "Low", "High", "Prompts", "q", "Degenerate"]
    cells: list[list[Cell]] = [list(row.values()) for row in told]
    return forest("Subsets", "subsets", [_subset(row) for row in ranked[:MOST]], CHANCE, alt, Table(columns, cells))


def _subset(row: Mapping[str, Any]) -> Mark:
    name = f"{row['column']}={row['value']}"
    found = "degenerate: length decides it" if row["degenerate"] else "not degenerate"
    tone = "$bad" if row["degenerate"] else _tone(row)
    aloud = f"{name}: {words.percent(row['accuracy'])}, {found}"
    notes = (amount(row["prompts"], "prompt"), found)
    return Mark(name, row["accuracy"], row["low"], row["high"], aloud, tone, notes, name, cohort.of_slice(name))


def _slope(picture: Mapping[str, Any] | None, ruler: str) -> Chart | None:
    if not picture or len(picture["distance"]) < 2:
        return None
    named = ruler.replace("_", " ")
    alt = f"How often the answer with more {named} is preferred, by how far the two lie apart in it."
    ends = zip(picture["nearest"], picture["farthest"], strict=True)
    wheres = [cohort.within(f"{cohort.DISTANCE}{ruler}", low, high) for low, high in ends]
    frame = Frame(f"Distance in {named}", "Share of the longer preferred", ".1%", wheres=wheres)
    return curves("By distance", picture["distance"], [Curve("preferred", picture["preferred"])], frame, alt)
