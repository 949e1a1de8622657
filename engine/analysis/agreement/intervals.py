"""Estimates with their jackknife intervals, and what stands in where every pair agrees."""

from __future__ import annotations

import numpy as np
from scipy.special import stdtr

from engine.analysis.arrays import Floats
from engine.analysis.intervals import critical, normal_quantile, standard_error
from engine.types import Estimate

JACKKNIFE = "delete-one-bucket jackknife"
SAME = "all judgments are the same"


def estimate(
    value: float, replicates: Floats, level: float, n: int, bounds: tuple[float, float] = (-1.0, 1.0)
) -> Estimate:
    """The estimate from its value and those without each bucket in turn, its interval cut at `bounds`.

    Without an interval where there are fewer than two buckets, or a value without one of them is undefined.
    """
    if not np.isfinite(value):
        return Estimate(None, level=level, method=SAME, n=n)
    if len(replicates) < 2 or not np.isfinite(replicates).all():
        return Estimate(float(value), level=level, method="no interval: it rests on one bucket", n=n)
    reach = critical(level, len(replicates)) * standard_error(replicates)
    low, high = max(value - reach, bounds[0]), min(value + reach, bounds[1])
    return Estimate(float(value), float(low), float(high), level, JACKKNIFE, n)


def ratio(
    above: Floats, below: Floats, level: float, n: int, *, shift: float = 0.0, bounds: tuple[float, float] = (0.0, 1.0)
) -> Estimate:
    """Σ above / Σ below − shift from sums by bucket; null where there is nothing below."""
    held = below > 0
    above, below = above[held], below[held]
    if not len(below):
        return Estimate(None, level=level, method="nothing to count", n=n)
    total, whole = above.sum(), below.sum()
    with np.errstate(invalid="ignore", divide="ignore"):
        replicates = (total - above) / (whole - below) - shift
    share = float(total / whole)
    if share in bounds and shift == 0:
        return at_the_end(share, len(below), level, n)
    return estimate(share - shift, replicates, level, n, bounds)


def at_the_end(share: float, buckets: int, level: float, n: int) -> Estimate:
    """A share of exactly 0 or 1, where the jackknife sees no spread: Wilson's interval of as many trials as buckets."""
    square = normal_quantile(level) ** 2
    reach = float(square / (buckets + square))
    low, high = (1 - reach, 1.0) if share == 1 else (0.0, reach)
    return Estimate(share, low, high, level, "Wilson's, a trial a bucket", n)


def p_value(estimate: Estimate, buckets: int, null: float = 0.0) -> float:
    """Two-sided p of the value being `null`, from the half-width of its jackknife interval; 1 without an interval."""
    if estimate.value is None or estimate.low is None or estimate.high is None or buckets < 2:
        return 1.0
    reach = max(estimate.value - estimate.low, estimate.high - estimate.value)
    if reach == 0:
        return 1.0
    score = abs(estimate.value - null) / reach * critical(estimate.level, buckets)
    return float(2 * stdtr(buckets - 1, -score))
