"""Change points of a mean over steps, where what is left need not be independent."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from engine.analysis.arrays import Floats

LEAST_CELLS = 20
MOST_CELLS = 200
ROWS_A_CELL = 8
SHORTEST = 4
"""Cells between two changes."""

PENALTY = 3.0
"""Of a change, in long-run variances times the logarithm of the number of cells."""

TRIMMED = 0.7588416170698973
"""Mean of the smaller nineteen of twenty squares of standard normal numbers."""

MOST_CORRELATED = 0.85
"""A line whose neighbours are more alike than this wanders: no change of its mean is told."""


@dataclass(frozen=True)
class Series:
    """Means of cells of about equally many rows, in order: `at` the first step of each, `end` its last, `value`."""

    at: Floats
    end: Floats
    value: Floats

    def __len__(self) -> int:
        return len(self.value)


@dataclass(frozen=True)
class Change:
    """From cell `place` on the mean is another one; at this level the true place lies in [low, high]."""

    place: int
    low: int
    high: int
    before: float
    after: float


def series_of(at: Floats, values: Floats) -> Series:
    """Up to 200 cells of some 8 rows or more; rows of one step are never parted. Both of shape (n,), finite."""
    order = np.argsort(at, kind="stable")
    where, known = at[order], values[order]
    count = int(np.clip(len(at) // ROWS_A_CELL, 1, MOST_CELLS))
    first = np.unique(where, return_index=True)[1]
    wanted = len(at) * np.arange(count) // count
    starts = np.unique(first[np.searchsorted(first, wanted, "right") - 1])
    sizes = np.diff(starts, append=len(at))
    return Series(where[starts], where[starts + sizes - 1], np.add.reduceat(known, starts) / sizes)


def changes_of(value: Floats, level: float) -> list[Change]:
    """The changes of the mean of a line, shape (n,), in order; none below 20 cells or where it wanders.

    The partition that minimises the squared residuals plus a penalty of 3 σ² ln n a change, found exactly (Jackson et
    al. 2005); σ² is the long-run variance of an autoregression of order one whose coefficient and innovations are
    estimated from differences, so that changes of the mean hardly move them (after Chakar et al. 2017).
    """
    if len(value) < LEAST_CELLS or not np.ptp(value) > 0:
        return []
    correlation, variance = from_differences(value)
    if correlation >= MOST_CORRELATED:
        return []
    variance = max(variance, 1e-6 * float(np.var(value)))
    bounds = _partition(value, PENALTY * variance * float(np.log(len(value))))
    return _with_sets(value, bounds, variance, level)


def from_differences(value: Floats) -> tuple[float, float]:
    """Correlation of neighbours in [0, 1), and long-run variance of a line whose mean may jump.

    Neighbours differ by 2 γ (1 − ρ) in square, those two apart by 2 γ (1 − ρ²); the largest twentieth of the squares,
    where the jumps are, is left out. 4 / n is added to ρ, which is too low by about so much on short lines.
    """
    one, two = (_trimmed(value[lag:] - value[:-lag]) for lag in (1, 2))
    correlation = float(np.clip(two / one - 1 + 4 / len(value), 0, 0.99)) if one > 0 else 0.0
    fresh = value[1:] - correlation * value[:-1]
    return correlation, _trimmed(np.diff(fresh)) / 2 / (1 - correlation) ** 2


def _trimmed(differences: Floats) -> float:
    """Variance of normal numbers of mean 0, from the smaller nineteen of twenty."""
    squares = np.sort(np.square(differences))
    return float(squares[: int(np.ceil(0.95 * len(squares)))].mean()) / TRIMMED


def _partition(value: Floats, penalty: float) -> list[int]:
    """Where each part begins, the first at 0, and the end, of the cheapest partition."""
    size = len(value)
    rest = value - value.mean()
    sums, squares = (np.append(0.0, np.cumsum(part)) for part in (rest, np.square(rest)))
    cost = np.full(size + 1, np.inf)
    cost[0] = -penalty
    last = np.zeros(size + 1, np.int64)
    for end in range(SHORTEST, size + 1):
        start = np.arange(end - SHORTEST + 1)
        whole = squares[end] - squares[start] - (sums[end] - sums[start]) ** 2 / (end - start)
        total = cost[start] + whole + penalty
        last[end] = int(np.argmin(total))
        cost[end] = total[last[end]]
    bounds = [size]
    while bounds[-1] > 0:
        bounds.append(int(last[bounds[-1]]))
    return bounds[::-1]


def _with_sets(value: Floats, bounds: list[int], variance: float, level: float) -> list[Change]:
    """Each change between its neighbours, with every place whose likelihood is near enough to the best.

    Likelihood ratios up to −2 ln (1 − √level): the limit law of Siegmund (1988), inverted as by Eo and Morley (2015).
    """
    fitted = np.repeat([value[one:two].mean() for one, two in pairwise(bounds)], np.diff(bounds))
    variance = max(variance, long_run_variance(value - fitted))
    allowed = -2 * float(np.log1p(-np.sqrt(level))) * variance
    found = []
    for start, place, end in zip(bounds, bounds[1:], bounds[2:], strict=False):
        part = value[start:end] - value[start:end].mean()
        before = np.arange(1, len(part))
        gain = np.cumsum(part)[:-1] ** 2 * len(part) / (before * (len(part) - before))
        near = start + before[gain >= gain[place - start - 1] - allowed]
        low, high = int(min(near.min(), place)), int(max(near.max(), place))
        found.append(Change(place, low, high, float(value[start:place].mean()), float(value[place:end].mean())))
    return found


def long_run_variance(rest: Floats) -> float:
    """Of residuals in order: that of an autoregression of order one, its coefficient corrected for its bias."""
    size = len(rest)
    whole = float(rest @ rest)
    if whole <= 0:
        return 0.0
    raw = float(rest[1:] @ rest[:-1]) / whole
    correlation = float(np.clip(raw + (1 + 3 * raw) / size, 0, MOST_CORRELATED))
    fresh = rest[1:] - correlation * rest[:-1]
    return float(fresh @ fresh) / (size - 2) / (1 - correlation) ** 2
