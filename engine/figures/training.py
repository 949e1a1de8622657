"""The pictures of training curves: each run as a line along its steps, many runs as bands, several metrics below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from engine.figures import packed, words
from engine.figures.along import along
from engine.figures.chart import Cell, Chart, Table, figure
from engine.types import Result
from engine.words import amount

TONES = ("first", "second", "third", "fourth")
DASHES = ("solid", "dash", "dot")
HEIGHT = 380
SMALL = 260
"""Height of the pictures of further metrics."""

MOST_TABLED = 2_000
"""Rows of the table beside a picture, over all of its lines."""

MOST_NAMED_EVENTS = 4
HOUR = 3_600.0

_TITLES = {"step": "Step", "time": "Time", "seconds": "Hours since the run began", "steps": "Steps since the run began"}
_UNITS: Mapping[str, float | str] = {"step": 1, "time": "date", "seconds": HOUR, "steps": 1}
"""By axis what a place on it is multiplied by to be one of the data."""


def training(result: Result) -> dict[str, Chart | None]:
    """The charts of training curves by name: the first metric, then further ones."""
    return {name: _curves(one, small=name != "curves") for name, one in result.pictures.items()}


def _curves(picture: Mapping[str, Any] | None, *, small: bool = False) -> Chart | None:
    if not picture or not (picture["lines"] or picture["bands"]):
        return None
    axis, metric = str(picture["axis"]), words.plain(str(picture["metric"]))
    lines, bands = picture["lines"], picture["bands"]
    data: list[dict[str, Any]] = []
    for number, band in enumerate(bands):
        data += _band(band, axis, number + len(lines) if band["group"] else -1)
    for number, line in enumerate(lines):
        data += _line(line, axis, number, bool(picture["smooth"]))
    layout = {
        "height": SMALL if small else HEIGHT,
        "xaxis": {"title": {"text": _TITLES[axis]}, **({"type": "date"} if axis == "time" else {})},
        "yaxis": {"title": {"text": metric}, "tickformat": "~g", **({"type": "log"} if picture["log"] else {})},
        "margin": {"l": 8, "r": 12, "t": 8, "b": 8},
        "shapes": [_mark(event) for event in picture["events"]],
        "annotations": _named(picture["events"]),
        "meta": {"zoom": _UNITS[axis]} if picture["thinned"] else {},
    }
    title = "Training curves" if not small else metric
    return Chart(title, figure(data, **layout), _alternative(picture), _table(picture, axis))


def _line(line: Mapping[str, Any], axis: str, number: int, smoothed: bool) -> list[dict[str, Any]]:
    """A run; where it is smoothed, what the trainer wrote stays faintly behind it."""
    tone, name = TONES[number % len(TONES)], words.plain(str(line["run"]))
    dash = DASHES[number // len(TONES) % len(DASHES)]
    told = {
        "type": "scatter",
        "mode": "lines" if len(line["at"]) > 1 else "markers",
        "name": name,
        "showlegend": False,
    }
    raw = {**packed.places(_places(line["at"], axis)), "y": packed.values(line["value"])}
    own = along(axis, str(line["run"]))
    meta = {"key": name, "rank": number + 1, "toggle": True, "points": number == 0, **own}
    hover = {"hovertemplate": f"{name}<br>%{{x}}: %{{y:.4~g}}<extra></extra>"}
    if not smoothed:
        return [{**told, **raw, **hover, "line": {"color": f"${tone}", "width": 1.6, "dash": dash}, "meta": meta}]
    faint = {**told, **raw, "line": {"color": f"${tone}/0.28", "width": 1}, "hoverinfo": "skip", "meta": {"key": name}}
    smooth = {
        **told,
        **hover,
        **packed.places(_places(line["smooth_at"], axis)),
        "y": packed.values(line["smooth"]),
        "line": {"color": f"${tone}", "width": 2, "dash": dash},
        "meta": meta,
    }
    return [faint, smooth]


def _band(band: Mapping[str, Any], axis: str, number: int) -> list[dict[str, Any]]:
    """Runs as one: their band, and the line in its middle; those that no group names are grey and have no line."""
    tone = TONES[number % len(TONES)] if number >= 0 else "reference"
    name = words.plain(str(band["group"])) if band["group"] else f"{band['runs']} other runs"
    said = f"{name}: {amount(band['runs'], 'run')}, {band['said']}"
    places = packed.places(_places(band["at"], axis))
    edge = {
        "type": "scatter",
        "mode": "lines",
        **places,
        "line": {"width": 0},
        "hoverinfo": "skip",
        "showlegend": False,
    }
    own = {"key": name}
    held = along(axis)
    low = {**edge, "y": packed.values(band["low"]), "meta": own}
    high = {**edge, "y": packed.values(band["high"]), "fill": "tonexty", "fillcolor": f"${tone}/0.16", "meta": own}
    if number < 0:
        return [low, {**high, "name": said, "meta": {**own, "rank": 99, "toggle": True}}]
    middle = {
        **edge,
        "y": packed.values(band["middle"]),
        "name": said,
        "line": {"color": f"${tone}", "width": 2, "dash": DASHES[number // len(TONES) % len(DASHES)]},
        "hovertemplate": f"{name}<br>%{{x}}: %{{y:.4~g}}<extra></extra>",
        "meta": {**own, "rank": number + 1, "toggle": True, "points": number == 0, **held},
    }
    del middle["hoverinfo"]
    return [low, high, middle]


def _places(at: Sequence[float], axis: str) -> Any:
    """Places along the axis as Plotly has them: dates in milliseconds since 1970, hours instead of seconds."""
    found = np.asarray(at, float)
    return np.round(found * 1_000) if axis == "time" else found / HOUR if axis == "seconds" else found


def _mark(event: Mapping[str, Any]) -> dict[str, Any]:
    """A line across the picture where a run began again."""
    line = {"color": "$reference", "width": 1, "dash": "dot"}
    return {"type": "line", "x0": event["at"], "x1": event["at"], "y0": 0, "y1": 1, "yref": "paper", "line": line}


def _named(events: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The first few of them by name."""
    font = {"size": 11, "color": "$muted"}
    named = {"y": 1, "yref": "paper", "yanchor": "top", "xanchor": "left", "showarrow": False, "font": font}
    return [{**named, "x": event["at"], "text": " restart"} for event in events[:MOST_NAMED_EVENTS]]


