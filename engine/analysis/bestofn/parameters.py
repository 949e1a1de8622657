"""Parameters of best of n."""

from __future__ import annotations

from dataclasses import dataclass

from engine.analysis.base import Parameters
from engine.errors import UsageError


@dataclass(frozen=True)
class BestOfNParameters(Parameters):
    """`judge`: whose scores, where there are several. `level`: of every interval, in [.5, .999].

    `seed`: of the simultaneous intervals of the peak.
    """

    judge: str = ""
    level: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.5 <= self.level <= 0.999:
            raise UsageError(f"level={self.level} is not between 0.5 and 0.999.")
        if self.seed < 0:
            raise UsageError(f"seed={self.seed} is negative.")
