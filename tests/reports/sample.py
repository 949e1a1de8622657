"""A made-up result with every part filled."""

from engine.types import Estimate, Evidence, Notice, Result


def sample() -> Result:
    return Result(
        analysis="calibration",
        verdict="over_confident",
        sentence="Over-confident: calibration error .11 [.09, .13] on 1,240 pairs of 310 prompts.",
        estimates={
            "accuracy": Estimate(0.62, 0.57, 0.67, 0.95, "jackknife over buckets", 1240),
            "calibration_error": Estimate(0.11, 0.09, 0.13, 0.95, "jackknife over buckets", 1240),
            "ece_width_15": Estimate(0.12, method="binned", n=1240, null_95=0.07),
            "position_bias": Estimate(None, method="display order unknown"),
        },
        evidence=_evidence(),
        dataset={
            "name": "scores.jsonl",
            "format": "pairs",
            "kind": "comparison",
            "rows": 1250,
            "accepted": 1240,
            "rejected": 10,
        },
        slices=[_slice()],
        pairs=[_pair()],
        warnings=[Notice("few_prompts", "Fewer than 200 prompts carry a label: intervals are wide.")],
        pictures=_pictures(),
        recalibrators=[_recalibrator()],
    )


def _evidence() -> Evidence:
    return Evidence(
        analysis="calibration",
        analysis_version="1",
        dataset="scores.jsonl",
        sha256="ab" * 32,
        params={"bins": 15},
        rows=1240,
        duration_ms=12.5,
        command="python -m jobs analyse scores.jsonl --analysis calibration",
    )


def _pair() -> dict[str, object]:
    return {
        "confidence": 0.998,
        "margin": 6.2,
        "label": 0.0,
        "prompt": "p-17",
        "prompt_text": "Where rain falls most",
        "text_a": "In the desert.",
        "text_b": "In the hills.",
        "item_a": "model-a",
        "item_b": "model-b",
        "score_a": 4.0,
        "score_b": -2.2,
        "source_line": 17,
        "slices": {"source": "law"},
    }


def _pictures() -> dict[str, dict[str, list[float]]]:
    predicted = [0.55, 0.65, 0.75, 0.85, 0.95]
    observed = [0.52, 0.58, 0.63, 0.70, 0.78]
    return {
        "reliability": {
            "predicted": predicted,
            "observed": observed,
            "count": [300.0, 280.0, 260.0, 220.0, 180.0],
            "low": [value - 0.05 for value in observed],
            "high": [value + 0.05 for value in observed],
            "null_low": [value - 0.04 for value in predicted],
            "null_high": [value + 0.04 for value in predicted],
        },
        "corp": {"x": predicted, "y": observed},
        "histogram": {"edges": [0.5, 0.6, 0.7, 0.8, 0.9, 1.0], "count": [300.0, 280.0, 260.0, 220.0, 180.0]},
    }


def _slice() -> dict[str, object]:
    numbers = {"prompts": 60, "rows": 120, "effect": -0.08, "low": -0.12, "high": -0.04}
    return {"column": "source", "value": "law", **numbers, "verdict": "worse", "confirmed": True}


def _recalibrator() -> dict[str, object]:
    held_out = {"calibration_error": 0.02, "low": 0.0, "high": 0.05, "nll_gain": 0.03}
    return {"kind": "temperature", "parameters": {"temperature": 1.7}, "held_out": held_out}