def _alternative(picture: Mapping[str, Any]) -> str:
    lines, bands = picture["lines"], picture["bands"]
    ends = [
        f"{line['run']} from {words.number(line['value'][0])} to {words.number(line['value'][-1])}"
        for line in lines[:4]
    ]
    ends += [f"{band['group'] or 'others'}, {amount(band['runs'], 'run')} together" for band in bands[:4]]
    drawn = len(lines) + sum(band["runs"] for band in bands)
    told = f"{picture['metric']} of {amount(drawn, 'run')}: {'; '.join(ends)}."
    if picture["events"]:
        told += f" Runs began again at {amount(len(picture['events']), 'step')}."
    if picture["thinned"]:
        told += f" Of {picture['points']:,} points those are drawn that show every extreme; zoom in to see them all."
    return told


def _table(picture: Mapping[str, Any], axis: str) -> Table:
    """The marks as rows; of more than the table holds, every so many of each line."""
    metric = str(picture["metric"])
    total = sum(len(line["at"]) for line in picture["lines"]) + sum(len(band["at"]) for band in picture["bands"])
    every = -(-total // MOST_TABLED)
    rows: list[list[Cell]] = [
        [str(line["run"]), _said(at, axis), value, None, None]
        for line in picture["lines"]
        for at, value in list(zip(line["at"], line["value"], strict=True))[::every]
    ]
    rows += [
        [str(band["group"] or "others"), _said(at, axis), middle, low, high]
        for band in picture["bands"]
        for at, middle, low, high in list(zip(band["at"], band["middle"], band["low"], band["high"], strict=True))[
            ::every
        ]
    ]
    columns = ["Run", _TITLES[axis], metric, "Low", "High"]
    if not picture["bands"]:
        return Table(columns[:3], [row[:3] for row in rows])
    return Table(columns, rows)


def _said(at: float, axis: str) -> Cell:
    if axis == "time":
        return datetime.fromtimestamp(at, UTC).isoformat()
    return at / HOUR if axis == "seconds" else at
