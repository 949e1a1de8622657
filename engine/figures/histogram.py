"""How sure the model is, over all rows."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from engine import cohort
from engine.figures import words
from engine.figures.chart import Cell, Chart, Table, figure
from engine.words import amount


def histogram(picture: Mapping[str, Any] | None, pairs: bool, height: int = 200, scale: float = 1.0) -> Chart | None:
    """The counts of `picture` (`edges`, one more than `count`); None where there are none.

    Raw scores are its edges times `scale`.
    """
    edges = words.finite((picture or {}).get("edges", []))
    counts = words.finite((picture or {}).get("count", []))
    if not counts or len(edges) != len(counts) + 1:
        return None
    sides = [(low or 0.0, high or 0.0) for low, high in pairwise(edges)]
    column, unit = ("confidence", 1.0) if pairs else ("value", scale)
    last = sides[-1][1]
    wheres = [cohort.of_bin(column, low * unit, high * unit, last=high >= last) for low, high in sides]
    bar = {
        "type": "bar",
        "x": [(low + high) / 2 for low, high in sides],
        "y": counts,
        "width": [0.9 * (high - low) for low, high in sides],
        "customdata": [[where] for where in wheres],
        "marker": {"color": "$first/0.75"},
        "hovertemplate": "%{y:,.0f} rows at %{x:.1%}<extra></extra>",
        "showlegend": False,
        "meta": {
            "key": "rows",
            "points": True,
            "read": [_aloud(*bar) for bar in zip(sides, counts, strict=True)],
            "where": 0,
        },
    }
    title = "Confidence in the preferred answer" if pairs else "Score"
    layout = {
        "height": height,
        "xaxis": {"tickformat": ".0%", "title": {"text": title}},
        "yaxis": {"nticks": 4, "tickformat": ",d"},
    }
    rows: list[list[Cell]] = [[low, high, number] for (low, high), number in zip(sides, counts, strict=True)]
    return Chart(
        title, figure([bar], **layout), _alternative(sides, counts, title), Table(["From", "To", "Rows"], rows)
    )


def _aloud(side: tuple[float, float], count: float | None) -> str:
    return f"{words.percent(side[0])} to {words.percent(side[1])}: {amount(count or 0, 'row')}"


def _alternative(sides: list[tuple[float, float]], counts: list[float | None], title: str) -> str:
    fullest = max(range(len(counts)), key=lambda index: counts[index] or 0.0)
    low, high = sides[fullest]
    return (
        f"Histogram of {amount(sum(number or 0 for number in counts), 'row')} by {title.lower()}; "
        f"most lie between {words.percent(low, 0)} and {words.percent(high, 0)}."
    )
