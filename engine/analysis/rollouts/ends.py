"""The first steps against the last: each number at both ends, and how far it moved."""

from __future__ import annotations

import numpy as np

from engine.analysis.arrays import Flags, Floats, quotient
from engine.analysis.intervals import LEAST_BUCKETS, jackknife
from engine.analysis.paired import wilson_by_bucket
from engine.analysis.rollouts.course import spread
from engine.analysis.rollouts.windows import Placed
from engine.types import Estimate

MEAN = "mean over answers of these steps; jackknife by bucket of prompts"
CHANGE = "last less first; jackknife by bucket of prompts, which may stand at both ends"
SHARE = "share; Wilson at the number of independent prompts that the spread between buckets shows"
SPREAD = "standard deviation of the rewards of these steps; jackknife by bucket of prompts"
TOO_FEW = "; too few prompts for an interval"


class Ends:
    """Estimates of the first and last steps. Below `least` prompts, or ten buckets, they have no interval."""

    def __init__(self, found: Placed, asked: int, least: int, level: float) -> None:
        self.first, self.last, self.size = found.ends(asked, least)
        self._found, self._least, self._level = found, least, level

    def moved(self, name: str, values: Floats) -> dict[str, Estimate]:
        """`<name>_first`, `_last` and, with more than one step, `_change` of a mean; empty where an end has none."""
        known = np.isfinite(values)
        sides = [known & side for side in (self.first, self.last)]
        if not all(side.any() for side in sides):
            return {}
        if len(self._found.steps) < 2:
            return {f"{name}_last": self._mean(values, sides[1])}
        return {
            f"{name}_first": self._mean(values, sides[0]),
            f"{name}_last": self._mean(values, sides[1]),
            f"{name}_change": self._change(values, *sides),
        }

    def share(self, name: str, marks: Floats) -> dict[str, Estimate]:
        """`<name>_first` and `_last` of a share of marks (0 or 1, NaN unknown)."""
        known = np.isfinite(marks)
        ends = {"first": self.first, "last": self.last} if len(self._found.steps) > 1 else {"last": self.last}
        return {f"{name}_{end}": self._share(marks, known & side) for end, side in ends.items() if (known & side).any()}

    def spread(self) -> dict[str, Estimate]:
        """The standard deviation of rewards at the last steps."""
        about = self._found.reward - self._found.reward[self.last].mean()
        sums = self._sums(self.last, [np.ones(len(about)), about, about * about])
        value = float(spread(sums.sum(axis=1)))
        if not np.isfinite(value):
            return {}
        if not self._enough(self.last, sums):
            return {"reward_spread": self._bare(value, SPREAD, self.last)}
        _, low, high = jackknife(spread, sums, self._level)
        return {"reward_spread": Estimate(value, max(low, 0.0), high, self._level, SPREAD, int(self.last.sum()))}

    def _mean(self, values: Floats, side: Flags) -> Estimate:
        sums = self._sums(side, [side.astype(float), np.where(side, values, 0.0)])
        if not self._enough(side, sums):
            return self._bare(float(values[side].mean()), MEAN, side)
        told = jackknife(lambda part: quotient(part[1], part[0]), sums, self._level)
        return Estimate(*told, self._level, MEAN, int(side.sum()))

    def _change(self, values: Floats, first: Flags, last: Flags) -> Estimate:
        either = first | last
        fields = [part for side in (first, last) for part in (side.astype(float), np.where(side, values, 0.0))]
        sums = self._sums(either, fields)
        value = float(_difference(sums.sum(axis=1)))
        enough = all(self._enough(side, self._sums(side, [side.astype(float)])) for side in (first, last))
        if not enough:
            return self._bare(value, CHANGE, either)
        _, low, high = jackknife(_difference, sums, self._level)
        return Estimate(value, low, high, self._level, CHANGE, int(either.sum()))

    def _share(self, marks: Floats, side: Flags) -> Estimate:
        counts, sums = self._sums(side, [side.astype(float), np.where(side, marks, 0.0)])
        if not self._enough(side, counts[None]):
            return self._bare(float(marks[side].mean()), SHARE, side)
        prompts = self._found.prompts_of(side)
        value, low, high, _ = wilson_by_bucket(sums, counts, prompts, self._level)
        return Estimate(value, low, high, self._level, SHARE, int(side.sum()))

    def _sums(self, side: Flags, fields: list[Floats]) -> Floats:
        """Sums by filled bucket over the rows of a side, shape (fields, buckets)."""
        return self._found.filled(side, fields)

    def _enough(self, side: Flags, sums: Floats) -> bool:
        return sums.shape[1] >= LEAST_BUCKETS and self._found.prompts_of(side) >= self._least

    def _bare(self, value: float, method: str, side: Flags) -> Estimate:
        return Estimate(value, level=self._level, method=method + TOO_FEW, n=int(side.sum()))


def _difference(sums: Floats) -> Floats:
    return np.asarray(quotient(sums[3], sums[2]) - quotient(sums[1], sums[0]))
