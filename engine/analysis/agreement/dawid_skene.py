"""Dawid and Skene's model: each unit has one true category, each rater a confusion matrix; fitted by EM.

Source: Dawid and Skene 1979, Applied Statistics 28:20. Starting from majority shares; all delete-group refits run at
once, from the fit of all, so that classes keep their meaning.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from engine.analysis.arrays import Floats, Ints

LEAST = 1e-10
STEPS = 200
REFIT_STEPS = 40
CONVERGED = 1e-7
"""Largest change of a probability in the last step."""


@dataclass(frozen=True)
class Fit:
    """`truth`: P(true category), (units, categories); `prior`: (categories,); `confusion`: (raters, true, said)."""

    truth: Floats
    prior: Floats
    confusion: Floats

    @property
    def quality(self) -> Floats:
        """P(a rater's word is the true category), at the fitted shares of the categories: shape (raters,)."""
        return np.asarray(np.einsum("rcc,c->r", self.confusion, self.prior))

    @property
    def certainty(self) -> float:
        """The accuracy that the consensus should have: the mean of the largest probability of each unit."""
        return float(self.truth.max(axis=1).mean())


@dataclass(frozen=True)
class Words:
    """Who said what: entries with unit, rater and category, and their numbers."""

    unit: Ints
    rater: Ints
    category: Ints
    units: int
    raters: int
    categories: int

    def mirrored(self) -> Words:
        """Every unit once more, named from its other side: category c is then (last − c)."""
        return Words(
            np.concatenate([self.unit, self.unit + self.units]),
            np.concatenate([self.rater, self.rater]),
            np.concatenate([self.category, self.categories - 1 - self.category]),
            2 * self.units,
            self.raters,
            self.categories,
        )

    def matrix(self) -> csr_array:
        """1 where a rater said a category (row) of a unit (column)."""
        row = self.rater * self.categories + self.category
        shape = (self.raters * self.categories, self.units)
        return csr_array((np.ones(len(row)), (row, self.unit)), shape=shape)


def fit(words: Words, smoothing: float = 0.0, steps: int = STEPS) -> Fit:
    """The fit of all words. `smoothing`: made-up words per rater and true category, spread over what can be said."""
    said = words.matrix()
    shares = np.asarray(said.T @ np.tile(np.eye(words.categories), (words.raters, 1)))
    truth = shares / np.maximum(shares.sum(axis=1, keepdims=True), 1)
    truth = _climb(said, truth[:, None, :], np.ones((words.units, 1)), smoothing, steps)
    prior, confusion = _parameters(said, truth, np.ones((words.units, 1)), smoothing)
    return Fit(truth[:, 0], prior[0], confusion[0])


def refits(words: Words, start: Fit, weight: Floats, smoothing: float = 0.0) -> list[Fit]:
    """Fits with weights of units: `weight` has shape (units, fits), 0 for a unit that is left out."""
    said = words.matrix()
    truth = np.repeat(start.truth[:, None, :], weight.shape[1], axis=1)
    truth = _climb(said, truth, weight, smoothing, REFIT_STEPS)
    prior, confusion = _parameters(said, truth, weight, smoothing)
    return [Fit(truth[:, place][weight[:, place] > 0], prior[place], confusion[place]) for place in range(len(prior))]


def _climb(said: csr_array, truth: Floats, weight: Floats, smoothing: float, steps: int) -> Floats:
    """Expectation and maximisation until nothing moves. `truth` has shape (units, fits, categories)."""
    for _ in range(steps):
        after = _truth(said, *_parameters(said, truth, weight, smoothing))
        moved = float(np.abs(after - truth).max()) if len(truth) else 0.0
        truth = after
        if moved < CONVERGED:
            break
    return truth


def _parameters(said: csr_array, truth: Floats, weight: Floats, smoothing: float) -> tuple[Floats, Floats]:
    """Shares of the categories, (fits, categories), and confusions, (fits, raters, true, said)."""
    units, fits, size = truth.shape
    weighed = truth * weight[:, :, None]
    prior = weighed.sum(axis=0) / np.maximum(weight.sum(axis=0), 1)[:, None]
    counts = np.asarray(said @ weighed.reshape(units, fits * size)).reshape(-1, size, fits, size)
    counts = counts.transpose(2, 0, 3, 1) + smoothing / size
    counts = np.maximum(counts, LEAST)
    return prior, counts / counts.sum(axis=3, keepdims=True)


def _truth(said: csr_array, prior: Floats, confusion: Floats) -> Floats:
    """P(true category) of each unit: shape (units, fits, categories)."""
    fits, raters, size, _ = confusion.shape
    logs = np.log(confusion).transpose(1, 3, 0, 2).reshape(raters * size, fits * size)
    likelihood = np.asarray(said.T @ logs).reshape(-1, fits, size) + np.log(np.maximum(prior, LEAST))
    likelihood -= likelihood.max(axis=2, keepdims=True)
    truth = np.exp(likelihood)
    return np.asarray(truth / truth.sum(axis=2, keepdims=True))
