"""Verdicts of judges in the forms of known benchmarks: LLMBar, AlpacaEval, PandaLM. Most hold no scores.

A verdict is the judge's own preference and is never taken for a label: `verdict` beside LLMBar's gold `label`, and
alone in PandaLM's files of a judge, whose labels lie in another file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from engine.formats import comparisons
from engine.formats.batches import Batch, SpreadBatch
from engine.formats.plan import Draft, Plan, Sample, fill_shared, plain
from engine.formats.values import FINE, MISSING, NOT_FINITE, labels, number, objects, texts
from engine.words import amount

LLMBAR, ALPACA_EVAL, PANDALM = "llmbar", "alpaca_eval", "pandalm_judge"
NAMES = (LLMBAR, ALPACA_EVAL, PANDALM)

ORDERS = ("swap = False", "swap = True")
"""Whose winner is given by the number of the output, whichever order the judge saw: as it stands, then swapped."""

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
        return plan
    if any(_winner(row.get("results"), order) is not None for row in sample.rows for order in ORDERS):
        plan.columns["verdict"] = "results"
        plan.warn("nothing_to_calibrate", _UNSCORED)
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
    columns = {"verdict": by_plain[results[0]], "prompt": by_plain["idx"]}
    plan = Plan(PANDALM, "comparison", columns, options={"verdicts": "one_two"})
    plan.options["judge"] = results[0].removesuffix("_result")
    plan.warn("nothing_to_calibrate", _UNSCORED)
    return plan


def convert(batch: Batch, plan: Plan) -> Draft:
    """One row a verdict: of LLMBar one for each order shown; its ratings, which know no order, become scores."""
    if plan.format == LLMBAR and "verdict" in plan.columns:
        return _both_orders(batch, plan)
    draft = comparisons.convert(batch, plan)
    if "ratings" in plan.columns:
        _fill_ratings(draft, batch, plan)
    if "judge" in plan.options:
        draft.columns["judge"] = pa.array([plan.options["judge"]] * len(batch), pa.string())
    return draft


def _both_orders(batch: Batch, plan: Plan) -> Draft:
    """Two rows an item, as it stands and swapped; a verdict that is missing (blocked) costs its own row only."""
    results = objects(batch.column(plan.columns["verdict"]))
    label, codes = labels(batch.column(plan.columns["label"]), plan.options["scheme"])
    owner = np.repeat(np.arange(len(batch)), len(ORDERS))
    spread = SpreadBatch(batch, owner)
    draft = Draft(spread.lines, {"label": label[owner]}, batch=spread, several=True)
    draft.reject(codes[owner] == MISSING, "label", "label_missing")
    draft.reject((codes[owner] != FINE) & (codes[owner] != MISSING), "label", "label_unknown")
    words = [_winner(each, order) for each in results for order in ORDERS]
    draft.columns["verdict"], codes = labels(texts(words), "one_two")
    draft.reject(codes == MISSING, "results.winner", "verdict_missing")
    draft.reject((codes != FINE) & (codes != MISSING), "results.winner", "verdict_unknown")
    draft.columns["first"] = np.tile([1.0, 0.0], len(batch))
    for role in ("text_a", "text_b"):
        draft.columns[role] = texts(spread.column(plan.columns[role]))
    blocked = int((codes == MISSING).sum())
    if total := plan.count("blocked", blocked):
        plan.note("verdicts_missing", f"{amount(total, 'order')} of an item without the judge's verdict (blocked)")
    fill_shared(draft, spread, plan)
    return draft


def _fill_ratings(draft: Draft, batch: Batch, plan: Plan) -> None:
    results = objects(batch.column(plan.columns["ratings"]))
    for role, place in (("score_a", 1), ("score_b", 2)):
        found = [number(_rating(each, place)) for each in results]
        draft.columns[role] = np.array([value for value, _ in found], np.float64)
        codes = np.array([code for _, code in found], np.uint8)
        codes[(codes > MISSING) & (codes != NOT_FINITE)] = MISSING
        draft.reject_codes(codes, f"results.score_{place}", "score_missing")
    draft.columns["margin"] = draft.columns["score_a"] - draft.columns["score_b"]


def _winner(results: Any, order: str) -> Any:
    """Who won in one order, at the last stage that says so; None where the judge was blocked."""
    for stage in reversed(results) if isinstance(results, list) else ():
        held = stage.get(order) if isinstance(stage, dict) else None
        if isinstance(held, dict) and "winner" in held:
            return held["winner"]
    return None


def _rating(results: Any, place: int) -> Any:
    """The rating of one output: of the last stage, where there are several; None where it was blocked."""
    stage = results[-1] if isinstance(results, list) and results else None
    held = stage.get(f"score_{place}") if isinstance(stage, dict) else None
    return held[0] if isinstance(held, list) and held else held
