"""Parameters of hack watch."""

from __future__ import annotations

from dataclasses import dataclass

from engine.analysis.base import Parameters
from engine.errors import UsageError

LEAST_BASELINE = 5


@dataclass(frozen=True)
class HackWatchParameters(Parameters):
    """`run`: which one, empty for the longest. `alpha`: chance of any false alarm of all signals, in [.001, .2].

    `baseline`: first steps that are taken for healthy, 0 for a quarter or less. `gap`: "promised" for what the proxy
    promises, by its meaning in the baseline, less gold; "plain" for proxy less gold on one scale. `tolerance`: how far
    a mean may move beyond what the baseline allows, in standard deviations of single answers, in [0, 2]. `seed`: of
    made-up healthy runs.
    """

    run: str = ""
    alpha: float = 0.05
    baseline: int = 0
    gap: str = "promised"
    tolerance: float = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.001 <= self.alpha <= 0.2:
            raise UsageError(f"alpha={self.alpha} is not between 0.001 and 0.2.")
        if self.baseline and not LEAST_BASELINE <= self.baseline <= 100_000:
            raise UsageError(f"baseline={self.baseline} is not 0, nor between {LEAST_BASELINE} and 100,000.")
        if self.gap not in ("promised", "plain"):
            raise UsageError(f"gap={self.gap!r} is neither promised nor plain.")
        if not 0 <= self.tolerance <= 2:
            raise UsageError(f"tolerance={self.tolerance} is not between 0 and 2.")
        if not 0 <= self.seed < 2**32:
            raise UsageError(f"seed={self.seed} is not between 0 and 4,294,967,295.")
