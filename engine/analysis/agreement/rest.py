"""Each rater against the others: the majority of the rest, and agreement if they were left out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from engine.analysis.agreement.coefficients import alpha, kappa
from engine.analysis.agreement.estimates import coincidences, held
from engine.analysis.agreement.intervals import estimate
from engine.analysis.agreement.kappas import weights
from engine.analysis.agreement.view import View
from engine.analysis.arrays import Flags, Floats, Ints, quotient, sum_by
from engine.types import Estimate


class Rest:
    """What the others said about each judged unit."""

    def __init__(self, view: View) -> None:
        self.view = view

    @cached_property
    def _others(self) -> Floats:
        others: Floats = self.view.unit_counts[self.view.unit]
        others[np.arange(len(self.view)), self.view.category] -= 1
        return others

    @cached_property
    def majority(self) -> Ints:
        """The category that most others chose, −1 where two are chosen most often or nobody else judged."""
        most = self._others.max(axis=1)
        alone = (self._others == most[:, None]).sum(axis=1) == 1
        return np.asarray(np.where((most > 0) & alone, self._others.argmax(axis=1), -1))

    @cached_property
    def known(self) -> Flags:
        """The entries on whose unit the others have a majority."""
        return np.asarray(self.majority >= 0)

    @cached_property
    def agrees(self) -> Floats:
        """Of the known entries: 1 where the rater says what the others say."""
        return np.asarray((self.view.category == self.majority)[self.known], float)

    def kappas(self, raters: Ints) -> Floats:
        """Cohen's kappa of each of these raters with the majority of the others; NaN where both know one category."""
        view, size = self.view, self.view.categories
        place = np.full(len(view.raters), -1)
        place[raters] = np.arange(len(raters))
        known = self.known & (place[view.rater] >= 0)
        cell = (place[view.rater] * size + view.category) * size + self.majority
        tables = sum_by(cell[known], np.ones(int(known.sum())), len(raters) * size * size)
        observed, expected = kappa(tables.reshape(-1, size, size), weights(size, 0), mirrored=view.mirrored)
        return np.asarray(1 - quotient(observed, expected))


@dataclass(frozen=True)
class Without:
    """Krippendorff's nominal alpha of all but one rater, and how much larger it is than that of all."""

    alpha: Estimate
    gain: Estimate


def without(view: View, rater: int, all_of: Floats, level: float) -> Without:
    """Agreement if one rater were left out. `all_of`: the coincidences of all raters by bucket."""
    size = view.categories
    of_rater = np.flatnonzero(view.rater == rater)
    units = view.unit[of_rater]
    count = view.unit_counts[units]
    less = count.copy()
    less[np.arange(len(units)), view.category[of_rater]] -= 1
    change = _coincidences(less) - _coincidences(count)
    key = (view.group[of_rater][:, None] * size * size + np.arange(size * size)).ravel()
    change = sum_by(key, change.ravel(), view.groups * size * size).reshape(-1, size, size)
    filled = held(view)
    steps = np.arange(size, dtype=float)
    values = []
    for sums in (all_of + change, all_of):
        whole = sums.sum(axis=0)
        values.append([alpha(part, steps, "nominal", mirrored=view.mirrored) for part in (whole, whole - sums[filled])])
    (left, lefts), (total, totals) = values
    n = int(view.shared.sum())
    return Without(
        estimate(float(left), lefts, level, n), estimate(float(left - total), lefts - totals, level, n, (-2.0, 2.0))
    )


def _coincidences(count: Floats) -> Floats:
    """The coincidences of units from how many raters chose each category: (units, categories, categories)."""
    raters = count.sum(axis=1)
    pairs = count[:, :, None] * count[:, None, :] - count[:, :, None] * np.eye(count.shape[1])
    return np.asarray(pairs / np.maximum(raters - 1, 1)[:, None, None])


def without_each(view: View, raters: Ints, level: float) -> list[Without]:
    """The same of each of these raters."""
    every = coincidences(view, view.category, view.categories)
    return [without(view, int(rater), every, level) for rater in raters]
