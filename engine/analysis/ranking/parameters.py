"""Parameters of the ranking analysis."""

from __future__ import annotations

from dataclasses import dataclass

from engine.analysis.base import Parameters
from engine.errors import UsageError

MODELS = ("bradley_terry", "davidson")


@dataclass(frozen=True)
class RankingParameters(Parameters):
    """`model`: bradley_terry counts a tie as half a win, davidson gives ties a likelihood of their own.

    `level`: of every interval, in [.5, .999]; ranks hold at it all together. `slice`: "column=value", empty for all
    rows. `seed`: of the quantile of the largest difference.
    """

    model: str = "bradley_terry"
    level: float = 0.95
    slice: str = ""
    seed: int = 0

    def __post_init__(self) -> None:
        if self.model not in MODELS:
            raise UsageError(f"model={self.model!r} is not one of {', '.join(MODELS)}.")
        if not 0.5 <= self.level <= 0.999:
            raise UsageError(f"level={self.level} is not between 0.5 and 0.999.")
        if self.slice and "=" not in self.slice:
            raise UsageError(f"slice={self.slice!r} is not of the form column=value.")
        if self.seed < 0:
            raise UsageError(f"seed={self.seed} is negative.")
