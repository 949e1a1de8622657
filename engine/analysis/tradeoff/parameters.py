"""Parameters of the trade-off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.analysis.base import Parameters
from engine.errors import UsageError

MOST_WINDOWS = 60


@dataclass(frozen=True)
class TradeoffParameters(Parameters):
    """`coefficient`: what each nat of KL costs in reward, at least 0. `metric`, `kl`: whose lines; empty to be chosen.

    `run`: which run, empty for the first. `windows`: neighbouring steps are put together into so many, 2 to 60; fewer
    where that leaves less than five points in each. `level`: of every interval, in [.5, .999].
    """

    coefficient: float = 0.0
    metric: str = ""
    kl: str = ""
    run: str = ""
    windows: int = 20
    level: float = 0.95

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (np.isfinite(self.coefficient) and self.coefficient >= 0):
            raise UsageError(f"coefficient={self.coefficient} is not a number of at least 0.")
        if not 2 <= self.windows <= MOST_WINDOWS:
            raise UsageError(f"windows={self.windows} is not between 2 and {MOST_WINDOWS}.")
        if not 0.5 <= self.level <= 0.999:
            raise UsageError(f"level={self.level} is not between 0.5 and 0.999.")
