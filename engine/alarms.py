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


def turned(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> list[dict[str, str]]:
    """What turned for the worse, of the leading answer and of the others: {analysis, verdict, sentence, was}."""
    found = []
    if rang(before, after):
        was = str((before or {})["verdict"])
        found.append({**{name: str(after[name]) for name in ("analysis", "verdict", "sentence")}, "was": was})
    known = (before or {}).get("others") or {}
    for analysis, now in (after.get("others") or {}).items():
        was = known.get(analysis, {}).get("verdict")
        if was is not None and severity(analysis, now["verdict"]) > severity(analysis, was):
            found.append({"analysis": analysis, "verdict": now["verdict"], "sentence": now["sentence"], "was": was})
    return found


def rang(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> bool:
    """Whether the answer turned for the worse from one version to the next.

    The first answer of all is no turn, and neither is that of another analysis.
    """
    if before is None or before.get("analysis") is None or before["analysis"] != after.get("analysis"):
        return False
    return severity(after["analysis"], after["verdict"]) > severity(before["analysis"], before["verdict"])
