"""Whether two windows have the same shares of bins or categories, allowing for rows of a prompt that go together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import fdtrc

from engine.analysis.arrays import Flags, Floats


@dataclass(frozen=True)
class Shares:
    """By later window: the squared distance Σ (q − p)² / m of shares, m their mean, and what is known of its chance.

    `trace` and `square` are the sum of the eigenvalues, and of their squares, of the covariance of (q − p) / √m by
    bucket: what the distance is on average, and half its variance, where nothing moved. `error`: jackknife standard
    error of `distance`.
    """

    distance: Floats
    trace: Floats
    square: Floats
    error: Floats

    def p_value(self, place: int, groups: int) -> float:
        """Of equal shares: Rao and Scott's second-order correction of the chi-square test (1984), as an F test.

        Where no bucket differs from the others, the chance that as many coins fall alike.
        """
        if self.trace[place] <= 1e-300:
            return float(2.0 ** (1 - groups)) if self.distance[place] > 0 else 1.0
        degrees = self.trace[place] ** 2 / self.square[place]
        return float(fdtrc(degrees, degrees * (groups - 1), self.distance[place] / self.trace[place]))

    def cramers_v(self, place: int, quantile: float) -> tuple[float, float, float]:
        """Low, value and high of Cramér's V as if both windows had as many rows, less what chance alone would give.

        V² is a quarter of the distance. The interval is that of V² less its expectation by chance, mapped by the root.
        """
        middle = self.distance[place] - self.trace[place]
        reach = quantile * self.error[place]
        low, value, high = (float(np.sqrt(max(one, 0.0) / 4)) for one in (middle - reach, middle, middle + reach))
        return min(low, 1.0), min(value, 1.0), min(high, 1.0)


def homogeneity(count: Floats, later: list[int]) -> Shares:
    """Each of the windows `later` against window 0, of rows by window, bucket and bin."""
    count = count[[0, *later]]
    count = count[:, :, count.sum(axis=(0, 1)) > 0]
    filled = count.sum(axis=2) > 0
    kept = filled[0] | filled[1:]
    groups = kept.sum(axis=1)
    total = count.sum(axis=1)
    rows = total.sum(axis=1)
    share = total / rows[:, None]
    first, others = share[0], share[1:]
    mean = (first + others) / 2
    weight = np.divide(1.0, mean, out=np.zeros_like(mean), where=mean > 0)
    distance = (np.square(others - first) * weight).sum(axis=1)
    own = (count - share[:, None] * count.sum(axis=2, keepdims=True)) / rows[:, None, None]
    influence = (own[1:] - own[0]) * np.sqrt(weight)[:, None]
    covariance = np.matmul(influence.transpose(0, 2, 1), influence) * (groups / (groups - 1))[:, None, None]
    return Shares(
        distance,
        np.trace(covariance, axis1=1, axis2=2),
        np.square(covariance).sum(axis=(1, 2)),
        _errors(count, total, kept),
    )


def _errors(count: Floats, total: Floats, kept: Flags) -> Floats:
    """Jackknife standard error of the distance of each later window."""
    without = total[:, None] - count
    share = without / without.sum(axis=2, keepdims=True)
    off, both = share[1:] - share[0], share[1:] + share[0]
    replicates = np.divide(2 * off * off, both, out=np.zeros_like(off), where=both > 0).sum(axis=2)
    groups = kept.sum(axis=1)
    middle = np.where(kept, replicates, 0).sum(axis=1) / groups
    spread = np.square(np.where(kept, replicates - middle[:, None], 0)).sum(axis=1)
    return np.asarray(np.sqrt((groups - 1) / groups * spread))
