"""The reliability diagram: how often the model is right against how sure it is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from engine import cohort
from engine.figures import words
from engine.figures.chart import Cell, Chart, Table, figure
from engine.words import amount

SMALLEST, LARGEST = 5.0, 17.0
"""Diameter of a point in pixels: its area grows with the rows of the bin."""


def reliability(
    pictures: Mapping[str, Mapping[str, Any]], pairs: bool, level: float = 0.95, bins_asked: int = 0, scale: float = 1.0
) -> Chart:
    """The diagram of one result.

    `pictures` holds `reliability` and, where known, `corp`, `recalibrated` and `histogram` as the contract names them;
    `pairs` says whether the horizontal axis is the confidence in the preferred answer (½ to 1) or the score (0 to 1).
    With the number of bins that were asked for, each point knows its rows; raw scores are its places times `scale`.
    """
    bins = _bins(pictures["reliability"])
    data = [
        *_consistency(bins, level),
        _diagonal(pairs),
        *_confidence(bins, level),
        *_corp(pictures.get("corp"), pairs),
        *_recalibrated(pictures.get("recalibrated")),
        _points(bins, _wheres(bins, pairs, bins_asked, scale)),
        _strip(pictures.get("histogram"), bins, "confidence" if pairs else "value", 1.0 if pairs else scale),
    ]
    return Chart(
        title="Reliability",
        figure=figure(data, **_layout(bins, pairs)),
        alt=_alternative(bins, pairs),
        table=_table(bins),
    )


def _bins(picture: Mapping[str, Any]) -> list[dict[str, float]]:
    names = ("predicted", "observed", "count", "low", "high", "null_low", "null_high")
    columns = [words.finite(picture.get(name) or []) for name in names]
    length = len(columns[0])
    columns = [column if len(column) == length else [None] * length for column in columns]
    rows = (dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True))
    filled = [row for row in rows if row["count"] and row["predicted"] is not None and row["observed"] is not None]
    return sorted(filled, key=lambda row: row["predicted"] or 0.0)


def _consistency(bins: list[dict[str, float]], level: float) -> list[dict[str, Any]]:
    return _band(
        bins,
        "null_low",
        "null_high",
        f"{level:.0%} consistency band",
        "$reference/0.16",
        "consistency",
    )


def _confidence(bins: list[dict[str, float]], level: float) -> list[dict[str, Any]]:
    return _band(bins, "low", "high", f"{level:.0%} confidence band", "$first/0.16", "confidence")


def _band(bins: list[dict[str, float]], low: str, high: str, name: str, fill: str, key: str) -> list[dict[str, Any]]:
    inside = [row for row in bins if row[low] is not None and row[high] is not None]
    if not inside:
        return []
    across = [row["predicted"] for row in inside]
    shared = {"type": "scatter", "mode": "lines", "hoverinfo": "skip", "legendgroup": key, "line": {"width": 0}}
    return [
        {**shared, "x": across, "y": [row[low] for row in inside], "showlegend": False},
        {
            **shared,
            "x": across,
            "y": [row[high] for row in inside],
            "fill": "tonexty",
            "fillcolor": fill,
            "name": name,
            "meta": {"key": key, "rank": 3 if key == "confidence" else 4},
        },
    ]


def _diagonal(pairs: bool) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [0.5 if pairs else 0.0, 1.0],
        "y": [0.5 if pairs else 0.0, 1.0],
        "name": "Calibrated",
        "line": {"dash": "dot", "width": 1.5, "color": "$reference"},
        "hoverinfo": "skip",
        "meta": {"key": "diagonal", "rank": 2},
    }


def _corp(picture: Mapping[str, Any] | None, pairs: bool) -> list[dict[str, Any]]:
    points = _curve(picture or {}, 0.5 if pairs else 0.0)
    if not points:
        return []
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "x": [point[0] for point in points],
            "y": [point[1] for point in points],
            "name": "CORP, without bins",
            "line": {"color": "$third", "width": 2},
            "hovertemplate": "CORP<br>says %{x:.1%}, is right %{y:.1%}<extra></extra>",
            "visible": "legendonly",
            "meta": {"key": "corp", "toggle": True, "rank": 6},
        }
    ]


def _curve(picture: Mapping[str, Any], start: float) -> list[tuple[float, float]]:
    """The points of the curve from `start` on, begun by the point where it crosses `start`."""
    known = zip(words.finite(picture.get("x", [])), words.finite(picture.get("y", [])), strict=False)
    points = [(x, y) for x, y in known if x is not None and y is not None]
    before = [point for point in points if point[0] < start]
    after = [point for point in points if point[0] >= start]
    if before and after and after[0][0] > start:
        (left, low), (right, high) = before[-1], after[0]
        after.insert(0, (start, low + (high - low) * (start - left) / (right - left)))
    return after


def _recalibrated(picture: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    if not picture or not picture.get("predicted"):
        return []
    return [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "x": words.finite(picture["predicted"]),
            "y": words.finite(picture["observed"]),
            "name": "Recalibrated, held out",
            "line": {"color": "$second", "width": 1.75, "dash": "dash"},
            "marker": {"symbol": "diamond", "size": 7, "color": "$second"},
            "hovertemplate": "recalibrated<br>says %{x:.1%}, is right %{y:.1%}<extra></extra>",
            "connectgaps": True,
            "meta": {"key": "recalibrated", "toggle": True, "rank": 5},
        }
    ]


def _wheres(bins: list[dict[str, float]], pairs: bool, asked: int, scale: float) -> list[str]:
    """The rows of each bin, as `engine.cohort` writes them."""
    if not asked:
        return [""] * len(bins)
    places = [min(int(row["predicted"] * asked), asked - 1) for row in bins]
    column, unit = ("confidence", 1.0) if pairs else ("value", scale)
    return [
        cohort.of_bin(column, place / asked * unit, (place + 1) / asked * unit, last=place == asked - 1)
        for place in places
    ]


def _points(bins: list[dict[str, float]], wheres: list[str]) -> dict[str, Any]:
    most = max((row["count"] for row in bins), default=1.0)
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": [row["predicted"] for row in bins],
        "y": [row["observed"] for row in bins],
        "customdata": [
            [row["count"], _between(row, "low", "high"), _between(row, "null_low", "null_high"), where]
            for row, where in zip(bins, wheres, strict=True)
        ],
        "name": "Observed",
        "line": {"color": "$first", "width": 2.25},
        "marker": {
            "color": "$first",
            "size": [SMALLEST + (LARGEST - SMALLEST) * math.sqrt(row["count"] / most) for row in bins],
            "line": {"color": "$card", "width": 1.5},
            "opacity": 1,
        },
        "hovertemplate": (
            "says <b>%{x:.1%}</b>, is right <b>%{y:.1%}</b><br>%{customdata[0]:,.0f} rows<br>"
            "confidence band %{customdata[1]}<br>calibrated models %{customdata[2]}<extra></extra>"
        ),
        "meta": {
            "key": "observed",
            "rank": 1,
            "points": True,
            "read": [_aloud(row) for row in bins],
            **({"where": 3} if any(wheres) else {}),
        },
    }


def _aloud(row: dict[str, float]) -> str:
    return (
        f"Says {words.percent(row['predicted'])}, is right {words.percent(row['observed'])}, "
        f"confidence band {_between(row, 'low', 'high')}, calibrated models {_between(row, 'null_low', 'null_high')}, "
        f"{amount(row['count'], 'row')}"
    )


def _between(row: dict[str, float], low: str, high: str) -> str:
    if row[low] is None or row[high] is None:
        return "not known"
    return f"{words.number(100 * row[low], 1)} to {words.percent(row[high])}"


def _strip(
    histogram: Mapping[str, Any] | None, bins: list[dict[str, float]], column: str, unit: float
) -> dict[str, Any]:
    bar: dict[str, Any] = {
        "type": "bar",
        "yaxis": "y2",
        "name": "Rows",
        "marker": {"color": "$quiet", "line": {"width": 0}},
        "hovertemplate": "%{y:,.0f} rows at %{x:.1%}<extra></extra>",
        "showlegend": False,
        "meta": {"key": "rows"},
    }
    edges = words.finite((histogram or {}).get("edges", []))
    counts = words.finite((histogram or {}).get("count", []))
    if len(edges) != len(counts) + 1 or not counts:
        return {**bar, "x": [row["predicted"] for row in bins], "y": [row["count"] for row in bins]}
    sides = [(low or 0.0, high or 0.0) for low, high in pairwise(edges)]
    return {
        **bar,
        "x": [(low + high) / 2 for low, high in sides],
        "y": counts,
        "width": [0.86 * (high - low) for low, high in sides],
        "customdata": [
            [cohort.of_bin(column, low * unit, high * unit, last=high >= sides[-1][1])] for low, high in sides
        ],
        "meta": {**bar["meta"], "where": 0},
    }


def _layout(bins: list[dict[str, float]], pairs: bool) -> dict[str, Any]:
    start = 0.5 if pairs else 0.0
    lowest = min([start, *(row[name] for row in bins for name in ("observed", "low") if row[name] is not None)])
    floor = max(0.0, math.floor(lowest * 10) / 10)
    return {
        "height": 460,
        "showlegend": False,
        "xaxis": {
            "title": {"text": "Confidence in the preferred answer" if pairs else "Score as a probability"},
            "range": [start - 0.008, 1.008],
            "dtick": 0.1 if pairs else 0.2,
            "tickformat": ".0%",
            "anchor": "y2",
        },
        "yaxis": {
            "title": {"text": "How often it is right" if pairs else "How often it is true"},
            "range": [floor - 0.01, 1.02],
            "dtick": 0.1 if floor >= 0.3 else 0.2,
            "tickformat": ".0%",
            "domain": [0.2, 1],
        },
        "yaxis2": {
            "domain": [0, 0.14],
            "showticklabels": False,
            "showgrid": False,
            "rangemode": "tozero",
            "fixedrange": True,
        },
        "margin": {"l": 8, "r": 12, "t": 8, "b": 8},
    }


def _alternative(bins: list[dict[str, float]], pairs: bool) -> str:
    if not bins:
        return "Reliability diagram without any filled bin."
    gap = max(bins, key=lambda row: abs(row["predicted"] - row["observed"]) * math.sqrt(row["count"]))
    right = "it is right" if pairs else "it is true"
    direction = "below" if gap["observed"] < gap["predicted"] else "above"
    return (
        f"Reliability diagram of {amount(sum(row['count'] for row in bins), 'row')} in {amount(len(bins), 'bin')}. "
        f"Where the model says {words.percent(gap['predicted'], 0)}, "
        f"{right} {words.percent(gap['observed'], 0)} of the time, {direction} the diagonal of a calibrated model."
    )


def _table(bins: list[dict[str, float]]) -> Table:
    columns = [
        "Model says",
        "Is right",
        "Rows",
        "Confidence low",
        "Confidence high",
        "Calibrated low",
        "Calibrated high",
    ]
    names = ("predicted", "observed", "count", "low", "high", "null_low", "null_high")
    rows: list[list[Cell]] = [[row[name] for name in names] for row in bins]
    return Table(columns, rows)
