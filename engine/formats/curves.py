"""Training logs as curves: trainer_state.json, logs in CSV, JSONL and TensorBoard files, exports of trackers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from engine.formats import comparisons, preference, scores, tellings
from engine.formats.batches import Batch, ObjectBatch, every_name, origin_of
from engine.formats.metric_names import meanings, named, split
from engine.formats.names import CHOSEN, PAIRS, SCORES, SHARED
from engine.formats.plan import Draft, Plan, Sample, plain
from engine.formats.points import Part, finite_parts, long, steps_of, values_of
from engine.formats.values import FINE, MISSING, NOT_FINITE, numbers, objects, texts, times

TRAINER_STATE, LOG, WANDB, LONG = "trainer_state", "training_log", "wandb_export", "long_log"
OF_CONTAINERS = ("console_log", "tensorboard", "trackio")
NAMES = (TRAINER_STATE, LOG, WANDB, LONG, *OF_CONTAINERS)

_STEPS = (
    "train_global_step", "training_global_step", "trainer_global_step", "step", "global_step", "current_steps", "steps",
    "iteration", "train_step", "training_step", "update",
)  # fmt: skip
_OTHER_STEPS = ("eval_global_step", "step")
_TIMES = ("timestamp", "time", "wall_time", "datetime", "date", "created_at", "logged_at")
_RUNS = ("run", "run_name", "run_id", "trial", "experiment")
_METRICS = ("metric", "tag", "key", "metric_name")
_VALUES = ("value", "metric_value")
_NOT_METRICS = frozenset(
    {"total_steps", "epoch", "max_steps", "runtime", "timestamp", "percentage", "train_epoch", "train_global_step",
     "eval_global_step", "training_global_step", "training_epoch", "trainer_global_step", "step", "row_id"}
)  # fmt: skip
_TRAINING = re.compile(r"loss|grad_norm|learning_rate|(^|_)lr$")
MARKS = re.compile(r"loss|grad_norm|(^|_)kl|kl_|entropy|learning_rate|(^|_)lr$|reward|accurac|margin")
_EXTREMES = ("__MIN", "__MAX")
_PARTING = " - "


def recognise(sample: Sample, _mapping: Mapping[str, str]) -> Plan | None:
    """By a step or a time with metrics beside it and no texts; names of metrics in a column; or by the container."""
    plan = _exported(sample) or _listed(sample) or _logged(sample)
    if plan is None:
        return None
    origin = origin_of(sample.batch)
    if origin in OF_CONTAINERS:
        plan.format = origin
    return plan


def _logged(sample: Sample) -> Plan | None:
    contained = origin_of(sample.batch) in OF_CONTAINERS
    held = next((name for name in ("data", "metrics") if name in sample.names and sample.share(name, dict) > 0.5), "")
    step = _step(sample)
    when = _time(sample)
    if step is None and when is None:
        return None
    plan = Plan(LOG, "curve", {"step": step} if step else {})
    if isinstance(sample.batch, ObjectBatch) and sample.batch.holder == "log_history":
        plan.format = TRAINER_STATE
    for role, name in (("time", when), ("run", _run(sample))):
        if name and name != step:
            plan.columns[role] = name
    plan.options["nested"] = held
    names = _inner(sample, held) if held else _metrics(sample, plan)
    marked = any(MARKS.search(plain(name)) for name in names)
    least = 2 if step else 1
    if not (held or contained) and (not marked or len(names) < least or _has_texts(sample) or _is_rows(sample, names)):
        return None
    if held and not any(isinstance(row.get(held), dict) and _numbers_in(row[held]) for row in sample.rows):
        return None
    plan.options["steps"] = _further_steps(sample, step)
    plan.options["sampled"] = sample.has("_step") or sample.has("_runtime")
    plan.options["config"] = _parameters(sample)
    plan.options["meant"] = _meant(sample, names, held)
    return plan


def _step(sample: Sample) -> str | None:
    """The column of steps: of several the trainer's own before that of the tracker (`_step`), which counts calls."""
    found = [name for wanted in _STEPS for name in sample.names if plain(name) == wanted]
    found.sort(key=lambda name: name.startswith("_"))
    return next((name for name in found if sample.numeric(name) >= 0.5), None)


