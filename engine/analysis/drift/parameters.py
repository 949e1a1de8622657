"""Parameters of drift."""

from __future__ import annotations

from dataclasses import dataclass

from engine.analysis.base import Parameters
from engine.errors import UsageError

BY = ("auto", "step", "time", "dataset")
CUTS = ("rows", "span")
MOST_WINDOWS = 48


@dataclass(frozen=True)
class DriftParameters(Parameters):
    """What is held against what, and what has to be true before "drifted" is said.

    `by`: what windows are cut along; auto takes datasets where there are several, else steps, else times. `windows`:
    how many, the reference included, in [2, 48]; 0 for up to 8 of at least 60 prompts each. `cut`: windows of equally
    many rows, or of equal spans. `reference`: empty for the first window (the first dataset), else from..to in steps or
    dates, or the name of a dataset. `feature` and `window` (its number, the first after the reference is 1) choose the
    cell that is shown in full; empty and 0 for the one that moved most. `effect`: the least standardised mean
    difference that is called drift; half of it is the least Cramér's V. `alpha`: share of false discoveries, in
    [.001, .5]. `level`: of intervals, in [.5, .999]. `live`: yes for rows that are looked at while they arrive: nothing
    is tested then.
    """

    by: str = "auto"
    windows: int = 0
    cut: str = "rows"
    reference: str = ""
    feature: str = ""
    window: int = 0
    effect: float = 0.2
    alpha: float = 0.05
    level: float = 0.95
    live: str = "no"

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, known in (("by", BY), ("cut", CUTS), ("live", ("yes", "no"))):
            if getattr(self, name) not in known:
                raise UsageError(f"{name}={getattr(self, name)!r} is not one of {', '.join(known)}.")
        if self.windows != 0 and not 2 <= self.windows <= MOST_WINDOWS:
            raise UsageError(f"windows={self.windows} is neither 0 nor between 2 and {MOST_WINDOWS}.")
        if self.window < 0:
            raise UsageError(f"window={self.window} is negative.")
        if not 0 <= self.effect <= 10:
            raise UsageError(f"effect={self.effect} is not between 0 and 10.")
        if not 0.001 <= self.alpha <= 0.5:
            raise UsageError(f"alpha={self.alpha} is not between 0.001 and 0.5.")
        if not 0.5 <= self.level <= 0.999:
            raise UsageError(f"level={self.level} is not between 0.5 and 0.999.")
