"""What sequential detectors share: they take values in order and give a statistic for each."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from engine.analysis.arrays import Floats
from engine.analysis.shapes import Position, Stream

CHUNK = 1 << 10
LARGEST_CHUNK = 1 << 14
"""Values that a detector which starts anew after an alarm takes at once: few after it, more while there is none."""


@dataclass(frozen=True, kw_only=True)
class Detector(Stream):
    """A state that gives the same alarms whether it is fed at once or row by row.

    `alarms` are the places, counted from 0, of the values at which it rang; `seen` counts values.
    """

    position: Position | None = None
    seen: int = 0
    alarms: tuple[int, ...] = ()

    @abstractmethod
    def feed(self, values: Floats) -> tuple[Self, Floats]:
        """The state after these values, shape (n,), and the statistic at each."""

    def step(self, position: Position, row: Any) -> Self:
        """The state after one more value."""
        after, _ = self.feed(np.array([row], float))
        return replace(after, position=position)
