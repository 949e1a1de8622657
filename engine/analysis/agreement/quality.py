"""How often each rater is right, as Dawid and Skene's model has it, and how sure the consensus is; with intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.analysis.agreement.dawid_skene import Fit, Words, fit, refits
from engine.analysis.agreement.intervals import estimate
from engine.analysis.agreement.view import View
from engine.analysis.arrays import Flags, Floats
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
    """`value`, `low`, `high` of shape (raters,), NaN for raters of no shared unit; `fit` of all shared units."""

    value: Floats
    low: Floats
    high: Floats
    certainty: Estimate
    fit: Fit


def quality(view: View, level: float) -> Quality | None:
    """The fit with delete-group intervals; None where the units do not tell who is right."""
    sizes = view.judgments.sizes
    if not view.categories or int((sizes >= 3).sum()) < LEAST_UNITS or view.categories < 2:
        return None
    chosen = _sample(view)
    found, unit = (part.astype(np.int64) for part in np.unique(view.unit[chosen], return_inverse=True))
    group = view.group[view.judgments.starts[found]] % GROUPS
    words = Words(unit, view.rater[chosen], view.category[chosen], len(group), len(view.raters), view.categories)
    if view.mirrored:
        words, group = words.mirrored(), np.concatenate([group, group])
    whole = fit(words, SMOOTHING)
    filled = np.unique(group)
    parts = refits(words, whole, (group[:, None] != filled).astype(float), SMOOTHING)
    said = view.by_rater(np.ones(int(chosen.sum())), chosen) > 0
    value = np.where(said, whole.quality, np.nan)
    spread = np.stack([part.quality for part in parts])
    error = np.sqrt(np.square(spread - spread.mean(axis=0)).sum(axis=0) * (len(parts) - 1) / len(parts))
    reach = critical(level, len(parts)) * error
    certainty = estimate(
        whole.certainty, np.array([part.certainty for part in parts]), level, int(chosen.sum()), (0.0, 1.0)
    )
    certainty = Estimate(certainty.value, certainty.low, certainty.high, level, METHOD, certainty.n)
    return Quality(value, np.maximum(value - reach, 0), np.minimum(value + reach, 1), certainty, whole)


def _sample(view: View) -> Flags:
    """The entries of shared units, as many whole units in the order of their hashes as the model is fitted to."""
    shared = view.judgments.sizes >= 2
    taken = np.cumsum(view.judgments.sizes * shared) <= MOST_JUDGMENTS
    return np.asarray((shared & taken)[view.unit])
