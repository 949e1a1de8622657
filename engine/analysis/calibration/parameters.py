"""Parameters of the calibration analysis, and the guess of a scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from engine.analysis.arrays import Floats
from engine.analysis.base import Parameters
from engine.analysis.grid import RESOLUTION
from engine.errors import UsageError
from engine.types import Notice

PAIR_RECALIBRATORS = ("temperature", "isotonic", "flexible")
SCORE_RECALIBRATORS = ("temperature", "platt", "beta", "isotonic")
RECALIBRATORS = tuple(dict.fromkeys(PAIR_RECALIBRATORS + SCORE_RECALIBRATORS))
USUAL_SCALES = (1.0, 10.0, 100.0)


@dataclass(frozen=True)
class CalibrationParameters(Parameters):
    """`bins`: equal-width and equal-mass bins, a divisor of 960. `scale`: what a raw score is divided by (score rows).

    `level`: of every interval, in [.5, .999]. `recalibrator`: the one that pictures, slices and
    calibration_error_recalibrated use. `slice`: "column=value", empty for all rows. `seed`: of the null quantiles.
    """

    observe_fields: ClassVar[tuple[str, ...]] = ("scale",)

    bins: int = 15
    scale: float = 1.0
    level: float = 0.95
    recalibrator: str = "temperature"
    slice: str = ""
    seed: int = 0

    def __post_init__(self) -> None:
        if self.bins < 2 or RESOLUTION % self.bins:
            raise UsageError(f"bins={self.bins} does not divide {RESOLUTION}; 5, 8, 10, 12, 15, 16, 20, 24 and 30 do.")
        if not (np.isfinite(self.scale) and self.scale > 0):
            raise UsageError(f"scale={self.scale} is not a positive number.")
        if not 0.5 <= self.level <= 0.999:
            raise UsageError(f"level={self.level} is not between 0.5 and 0.999.")
        if self.recalibrator not in RECALIBRATORS:
            raise UsageError(f"recalibrator={self.recalibrator!r} is not one of {', '.join(RECALIBRATORS)}.")
        if self.slice and "=" not in self.slice:
            raise UsageError(f"slice={self.slice!r} is not of the form column=value.")
        if self.seed < 0:
            raise UsageError(f"seed={self.seed} is negative.")


def guess_scale(values: Floats) -> tuple[float, Notice | None]:
    """The scale of raw scores (1, 10 or 100: the least that holds the largest), with the warning if it is not 1.

    To be asked once for a whole dataset and then kept: segments must not guess for themselves. Raises UsageError for
    values that no usual scale holds.
    """
    largest, least = float(np.max(values, initial=0.0)), float(np.min(values, initial=0.0))
    if least < 0 or not largest <= USUAL_SCALES[-1]:
        raise UsageError(
            f"Scores from {least:g} to {largest:g} fit no usual scale: pass scale=… or map a column in [0, 1]."
        )
    scale = next(scale for scale in USUAL_SCALES if largest <= scale)
    if scale == 1:
        return scale, None
    message = f"Scores reach {largest:g}: taken as 0 to {scale:g}. Pass scale={scale:g} to confirm, or another scale."
    return scale, Notice("scale_guessed", message)
