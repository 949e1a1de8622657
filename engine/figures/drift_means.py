"""The mean of a feature over windows with its intervals, its course over steps, and where it changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from engine.figures import words
from engine.figures.along import along
from engine.figures.chart import Cell, Chart, Table, figure
from engine.words import amount

HEIGHT = 320
Place = float | str


def means(picture: Mapping[str, Any] | None) -> Chart | None:
    """The chart; None where there is none."""
    if not picture or len(picture["names"]) < 2:
        return None
    by, measure = str(picture["by"]), words.plain(str(picture["measure"]))
    middles = _middles(picture, by)
    layout = {
        "height": HEIGHT,
        "xaxis": _across(picture, by),
        "yaxis": {"title": {"text": measure}, "tickformat": "~g"},
        "margin": {"l": 8, "r": 12, "t": 8, "b": 8},
        "shapes": [shape for change in picture["changes"] for shape in _shapes(change, by)],
    }
    data = [*_course(picture, by, measure), _windows(picture, middles, measure)]
    known = [value for value in picture["mean"] if value is not None]
    alt = f"Mean of {measure} in {amount(len(picture['names']), 'window')}: from {words.number(known[0])} in the "
    alt += f"reference to {words.number(known[-1])}; {amount(len(picture['changes']), 'change')} found."
    return Chart("Mean", figure(data, **layout), alt, _table(picture))


def _middles(picture: Mapping[str, Any], by: str) -> list[Place]:
    if by == "dataset":
        return list(range(len(picture["names"])))
    return [_place((low + high) / 2, by) for low, high in zip(picture["low_at"], picture["high_at"], strict=True)]


def _across(picture: Mapping[str, Any], by: str) -> dict[str, Any]:
    if by == "dataset":
        names = [words.plain(name, 22) for name in picture["names"]]
        return {"tickmode": "array", "tickvals": list(range(len(names))), "ticktext": names}
    return {"title": {"text": "Step"}} if by == "step" else {"type": "date"}


def _place(at: float, by: str) -> Place:
    return at if by == "step" else datetime.fromtimestamp(at, UTC).replace(tzinfo=None).isoformat()


def _course(picture: Mapping[str, Any], by: str, measure: str) -> list[dict[str, Any]]:
    if not picture["at"]:
        return []
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "x": [_place(at, by) for at in picture["at"]],
            "y": words.finite(picture["value"]),
            "name": "by step" if by == "step" else "over time",
            "showlegend": False,
            "line": {"color": "$reference/0.6", "width": 1},
            "hovertemplate": f"%{{x}}<br>{measure} %{{y:.4~g}}<extra></extra>",
            "meta": {"key": "course", "rank": 2, **along(by)},
        }
    ]


def _windows(picture: Mapping[str, Any], middles: list[Place], measure: str) -> dict[str, Any]:
    values = words.finite(picture["mean"])
    lows, highs = words.finite(picture["low"]), words.finite(picture["high"])
    drawn = zip(values, lows, highs, strict=True)
    reaches = [
        (0.0, 0.0) if value is None or low is None or high is None else (value - low, high - value)
        for value, low, high in drawn
    ]
    names = [words.plain(name) for name in picture["names"]]
    tones = ["$second" if place == picture["chosen"] else "$first" for place in range(len(names))]
    trace: dict[str, Any] = {
        "type": "scatter",
        "mode": "markers",
        "x": middles,
        "y": values,
        "customdata": [[name, where] for name, where in zip(names, picture["wheres"], strict=True)],
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [up for _, up in reaches],
            "arrayminus": [down for down, _ in reaches],
            "color": "$muted",
            "thickness": 1.5,
            "width": 0,
        },
        "name": "mean of a window",
        "showlegend": False,
        "line": {"color": "$first"},
        "marker": {"size": 9, "color": tones, "line": {"color": "$card", "width": 1.5}},
        "hovertemplate": f"%{{customdata[0]}}<br>{measure} %{{y:.4~g}}<extra></extra>",
        "meta": {
            "key": "windows",
            "rank": 1,
            "points": True,
            "named": 0,
            "read": [f"{name}: {words.number(value)}" for name, value in zip(names, values, strict=True)],
        },
    }
    if any(picture["wheres"]):
        trace["meta"]["where"] = 1
    return trace


def _shapes(change: Mapping[str, Any], by: str) -> list[dict[str, Any]]:
    """Where the change may have come as a band, where it is most likely as a line."""
    tall = {"yref": "paper", "y0": 0, "y1": 1}
    low, at, high = (_place(change[name], by) for name in ("low", "at", "high"))
    return [
        {"type": "rect", **tall, "x0": low, "x1": high, "fillcolor": "$warn/0.16", "line": {"width": 0}},
        {"type": "line", **tall, "x0": at, "x1": at, "line": {"color": "$warn", "width": 1.5, "dash": "dot"}},
    ]


def _table(picture: Mapping[str, Any]) -> Table:
    rows: list[list[Cell]] = [
        [str(name), *words.finite(ends)]
        for name, *ends in zip(picture["names"], picture["mean"], picture["low"], picture["high"], strict=True)
    ]
    by = str(picture["by"])
    rows += [
        [f"change at {_place(change['at'], by)}", change["after"], change["before"], None]
        for change in picture["changes"]
    ]
    return Table(["Window", "Mean", "Low (of a change: before)", "High"], rows)
