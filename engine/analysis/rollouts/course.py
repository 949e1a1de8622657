"""What is told of each window of steps, with its interval: means, shares and the spread of rewards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import stdtrit

from engine.analysis.arrays import Floats, Ints, quotient, sum_by
from engine.analysis.intervals import LEAST_BUCKETS
from engine.analysis.paired import wilson_by_bucket
from engine.analysis.rollouts.windows import Placed

Statistic = Callable[[Floats], Floats]


def mean(sums: Floats) -> Floats:
    """Of counts and sums."""
    return quotient(sums[1], sums[0])


def spread(sums: Floats) -> Floats:
    """The standard deviation, of counts, sums and sums of squares (with n − 1)."""
    n, total, squares = sums
    rest = np.maximum(squares - quotient(total * total, n), 0.0)
    return np.asarray(np.sqrt(quotient(rest, n - 1)))


def means(found: Placed, values: Floats, level: float) -> dict[str, Any] | None:
    """The mean by window; None where no row has a value."""
    known = np.isfinite(values)
    if not known.any():
        return None
    filled = np.where(known, values, 0.0)
    return _course(found, mean, [known.astype(float), filled], level)


def spreads(found: Placed, values: Floats, level: float) -> dict[str, Any]:
    """The standard deviation by window; sums are taken about the overall mean, for the sake of their digits."""
    about = values - values.mean()
    return _course(found, spread, [np.ones(len(values)), about, about * about], level)


def _course(found: Placed, statistic: Statistic, fields: list[Floats], level: float) -> dict[str, Any]:
    """By window the statistic with its delete-one-bucket jackknife; no interval below ten buckets of prompts."""
    cell, owner = found.cells
    sums = np.stack([sum_by(cell, field, len(owner)) for field in fields])
    filled = sums[0] > 0
    sums, owner = sums[:, filled], owner[filled]
    size = len(found.windows[0])
    totals = np.stack([sum_by(owner, field, size) for field in sums])
    value = statistic(totals)
    groups = sum_by(owner, np.ones(len(owner)), size)
    left_out = statistic(totals[:, owner] - sums)
    middle = quotient(sum_by(owner, left_out, size), groups)
    squares = sum_by(owner, np.square(left_out - middle[owner]), size)
    errors = np.sqrt(quotient(groups - 1, groups) * squares)
    reach = stdtrit(groups - 1, 0.5 + level / 2) * errors
    reach = np.where((groups >= LEAST_BUCKETS) & np.isfinite(reach), reach, np.nan)
    return _told(value, value - reach, value + reach, totals[0])


def shares(found: Placed, marks: Floats, level: float) -> dict[str, Any] | None:
    """The share of marks (0 or 1, NaN unknown) by window, each row weighing 1; Wilson by bucket.

    Where the buckets show no variance, as many rows are taken as independent as there are buckets.
    """
    known = np.isfinite(marks)
    if not known.any():
        return None
    cell, owner = found.cells
    counts, sums = (sum_by(cell, each, len(owner)) for each in (known, np.where(known, marks, 0.0)))
    size = len(found.windows[0])
    value, low, high, total = np.full((4, size), np.nan)
    total[:] = 0
    for window, places in _runs(owner):
        inside = counts[places] > 0
        if not inside.any():
            continue
        total[window] = counts[places].sum()
        value[window] = sums[places].sum() / total[window]
        if inside.sum() >= LEAST_BUCKETS:
            told = wilson_by_bucket(sums[places][inside], counts[places][inside], int(inside.sum()), level)
            low[window], high[window] = told[1:3]
    return _told(value, low, high, total)


def _runs(owner: Ints) -> list[tuple[int, slice]]:
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    ends = np.append(starts[1:], len(owner))
    return [(int(owner[start]), slice(start, end)) for start, end in zip(starts, ends, strict=True)]


def _told(value: Floats, low: Floats, high: Floats, count: Floats) -> dict[str, Any]:
    listed = {"value": value, "low": low, "high": high}
    return {name: _plain(each) for name, each in listed.items()} | {"count": count.astype(np.int64).tolist()}


def _plain(values: Floats) -> list[float | None]:
    return [value if value == value else None for value in values.tolist()]


def equal_rewards(found: Placed) -> Floats:
    """By row whether all answers to its prompt at its step have the same reward, NaN but for one row of each group.

    Groups of one answer say nothing.
    """
    groups = found.groups
    ranked = found.reward[groups.order]
    same = np.maximum.reduceat(ranked, groups.starts) == np.minimum.reduceat(ranked, groups.starts)
    several = groups.sizes >= 2
    marks = np.full(len(found.reward), np.nan)
    marks[groups.first[several]] = same[several]
    return marks
