"""Ranks with simultaneous intervals: which items are surely before which, over all pairs at once.

"Tie groups" are not transitive; each item therefore has the least and the greatest rank that it may have. Source:
Mogstad, Romano, Shaikh and Wilhelm 2024, Review of Economic Studies 91:476; the quantile of the largest studentized
difference as in Hothorn, Bretz and Westfall 2008.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from engine.analysis.arrays import Flags, Floats, Ints

DRAWS = 2000
MOST_DRAWN = 64
"""Items beyond which the quantile is Bonferroni's: a little wider, and at no cost."""


@dataclass(frozen=True)
class Ranks:
    """`before[i, j]`: item i is surely stronger than j. `low` and `high` are ranks from 1, shape (items,)."""

    before: Flags
    low: Ints
    high: Ints
    critical: float

    @property
    def firsts(self) -> Ints:
        """The items that may be first."""
        return np.flatnonzero(self.low == 1)


def ranks(strengths: Floats, covariance: Floats, buckets: int, level: float, seed: int) -> Ranks:
    """The ranks that all differences together allow, at `level` for all of them at once.

    `covariance` has shape (items, items); `buckets` is the number of clusters that it was made from.
    """
    items = len(strengths)
    variance = np.diag(covariance)
    deviation = np.sqrt(np.maximum(variance[:, None] + variance[None, :] - 2 * covariance, 0))
    np.fill_diagonal(deviation, np.inf)
    width = critical(covariance, deviation, buckets, level, seed)
    before = strengths[:, None] - strengths[None, :] > width * deviation
    return Ranks(before, 1 + before.sum(axis=0), items - before.sum(axis=1), width)


def critical(covariance: Floats, deviation: Floats, buckets: int, level: float, seed: int) -> float:
    """How many standard errors the largest of all differences stays within, with probability `level`."""
    items = len(covariance)
    freedom = max(buckets - 1, 1)
    if items > MOST_DRAWN:
        pairs = items * (items - 1) / 2
        return float(stdtrit(freedom, 1 - (1 - level) / (2 * pairs)))
    values, directions = np.linalg.eigh(covariance)
    generator = np.random.default_rng(seed)
    drawn = generator.standard_normal((DRAWS, items)) * np.sqrt(np.maximum(values, 0)) @ directions.T
    drawn /= np.sqrt(generator.chisquare(freedom, DRAWS) / freedom)[:, None]
    first, second = np.triu_indices(items, 1)
    largest = np.abs((drawn[:, first] - drawn[:, second]) / deviation[first, second]).max(axis=1)
    return float(np.quantile(largest, level))
