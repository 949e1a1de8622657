"""Parameters of what if."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from engine.analysis.base import Parameters
from engine.errors import UsageError


@dataclass(frozen=True)
class WhatIfParameters(Parameters):
    """`temperature`: what margins are divided by. `threshold`: the least confidence that is trusted, in [.5, 1).

    `target`: the accuracy that trusted verdicts have to have, in (.5, 1). `cost`: what a wrong trusted verdict costs,
    in labels by people. `scale`: what a raw score is divided by. `level`: of every interval, in [.5, .999].
    """

    observe_fields: ClassVar[tuple[str, ...]] = ("scale",)

    temperature: float = 1.0
    threshold: float = 0.8
    target: float = 0.9
    cost: float = 10.0
    scale: float = 1.0
    level: float = 0.95

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.01 <= self.temperature <= 100:
            raise UsageError(f"temperature={self.temperature} is not between 0.01 and 100.")
        if not 0.5 <= self.threshold < 1:
            raise UsageError(f"threshold={self.threshold} is not at least 0.5 and below 1.")
        if not 0.5 < self.target < 1:
            raise UsageError(f"target={self.target} is not between 0.5 and 1.")
        if not (np.isfinite(self.cost) and self.cost > 0):
            raise UsageError(f"cost={self.cost} is not a positive number.")
        if not (np.isfinite(self.scale) and self.scale > 0):
            raise UsageError(f"scale={self.scale} is not a positive number.")
        if not 0.5 <= self.level <= 0.999:
            raise UsageError(f"level={self.level} is not between 0.5 and 0.999.")
