"""Verdicts of judges in the forms of known benchmarks: LLMBar, AlpacaEval, PandaLM. Most hold no scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from engine.formats import comparisons
from engine.formats.batches import Batch
from engine.formats.plan import Draft, Plan, Sample, plain
from engine.formats.values import MISSING, NOT_FINITE, number, objects

LLMBAR, ALPACA_EVAL, PANDALM = "llmbar", "alpaca_eval", "pandalm_judge"
NAMES = (LLMBAR, ALPACA_EVAL, PANDALM)

_UNSCORED = "nothing to calibrate: verdicts, but no scores"


def recognise(sample: Sample, _mapping: Mapping[str, str]) -> Plan | None:
    """By the columns these benchmarks write."""
    return _llmbar(sample) or _alpaca_eval(sample) or _pandalm(sample)


def _llmbar(sample: Sample) -> Plan | None:
    if not sample.has("input", "output_1", "output_2", "label"):
        return None
    columns = {"prompt_text": "input", "text_a": "output_1", "text_b": "output_2", "label": "label"}
    plan = Plan(LLMBAR, "comparison", columns, options={"scheme": "one_two"})
    if any(_rating(row.get("results"), 1) is not None for row in sample.rows):
        plan.columns["ratings"] = "results"
        plan.warn("ratings_not_logits", "margins are differences of ratings: their unit is not that of a logit")
    else:
        plan.warn("nothing_to_calibrate", _UNSCORED)
    return plan


def _alpaca_eval(sample: Sample) -> Plan | None:
    if not sample.has("instruction", "output_1", "output_2", "generator_1", "generator_2", "preference"):
        return None
    columns = {
        "prompt_text": "instruction",
        "text_a": "output_1",
        "text_b": "output_2",
        "item_a": "generator_1",
        "item_b": "generator_2",
        "label": "preference",
    }
    plan = Plan(ALPACA_EVAL, "comparison", columns, options={"scheme": "one_two"})
    if "annotator" in sample.names:
        plan.columns["annotator"] = "annotator"
    plan.warn("nothing_to_calibrate", _UNSCORED)
    return plan


def _pandalm(sample: Sample) -> Plan | None:
    by_plain = {plain(name): name for name in sample.names}
    results = [
        name for name in by_plain if name.endswith("_result") and f"{name.removesuffix('_result')}_reason" in by_plain
    ]
    if "idx" not in by_plain or len(results) != 1:
        return None
    columns = {"label": by_plain[results[0]], "prompt": by_plain["idx"]}
    plan = Plan(PANDALM, "comparison", columns, options={"scheme": "one_two"})
    plan.warn("nothing_to_calibrate", _UNSCORED)
    return plan


def convert(batch: Batch, plan: Plan) -> Draft:
    """One row a verdict; LLMBar's ratings become scores."""
    draft = comparisons.convert(batch, plan)
    if "ratings" in plan.columns:
        results = objects(batch.column(plan.columns["ratings"]))
        for role, place in (("score_a", 1), ("score_b", 2)):
            found = [number(_rating(each, place)) for each in results]
            draft.columns[role] = np.array([value for value, _ in found], np.float64)
            codes = np.array([code for _, code in found], np.uint8)
            codes[(codes > MISSING) & (codes != NOT_FINITE)] = MISSING
            draft.reject_codes(codes, f"results.score_{place}", "score_missing")
        draft.columns["margin"] = draft.columns["score_a"] - draft.columns["score_b"]
    return draft


def _rating(results: Any, place: int) -> Any:
    """The rating of one output: of the last stage, where there are several; None where it was blocked."""
    stage = results[-1] if isinstance(results, list) and results else None
    held = stage.get(f"score_{place}") if isinstance(stage, dict) else None
    return held[0] if isinstance(held, list) and held else held
