"""RewardBench results per sample: version 1 (two scores) and version 2 (several answers to one prompt)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from engine.formats.batches import Batch, Refused, SpreadBatch
from engine.formats.plan import Draft, Plan, Sample, fill_shared, shared_columns
from engine.formats.preference import fill_texts
from engine.formats.values import FINE, number, numbers, objects

VERSION_1, VERSION_2 = "rewardbench", "rewardbench2"


def recognise_1(sample: Sample, _mapping: Mapping[str, str]) -> Plan | None:
    """By `scores_chosen` and `scores_rejected`."""
    if not sample.has("scores_chosen", "scores_rejected"):
        return None
    plan = Plan(VERSION_1, "comparison", {"score_a": "scores_chosen", "score_b": "scores_rejected"})
    plan.columns |= {
        role: name
        for role, name in (("text_a", "text_chosen"), ("text_b", "text_rejected"), ("judge", "model"))
        if name in sample.names
    }
    if "results" in sample.names:
        plan.columns["outcome"] = "results"
    if "prompt" in sample.names:
        plan.columns["prompt_text"] = "prompt"
    elif "text_a" in plan.columns and "text_b" in plan.columns:
        plan.options["common_prefix"] = True
    if all(sample.numeric(name) == 0 for name in ("scores_chosen", "scores_rejected")):
        plan.options["unscored"] = True
        plan.warn("nothing_to_calibrate", "nothing to calibrate: the results hold no scores")
    return plan


def convert_1(batch: Batch, plan: Plan) -> Draft:
    """One row a sample, a = chosen; scores may be null or lists of one."""
    draft = Draft(batch.lines, {"label": np.ones(len(batch))})
    for role, name in (("score_a", plan.columns["score_a"]), ("score_b", plan.columns["score_b"])):
        draft.columns[role], codes = numbers(batch.column(name))
        if not plan.options.get("unscored"):
            draft.reject_codes(codes, name, "score_missing")
    draft.columns["margin"] = draft.columns["score_a"] - draft.columns["score_b"]
    if "text_a" in plan.columns and "text_b" in plan.columns:
        fill_texts(draft, batch, plan)
    fill_shared(draft, batch, plan)
    return draft


def recognise_2(sample: Sample, _mapping: Mapping[str, str]) -> Plan | None:
    """By `scores` (a list) and `num_correct`."""
    if not sample.has("scores", "num_correct") or sample.share("scores", list) < 0.5:
        return None
    plan = Plan(VERSION_2, "comparison", {"scores": "scores", "right": "num_correct"})
    plan.columns |= shared_columns(sample, ("prompt_text",), frozenset())
    if "results" in sample.names:
        plan.columns["outcome"] = "results"
    if "id" in sample.names:
        plan.columns["prompt"] = "id"
    if "model" in sample.names:
        plan.columns["judge"] = "model"
    if any(str(row.get("subset", "")).lower() == "ties" for row in sample.rows):
        plan.warn(
            "ties_subset", "the subset Ties holds several right answers a prompt: each is paired with each wrong one"
        )
    return plan


def convert_2(batch: Batch, plan: Plan) -> Draft:
    """One row for each right answer beside each wrong one; the first `num_correct` scores are of right answers."""
    scores, right = objects(batch.column("scores")), objects(batch.column("num_correct"))
    pairs, owners, refused = [], [], []
    for place, (held, count) in enumerate(zip(scores, right, strict=True)):
        found = _pairs(held, count)
        if not found:
            refused.append(Refused(int(batch.lines[place]), "no_pair", "scores"))
        pairs += found
        owners += [place] * len(found)
    owner = np.array(owners, np.int64)
    spread = SpreadBatch(batch, owner)
    a, b = np.array(pairs, np.float64).reshape(-1, 2).T
    columns = {"label": np.ones(len(owner)), "score_a": a, "score_b": b, "margin": a - b}
    draft = Draft(batch.lines[owner], columns, batch=spread, several=True, refused=refused)
    draft.reject(~np.isfinite(draft.columns["margin"]), "scores", "score_missing")
    fill_shared(draft, spread, plan)
    names = [each for held, count in zip(scores, right, strict=True) for each in _names(held, count)]
    draft.columns["item_a"] = pa.array([name[0] for name in names], pa.string())
    draft.columns["item_b"] = pa.array([name[1] for name in names], pa.string())
    return draft


def _count(held: Any, count: Any) -> int | None:
    if not isinstance(held, list) or isinstance(count, bool):
        return None
    value, code = number(count)
    return int(value) if code == FINE and 0 < value < len(held) <= 1000 else None


def _pairs(held: Any, count: Any) -> list[tuple[float, float]]:
    right = _count(held, count)
    if right is None:
        return []
    values = [number(each)[0] for each in held]
    return [(a, b) for a in values[:right] for b in values[right:]]


def _names(held: Any, count: Any) -> list[tuple[str, str]]:
    right = _count(held, count) or 0
    return [(f"answer {a}", f"answer {b}") for a in range(right) for b in range(right, len(held))]
