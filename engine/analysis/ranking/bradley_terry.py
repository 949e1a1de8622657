"""The Bradley-Terry model: each item has a strength, and P(i beats j) = 1 / (1 + exp(strength j − strength i)).

A tie is half a win for both (Chiang et al. 2024, arXiv:2403.04132). Strengths are in logits and sum to zero. Source:
Bradley and Terry 1952, Biometrika 39:324; the likelihood is concave, so Newton's method finds its only maximum.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import csc_array

from engine.analysis.arrays import Floats, Ints, sum_by

STEPS = 50
CONVERGED = 1e-4
"""Largest change of a strength in the last step, in logits; the error left is of the order of its square, 10⁻⁸."""

SURE = 0.5
"""A step that changes no strength by more, in logits, is taken without asking whether the likelihood rises.

So is the first one: where all are equal the curvature is the largest of all (Böhning 1992), and the step too short.
"""

BLOCK = 1 << 16
"""Rows summed at a time, so that what is made of them stays in the processor's cache."""


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
        size = items * items
        sums = np.zeros((3, size))
        for part in _blocks(len(a), size):
            key = a[part].astype(np.int64) * items + b[part]
            sums += [np.bincount(key, values, size) for values in (None, label[part], label[part] == 0.5)]
        return cls._of_squares(items, sums)

    @classmethod
    def of_outcomes(cls, items: int, a: Ints, b: Ints, outcome: Ints) -> Duels:
        """The same of rows that are decided or tied: `outcome` is 0 where b won, 1 for a tie, 2 where a won.

        Any integer types, fewer than 2³¹ rows. Raises ValueError for what lies outside of all pairs and outcomes.
        """
        lost, tied, won = _counted(items, a, b, outcome).reshape(-1, 3).T.astype(float, order="C")
        return cls._of_squares(items, np.stack([lost + tied + won, won + tied / 2, tied]))

    @classmethod
    def _of_squares(cls, items: int, sums: Floats) -> Duels:
        """From rows, wins of a and ties by ordered pair: shape (3, items²)."""
        count, wins, ties = sums.reshape(3, items, items)
        both = count + count.T
        cells = np.flatnonzero(np.triu(both, 1))
        low, high = np.divmod(cells, items)
        fields = (both, wins + (count - wins).T, ties + ties.T)
        return cls(items, low, high, *(field.take(cells) for field in fields))

    def net(self, of_pair: Floats) -> Floats:
        """Sums by item of a value that each pair gives to `low` and takes from `high`: shape (items,)."""
        return sum_by(self.low, of_pair, self.items) - sum_by(self.high, of_pair, self.items)

    def by_item(self, of_pair: Floats) -> Floats:
        """Sums by item of a value that each pair gives to both: shape (items,)."""
        return sum_by(self.low, of_pair, self.items) + sum_by(self.high, of_pair, self.items)

    def laplacian(self, weight: Floats) -> Floats:
        """The Laplacian of the graph of comparisons with these weights of its pairs: shape (items, items)."""
        adjacency = sum_by(self.low * self.items + self.high, weight, self.items**2).reshape(self.items, self.items)
        found = -(adjacency + adjacency.T)
        found.flat[:: self.items + 1] = -found.sum(axis=1)
        return np.asarray(found)


def _counted(items: int, a: Ints, b: Ints, outcome: Ints) -> NDArray[np.int32]:
    """Rows, fewer than 2³¹, by ordered pair and outcome: int32, shape (3 · items²,).

    A product with a sparse matrix of one column takes half the time of `bincount`, which copies its keys.
    """
    size = 3 * items * items
    sums = np.zeros(size, np.int32)
    rows, matrix, one = -1, _column(size, 0), np.ones(1, np.int32)
    for part in _blocks(len(a), size):
        if len(a[part]) != rows:
            rows = len(a[part])
            matrix = _column(size, rows)
        cell = matrix.indices
        np.multiply(a[part], items, out=cell, dtype=np.int32, casting="unsafe")
        np.add(cell, b[part], out=cell, dtype=np.int32, casting="unsafe")
        np.multiply(cell, 3, out=cell)
        np.add(cell, outcome[part], out=cell, dtype=np.int32, casting="unsafe")
        if cell.view(np.uint32).max() >= size:
            raise ValueError("a row lies outside of all pairs")
        sums += matrix @ one
    return sums


def _column(size: int, rows: int) -> csc_array:
    """A column of this size, to which each of so many rows adds 1, in the place that `indices` is to say."""
    return csc_array((np.ones(rows, np.int32), np.zeros(rows, np.int32), np.array([0, rows], np.int32)), (size, 1))


def _blocks(rows: int, cells: int) -> Iterator[slice]:
    length = _block(cells)
    return (slice(start, start + length) for start in range(0, rows, length))


def _block(cells: int) -> int:
    """How many rows to sum at a time: not much fewer than the cells that they are summed into."""
    return max(BLOCK, 2 * cells)


def fit(duels: Duels) -> Floats:
    """Strengths of the highest likelihood, in logits, with sum zero: shape (items,).

    Every set of items must have lost to, or tied with, one outside of it (Ford 1957): see `graph.groups`.
    """
    strengths = np.zeros(duels.items)
    for number in range(STEPS):
        expected = expected_rate(duels, strengths)
        gradient = duels.net(duels.wins - duels.count * expected)
        step = solve(curvature(duels, expected), gradient)
        largest = np.abs(step).max()
        sure = number == 0 or largest <= SURE
        strengths = strengths + step if sure else _climbed(duels, strengths, step)
        if largest < CONVERGED:
            break
    return np.asarray(strengths - strengths.mean())


def expected_rate(duels: Duels, strengths: Floats) -> Floats:
    """P(low beats high) of each pair."""
    with np.errstate(over="ignore"):  # numpy's exponential takes a third of the time of scipy's sigmoid; 1 / ∞ is right
        return np.asarray(1 / (1 + np.exp(strengths[duels.high] - strengths[duels.low])))


def curvature(duels: Duels, expected: Floats) -> Floats:
    """Minus the second derivatives of the log-likelihood, shape (items, items), made invertible.

    The only direction without curvature is that of all strengths together; it gets a curvature of 1.
    """
    return duels.laplacian(duels.count * expected * (1 - expected)) + 1 / duels.items


def solve(matrix: Floats, right: Floats) -> Floats:
    """matrix⁻¹ · right for a symmetric positive definite matrix. Raises LinAlgError where it is not."""
    return factor(matrix)(right)


def factor(matrix: Floats) -> Callable[[Floats], Floats]:
    """The function right → matrix⁻¹ · right, the matrix being factored once."""
    triangle = cho_factor(matrix.T, lower=True, check_finite=False)  # as LAPACK has it, which saves a copy turned round
    return lambda right: np.asarray(cho_solve(triangle, right, check_finite=False))


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
