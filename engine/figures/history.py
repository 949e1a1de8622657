"""The calibration error of a dataset from version to version, small."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.figures import words
from engine.figures.chart import Cell, Chart, Table, figure
from engine.types import AnswerView
from engine.words import amount

NAME = "calibration_error"
TICKS = [
    {"dtickrange": [None, 60_000], "value": "%H:%M:%S"},
    {"dtickrange": [60_000, 86_400_000], "value": "%H:%M"},
    {"dtickrange": [86_400_000, None], "value": "%d %b"},
]
"""How times are written by the distance between two ticks, in milliseconds."""


def history(answers: Sequence[AnswerView], height: int = 120) -> Chart | None:
    """The line of the last versions, oldest first, with its interval; None below two versions."""
    kept = sorted(
        (answer for answer in answers if _value(answer.estimates, "value") is not None),
        key=lambda answer: answer.version,
    )
    if len(kept) < 2:
        return None
    layout = {
        "height": height,
        "margin": {"l": 4, "r": 8, "t": 4, "b": 4},
        "xaxis": {
            "showline": False,
            "nticks": 4,
            "ticklabelstandoff": 4,
            "tickfont": {"size": 11, "color": "$muted"},
            "tickformatstops": TICKS,
        },
        "yaxis": {"rangemode": "tozero", "nticks": 3, "tickformat": ".2f", "tickfont": {"size": 11, "color": "$muted"}},
    }
    return Chart("Calibration error over time", figure(_lines(kept), **layout), _alternative(kept), _table(kept))


def _lines(kept: list[AnswerView]) -> list[dict[str, Any]]:
    """The interval as a band, then the line itself."""
    times = [answer.at.isoformat() for answer in kept]
    middle = [_value(answer.estimates, "value") for answer in kept]
    low = [_value(answer.estimates, "low") for answer in kept]
    high = [_value(answer.estimates, "high") for answer in kept]
    hover = "%{x|%H:%M:%S}<br>calibration error %{y:.3f}<extra></extra>"
    edge = {
        "type": "scatter",
        "mode": "lines",
        "x": times,
        "line": {"width": 0},
        "hoverinfo": "skip",
        "showlegend": False,
    }
    return [
        {**edge, "y": low},
        {**edge, "y": high, "fill": "tonexty", "fillcolor": "$first/0.16"},
        {
            "type": "scatter",
            "mode": "lines",
            "x": times,
            "y": middle,
            "line": {"color": "$first", "width": 2},
            "hovertemplate": hover,
            "showlegend": False,
            "meta": {"key": "history", "points": True, "read": [_aloud(answer) for answer in kept]},
        },
    ]


def _aloud(answer: AnswerView) -> str:
    return f"Version {answer.version}: calibration error {words.number(_value(answer.estimates, 'value'))}"


def _value(estimates: Mapping[str, Any], part: str) -> float | None:
    found = estimates.get(NAME) or {}
    value = found.get(part) if isinstance(found, Mapping) else getattr(found, part, None)
    return None if value is None else float(value)


def _alternative(kept: list[AnswerView]) -> str:
    first, last = (_value(answer.estimates, "value") for answer in (kept[0], kept[-1]))
    return (
        f"Calibration error over {amount(len(kept), 'version')}: "
        f"from {words.number(first)} at {amount(kept[0].rows, 'row')} "
        f"to {words.number(last)} at {amount(kept[-1].rows, 'row')}."
    )


def _table(kept: list[AnswerView]) -> Table:
    rows: list[list[Cell]] = [
        [
            answer.version,
            answer.at.isoformat(timespec="seconds"),
            answer.rows,
            *(_value(answer.estimates, part) for part in ("value", "low", "high")),
        ]
        for answer in kept
    ]
    return Table(["Version", "Time", "Rows", "Calibration error", "Low", "High"], rows)
