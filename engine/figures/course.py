"""Numbers over time: how something went over the last hour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.figures.chart import Cell, Chart, Table, figure
from engine.figures.history import TICKS
from engine.figures.words import finite, plain

COLOURS = ("$first", "$second", "$third", "$fourth")
HEIGHT = 220
FEW = 4
"""Up to here things that are counted are shown on an axis of whole numbers."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its name, and a value a moment (None where there was none)."""

    name: str
    values: Sequence[float | None]


def course(title: str, times: Sequence[datetime], lines: Sequence[Line], unit: str = "") -> Chart | None:
    """Up to four lines over the same moments, oldest first; None below two moments, or where nothing was measured.

    `unit` stands behind each number: " ms", " %".
    """
    kept = [line for line in lines if any(value is not None for value in line.values)][: len(COLOURS)]
    if len(times) < 2 or not kept:
        return None
    moments = [moment.isoformat(timespec="seconds") for moment in times]
    font = {"size": 11, "color": "$muted"}
    axis: dict[str, object] = {"nticks": 4, "tickfont": font}
    highest = max(value for line in kept for value in line.values if value is not None)
    if not unit and highest <= FEW:
        axis |= {"dtick": 1, "range": [0, max(highest, 1) * 1.05]}
    layout = {
        "height": HEIGHT,
        "margin": {"l": 4, "r": 8, "t": 4, "b": 4},
        "xaxis": {"nticks": 4, "tickfont": font, "tickformatstops": TICKS},
        "yaxis": {**axis, "rangemode": "tozero", "ticksuffix": unit},
    }
    data = [_trace(line, moments, unit, place) for place, line in enumerate(kept)]
    return Chart(title, figure(data, **layout), _alternative(title, kept, unit), _table(moments, kept))


def _trace(line: Line, moments: list[str], unit: str, place: int) -> dict[str, object]:
    values, name = finite(line.values), plain(line.name)
    aloud = [f"{name} {_shown(value, unit)}" for value in values]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": moments,
        "y": values,
        "name": name,
        "showlegend": False,
        "line": {"color": COLOURS[place], "width": 2},
        "hovertemplate": f"{name} %{{y:,.4~g}}{unit}<br>%{{x|%H:%M:%S}}<extra></extra>",
        "meta": {"key": name, "rank": place + 1, "points": place == 0, "read": aloud},
    }


def _shown(value: float | None, unit: str) -> str:
    return "–" if value is None else f"{value:,.4g}{unit}"


def _alternative(title: str, lines: Sequence[Line], unit: str) -> str:
    ends = (f"{line.name} {_shown(finite(line.values)[-1], unit)} at the end" for line in lines)
    return f"{title} over the last hour: {', '.join(ends)}."


def _table(moments: list[str], lines: Sequence[Line]) -> Table:
    columns = [finite(line.values) for line in lines]
    rows: list[list[Cell]] = [
        [moment, *(column[place] for column in columns)] for place, moment in reversed(list(enumerate(moments)))
    ]
    return Table(["Time", *(line.name for line in lines)], rows)
