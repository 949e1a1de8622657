"""Parameters of the judge analysis."""

from __future__ import annotations

from dataclasses import dataclass

from engine.analysis.base import Parameters
from engine.errors import UsageError


@dataclass(frozen=True)
class JudgeParameters(Parameters):
    """`judge`: whose verdicts count, empty for the one with the most. `item`: whose win rate is corrected.

    Empty for the first item in the alphabet. `half_width`: of the interval of the win rate that labels are planned for,
    in (0, .5). `level`: of every interval, in [.5, .999].
    """

    judge: str = ""
    item: str = ""
    half_width: float = 0.03
    level: float = 0.95

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.5 <= self.level <= 0.999:
            raise UsageError(f"level={self.level} is not between 0.5 and 0.999.")
        if not 0 < self.half_width < 0.5:
            raise UsageError(f"half_width={self.half_width} is not between 0 and 0.5.")
