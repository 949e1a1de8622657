"""Parameters of the ranking analysis."""

from __future__ import annotations

from dataclasses import dataclass

from engine.analysis.base import Parameters
from engine.errors import UsageError

MODELS = ("bradley_terry", "davidson")
CONTROLS = ("none", "length", "style")
INTERVALS = ("sandwich", "bootstrap")
LEAST_DRAWS, MOST_DRAWS = 100, 5000


@dataclass(frozen=True)
class RankingParameters(Parameters):
    """`model`: bradley_terry counts a tie as half a win, davidson gives ties a likelihood of their own.

    `controls`: none, length, or style for every feature of style that the rows have. `interval`: sandwich, or the
    bucket bootstrap of `draws` resamples in [100, 5,000]; both leave prompts whole. `level`: of every interval, in
    [.5, .999]; ranks hold at it all together. `seed`: of the quantile of the largest difference and of the bootstrap.
    Controls and the bootstrap go with bradley_terry, one at a time.
    """

    model: str = "bradley_terry"
    controls: str = "none"
    interval: str = "sandwich"
    draws: int = 500
    level: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, known in (("model", MODELS), ("controls", CONTROLS), ("interval", INTERVALS)):
            if getattr(self, name) not in known:
                raise UsageError(f"{name}={getattr(self, name)!r} is not one of {', '.join(known)}.")
        if not LEAST_DRAWS <= self.draws <= MOST_DRAWS:
            raise UsageError(f"draws={self.draws} is not between {LEAST_DRAWS} and {MOST_DRAWS}.")
        if not 0.5 <= self.level <= 0.999:
            raise UsageError(f"level={self.level} is not between 0.5 and 0.999.")
        if self.seed < 0:
            raise UsageError(f"seed={self.seed} is negative.")
        self._check_together()

    def _check_together(self) -> None:
        special = [
            name
            for name, usual in (("model", "bradley_terry"), ("controls", "none"), ("interval", "sandwich"))
            if getattr(self, name) != usual
        ]
        if len(special) > 1:
            said = " and ".join(f"{name}={getattr(self, name)}" for name in special)
            raise UsageError(f"{said} do not go together; choose one of them.")
        if self.controls != "none" and self.slice:
            raise UsageError("controls are estimated on all rows; leave slice empty.")
