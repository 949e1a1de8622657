"""Parameters of the comparison of systems."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from engine.analysis.base import Parameters
from engine.errors import UsageError

BY = ("auto", "dataset", "judge", "item", "step")
METRICS = ("auto", "accuracy", "value", "truth")


@dataclass(frozen=True)
class CompareParameters(Parameters):
    """What is compared, in what, and what a decision takes.

    `by`: what names a system; auto takes the first of judge, dataset, item and step that tells two or more apart on
    common prompts. `metric`: accuracy (score rows: of value / scale > ½ against the truth), value (divided by scale) or
    truth; auto is accuracy where labels or truths are known, else value. `scale`: what a raw score is divided by.
    `baseline`, `candidate`: names of systems; empty for those that the data suggest. `delta`: how much worse than the
    baseline the candidate may be, in units of the metric. `live`: yes for intervals that hold at every look.
    `power`: of the planned number of labels. `cost_per_label`: 0 where it is not asked. `level`: of every interval, in
    [.5, .999]. `seed`: of sign flips and of simultaneous intervals.
    """

    observe_fields: ClassVar[tuple[str, ...]] = ("scale",)

    by: str = "auto"
    metric: str = "auto"
    scale: float = 1.0
    baseline: str = ""
    candidate: str = ""
    delta: float = 0.02
    live: str = "no"
    power: float = 0.8
    cost_per_label: float = 0.0
    level: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, known in (("by", BY), ("metric", METRICS), ("live", ("yes", "no"))):
            if getattr(self, name) not in known:
                raise UsageError(f"{name}={getattr(self, name)!r} is not one of {', '.join(known)}.")
        if not (np.isfinite(self.scale) and self.scale > 0):
            raise UsageError(f"scale={self.scale} is not a positive number.")
        if not (np.isfinite(self.delta) and self.delta >= 0):
            raise UsageError(f"delta={self.delta} is not a number of 0 or more.")
        if not (np.isfinite(self.cost_per_label) and self.cost_per_label >= 0):
            raise UsageError(f"cost_per_label={self.cost_per_label} is not a number of 0 or more.")
        if not 0.5 <= self.power <= 0.999:
            raise UsageError(f"power={self.power} is not between 0.5 and 0.999.")
        if not 0.5 <= self.level <= 0.999:
            raise UsageError(f"level={self.level} is not between 0.5 and 0.999.")
        if self.baseline and self.baseline == self.candidate:
            raise UsageError(f"{self.baseline!r} cannot be both baseline and candidate.")
        if self.seed < 0:
            raise UsageError(f"seed={self.seed} is negative.")
