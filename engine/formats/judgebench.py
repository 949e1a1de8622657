"""JudgeBench output: a pair with an objective label, judged as it stands and once more swapped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from engine.formats.batches import Batch, SpreadBatch
from engine.formats.plan import Draft, Plan, Sample, fill_shared
from engine.formats.values import FINE, MISSING, labels, number, objects, text_of, texts

NAME = "judgebench"


def recognise(sample: Sample, _mapping: Mapping[str, str]) -> Plan | None:
    """By `judgments` (a list of objects with a `judgment`), `response_A`, `response_B` and `label`."""
    if not sample.has("judgments", "response_A", "response_B", "label"):
        return None
    if sample.share("judgments", list) < 0.5:
        return None
    columns = {
        "label": "label",
        "scores": "judgments",
        "prompt_text": "question",
        "text_a": "response_A",
        "text_b": "response_B",
    }
    plan = Plan(NAME, "comparison", {role: name for role, name in columns.items() if name in sample.names})
    held = sum(_scores(_judgment(row.get("judgments"), 0)) is not None for row in sample.rows)
    plan.options["scored"] = bool(held)
    plan.options["decided"] = not held
    if not held:
        plan.warn("nothing_to_calibrate", "nothing to calibrate: the judgments hold decisions, but no scores")
    return plan


def convert(batch: Batch, plan: Plan) -> Draft:
    """One row a pair: the margin of `judgments[0]`; of a judge without scores the decisions in both orders."""
    if plan.options.get("decided"):
        return _decisions(batch, plan)
    draft = Draft(batch.lines)
    judgments = objects(batch.column("judgments"))
    label, codes = labels(batch.column(plan.columns["label"]))
    draft.reject(codes == MISSING, "label", "label_missing")
    draft.reject((codes != FINE) & (codes != MISSING), "label", "label_unknown")
    draft.columns["label"] = label
    if plan.options["scored"]:
        pairs = [_scores(_judgment(each, 0)) for each in judgments]
        _fill_scores(draft, pairs)
    draft.columns["judge"] = pa.array([_judge(each) for each in judgments], pa.string())
    fill_shared(draft, batch, plan)
    for role in ("text_a", "text_b"):
        if role in plan.columns:
            draft.columns[role] = texts(batch.column(plan.columns[role]))
    return draft


def _decisions(batch: Batch, plan: Plan) -> Draft:
    """Two rows a pair: the judge's decision as it stands, and the one on the swapped pair, turned round."""
    judgments = objects(batch.column(plan.columns["scores"]))
    owner = np.repeat(np.arange(len(batch)), 2)
    spread = SpreadBatch(batch, owner)
    label, codes = labels(batch.column(plan.columns["label"]))
    draft = Draft(spread.lines, {"label": label[owner]}, batch=spread, several=True)
    draft.reject(codes[owner] == MISSING, "label", "label_missing")
    draft.reject((codes[owner] != FINE) & (codes[owner] != MISSING), "label", "label_unknown")
    words = [_decision(each, place) for each in judgments for place in (0, 1)]
    verdict, codes = labels(texts(words))
    swapped = np.tile([False, True], len(batch))
    draft.columns["verdict"] = np.where(swapped, 1 - verdict, verdict)
    draft.columns["first"] = np.where(swapped, 0.0, 1.0)
    draft.reject(codes == MISSING, "judgments.decision", "verdict_missing")
    draft.reject((codes != FINE) & (codes != MISSING), "judgments.decision", "verdict_unknown")
    draft.columns["judge"] = pa.array([_judge(each) for each in judgments], pa.string()).take(pa.array(owner))
    fill_shared(draft, spread, plan)
    return draft


def _decision(judgments: Any, place: int) -> Any:
    held = judgments[place] if isinstance(judgments, list) and len(judgments) > place else None
    return held.get("decision") if isinstance(held, dict) else None


def _fill_scores(draft: Draft, pairs: list[tuple[Any, Any] | None]) -> None:
    draft.reject(np.array([pair is None for pair in pairs], np.bool_), "judgments", "wrong_shape")
    for side, name in enumerate(("score_a", "score_b")):
        found = [number(pair[side]) if pair else (np.nan, FINE) for pair in pairs]
        draft.columns[name] = np.array([value for value, _ in found], np.float64)
        draft.reject_codes(
            np.array([code for _, code in found], np.uint8), f"judgments[0].scores[{side}]", "score_missing"
        )
    draft.columns["margin"] = draft.columns["score_a"] - draft.columns["score_b"]


def _judgment(judgments: Any, place: int) -> Mapping[str, Any] | None:
    """The judgment at a place of the list, if it has the known shape."""
    if not isinstance(judgments, list) or len(judgments) <= place or not isinstance(judgments[place], dict):
        return None
    inner = judgments[place].get("judgment")
    return inner if isinstance(inner, dict) else None


def _scores(judgment: Mapping[str, Any] | None) -> tuple[Any, Any] | None:
    held = judgment.get("scores") if judgment else None
    return (held[0], held[1]) if isinstance(held, list) and len(held) == 2 else None


def _judge(judgments: Any) -> str | None:
    judgment = _judgment(judgments, 0)
    return text_of(judgment.get("judge_model")) if judgment else None
