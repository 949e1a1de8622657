"""What the non-smooth statistics reach on a perfectly calibrated model with the same scores and clusters.

ECE, MCE and smooth ECE are positive even then, and have no honest percentile interval; the 95 % quantile of this null
stands beside them. Residuals are centred within equal-mass bins, scaled to the variance p(1 − p) of a calibrated model
and summed by bucket; a multiplier bootstrap with normal weights over buckets then needs only their covariance.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np

from engine.analysis.arrays import Floats, sum_by, sum_rows
from engine.analysis.calibration.view import MASS_BINS, SMOOTH_POINTS, Binning, View

DRAWS = 2000
SMOOTH_DRAWS = 300
SMOOTH_GROUPS = 256
SMOOTH_STEPS = 8
QUANTILE = 0.95


@dataclass(frozen=True)
class BinNulls:
    """Draws of the mean residual of each filled bin, shape (filled bins, draws), and their 95 % quantiles.

    `share` of the rows, mean prediction `rate` and sampling `noise` of the square are by filled bin, shape (bins, 1);
    `deviation` is the standard deviation of the mean residual, by bin.
    """

    draws: Floats
    share: Floats
    rate: Floats
    noise: Floats
    deviation: Floats

    @property
    def ece(self) -> float:
        """Of the gaps weighted by rows."""
        return _quantile((self.share * np.abs(self.draws)).sum(axis=0))

    @property
    def mce(self) -> float:
        """Of the largest gap; none is larger than its bound."""
        return _quantile(np.minimum(np.abs(self.draws), np.maximum(self.rate, 1 - self.rate)).max(axis=0))

    @property
    def debiased_l2(self) -> float:
        """Of Kumar's debiased error."""
        square = (self.share * (np.square(self.draws) - self.noise)).sum(axis=0)
        return float(np.sqrt(max(_quantile(square), 0.0)))

    @property
    def reliability(self) -> float:
        """Of Murphy's reliability."""
        return _quantile((self.share * np.square(self.draws)).sum(axis=0))


def null_residual(view: View) -> Floats:
    """Residual of each key of the table, as a calibrated model with the same clusters would vary."""
    groups = view.fifteen.groups
    count, predicted, observed = view.by_bin(view.fifteen)
    filled = np.maximum(count, 1.0)
    gap = (predicted - observed) / filled
    rate = (observed + 0.5) / (count + 1)
    spread = sum_by(groups, np.nan_to_num(view.count * view.p * (1 - view.p)), MASS_BINS) / filled
    independent = np.maximum(1 - sum_rows(np.square(view.count_by_fifteen)) / np.square(filled), 1 / filled)
    scale = np.sqrt(spread / (rate * (1 - rate) * independent))
    binning = view.fifteen
    lengths, bin_of_run = np.diff(binning.starts, append=len(view.residual)), binning.run % binning.bins
    expected, scale = np.repeat(gap[bin_of_run], lengths), np.repeat(scale[bin_of_run], lengths)
    return np.asarray(scale * (view.residual - expected * view.table.sums[0]))


def bin_nulls(view: View, residual: Floats, binning: Binning, seed: int) -> BinNulls:
    """Nulls of a binning from the null residuals of the keys.

    A normal draw knows no bounds, the gap of a bin does: outcomes lie in [0, 1], so it is at most max(p, 1 − p) for the
    bin's mean prediction p. In a bin of one or two rows the normal reaches beyond, even beyond 1, and the largest gap
    is mostly that of such a bin, so there gaps stop at their bound. Sums over bins keep the normal's variance.
    """
    count, predicted, _ = view.by_bin(binning)
    filled = count > 0
    by_bucket = view.by_bucket_and_bin(residual, binning)[:, filled]
    count, rate = count[filled, None], (predicted[filled] / count[filled])[:, None]
    covariance = by_bucket.T @ by_bucket
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    draws = root @ _normals(seed, DRAWS, len(values)).T / count
    noise = np.where(count > 1, rate * (1 - rate) / np.maximum(count - 1, 1.0), 0.0)
    deviation = np.zeros(binning.bins)
    deviation[filled] = np.sqrt(np.diag(covariance)) / count[:, 0]
    return BinNulls(draws, count / count.sum(), rate, noise, deviation)


def smooth_null(view: View, residual: Floats, seed: int) -> float:
    """Null quantile of the smooth error: the width at which the quantile of the smoothed draws equals the width.

    Smoothing by a reflected Gaussian is a product in the cosine basis, so a draw is smoothed at any width at once.
    Pairs in both orders are odd about ½: the odd modes and the upper half tell everything. More smoothing never makes
    a draw larger, so the width sought lies between any width and what is reached there, and few need trying.
    """
    modes, cosine = _cosine_basis(view.paired)
    by_group = _by_group_and_point(view, residual)[:, -cosine.shape[1] :]
    modes_by_group = by_group @ cosine.T * np.where(modes == 0, 1.0, 2.0)
    coefficients = _normals(seed, SMOOTH_DRAWS, len(by_group)) @ modes_by_group

    def quantile_at(width: float) -> float:
        kept = int(np.searchsorted(modes, 2.2 / width + 2))
        damped = coefficients[:, :kept] * np.exp(-np.square(np.pi * modes[:kept] * width) / 2)
        return _quantile(np.abs(damped @ cosine[:kept]).mean(axis=1))

    low, high, least, most = 1e-3, 0.5, 0.0, np.inf
    for _ in range(SMOOTH_STEPS):
        middle = float(np.sqrt(low * high))
        if least < middle < most:
            reached = quantile_at(middle)
            least, most = max(least, min(middle, reached)), min(most, max(middle, reached))
        low, high = (middle, high) if middle <= least else (low, middle)
    return quantile_at(float(np.sqrt(low * high)))


@cache
def _cosine_basis(paired: bool) -> tuple[Floats, Floats]:
    """Modes, and their cosines at the grid points: shape (modes, points)."""
    modes = np.arange(1 if paired else 0, SMOOTH_POINTS, 2 if paired else 1, dtype=float)
    points = np.arange(SMOOTH_POINTS // 2 if paired else 0, SMOOTH_POINTS) + 0.5
    return modes, np.cos(np.pi * np.outer(modes, points / SMOOTH_POINTS))


def _by_group_and_point(view: View, residual: Floats) -> Floats:
    """Mean residual by group of buckets (at most 256) and grid point."""
    groups = min(SMOOTH_GROUPS, len(view.starts))
    place, point = np.divmod(view.points.run, SMOOTH_POINTS)
    sums = np.add.reduceat(residual / view.rows, view.points.starts)
    return sum_by(place % groups * SMOOTH_POINTS + point, sums, groups * SMOOTH_POINTS).reshape(groups, -1)


@lru_cache(maxsize=16)
def _normals(seed: int, draws: int, size: int) -> Floats:
    """Standard normal draws, the same for every conclusion."""
    normals = np.random.default_rng(seed).standard_normal((draws, size))
    normals.flags.writeable = False
    return normals


def _quantile(values: Floats) -> float:
    """The 95 % quantile, between the two nearest values (as np.quantile, with a tenth of its overhead)."""
    below, share = divmod(QUANTILE * (len(values) - 1), 1)
    low, high = np.partition(values, (int(below), int(below) + 1))[int(below) : int(below) + 2]
    return float(low + share * (high - low))
