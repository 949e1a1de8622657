"""Parameters of training curves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from urllib.parse import unquote

from engine.analysis.base import Parameters
from engine.errors import UsageError

OVER = ("step", "time", "relative")
MIDDLES = ("mean", "median")
AXES = ("linear", "log")
BY_NAME = "name"
MOST_METRICS = 8
BETWEEN = "|"


@dataclass(frozen=True)
class CurvesParameters(Parameters):
    """`metric`: which ones, `|` between up to eight; empty for the one that says most. `level`: in [.5, .999].

    `ends`: points at the beginning and at the end of a run whose means are compared, 0 for a tenth of the run. `group`:
    runs put together, by what their names begin with (`name`) or a parameter of theirs (`config.lr`); `middle` of a
    group: mean or median. `smooth`: weight of what came before, in [0, 1), 0 for none. `over`: step, time, or relative
    (since a run began). `axis`: linear or log. `at`: only this stretch, `low..high` along the axis.
    """

    metric: str = ""
    ends: int = 0
    level: float = 0.95
    group: str = ""
    middle: str = "mean"
    smooth: float = 0.0
    over: str = "step"
    axis: str = "linear"
    at: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.ends < 0:
            raise UsageError(f"ends={self.ends} is below 0.")
        if not 0.5 <= self.level <= 0.999:
            raise UsageError(f"level={self.level} is not between 0.5 and 0.999.")
        if not 0 <= self.smooth < 1:
            raise UsageError(f"smooth={self.smooth} is not between 0 and 1.")
        for name, known in (("over", OVER), ("middle", MIDDLES), ("axis", AXES)):
            if (value := getattr(self, name)) not in known:
                raise UsageError(f"{name}={value!r} is not one of {', '.join(known)}.")
        if self.group and self.group != BY_NAME and not self.group.startswith("config."):
            raise UsageError(f"group={self.group!r} is neither {BY_NAME} nor config.<parameter>.")
        if len(self.metrics) > MOST_METRICS:
            raise UsageError(f"At most {MOST_METRICS} metrics are shown at once.")
        _ = self.stretch

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that were asked for."""
        return tuple(dict.fromkeys(unquote(name) for name in self.metric.split(BETWEEN) if name))

    @property
    def stretch(self) -> tuple[float, float]:
        """The stretch of the axis that is looked at. Raises UsageError for a text that names none."""
        if not self.at:
            return -math.inf, math.inf
        low, found, high = self.at.partition("..")
        try:
            ends = (float(low), float(high))
        except ValueError:
            ends = (math.nan, math.nan)
        if not found or not ends[0] < ends[1]:
            raise UsageError(f"at={self.at!r} is not of the form low..high.")
        return ends
