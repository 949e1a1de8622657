"""Cohen's kappa of every two raters, and over all of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.analysis.agreement.coefficients import kappa
from engine.analysis.agreement.estimates import TOO_MANY, judgments_of_shared
from engine.analysis.agreement.intervals import estimate
from engine.analysis.agreement.view import View
from engine.analysis.arrays import Floats, Ints, quotient, sum_by
from engine.types import Estimate

MOST_RATERS = 100
"""Raters whose pairs are looked at, those with the most shared judgments: pairs grow as their square."""


@dataclass(frozen=True)
class RaterPairs:
    """Confusions of every two raters with shared units: `low` < `high` raters, `table` rows are of the low one.

    `piece` are the sums by bucket and pair that are not empty, of pair `of` in bucket `group`.
    """

    low: Ints
    high: Ints
    table: Floats
    piece: Floats
    of: Ints
    group: Ints

    @property
    def count(self) -> Floats:
        """The number of units that both judged."""
        return np.asarray(self.table.sum(axis=(1, 2)))


def rater_pairs(view: View) -> RaterPairs:
    """The confusions of every two of the busiest raters, and by bucket."""
    pairs, size = view.pairs(_of_busiest(view)), view.categories
    one, other = view.rater[pairs.one], view.rater[pairs.other]
    key = (one * len(view.raters) + other) * max(view.groups, 1) + view.group[pairs.one]
    found, place = np.unique(key, return_inverse=True)
    cell = (place * size + view.category[pairs.one]) * size + view.category[pairs.other]
    piece = sum_by(cell, np.ones(len(cell)), len(found) * size * size).reshape(-1, size, size)
    both, of = np.unique(found // max(view.groups, 1), return_inverse=True)
    starts = np.flatnonzero(np.append(True, of[1:] != of[:-1])[: len(of)])
    table = np.add.reduceat(piece, starts, axis=0) if len(of) else piece
    return RaterPairs(both // len(view.raters), both % len(view.raters), table, piece, of, found % max(view.groups, 1))


def _of_busiest(view: View) -> Ints:
    """The entries of shared units by the raters with the most of them."""
    shared = view.by_rater(np.ones(int(view.shared.sum())), view.shared)
    busiest = np.lexsort((np.arange(len(shared)), -shared))[:MOST_RATERS]
    return np.flatnonzero(view.shared & np.isin(view.rater, busiest))


def weights(size: int, power: int) -> Floats:
    """Disagreement between categories: 0 or 1 (power 0), or the squared number of steps (power 2)."""
    steps = np.arange(size)
    apart = np.abs(steps[:, None] - steps)
    return np.asarray((apart > 0).astype(float) if power == 0 else apart.astype(float) ** power)


def cohen(view: View, pairs: RaterPairs | None, level: float) -> dict[str, Estimate]:
    """Cohen's kappa and the quadratically weighted one, of two raters or over all pairs of them."""
    if pairs is None:
        none = Estimate(None, level=level, method=TOO_MANY, n=judgments_of_shared(view))
        return {"cohen_kappa": none, "weighted_kappa": none}
    several = int((pairs.count > 1).sum())
    if not several:
        none = Estimate(None, level=level, method="no two annotators share two units", n=judgments_of_shared(view))
        return {"cohen_kappa": none, "weighted_kappa": none}
    what = "two raters" if len(pairs.count) == 1 else f"{several} pairs of raters, weighted by chance disagreement"
    n = round(float(pairs.count.sum()))
    return {
        name: _named(_over_pairs(pairs, weights(view.categories, power), level, n, mirrored=view.mirrored), what)
        for name, power in (("cohen_kappa", 0), ("weighted_kappa", 2))
    }


def of_pairs(pairs: RaterPairs, *, mirrored: bool) -> Floats:
    """The kappa of every two raters; NaN where both used one category only."""
    observed, expected = kappa(pairs.table, weights(pairs.table.shape[1], 0), mirrored=mirrored)
    return 1 - quotient(observed, expected)


def _over_pairs(pairs: RaterPairs, weight: Floats, level: float, n: int, *, mirrored: bool) -> Estimate:
    """1 − Σ observed / Σ expected over pairs; a bucket's absence changes only the pairs that are in it."""
    apart = len(pairs.count) > 1
    whole = np.stack(kappa(pairs.table, weight, mirrored=mirrored, apart=apart))
    left = np.stack(kappa(pairs.table[pairs.of] - pairs.piece, weight, mirrored=mirrored, apart=apart))
    change = left - whole[:, pairs.of]
    groups = np.unique(pairs.group, return_inverse=True)[1]
    moved = np.stack([sum_by(groups, one, int(groups.max()) + 1) for one in change])
    observed, expected = whole.sum(axis=1)[:, None] + np.concatenate([np.zeros((2, 1)), moved], axis=1)
    values = 1 - quotient(observed, expected)
    return estimate(float(values[0]), values[1:], level, n)


def _named(found: Estimate, what: str) -> Estimate:
    return Estimate(found.value, found.low, found.high, found.level, f"{what}; {found.method}", found.n)
