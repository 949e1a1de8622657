"""A fitted model with the influence of each bucket on every parameter: all intervals follow from these.

The influence of a bucket is (curvature)⁻¹ times its sum of scores; the sum of their squares over buckets is the
sandwich of White 1982 with scores summed by cluster (Liang and Zeger 1986), so rows of one prompt are never taken for
independent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.special import expit

from engine.analysis.arrays import Floats
from engine.analysis.intervals import critical
from engine.analysis.ranking import bradley_terry, davidson
from engine.analysis.ranking.board import Board


@dataclass(frozen=True)
class Fitted:
    """Strengths in logits, shape (items,), sum zero; `influence` has shape (buckets, items), no bucket empty.

    `others` are further parameters with their influences of shape (buckets,).
    """

    strengths: Floats
    influence: Floats
    others: Mapping[str, tuple[float, Floats]] = field(default_factory=dict)

    @property
    def buckets(self) -> int:
        """How many clusters the intervals rest on."""
        return len(self.influence)

    @property
    def factor(self) -> float:
        """The usual correction for few clusters."""
        return self.buckets / max(self.buckets - 1, 1)

    @cached_property
    def covariance(self) -> Floats:
        """Of the strengths, robust to whatever lies within a bucket: shape (items, items)."""
        return np.asarray(self.influence.T @ self.influence) * self.factor

    @cached_property
    def deviation(self) -> Floats:
        """Standard errors of the differences of strengths, infinite on the diagonal: shape (items, items)."""
        variance = np.diag(self.covariance)
        square = variance[:, None] + variance[None, :] - 2 * self.covariance
        np.fill_diagonal(square, np.inf)
        return np.sqrt(np.maximum(square, 0))

    def interval(self, value: float, influence: Floats, level: float) -> tuple[float, float]:
        """Low and high of a parameter with this influence."""
        spread = critical(level, self.buckets) * float(np.sqrt(np.square(influence).sum() * self.factor))
        return value - spread, value + spread


def fit_bradley_terry(board: Board) -> Fitted:
    """Ties as half a win; see `bradley_terry.fit` for where it exists."""
    duels = board.duels
    strengths = bradley_terry.fit(duels)
    expected = bradley_terry.expected_rate(duels, strengths)
    table = board.table
    scores = board.net_by_bucket(table.sums[1] - table.sums[0] * expected[board.pair])
    return Fitted(strengths, bradley_terry.solve(bradley_terry.curvature(duels, expected), scores.T).T)


def fit_davidson(board: Board) -> Fitted:
    """With `log_nu` among the others; there must be ties and decided rows."""
    duels, table = board.duels, board.table
    found = davidson.fit(duels)
    lead, tie = davidson.expected(found.strengths[duels.low] - found.strengths[duels.high], found.log_nu)
    count, wins, ties = table.sums
    net = board.net_by_bucket((2 * wins - count - count * lead[board.pair]) / 2)
    more_ties = np.add.reduceat(ties - count * tie[board.pair], table.starts)
    curvature = davidson.curvature(duels, np.append(found.strengths, found.log_nu))
    influence = bradley_terry.solve(curvature, np.column_stack([net, more_ties]).T).T
    return Fitted(found.strengths, influence[:, :-1], {"log_nu": (found.log_nu, influence[:, -1])})


def win_rate(fitted: Fitted, board: Board) -> Floats:
    """The expected share of wins of the first item of each pair, ties as half."""
    distance = fitted.strengths[board.duels.low] - fitted.strengths[board.duels.high]
    if "log_nu" not in fitted.others:
        return np.asarray(expit(distance))
    lead, _ = davidson.expected(distance, fitted.others["log_nu"][0])
    return (1 + lead) / 2
