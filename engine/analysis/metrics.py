"""Calibration metrics of rows, exact: p and y are one-dimensional float arrays in [0, 1] of one length, not empty.

These are the definitions that papers and packages use; the analysis computes the same from sums by cell. Sources and
conventions: docs/analyses/calibration.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import log_expit, xlog1py, xlogy

from engine.analysis.arrays import Cells, Floats, Ints, is_binary, sum_by
from engine.analysis.grid import RESOLUTION
from engine.analysis.links import fit_beta, fit_platt, fit_slope

BLOCK = 1 << 15
"""Rows taken at a time, so that temporaries stay in the second-level cache."""

LABEL_UNIT = float(1 << 20)
"""Added to 0/1 labels: one sum then holds the count above and the labels below, exactly, as a block is smaller."""


@dataclass(frozen=True)
class Bins:
    """Rows by bin: how many, the sum of p and the sum of y, each of shape (bins,)."""

    count: Floats
    predicted: Floats
    observed: Floats

    @property
    def gap(self) -> Floats:
        """|mean p − mean y| of each non-empty bin."""
        filled = self.count > 0
        return np.asarray(np.abs(self.predicted - self.observed)[filled] / self.count[filled])

    @property
    def weight(self) -> Floats:
        """Share of the rows in each non-empty bin."""
        return np.asarray(self.count[self.count > 0] / self.count.sum())

    @property
    def ece(self) -> float:
        """Expected calibration error: the gaps weighted by rows (Naeini et al. 2015)."""
        return float(self.weight @ self.gap)

    @property
    def mce(self) -> float:
        """Maximum calibration error: the largest gap of a non-empty bin."""
        return float(self.gap.max())

    @property
    def ace(self) -> float:
        """Unweighted mean of the gaps (netcal's ACE; other papers use this name for equal mass)."""
        return float(self.gap.mean())


def width_bins(p: Floats, y: Floats, bins: int = 15) -> Bins:
    """Equal-width bins: bin k holds k / bins ≤ p < (k + 1) / bins; p = 1 lies in the last.

    Divisors of 960 are summed from 960 cells, so the edges agree exactly with those of the analysis.
    """
    cells = RESOLUTION if RESOLUTION % bins == 0 else bins
    sums = np.zeros((3, cells + 1))
    placed = Cells(cells + 1, min(BLOCK, len(p)))
    for start in range(0, len(p), BLOCK):
        block, label = p[start : start + BLOCK], y[start : start + BLOCK]
        placed.place(block, cells)
        sums[1] += placed.sums(block)
        if is_binary(label):
            packed = placed.sums(label + LABEL_UNIT)
            count = np.floor(packed / LABEL_UNIT)
            sums[0] += count
            sums[2] += packed - count * LABEL_UNIT
        else:
            sums[0] += placed.sums(np.ones(len(block)))
            sums[2] += placed.sums(label)
    sums[:, -2] += sums[:, -1]
    return Bins(*sums[:, :-1].reshape(3, bins, -1).sum(axis=2))


def mass_bins(p: Floats, y: Floats, bins: int = 15, *, split_ties: bool = False) -> Bins:
    """Equal-mass bins by rank. Equal p stay in one bin: that of the middle of their ranks.

    `split_ties` gives the array_split of the stable sort instead, as some packages do; it depends on the order of rows.
    """
    order = np.argsort(p, kind="stable")
    p, y = p[order], y[order]
    if split_ties:
        sizes = [len(part) for part in np.array_split(p, bins)]
        group = np.repeat(np.arange(bins), sizes)
    else:
        group = _group_of_ties(p, bins)
    return Bins(*(sum_by(group, values, bins) for values in (np.ones(len(p)), p, y)))


def _group_of_ties(p: Floats, bins: int) -> Ints:
    starts = np.flatnonzero(np.concatenate([[True], p[1:] != p[:-1]]))
    count = np.diff(np.concatenate([starts, [len(p)]]))
    return np.repeat(equal_mass_groups(count.astype(float), bins), count)


def equal_mass_groups(count: Floats, bins: int) -> Ints:
    """Group of each atom (in order): the one that holds the middle of its ranks."""
    middle = np.cumsum(count) - count / 2
    return np.asarray(np.minimum((middle * (bins / count.sum())).astype(np.int64), bins - 1))


def debiased_l2(binned: Bins) -> float:
    """Debiased L2 calibration error (Kumar, Liang and Ma 2019, arXiv:1909.10155); bins of one row are left out."""
    many = binned.count > 1
    count, predicted, observed = binned.count[many], binned.predicted[many], binned.observed[many]
    rate = observed / count
    square = np.square((predicted - observed) / count) - rate * (1 - rate) / (count - 1)
    return float(np.sqrt(max(0.0, (count @ square) / binned.count.sum())))


def brier(p: Floats, y: Floats) -> float:
    """Mean squared difference (Brier 1950)."""
    return float(np.mean(np.square(p - y)))


def nll(p: Floats, y: Floats) -> float:
    """Mean log loss in nats of probabilities as given; infinite where a row was impossible."""
    return float(-np.mean(xlogy(y, p) + xlog1py(1 - y, -p)))


def nll_of_margin(margin: Floats, y: Floats) -> float:
    """Mean log loss in nats of p = sigmoid(margin), exact for any margin."""
    return float(np.mean((1 - y) * margin - log_expit(margin)))


@dataclass(frozen=True)
class Murphy:
    """Brier = reliability − resolution + uncertainty + within_variance − 2 · within_covariance, exactly."""

    reliability: float
    resolution: float
    uncertainty: float
    within_variance: float
    within_covariance: float


def murphy(p: Floats, y: Floats, bins: int = 15) -> Murphy:
    """Murphy's terms over equal-width bins with the terms within bins (Murphy 1973; Stephenson et al. 2008)."""
    binned = width_bins(p, y, bins)
    filled = np.maximum(binned.count, 1)
    mean_p, mean_y = binned.predicted / filled, binned.observed / filled
    cell = np.minimum((p * RESOLUTION).astype(np.int64), RESOLUTION - 1) // (RESOLUTION // bins)
    off_p, off_y, weight = p - mean_p[cell], y - mean_y[cell], binned.count / len(p)
    return Murphy(
        float(weight @ np.square(mean_p - mean_y)),
        float(weight @ np.square(mean_y - y.mean())),
        float(np.mean(np.square(y - y.mean()))),
        float(np.mean(np.square(off_p))),
        float(np.mean(off_p * off_y)),
    )


def spiegelhalter_z(p: Floats, y: Floats) -> float:
    """Σ (y − p)(1 − 2p) / √Σ (1 − 2p)² p (1 − p): standard normal for independent calibrated rows (1986)."""
    tilt = 1 - 2 * p
    return float(((y - p) @ tilt) / np.sqrt((np.square(tilt) * p * (1 - p)).sum()))


def temperature(margin: Floats, y: Floats) -> float:
    """The T for which sigmoid(margin / T) has the least log loss; nan if the labels are separated by the margin."""
    return float(1 / fit_slope(margin, np.ones((1, len(y))), y[None, :])[0, 0])


def platt(margin: Floats, y: Floats) -> tuple[float, float]:
    """Slope and intercept of the logistic regression of y on the margin."""
    slope, intercept = fit_platt(margin, np.ones((1, len(y))), y[None, :])[0]
    return float(slope), float(intercept)


def beta(margin: Floats, y: Floats) -> tuple[float, float, float]:
    """a, b, c of the beta calibration of p = sigmoid(margin)."""
    a, b, c = fit_beta(margin, np.ones((1, len(y))), y[None, :])[0]
    return float(a), float(b), float(c)
