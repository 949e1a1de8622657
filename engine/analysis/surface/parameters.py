"""Parameters of a surface."""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.analysis import trials
from engine.analysis.base import Parameters
from engine.errors import UsageError

METHODS = ("smooth", "exact", "preview")
SCALES = ("auto", "on", "off")
LEAST_RESOLUTION, MOST_RESOLUTION = 20, 500
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?")


@dataclass(frozen=True)
class SurfaceParameters(Parameters):
    """Which surface is fitted and where it is cut.

    Attributes:
        x, y: names of two parameters of the runs, or "step" for one of them; empty for those with most values.
        metric: what stands above them; empty for what says most.
        method: "smooth" (a penalised spline with intervals), "exact" (through every point, no intervals) or "preview"
            (bin averages, coarse, no intervals).
        at: which point of a run counts: "last", "best" or a number of steps. Where an axis is the step, all count.
        better: "higher" or "lower"; empty to tell it from the name of the metric.
        log_x, log_y: "auto" (positive values over a factor of ten or more), "on" or "off".
        resolution: points a side of the fine grid, in [20, 500].
        level: of intervals, in [.5, .999].
        cut_x, cut_y: where the surface is cut, in units of the parameter; empty for the best point.
    """

    x: str = ""
    y: str = ""
    metric: str = ""
    method: str = "smooth"
    at: str = trials.LAST
    better: str = ""
    log_x: str = "auto"
    log_y: str = "auto"
    resolution: int = 200
    level: float = 0.95
    cut_x: str = ""
    cut_y: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        trials.check_choices(self.at, self.better, self.level)
        if self.x and self.x == self.y:
            raise UsageError(f"x and y are both {self.x!r}: a surface needs two parameters.")
        if self.method not in METHODS:
            raise UsageError(f"method={self.method!r} is none of {', '.join(METHODS)}.")
        for name in ("log_x", "log_y"):
            if getattr(self, name) not in SCALES:
                raise UsageError(f"{name}={getattr(self, name)!r} is none of {', '.join(SCALES)}.")
        if not LEAST_RESOLUTION <= self.resolution <= MOST_RESOLUTION:
            raise UsageError(f"resolution={self.resolution} is not between {LEAST_RESOLUTION} and {MOST_RESOLUTION}.")
        for name in ("cut_x", "cut_y"):
            if getattr(self, name) and not _NUMBER.fullmatch(getattr(self, name)):
                raise UsageError(f"{name}={getattr(self, name)!r} is not a number.")
