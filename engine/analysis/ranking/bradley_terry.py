"""The Bradley-Terry model: each item has a strength, and P(i beats j) = 1 / (1 + exp(strength j − strength i)).

A tie is half a win for both (Chiang et al. 2024, arXiv:2403.04132). Strengths are in logits and sum to zero. Sources:
Bradley and Terry 1952; the sandwich of scores summed by cluster: White 1982, Liang and Zeger 1986.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.special import expit

from engine.analysis.arrays import Floats, Ints, sum_by

STEPS = 50
CONVERGED = 1e-10
"""Largest change of a strength in the last step, in logits."""


@dataclass(frozen=True)
class Duels:
    """Comparisons summed by unordered pair: `low` < `high` are numbers of items, `wins` those of `low`, ties as half.

    One entry a pair, or several that are added up. `ties` counts the ties that are among `count`.
    """

    items: int
    low: Ints
    high: Ints
    count: Floats
    wins: Floats
    ties: Floats

    @classmethod
    def of_rows(cls, items: int, a: Ints, b: Ints, label: Floats) -> Duels:
        """Rows summed: items `a` and `b` in [0, items), different; `label` in [0, 1], 1 where a won, ½ for a tie."""
        key = a.astype(np.int64) * items + b
        size = items * items
        count, ties = np.bincount(key, minlength=size), np.bincount(key[label == 0.5], minlength=size)
        square = [sums.reshape(items, items).astype(float) for sums in (count, sum_by(key, label, size), ties)]
        low, high = np.nonzero(np.triu(square[0] + square[0].T, 1))
        there, again = (np.stack([sums[ends] for sums in square]) for ends in ((low, high), (high, low)))
        won_again = again[0] - again[1]
        return cls(items, low, high, there[0] + again[0], there[1] + won_again, there[2] + again[2])

    def net(self, of_pair: Floats) -> Floats:
        """Sums by item of a value that each pair gives to `low` and takes from `high`: shape (items,)."""
        return sum_by(self.low, of_pair, self.items) - sum_by(self.high, of_pair, self.items)

    def laplacian(self, weight: Floats) -> Floats:
        """The Laplacian of the graph of comparisons with these weights of its pairs: shape (items, items)."""
        adjacency = sum_by(self.low * self.items + self.high, weight, self.items**2).reshape(self.items, self.items)
        adjacency += adjacency.T
        return np.asarray(np.diag(adjacency.sum(axis=1)) - adjacency)


def fit(duels: Duels) -> Floats:
    """Strengths of the highest likelihood, in logits, with sum zero: shape (items,).

    Every set of items must have lost to, or tied with, one outside of it (Ford 1957): see `graph.groups`.
    """
    strengths = np.zeros(duels.items)
    for _ in range(STEPS):
        expected = expit(strengths[duels.low] - strengths[duels.high])
        gradient = duels.net(duels.wins - duels.count * expected)
        step = cho_solve(cho_factor(_pinned(duels.laplacian(duels.count * expected * (1 - expected)))), gradient)
        strengths = _climbed(duels, strengths, step)
        if np.abs(step).max() < CONVERGED:
            break
    return np.asarray(strengths - strengths.mean())


def covariance(duels: Duels, strengths: Floats, scores: Floats) -> Floats:
    """Covariance of the strengths, robust to whatever lies within a bucket: shape (items, items).

    `scores` are the gradient's sums by bucket (those that have rows): shape (buckets, items).
    """
    expected = expit(strengths[duels.low] - strengths[duels.high])
    return sandwich(_pinned(duels.laplacian(duels.count * expected * (1 - expected))), scores)


def sandwich(curvature: Floats, scores: Floats) -> Floats:
    """Inverse curvature, sum of squared scores, inverse curvature; with the usual factor for few buckets."""
    buckets = len(scores)
    spread = np.asarray(cho_solve(cho_factor(curvature), scores.T))
    return np.asarray(spread @ spread.T) * (buckets / max(buckets - 1, 1))


def _pinned(laplacian: Floats) -> Floats:
    """Made invertible: its only direction without curvature is that of all strengths together."""
    return laplacian + 1 / len(laplacian)


def _climbed(duels: Duels, strengths: Floats, step: Floats) -> Floats:
    """One step of Newton's method, halved until the likelihood does not fall."""
    before = _likelihood(duels, strengths)
    for _ in range(30):
        after = strengths + step
        if _likelihood(duels, after) >= before - 1e-12 * abs(before):
            return after
        step = step / 2
    return strengths


def _likelihood(duels: Duels, strengths: Floats) -> float:
    distance = strengths[duels.low] - strengths[duels.high]
    return float((duels.wins * distance - duels.count * np.logaddexp(0, distance)).sum())
