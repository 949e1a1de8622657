"""Parameters of training curves."""

from __future__ import annotations

from dataclasses import dataclass

from engine.analysis.base import Parameters
from engine.errors import UsageError


@dataclass(frozen=True)
class CurvesParameters(Parameters):
    """`metric`: which one the sentence is of; empty for the one that says most. `level`: of intervals, in [.5, .999].

    `ends`: points at the beginning and at the end of a run whose means are compared, 0 for a tenth of the run.
    """

    metric: str = ""
    ends: int = 0
    level: float = 0.95

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.ends < 0:
            raise UsageError(f"ends={self.ends} is below 0.")
        if not 0.5 <= self.level <= 0.999:
            raise UsageError(f"level={self.level} is not between 0.5 and 0.999.")
