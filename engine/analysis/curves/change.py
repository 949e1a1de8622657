"""How much a line moved: the mean of its last points less that of its first, allowing for autocorrelation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.analysis.arrays import Floats
from engine.analysis.intervals import critical
from engine.types import Estimate

LEAST = 2
METHOD = "difference of the means of both ends; Newey-West errors of what a straight line through each leaves"


@dataclass(frozen=True)
class Change:
    """Both ends of a line and their difference."""

    first: float
    last: float
    change: Estimate
    ends: int


def change_of(value: Floats, ends: int, level: float) -> Change | None:
    """The change of a line of values in order, shape (n,); None below four points.

    `ends` points of each end are averaged, 0 for a tenth of the line, never more than half of it.
    """
    size = len(value)
    if size < 2 * LEAST:
        return None
    count = min(max(ends or round(size / 10), LEAST), size // 2)
    one, other = value[:count], value[-count:]
    difference = float(other.mean() - one.mean())
    error = float(np.hypot(mean_error(one), mean_error(other)))
    spread = critical(level, 2 * count - 1) * error
    known = np.isfinite(spread)
    low, high = (difference - spread, difference + spread) if known else (None, None)
    return Change(float(one.mean()), float(other.mean()), Estimate(difference, low, high, level, METHOD, size), count)


def mean_error(value: Floats) -> float:
    """Standard error of the mean of values in order, by Newey and West (1987) around a straight line; NaN below five.

    Bartlett weights up to lag ⌊4 (n / 100)^(2/9)⌋.
    """
    size = len(value)
    if size < 5:
        return float("nan")
    at = np.arange(size) - (size - 1) / 2
    rest = value - value.mean() - at * float(at @ value) / float(at @ at)
    lags = int(4 * (size / 100) ** (2 / 9))
    variance = float(rest @ rest)
    for lag in range(1, lags + 1):
        variance += 2 * (1 - lag / (lags + 1)) * float(rest[lag:] @ rest[:-lag])
    return float(np.sqrt(max(variance, 0.0) / (size - 2) / size))
