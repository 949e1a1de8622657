"""A watched stream as numbers for its pictures: never more than so many points, with what stands out kept."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.analysis.arrays import Floats, Ints
from engine.analysis.monitor.alarms import STATISTICS, Watched

MOST_POINTS = 2_000


def pictures(watched: Watched) -> dict[str, dict[str, Any]]:
    """`stream`: values, baseline and alarm; `statistic`: what the monitor made of them, and its threshold."""
    stream, size = watched.stream, watched.baseline
    shown = thinned(stream.value)
    first = stream.even[:size]
    common = {"run": stream.run, "metric": stream.metric, "by": stream.by, **_marks(watched)}
    values = {
        "at": stream.at[shown].tolist(),
        "value": stream.value[shown].tolist(),
        "baseline_end": float(stream.at[size - 1]) if size else None,
        "level": float(first.mean()) * stream.size if size else None,
        "spread": float(first.std(ddof=1)) * stream.size if size > 1 else None,
    }
    seen = np.flatnonzero(np.isfinite(watched.statistic))
    kept = seen[thinned(watched.statistic[seen])]
    told = {
        "at": stream.at[kept].tolist(),
        "value": watched.statistic[kept].tolist(),
        "threshold": watched.threshold,
        "called": STATISTICS[watched.monitor],
    }
    return {"stream": {**common, **values}, "statistic": {**common, **told}}


def _marks(watched: Watched) -> dict[str, Any]:
    at, change = watched.stream.at, watched.change
    if watched.alarm is None or change is None:
        return {"alarm": None, "change": None, "change_low": None, "change_high": None}
    places = {"alarm": watched.alarm, "change": change.at, "change_low": change.low, "change_high": change.high}
    return {name: float(at[place]) for name, place in places.items()}


def thinned(values: Floats) -> Ints:
    """Places of at most `MOST_POINTS` values: of each part of the line its least and its greatest, and both ends."""
    size = len(values)
    if size <= MOST_POINTS:
        return np.arange(size)
    parts = (MOST_POINTS - 2) // 2
    edges = np.linspace(0, size, parts + 1).astype(np.int64)
    kept = {0, size - 1}
    for start, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        part = values[start:end]
        kept |= {start + int(part.argmin()), start + int(part.argmax())}
    return np.array(sorted(kept))
