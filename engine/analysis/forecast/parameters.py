"""Parameters of a forecast."""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.analysis.base import Parameters
from engine.errors import UsageError


@dataclass(frozen=True)
class ForecastParameters(Parameters):
    """`metric` and `run`: which line, empty for the metric that says most and its longest run.

    `ahead`: how far, in steps (seconds of lines without steps), 0 for a tenth of what the line has gone so far.
    `threshold`: a value whose crossing is of interest, as a number in words, empty for none. `level`: of intervals, in
    [.5, .99]. `seed`: of the draws.
    """

    metric: str = ""
    run: str = ""
    ahead: float = 0.0
    threshold: str = ""
    level: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (self.ahead >= 0 and math.isfinite(self.ahead)):
            raise UsageError(f"ahead={self.ahead:g} is not a number of steps from 0 on.")
        if not 0.5 <= self.level <= 0.99:
            raise UsageError(f"level={self.level} is not between 0.5 and 0.99.")
        if self.seed < 0:
            raise UsageError(f"seed={self.seed} is negative.")
        self.limit  # noqa: B018 - refuses a threshold that is no number

    @property
    def limit(self) -> float | None:
        """The threshold as a number, None for none. Raises UsageError."""
        if not self.threshold.strip():
            return None
        try:
            value = float(self.threshold)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise UsageError(f"threshold={self.threshold[:40]!r} is not a number.")
        return value
