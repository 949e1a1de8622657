"""A fitted model with the influence of each bucket on every parameter: all intervals follow from these.

The influence of a bucket g is (H⁻¹ + H⁻¹ H_g H⁻¹) S_g, with S_g and H_g its sums of scores and of curvature and H that
of all rows: how far the fit moves without the bucket, to first order in its share. The sum of their squares is the
jackknife's variance, the sandwich of White 1982 with scores summed by cluster (Liang and Zeger 1986) in its third
variant (CR3; MacKinnon, Nielsen and Webb 2023, Journal of Econometrics 232:272). Rows of one prompt are never taken for
independent. Without the second term, ranks of six equal items held in 92 to 94 % of samples of 100 prompts, not in 95.
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
        """The jackknife's factor."""
        return (self.buckets - 1) / self.buckets

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


def fit_bradley_terry(board: Board, *, corrected: bool = True) -> Fitted:
    """Ties as half a win; see `bradley_terry.fit` for where it exists. Without `corrected`, influences are H⁻¹ S_g."""
    duels, count, wins = board.duels, board.table.sums[0], board.table.sums[1]
    strengths = bradley_terry.fit(duels)
    expected = bradley_terry.expected_rate(duels, strengths)
    factor = bradley_terry.factor(bradley_terry.curvature(duels, expected))
    influence = factor(board.net_by_bucket(wins - count * expected[board.pair]).T).T
    if corrected:
        weight = count * (expected * (1 - expected))[board.pair]
        influence = influence + factor(board.net_by_bucket(weight * board.apart(influence)).T).T
    return Fitted(strengths, influence)


def fit_davidson(board: Board) -> Fitted:
    """With `log_nu` among the others; there must be ties and decided rows."""
    duels, pair = board.duels, board.pair
    found = davidson.fit(duels)
    lead, tie = davidson.expected(found.strengths[duels.low] - found.strengths[duels.high], found.log_nu)
    count, wins, ties = board.table.sums
    factor = bradley_terry.factor(davidson.curvature(duels, np.append(found.strengths, found.log_nu)))
    net = (2 * wins - count - count * lead[pair]) / 2
    influence = factor(_with_nu(board, net, ties - count * tie[pair]).T).T
    bucket = board.table.at_keys(np.arange(board.buckets))
    apart, nu = board.apart(influence[:, :-1]), influence[bucket, -1]
    mixed = -count * (lead * tie)[pair] / 2
    net = count * ((1 - tie - lead**2) / 4)[pair] * apart + mixed * nu
    further = _with_nu(board, net, mixed * apart + count * (tie * (1 - tie))[pair] * nu)
    influence = influence + factor(further.T).T
    return Fitted(found.strengths, influence[:, :-1], {"log_nu": (found.log_nu, influence[:, -1])})


def _with_nu(board: Board, net: Floats, of_nu: Floats) -> Floats:
    """Sums by bucket, of the strengths and of log ν, from values of each key."""
    return np.column_stack([board.net_by_bucket(net), np.add.reduceat(of_nu, board.table.starts)])


def win_rate(fitted: Fitted, board: Board) -> Floats:
    """The expected share of wins of the first item of each pair, ties as half."""
    distance = fitted.strengths[board.duels.low] - fitted.strengths[board.duels.high]
    if "log_nu" not in fitted.others:
        return np.asarray(expit(distance))
    lead, _ = davidson.expected(distance, fitted.others["log_nu"][0])
    return (1 + lead) / 2
