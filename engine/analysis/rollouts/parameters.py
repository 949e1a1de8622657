"""Parameters of rollouts."""

from __future__ import annotations

from dataclasses import dataclass

from engine.analysis.base import Parameters
from engine.errors import UsageError


@dataclass(frozen=True)
class RolloutsParameters(Parameters):
    """`run`: whose answers, empty for the run with most of them. `level`: of intervals, in [.5, .999].

    `ends`: steps at the beginning and at the end that are compared, 0 for a tenth of all steps, or as many as hold
    enough prompts for an interval.
    """

    run: str = ""
    ends: int = 0
    level: float = 0.95

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.ends < 0:
            raise UsageError(f"ends={self.ends} is below 0.")
        if not 0.5 <= self.level <= 0.999:
            raise UsageError(f"level={self.level} is not between 0.5 and 0.999.")
