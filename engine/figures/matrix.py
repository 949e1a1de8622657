"""A matrix: what each line has to each column, as colours with the numbers in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from engine import cohort
from engine.figures import words
from engine.figures.chart import Cell, Chart, Table, figure

CELL_HEIGHT = 28
LABELLED = 24
"""Lines up to which each is named beside the picture."""

TWO_SIDED = [[0.0, "$second/0.7"], [0.5, "$second/0"], [0.5, "$first/0"], [1.0, "$first/0.7"]]
ONE_SIDED = [[0.0, "$first/0"], [1.0, "$first/0.7"]]
"""Never so strong that a number on it could not be read."""

_NOT_HIDDEN = {"ticklabeloverflow": "allow"}
"""Plotly would leave out a name that reaches beyond the picture."""

Values = Sequence[Sequence[float | None]]
Wheres = Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Scale:
    """From where to where colours go, whether its middle is "neither", and how a number is written."""

    low: float
    high: float
    two_sided: bool = True
    form: str = ".0%"
    said: str = "%{y} against %{x}"


def matrix(
    title: str,
    rows: Sequence[str],
    columns: Sequence[str],
    values: Values,
    scale: Scale,
    alt: str,
    notes: Values = (),
    wheres: Wheres = (),
    picks: Wheres = (),
) -> Chart:
    """The matrix of `values` (None where there is none), the first row on top.

    `notes` are counts to point at, `wheres` the rows behind each cell as `engine.cohort` writes them, `picks` what
    choosing a cell means.
    """
    kept = [words.finite(row) for row in values]
    behind = wheres or [[""] * len(columns)] * len(rows)
    beside = [[None if note is None else f"{note:,.0f} rows" for note in row] for row in notes]
    trace: dict[str, Any] = {
        "type": "heatmap",
        "x": list(range(len(columns))),
        "y": list(range(len(rows))),
        "z": kept,
        "zmin": scale.low,
        "zmax": scale.high,
        "colorscale": TWO_SIDED if scale.two_sided else ONE_SIDED,
        "customdata": [
            [
                [
                    words.plain(row),
                    words.plain(column),
                    _note(beside, down, along),
                    behind[down][along],
                    *_pick(picks, down, along),
                ]
                for along, column in enumerate(columns)
            ]
            for down, row in enumerate(rows)
        ],
        "hovertemplate": _hover(scale),
        "hoverongaps": False,
        "xgap": 1,
        "ygap": 1,
        "showscale": True,
        "colorbar": {"thickness": 10, "outlinewidth": 0, "tickformat": scale.form, "tickfont": {"size": 11}},
        "showlegend": False,
        "meta": {"key": "matrix", "cells": True, **({"where": 3} if wheres else {}), **({"pick": 4} if picks else {})},
    }
    if max(len(rows), len(columns)) <= 12:
        trace |= {"texttemplate": f"%{{z:{scale.form}}}", "textfont": {"size": 11, "color": "$ink"}}
    return Chart(title, figure([trace], **_layout(rows, columns)), alt, _table(rows, columns, kept))


def of_two(column: str, names: Sequence[str]) -> Wheres:
    """Behind each cell the rows of the two that meet in it; none behind those of one with itself."""
    return [["" if one == other else cohort.one_of(column, [one, other]) for other in names] for one in names]


def _note(notes: list[list[str | None]], down: int, along: int) -> str:
    return (notes[down][along] or "") if notes else ""


def _pick(picks: Wheres, down: int, along: int) -> list[str]:
    return [picks[down][along]] if picks else []


def _hover(scale: Scale) -> str:
    said = scale.said.replace("%{y}", "%{customdata[0]}").replace("%{x}", "%{customdata[1]}")
    return f"{said}<br>%{{z:{scale.form}}}<br>%{{customdata[2]}}<extra></extra>"


def _layout(rows: Sequence[str], columns: Sequence[str]) -> dict[str, Any]:
    def axis(names: Sequence[str]) -> dict[str, Any]:
        named = len(names) <= LABELLED
        return {
            "tickmode": "array",
            "tickvals": list(range(len(names))) if named else [],
            "ticktext": [words.plain(name, 22) for name in names] if named else [],
            "showgrid": False,
            "showline": False,
            "fixedrange": True,
        }

    return {
        "height": min(720, 120 + CELL_HEIGHT * len(rows)),
        "xaxis": {**axis(columns), "side": "top", "tickangle": "auto", "autotickangles": [0, -40], **_NOT_HIDDEN},
        "yaxis": {**axis(rows), "autorange": "reversed"},
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
    }


def _table(rows: Sequence[str], columns: Sequence[str], values: list[list[float | None]]) -> Table:
    lines: list[list[Cell]] = [[name, *row] for name, row in zip(rows, values, strict=True)]
    return Table(["", *columns], lines)
