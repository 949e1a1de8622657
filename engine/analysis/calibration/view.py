"""A state prepared for its conclusion: totals by cell, means, and the fixed and equal-mass bins."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array

from engine.analysis.arrays import Flags, Floats, Ints, sum_by
from engine.analysis.calibration.state import MOMENT_FIELDS, CalibrationState
from engine.analysis.grid import RESOLUTION, fine_of_cell
from engine.analysis.links import fit_platt, fit_slope
from engine.analysis.metrics import equal_mass_groups

MASS_BINS = 15
"""Equal-mass bins of the cluster-debiased error, whatever number of bins is on screen."""

SMOOTH_POINTS = 240
"""Grid points of [0, 1] on which the null of the smooth error is drawn."""

FOLDS = 5
"""Held-out predictions come from a fit on the other four fifths of the buckets."""


@dataclass(frozen=True)
class Binning:
    """Cells in bins, and the runs of keys of one bucket and bin.

    `groups` is the bin of each cell, never falling, so keys of one bucket and bin lie together: a run `starts` at a
    key and belongs to `place` · bins + bin.
    """

    bins: int
    groups: Ints
    starts: Ints
    run: Ints


class View:
    """Numbers of one state that several parts of the conclusion share, each computed once.

    Arrays by bucket leave out empty buckets.
    """

    def __init__(self, state: CalibrationState, bins: int) -> None:
        self.state = state
        self.paired = state.paired
        self.bins = bins
        self.table = state.cells
        self.buckets, self.starts = self.table.filled, self.table.starts
        self.count, self.observed = (sums.sum(axis=0) for sums in self.by_fold)
        self.predicted, self.margin_sum = (
            sum_by(self.table.cell, self.table.sums[i], self.table.cells) for i in (1, 3)
        )
        self.rows = float(self.count.sum())

    @cached_property
    def filled(self) -> Flags:
        """Cells that have rows."""
        return np.asarray(self.count > 0)

    @cached_property
    def p(self) -> Floats:
        """Mean prediction by cell (nan where empty)."""
        return self._mean(self.predicted)

    @cached_property
    def margin(self) -> Floats:
        """Mean margin by cell (0 where empty)."""
        return np.nan_to_num(self._mean(self.margin_sum))

    def _mean(self, sums: Floats) -> Floats:
        return np.asarray(np.divide(sums, self.count, out=np.full(len(sums), np.nan), where=self.filled))

    @cached_property
    def residual(self) -> Floats:
        """Prediction minus outcome, summed by key of the table."""
        return np.asarray(self.table.sums[1] - self.table.sums[2])

    @cached_property
    def width(self) -> Binning:
        """Equal-width bins, as many as the parameters ask for."""
        return self._binning(fine_of_cell(self.paired) // (RESOLUTION // self.bins), self.bins)

    @cached_property
    def mass(self) -> Binning:
        """Equal-mass bins, as many as the parameters ask for; cells are never split."""
        return self.fifteen if self.bins == MASS_BINS else self._binning(self._equal_mass(self.bins), self.bins)

    @cached_property
    def fifteen(self) -> Binning:
        """The fifteen equal-mass bins of the cluster-debiased error."""
        return self._binning(self._equal_mass(MASS_BINS), MASS_BINS)

    @cached_property
    def points(self) -> Binning:
        """The grid points of the smooth null."""
        return self._binning(fine_of_cell(self.paired) // (RESOLUTION // SMOOTH_POINTS), SMOOTH_POINTS)

    def _equal_mass(self, bins: int) -> Ints:
        return equal_mass_groups(self.count, bins)

    def _binning(self, groups: Ints, bins: int) -> Binning:
        key = self.table.at_keys(np.arange(len(self.starts)) * bins) + groups[self.table.cell]
        starts = np.flatnonzero(np.append(True, key[1:] != key[:-1])[: len(key)])
        return Binning(bins, groups, starts, key[starts])

    @cached_property
    def by_width(self) -> tuple[Floats, Floats]:
        """Count and outcome by bucket and equal-width bin."""
        count, outcome = (self.by_bucket_and_bin(self.table.sums[field], self.width) for field in (0, 2))
        return count, outcome

    # ------------------------------------------------------------------ functions of fold and cell

    @cached_property
    def _fold_and_cell(self) -> Ints:
        return self.table.at_keys(self.buckets % FOLDS * self.table.cells) + self.table.cell

    @cached_property
    def by_fold(self) -> tuple[Floats, Floats]:
        """Count and outcome by fold (bucket mod 5) and cell: each of shape (folds, cells)."""
        size = FOLDS * self.table.cells
        count, outcome = (sum_by(self._fold_and_cell, self.table.sums[field], size) for field in (0, 2))
        return count.reshape(FOLDS, -1), outcome.reshape(FOLDS, -1)

    @cached_property
    def training(self) -> tuple[Floats, Floats]:
        """Count and outcome by cell without each fold, and last of all rows: shape (folds + 1, cells)."""
        count, outcome = self.by_fold
        return np.vstack([self.count - count, self.count]), np.vstack([self.observed - outcome, self.observed])

    @cached_property
    def slope_fits(self) -> Floats:
        """The slope of the logit on the margin, for each training set: shape (folds + 1, 1)."""
        return fit_slope(self.margin, *self.training)

    @cached_property
    def platt_fits(self) -> Floats:
        """Slope and intercept for each training set: shape (folds + 1, 2)."""
        return fit_platt(self.margin, *self.training)

    def _by_row(self, field: int, ends: Ints) -> csr_array:
        """One field of the table as a matrix with a column for each fold and cell; rows end at these keys.

        Its product with a function of fold and cell is the sum of that function by row.
        """
        shape = len(ends) - 1, FOLDS * self.table.cells
        return csr_array((self.table.sums[field], self._fold_and_cell, ends), shape=shape)

    @cached_property
    def _by_bucket(self) -> tuple[csr_array, csr_array]:
        ends = np.append(self.starts, len(self.table.keys))
        return self._by_row(0, ends), self._by_row(2, ends)

    def by_bucket(self, constant: Floats, slope: Floats) -> Floats:
        """Sum over rows of constant + slope · outcome by bucket: shape (buckets,).

        `constant` and `slope` are functions of fold and cell, or of the cell alone.
        """
        count, outcome = self._by_bucket
        each = (FOLDS, self.table.cells)
        constant, slope = (np.broadcast_to(values, each).ravel() for values in (constant, slope))
        return np.asarray(count @ constant + outcome @ slope)

    @cached_property
    def _count_by_bucket_and_fifteen(self) -> csr_array:
        lengths = np.zeros(len(self.starts) * MASS_BINS, np.int64)
        lengths[self.fifteen.run] = np.diff(self.fifteen.starts, append=len(self.table.keys))
        return self._by_row(0, np.append(0, np.cumsum(lengths)))

    def residual_by_fifteen(self, prediction: Floats) -> Floats:
        """Prediction (by fold and cell) minus outcome, by bucket and equal-mass bin of fifteen."""
        predicted = self._count_by_bucket_and_fifteen @ prediction.ravel()
        return np.asarray(predicted.reshape(-1, MASS_BINS) - self._outcome_by_fifteen)

    @cached_property
    def count_by_fifteen(self) -> Floats:
        """Rows by bucket and equal-mass bin of fifteen."""
        return self.by_bucket_and_bin(self.table.sums[0], self.fifteen)

    @cached_property
    def _outcome_by_fifteen(self) -> Floats:
        return self.by_bucket_and_bin(self.table.sums[2], self.fifteen)

    @cached_property
    def moments(self) -> Floats:
        """Exact sums by bucket, empty buckets left out: shape (fields, buckets)."""
        return self.state.moments.sums

    def sums(self, *names: str) -> Floats:
        """Exact sums by bucket of these moments: shape (names, buckets)."""
        return np.asarray(self.moments[[MOMENT_FIELDS.index(name) for name in names]])

    @cached_property
    def total(self) -> dict[str, float]:
        """Exact sums over all rows by name."""
        return dict(zip(MOMENT_FIELDS, self.moments.sum(axis=1).tolist(), strict=True))

    def by_bin(self, binning: Binning) -> tuple[Floats, Floats, Floats]:
        """Count, predicted and observed sums by bin."""
        count, predicted, observed = (
            sum_by(binning.groups, sums, binning.bins) for sums in (self.count, self.predicted, self.observed)
        )
        return count, predicted, observed

    def by_bucket_and_bin(self, values: Floats, binning: Binning) -> Floats:
        """Sum `values` (one per key) by bucket and bin: shape (buckets, bins)."""
        sums = np.zeros(len(self.starts) * binning.bins)
        sums[binning.run] = np.add.reduceat(values, binning.starts)
        return sums.reshape(-1, binning.bins)
