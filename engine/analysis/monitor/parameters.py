"""Parameters of alarms."""

from __future__ import annotations

from dataclasses import dataclass

from engine.analysis.base import Parameters
from engine.analysis.monitor.checks import LEAST
from engine.analysis.monitor.offers import MONITORS
from engine.errors import UsageError

DIRECTIONS = {"both": 0, "up": 1, "down": -1}
MOST_RATE = 20.0


@dataclass(frozen=True)
class MonitorParameters(Parameters):
    """`metric`, `run`: what is watched, and the picture shown; empty for all. `monitor`: which, empty for the usual.

    `baseline`: how many first points are taken for healthy, 0 for a quarter or less; `start`: the step at which it
    begins. `alpha`: chance of any false alarm, in [.0001, .2]; `false_alarms`: per 1,000 points, in [.01, 20]; both in
    all, divided among the streams. `direction`: both, up or down. `scale`: what scores are divided by where they are
    held against a truth. `seed`: of made-up healthy runs.
    """

    metric: str = ""
    run: str = ""
    monitor: str = ""
    baseline: int = 0
    start: float = 0.0
    alpha: float = 0.01
    false_alarms: float = 0.3
    direction: str = "both"
    scale: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.monitor and self.monitor not in MONITORS:
            raise UsageError(f"monitor={self.monitor!r} is none of {', '.join(MONITORS)}.")
        if self.direction not in DIRECTIONS:
            raise UsageError(f"direction={self.direction!r} is none of {', '.join(DIRECTIONS)}.")
        if self.baseline and not LEAST <= self.baseline <= 100_000:
            raise UsageError(f"baseline={self.baseline} is not 0, nor between {LEAST} and 100,000.")
        if not 1e-4 <= self.alpha <= 0.2:
            raise UsageError(f"alpha={self.alpha} is not between 0.0001 and 0.2.")
        if not 0.01 <= self.false_alarms <= MOST_RATE:
            raise UsageError(f"false_alarms={self.false_alarms} is not between 0.01 and {MOST_RATE:g}.")
        if not 0 < self.scale < float("inf"):
            raise UsageError(f"scale={self.scale} is not above 0.")
        if not abs(self.start) < float("inf"):
            raise UsageError(f"start={self.start} is no step.")
        if not 0 <= self.seed < 2**32:
            raise UsageError(f"seed={self.seed} is not between 0 and 4,294,967,295.")

    @property
    def sides(self) -> int:
        """1 up, −1 down, 0 both."""
        return DIRECTIONS[self.direction]
