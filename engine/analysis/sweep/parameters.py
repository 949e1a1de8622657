"""Parameters of the comparison of trials."""

from __future__ import annotations

from dataclasses import dataclass

from engine.analysis import trials
from engine.analysis.base import Parameters


@dataclass(frozen=True)
class SweepParameters(Parameters):
    """`metric`: what trials are compared by, empty for what says most. `level`: of intervals, in [.5, .999].

    `at`: which point of a run counts, "last", "best" or a number of steps. `better`: "higher" or "lower", empty to tell
    it from the name of the metric.
    """

    metric: str = ""
    at: str = trials.LAST
    better: str = ""
    level: float = 0.95

    def __post_init__(self) -> None:
        super().__post_init__()
        trials.check_choices(self.at, self.better, self.level)
