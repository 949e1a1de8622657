"""Slices as a forest: how much each one deviates from the rest after the global recalibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine import cohort
from engine.figures import words
from engine.figures.chart import Cell, Chart, Table
from engine.figures.forest import Across, Mark, forest
from engine.words import amount

MOST = 16
"""Slices drawn; the table holds all of them."""

ACROSS = Across("← under-confident   ·   over-confident →", 0.0, "+.3f", " against the rest")


def slices(entries: Sequence[Mapping[str, Any]]) -> Chart | None:
    """The forest of the slices that have an effect, the largest deviation first; None where there is none.

    An entry has `column`, `value`, `prompts`, `rows`, `effect` (mean of recalibrated prediction less outcome, in the
    slice less in its complement, in probability: above 0 is over-confident), `low`, `high` and `confirmed`.
    """
    known = [entry for entry in entries if entry.get("effect") is not None]
    if not known:
        return None
    ranked = sorted(known, key=lambda entry: -abs(entry["effect"]))
    shown = ranked[:MOST]
    return forest("Slices", "slices", [_mark(entry) for entry in shown], ACROSS, _alternative(ranked), _table(ranked))


def finding(entry: Mapping[str, Any]) -> str:
    """What is known about a slice, in words."""
    if not entry.get("confirmed"):
        return "not confirmed"
    return "over-confident here" if entry["effect"] > 0 else "under-confident here"


def label(entry: Mapping[str, Any]) -> str:
    """`column=value`, as the filter writes it."""
    return f"{entry['column']}={entry['value']}"


def _prompts(entry: Mapping[str, Any]) -> str:
    return amount(entry.get("prompts") or 0, "prompt", approximate=bool(entry.get("prompts_approximate")))


def _mark(entry: Mapping[str, Any]) -> Mark:
    return Mark(
        label(entry),
        float(entry["effect"]),
        entry.get("low"),
        entry.get("high"),
        _aloud(entry),
        _tone(entry),
        (f"{_prompts(entry)}, {finding(entry)}",),
        label(entry),
        cohort.of_slice(label(entry)),
    )


def _aloud(entry: Mapping[str, Any]) -> str:
    interval = words.interval("", entry.get("low"), entry.get("high"))
    return f"{label(entry)}: {words.number(entry['effect'])} {interval} against the rest, {finding(entry)}"


def _tone(entry: Mapping[str, Any]) -> str:
    if not entry.get("confirmed"):
        return "$reference"
    return "$bad" if entry["effect"] > 0 else "$third"


def _alternative(ranked: list[Mapping[str, Any]]) -> str:
    first = ranked[0]
    confirmed = sum(bool(entry.get("confirmed")) for entry in ranked)
    return (
        f"{amount(len(ranked), 'slice')} against the rest of the data after recalibration, "
        f"{confirmed} confirmed on held-out prompts. "
        f"The largest deviation is {words.plain(label(first))} with {words.number(first['effect'])}."
    )


def _table(ranked: list[Mapping[str, Any]]) -> Table:
    columns = ["Slice", "Prompts", "Rows", "Effect", "Low", "High", "Verdict"]
    rows: list[list[Cell]] = [
        [
            label(entry),
            entry.get("prompts"),
            entry.get("rows"),
            entry["effect"],
            entry.get("low"),
            entry.get("high"),
            finding(entry),
        ]
        for entry in ranked
    ]
    return Table(columns, rows)
