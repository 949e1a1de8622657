"""Rollouts: answers a policy gave during training, with their rewards (TRL completions, veRL dumps, RLLoggingBoard)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from engine.formats import rollout_tokens as lists
from engine.formats.batches import Batch
from engine.formats.canonical import REWARD_PREFIX
from engine.formats.names import SHARED
from engine.formats.plan import Draft, Plan, Sample, fill_shared, plain
from engine.formats.values import FINE, MISSING, Floats, numbers, objects, texts

TRL, VERL, BOARD, NAME = "trl_completions", "verl_rollouts", "rl_logging_board", "rollouts"

MOST_COMPONENTS = 32
LONGEST_NAME = 80

_TEXT = ("completion", "response", "output", "text", "generation")
_REWARD = ("reward", "score", "rewards", "total_reward", "advantage")
_SUMMED = ("reward", "total_reward")
_RUNS = ("run", "run_name", "run_id", "policy", "checkpoint")
_GOLD = (
    "gold_reward", "gold", "gold_score", "true_reward", "eval_reward", "verifier", "verifier_reward", "verifier_score",
    "acc", "is_correct", "correct",
)  # fmt: skip
_LENGTHS = (*(name for name in SHARED["length"] if name != "tokens"), "completion_length", "output_length", "tokens")
_FLAGS = ("truncated", "is_truncated", "clipped", "finish_reason", "stop_reason")
_ENDS: Mapping[str, float] = {"length": 1.0, "max_tokens": 1.0, "max_length": 1.0, "stop": 0.0, "eos": 0.0}
"""Why a server stopped writing: at the limit, or because the answer was at its end."""

_WANTED: Mapping[str, tuple[str, ...]] = {
    "kl": ("kl", "kl_ref", "sequence_kl"),
    "entropy": ("entropy",),
    "truncated": _FLAGS,
    "run": _RUNS,
    "gold": _GOLD,
    "advantage": ("advantage", "advantages"),
    "prompt": SHARED["prompt"],
    "prompt_text": SHARED["prompt_text"],
    "time": SHARED["time"],
    "length": _LENGTHS,
}
_HELD = ("rewards", "reward_components", "reward_breakdown", "reward_parts")
"""Columns that may hold the components by name."""

_PART = re.compile(r"(^|_)(reward|score|bonus|penalty)s?($|_)")
_NO_PART = re.compile(r"(^|_)(ref|reference|step|id|index|epoch|std|mean)($|_)")
_SURELY = {TRL: re.compile(r"."), VERL: re.compile(r"."), BOARD: _PART, NAME: _PART}
"""Which of the other numbers are components of the reward, by form: of files of trainers all of them are."""


def recognise_known(sample: Sample, mapping: Mapping[str, str]) -> Plan | None:
    """The files of known trainers, and tables with a prompt, an answer and a column called reward at a step.

    A reward beside a truth would else be a score: of a policy in training the truth is the gold reward.
    """
    said = mapping.get("reward")
    if sample.has("step", "prompt", "completion", "advantage"):
        return _trl(sample, mapping)
    if sample.has("input", "output", "score", "step") and sample.numeric(said or "score") >= 0.5:
        own = {"step": "step", "prompt_text": "input", "text": "output", "reward": said or "score"}
        return _planned(sample, mapping, VERL, own)
    reward = said or sample.find(_SUMMED)
    if lists.held(sample) and reward is not None and sample.find(SHARED["step"]) is not None:
        return _planned(sample, mapping, BOARD, {"reward": reward})
    if said:
        return _planned(sample, mapping, NAME, {"reward": said})
    return recognise(sample, mapping) if reward is not None and sample.find(SHARED["prompt_text"]) is not None else None


def recognise(sample: Sample, mapping: Mapping[str, str]) -> Plan | None:
    """By an answer with a reward at a step."""
    step, text, reward = sample.find(SHARED["step"]), sample.find(_TEXT), sample.find(_REWARD)
    if step is None or text is None or reward is None or sample.numeric(reward) < 0.5 or sample.numeric(step) < 0.5:
        return None
    return _planned(sample, mapping, NAME, {"step": step, "text": text, "reward": reward})


def _trl(sample: Sample, mapping: Mapping[str, str]) -> Plan | None:
    """TRL's completions of GRPO and RLOO: a column for each reward function, which it adds up by weights of its own."""
    own = {"step": "step", "prompt_text": "prompt", "text": "completion", "advantage": "advantage"}
    total = mapping.get("reward") or sample.find(_SUMMED)
    plan = _planned(sample, mapping, TRL, {**own, "reward": total} if total else own)
    parts = plan.options["components"]
    if total is None and not parts:
        return None
    if total is None and len(parts) > 1:
        summed = f"the reward is the plain sum of {', '.join(parts)}: the weights are not in the file"
        plan.warn("reward_summed", f"{summed}; name a column with reward=… if another is meant")
    return plan


