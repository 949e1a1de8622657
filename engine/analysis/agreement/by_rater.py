"""Shares of each rater with their intervals, all raters at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from engine.analysis.agreement.view import View
from engine.analysis.arrays import Flags, Floats, Ints, quotient, sum_by
from engine.analysis.intervals import normal_quantile


@dataclass(frozen=True)
class Shares:
    """A number of each rater, its interval and how many buckets and judgments it rests on: each of shape (raters,).

    NaN where there is none; `low` and `high` NaN where there are fewer than two buckets. `error`: the standard error.
    """

    value: Floats
    low: Floats
    high: Floats
    error: Floats
    buckets: Ints
    n: Floats
    shift: float = np.nan
    """What was taken from a share to give its value; NaN where the values are no shares."""

    def p_values(self, null: Floats | float) -> Floats:
        """Two-sided p of each being `null`, by Student's t; of a share that is 0 or 1 in every bucket, by these alone.

        1 where there is no interval, or no spread elsewhere.
        """
        with np.errstate(invalid="ignore", divide="ignore"):
            score = np.abs(self.value - null) / self.error
        found = 2 * stdtr(np.maximum(self.buckets - 1, 1), -score)
        share, under = self.value + self.shift, null + self.shift
        other = np.where(share == 0, 1 - under, np.where(share == 1, under, 1.0))
        found = np.where(self.error > 0, found, np.minimum(2 * other**self.buckets, 1))
        return np.where(np.isfinite(found) & (self.buckets >= 2), found, 1.0)


def shares(
    view: View, above: Floats, below: Floats | Flags, entries: Flags, level: float, shift: float = 0.0
) -> Shares:
    """Σ above / Σ below − shift of each rater over these entries, which the values are of."""
    piece, rater = _pieces(view, entries)
    sums = np.stack([sum_by(piece, values, len(rater)) for values in (above, below)])
    total = _of_raters(view, rater, sums)
    value = quotient(*total)
    part = quotient(*(total[:, rater] - sums))
    counted = _of_raters(view, rater, (sums[1:] > 0).astype(float))[0].astype(np.int64)
    found = _with_interval(view, rater, value, np.where(sums[1] > 0, part, value[rater]), counted, level)
    reach = normal_quantile(level) ** 2 / (counted + normal_quantile(level) ** 2)
    with np.errstate(invalid="ignore"):
        low = np.where(value == 1, 1 - reach, np.where(value == 0, 0.0, np.maximum(found[0], 0)))
        high = np.where(value == 0, reach, np.where(value == 1, 1.0, np.minimum(found[1], 1)))
    return Shares(value - shift, low - shift, high - shift, found[2], counted, total[1], shift)


def differences(view: View, above: Floats, below: Floats | Flags, later: Flags, entries: Flags, level: float) -> Shares:
    """The share among the later entries less that among the earlier ones, of each rater."""
    piece, rater = _pieces(view, entries)
    halves = [later, ~later]
    sums = np.stack([sum_by(piece, values * half, len(rater)) for half in halves for values in (above, below)])
    total = _of_raters(view, rater, sums)
    rest = total[:, rater] - sums
    value = quotient(total[0], total[1]) - quotient(total[2], total[3])
    part = quotient(rest[0], rest[1]) - quotient(rest[2], rest[3])
    counted = _of_raters(view, rater, (sums[1:2] + sums[3:4] > 0).astype(float))[0].astype(np.int64)
    low, high, error = _with_interval(view, rater, value, part, counted, level)
    return Shares(value, np.maximum(low, -1), np.minimum(high, 1), error, counted, total[1] + total[3])


def _pieces(view: View, entries: Flags) -> tuple[Ints, Ints]:
    """The place of each entry among the pairs of rater and bucket that occur, and the rater of each such pair."""
    key = view.rater[entries] * max(view.groups, 1) + view.group[entries]
    found, place = np.unique(key, return_inverse=True)
    return place.astype(np.int64), found // max(view.groups, 1)


def _of_raters(view: View, rater: Ints, sums: Floats) -> Floats:
    return np.stack([sum_by(rater, one, len(view.raters)) for one in sums])


def _with_interval(
    view: View, rater: Ints, value: Floats, part: Floats, counted: Ints, level: float
) -> tuple[Floats, Floats, Floats]:
    """Low, high and standard error from the values without each bucket in turn, `part`: one a rater and bucket."""
    groups = np.maximum(counted, 1)
    centred = part - value[rater]
    first, second = (_of_raters(view, rater, np.stack([centred**power]))[0] for power in (1, 2))
    error = np.sqrt(np.maximum(second - first**2 / groups, 0) * (groups - 1) / groups)
    error = np.where(counted >= 2, error, np.nan)
    reach = stdtrit(np.maximum(groups - 1, 1), 0.5 + level / 2) * error
    return value - reach, value + reach, error
