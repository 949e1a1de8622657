"""Ranks with simultaneous intervals: which items are surely before which, over all pairs at once.

"Tie groups" are not transitive; each item therefore has the least and the greatest rank that it may have. Source:
Mogstad, Romano, Shaikh and Wilhelm 2024, Review of Economic Studies 91:476; the quantile of the largest studentized
difference as in Hothorn, Bretz and Westfall 2008, Biometrical Journal 50:346.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from engine.analysis.arrays import Flags, Floats, Ints
from engine.analysis.ranking.fitted import Fitted

DRAWS = 2000
MOST_PAIRS = 1000
"""Pairs beyond which the quantile is Bonferroni's: a little wider, and at no cost."""

SIMULATION = 2.0
"""Standard errors by which the quantile is taken higher: it is known from draws, and ranks must hold all the same."""

BLOCK = 500
"""Pairs looked at together: bounds memory."""


@dataclass(frozen=True)
class Ranks:
    """`before[i, j]`: item i is surely stronger than j. `low` and `high` are ranks from 1, shape (items,).

    `critical` is how many standard errors apart two items have to be.
    """

    before: Flags
    low: Ints
    high: Ints
    critical: float

    @property
    def firsts(self) -> Ints:
        """The items that may be first."""
        return np.flatnonzero(self.low == 1)


def ranks(fitted: Fitted, level: float, seed: int, draws: Floats | None = None) -> Ranks:
    """The ranks that all differences together allow, at `level` for all of them at once.

    `draws` are strengths of bootstrap resamples, shape (draws, items); without them errors are taken for normal.
    """
    strengths, items = fitted.strengths, len(fitted.strengths)
    width = largest(fitted, *np.triu_indices(items, 1), level, seed, draws)
    before = strengths[:, None] - strengths[None, :] > width * fitted.deviation
    return Ranks(before, 1 + before.sum(axis=0), items - before.sum(axis=1), width)


def gap_width(fitted: Fitted, found: Ranks, level: float, seed: int, draws: Floats | None = None) -> float:
    """How many standard errors the difference of first and second stays within, whichever items they are.

    The two are chosen by the same data. All pairs of an item that may be first and one that may be second are taken
    together, so that the choice among them does no harm; where there is only one such pair, nothing was chosen.
    """
    first, second = np.nonzero((found.low == 1)[:, None] & (found.low <= 2)[None, :])
    once = (first < second) | (found.low[second] > 1)
    return largest(fitted, first[once], second[once], level, seed, draws)


def largest(fitted: Fitted, first: Ints, second: Ints, level: float, seed: int, draws: Floats | None = None) -> float:
    """How many standard errors the largest of these differences stays within, with probability `level`.

    `first` and `second` are the items of each difference.
    """
    if draws is None and (len(first) > MOST_PAIRS or len(first) < 2):
        freedom = max(fitted.buckets - 1, 1)
        return float(stdtrit(freedom, 1 - (1 - level) / (2 * max(len(first), 1))))
    items, place = np.unique(np.concatenate([first, second]), return_inverse=True)
    errors = _normal(fitted, items, seed) if draws is None else (draws - fitted.strengths)[:, items]
    one, other = place.reshape(2, -1)
    deviation = fitted.deviation[first, second]
    most = np.zeros(len(errors))
    for start in range(0, len(one), BLOCK):
        part = slice(start, start + BLOCK)
        apart = np.abs((errors[:, one[part]] - errors[:, other[part]]) / deviation[part])
        np.maximum(most, apart.max(axis=1), out=most)
    return float(np.quantile(most, min(level + SIMULATION * np.sqrt(level * (1 - level) / len(most)), 1.0)))


def _normal(fitted: Fitted, items: Ints, seed: int) -> Floats:
    """Errors of these items' strengths as their covariance has them, with the spread of few clusters."""
    freedom = max(fitted.buckets - 1, 1)
    values, directions = np.linalg.eigh(fitted.covariance[np.ix_(items, items)])
    generator = np.random.default_rng(seed)
    drawn = generator.standard_normal((DRAWS, len(items))) * np.sqrt(np.maximum(values, 0)) @ directions.T
    return np.asarray(drawn / np.sqrt(generator.chisquare(freedom, DRAWS) / freedom)[:, None])