def _further_steps(sample: Sample, step: str | None) -> list[str]:
    if step is None or "/" not in step:
        return []
    return [name for name in sample.names if name != step and plain(name) in _OTHER_STEPS and name[:1] != "_"]


def _time(sample: Sample) -> str | None:
    """The column of times, if what stands there are times, and not seconds that something took."""
    name = sample.find(_TIMES)
    if name is None:
        return None
    found = times([row.get(name) for row in sample.rows])
    return name if found.null_count < len(found) else None


def _run(sample: Sample) -> str | None:
    return sample.find(_RUNS)


def _metrics(sample: Sample, plan: Plan) -> list[str]:
    taken = set(plan.columns.values())
    return [
        name
        for name in sample.names
        if name not in taken and plain(name) not in _NOT_METRICS and _holds_numbers(sample, name)
    ]


def _holds_numbers(sample: Sample, name: str) -> bool:
    """Whether more than half of what stands in a column are numbers; NaN is one, as of a run that diverged."""
    _, codes = numbers([row.get(name) for row in sample.rows], decimal_comma=sample.batch.decimal_comma)
    filled = codes[codes != MISSING]
    return bool(len(filled)) and float(np.isin(filled, (FINE, NOT_FINITE)).mean()) > 0.5


def _inner(sample: Sample, held: str) -> list[str]:
    rows = [row[held] for row in sample.rows if isinstance(row.get(held), dict)]
    return list(dict.fromkeys(name for row in rows for name in _flat(row)))


def _numbers_in(row: Mapping[str, Any]) -> bool:
    return any(isinstance(value, (int, float)) and not isinstance(value, bool) for value in _flat(row).values())


def _meant(sample: Sample, names: Sequence[str], held: str) -> dict[str, list[str]]:
    rows = (
        [_flat(row[held]) if isinstance(row.get(held), dict) else row for row in sample.rows] if held else sample.rows
    )
    negative = []
    for name in names:
        if split(name)[1] == "kl":
            values, codes = numbers([row.get(name) for row in rows], decimal_comma=sample.batch.decimal_comma)
            negative += [name] if bool(np.any(values[codes == FINE] < 0)) else []
    found = {name: list(each) for name, each in meanings(names, negative).items()}
    for name in names:
        said = [row[f"{name}_unit"] for row in rows if isinstance(row.get(f"{name}_unit"), str)]
        if said:  # the log says it itself
            found[name] = [found.get(name, named(name))[0], said[0]]
    return found


def _parameters(sample: Sample) -> dict[str, str]:
    """Columns that say of themselves that they are a run's parameters."""
    found = {}
    for name in sample.names:
        for prefix in ("config.", "config/"):
            if name.startswith(prefix) and len(name) <= 100 and sample.numeric(name) > 0.5:
                found[name.removeprefix(prefix)] = name
    return found


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


# ------------------------------------------------------------------ exports


def _exported(sample: Sample) -> Plan | None:
    """Weights & Biases: a column of steps, then `{run} - {metric}`, with the extremes of what was averaged beside."""
    parted = [name for name in sample.names if _PARTING in name]
    rest = [name for name in sample.names if name not in parted]
    if not parted or len(rest) != 1 or origin_of(sample.batch):
        return None
    if not (any(name.endswith(_EXTREMES) for name in parted) or plain(rest[0]) in _STEPS):
        return None
    plan = Plan(WANDB, "curve", {"time" if "wall" in plain(rest[0]) else "step": rest[0]})
    plan.options["sampled"] = True
    plan.options["meant"] = _meant(sample, [name.rpartition(_PARTING)[2] for name in parted], "")
    return plan


