"""Trusting only confident verdicts: how many are left, how often they are right, what the rest costs.

Selective prediction (El-Yaniv and Wiener 2010). A verdict is trusted where its confidence σ(|margin| / temperature)
reaches a threshold; the others go to people. The least threshold whose accuracy is surely high enough is found by
testing thresholds from the highest down and stopping at the first that fails, so that testing many of them costs no
level (fixed-sequence testing; Angelopoulos, Bates, Candès, Jordan and Lei 2021).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from engine.analysis.arrays import Floats
from engine.analysis.calibration.error import CalibrationError, calibration_error
from engine.analysis.calibration.view import FOLDS, View
from engine.analysis.paired import wilson_by_bucket
from engine.types import Estimate

THRESHOLDS = np.concatenate([np.arange(0.5, 0.95, 0.01), np.arange(0.95, 0.996, 0.005)]).round(3)
"""Least confidences that are looked at."""

TEMPERATURES = np.round(np.geomspace(0.25, 8.0, 41), 4)
LEAST_TRUSTED = 30
"""Trusted verdicts below which nothing is said of their accuracy."""

METHOD = "Wilson at the number of independent verdicts that the spread between buckets shows"


@dataclass(frozen=True)
class Trusted:
    """The verdicts at or above a threshold: share of all, accuracy, and the cost of all by 1,000 verdicts, in labels.

    `count` is how many are trusted, `accuracy` has no value where they are too few.
    """

    threshold: float
    count: int
    share: Estimate
    accuracy: Estimate
    cost: float


class Selection:
    """A state at one temperature, its cells in the order of their confidence."""

    def __init__(self, view: View, temperature: float, level: float) -> None:
        self._view = view
        self._level = level
        self._prompts = view.state.prompts.count
        self.confidence = expit(np.abs(view.margin) / temperature)
        observed = view.table.sums[2]
        if not view.paired:
            side = np.sign(view.margin)[view.table.cell]
            count = view.table.sums[0]
            observed = np.where(side > 0, observed, np.where(side < 0, count - observed, count / 2))
        self._right = observed

    def at(self, thresholds: Floats, cost: float) -> list[Trusted]:
        """What trusting from each of these confidences, ascending, gives; a cell goes by its mean margin."""
        counts, right = (self._from(thresholds, values) for values in (self._view.table.sums[0], self._right))
        rows = counts[:, 0]
        whole = float(rows.sum())
        found = []
        for threshold, trusted, correct in zip(thresholds.tolist(), counts.T[1:], right.T[1:], strict=True):
            kept = float(trusted.sum())
            value, low, high, _ = wilson_by_bucket(trusted, rows, self._prompts, self._level)
            share = Estimate(value, low, high, self._level, METHOD, round(whole))
            wrong = kept - float(correct.sum())
            price = 1000 * (wrong * cost + whole - kept) / whole
            found.append(Trusted(threshold, round(kept), share, self._accuracy(trusted, correct), price))
        return found

    def _from(self, thresholds: Floats, values: Floats) -> Floats:
        """Sums of `values` by bucket, of all keys and of those from each threshold on: (buckets, thresholds + 1)."""
        table, parts = self._view.table, len(thresholds) + 1
        part = np.searchsorted(thresholds - 1e-12, self.confidence, side="right")
        key = table.at_keys(np.arange(len(table.starts)) * parts) + part[table.cell]
        sums = np.bincount(key, values, len(table.starts) * parts).reshape(-1, parts)
        return np.asarray(np.cumsum(sums[:, ::-1], axis=1)[:, ::-1])

    def _accuracy(self, counts: Floats, right: Floats) -> Estimate:
        filled = counts > 0
        if counts.sum() < LEAST_TRUSTED or filled.sum() < 2:
            return Estimate(None, level=self._level, method=f"needs {LEAST_TRUSTED} trusted verdicts")
        value, low, high, _ = wilson_by_bucket(right[filled], counts[filled], self._prompts, self._level)
        return Estimate(value, low, high, self._level, METHOD, round(float(counts.sum())))

    def error(self) -> CalibrationError:
        """The cluster-debiased calibration error of the tempered confidences."""
        view = self._view
        tempered = self.confidence if view.paired else np.where(view.margin < 0, 1 - self.confidence, self.confidence)
        residual = view.residual_by_fifteen(np.tile(tempered, (FOLDS, 1)))
        return calibration_error(view.count_by_fifteen, residual, self._level)


def least_threshold(course: list[Trusted], target: float) -> Trusted | None:
    """The last of the thresholds, from the highest with enough verdicts down, whose accuracy is surely high enough."""
    found = None
    for each in sorted(course, key=lambda one: -one.threshold):
        if each.accuracy.value is None:
            continue
        if each.accuracy.low is None or each.accuracy.low < target:
            break
        found = each
    return found
