"""Rulers: preferring the answer that has more of one feature, right how often."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr

from engine.analysis.arrays import Flags, Floats, Ints, sum_by
from engine.analysis.paired import wilson_by_bucket
from engine.analysis.records import Records
from engine.types import Estimate

SIDES = (".a", ".b")
WILSON = "Wilson at the number of independent rows that the spread between buckets shows"


@dataclass(frozen=True)
class Pairs:
    """What the audit looks at: by row the difference a − b of each feature (NaN unknown), label, margin, bucket."""

    difference: dict[str, Floats]
    balance: dict[str, Floats]
    label: Floats
    margin: Floats
    bucket: Ints


def pairs_of(records: Records) -> Pairs:
    """The pairs of the records; `balance` is (a − b) / (a + b), 0 where both are 0."""
    columns = records.columns
    features = sorted(name.removesuffix(".a") for name in columns if name.endswith(".a"))
    difference, balance = {}, {}
    for feature in features:
        a, b = (columns[feature + side] for side in SIDES)
        difference[feature] = a - b
        total = np.abs(a) + np.abs(b)
        balance[feature] = np.where(total > 0, (a - b) / np.where(total > 0, total, 1.0), 0.0 * total)
    return Pairs(difference, balance, columns["label"], columns["margin"], records.bucket)


def right(difference: Floats, label: Floats) -> Floats:
    """1, 0 or the label's share where more of the feature is preferred, ½ where both have as much, NaN unknown."""
    marks = np.where(difference > 0, label, 1 - label)
    return np.where(np.isnan(difference), np.nan, np.where(difference == 0, 0.5, marks))


@dataclass(frozen=True)
class Share:
    """How often a ruler is right, with what its interval and test rest on."""

    estimate: Estimate
    p_value: float


def share(marks: Floats, bucket: Ints, kept: Flags, prompts: int, level: float) -> Share:
    """The share of right marks among those `kept` and known, and the p-value of it being ½."""
    known = kept & np.isfinite(marks)
    filled, place = np.unique(bucket[known], return_inverse=True)
    sums, counts = (sum_by(place, each, len(filled)) for each in (marks[known], np.ones(len(place))))
    value, low, high, error = wilson_by_bucket(sums, counts, prompts, level)
    if error > 0:
        p_value = float(2 * stdtr(max(len(filled) - 1, 1), -abs(value - 0.5) / error))
    else:
        p_value = 1.0 if value == 0.5 else min(1.0, 2 * 0.5**prompts)
    return Share(Estimate(value, low, high, level, WILSON, int(counts.sum())), p_value)
