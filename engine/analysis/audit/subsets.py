"""The ruler on each subset: where length alone decides, an accuracy there says nothing about quality."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.analysis.arrays import Floats
from engine.analysis.audit.rulers import Pairs, share
from engine.analysis.intervals import benjamini_hochberg
from engine.analysis.records import Records

LEAST_PROMPTS = 30


def subsets(records: Records, pairs: Pairs, marks: Floats, degenerate: float, level: float) -> list[dict[str, Any]]:
    """Every slice value with 30 prompts: degenerate ones first, then by distance of the ruler from ½.

    `q_value` is that of the ruler being right half of the time, by Benjamini-Hochberg over all subsets. A subset is
    degenerate where the ruler is right (or wrong) at least as often as `degenerate` and the q-value at most 1 − level.
    """
    found = []
    for name, (codes, values) in records.slices.items():
        for code, value in enumerate(values):
            kept = (codes == code) & np.isfinite(marks)
            prompts = len(np.unique(records.unit[kept]))
            if prompts >= LEAST_PROMPTS:
                found.append((name, value, prompts, share(marks, pairs.bucket, kept, prompts, level)))
    if not found:
        return []
    adjusted = benjamini_hochberg(np.array([each.p_value for *_, each in found]))
    told = []
    for (name, value, prompts, each), q_value in zip(found, adjusted.tolist(), strict=True):
        accuracy = each.estimate.value or 0.0
        extreme = max(accuracy, 1 - accuracy) >= degenerate
        told.append(
            {
                "column": name,
                "value": value,
                "rows": each.estimate.n,
                "prompts": prompts,
                "prompts_approximate": False,
                "accuracy": accuracy,
                "effect": accuracy - 0.5,
                "low": each.estimate.low,
                "high": each.estimate.high,
                "p_value": each.p_value,
                "q_value": q_value,
                "confirmed": bool(q_value <= 1 - level),
                "degenerate": bool(extreme and q_value <= 1 - level),
            }
        )
    return sorted(told, key=lambda one: (not one["degenerate"], -abs(one["effect"]), one["column"], one["value"]))
