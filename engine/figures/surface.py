"""The pictures of a surface that lie flat: its contours with the trials, the two cuts, the effect of each parameter."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from engine import cohort
from engine.figures import words
from engine.figures.chart import Cell, Chart, Table, figure
from engine.figures.theme import TIDE
from engine.types import Result
from engine.words import amount, significant

HEIGHT, LOW_HEIGHT = 440, 280


def surface(result: Result) -> dict[str, Chart | None]:
    """The charts of a surface by name."""
    pictures = result.pictures
    metric = str(pictures["surface"]["metric"]) if "surface" in pictures else ""
    effects = pictures.get("effects") or {}
    return {
        "contour": _contour(pictures.get("surface")),
        "cut_x": _cut(pictures.get("cut_x"), metric),
        "cut_y": _cut(pictures.get("cut_y"), metric),
        "effect_x": _effect(effects.get("x"), metric),
        "effect_y": _effect(effects.get("y"), metric),
    }


def _contour(picture: Mapping[str, Any] | None) -> Chart | None:
    if not picture:
        return None
    x, y = picture["axes"]
    points, metric = picture["points"], str(picture["metric"])
    heights = {
        "type": "contour",
        "x": picture["x"],
        "y": picture["y"],
        "z": [words.finite(row) for row in picture["value"]],
        "colorscale": TIDE,
        "contours": {"coloring": "heatmap"},
        "line": {"width": 1, "color": "$card/0.5"},
        "ncontours": 14,
        "connectgaps": False,
        "colorbar": {"thickness": 10, "outlinewidth": 0, "tickfont": {"size": 11, "color": "$muted"}},
        "hovertemplate": f"{_named(x)} %{{x:.3~g}}<br>{_named(y)} %{{y:.3~g}}<br>%{{z:.4~g}}<extra></extra>",
        "name": words.plain(metric),
        "showlegend": False,
        "meta": {"key": "surface"},
    }
    layout = {
        "height": HEIGHT,
        "xaxis": _axis(x),
        "yaxis": {**_axis(y), "showgrid": False},
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
    }
    data = [heights, _hull(picture["hull"]), _trials(points, x, y, metric), _best(picture["best"], metric)]
    return Chart("Surface", figure(data, **layout), _said(picture), _table(points, x, y, metric))


def _hull(hull: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": hull["x"],
        "y": hull["y"],
        "line": {"color": "$axis", "width": 1.25, "dash": "dot"},
        "hoverinfo": "skip",
        "name": "What was tried",
        "showlegend": False,
        "meta": {"key": "hull", "rank": 3},
    }


def _trials(points: Mapping[str, Any], x: Mapping[str, Any], y: Mapping[str, Any], metric: str) -> dict[str, Any]:
    aloud = [
        f"{run}: {x['name']} {significant(at)}, {y['name']} {significant(up)}, {metric} {significant(value)}"
        for run, at, up, value in zip(points["run"], points["x"], points["y"], points["value"], strict=True)
    ]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": points["x"],
        "y": points["y"],
        "marker": {"size": 7, "color": "$ink", "line": {"color": "$card", "width": 1.5}},
        "customdata": [
            [words.plain(str(run)), value, cohort.one_of("run", [str(run)])]
            for run, value in zip(points["run"], points["value"], strict=True)
        ],
        "hovertemplate": f"%{{customdata[0]}}<br>{_named(x)} %{{x:.3~g}}<br>{_named(y)} %{{y:.3~g}}"
        "<br>%{customdata[1]:.4~g}<extra></extra>",
        "name": "Trials",
        "showlegend": False,
        "meta": {"key": "trials", "rank": 1, "points": True, "read": aloud, "where": 2, "named": 0},
    }


def _best(best: Mapping[str, Any], metric: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [best["x"]],
        "y": [best["y"]],
        "marker": {"size": 13, "color": "$second", "symbol": "diamond", "line": {"color": "$card", "width": 1.5}},
        "hovertemplate": f"Best of the surface<br>%{{x:.3~g}}, %{{y:.3~g}}<br>{words.plain(metric)} "
        f"{significant(best['value'])}<extra></extra>",
        "name": "Best of the surface",
        "showlegend": False,
        "meta": {"key": "best", "rank": 2},
    }


def _said(picture: Mapping[str, Any]) -> str:
    x, y = picture["axes"]
    best = picture["best"]
    where = f"{x['name']} {significant(best['x'])} and {y['name']} {significant(best['y'])}"
    known = [value for row in picture["value"] for value in row if value is not None]
    ends = f"from {significant(min(known))} to {significant(max(known))}" if known else "nowhere known"
    trials = amount(len(picture["points"]["run"]), "point")
    return f"{picture['metric']} over {x['name']} and {y['name']}, {ends}; best near {where}; {trials}."


def _table(points: Mapping[str, Any], x: Mapping[str, Any], y: Mapping[str, Any], metric: str) -> Table:
    rows: list[list[Cell]] = [
        [str(run), significant(at), significant(up), value]
        for run, at, up, value in zip(points["run"], points["x"], points["y"], points["value"], strict=True)
    ]
    return Table(["Run", str(x["name"]), str(y["name"]), metric], rows)


# ------------------------------------------------------------------ lines


def _cut(picture: Mapping[str, Any] | None, metric: str) -> Chart | None:
    if not picture or all(value is None for value in picture["value"]):
        return None
    fixed = f"{picture['other']} {significant(picture['fixed'])}"
    data = _line(picture, metric)
    points = picture["points"]
    if points["at"]:
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": points["at"],
                "y": points["value"],
                "marker": {"size": 7, "color": "$ink", "line": {"color": "$card", "width": 1.5}},
                "customdata": [[words.plain(str(run))] for run in points["run"]],
                "hovertemplate": "%{customdata[0]}<br>%{x:.3~g}: %{y:.4~g}<extra></extra>",
                "name": "Trials near it",
                "showlegend": False,
                "meta": {"key": "near", "rank": 2},
            }
        )
    return _lined(f"At {fixed}", picture, metric, data)


def _effect(picture: Mapping[str, Any] | None, metric: str) -> Chart | None:
    if not picture or len(picture["at"]) < 2:
        return None
    return _lined(f"{picture['axis']} alone", picture, metric, _line(picture, metric))


def _lined(title: str, picture: Mapping[str, Any], metric: str, data: list[dict[str, Any]]) -> Chart:
    layout = {
        "height": LOW_HEIGHT,
        "xaxis": _axis({**picture, "name": picture["axis"], "low": picture["at"][0], "high": picture["at"][-1]}),
        "yaxis": {"title": {"text": words.plain(metric)}, "tickformat": "~g"},
        "margin": {"l": 8, "r": 12, "t": 8, "b": 8},
    }
    known = [(at, value) for at, value in zip(picture["at"], picture["value"], strict=True) if value is not None]
    ends = ", ".join(f"{significant(value)} at {significant(at)}" for at, value in (known[0], known[-1]))
    rows: list[list[Cell]] = [
        [significant(at), *(None if column is None else column[place] for column in _columns(picture))]
        for place, at in enumerate(picture["at"])
        if picture["value"][place] is not None
    ]
    table = Table([str(picture["axis"]), metric, "low", "high"], rows)
    return Chart(title, figure(data, **layout), f"{metric} along {picture['axis']}, {title}: {ends}.", table)


def _columns(picture: Mapping[str, Any]) -> Sequence[Sequence[float | None] | None]:
    return picture["value"], picture["low"], picture["high"]


def _line(picture: Mapping[str, Any], metric: str) -> list[dict[str, Any]]:
    at, name = picture["at"], words.plain(metric)
    value = words.finite(picture["value"])
    edge = {"type": "scatter", "mode": "lines", "x": at, "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
    band = []
    if picture["low"] and picture["high"]:
        upper = {**edge, "y": words.finite(picture["high"]), "fill": "tonexty", "fillcolor": "$first/0.16"}
        band = [{**edge, "y": words.finite(picture["low"])}, upper]
    aloud = [f"{name} at {significant(place)}: {significant(one)}" for place, one in zip(at, value, strict=True)]
    drawn = {
        "type": "scatter",
        "mode": "lines",
        "x": at,
        "y": value,
        "line": {"color": "$first", "width": 2},
        "hovertemplate": "%{x:.3~g}: %{y:.4~g}<extra></extra>",
        "name": "Surface",
        "showlegend": False,
        "meta": {"key": "line", "rank": 1, "points": True, "read": aloud},
    }
    return [*band, drawn]


def _axis(axis: Mapping[str, Any]) -> dict[str, Any]:
    titled: dict[str, Any] = {"title": {"text": _named(axis)}, "zeroline": False}
    if not axis["log"]:
        return {**titled, "tickformat": "~g"}
    named = _ticks(axis["low"], axis["high"])
    told = {"tickmode": "array", "tickvals": named, "ticktext": [significant(one) for one in named]}
    return {**titled, "type": "log", **(told if named else {})}


def _ticks(low: float, high: float) -> list[float]:
    """Ones, twos and fives between two values, fewer of them over many decades."""
    decades = math.log10(high / low)
    kept = (1, 2, 5) if decades < 2.2 else (1, 3) if decades < 4 else (1,)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found = [float(f"{factor}e{power}") for power in powers for factor in kept]
    return [one for one in found if low / 1.05 <= one <= high * 1.05]


def _named(axis: Mapping[str, Any]) -> str:
    return words.plain(str(axis["name"]))
