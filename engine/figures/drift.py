"""The pictures of drift: what moved when, how its distribution and its mean moved, and what of it is composition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.figures import words
from engine.figures.chart import Cell, Chart, Table
from engine.figures.drift_distribution import distribution, ecdf
from engine.figures.drift_means import means
from engine.figures.forest import Across, Mark, forest
from engine.figures.matrix import Scale, matrix
from engine.types import Result
from engine.words import amount

LARGEST = 1.0
"""Standard deviations from which on colours do not grow."""

PICK = ":"
"""Between the number of a window and the feature that is chosen in it."""

MOST = 16
REACH = 0.46
"""From the middle of a cell to its frame, in cells."""


def drift(result: Result) -> dict[str, Chart | None]:
    """The charts of drift by name."""
    pictures = result.pictures
    return {
        "matrix": _matrix(pictures.get("matrix")),
        "means": means(pictures.get("means")),
        "distribution": distribution(pictures.get("distribution")),
        "ecdf": ecdf(pictures.get("distribution")),
        "attribution": _attribution(pictures.get("attribution")),
    }


def _matrix(picture: Mapping[str, Any] | None) -> Chart | None:
    if not picture or not picture["windows"]:
        return None
    names, windows, effect = picture["features"], picture["windows"], picture["effect"]
    drifted = [(down, along) for down, row in enumerate(picture["drifted"]) for along, found in enumerate(row) if found]
    labels = [f"{name} (V)" if named else name for name, named in zip(names, picture["named"], strict=True)]
    where = [list(picture["wheres"])] * len(names)
    chart = matrix(
        "Drift",
        labels,
        windows,
        effect,
        Scale(-LARGEST, LARGEST, form=".2f", said="%{y} in %{x}"),
        _said(names, windows, effect, drifted),
        picture["rows"],
        where if any(picture["wheres"]) else (),
        [[f"{along + 1}{PICK}{name}" for along in range(len(windows))] for name in names],
    )
    chart.figure["layout"]["shapes"] = [_outline(*cell) for cell in drifted]
    table: list[list[Cell]] = [
        [name, window, words.finite([row[along]])[0], "yes" if (down, along) in set(drifted) else "no"]
        for down, (name, row) in enumerate(zip(labels, effect, strict=True))
        for along, window in enumerate(windows)
    ]
    return Chart(chart.title, chart.figure, chart.alt, Table(["Feature", "Window", "Effect", "Drifted"], table))


def _said(
    names: list[str], windows: list[str], effect: list[list[float | None]], drifted: list[tuple[int, int]]
) -> str:
    told = f"How far {amount(len(names), 'feature')} lie from the reference in {amount(len(windows), 'window')}"
    if not drifted:
        return f"{told}; none drifted."
    features = len({down for down, _ in drifted})
    down, along = max(drifted, key=lambda cell: abs(effect[cell[0]][cell[1]] or 0.0))
    most = f"{words.plain(names[down])} in {words.plain(windows[along])} with {words.number(effect[down][along], 2)}"
    return f"{told}; {amount(features, 'feature')} drifted, most {most}."


def _outline(down: int, along: int) -> dict[str, Any]:
    """A frame around a cell that drifted."""
    ends = {"x0": along - REACH, "x1": along + REACH, "y0": down - REACH, "y1": down + REACH}
    return {"type": "rect", **ends, "line": {"color": "$ink", "width": 1.5}}


def _attribution(picture: Mapping[str, Any] | None) -> Chart | None:
    if not picture or not picture["columns"]:
        return None
    columns, measure = picture["columns"], str(picture["measure"])
    marks = [_mark(one) for one in columns[:MOST]]
    first = columns[0]
    alt = (
        f"Of a change of {words.number(first['change'])} in {words.plain(measure)} another mix of "
        f"{words.plain(str(first['column']))} makes {words.number(first['composition'])}."
    )
    names = ["Column", "Change", "Composition", "Low", "High", "Within"]
    keys = ("column", "change", "composition", "composition_low", "composition_high", "within")
    cells: list[list[Cell]] = [[one[key] for key in keys] for one in columns]
    across = Across(f"What another mix alone does to the mean of {measure}", 0.0, "+.3g")
    return forest("Composition", "attribution", marks, across, alt, Table(names, cells))


def _mark(one: Mapping[str, Any]) -> Mark:
    clear = one["composition_low"] > 0 or one["composition_high"] < 0
    share = f"{words.percent(one['share'], 0)} of the change; {words.number(one['within'])} within"
    said = f"{one['column']}: {words.number(one['composition'])}, {share}"
    tone = "$first" if clear else "$reference"
    ends = one["composition_low"], one["composition_high"]
    return Mark(str(one["column"]), one["composition"], *ends, said, tone, (share,))
