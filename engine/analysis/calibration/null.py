"""What the non-smooth statistics reach on a perfectly calibrated model with the same scores and clusters.

ECE, MCE and smooth ECE are positive even then, and have no honest percentile interval; the 95 % quantile of this null
stands beside them. Residuals are centred within equal-mass bins, scaled to the variance p(1 − p) of a calibrated model
and summed by bucket; a multiplier bootstrap with normal weights over buckets then needs only their covariance.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from engine.analysis.arrays import Floats, sum_by
from engine.analysis.calibration.view import MASS_BINS, Binning, View
from engine.analysis.grid import RESOLUTION, fine_of_cell

DRAWS = 2000
SMOOTH_DRAWS = 300
SMOOTH_POINTS = 240
SMOOTH_GROUPS = 256
SMOOTH_STEPS = 8
QUANTILE = 0.95


@dataclass(frozen=True)
class BinNulls:
    """95 % null quantiles of the statistics of one binning, and the standard deviation of each bin's mean residual."""

    ece: float
    mce: float
    debiased_l2: float
    reliability: float
    deviation: Floats


def null_residual(view: View) -> Floats:
    """Residual of each key of the table, as a calibrated model with the same clusters would vary."""
    groups = view.fifteen.groups
    count, predicted, observed = view.by_bin(view.fifteen)
    filled = np.maximum(count, 1.0)
    gap = (predicted - observed) / filled
    rate = (observed + 0.5) / (count + 1)
    spread = sum_by(groups, np.nan_to_num(view.count * view.p * (1 - view.p)), MASS_BINS) / filled
    independent = np.maximum(1 - np.square(view.count_by_fifteen).sum(axis=0) / np.square(filled), 1 / filled)
    scale = np.sqrt(spread / (rate * (1 - rate) * independent))
    group = groups[view.table.cell]
    return np.asarray(scale[group] * (view.residual - gap[group] * view.table.sums[0]))


def bin_nulls(view: View, residual: Floats, binning: Binning, seed: int) -> BinNulls:
    """Nulls of a binning from the null residuals of the keys.

    A normal draw knows no bounds, the gap of a bin does: outcomes lie in [0, 1], so it is at most max(p, 1 − p) for the
    bin's mean prediction p. In a bin of one or two rows the normal reaches beyond, even beyond 1, and the largest gap
    is mostly that of such a bin, so there gaps stop at their bound. Sums over bins keep the normal's variance.
    """
    count, predicted, _ = view.by_bin(binning)
    filled = count > 0
    by_bucket = view.by_bucket_and_bin(residual, binning)[:, filled]
    count, predicted = count[filled], predicted[filled]
    values, vectors = np.linalg.eigh(by_bucket.T @ by_bucket)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    weight, rate = count / count.sum(), predicted / count
    draws = np.random.default_rng(seed).standard_normal((DRAWS, len(values))) @ root.T / count
    noise = np.where(count > 1, rate * (1 - rate) / np.maximum(count - 1, 1.0), 0.0)
    square = np.square(draws)
    deviation = np.zeros(binning.bins)
    deviation[filled] = np.sqrt(np.diag(by_bucket.T @ by_bucket)) / count
    return BinNulls(
        _quantile(np.abs(draws) @ weight),
        _quantile(np.minimum(np.abs(draws), np.maximum(rate, 1 - rate)).max(axis=1)),
        _quantile(np.sqrt(np.maximum((square - noise) @ weight, 0.0))),
        _quantile(square @ weight),
        deviation,
    )


def smooth_null(view: View, residual: Floats, seed: int) -> float:
    """Null quantile of the smooth error: the width at which the quantile of the smoothed draws equals the width.

    Smoothing by a reflected Gaussian is a product in the cosine basis, so a draw is smoothed at any width at once.
    Pairs in both orders are odd about ½: the odd modes and the upper half tell everything.
    """
    modes, cosine = _cosine_basis(view.paired)
    draws = _smooth_draws(view, residual, seed)[:, -cosine.shape[1] :]
    coefficients = draws @ cosine.T * np.where(modes == 0, 1.0, 2.0)

    def quantile_at(width: float) -> float:
        kept = int(np.searchsorted(modes, 2.2 / width + 2))
        damped = coefficients[:, :kept] * np.exp(-np.square(np.pi * modes[:kept] * width) / 2)
        return _quantile(np.abs(damped @ cosine[:kept]).mean(axis=1))

    low, high = 1e-3, 0.5
    for _ in range(SMOOTH_STEPS):
        middle = float(np.sqrt(low * high))
        low, high = (middle, high) if quantile_at(middle) > middle else (low, middle)
    return quantile_at(float(np.sqrt(low * high)))


@cache
def _cosine_basis(paired: bool) -> tuple[Floats, Floats]:
    """Modes, and their cosines at the grid points: shape (modes, points)."""
    modes = np.arange(1 if paired else 0, SMOOTH_POINTS, 2 if paired else 1, dtype=float)
    points = np.arange(SMOOTH_POINTS // 2 if paired else 0, SMOOTH_POINTS) + 0.5
    return modes, np.cos(np.pi * np.outer(modes, points / SMOOTH_POINTS))


def _smooth_draws(view: View, residual: Floats, seed: int) -> Floats:
    """Draws of the mean residual at each grid point, from at most 256 groups of buckets."""
    point = fine_of_cell(view.paired) // (RESOLUTION // SMOOTH_POINTS)
    groups = min(SMOOTH_GROUPS, len(view.starts))
    key = view.place % groups * SMOOTH_POINTS + point[view.table.cell]
    by_group = sum_by(key, residual / view.rows, groups * SMOOTH_POINTS).reshape(groups, -1)
    return np.asarray(np.random.default_rng(seed).standard_normal((SMOOTH_DRAWS, groups)) @ by_group)


def _quantile(values: Floats) -> float:
    return float(np.quantile(values, QUANTILE))
