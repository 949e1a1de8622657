"""Parameters of the calibration analysis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from engine.analysis.base import Parameters
from engine.analysis.grid import RESOLUTION
from engine.errors import UsageError

PAIR_RECALIBRATORS = ("temperature", "isotonic", "flexible")
SCORE_RECALIBRATORS = ("temperature", "platt", "beta", "isotonic")
MOST_BINS = 120
BIN_COUNTS = tuple(bins for bins in range(2, MOST_BINS + 1) if RESOLUTION % bins == 0)
RECALIBRATORS = tuple(dict.fromkeys(PAIR_RECALIBRATORS + SCORE_RECALIBRATORS))


@dataclass(frozen=True)
class CalibrationParameters(Parameters):
    """`bins`: equal-width and equal-mass bins, a divisor of 960 up to 120.

    `scale`: what a raw score is divided by (score rows). `level`: of every interval, in [.5, .999].
    `recalibrator`: the one that pictures, slices and calibration_error_recalibrated use. `slice`: "column=value", empty
    for all rows. `seed`: of the null quantiles.
    """

    observe_fields: ClassVar[tuple[str, ...]] = ("scale",)

    bins: int = 15
    scale: float = 1.0
    level: float = 0.95
    recalibrator: str = "temperature"
    seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.bins not in BIN_COUNTS:
            raise UsageError(f"bins={self.bins} is not one of {', '.join(map(str, BIN_COUNTS))}.")
        if not (np.isfinite(self.scale) and self.scale > 0):
            raise UsageError(f"scale={self.scale} is not a positive number.")
        if not 0.5 <= self.level <= 0.999:
            raise UsageError(f"level={self.level} is not between 0.5 and 0.999.")
        if self.recalibrator not in RECALIBRATORS:
            raise UsageError(f"recalibrator={self.recalibrator!r} is not one of {', '.join(RECALIBRATORS)}.")
        if self.seed < 0:
            raise UsageError(f"seed={self.seed} is negative.")
