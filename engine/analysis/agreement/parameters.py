"""Parameters of the agreement analysis."""

from __future__ import annotations

from dataclasses import dataclass

from engine.analysis.base import Parameters
from engine.errors import UsageError


@dataclass(frozen=True)
class AgreementParameters(Parameters):
    """`level`: of every interval, in [.5, .999].

    `false_discovery`: the share of wrong flags that is put up with among the flagged annotators, in (0, .5].
    """

    level: float = 0.95
    false_discovery: float = 0.05

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.5 <= self.level <= 0.999:
            raise UsageError(f"level={self.level} is not between 0.5 and 0.999.")
        if not 0 < self.false_discovery <= 0.5:
            raise UsageError(f"false_discovery={self.false_discovery} is not above 0 and at most 0.5.")
