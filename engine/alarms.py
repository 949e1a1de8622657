"""Which verdicts are bad news, and how bad: an alarm rings when a verdict turns for the worse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

SEVERITY: Final[Mapping[str, Mapping[str, int]]] = {
    "calibration": {"over_confident": 2, "under_confident": 2, "miscalibrated": 2},
    "judge": {"chance": 2, "opposed": 2},
    "agreement": {"chance": 2},
    "drift": {"drifted": 2},
    "monitor": {"alarm": 2},
    "hackwatch": {"watch": 1, "onset": 2},
    "overoptimisation": {"near_peak": 1, "passed": 2},
    "rollouts": {"reward_rose_gold_fell": 2},
}
"""How bad each verdict of an analysis is: 1 asks for care, 2 is an alarm; what is not here is quiet."""


def severity(analysis: str, verdict: str) -> int:
    """How bad a verdict is, 0 where it is quiet."""
    return SEVERITY.get(analysis, {}).get(verdict, 0)


def rang(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> bool:
    """Whether the answer turned for the worse from one version to the next.

    The first answer of all is no turn, and neither is that of another analysis.
    """
    if before is None or before.get("analysis") is None or before["analysis"] != after.get("analysis"):
        return False
    return severity(after["analysis"], after["verdict"]) > severity(before["analysis"], before["verdict"])
