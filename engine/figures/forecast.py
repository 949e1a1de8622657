"""The pictures of a forecast: the line with its bands ahead, when a threshold is passed, and what back-tests said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from engine.figures import words
from engine.figures.along import along
from engine.figures.chart import Cell, Chart, Table, figure
from engine.types import Result

HEIGHT = 400
_WIDEST = ("level", "80", "50")
_SHADES = {"level": "0.14", "80": "0.16", "50": "0.22"}
"""The bands lie on one another, so the shades add up."""


def forecast(result: Result) -> dict[str, Chart | None]:
    """The charts of a forecast by name."""
    told = result.pictures.get("forecast")
    return {
        "forecast": _forecast(told, result.pictures.get("threshold"), result.sentence),
        "threshold": _threshold(result.pictures.get("threshold"), told),
        "backtest": _backtest(result.pictures.get("backtest"), told),
    }


def _forecast(told: Mapping[str, Any] | None, threshold: Mapping[str, Any] | None, sentence: str) -> Chart | None:
    if not told:
        return None
    by, bands = str(told["by"]), told.get("bands")
    data = [_points(told), *_means(told)]
    rows: list[list[Cell]] = []
    if bands:
        data += [trace for name in _WIDEST for trace in _band(bands, name, by, float(told["level"]))]
        data.append(_median(bands, by))
        names = ("median", *(f"{end}_{name}" for name in reversed(_WIDEST) for end in ("low", "high")))
        columns = zip(*(words.finite(bands[name]) for name in names), strict=True)
        rows = [[at, *values] for at, values in zip(_places(bands["at"], by), columns, strict=True)]
    if threshold:
        data.append(_line_across(float(threshold["threshold"]), data))
    widest = f"{100 * told['level']:g} %"
    heads = ["Median", "50 %, low", "50 %, high", "80 %, low", "80 %, high", f"{widest}, low", f"{widest}, high"]
    return Chart("Forecast", figure(data, **_layout(told)), sentence, Table([_across(by), *heads], rows))


def _layout(told: Mapping[str, Any], up: str = "") -> dict[str, Any]:
    by = str(told["by"])
    return {
        "height": HEIGHT,
        "xaxis": {"title": {"text": _across(by)}, **({} if by == "step" else {"type": "date"})},
        "yaxis": {"title": {"text": up or words.plain(str(told["metric"]))}, "tickformat": "~g"},
        "margin": {"l": 8, "r": 12, "t": 8, "b": 8},
    }


def _across(by: str) -> str:
    return "Step" if by == "step" else "Time"


def _points(told: Mapping[str, Any]) -> dict[str, Any]:
    """Every point, or the extremes of each stretch where there are many."""
    return {
        "type": "scatter",
        "mode": "lines",
        "x": _places(told["points"]["at"], str(told["by"])),
        "y": words.finite(told["points"]["value"]),
        "name": "points",
        "showlegend": False,
        "line": {"color": "$reference/0.45", "width": 1},
        "hovertemplate": "%{x}: %{y:.4~g}<extra></extra>",
        "meta": {"key": "points", "rank": 1, **along(str(told["by"]))},
    }


def _means(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    if "means" not in told or len(told["means"]["at"]) >= told["points"]["of"]:
        return []
    places, values = _places(told["means"]["at"], str(told["by"])), words.finite(told["means"]["value"])
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "x": places,
            "y": values,
            "name": "mean",
            "showlegend": False,
            "line": {"color": "$ink", "width": 1.6},
            "hovertemplate": "mean near %{x}: %{y:.4~g}<extra></extra>",
            "meta": {"key": "mean", "rank": 2},
        }
    ]


def _band(bands: Mapping[str, Any], name: str, by: str, level: float) -> list[dict[str, Any]]:
    edge = {
        "type": "scatter",
        "mode": "lines",
        "x": _places(bands["at"], by),
        "line": {"width": 0},
        "hoverinfo": "skip",
        "showlegend": False,
    }
    width = f"{100 * level:g} %" if name == "level" else f"{name} %"
    filled = {"fill": "tonexty", "fillcolor": f"$first/{_SHADES[name]}"}
    shown = {"name": width, "meta": {"key": width, "rank": 4 + _WIDEST.index(name)}}
    return [
        {**edge, "y": words.finite(bands[f"low_{name}"])},
        {**edge, "y": words.finite(bands[f"high_{name}"]), **filled, **shown},
    ]


def _median(bands: Mapping[str, Any], by: str) -> dict[str, Any]:
    places, values = _places(bands["at"], by), words.finite(bands["median"])
    widest = zip(places, values, words.finite(bands["low_level"]), words.finite(bands["high_level"]), strict=True)
    return {
        "type": "scatter",
        "mode": "lines" if len(places) > 1 else "markers",
        "x": places,
        "y": values,
        "name": "forecast",
        "showlegend": False,
        "line": {"color": "$first", "width": 2},
        "marker": {"color": "$first", "size": 7},
        "hovertemplate": "forecast at %{x}: %{y:.4~g}<extra></extra>",
        "meta": {
            "key": "forecast",
            "rank": 3,
            "points": True,
            "read": [
                f"forecast at {at}: {words.number(value)}, from {words.number(low)} to {words.number(high)}"
                for at, value, low, high in widest
            ],
        },
    }


def _line_across(value: float, data: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    places = [trace["x"][end] for trace in data for end in (0, -1) if trace["x"]]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [min(places), max(places)],
        "y": [value, value],
        "name": "threshold",
        "showlegend": False,
        "line": {"color": "$warn", "width": 1.6, "dash": "dot"},
        "hovertemplate": f"threshold {value:g}<extra></extra>",
        "meta": {"key": "threshold", "rank": 7},
    }


def _threshold(picture: Mapping[str, Any] | None, told: Mapping[str, Any] | None) -> Chart | None:
    if not picture or not told or len(picture["at"]) < 2:
        return None
    by = str(told["by"])
    places, chances = _places(picture["at"], by), words.finite(picture["chance"])
    aloud = [f"by {at}: {words.percent(chance)}" for at, chance in zip(places, chances, strict=True)]
    trace = {
        "type": "scatter",
        "mode": "lines",
        "x": places,
        "y": chances,
        "showlegend": False,
        "line": {"color": "$warn", "width": 2, "shape": "hv"},
        "hovertemplate": "by %{x}: %{y:.0%}<extra></extra>",
        "meta": {"key": "chance", "points": True, "read": aloud},
    }
    layout = _layout(told, "Chance to have passed")
    layout |= {"height": 260, "yaxis": {**layout["yaxis"], "range": [0, 1], "tickformat": ".0%"}}
    alt = f"Chance that the level has passed {picture['threshold']:g}: {words.percent(chances[-1])} at the end."
    rows: list[list[Cell]] = [[at, chance] for at, chance in zip(places, chances, strict=True)]
    return Chart("Threshold", figure([trace], **layout), alt, Table([_across(by), "Chance"], rows))


def _backtest(picture: Mapping[str, Any] | None, told: Mapping[str, Any] | None) -> Chart | None:
    """What was forecast of the line from its own past, on what came."""
    if not picture or not told or not picture["origins"]:
        return None
    by = str(told["by"])
    data, rows = [_points(told), *_means(told)], []
    for number, one in enumerate(picture["origins"]):
        places = _places(one["at"], by)
        edge = {"type": "scatter", "mode": "lines", "x": places, "line": {"width": 0}, "hoverinfo": "skip"}
        band = {"key": "band", **({"rank": 4} if number == 0 else {})}
        data.append({**edge, "y": words.finite(one["low"]), "showlegend": False})
        filled = {"fill": "tonexty", "fillcolor": "$first/0.2", "showlegend": False}
        named = {"name": f"{100 * told['level']:g} % band"} if number == 0 else {}
        data.append({**edge, "y": words.finite(one["high"]), **filled, **named, "meta": band})
        data.append(_said(places, one, number))
        columns = zip(places, *(words.finite(one[name]) for name in ("value", "low", "high")), strict=True)
        rows += [[number + 1, *values] for values in columns]
    alt = f"{len(picture['origins'])} forecasts of the line from its own past, by the {picture['model']}."
    return Chart(
        "Back-test", figure(data, **_layout(told)), alt, Table(["Origin", _across(by), "Median", "Low", "High"], rows)
    )


def _said(places: list[float | str], one: Mapping[str, Any], number: int) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines" if len(places) > 1 else "markers",
        "x": places,
        "y": words.finite(one["value"]),
        "showlegend": False,
        "line": {"color": "$first", "width": 2},
        "marker": {"color": "$first", "size": 7},
        "hovertemplate": "forecast then, %{x}: %{y:.4~g}<extra></extra>",
        **({"name": "forecast then"} if number == 0 else {}),
        "meta": {"key": f"origin {number + 1}", **({"rank": 3, "points": True} if number == 0 else {})},
    }


def _places(at: Sequence[float], by: str) -> list[float | str]:
    """Steps as they are, times as ISO 8601; what no calendar has stays a number."""
    if by == "step":
        return list(at)
    return [_moment(one) for one in at]


def _moment(at: float) -> str:
    try:
        return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return f"{at:.0f}"
