"""Rollouts: answers a policy gave during training, with their rewards (TRL completions, veRL dumps, RLLoggingBoard)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.formats.batches import Batch
from engine.formats.names import SHARED
from engine.formats.plan import Draft, Plan, Sample, fill_shared
from engine.formats.values import numbers, texts

NAME = "rollouts"

_TEXT = ("completion", "response", "output", "text", "generation")
_REWARD = ("reward", "score", "rewards", "total_reward", "advantage")
_KL = ("kl", "kl_ref", "sequence_kl")
_RUN = ("run", "run_name", "run_id", "policy", "checkpoint")


def recognise(sample: Sample, _mapping: Mapping[str, str]) -> Plan | None:
    """By an answer with a reward at a step."""
    step, text, reward = sample.find(SHARED["step"]), sample.find(_TEXT), sample.find(_REWARD)
    if step is None or text is None or reward is None or sample.numeric(reward) < 0.5 or sample.numeric(step) < 0.5:
        return None
    plan = Plan(NAME, "rollout", {"step": step, "text": text, "reward": reward})
    taken = frozenset(plan.columns.values())
    wanted = {"kl": _KL, "entropy": ("entropy",), "truncated": ("truncated", "is_truncated", "clipped"), "run": _RUN}
    wanted |= {role: SHARED[role] for role in ("prompt", "prompt_text", "time", "length")}
    for role, names in wanted.items():
        name = sample.find(names, taken | frozenset(plan.columns.values()))
        if name:
            plan.columns[role] = name
    return plan


def convert(batch: Batch, plan: Plan) -> Draft:
    """One row an answer."""
    draft = Draft(batch.lines)
    name = plan.columns["reward"]
    draft.columns["reward"], codes = numbers(batch.column(name), decimal_comma=batch.decimal_comma)
    draft.reject_codes(codes, name, "score_missing")
    for role in ("kl", "entropy", "truncated"):
        if role in plan.columns:
            found, _ = numbers(batch.column(plan.columns[role]), decimal_comma=batch.decimal_comma, flags=True)
            draft.columns[role] = np.where((found == 0) | (found == 1), found, np.nan) if role == "truncated" else found
    if "run" in plan.columns:
        draft.columns["run"] = texts(batch.column(plan.columns["run"]))
    fill_shared(draft, batch, plan)
    return draft
