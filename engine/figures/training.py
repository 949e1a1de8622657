"""The pictures of training curves: each run as a line over its steps."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from engine.figures import words
from engine.figures.chart import Cell, Chart, Table, figure
from engine.types import Result
from engine.words import amount

TONES = ("first", "second", "third", "fourth")
HEIGHT = 380


def training(result: Result) -> dict[str, Chart | None]:
    """The charts of training curves by name."""
    return {"curves": _curves(result.pictures.get("curves"))}


def _curves(picture: Mapping[str, Any] | None) -> Chart | None:
    if not picture or not picture["lines"]:
        return None
    metric, by = words.plain(str(picture["metric"])), str(picture["by"])
    lines = picture["lines"]
    layout = {
        "height": HEIGHT,
        "xaxis": {"title": {"text": "Step" if by == "step" else "Time"}, **({} if by == "step" else {"type": "date"})},
        "yaxis": {"title": {"text": metric}, "tickformat": "~g"},
        "margin": {"l": 8, "r": 12, "t": 8, "b": 8},
    }
    data = [_trace(line, by, number) for number, line in enumerate(lines)]
    ends = "; ".join(
        f"{line['run']} from {words.number(line['value'][0])} to {words.number(line['value'][-1])}"
        for line in lines[:4]
    )
    alt = f"{picture['metric']} of {amount(len(lines), 'run')}: {ends}."
    return Chart("Training curves", figure(data, **layout), alt, _table(lines, by, str(picture["metric"])))


def _trace(line: Mapping[str, Any], by: str, number: int) -> dict[str, Any]:
    tone = TONES[number % len(TONES)]
    name = words.plain(str(line["run"]))
    places = _places(line["at"], by)
    return {
        "type": "scatter",
        "mode": "lines",
        "x": places,
        "y": words.finite(line["value"]),
        "name": name,
        "showlegend": False,
        "line": {"color": f"${tone}", "width": 1.6, "dash": "solid" if number < len(TONES) else "dot"},
        "hovertemplate": f"{name}<br>%{{x}}: %{{y:.4~g}}<extra></extra>",
        "meta": {
            "key": name,
            "rank": number + 1,
            "toggle": True,
            "points": number == 0,
            "read": [f"{name} at {at}: {words.number(value)}" for at, value in zip(places, line["value"], strict=True)],
        },
    }


def _places(at: list[float], by: str) -> list[float | str]:
    return list(at) if by == "step" else [datetime.fromtimestamp(one, UTC).isoformat() for one in at]


def _table(lines: list[Mapping[str, Any]], by: str, metric: str) -> Table:
    rows: list[list[Cell]] = [
        [str(line["run"]), at, value]
        for line in lines
        for at, value in zip(_places(line["at"], by), line["value"], strict=True)
    ]
    return Table(["Run", "Step" if by == "step" else "Time", metric], rows)
