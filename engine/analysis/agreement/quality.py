"""How often each rater is right, as Dawid and Skene's model has it, and how sure the consensus is; with intervals."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engine.analysis.agreement.dawid_skene import Fit, Words, fit, refits
from engine.analysis.agreement.intervals import estimate
from engine.analysis.agreement.view import View
from engine.analysis.arrays import Flags, Floats, Ints
from engine.analysis.intervals import critical
from engine.types import Estimate

LEAST_UNITS = 30
"""Units of three raters or more: without them the model cannot tell who of two raters is wrong."""

GROUPS = 32
SMOOTHING = 1.0
"""Made-up words a rater and true category: keeps raters of few words from probabilities of 0 and 1."""

MOST_JUDGMENTS = 12_000
"""Judgments that the model is fitted to: of more, those of the units with the smallest hashes. Bounds the time."""

IDENTIFIED = f"fewer than {LEAST_UNITS} units of three raters or more: who is right cannot be told"
METHOD = f"Dawid-Skene, jackknife over {GROUPS} groups of buckets"


@dataclass(frozen=True)
class Quality:
    """`value`, `low`, `high` of shape (raters,), NaN for who is not among `raters`: the places of those in the fit."""

    value: Floats
    low: Floats
    high: Floats
    certainty: Estimate
    fit: Fit
    raters: Ints

    def confusion(self, rater: int) -> Floats:
        """P(said | true) of one of the raters in the fit, rows true."""
        return np.asarray(self.fit.confusion[np.searchsorted(self.raters, rater)])


def quality(view: View, level: float) -> Quality | None:
    """The fit with delete-group intervals; None where the units do not tell who is right."""
    chosen = _sample(view)
    units, unit = np.unique(view.unit[chosen], return_inverse=True)
    if view.categories < 2 or int((view.judgments.sizes[units] >= 3).sum()) < LEAST_UNITS:
        return None
    raters, rater = np.unique(view.rater[chosen], return_inverse=True)
    group = view.group[view.judgments.starts[units]] % GROUPS
    words = Words(unit, rater, view.category[chosen], len(units), len(raters), view.categories)
    if view.mirrored:
        words, group = words.mirrored(), np.concatenate([group, group])
    whole = fit(words, SMOOTHING)
    filled = np.unique(group)
    parts = refits(words, whole, (group[:, None] != filled).astype(float), SMOOTHING)
    spread = np.stack([part.quality for part in parts])
    error = np.sqrt(np.square(spread - spread.mean(axis=0)).sum(axis=0) * (len(parts) - 1) / len(parts))
    value, reach = whole.quality, critical(level, len(parts)) * error
    ends = value, np.maximum(value - reach, 0), np.minimum(value + reach, 1)
    value, low, high = (_of_all(one, raters, len(view.raters)) for one in ends)
    return Quality(value, low, high, _certainty(whole, parts, level, int(chosen.sum())), whole, raters)


def _of_all(values: Floats, raters: Ints, size: int) -> Floats:
    """The values at the places of their raters, NaN elsewhere."""
    found = np.full(size, np.nan)
    found[raters] = values
    return found


def _certainty(whole: Fit, parts: list[Fit], level: float, n: int) -> Estimate:
    found = estimate(whole.certainty, np.array([part.certainty for part in parts]), level, n, (0.0, 1.0))
    return replace(found, method=METHOD)


def _sample(view: View) -> Flags:
    """The entries of shared units, as many whole units in the order of their hashes as the model is fitted to."""
    shared = view.judgments.sizes >= 2
    taken = np.cumsum(view.judgments.sizes * shared) <= MOST_JUDGMENTS
    return np.asarray((shared & taken)[view.unit])
