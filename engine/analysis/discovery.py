"""Slices found on one half of the buckets, tested on the other: what every analysis that looks for slices does alike.

A slice is discovered on even buckets. Its effect, p-value and interval come from odd buckets alone, with
Benjamini-Hochberg over those discovered and intervals at the false-coverage-statement rate (Benjamini and Yekutieli
2005).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy.special import stdtr

from engine.analysis.intervals import benjamini_hochberg, critical

DISCOVERY = 0.1
"""Two-sided p-value on the discovery half below which a slice is tested on the other."""


class Effect(NamedTuple):
    """What a slice has more of than the rest: value, standard error, buckets of the slice."""

    value: float
    error: float
    buckets: int

    @property
    def p_value(self) -> float:
        """Of no effect, two-sided; 1 where nothing is known of the error."""
        return self._tail(-abs(self.value)) * 2 if self.error > 0 else 1.0

    def p_value_towards(self, side: float) -> float:
        """Of no effect towards this side (its sign counts), one-sided."""
        return self._tail(-float(np.sign(side)) * self.value) if self.error > 0 else 1.0

    def _tail(self, value: float) -> float:
        return float(stdtr(self.buckets - 1, value / self.error))


@dataclass(frozen=True)
class Finding:
    """What came of testing a slice; one that was not discovered keeps p = 1. `level` is that of its interval."""

    level: float
    p_value: float = 1.0
    q_value: float = 1.0
    confirmed: bool = False


def confirm(
    found: Sequence[Effect], tested: Sequence[Effect], alpha: float, candidates: Sequence[int] | None = None
) -> list[Finding]:
    """What comes of each slice.

    Args:
        found: effects on the discovery half.
        tested: those on the other half, in the same order.
        alpha: the share of false discoveries, and of intervals that miss their effect.
        candidates: places of the discovered ones; None for those whose p-value is at most DISCOVERY.
    """
    findings = [Finding(1 - alpha) for _ in found]
    if candidates is None:
        candidates = [place for place, effect in enumerate(found) if effect.p_value <= DISCOVERY]
    if not candidates:
        return findings
    p_values = [tested[place].p_value_towards(found[place].value) for place in candidates]
    adjusted = benjamini_hochberg(np.array(p_values))
    level = 1 - alpha * max(int((adjusted <= alpha).sum()), 1) / len(candidates)
    for place, p_value, q_value in zip(candidates, p_values, adjusted.tolist(), strict=True):
        findings[place] = Finding(level, p_value, q_value, q_value <= alpha)
    return findings


def as_told(effect: Effect, finding: Finding) -> dict[str, Any]:
    """As the result shows it; the interval is at the level that its being selected allows."""
    spread = critical(finding.level, effect.buckets) * effect.error
    return {
        "effect": effect.value,
        "low": effect.value - spread,
        "high": effect.value + spread,
        "p_value": finding.p_value,
        "q_value": finding.q_value,
        "confirmed": bool(finding.confirmed),
    }
