"""Intervals from bucket sums: delete-one-bucket jackknife and bucket bootstrap, so prompt clusters are never broken."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import ndtri, stdtrit

from engine.analysis.arrays import Floats
from engine.errors import NotEnoughData
from engine.words import amount

Statistic = Callable[[Floats], Floats]
"""Maps sums of shape (fields, ...) to values of shape (...)."""


LEAST_BUCKETS = 10
"""Buckets below which leaving one out says too little of how much an estimate moves."""


def check_mixed(prompts: str, buckets: int) -> None:
    """Raise NotEnoughData where `prompts`, told in words, lie in too few buckets for an interval."""
    if buckets < LEAST_BUCKETS:
        found = f"{prompts} lie in {amount(buckets, 'bucket')} only"
        raise NotEnoughData(f"{found}: their hashes are not well mixed.")


def critical(level: float, groups: int) -> float:
    """Two-sided quantile of Student's t with `groups` − 1 degrees of freedom."""
    return float(stdtrit(max(groups - 1, 1), 0.5 + level / 2))


def normal_quantile(level: float) -> float:
    """Two-sided quantile of the normal distribution."""
    return float(ndtri(0.5 + level / 2))


def leave_one_out(sums: Floats) -> Floats:
    """Totals without each bucket in turn: (fields, buckets, ...) to the same shape."""
    return np.asarray(sums.sum(axis=1, keepdims=True) - sums)


def standard_error(replicates: Floats) -> float:
    """Jackknife standard error from the leave-one-out values of the non-empty buckets (Quenouille, Tukey)."""
    groups = len(replicates)
    if groups < 2:
        return float("inf")
    return float(np.sqrt((groups - 1) / groups * np.square(replicates - replicates.mean()).sum()))


def jackknife(statistic: Statistic, sums: Floats, level: float) -> tuple[float, float, float]:
    """Value, low and high of a smooth statistic of bucket sums.

    `sums` has shape (fields, buckets), empty buckets left out. The interval is value ± t · se with t on (buckets − 1)
    degrees of freedom.
    """
    value = float(statistic(sums.sum(axis=1)))
    spread = critical(level, sums.shape[1]) * standard_error(statistic(leave_one_out(sums)))
    return value, value - spread, value + spread


def bucket_bootstrap(statistic: Statistic, sums: Floats, level: float, draws: int, seed: int) -> tuple[float, float]:
    """Percentile interval of a statistic that is not smooth, from multinomial resamples of the non-empty buckets.

    `sums` has shape (fields, buckets, ...); `statistic` gets (fields, draws, ...). Not for ECE, MCE or smooth
    ECE: their percentile intervals do not cover.
    """
    sums = sums[:, sums[0].reshape(sums.shape[1], -1).sum(axis=1) > 0]
    buckets = sums.shape[1]
    generator = np.random.default_rng(seed)
    weights = generator.multinomial(buckets, np.full(buckets, 1 / buckets), size=draws).astype(float)
    resampled = np.stack([np.tensordot(weights, field, axes=(1, 0)) for field in sums])
    low, high = np.quantile(statistic(resampled), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def benjamini_hochberg(p_values: Floats) -> Floats:
    """Adjusted p-values that control the false discovery rate (Benjamini and Hochberg 1995)."""
    count = len(p_values)
    order = np.argsort(p_values)[::-1]
    scaled = p_values[order] * count / np.arange(count, 0, -1)
    adjusted = np.empty(count)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled), 1.0)
    return adjusted
