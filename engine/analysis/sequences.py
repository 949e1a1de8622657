"""Intervals that hold at every look at once, for means of bounded values: confidence sequences by betting.

Against a mean μ somebody bets the share θ of their wealth on higher (lower) values, one value after the other; if the
mean is μ, the wealth 1 → Π (1 − θ + θ y / μ) exceeds k at any time with probability at most 1 / k (Ville). μ is left
out once the wealth, averaged over a fixed set of θ, reaches 2 / (1 − level). The bets are constant, so the order of
the values does not matter, and a state that knows them in no order gives the same interval. Betting: Waudby-Smith and
Ramdas 2024 (JRSS B 86); constant bets averaged: Cover's universal portfolio, Orabona and Jun 2024.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq

from engine.analysis.arrays import Floats

BETS = 0.96 * 2.0 ** -(np.arange(18) / 2)
"""Shares of the wealth: those between serve from some ten values to some million."""

NEAR = 1e-12


def log_wealth(values: Floats, counts: Floats, mean: float) -> float:
    """Log of the wealth of who bets that values in [0, 1] lie above `mean`, of one unit at the start.

    `values` occur `counts` times each; `mean` in (0, 1].
    """
    gains = np.log1p(BETS[:, None] * (values / mean - 1)) @ counts
    return float(np.logaddexp.reduce(gains) - np.log(len(BETS)))


def confidence_sequence(values: Floats, level: float) -> tuple[float, float]:
    """Low and high of the mean of values in [0, 1], at all numbers of values at once."""
    found, counts = np.unique(values, return_counts=True)
    low = _lower(found, counts.astype(float), level)
    high = 1 - _lower(1 - found, counts.astype(float), level)
    return low, high


def anytime_p(values: Floats, mean: float) -> float:
    """A p-value of the mean being `mean` in (0, 1) that holds at every look: 1 / the wealth of bets on both sides."""
    found, counts = np.unique(values, return_counts=True)
    times = counts.astype(float)
    both = np.logaddexp(log_wealth(found, times, mean), log_wealth(1 - found, times, 1 - mean)) - np.log(2)
    return float(np.exp(-max(both, 0.0)))


def _lower(values: Floats, counts: Floats, level: float) -> float:
    """The greatest mean at which the wealth has reached 2 / (1 − level); it falls as the mean grows."""
    needed = float(np.log(2 / (1 - level)))

    def beyond(mean: float) -> float:
        return log_wealth(values, counts, mean) - needed

    average = float(values @ counts / counts.sum()) if len(values) else 0.0
    if average <= NEAR or beyond(NEAR) <= 0:
        return 0.0
    return float(brentq(beyond, NEAR, average, xtol=1e-10))


def difference_sequence(one: Floats, other: Floats, level: float) -> tuple[float, float]:
    """Low and high of the mean of `one` less that of `other`, both in [0, 1], at all numbers of values of both at once.

    Each mean has an interval of half the error: together they hold both, and so every difference of them.
    """
    (low, high), (other_low, other_high) = (confidence_sequence(each, (1 + level) / 2) for each in (one, other))
    return low - other_high, high - other_low