def _planned(sample: Sample, mapping: Mapping[str, str], form: str, own: Mapping[str, str]) -> Plan:
    """The plan of a form whose own columns are known: what else the usual names tell, and the components."""
    plan = Plan(form, "rollout", dict(own))
    wanted = {"step": SHARED["step"], "text": _TEXT, **_WANTED}
    for role, names in wanted.items():
        if role in plan.columns:
            continue
        taken = frozenset({*plan.columns.values(), *mapping.values()})
        name = next(
            (found for one in names if (found := sample.find((one,), taken)) and _fits(sample, role, found)), ""
        )
        if name:
            plan.columns[role] = name
    held = lists.held(sample)
    if held:
        plan.options["lists"] = held
    plan.options["components"] = _components(sample, {**plan.columns, **mapping}, form)
    return plan


def _fits(sample: Sample, role: str, name: str) -> bool:
    if role in ("kl", "entropy", "advantage", "length", "gold"):
        _, codes = numbers([row.get(name) for row in sample.rows], flags=role == "gold")
        return bool((codes == FINE).sum() > (codes != MISSING).sum() / 2)
    return True


def _components(sample: Sample, columns: Mapping[str, str], form: str) -> list[str]:
    """Numbers beside the reward that are parts of it; a name with a dot leads into a column of objects."""
    taken = set(columns.values())
    typed = any(sample.share(name, (int, float)) > 0.5 for name in sample.names)
    found = []
    for name in sample.names:
        short = plain(name)
        if name in taken or _NO_PART.search(short) or not _SURELY[form].search(short):
            continue
        if short in _HELD and sample.share(name, dict) > 0.5:
            keys = dict.fromkeys(key for row in sample.rows for key in (row.get(name) or {}))
            found += [f"{name}.{key}" for key in keys if "." not in key]
        elif short not in _KNOWN and _counts(sample, name, typed):
            found.append(name)
    return found[:MOST_COMPONENTS]


_KNOWN = frozenset({*(name for names in (*_WANTED.values(), *SHARED.values()) for name in names)})


def _counts(sample: Sample, name: str, typed: bool) -> bool:
    """Whether a column holds numbers; where other columns are numbers by type, texts that look like one are none."""
    values = [row.get(name) for row in sample.rows]
    if typed and any(isinstance(value, str) for value in values):
        return False
    _, codes = numbers(values, decimal_comma=sample.batch.decimal_comma, flags=True)
    return bool((codes == FINE).sum() > 0.5 * (codes != MISSING).sum())


# ------------------------------------------------------------------ rows


def convert(batch: Batch, plan: Plan) -> Draft:
    """One row an answer."""
    draft = Draft(batch.lines)
    parts = {name: _floats(batch, name) for name in plan.options.get("components", [])}
    for name, values in parts.items():
        draft.columns[component(name)] = values
    _reward(draft, batch, plan, parts)
    for role in ("kl", "entropy", "advantage", "gold"):
        if role in plan.columns:
            draft.columns[role] = _floats(batch, plan.columns[role])
    if "truncated" in plan.columns:
        draft.columns["truncated"] = _truncated(batch.column(plan.columns["truncated"]))
    if "run" in plan.columns:
        draft.columns["run"] = texts(batch.column(plan.columns["run"]))
    fill_shared(draft, batch, plan)
    if plan.options.get("lists"):
        lists.fill(draft, batch, plan)
    return draft


def component(name: str) -> str:
    """The canonical column of a component of the reward."""
    return REWARD_PREFIX + (name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…")


def _floats(batch: Batch, name: str) -> Floats:
    return numbers(batch.column(name), decimal_comma=batch.decimal_comma, flags=True)[0]


def _reward(draft: Draft, batch: Batch, plan: Plan, parts: Mapping[str, Floats]) -> None:
    """The reward as it stands; without a column of its own the sum of the components that are known."""
    name = plan.columns.get("reward")
    if name is not None:
        draft.columns["reward"], codes = numbers(batch.column(name), decimal_comma=batch.decimal_comma)
        draft.reject_codes(codes, name, "score_missing")
        return
    every = np.stack(list(parts.values()))
    known = np.isfinite(every)
    nothing = np.asarray(~known.any(axis=0))
    draft.columns["reward"] = np.where(nothing, np.nan, np.where(known, every, 0.0).sum(axis=0))
    draft.reject(nothing, next(iter(parts)), "score_missing")


def _truncated(values: Any) -> Floats:
    """1 where the answer was cut at the limit, 0 where it was not, NaN where nothing is said."""
    found, codes = numbers(values, flags=True)
    if not (codes == FINE).any():
        words = [str(value).strip().lower() if value is not None else "" for value in objects(values)]
        return np.array([_ENDS.get(word, np.nan) for word in words], np.float64)
    return np.where((found == 0) | (found == 1), found, np.nan)
