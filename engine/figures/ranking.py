"""The pictures of a ranking: strengths as a forest, who beats whom as a matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine import cohort
from engine.figures import words
from engine.figures.chart import Cell, Chart, Table
from engine.figures.effects import effects
from engine.figures.forest import Across, Mark, forest
from engine.figures.matrix import Scale, matrix, of_two
from engine.types import Result
from engine.words import amount

MOST = 40
"""Models drawn; the table holds all of them."""

ELO = Across("Elo", None, ",.0f", " Elo")
ELSEWHERE = Across("← worse here than elsewhere, Elo   ·   better →", 0.0, "+,.0f", " Elo", longest=48)
SLICE_COLUMNS = {
    "column": "Column",
    "value": "Value",
    "item": "Model",
    "prompts": "Prompts",
    "effect": "Elo against the rest",
    "low": "Low",
    "high": "High",
    "q_value": "q",
    "confirmed": "Confirmed",
}


def ranking(result: Result) -> dict[str, Chart | None]:
    """The charts of a ranking by name."""
    return {
        "forest": _strengths(result.items),
        "wins": _wins(result.pictures.get("wins")),
        "controlled": _controlled(result.pictures.get("controlled")),
        "slices": effects(result.slices, ELSEWHERE, _elo, SLICE_COLUMNS),
    }


def _elo(value: float | None) -> str:
    return words.number(value, 0)


def _strengths(items: Sequence[Mapping[str, Any]]) -> Chart | None:
    known = [item for item in items if item["value"] is not None]
    if not known:
        return None
    first = known[0]
    more = f", the first {MOST} of them drawn" if len(known) > MOST else ""
    alt = (
        f"Strengths of {amount(len(known), 'model')} in Elo{more}; {words.plain(first['item'])} has the highest, "
        f"{words.count(first['value'])}."
    )
    return forest("Strengths", "strengths", [_mark(item) for item in known[:MOST]], ELO, alt, _table(items))


def _mark(item: Mapping[str, Any]) -> Mark:
    ranks = _ranks(item)
    tone = "$first" if item.get("possible_first") else "$reference"
    aloud = f"{item['item']}: {words.count(item['value'])} Elo {_interval(item)}, {ranks}"
    notes = (_interval(item), ranks, amount(round(item["n"]), "comparison"))
    where = cohort.one_of("item", [item["item"]])
    return Mark(item["item"], item["value"], item["low"], item["high"], aloud, tone, notes, where=where)


def _interval(item: Mapping[str, Any]) -> str:
    if item["low"] is None or item["high"] is None:
        return "no interval"
    return f"[{words.count(item['low'])}, {words.count(item['high'])}]"


def _ranks(item: Mapping[str, Any]) -> str:
    low, high = item.get("rank_low"), item.get("rank_high")
    if low is None:
        return "not ranked"
    return f"rank {low}" if low == high else f"rank {low} to {high}"


def _table(items: Sequence[Mapping[str, Any]]) -> Table:
    names = ("item", "value", "low", "high", "rank_low", "rank_high", "n", "wins", "ties", "losses")
    columns = ["Model", "Elo", "Low", "High", "Lowest rank", "Highest rank", "Comparisons", "Won", "Tied", "Lost"]
    rows: list[list[Cell]] = [[item.get(name) for name in names] for item in items]
    return Table(columns, rows)


def _wins(picture: Mapping[str, Any] | None) -> Chart | None:
    if not picture or len(picture["items"]) < 2:
        return None
    items = [str(item) for item in picture["items"]][:MOST]
    observed, count = ([row[:MOST] for row in picture[name][:MOST]] for name in ("observed", "count"))
    alt = f"Share of comparisons that each of {amount(len(items), 'model')} won against each other one, a tie as half."
    return matrix("Who beats whom", items, items, observed, Scale(0.0, 1.0), alt, count, of_two("item", items))


def _controlled(picture: Mapping[str, Any] | None) -> Chart | None:
    if not picture or not picture["item"]:
        return None
    rows = list(zip(picture["item"], picture["plain"], picture["controlled"], strict=True))
    marks = [_moved(*row) for row in rows[:MOST] if row[1] is not None and row[2] is not None]
    if not marks:
        return None
    alt = f"How far {amount(len(marks), 'model')} move when style is held equal."
    across = Across("← lower with style held equal   ·   higher →", 0.0, "+,.0f", " Elo")
    table = Table(["Model", "Elo", "Elo, style held equal"], [list(row) for row in rows])
    return forest("With style held equal", "controlled", marks, across, alt, table)


def _moved(item: str, plain: float, controlled: float) -> Mark:
    note = f"{words.count(plain)} → {words.count(controlled)} Elo"
    where = cohort.one_of("item", [item])
    return Mark(item, controlled - plain, None, None, f"{item}: {note}", "$first", (note,), where=where)
