"""Lines over steps or time with what happened on them: a baseline, a threshold, a change with its set, an alarm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from engine.figures import words
from engine.figures.along import along
from engine.figures.chart import Cell, Table, figure

TONES = ("first", "second", "third", "fourth")
HEIGHT = 300

Line = Mapping[str, Any]
"""`name`, `at` and `value`."""


def places(at: Sequence[float], by: str) -> list[float | str]:
    """Steps as they are, times as ISO 8601."""
    return list(at) if by == "step" else [datetime.fromtimestamp(one, UTC).isoformat() for one in at]


def place(at: float, by: str) -> str:
    """A step or a time in words."""
    return words.count(at) if by == "step" else f"{datetime.fromtimestamp(at, UTC):%d %b %Y %H:%M}"


def drawn(lines: Sequence[Line], by: str, up: str, shapes: Sequence[dict[str, Any]], **axis: Any) -> dict[str, Any]:
    """The lines with the shapes below and above them."""
    across = {"title": {"text": "Step" if by == "step" else "Time"}, **({} if by == "step" else {"type": "date"})}
    return figure(
        [_trace(line, by, number) for number, line in enumerate(lines)],
        height=HEIGHT,
        shapes=list(shapes),
        xaxis=across,
        yaxis={"title": {"text": words.titled(up)}, "tickformat": "~g", **axis},
        margin={"l": 8, "r": 12, "t": 8, "b": 8},
    )


def _trace(line: Line, by: str, number: int) -> dict[str, Any]:
    name = words.plain(str(line["name"]))
    at = places(line["at"], by)
    values = words.finite(line["value"])
    read = [f"{name} at {place(one, by)}: {words.number(value)}" for one, value in zip(line["at"], values, strict=True)]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": at,
        "y": values,
        "name": name,
        "showlegend": False,
        "line": {
            "color": f"${TONES[number % len(TONES)]}",
            "width": 1.6,
            "dash": "solid" if number < len(TONES) else "dot",
        },
        "hovertemplate": f"{name}<br>%{{x}}: %{{y:.4~g}}<extra></extra>",
        "meta": {
            "key": name,
            "rank": number + 1,
            "toggle": number > 0,
            "points": number == 0,
            "read": read,
            **along(by),
        },
    }


def marks(picture: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The set of the change as a band, its likeliest place and the alarm as lines; none where nothing rang."""
    if picture.get("alarm") is None:
        return []
    by = str(picture["by"])
    low, high, change, alarm = places([picture[name] for name in ("change_low", "change_high", "change", "alarm")], by)
    return [
        band(low, high, "$warn/0.16"),
        upright(change, {"color": "$warn", "width": 1.4, "dash": "dot"}),
        upright(alarm, {"color": "$bad", "width": 1.6}),
    ]


def band(low: float | str, high: float | str, tone: str) -> dict[str, Any]:
    """A stretch of the axis, over the whole height."""
    return {
        "type": "rect",
        "yref": "paper",
        "x0": low,
        "x1": high,
        "y0": 0,
        "y1": 1,
        "fillcolor": tone,
        "line": {"width": 0},
        "layer": "below",
    }


def upright(at: float | str, line: dict[str, Any]) -> dict[str, Any]:
    """A place of the axis, over the whole height."""
    return {"type": "line", "yref": "paper", "x0": at, "x1": at, "y0": 0, "y1": 1, "line": line}


def level(at: float, line: dict[str, Any]) -> dict[str, Any]:
    """A height, over the whole width."""
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": at, "y1": at, "line": line}


def told(picture: Mapping[str, Any]) -> str:
    """The change and the alarm in words; that there is none."""
    if picture.get("alarm") is None:
        return "no alarm"
    by = str(picture["by"])
    names = ("change", "change_low", "change_high", "alarm")
    change, low, high, alarm = (place(picture[name], by) for name in names)
    return f"changed at {change}, between {low} and {high}; alarm at {alarm}"


def table(lines: Sequence[Line], by: str) -> Table:
    """Every point of every line as a row."""
    rows: list[list[Cell]] = [
        [str(line["name"]), at, value]
        for line in lines
        for at, value in zip(places(line["at"], by), words.finite(line["value"]), strict=True)
    ]
    return Table(["Line", "Step" if by == "step" else "Time", "Value"], rows)
