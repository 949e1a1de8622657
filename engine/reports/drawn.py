"""What a figure draws, as lines that a spreadsheet can draw: names without markup, numbers unpacked, ends of errors."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from engine.figures.packed import unpacked
from engine.figures.theme import LIGHT
from engine.figures.words import JOINED
from engine.reports.sheets import moment

Kind = Literal["forest", "columns", "scale", "lines", "table"]
"""How a spreadsheet shows a figure: bars with errors, columns, the table coloured, lines, the table with bars in it."""

MOST_POINTS = 4_000
"""Points of a line that a spreadsheet still draws at once; a longer one is thinned evenly."""

_TOKEN = re.compile(r"\$([a-z_]+)(?:/(0?\.\d+|1|0))?")
_TAG = re.compile(r"<[^>]*>")
_MILLISECONDS = 86_400_000
_FIRST_DAY = 25_569


@dataclass(frozen=True, slots=True)
class Line:
    """One line: places along and up (None where there is a gap), how it looks, how far its errors reach."""

    name: str
    along: list[Any]
    up: list[Any]
    colour: str
    dashed: bool = False
    marks: bool = False
    stroke: bool = True
    edge: bool = False
    """Whether it is the border of a band, which has no name of its own."""

    second: bool = False
    """Whether it stands on the axis to the right."""

    more: list[float] = field(default_factory=list)
    less: list[float] = field(default_factory=list)
    aside: bool = False
    """Whether its errors reach to the sides, not up and down."""


def kind_of(figure: Mapping[str, Any]) -> Kind:
    """How the figure can be shown."""
    traces = [trace for trace in figure["data"] if _is_shown(trace, figure)]
    kinds = {trace.get("type", "scatter") for trace in traces}
    if kinds & {"heatmap", "contour", "surface"}:
        return "scale"
    if not traces:
        return "table"
    if "ticktext" in _axis(figure, "yaxis") and all("error_x" in trace for trace in traces):
        return "forest"
    if "bar" in kinds:
        return "columns"
    if not kinds <= {"scatter", "scattergl"} or _axis(figure, "yaxis").get("visible") is False:
        return "table"
    return "lines"


def lines_of(figure: Mapping[str, Any]) -> list[Line]:
    """The lines of a figure, those that are shown from the beginning and on the main axes."""
    dated = _axis(figure, "xaxis").get("type") == "date"
    found = [_line(trace, dated) for trace in figure["data"] if _is_shown(trace, figure)]
    return [line for line in found if any(value is not None for value in line.up)]


def names_up(figure: Mapping[str, Any]) -> list[str]:
    """What the axis upwards names, from below."""
    return [unmarked(str(text)) for text in _axis(figure, "yaxis").get("ticktext", [])]


def names_along(figure: Mapping[str, Any], lines: Sequence[Line]) -> list[str]:
    """What the places along are called where they are named, one after another and the same for all lines."""
    axis = _axis(figure, "xaxis")
    along = lines[0].along
    if any(line.along != along for line in lines):
        return []
    if all(isinstance(place, str) for place in along):
        return [unmarked(place) for place in along]
    told, places = axis.get("ticktext") or [], axis.get("tickvals") or []
    named = len(told) == len(along) and [float(place) for place in places] == along
    return [unmarked(str(name)) for name in told] if named else []


@dataclass(frozen=True, slots=True)
class Grid:
    """The cells of a picture in colours: what its lines and columns are, the first line on top, and the numbers."""

    rows: list[Any]
    columns: list[Any]
    values: list[list[Any]]


def grid_of(figure: Mapping[str, Any]) -> Grid | None:
    """The cells of the first trace that has some."""
    trace = next((one for one in figure["data"] if one.get("type") in ("heatmap", "contour", "surface")), None)
    if trace is None or trace.get("z") is None:
        return None
    values = [_numbers(row) for row in (unpacked(dict(trace["z"])) if isinstance(trace["z"], Mapping) else trace["z"])]
    names = {axis: _axis(figure, f"{axis}axis").get("ticktext") or [] for axis in ("x", "y")}
    sides = {
        axis: [unmarked(str(name)) for name in told] if len(told) == size else _numbers(trace.get(axis))
        for (axis, told), size in zip(names.items(), (len(values[0]) if values else 0, len(values)), strict=True)
    }
    return Grid(sides["y"], sides["x"], values)


def is_upwards(figure: Mapping[str, Any]) -> bool:
    """Whether the first line of cells is the lowest one."""
    return bool(_axis(figure, "yaxis").get("autorange") != "reversed")


def title_of(figure: Mapping[str, Any], axis: str) -> str:
    """What an axis is called."""
    title = _axis(figure, axis).get("title") or {}
    return unmarked(str(title.get("text") or "")) if isinstance(title, Mapping) else ""


def is_logarithmic(figure: Mapping[str, Any], axis: str) -> bool:
    """Whether equal steps of an axis are equal factors."""
    return bool(_axis(figure, axis).get("type") == "log")


def range_of(figure: Mapping[str, Any], axis: str) -> tuple[float, float] | None:
    """From where to where an axis goes, rounded outwards to what its steps fall on; None where it finds out itself."""
    ends = _axis(figure, axis).get("range")
    if is_logarithmic(figure, axis) or not ends or not all(isinstance(end, int | float) for end in ends):
        return None
    low, high = min(ends), max(ends)
    step = 10.0 ** math.floor(math.log10((high - low) or 1.0)) / 2
    inner = (low + (high - low) * 0.03, high - (high - low) * 0.03)
    return math.floor(inner[0] / step) * step, math.ceil(inner[1] / step) * step


def is_percent(figure: Mapping[str, Any], place: str) -> bool:
    """Whether the numbers along `x`, up `y` or in the cells `z` are shares that people read in percent."""
    axis = _axis(figure, f"{place}axis")
    if str(axis.get("tickformat", "")).endswith("%"):
        return True
    told = re.compile(rf"%\{{{place}:[^}}]*%\}}")
    return any(told.search(str(trace.get("hovertemplate", ""))) for trace in figure["data"] if "yaxis" not in trace)


def unmarked(text: str) -> str:
    """Text of a figure without its markup, which is ours: what people wrote stands escaped between it."""
    return " ".join(html.unescape(_TAG.sub(" ", text)).replace(JOINED, "%{").split())


def solid(token: object) -> str:
    """A colour of a figure on white; where each point has its own, the first."""
    if isinstance(token, list):
        return solid(token[0]) if token else LIGHT["first"]
    match = _TOKEN.fullmatch(str(token))
    if match is None or match[1] not in LIGHT:
        return LIGHT["first"]
    share = float(match[2] or 1)
    parts = (int(LIGHT[match[1]][start : start + 2], 16) for start in (1, 3, 5))
    return "#" + "".join(f"{round(255 - share * (255 - part)):02X}" for part in parts)


def _axis(figure: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = figure["layout"].get(name) or {}
    return found


def _is_shown(trace: Mapping[str, Any], figure: Mapping[str, Any]) -> bool:
    """Whether it is there from the beginning, and not in a strip of its own above or below the others."""
    axis = str(trace.get("yaxis", "y"))
    beside = axis == "y" or "overlaying" in _axis(figure, axis.replace("y", "yaxis"))
    return beside and trace.get("visible", True) is True


def _line(trace: Mapping[str, Any], dated: bool) -> Line:
    up = _numbers(trace.get("y"))
    along = _along(trace, len(up), dated)
    up = up[: len(along)]
    every = range(0, len(up), max(1, math.ceil(len(up) / MOST_POINTS)))
    mode, line, marker = str(trace.get("mode", "lines")), trace.get("line") or {}, trace.get("marker") or {}
    edge = line.get("width", 1) == 0 and "markers" not in mode
    errors = trace.get("error_x") or trace.get("error_y") or {}
    return Line(
        name=unmarked(str(trace.get("name") or "")),
        along=[along[place] for place in every],
        up=[up[place] for place in every],
        colour=solid(trace.get("fillcolor", "$axis") if edge else (line.get("color") or marker.get("color", "$first"))),
        dashed=line.get("dash", "solid") != "solid",
        marks="markers" in mode,
        stroke="lines" in mode,
        edge=edge,
        second=str(trace.get("yaxis", "y")) != "y",
        more=[value or 0.0 for value in _numbers(errors.get("array"))],
        less=[value or 0.0 for value in _numbers(errors.get("arrayminus", errors.get("array")))],
        aside="error_x" in trace,
    )


def _along(trace: Mapping[str, Any], size: int, dated: bool) -> list[Any]:
    if "x" not in trace:
        return [float(trace.get("x0", 0)) + float(trace.get("dx", 1)) * place for place in range(size)]
    numbers = _numbers(trace["x"])
    if dated:
        return [value / _MILLISECONDS + _FIRST_DAY if isinstance(value, float) else value for value in numbers]
    return numbers


def _numbers(values: Any) -> list[Any]:
    """Finite numbers as such, moments as moments, other text as it is, None for gaps."""
    if values is None:
        return []
    if isinstance(values, Mapping):
        values = unpacked(dict(values))
    plain: Sequence[Any] = values.tolist() if isinstance(values, np.ndarray) else values
    return [_plain(value) for value in plain]


def _plain(value: Any) -> Any:
    if isinstance(value, int | float):
        return float(value) if math.isfinite(value) else None
    return moment(value) or value
