"""Results to draw, made by hand."""

from __future__ import annotations

from typing import Any

from engine.types import Concluded, Estimate, Evidence, Result


def pictures() -> dict[str, dict[str, Any]]:
    """Three filled bins and an empty one, over-confident."""
    return {
        "reliability": {
            "predicted": [0.55, 0.75, None, 0.95],
            "observed": [0.54, 0.65, None, 0.78],
            "count": [40, 60, 0, 100],
            "low": [0.40, 0.55, None, 0.70],
            "high": [0.68, 0.75, None, 0.86],
            "null_low": [0.45, 0.70, None, 0.92],
            "null_high": [0.65, 0.80, None, 0.98],
        },
        "corp": {"x": [0.45, 0.55, 0.95], "y": [0.46, 0.54, 0.78]},
        "recalibrated": {"predicted": [0.55, 0.8], "observed": [0.55, 0.79], "count": [80, 120]},
        "histogram": {"edges": [0.5, 0.75, 1.0], "count": [40, 160]},
    }


def entry(value: str, effect: float, confirmed: bool = True) -> dict[str, Any]:
    return {
        "column": "source",
        "value": value,
        "rows": 120,
        "prompts": 60,
        "effect": effect,
        "low": effect - 0.05,
        "high": effect + 0.05,
        "confirmed": confirmed,
    }


def result(**parts: Any) -> Result:
    given: dict[str, Any] = {
        "analysis": "calibration",
        "verdict": "over_confident",
        "sentence": "Over-confident: calibration error .11 [.09, .13] on 200 pairs of 100 prompts.",
        "estimates": {"calibration_error": Estimate(0.11, 0.09, 0.13, 0.9, "jackknife", 200)},
        "evidence": Evidence("calibration", "1", rows=200),
        "dataset": {"kind": "comparison", "prompts": 100},
        "pictures": pictures(),
        "slices": [entry("law", 0.08), entry("math", -0.02, confirmed=False)],
    }
    return Result(**{**given, **parts})


def concluded(**parts: Any) -> Concluded:
    return Concluded(result(**parts), version=7, event_id=42)
