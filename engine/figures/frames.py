"""Many figures that differ in little, as one: what they share once, and what changes as bytes.

`{"base": figure, "changes": [...], "count": n}`. A change has a `path` into the figure and either `numbers`, the arrays
of all frames one after the other (Plotly's form of typed arrays) with the `lengths` of each (−1: nothing is there) and
the `width` of their rows where they have any, or `values` with the place `at` of each frame among them (−1: nothing).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson

from engine.downsample import min_max
from engine.figures import packed

Figure = dict[str, Any]
_ABSENT: Any = object()

_NEVER_DRAWN = ("read", "where", "named", "points", "toggle")
"""What a chart of its own knows of its marks, and a frame does not need."""

MOST_OF_A_LINE = 400
"""Points of a line in a frame: there are many frames, and each is seen for a moment."""

_F4_WHOLE = 1 << 24
_MANY_HEIGHTS = 1 << 16
"""Heights of surfaces from which on they travel in two bytes each: more than a screen tells apart."""


def together(figures: Sequence[Figure]) -> dict[str, Any]:
    """The figures as one; the axes hold what all of them need, so that nothing jumps."""
    steady = _steady([_lean(figure) for figure in figures])
    changes: list[dict[str, Any]] = []
    base = _shared(steady, [], changes)
    return {"base": base, "changes": changes, "count": len(figures)}


def _lean(figure: Figure) -> Figure:
    return {**figure, "data": [_lean_trace(trace) for trace in figure["data"]], "layout": dict(figure["layout"])}


def _lean_trace(trace: dict[str, Any]) -> dict[str, Any]:
    trace = _thin(trace)
    kept = {name: value for name, value in trace.items() if name != "customdata" or _hovers(trace)}
    if isinstance(kept.get("meta"), dict):
        kept["meta"] = {name: value for name, value in kept["meta"].items() if name not in _NEVER_DRAWN}
    return kept


def _thin(trace: dict[str, Any]) -> dict[str, Any]:
    """A trace with numbers instead of bytes, and of a long line the points that show its extremes."""
    trace = {
        name: packed.unpacked(value).tolist() if isinstance(value, dict) and "bdata" in value else value
        for name, value in trace.items()
    }
    y = trace.get("y")
    if not isinstance(y, list) or trace.get("type") != "scatter":
        return trace
    if "x0" in trace and "dx" in trace:
        first, distance = trace.pop("x0"), trace.pop("dx")
        trace["x"] = [first + distance * place for place in range(len(y))]
    if len(y) <= MOST_OF_A_LINE or any(isinstance(one, str) for one in y) or len(trace.get("x", ())) != len(y):
        return trace
    kept = min_max(np.array([np.nan if one is None else one for one in y], float), MOST_OF_A_LINE)
    along = {name: trace[name] for name in ("x", "y", "customdata", "text") if isinstance(trace.get(name), list)}
    return {**trace, **{name: [value[at] for at in kept] for name, value in along.items()}}


def _hovers(trace: dict[str, Any]) -> bool:
    """Whether what is said of a mark needs its own data."""
    return any("customdata" in str(trace.get(name, "")) for name in ("hovertemplate", "texttemplate"))


def _shared(values: list[Any], path: list[str | int], changes: list[dict[str, Any]]) -> Any:
    """What all of them have at this path; what differs is noted as a change."""
    first = values[0]
    if all(value is first or value == first for value in values):
        return None if first is _ABSENT else first
    present = [value for value in values if value is not _ABSENT]
    if len(present) == len(values) and all(isinstance(value, dict) for value in values):
        names = dict.fromkeys(name for value in values for name in value)
        parts = {name: [value.get(name, _ABSENT) for value in values] for name in names}
        found = {name: _shared(part, [*path, name], changes) for name, part in parts.items()}
        return {name: value for name, value in found.items() if value is not None}
    if all(_of_dicts(value) for value in values):
        size = max(len(value) for value in values)
        columns = [[value[place] if place < len(value) else _ABSENT for value in values] for place in range(size)]
        return [_shared(column, [*path, place], changes) or {} for place, column in enumerate(columns)]
    changes.append(_numbers(values, path) or _values(values, path))
    return None


def _of_dicts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(part, dict) for part in value)


def _numbers(values: list[Any], path: list[str | int]) -> dict[str, Any] | None:
    """A change of lists of numbers, or of rows of numbers of one width; None for anything else."""
    arrays = [None if value is _ABSENT else _array(value) for value in values]
    known = [array for array in arrays if array is not None]
    if any(array is None and value is not _ABSENT for array, value in zip(arrays, values, strict=True)):
        return None
    widths = {array.shape[1] if array.ndim == 2 else 0 for array in known}
    if len(widths) != 1:
        return None
    lengths = [-1 if array is None else len(array) for array in arrays]
    flat = np.concatenate([array.ravel() for array in known])
    whole = flat[np.isfinite(flat)]
    exact = bool(len(whole)) and float(np.abs(whole).max()) > _F4_WHOLE
    width = widths.pop()
    heights = width > 0 and len(flat) > _MANY_HEIGHTS
    numbers = packed.coarse(flat) if heights else packed.exact(flat) if exact else packed.values(flat)
    return {"path": path, "numbers": numbers, "lengths": lengths, **({"width": width} if width else {})}


def _array(value: Any) -> Any:
    """A list as an array of one or two dimensions; None where it holds anything but numbers and gaps."""
    if not isinstance(value, list | tuple | np.ndarray) or not len(value):
        return np.zeros(0) if isinstance(value, list) else None
    rows = value if isinstance(value[0], list | tuple | np.ndarray) else [value]
    if len({len(row) for row in rows}) != 1 or not all(_is_number(one) for row in rows for one in row):
        return None
    return np.array([[math.nan if one is None else one for one in row] for row in rows], float).reshape(
        (len(rows), -1) if rows is value else -1
    )


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float | np.number) and not isinstance(value, bool))


def _values(values: list[Any], path: list[str | int]) -> dict[str, Any]:
    """A change of anything; what comes again is written once."""
    known: dict[bytes, int] = {}
    said: list[Any] = []
    at: list[int] = []
    for value in values:
        if value is _ABSENT:
            at.append(-1)
            continue
        key = orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)
        if key not in known:
            known[key] = len(said)
            said.append(value)
        at.append(known[key])
    return {"path": path, "values": said, "at": at}


# ------------------------------------------------------------------ axes that do not jump

_AXES = (("xaxis", "x", "error_x"), ("yaxis", "y", "error_y"))
_MARGIN = 0.04


def _steady(figures: list[Figure]) -> list[Figure]:
    for axis, name, error in _AXES:
        if all("range" not in figure["layout"].get(axis, {}) for figure in figures):
            found = _range([trace for figure in figures for trace in figure["data"]], name, error, figures, axis)
            if found is not None:
                for figure in figures:
                    figure["layout"][axis] = {**figure["layout"].get(axis, {}), "range": found}
    for place in range(max(len(figure["data"]) for figure in figures)):
        _steady_colours([figure["data"][place] for figure in figures if place < len(figure["data"])], figures)
    return figures


def _range(traces: list[Any], name: str, error: str, figures: list[Figure], axis: str) -> list[float] | None:
    """From the least to the greatest along one axis, with room around it; None where it is not one of numbers."""
    flat = [one for trace in traces for one in _spread(trace, name, error)]
    if any(isinstance(one, str) for one in flat) or any("z" in trace for trace in traces):
        return None
    known = np.array([one for one in flat if one is not None], float)
    known = known[np.isfinite(known)]
    layout = figures[-1]["layout"].get(axis, {})
    logarithmic = layout.get("type") == "log"
    known = np.log10(known[known > 0]) if logarithmic else known
    if not len(known) or layout.get("type") in ("date", "category"):
        return None
    low, high = float(known.min()), float(known.max())
    if layout.get("rangemode") == "tozero" or any(trace.get("type") in ("bar", "histogram") for trace in traces):
        low, high = (low, high) if logarithmic else (min(low, 0.0), max(high, 0.0))
    room = (high - low) * _MARGIN or abs(high) * _MARGIN or 1.0
    low, high = (low if low == 0 else low - room), (high if high == 0 else high + room)
    return [high, low] if layout.get("autorange") == "reversed" else [low, high]


def _spread(trace: dict[str, Any], name: str, error: str) -> list[Any]:
    """The places of the marks of a trace along one axis, ends of error bars included."""
    places = list(trace[name]) if isinstance(trace.get(name), list | tuple | np.ndarray) else []
    bars = trace.get(error)
    if not isinstance(bars, dict) or not isinstance(bars.get("array"), list | tuple | np.ndarray):
        return places
    known = [(one, up) for one, up in zip(places, bars["array"], strict=False) if _both(one, up)]
    minus: Any = bars.get("arrayminus", bars["array"])
    below = [(one, down) for one, down in zip(places, minus, strict=False) if _both(one, down)]
    return [*places, *(one + up for one, up in known), *(one - down for one, down in below)]


def _both(one: Any, other: Any) -> bool:
    return one is not None and other is not None and not isinstance(one, str)


def _steady_colours(traces: list[Any], figures: list[Figure]) -> None:
    """One scale of colours and of height for a surface or a heat map in all frames."""
    drawn = [trace for trace in traces if "z" in trace]
    if not drawn:
        return
    flat = np.array([np.nan if one is None else one for trace in drawn for row in trace["z"] for one in row], float)
    known = flat[np.isfinite(flat)]
    if not len(known):
        return
    low, high = float(known.min()), float(known.max())
    surface = drawn[0].get("type") == "surface"
    ends = ("cmin", "cmax") if surface else ("zmin", "zmax")
    for trace in drawn:
        if ends[0] not in trace:
            trace.update({ends[0]: low, ends[1]: high})
    if surface:
        for figure in figures:
            scene = figure["layout"].get("scene", {})
            upright = {**scene.get("zaxis", {}), "range": scene.get("zaxis", {}).get("range", [low, high])}
            figure["layout"]["scene"] = {**scene, "zaxis": upright}
