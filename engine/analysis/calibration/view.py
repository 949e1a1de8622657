"""A state prepared for its conclusion: totals by cell, means, and the fixed and equal-mass bins."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from engine.analysis.arrays import Flags, Floats, Ints
from engine.analysis.calibration.state import MOMENT_FIELDS, CalibrationState
from engine.analysis.grid import RESOLUTION, fine_of_cell
from engine.analysis.metrics import equal_mass_groups

MASS_BINS = 15
"""Equal-mass bins of the cluster-debiased error, whatever number of bins is on screen."""


class View:
    """Numbers of one state that several parts of the conclusion share, each computed once."""

    def __init__(self, state: CalibrationState, bins: int) -> None:
        self.state = state
        self.paired = state.paired
        self.bins = bins
        self.table = state.cells
        self.count, self.predicted, self.observed, self.margin_sum = state.cells.totals()
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
        return np.divide(sums, self.count, out=np.full(len(sums), np.nan), where=self.filled)

    @cached_property
    def residual(self) -> Floats:
        """Prediction minus outcome, summed by key of the table."""
        return np.asarray(self.table.sums[1] - self.table.sums[2])

    @cached_property
    def width_groups(self) -> Ints:
        """Equal-width bin of each cell."""
        return fine_of_cell(self.paired) // (RESOLUTION // self.bins)

    @cached_property
    def mass_groups(self) -> Ints:
        """Equal-mass bin (of `bins`) of each cell."""
        return equal_mass_groups(self.count, self.bins)

    @cached_property
    def error_groups(self) -> Ints:
        """Equal-mass bin (of 15) of each cell, for the cluster-debiased error."""
        return equal_mass_groups(self.count, MASS_BINS)

    @cached_property
    def moments(self) -> Floats:
        """Exact sums by bucket, empty buckets left out: shape (fields, buckets)."""
        sums = self.state.moments.bucket_sums(np.zeros(1, np.int64), 1)[:, :, 0]
        return np.asarray(sums[:, sums[0] > 0])

    @cached_property
    def total(self) -> dict[str, float]:
        """Exact sums over all rows by name."""
        return dict(zip(MOMENT_FIELDS, self.moments.sum(axis=1).tolist(), strict=True))

    def by_bin(self, groups: Ints, bins: int) -> tuple[Floats, Floats, Floats]:
        """Count, predicted and observed sums by bin."""
        count, predicted, observed = (
            np.bincount(groups, sums, minlength=bins) for sums in (self.count, self.predicted, self.observed)
        )
        return count, predicted, observed

    def by_bucket_and_bin(self, values: Floats, groups: Ints, bins: int) -> Floats:
        """Sum `values` (one per key) by bucket and bin: shape (buckets, bins)."""
        key = self.table.bucket * bins + groups[self.table.cell]
        return np.bincount(key, values, minlength=self.table.buckets * bins).reshape(-1, bins)
