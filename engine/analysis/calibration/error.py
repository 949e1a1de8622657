"""The cluster-debiased calibration error.

Products within a bucket are left out, so neither label noise nor correlation within a prompt inflates it:

    CE² = Σ_b (N_b / N) · (R_b² − Σ_g R_bg²) / (N_b² − Σ_g N_bg²),   shown as √max(0, CE²)

over bins b and buckets g, with N rows and R the summed residual. With one row a bucket it is the debiased L2 error of
Kumar, Liang and Ma (2019) up to O(1 / n).

Its variance is B + c · CE²: B is what remains for a calibrated model, where products of independent noise are all there
is, and c · CE² comes from noise times the true gaps. Both follow from the covariance of the bins' residuals between
buckets. The interval holds every value that the estimate does not contradict at that value's own variance (as Wilson's
does for a proportion). The delete-one-bucket jackknife has one variance for both ends: for a calibrated model it counts
B twice and never excluded zero, and for 350 rows of an over-confident one it covered 87 % (benchmarks/coverage.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.analysis.arrays import Floats, sum_rows
from engine.analysis.intervals import critical

CLOSE = 0.05
"""An error whose interval ends below this and reaches 0 is called "none detected"; above, undecided."""


@dataclass(frozen=True)
class CalibrationError:
    """The error in [0, 1] with its interval; `square` is CE² (negative where there is less than noise).

    `noise` and `slope` make the variance of CE², noise + slope · CE², and `reach` is how many standard deviations the
    interval spans to either side.
    """

    value: float
    low: float
    high: float
    square: float
    noise: float = 0.0
    slope: float = 0.0
    reach: float = 0.0

    @property
    def detected(self) -> bool:
        """Whether the interval excludes zero."""
        return self.low > 0


def calibration_error(
    count: Floats, residual: Floats, level: float, noise_of: Floats | None = None
) -> CalibrationError:
    """The error from counts and residual sums by bucket and bin, shape (buckets, bins), no bucket empty.

    `noise_of` (the same shape) stands in for `residual` where the noise is measured.
    """
    varying = residual if noise_of is None else noise_of
    rows = sum_rows(count)
    pairs = np.square(rows) - sum_rows(np.square(count))
    many = pairs > 0.5
    weight = np.where(many, rows / np.where(many, pairs * max(rows[many].sum(), 1.0), 1.0), 0.0)
    total = sum_rows(residual)
    square = float(weight @ (np.square(total) - sum_rows(np.square(residual))))
    centred = varying - count * (sum_rows(varying) / np.maximum(rows, 1.0))
    covariance = centred.T @ centred
    noise = float(2 * weight @ np.square(covariance) @ weight)
    pull = weight * total
    size = float(pull @ total)
    slope = float(4 * pull @ covariance @ pull) / size if size > 0 else 0.0
    reach = critical(level, len(count))
    low, high = _contradicted(square, noise, slope, reach)
    value, high = float(np.sqrt(max(0.0, square))), min(float(np.sqrt(high)), 1.0)
    return CalibrationError(value, float(np.sqrt(low)), high, square, noise, slope, reach)


def _contradicted(square: float, noise: float, slope: float, quantile: float) -> tuple[float, float]:
    """The roots s of (s − square)² = quantile² · (noise + slope · s), not below zero."""
    middle = square + quantile**2 * slope / 2
    reach = float(np.sqrt(max(0.0, middle**2 - square**2 + quantile**2 * noise)))
    return max(0.0, middle - reach), max(0.0, middle + reach)
