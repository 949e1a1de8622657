"""Slices in which something is otherwise than elsewhere, as a forest: found on one half, confirmed on the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine import cohort
from engine.figures import words
from engine.figures.chart import Cell, Chart, Table
from engine.figures.forest import Across, Mark, forest
from engine.words import amount

MOST = 16
Entry = Mapping[str, Any]


def effects(
    entries: Sequence[Entry], across: Across, written: Callable[[float | None], str], columns: Mapping[str, str]
) -> Chart | None:
    """The forest of slices by falling effect; None where there are none.

    An entry has `column`, `value`, `prompts`, `effect`, `low`, `high`, `confirmed`, and `item` where it is about one.
    `written` writes an effect in words; `columns` names the table's columns by their entry.
    """
    if not entries:
        return None
    ranked = sorted(entries, key=lambda entry: -abs(entry["effect"]))
    confirmed = sum(bool(entry["confirmed"]) for entry in ranked)
    alt = (
        f"{amount(len(ranked), 'slice')} against the rest, {confirmed} confirmed on held-out prompts; the largest is "
        f"{words.plain(_label(ranked[0]))} with {written(ranked[0]['effect'])}."
    )
    told = [{**entry, "confirmed": "yes" if entry["confirmed"] else "no"} for entry in ranked]
    cells: list[list[Cell]] = [[entry.get(name) for name in columns] for entry in told]
    marks = [_mark(entry, written) for entry in ranked[:MOST]]
    return forest("Slices", "slices", marks, across, alt, Table(list(columns.values()), cells))


def _label(entry: Entry) -> str:
    slice_name = f"{entry['column']}={entry['value']}"
    return f"{entry['item']} in {slice_name}" if "item" in entry else slice_name


def _mark(entry: Entry, written: Callable[[float | None], str]) -> Mark:
    found = "confirmed on held-out prompts" if entry["confirmed"] else "not confirmed"
    said = f"[{written(entry['low'])}, {written(entry['high'])}]" if entry["low"] is not None else ""
    return Mark(
        _label(entry),
        entry["effect"],
        entry["low"],
        entry["high"],
        f"{_label(entry)}: {written(entry['effect'])} {said} against the rest, {found}",
        "$first" if entry["confirmed"] else "$reference",
        (f"{amount(entry['prompts'], 'prompt')}, {found}",),
        f"{entry['column']}={entry['value']}",
        cohort.every(cohort.one_of(f"slice.{entry['column']}", [entry["value"]]), _about(entry)),
    )


def _about(entry: Entry) -> str:
    return cohort.one_of("item", [entry["item"]]) if "item" in entry else ""
