"""Parameters of a timeline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import parse_qsl

import numpy as np

from engine.analysis.base import Parameters
from engine.errors import UsageError

MOST_FRAMES = 200
BY = ("auto", "step", "time")


@dataclass(frozen=True)
class TimelineParameters(Parameters):
    """`of`: whose answers, empty for the analysis that leads; `given`: its own parameters, as `bins=10&level=0.9`.

    `by`: step or time, auto for step where rows have one. `windows`: how many of equal length, 0 for each step or day
    (of at most 200 with rows). `span`: 0 when each frame is of everything up to its window, else of that many windows.
    `scale`: what a raw score is divided by, for analyses that have it.
    """

    observe_fields: ClassVar[tuple[str, ...]] = ("of", "by", "scale")

    of: str = ""
    by: str = "auto"
    windows: int = 0
    span: int = 0
    given: str = ""
    scale: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.by not in BY:
            raise UsageError(f"by={self.by!r} is not one of {', '.join(BY)}.")
        if not 0 <= self.windows <= MOST_FRAMES:
            raise UsageError(f"windows={self.windows} is not between 0 and {MOST_FRAMES}.")
        if not 0 <= self.span <= MOST_FRAMES:
            raise UsageError(f"span={self.span} is not between 0 and {MOST_FRAMES}.")
        if not (np.isfinite(self.scale) and self.scale > 0):
            raise UsageError(f"scale={self.scale} is not a positive number.")

    @property
    def inner(self) -> dict[str, str]:
        """The parameters that were given for the analysis itself."""
        return dict(parse_qsl(self.given, keep_blank_values=True))
