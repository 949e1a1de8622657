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
REFIT_CONVERGED = 1e-5
"""Largest change of a probability in the last step; refits only tell how far the fit moves."""


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
    weight = np.ones((words.units, 1))
    truth = _climb(said, truth[:, :, None], weight, smoothing, steps, CONVERGED)
    prior, confusion = _parameters(said, truth, weight, smoothing)
    return Fit(truth[:, :, 0], prior[:, 0], confusion[..., 0])


def refits(words: Words, start: Fit, weight: Floats, smoothing: float = 0.0) -> list[Fit]:
    """Fits with weights of units: `weight` has shape (units, fits), 0 for a unit that is left out."""
    said = words.matrix()
    truth = np.repeat(start.truth[:, :, None], weight.shape[1], axis=2)
    truth = _climb(said, truth, weight, smoothing, REFIT_STEPS, REFIT_CONVERGED)
    prior, confusion = _parameters(said, truth, weight, smoothing)
    return [
        Fit(truth[weight[:, place] > 0, :, place], prior[:, place], confusion[..., place])
        for place in range(weight.shape[1])
    ]


def _climb(said: csr_array, truth: Floats, weight: Floats, smoothing: float, steps: int, close: float) -> Floats:
    """Expectation and maximisation until nothing moves. `truth` has shape (units, categories, fits)."""
    for _ in range(steps):
        after = _truth(said, *_parameters(said, truth, weight, smoothing))
        moved = float(np.abs(after - truth).max()) if len(truth) else 0.0
        truth = after
        if moved < close:
            break
    return truth


def _parameters(said: csr_array, truth: Floats, weight: Floats, smoothing: float) -> tuple[Floats, Floats]:
    """Shares of the categories, (categories, fits), and confusions, (raters, true, said, fits)."""
    units, size, fits = truth.shape
    weighed = truth * weight[:, None, :]
    prior = weighed.sum(axis=0) / np.maximum(weight.sum(axis=0), 1)
    counts = np.asarray(said @ weighed.reshape(units, size * fits)).reshape(-1, size, size, fits)
    counts = np.maximum(counts.transpose(0, 2, 1, 3) + smoothing / size, LEAST)
    return prior, counts / counts.sum(axis=2, keepdims=True)


def _truth(said: csr_array, prior: Floats, confusion: Floats) -> Floats:
    """P(true category) of each unit: shape (units, categories, fits)."""
    raters, size, _, fits = confusion.shape
    logs = np.log(confusion).transpose(0, 2, 1, 3).reshape(raters * size, size * fits)
    truth = np.asarray(said.T @ logs).reshape(-1, size, fits)
    truth += np.log(np.maximum(prior, LEAST))
    truth -= truth.max(axis=1, keepdims=True)
    np.exp(truth, out=truth)
    truth /= truth.sum(axis=1, keepdims=True)
    return truth
