"""A forest: one mark a line with its interval, the first on top."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from engine.figures import words
from engine.figures.chart import Chart, Table, figure

ROW_HEIGHT = 30


@dataclass(frozen=True, slots=True)
class Mark:
    """One line: its label, value and interval, a colour token, how it is read aloud, what choosing it means."""

    label: str
    value: float
    low: float | None
    high: float | None
    aloud: str
    tone: str = "$first"
    notes: tuple[str, ...] = ()
    """What is said of it below its value, when pointed at."""

    pick: str = ""
    where: str = ""
    """The rows behind it, as `engine.cohort` writes them."""

    short: str = ""
    """What stands beside it in place of a label that would be too long."""


@dataclass(frozen=True, slots=True)
class Across:
    """The axis of the values: its title, where a line stands for "no difference", how a value is written."""

    title: str
    reference: float | None = None
    form: str = "+.3f"
    beside: str = ""
    """What stands behind a value."""

    longest: int = 32
    """Characters of a label that are shown."""


def forest(title: str, key: str, marks: Sequence[Mark], across: Across, alt: str, table: Table) -> Chart:
    """The forest of these marks, the first on top; at least one."""
    shown = list(marks)[::-1]
    return Chart(title, figure([_trace(key, shown, across)], **_layout(shown, across)), alt, table)


def _trace(key: str, shown: list[Mark], across: Across) -> dict[str, Any]:
    values = [mark.value for mark in shown]
    meta: dict[str, Any] = {"key": key, "points": True, "upright": True, "read": [mark.aloud for mark in shown]}
    if any(mark.pick for mark in shown):
        meta["pick"] = 2
    if any(mark.where for mark in shown):
        meta |= {"where": 3, "named": 0}
    return {
        "type": "scatter",
        "mode": "markers",
        "x": values,
        "y": list(range(len(shown))),
        "customdata": [_told(mark) for mark in shown],
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [_end(mark.high, mark) - mark.value for mark in shown],
            "arrayminus": [mark.value - _end(mark.low, mark) for mark in shown],
            "color": "$axis",
            "thickness": 2,
            "width": 0,
        },
        "marker": {"size": 10, "color": [mark.tone for mark in shown], "line": {"color": "$card", "width": 1.5}},
        "hovertemplate": f"%{{customdata[0]}}<br>%{{x:{across.form}}}{across.beside}%{{customdata[1]}}<extra></extra>",
        "name": key.capitalize(),
        "showlegend": False,
        "meta": meta,
    }


def _told(mark: Mark) -> list[str]:
    """What is shown when the mark is pointed at, what choosing it means, and which rows are behind it."""
    notes = "".join(f"<br>{words.plain(note)}" for note in mark.notes)
    return [words.plain(mark.label), notes, mark.pick, mark.where]


def _end(end: float | None, mark: Mark) -> float:
    return mark.value if end is None else end


def _layout(shown: list[Mark], across: Across) -> dict[str, Any]:
    layout: dict[str, Any] = {
        "height": 76 + ROW_HEIGHT * len(shown),
        "xaxis": {
            "title": {"text": words.titled(across.title)},
            "range": _range(shown, across.reference),
            "tickformat": "~g",
            "showgrid": True,
            "nticks": 7,
        },
        "yaxis": {
            "tickmode": "array",
            "tickvals": list(range(len(shown))),
            "ticktext": [words.plain(mark.short or mark.label, across.longest) for mark in shown],
            "range": [-0.7, len(shown) - 0.3],
            "showgrid": False,
            "fixedrange": True,
        },
        "margin": {"l": 8, "r": 12, "t": 4, "b": 8},
    }
    if across.reference is not None:
        line = {"color": "$reference", "width": 1.25, "dash": "dot"}
        ends = {"x0": across.reference, "x1": across.reference, "y0": 0, "y1": 1}
        layout["shapes"] = [{"type": "line", "yref": "paper", **ends, "line": line}]
    return layout


def _range(shown: list[Mark], reference: float | None) -> list[float]:
    """All intervals with some air; where there is a reference it stands in the middle."""
    low = min(_end(mark.low, mark) for mark in shown)
    high = max(_end(mark.high, mark) for mark in shown)
    if reference is not None:
        reach = max(abs(low - reference), abs(high - reference)) * 1.1 or 0.1
        return [reference - reach, reference + reach]
    air = (high - low) * 0.06 or 0.5
    return [low - air, high + air]
