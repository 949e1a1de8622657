"""The cluster-debiased calibration error.

Products within a bucket are left out, so neither label noise nor correlation within a prompt inflates it:

    CE² = Σ_b (N_b / N) · (R_b² − Σ_g R_bg²) / (N_b² − Σ_g N_bg²),   shown as √max(0, CE²)

over bins b and buckets g, with N rows and R the summed residual. With one row a bucket it is the debiased L2 error of
Kumar, Liang and Ma (2019) up to O(1 / n).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.analysis.arrays import Floats
from engine.analysis.intervals import critical, standard_error


@dataclass(frozen=True)
class CalibrationError:
    """The error with its interval, and its square on which the interval is built (may be negative)."""

    value: float
    low: float
    high: float
    square: float
    square_low: float

    @property
    def detected(self) -> bool:
        """Whether the interval of the square lies above zero."""
        return self.square_low > 0


def calibration_error(count: Floats, residual: Floats, level: float) -> CalibrationError:
    """The error from counts and residual sums by bucket and bin, shape (buckets, bins); jackknife over buckets."""
    present = count.sum(axis=1) > 0
    count, residual = count[present], residual[present]
    total = [part.sum(axis=0) for part in (count, residual, np.square(count), np.square(residual))]
    square = float(_square(*total))
    without = _square(
        total[0] - count, total[1] - residual, total[2] - np.square(count), total[3] - np.square(residual)
    )
    spread = critical(level, len(count)) * standard_error(without)
    low, high = square - spread, square + spread
    root_low, root_high = (float(np.sqrt(max(0.0, bound))) for bound in (low, high))
    return CalibrationError(float(np.sqrt(max(0.0, square))), root_low, min(root_high, 1.0), square, low)


def _square(count: Floats, residual: Floats, count_squares: Floats, residual_squares: Floats) -> Floats:
    pairs = np.square(count) - count_squares
    known = pairs > 0.5
    product = np.divide(np.square(residual) - residual_squares, pairs, out=np.zeros_like(pairs), where=known)
    return np.asarray((count * product).sum(axis=-1) / np.maximum(count.sum(axis=-1), 1.0))
