"""Kinds of noise of block means: white, or a slow part that returns to its mean or never does, with white noise on it.

The slow part is an Ornstein-Uhlenbeck process or a random walk. Means over blocks of many points are means over time of
it: the variance of differences of averages of a random walk is two thirds of that of its steps (Working 1960), and who
takes them for its steps covers too little. Of each kind the lower triangular matrix that whitens it is made once: that
of the first b blocks is its upper left corner, so every back-test and every shorter line uses the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.linalg import solve_triangular

from engine.analysis.arrays import Flags, Floats

MOST_BLOCKS = 128

_RETURNING = (0.3, 0.6, 0.85)
"""Correlation of the slow part with itself a block later."""
_SHARES = (0.0, 0.6)
"""Variance of the white part, as a share of the whole."""
_WALKS = (0.0, 0.5, 3.0, 15.0, 70.0)
"""Variance of the white part beside steps of a random walk of variance 1."""
WALKS_AHEAD = 0.5
"""How much is believed in random walks before anything was seen."""


@dataclass(frozen=True)
class Noise:
    """K kinds of noise of up to `MOST_BLOCKS` blocks; the first is white.

    `keeps` is what of the slow part is left a block later (1 for a random walk), `step` the variance that it gains in
    a block, `white` that of the white part, each of shape (K,), in units of the scale that is fitted. `whiten` has
    shape (K, B, B), `logdet` (K, B): of the covariance of the first b blocks. `now` (K, B, B): the covariance of the
    slow part at the end of block b (second axis) with the blocks so far. `middle` and `within`: the mean of the slow
    part over a block is `middle` times the sum of its ends, plus something of variance `within`.
    """

    keeps: Floats
    step: Floats
    white: Floats
    prior: Floats
    whiten: Floats
    logdet: Floats
    now: Floats
    variance: Floats
    middle: Floats
    within: Floats
    averaged: bool

    @property
    def walks(self) -> Flags:
        """Which of them are random walks."""
        return np.asarray(self.keeps == 1)


@cache
def noise(averaged: bool) -> Noise:
    """The kinds of noise of means of many points (`averaged`), or of points themselves."""
    size = MOST_BLOCKS
    made = [_white(size)]
    made += [_returning(keeps, share, averaged) for keeps in _RETURNING for share in _SHARES]
    made += [_walking(white, averaged) for white in _WALKS]
    keeps, step, white, slow, now, variance, middle, within = (list(one) for one in zip(*made, strict=True))
    covariance = np.stack(slow) + np.array(white)[:, None, None] * np.eye(size)
    lower = np.linalg.cholesky(covariance)
    whiten = np.stack([solve_triangular(one, np.eye(size), lower=True) for one in lower])
    walks = np.array(keeps) == 1
    prior = np.where(walks, WALKS_AHEAD / walks.sum(), (1 - WALKS_AHEAD) / (~walks).sum())
    return Noise(
        np.array(keeps),
        np.array(step),
        np.array(white),
        prior,
        whiten,
        2 * np.cumsum(np.log(np.diagonal(lower, axis1=1, axis2=2)), axis=1),
        np.stack(now),
        np.stack(variance),
        np.array(middle),
        np.array(within),
        averaged,
    )


Kind = tuple[float, float, float, Floats, Floats, Floats, float, float]


def _white(size: int) -> Kind:
    nothing = np.zeros((size, size))
    return 0.0, 0.0, 1.0, nothing, nothing, np.zeros(size), 0.5, 0.0


def _returning(keeps: float, share: float, averaged: bool) -> Kind:
    """A slow part of variance 1 that keeps so much of its deviation in a block."""
    rate, size = -np.log(keeps), MOST_BLOCKS
    apart = np.abs(np.subtract.outer(np.arange(size), np.arange(size)))
    if not averaged:
        slow = keeps**apart
        own, middle, within = 1.0, 0.0, 0.0
        now = np.tril(slow)
    else:
        pull = (1 - keeps) / rate
        own = 2 * (rate - 1 + keeps) / rate**2
        slow = np.where(apart == 0, own, pull**2 * keeps ** np.maximum(apart - 1.0, 0.0))
        now = np.tril(pull * keeps**apart)
        middle = np.tanh(rate / 2) / rate
        within = own - 2 * (1 + keeps) * middle**2
    white = own * share / (1 - share)
    return keeps, 1 - keeps**2, white, slow, now, np.ones(size), float(middle), max(float(within), 0.0)


def _walking(white: float, averaged: bool) -> Kind:
    """A random walk whose steps from block to block have variance 1."""
    size = MOST_BLOCKS
    at = np.arange(1, size + 1, dtype=float)
    earlier = np.minimum.outer(at, at)
    if not averaged:
        return 1.0, 1.0, white, earlier, np.tril(np.broadcast_to(at, (size, size))), at, 0.0, 0.0
    slow = np.where(np.eye(size) == 1, earlier - 2 / 3, earlier - 0.5)
    return 1.0, 1.0, white, slow, np.tril(np.broadcast_to(at - 0.5, (size, size))), at, 0.5, 1 / 12
