"""Isotonic regression (PAV), by rows and by cells, and the CORP decomposition of the Brier score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import isotonic_regression

from engine.analysis.arrays import Flags, Floats, is_binary, sum_by

LAST_BIT = np.uint64(1)


@dataclass(frozen=True)
class Steps:
    """A step function: `value` (non-decreasing) on [`low`, `high`] of each block, `count` rows in it."""

    low: Floats
    high: Floats
    value: Floats
    count: Floats

    def __call__(self, p: Floats) -> Floats:
        """The value of the block in which p lies; between two blocks the line between their ends."""
        x = np.stack([self.low, self.high], axis=1).ravel()
        return np.asarray(np.interp(p, x, np.repeat(self.value, 2)))


def fit_isotonic(p: Floats, y: Floats) -> Steps:
    """The non-decreasing function of p that is closest to y in squares; rows of equal p are pooled first.

    `p` ≥ 0 and `y` in [0, 1], one-dimensional and of one length, not empty. Labels that are all 0 or 1 take a fast
    way: the label rides in the last bit of p through one plain sort, and each run of ones and the zeros after it, which
    always pool, enter the algorithm as one block. p moves by at most one unit in the last place.
    """
    low, high, count, total = _runs_of_labels(p, y == 1) if is_binary(y) else _equal_values(p, y)
    pooled = isotonic_regression(total / count, weights=count)
    starts = pooled.blocks[:-1].astype(np.int64)
    ends = pooled.blocks[1:].astype(np.int64) - 1
    return Steps(low[starts], high[ends], pooled.x[starts], np.add.reduceat(count, starts))


def _runs_of_labels(p: Floats, positive: Flags) -> tuple[Floats, Floats, Floats, Floats]:
    packed = np.ascontiguousarray(p, dtype=np.float64).view(np.uint64) & ~LAST_BIT
    packed |= ~positive
    packed.view(np.float64).sort()
    negative = (packed.astype("<u8", copy=False).view(np.uint8)[::8] & 1).view(np.bool_)
    changes = np.flatnonzero(negative[1:] != negative[:-1]) + 1
    if negative[0]:
        changes = np.concatenate([[0], changes])
    starts = np.concatenate([[0], changes[1::2]])
    ends = np.concatenate([changes[1::2], [len(packed)]])
    zeros_from = np.concatenate([changes[::2], [len(packed)]])[: len(starts)]
    low, high = ((packed[at] & ~LAST_BIT).view(np.float64) for at in (starts, ends - 1))
    return low, high, (ends - starts).astype(float), (zeros_from - starts).astype(float)


def _equal_values(p: Floats, y: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    values, inverse = np.unique(p, return_inverse=True)
    count = sum_by(inverse, np.ones(len(p)), len(values))
    return values, values, count, sum_by(inverse, y, len(values))


def pool_cells(count: Floats, correct: Floats) -> Floats:
    """Isotonic values by cell (cells in order of p); empty cells take the value of the cell before, else after."""
    filled = np.flatnonzero(count > 0)
    if not len(filled):
        return np.full(len(count), 0.5)
    fitted = isotonic_regression(correct[filled] / count[filled], weights=count[filled]).x
    at = np.maximum(np.searchsorted(filled, np.arange(len(count)), side="right") - 1, 0)
    return np.asarray(fitted[at])


@dataclass(frozen=True)
class Corp:
    """Brier score = miscalibration − discrimination + uncertainty."""

    miscalibration: float
    discrimination: float
    uncertainty: float


def corp(p: Floats, y: Floats) -> Corp:
    """CORP decomposition (Dimitriadis, Gneiting and Jordan 2021, arXiv:2008.03033) for p, y in [0, 1]."""
    recalibrated = fit_isotonic(p, y)(p)
    score, best, base = (float(np.mean(np.square(q - y))) for q in (p, recalibrated, np.full(len(y), y.mean())))
    return Corp(score - best, base - best, base)
