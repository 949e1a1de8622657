"""The pictures of a sweep: its settings with their intervals, their parameters side by side, main effects."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from engine import cohort
from engine.figures import words
from engine.figures.chart import Cell, Chart, Table, figure
from engine.figures.forest import Across, Mark, forest
from engine.types import Result
from engine.words import amount, significant

SHOWN = 24
"""Settings in the forest."""
HEIGHT = 380
DECADE = 10.0


def sweep(result: Result) -> dict[str, Chart | None]:
    """The charts of a sweep by name."""
    picture = result.pictures.get("trials")
    return {
        "trials": _settings(picture) if picture else None,
        "parallel": _parallel(picture) if picture else None,
        "effects": _effects(result.pictures.get("effects"), str(picture["metric"])) if picture else None,
    }


def _settings(picture: Mapping[str, Any]) -> Chart:
    rows, metric, told = picture["rows"], str(picture["metric"]), picture["told"]
    marks = [
        Mark(
            row["name"],
            row["value"],
            row["low"],
            row["high"],
            f"{row['name']}: {metric} {significant(row['value'])}",
            "$first" if told and row["not_apart"] else "$reference",
            (f"{amount(row['n'], 'run')}: {', '.join(row['runs'][:3])}",),
            where=_where(row),
            short=" · ".join(significant(row["config"].get(name)) for name in picture["parameters"]),
        )
        for row in rows[:SHOWN]
    ]
    tied = sum(row["not_apart"] for row in rows) - 1
    said = f"{tied} not told apart from the best" if told else "none told apart"
    alt = (
        f"{amount(len(rows), 'setting')} by {metric}: {rows[0]['name']} first, {significant(rows[0]['value'])}; {said}."
    )
    return forest("Settings", "settings", marks, Across(metric, form=".4~g", longest=44), alt, _table(picture))


def _where(row: Mapping[str, Any]) -> str:
    """The points of the runs of a setting; of very many runs the condition would be longer than it may be."""
    runs = [str(run) for run in row["runs"]]
    return cohort.one_of("run", runs) if 0 < len(runs) <= cohort.MOST_VALUES else ""


def _table(picture: Mapping[str, Any]) -> Table:
    names = picture["parameters"]
    rows: list[list[Cell]] = [
        [
            *(significant(row["config"].get(name)) for name in names),
            row["value"],
            row["low"],
            row["high"],
            row["n"],
            ("yes" if row["not_apart"] else "no") if picture["told"] else None,
        ]
        for row in picture["rows"]
    ]
    return Table([*names, str(picture["metric"]), "low", "high", "runs", "may be best"], rows)


# ------------------------------------------------------------------ parallel coordinates


def _parallel(picture: Mapping[str, Any]) -> Chart | None:
    """Each setting as a line over its parameters and its value, each scaled to its own range."""
    names = [name for name in picture["parameters"] if all(name in row["config"] for row in picture["rows"])]
    if not names:
        return None
    axes = [_Scale(name, [row["config"][name] for row in picture["rows"]]) for name in names]
    axes.append(_Scale(str(picture["metric"]), [row["value"] for row in picture["rows"]], log=False))
    best, *rest = picture["rows"]
    groups = [
        ("Other settings", [row for row in rest if not (picture["told"] and row["not_apart"])], "$reference/0.45", 1.2),
        ("Not told apart", [row for row in rest if picture["told"] and row["not_apart"]], "$first/0.7", 1.6),
        ("Best", [best], "$second", 3),
    ]
    data = [
        _lines(label, rows, axes, tone, width, 3 - place)
        for place, (label, rows, tone, width) in enumerate(groups)
        if rows
    ]
    layout = {
        "height": HEIGHT,
        "xaxis": {
            "tickmode": "array",
            "tickvals": list(range(len(axes))),
            "ticktext": [words.plain(axis.name, 22) for axis in axes],
            "side": "top",
            "showline": False,
            "showgrid": True,
            "gridcolor": "$axis",
            "range": [-0.12, len(axes) - 0.88],
            "fixedrange": True,
        },
        "yaxis": {"visible": False, "range": [-0.12, 1.08], "fixedrange": True},
        "annotations": [note for place, axis in enumerate(axes) for note in axis.ends(place)],
        "margin": {"l": 36, "r": 36, "t": 8, "b": 8},
    }
    alt = f"{amount(len(picture['rows']), 'setting')} as lines over {', '.join(axis.name for axis in axes)}."
    return Chart("Parallel coordinates", figure(data, **layout), alt, _table(picture))


class _Scale:
    """One upright axis: where a value stands on it between 0 and 1."""

    def __init__(self, name: str, values: Sequence[float], log: bool | None = None) -> None:
        self.name, self.low, self.high = name, min(values), max(values)
        self.log = self.low > 0 and self.high / self.low >= DECADE if log is None else log

    def place(self, value: float) -> float:
        if self.low == self.high:
            return 0.5
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def ends(self, at: int) -> list[dict[str, Any]]:
        font = {"size": 11, "color": "$muted"}
        shown = ((self.low, 0, -10), (self.high, 1, 10)) if self.low != self.high else ((self.low, 0.5, 10),)
        return [
            {"x": at, "y": y, "text": significant(value), "showarrow": False, "yshift": shift, "font": font}
            for value, y, shift in shown
        ]


def _lines(
    label: str, rows: Sequence[Mapping[str, Any]], axes: Sequence[_Scale], tone: str, width: float, rank: int
) -> dict[str, Any]:
    """The lines of several settings as one trace, with a gap between two of them."""
    x: list[float | None] = []
    y: list[float | None] = []
    said: list[list[str]] = []
    for row in rows:
        values = [*(row["config"][axis.name] for axis in axes[:-1]), row["value"]]
        x += [*range(len(axes)), None]
        y += [*(axis.place(value) for axis, value in zip(axes, values, strict=True)), None]
        said += [[words.plain(row["name"], 80), significant(row["value"]), _where(row)]] * (len(axes) + 1)
    return {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "y": y,
        "customdata": said,
        "line": {"color": tone, "width": width},
        "hovertemplate": "%{customdata[0]}<br>%{customdata[1]}<extra></extra>",
        "name": label,
        "showlegend": False,
        "meta": {"key": label, "rank": rank, "where": 2, "named": 0},
    }


# ------------------------------------------------------------------ main effects


def _effects(picture: Mapping[str, Any] | None, metric: str) -> Chart | None:
    if not picture or not picture["rows"]:
        return None
    marks = [mark for row in picture["rows"] for mark in _marks(row)]
    strongest = marks[0]
    alt = f"Main effects on {metric}: {strongest.aloud}."
    rows: list[list[Cell]] = [
        [
            row["name"],
            significant(row["low_at"]),
            significant(row["high_at"]),
            *_span(row["change"]),
            *_span(row["bend"]),
        ]
        for row in picture["rows"]
    ]
    columns = ["Parameter", "from", "to", "change", "low", "high", "middle over ends", "low", "high"]
    across = Across(f"Change of {metric}", 0.0, form="+.3~g", longest=44)
    return forest("Main effects", "effects", marks, across, alt, Table(columns, rows))


def _span(span: Mapping[str, float] | None) -> list[Cell]:
    return [None, None, None] if span is None else [span["value"], span["low"], span["high"]]


def _marks(row: Mapping[str, Any]) -> list[Mark]:
    """From end to end, and the middle over both ends where the model may bend."""
    name, ends = str(row["name"]), f"{significant(row['low_at'])} to {significant(row['high_at'])}"
    told = [(f"{name}: {ends}", row["change"])]
    if row["bend"] is not None:
        told.append((f"{name}: middle over ends", row["bend"]))
    return [
        Mark(
            label,
            span["value"],
            span["low"],
            span["high"],
            f"{label}, {significant(span['value'])} from {significant(span['low'])} to {significant(span['high'])}",
            "$first" if span["low"] > 0 or span["high"] < 0 else "$reference",
        )
        for label, span in told
    ]
