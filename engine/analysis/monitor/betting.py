"""A betting e-process: evidence, at any time, that the mean of what comes next lies above a bound.

The null: given all that came before, the mean of the next values in [0, 1] is at most `mean`. Somebody who does not
believe it bets shares of their wealth on each period's values; their wealth exceeds 1 / α at any time with probability
at most α (Ville), without any exchangeability (Waudby-Smith and Ramdas 2024). The stakes are spread over shares (those
of `engine.analysis.sequences`) and over the period t at which to begin, 1 / (t (t + 1)) on each: a late change is found
at the cost of about 2 ln t of log wealth (Shin, Ramdas and Rinaldo 2023 for such starts). Every bet is settled before
the period that it is on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from engine.analysis.arrays import Floats, Ints
from engine.analysis.monitor.detector import Detector
from engine.analysis.sequences import BETS, confidence_sequence


@dataclass(frozen=True, kw_only=True)
class Betting(Detector):
    """The wealth of the bets that have begun, by share, as logs. It rings once; `seen` counts periods."""

    mean: float
    alpha: float = 0.01
    begun: tuple[float, ...] = (-np.inf,) * len(BETS)

    def feed(self, values: Floats, sizes: Ints | None = None) -> tuple[Self, Floats]:
        """The state after these values, and the log of the wealth after each period.

        Args:
            values: in [0, 1], shape (n,), those of a period together; within a period they are independent, given what
                came before it.
            sizes: how many values each period has, all at least one; one each where it is left out.
        """
        sizes = np.ones(len(values), np.int64) if sizes is None else sizes
        if not len(sizes):
            return self, np.zeros(0)
        gains = np.log1p(BETS[:, None] * (values / self.mean - 1))
        grown = np.cumsum(np.add.reduceat(gains, np.append(0, np.cumsum(sizes)[:-1]), axis=1), axis=1)
        period = self.seen + np.arange(1, len(sizes) + 1, dtype=float)
        before = np.concatenate([np.zeros((len(BETS), 1)), grown[:, :-1]], axis=1)
        starts = -np.log(period * (period + 1)) - before
        starts[:, 0] = np.logaddexp(starts[:, 0], self.begun)
        begun = grown + np.logaddexp.accumulate(starts, axis=1)
        spread = np.logaddexp.reduce(begun, axis=0) - np.log(len(BETS))
        told = np.logaddexp(spread, -np.log(period + 1))
        alarms, rang = self.alarms, np.flatnonzero(told >= -np.log(self.alpha))
        if not alarms and len(rang):
            alarms = (self.seen + int(rang[0]),)
        after = replace(self, begun=tuple(begun[:, -1].tolist()), seen=self.seen + len(sizes), alarms=alarms)
        return after, told


def bounds(baseline: Floats, alpha: float) -> tuple[float, float]:
    """Low and high of the mean of baseline values in [0, 1], each wrong with probability at most alpha / 2.

    Kept off 0 and 1, where no bet could be settled.
    """
    low, high = confidence_sequence(baseline, 1 - alpha)
    return max(low, 1e-6), min(high, 1 - 1e-6)
