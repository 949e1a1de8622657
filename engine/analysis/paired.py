"""Tests and intervals for two systems on the same prompts: McNemar, sign flips, Wilson, Holm."""

from __future__ import annotations

import numpy as np
from scipy.special import bdtr, ndtr, ndtri, stdtrit

from engine.analysis.arrays import Floats

FLIPS_AT_ONCE = 512


def mcnemar(first_only: int, second_only: int) -> tuple[float, float]:
    """Exact and mid-p two-sided p-values of two systems of equal accuracy (McNemar 1947; Fagerland et al. 2013).

    Prompts that only the first (only the second) has right; given their number, either is as likely as the other.
    """
    count, least = first_only + second_only, min(first_only, second_only)
    if first_only == second_only:
        return 1.0, 1.0
    exact, fewer = (float(bdtr(most, count, 0.5)) if most >= 0 else 0.0 for most in (least, least - 1))
    return min(1.0, 2 * exact), min(1.0, exact + fewer)


def sign_flips(sums: Floats, draws: int, seed: int) -> Floats:
    """Two-sided p-values of no difference, from random signs of whole buckets (Fisher's randomisation).

    `sums` holds summed differences, shape (buckets, pairs); shape (pairs,) comes back. Where each bucket's sum is as
    likely as its negative, the level is exact; the least possible value is 1 / (draws + 1).
    """
    observed = np.abs(sums.sum(axis=0))
    least = observed - 1e-9 * np.abs(sums).sum(axis=0)
    reached = np.zeros(sums.shape[1])
    generator = np.random.default_rng(seed)
    for start in range(0, draws, FLIPS_AT_ONCE):
        size = min(FLIPS_AT_ONCE, draws - start)
        bits = np.unpackbits(generator.integers(0, 256, (size, -(-len(sums) // 8)), np.uint8), axis=1)[:, : len(sums)]
        flipped = np.abs((2.0 * bits - 1.0) @ sums)
        reached += (flipped >= least).sum(axis=0)
    return np.asarray((reached + 1) / (draws + 1))


def holm(p_values: Floats) -> Floats:
    """Adjusted p-values that control the chance of any false rejection (Holm 1979)."""
    count = len(p_values)
    order = np.argsort(p_values, kind="stable")
    scaled = p_values[order] * np.arange(count, 0, -1)
    adjusted = np.empty(count)
    adjusted[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return adjusted


def wilson(share: float, count: float, quantile: float) -> tuple[float, float]:
    """Wilson's score interval (1927) of a share of `count` independent trials; `quantile` e.g. 1.96."""
    square = quantile**2 / count
    centre = (share + square / 2) / (1 + square)
    spread = quantile / (1 + square) * float(np.sqrt(share * (1 - share) / count + square / (4 * count)))
    return max(0.0, centre - spread), min(1.0, centre + spread)


def largest_quantile(influences: Floats, level: float, draws: int, seed: int) -> float:
    """The quantile at which intervals of all columns hold together, for Student's t on (buckets − 1).

    `influences` are those of each bucket on each estimate, shape (buckets, estimates): normal weights on buckets give
    the largest |t| of all (multiplier bootstrap: Chernozhukov, Chetverikov and Kato 2013).
    """
    size = np.sqrt(np.square(influences).sum(axis=0))
    scaled = influences[:, size > 0] / size[size > 0]
    if scaled.shape[1] < 2:
        largest = float(ndtri(0.5 + level / 2))
    else:
        factor = _small_root(scaled)
        weights = np.random.default_rng(seed).standard_normal((draws, len(factor)))
        largest = float(np.quantile(np.abs(weights @ factor).max(axis=1), level))
    return float(stdtrit(max(len(influences) - 1, 1), ndtr(largest)))


def _small_root(scaled: Floats) -> Floats:
    """A matrix with the same products of columns and no more rows than columns: fewer weights have to be drawn."""
    if len(scaled) <= scaled.shape[1]:
        return scaled
    values, vectors = np.linalg.eigh(scaled.T @ scaled)
    return np.asarray(np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T)


def wilson_by_bucket(sums: Floats, counts: Floats, prompts: int, level: float) -> tuple[float, float, float, float]:
    """Value, low, high and standard error of the share Σ sums / Σ counts, by filled bucket.

    Wilson's interval at the number of independent rows that have the jackknife's variance between buckets; where there
    is none to see, as many as there are prompts.
    """
    groups = len(sums)
    value = float(np.clip(sums.sum() / counts.sum(), 0.0, 1.0))
    rest = counts.sum() - counts
    replicates = np.divide(sums.sum() - sums, rest, out=np.full(groups, value), where=rest > 0)
    error = float(np.sqrt((groups - 1) / groups * np.square(replicates - replicates.mean()).sum()))
    alone = value * (1 - value) / error**2 if error > 0 else float(prompts)
    quantile = float(stdtrit(max(groups - 1, 1), 0.5 + level / 2))
    return value, *wilson(value, max(alone, 1.0), quantile), error
