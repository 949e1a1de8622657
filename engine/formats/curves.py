"""Training logs as curves in long form: trainer_state.json, logs in CSV and JSONL, sweeps with one column an epoch."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from engine.formats import comparisons, preference, scores
from engine.formats.batches import Batch, Lines, ObjectBatch, Refused
from engine.formats.names import CHOSEN, PAIRS, SCORES, SHARED
from engine.formats.plan import Draft, Plan, Sample, plain
from engine.formats.values import FINE, numbers, objects, texts, times

TRAINER_STATE, LOG, SWEEP = "trainer_state", "training_log", "sweep"
NAMES = (TRAINER_STATE, LOG, SWEEP)

_STEPS = ("step", "global_step", "steps", "iteration", "train_step")
_TIMES = ("timestamp", "time", "wall_time", "datetime")
_RUNS = ("run", "run_name", "run_id", "trial", "experiment")
_NOT_METRICS = frozenset({"total_steps", "epoch", "max_steps"})
_TRAINING = re.compile(r"loss|grad_norm|learning_rate|(^|_)lr$")
_MARKS = re.compile(r"loss|grad_norm|kl|entropy|learning_rate|(^|_)lr$|reward|accurac|margin")
_NUMBERED = re.compile(r"(.+?)[-_ ](\d{1,4})")

METRICS: Mapping[str, str] = {
    "objective/scores": "reward",
    "critic/score/mean": "reward",
    "train/reward": "reward",
    "rewards/mean": "reward",
    "reward_mean": "reward",
    "reward_avg": "reward",
    "objective/kl": "kl_ref",
    "kl": "kl_ref",
    "train/kl": "kl_ref",
    "actor/kl_loss": "kl_ref",
    "kl_mean": "kl_ref",
    "policy/approxkl_avg": "kl_step",
    "train/ppo_kl": "kl_step",
    "actor/ppo_kl": "kl_step",
    "completions/mean_length": "length",
    "train/response_length": "length",
    "response_length/mean": "length",
    "avg_response_len": "length",
    "completions/clipped_ratio": "truncated",
    "rollout/truncated_rate": "truncated",
    "response_length/clip_ratio": "truncated",
    "objective/entropy": "entropy_sum",
    "actor/entropy": "entropy",
    "entropy_avg": "entropy",
    "accuracy": "rm_acc",
    "rewards/accuracies": "rm_acc",
    "acc_mean": "rm_acc",
    "rewards/margins": "rm_margin",
    "margin": "rm_margin",
}
"""Source name -> canonical name. KL to the reference and KL of a step are never one series, nor both entropies."""


def recognise(sample: Sample, _mapping: Mapping[str, str]) -> Plan | None:
    """By a step with metrics beside it and no texts; sweeps by several numbered columns of one metric."""
    nested = sample.has("step", "data") and sample.share("data", dict) > 0.5
    step = sample.find(_STEPS)
    if step is None or sample.numeric(step) < 0.5:
        return _sweep(sample)
    metrics = _metrics(sample, step)
    marked = any(_MARKS.search(plain(name)) for name in metrics)
    if not nested and (not marked or len(metrics) < 2 or _has_texts(sample) or _is_rows(sample, metrics)):
        return None
    state = isinstance(sample.batch, ObjectBatch) and sample.batch.holder == "log_history"
    plan = Plan(TRAINER_STATE if state else LOG, "curve", {"step": step})
    for role, wanted in (("time", _TIMES), ("run", _RUNS)):
        name = sample.find(wanted)
        if name:
            plan.columns[role] = name
    plan.options["nested"] = nested
    return plan


def _metrics(sample: Sample, step: str) -> list[str]:
    return [
        name for name in sample.names if name != step and plain(name) not in _NOT_METRICS and sample.numeric(name) > 0.5
    ]


def _is_rows(sample: Sample, metrics: list[str]) -> bool:
    """Whether these are judged pairs or answers with a step each; a loss or learning rate speaks against answers."""
    plan = comparisons.recognise(sample, {})
    if plan is not None and plan.format == comparisons.SCORED:
        return True
    if any(_TRAINING.search(plain(name)) for name in metrics):
        return False
    return any(form.recognise(sample, {}) is not None for form in (preference, scores))


def _has_texts(sample: Sample) -> bool:
    """Whether a column holds answers, sentences or nested values, as rows about answers do."""
    answer = sample.find((*SCORES["text"], *SHARED["prompt_text"], *CHOSEN, *PAIRS["text_a"]))
    if answer is not None and sample.share(answer, str) > 0.5 and sample.numeric(answer) < 0.5:
        return True
    held = [value for row in sample.rows[:50] for value in row.values()]
    return any(isinstance(value, list) or (isinstance(value, str) and len(value) > 60) for value in held)


def _sweep(sample: Sample) -> Plan | None:
    found = [name for name in sample.names if (cut := _NUMBERED.fullmatch(name)) and _MARKS.search(plain(cut.group(1)))]
    bases = {_NUMBERED.fullmatch(name).group(1) for name in found}  # type: ignore[union-attr]
    rest = [name for name in sample.names if name not in found]
    if len(found) < 4 or len(found) < 2 * len(bases) or len(rest) > 3:
        return None
    plan = Plan(SWEEP, "curve", {"run": rest[0]} if rest else {})
    plan.options["numbered"] = found
    return plan


def convert(batch: Batch, plan: Plan) -> Draft:
    """One row a point; empty and infinite values are no points, a row of the source without any is rejected."""
    if plan.options.get("nested"):
        batch = _flattened(batch)
    size = len(batch)
    step = np.full(size, np.nan)
    if "step" in plan.columns:
        step, _ = numbers(batch.column(plan.columns["step"]), decimal_comma=batch.decimal_comma)
    parts: list[tuple[Lines, np.ndarray[Any, Any], np.ndarray[Any, Any], str]] = []
    taken = set(plan.columns.values())
    for name in batch.names:
        if name in taken or plain(name) in _NOT_METRICS:
            continue
        values, codes = numbers(batch.column(name), decimal_comma=batch.decimal_comma)
        places = np.flatnonzero(codes == FINE)
        if len(places):
            cut = _NUMBERED.fullmatch(name) if "numbered" in plan.options else None
            at = np.full(len(places), float(cut.group(2))) if cut else step[places]
            parts.append((places, at, values[places], cut.group(1) if cut else name))
    return _long(batch, plan, parts)


def _long(batch: Batch, plan: Plan, parts: list[tuple[Any, Any, Any, str]]) -> Draft:
    empty = np.empty(0, np.int64)
    places = np.concatenate([part[0] for part in parts]) if parts else empty
    order = np.argsort(places, kind="stable")
    places = places[order]
    sources = [name for part in parts for name in [part[3]] * len(part[0])]
    index = pa.array(order)
    draft = Draft(batch.lines[places], several=True)
    for role, column in (("step", 1), ("value", 2)):
        draft.columns[role] = np.concatenate([part[column] for part in parts])[order] if parts else np.empty(0)
    draft.columns["source"] = pa.array(sources, pa.string()).take(index)
    draft.columns["metric"] = pa.array([metric_of(name) for name in sources], pa.string()).take(index)
    for role, read in (("run", texts), ("time", times)):
        if role in plan.columns:
            draft.columns[role] = read(batch.column(plan.columns[role])).take(pa.array(places))
    filled = np.zeros(len(batch), np.bool_)
    filled[places] = True
    draft.refused = [Refused(int(line), "value_missing") for line in batch.lines[~filled]]
    return draft


def metric_of(name: str) -> str:
    """The canonical name of a metric; `eval_` stays in front, an unknown name is kept."""
    bare = name.removeprefix("eval_")
    known = METRICS.get(bare, bare)
    return f"eval_{known}" if bare != name else known


def _flattened(batch: Batch) -> Batch:
    """Rows {step, data: {…}} as one flat row each, with what else they say."""
    around = [name for name in batch.names if name != "data"]
    columns = [objects(batch.column(name)) for name in ("data", *around)]
    rows = [
        {**(held if isinstance(held, dict) else {}), **dict(zip(around, others, strict=True))}
        for held, *others in zip(*columns, strict=True)
    ]
    return ObjectBatch(rows, batch.lines)