def _listed(sample: Sample) -> Plan | None:
    """One row a point: the metric's name in one column, its value in another, a step or a time beside."""
    metric, value, step, when = sample.find(_METRICS), sample.find(_VALUES), _step(sample), _time(sample)
    if value is None or (step is None and when is None):
        return None
    if metric is None:
        alone = {plain(name) for name in sample.names} == {"wall_time", "step", "value"}
        if not alone:
            return None
    elif sample.share(metric, str) < 0.9 or sample.numeric(metric) > 0.5 or sample.numeric(value) < 0.5:
        return None
    plan = Plan(LONG, "curve", {"value": value})
    for role, name in (("metric", metric), ("step", step), ("time", when), ("run", _run(sample))):
        if name and name not in plan.columns.values():
            plan.columns[role] = name
    names = list(dict.fromkeys(str(row.get(metric)) for row in sample.rows)) if metric else []
    negative = [str(row[metric]) for row in sample.rows if metric and _below(row.get(value))]
    plan.options["meant"] = {name: list(each) for name, each in meanings(names, negative).items()}
    return plan


def _below(value: Any) -> bool:
    found, codes = numbers([value])
    return bool(codes[0] == FINE and found[0] < 0)


# ------------------------------------------------------------------ conversion


def convert(batch: Batch, plan: Plan) -> Draft:
    """One row a point; empty and infinite values are no points, a row of the source without any is rejected."""
    if plan.options.get("nested"):
        batch = _flattened(batch, plan.options["nested"])
    step = steps_of(batch, plan)
    if "value" in plan.columns:
        return _points(batch, plan, step)
    taken = {*plan.columns.values(), *plan.options.get("config", {}).values(), *plan.slices}
    columns = [each for name in every_name(batch) if name not in taken and (each := _column(plan, name)) is not None]
    parts, unread = finite_parts(batch, plan, columns, step)
    if "step" in plan.columns:
        tellings.count(plan, "steps_missing", int(np.isnan(step).sum()))
        if plan.format not in OF_CONTAINERS:
            run = texts(batch.column(plan.columns["run"])) if "run" in plan.columns else None
            tellings.note_rows(plan, step, run)
    return long(batch, plan, parts, unread)


def _column(plan: Plan, name: str) -> tuple[str, str, str | None] | None:
    """(column, metric, run) of a column that may hold a metric."""
    if plan.format == WANDB:
        run, _, metric = name.rpartition(_PARTING)
        kept = bool(run) and not metric.endswith(_EXTREMES) and metric[:1] != "_"
        return (name, metric, run) if kept else None
    return None if plain(name) in _NOT_METRICS or name in plan.options.get("steps", []) else (name, name, None)


def _points(batch: Batch, plan: Plan, step: np.ndarray[Any, Any]) -> Draft:
    """Rows that are points already, by the names of their metrics."""
    values, codes = values_of(batch, plan, plan.columns["value"])
    if "metric" in plan.columns:
        encoded = texts(batch.column(plan.columns["metric"])).dictionary_encode()
        words = encoded.dictionary.to_pylist()
        which = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    else:
        words, which = [plan.options.get("metric") or "value"], np.zeros(len(batch), np.int64)
    fine = np.flatnonzero((codes == FINE) & (which >= 0))
    groups = np.split(fine[np.argsort(which[fine], kind="stable")], np.cumsum(np.bincount(which[fine])))
    parts = [
        Part(np.sort(places), step[places], values[places], words[which[places[0]]]) for places in groups if len(places)
    ]
    return long(batch, plan, parts, codes == NOT_FINITE)


def _flattened(batch: Batch, held: str) -> Batch:
    """Rows {step, data: {…}} as one flat row each, with what else they say."""
    around = [name for name in batch.names if name != held]
    columns = [objects(batch.column(name)) for name in (held, *around)]
    rows = [
        {**(_flat(inside) if isinstance(inside, dict) else {}), **dict(zip(around, others, strict=True))}
        for inside, *others in zip(*columns, strict=True)
    ]
    return ObjectBatch(rows, batch.lines)


def _flat(row: Mapping[str, Any], before: str = "", depth: int = 3) -> dict[str, Any]:
    """A nested row as a flat one, names joined by slashes."""
    found: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, dict) and depth:
            found.update(_flat(value, f"{before}{name}/", depth - 1))
        else:
            found[f"{before}{name}"] = value
    return found
