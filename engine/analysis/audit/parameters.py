"""Parameters of the audit."""

from __future__ import annotations

from dataclasses import dataclass

from engine.analysis.base import Parameters
from engine.errors import UsageError


@dataclass(frozen=True)
class AuditParameters(Parameters):
    """`feature`: the ruler of subsets and slopes; empty for length, in tokens or else in characters.

    `degenerate`: the accuracy of the ruler from which (or from 1 − which downwards) a subset is called degenerate.
    `level`: of every interval, in [.5, .999].
    """

    feature: str = ""
    degenerate: float = 0.95
    level: float = 0.95

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.5 < self.degenerate <= 1:
            raise UsageError(f"degenerate={self.degenerate} is not above 0.5 and at most 1.")
        if not 0.5 <= self.level <= 0.999:
            raise UsageError(f"level={self.level} is not between 0.5 and 0.999.")
