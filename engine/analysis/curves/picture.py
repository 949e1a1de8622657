"""What is drawn of training curves: few points of each line, many runs as bands, events along the axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.analysis.arrays import Floats
from engine.analysis.curves.groups import Band, Track, band_of, grouped, reach_of
from engine.analysis.curves.parameters import CurvesParameters
from engine.analysis.curves.smooth import exponential
from engine.analysis.lines import Line, Lines, less_is_better
from engine.downsample import MOST_POINTS, lttb, min_max

MOST_LINES = 12
MOST_GROUPS = 8


def tracks_of(found: Lines, metric: str, params: CurvesParameters) -> list[Track]:
    """The lines of a metric along the chosen axis, those with at least one point within the stretch.

    Smoothing goes before: what is looked at closely is as smooth as it was from afar.
    """
    low, high = params.stretch
    kept = []
    for line in found.of(metric):
        at, value = along(line, found.by, params.over)
        smooth = exponential(value, params.smooth)
        inside = (at >= low) & (at <= high)
        if inside.any():
            kept.append(Track(line, at[inside], value[inside], smooth[inside]))
    return kept


def along(line: Line, by: str, over: str) -> tuple[Floats, Floats]:
    """Where the points of a line lie along the axis, in order: steps, seconds since 1970, or since the run began.

    Where a run has no times, its steps stand for them: those since its first.
    """
    timed = np.isfinite(line.time)
    if over == "step" or (over == "time" and not timed.any()):
        return line.at, line.value
    if over == "relative" and (by == "time" or not timed.any()):
        return line.at - line.at[0], line.value
    order = np.argsort(line.time[timed], kind="stable")
    at = line.time[timed][order]
    return (at - at[0] if over == "relative" else at), line.value[timed][order]


def axis_of(found: Lines, over: str) -> str:
    """What the axis is: "step", "time" (a date), "hours" or "steps" since a run began."""
    timed = any(np.isfinite(line.time).any() for line in found.lines)
    if over == "relative":
        return "seconds" if timed or found.by == "time" else "steps"
    return "time" if found.by == "time" or (over == "time" and timed) else "step"


def picture(found: Lines, metric: str, params: CurvesParameters) -> dict[str, Any]:
    """The numbers of the picture of one metric."""
    tracks = tracks_of(found, metric, params)
    lines, bands = _shown(tracks, metric, params)
    total = sum(len(track.at) for track in tracks)
    drawn = [_line(track, params, MOST_POINTS) for track in lines]
    return {
        "metric": metric,
        "by": found.by,
        "axis": axis_of(found, params.over),
        "log": params.axis == "log",
        "smooth": params.smooth,
        "at": params.at,
        "lines": drawn,
        "bands": [_band(band, params.level) for band in bands],
        "events": _events(tracks, found, params),
        "points": total,
        "thinned": any(len(line["at"]) < len(track.at) for line, track in zip(drawn, lines, strict=True)),
    }


def _shown(tracks: Sequence[Track], metric: str, params: CurvesParameters) -> tuple[list[Track], list[Band]]:
    """The lines that are drawn one by one, and what is drawn as bands."""
    if params.group:
        groups = list(grouped(tracks, params.group).items())[:MOST_GROUPS]
        alone = [each[0] for _, each in groups if len(each) == 1]
        return alone, [band_of(name, each, params.middle, params.level) for name, each in groups if len(each) > 1]
    if len(tracks) <= MOST_LINES:
        return list(tracks), []
    sign = 1 if less_is_better(metric) else -1
    order = sorted(tracks, key=lambda track: (sign * float(track.smooth[-1]), track.run))
    top = {id(track) for track in order[:MOST_LINES]}
    return order[:MOST_LINES], [reach_of([track for track in tracks if id(track) not in top])]


def _line(track: Track, params: CurvesParameters, most: int) -> dict[str, Any]:
    raw = min_max(track.value, most)
    told: dict[str, Any] = {
        "run": track.run,
        "at": track.at[raw].tolist(),
        "value": track.value[raw].tolist(),
        "points": len(track.at),
    }
    if params.smooth:
        kept = lttb(track.at, track.smooth, most)
        told["smooth_at"], told["smooth"] = track.at[kept].tolist(), track.smooth[kept].tolist()
    return told


def _band(band: Band, level: float) -> dict[str, Any]:
    said = f"{100 * level:.4g} % interval of the mean" if band.of_mean else "lowest to highest"
    return {
        "group": band.name,
        "runs": band.runs,
        "at": band.at.tolist(),
        "middle": band.middle.tolist(),
        "low": [None if np.isnan(one) else float(one) for one in band.low],
        "high": [None if np.isnan(one) else float(one) for one in band.high],
        "count": band.count.tolist(),
        "said": said,
    }


def _events(tracks: Sequence[Track], found: Lines, params: CurvesParameters) -> list[dict[str, Any]]:
    """Where runs began again, along the axis of steps; of other axes the place of a step is not known of all."""
    if params.over != "step" or found.by != "step":
        return []
    low, high = params.stretch
    places: dict[float, list[str]] = {}
    for track in tracks:
        for at in track.line.again:
            if low <= at <= high:
                places.setdefault(at, []).append(track.run)
    return [{"at": at, "kind": "restart", "runs": runs} for at, runs in sorted(places.items())][:50]
