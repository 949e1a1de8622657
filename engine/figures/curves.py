"""Lines with their intervals over a common axis: best-of-n, agreement by week."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from engine.figures import words
from engine.figures.chart import Cell, Chart, Table, figure

TONES = ("first", "second", "third", "fourth")
HEIGHT = 340
NAMED = 12
"""Places of a logarithmic axis up to which each is named."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One line: its name, and at each place of the axis a value with its interval (None where there is none)."""

    name: str
    values: Sequence[float | None]
    low: Sequence[float | None] = ()
    high: Sequence[float | None] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands beside the lines: titles of both axes, how numbers are written, whether the axis is logarithmic."""

    across: str
    up: str
    form: str = ".3f"
    logarithmic: bool = False
    wheres: Sequence[str] = ()
    """The rows behind each place, as `engine.cohort` writes them."""


def curves(title: str, places: Sequence[float | str], lines: Sequence[Curve], frame: Frame, alt: str) -> Chart | None:
    """Up to four lines over the same places; None where there are fewer than two places."""
    kept = [line for line in lines if any(value is not None for value in line.values)][: len(TONES)]
    if len(places) < 2 or not kept:
        return None
    data = [trace for number, line in enumerate(kept) for trace in _traces(line, list(places), frame, number)]
    layout = {
        "height": HEIGHT,
        "xaxis": {"title": {"text": words.titled(frame.across)}, **(_logarithmic(places) if frame.logarithmic else {})},
        "yaxis": {"title": {"text": words.titled(frame.up)}, "tickformat": "~g"},
        "margin": {"l": 8, "r": 12, "t": 8, "b": 8},
    }
    return Chart(title, figure(data, **layout), alt, _table(places, kept, frame))


def _logarithmic(places: Sequence[float | str]) -> dict[str, Any]:
    """A logarithmic axis that names the places themselves, while there are few."""
    named = {"tickmode": "array", "tickvals": list(places), "ticktext": [f"{place:,.0f}" for place in places]}
    return {"type": "log", **(named if len(places) <= NAMED else {})}


def _traces(line: Curve, places: list[float | str], frame: Frame, number: int) -> list[dict[str, Any]]:
    tone, values = TONES[number], words.finite(line.values)
    name = words.plain(line.name)
    drawn: dict[str, Any] = {
        "type": "scatter",
        "mode": "lines+markers",
        "x": places,
        "y": values,
        "name": name,
        "showlegend": False,
        "line": {"color": f"${tone}", "width": 2},
        "marker": {"size": 6, "color": f"${tone}"},
        "hovertemplate": f"{name}<br>%{{x}}: %{{y:{frame.form}}}<extra></extra>",
        "meta": {"key": name, "rank": number + 1, "points": number == 0, "read": _aloud(line.name, places, values)},
    }
    if frame.wheres:
        drawn["customdata"] = [[where] for where in frame.wheres]
        drawn["meta"]["where"] = 0
    return [*_band(line, places, tone), drawn]


def _aloud(name: str, places: list[float | str], values: list[float | None]) -> list[str]:
    return [f"{name} at {place}: {words.number(value)}" for place, value in zip(places, values, strict=True)]


def _band(line: Curve, places: list[float | str], tone: str) -> list[dict[str, Any]]:
    if not line.low or not line.high:
        return []
    edge = {
        "type": "scatter",
        "mode": "lines",
        "x": places,
        "line": {"width": 0},
        "hoverinfo": "skip",
        "showlegend": False,
    }
    return [
        {**edge, "y": words.finite(line.low)},
        {**edge, "y": words.finite(line.high), "fill": "tonexty", "fillcolor": f"${tone}/0.14"},
    ]


def _table(places: Sequence[float | str], lines: Sequence[Curve], frame: Frame) -> Table:
    columns = [frame.across]
    cells: list[list[float | None]] = []
    for line in lines:
        columns.append(line.name)
        cells.append(words.finite(line.values))
        if line.low and line.high:
            columns += [f"{line.name}, low", f"{line.name}, high"]
            cells += [words.finite(line.low), words.finite(line.high)]
    rows: list[list[Cell]] = [[place, *(column[at] for column in cells)] for at, place in enumerate(places)]
    return Table(columns, rows)
