"""When a stream began to move: the likeliest time, and a set of times that holds the true one.

Two shapes are fitted at every time: a step, and a slope that begins there. The set are all times whose likelihood,
under the better shape, is within c of the greatest, c = −ln(1 − √level): to both sides of a change the likelihood is a
random walk whose maximum is about exponential (Siegmund 1988). The spread allows for autocorrelation at lag 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.analysis.arrays import Floats
from engine.analysis.monitor.checks import corrected

LEVEL = 0.95
NEAR_ENDS = 3
"""Points at the beginning at which no change is looked for."""

LEAST_AFTER = 10


@dataclass(frozen=True)
class Changed:
    """Places in a stream: of the likeliest change (the first value that is different), and of the ends of its set."""

    at: int
    low: int
    high: int


def changed(values: Floats, alarm: int, healthy: int = 0, level: float = LEVEL) -> Changed:
    """When the stream, shape (n,), began to move before its `alarm`, a place in it, and after its `healthy` beginning.

    What came long after the alarm is left out, since a stream may have moved again: it is followed for as long as it
    had moved before the alarm, at least ten points.
    """
    first = _best(values[: alarm + 1], healthy, level)
    after = max(alarm - first.at, LEAST_AFTER)
    told = _best(values[: alarm + 1 + after], healthy, level)
    return Changed(min(told.at, alarm), min(told.low, alarm), min(told.high, alarm))


def _best(values: Floats, healthy: int, level: float) -> Changed:
    size = len(values)
    earliest = max(healthy, NEAR_ENDS)
    if size < earliest + NEAR_ENDS:
        return Changed(size - 1, min(healthy, size - 1), size - 1)
    places = np.arange(earliest, size)
    centred = values - values.mean()
    left = np.stack([_step(centred)[places], _slope(centred)[places]])
    left = np.maximum(left, 1e-12 * max(float(centred @ centred), 1e-300))
    shape, place = np.unravel_index(int(left.argmin()), left.shape)
    rest = _rest(centred, int(places[place]), bool(shape))
    variance = float(left.min()) / max(size - 4, 1)
    near = float(rest[1:] @ rest[:-1]) / max(float(rest @ rest), 1e-300)
    near = float(np.clip(corrected(near, size), 0.0, 0.95))
    beyond = (left.min(axis=0) - left.min()) / (2 * variance * (1 + near) / (1 - near))
    within = places[beyond <= -np.log(1 - np.sqrt(level))]
    return Changed(int(places[place]), int(within[0]), int(within[-1]))


def _step(values: Floats) -> Floats:
    """Sum of squares left by a step at each place; values have mean 0."""
    size = len(values)
    total = np.append(0.0, np.cumsum(values))[:-1]
    before = np.arange(size, dtype=float)
    gained = np.zeros(size)
    gained[1:] = np.square(total[1:]) * size / (before[1:] * (size - before[1:]))
    return np.append(values @ values - gained, np.inf)


def _slope(values: Floats) -> Floats:
    """Sum of squares left by a level and a slope that begins at each place: the first value that is on it is one up."""
    size = len(values)
    after = np.arange(size, 0, -1, dtype=float)
    first = after * (after + 1) / 2
    second = after * (after + 1) * (2 * after + 1) / 6
    product = np.cumsum(np.cumsum(values[::-1]))[::-1]
    spread = second - np.square(first) / size
    gained = np.square(product) / np.maximum(spread, 1e-12)
    return np.append(values @ values - gained, np.inf)


def _rest(values: Floats, place: int, sloped: bool) -> Floats:
    """What is left of the values by the shape at a place."""
    at = np.arange(len(values)) - place + 1.0
    shape = np.maximum(at, 0.0) if sloped else (at > 0).astype(float)
    design = np.stack([np.ones(len(values)), shape], axis=1)
    return np.asarray(values - design @ np.linalg.lstsq(design, values, rcond=None)[0])
