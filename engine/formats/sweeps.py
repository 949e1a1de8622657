"""Sweeps: tables of trials with their parameters and what came of them, after each epoch or at the end.

A trial is a run. Its numeric parameters are `config.<name>` of each of its points, the others are slices.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from engine.formats import comparisons, preference, tellings
from engine.formats.batches import Batch, WidenedBatch, origin_of
from engine.formats.curves import MARKS
from engine.formats.names import CHOSEN, PAIRS, PARAMETERS, SCORES, SHARED, names_of
from engine.formats.plan import Draft, Plan, Sample, plain
from engine.formats.points import Part, finite_parts, long, steps_of
from engine.formats.values import FINE, number, objects, text_of

NAME = "sweep"
NAMES = (NAME,)

MOST_PARAMETERS = 64
LONGEST_NAME = 80
_NUMBERED = re.compile(r"(.+?)[-_ ](\d{1,4})")
_ASSIGNED = re.compile(r"""([A-Za-z_][\w./-]{0,79})["']?\s*[=:]\s*("[^"]*"|'[^']*'|[^,;()\[\]{}\s"']+)""")
_TRIALS = names_of("trial trial_id trial_name run run_name run_id name experiment id config params")
_EPOCHS = names_of("epoch epochs_done iteration training_iteration step global_step")
_PREFIXES = ("config.", "config/", "params.", "params/", "param_", "hparams/", "hparams.", "hparam/", "hp/", "hp.")
_OUTCOMES = re.compile(MARKS.pattern + r"|(^|_)(acc|win_?rate|score|gold|perplexity|ppl|f1|pass_\d+)(_|$)")
_OF_ROWS = (
    *SHARED["prompt"], *SHARED["prompt_text"], *SHARED["annotator"], *SCORES["text"], *CHOSEN, *PAIRS["text_a"],
)  # fmt: skip
"""Columns of rows about answers, which trials do not have."""
_NAMELESS = "its parameters"
"""What the column of names is called that is made of the parameters where there is none."""


def recognise(sample: Sample, _mapping: Mapping[str, str]) -> Plan | None:
    """By several numbered columns of one metric; or by parameters with outcomes beside, and no texts or prompts."""
    if origin_of(sample.batch):
        return None
    found = [name for name in sample.names if (cut := _NUMBERED.fullmatch(name)) and MARKS.search(plain(cut.group(1)))]
    bases = {_NUMBERED.fullmatch(name).group(1) for name in found}  # type: ignore[union-attr]
    rest = [name for name in sample.names if name not in found]
    if len(found) >= 4 and len(found) >= 2 * len(bases) and (len(rest) <= 3 or len(_set_by(sample, rest)) > 1):
        return _planned(sample, rest, found)
    return _table(sample)


def _table(sample: Sample) -> Plan | None:
    given = _set_by(sample, sample.names)
    called = _trial(sample, given)
    written = called is not None and len(_written(sample, called)) > 1
    outcomes = [name for name in sample.names if name not in given and name != called and _outcome(sample, name)]
    if not outcomes or not (len(given) > 1 or (given and called) or written):
        return None
    if sample.find(_OF_ROWS) is not None or any(form.recognise(sample, {}) for form in (preference, comparisons)):
        return None
    if any(isinstance(value, (list, dict)) for row in sample.rows[:50] for value in row.values()):
        return None
    return _planned(sample, sample.names, [])


def _planned(sample: Sample, rest: Sequence[str], found: Sequence[str]) -> Plan:
    """The plan of a table whose columns `rest` are no metrics of epochs, as those `found` are."""
    given = _set_by(sample, rest)
    called = _trial(sample, given) or (rest[0] if found and rest and rest[0] not in given else None)
    plan = Plan(NAME, "curve", {"run": called} if called else {})
    plan.options["run_column"] = called or (_NAMELESS if given else None)
    written = _written(sample, called) if called else []
    plan.options["parsed"] = written
    columns = {**{_short(name): name for name in given}, **{name: name for name in written}}
    held = {
        name: [_value(sample, row, column, called, written) for row in sample.rows] for name, column in columns.items()
    }
    numeric = [name for name, values in held.items() if _mostly_numbers(values)]
    plan.options["config"] = {name: columns[name] for name in numeric[:MOST_PARAMETERS]}
    plan.slices = [columns[name] for name in held if name not in numeric][:MOST_PARAMETERS]
    plan.options["numbered"] = list(found)
    plan.options["given"] = list(given)
    epoch = sample.find(_EPOCHS)
    if not found and epoch is not None and epoch not in given and sample.numeric(epoch) > 0.5:
        plan.columns["step"] = epoch
    return plan


def _set_by(sample: Sample, names: Sequence[str]) -> list[str]:
    """The columns that say what a trial was set to."""
    return [
        name
        for name in names
        if len(name) <= LONGEST_NAME
        and (plain(name) in PARAMETERS or name.startswith(_PREFIXES))
        and any(row.get(name) is not None for row in sample.rows)
    ]


def _short(name: str) -> str:
    return next((name.removeprefix(prefix) for prefix in _PREFIXES if name.startswith(prefix)), name)


def _trial(sample: Sample, given: Sequence[str]) -> str | None:
    name = sample.find(_TRIALS, frozenset(given))
    return name if name is None or sample.share(name, (str, int, float)) > 0.5 else None


def _outcome(sample: Sample, name: str) -> bool:
    return bool(_OUTCOMES.search(plain(name))) and sample.numeric(name) > 0.5


def _written(sample: Sample, column: str) -> list[str]:
    """The parameters that are written out in the names of trials: `(learning_rate=5e-5, beta=0.1)`."""
    names: dict[str, int] = {}
    for row in sample.rows:
        for name in _assigned(row.get(column)):
            names[name] = names.get(name, 0) + 1
    return [name for name, found in names.items() if 2 * found > len(sample.rows)][:MOST_PARAMETERS]


def _assigned(text: Any) -> dict[str, str]:
    if not isinstance(text, str) or len(text) > 10_000:
        return {}
    return {found.group(1): found.group(2).strip("\"'") for found in _ASSIGNED.finditer(text)}


def _value(sample: Sample, row: Mapping[str, Any], column: str, called: str | None, written: Sequence[str]) -> Any:
    if column in sample.names:
        return row.get(column)
    return _assigned(row.get(called or "")).get(column) if column in written else None


def _mostly_numbers(values: Sequence[Any]) -> bool:
    codes = [number(value)[1] for value in values if value not in (None, "")]
    return bool(codes) and 2 * sum(code == FINE for code in codes) > len(codes)


# ------------------------------------------------------------------ conversion


def convert(batch: Batch, plan: Plan) -> Draft:
    """One row a point: a metric of a trial, after an epoch or at the end; a trial without any is rejected."""
    step = steps_of(batch, plan)
    wide = _widened(batch, plan)
    numbered = [name for name in plan.options["numbered"] if name in batch.names]
    taken = {*plan.columns.values(), *plan.options["given"], *plan.options["config"].values(), *plan.slices}
    columns = [
        (name, name, None)
        for name in (numbered or batch.names)
        if name not in taken and not (plain(name) in _EPOCHS and not numbered)
    ]
    parts, unread = finite_parts(wide, plan, columns, step)
    if numbered:
        parts = [_after(part) for part in parts]
        _count_short(plan, parts, len(batch))
    draft = long(wide, plan, parts, unread)
    tellings.count(plan, "trials_empty", len(draft.refused))
    tellings.tell(plan)
    return draft


def _widened(batch: Batch, plan: Plan) -> Batch:
    """The trials with the parameters that are written out in their names; a trial without a name has theirs."""
    more: dict[str, list[Any]] = {}
    if plan.options["parsed"]:
        held = batch.column(plan.columns["run"])
        rows = [_assigned(text) for text in (held if isinstance(held, list) else held.to_pylist())]
        more = {name: [row.get(name) for row in rows] for name in plan.options["parsed"]}
    if plan.options.get("run_column") == _NAMELESS:
        given = plan.options["given"]
        columns = [objects(batch.column(name)) for name in given]
        more[_NAMELESS] = [
            ", ".join(f"{_short(name)}={text_of(value)}" for name, value in zip(given, row, strict=True))
            for row in zip(*columns, strict=True)
        ]
    column = plan.options.get("run_column")
    if column and "step" not in plan.columns:
        more[column] = _apart(more.get(column) or [text_of(value) for value in objects(batch.column(column))])
    return WidenedBatch(batch, more) if more else batch


def _apart(names: Sequence[str | None]) -> list[str | None]:
    """Trials of one name, each a row of its own, as runs of their own: the second is called "name (2)"."""
    seen: Counter[str | None] = Counter()
    told = []
    for name in names:
        seen[name] += 1
        told.append(name if seen[name] == 1 else f"{name or ''} ({seen[name]})".strip())
    return told


def _after(part: Part) -> Part:
    """Values of a column such as `loss-3` as those of `loss` after three epochs."""
    cut = _NUMBERED.fullmatch(part.source)
    assert cut is not None
    return Part(part.places, np.full(len(part.places), float(cut.group(2))), part.value, cut.group(1))


def _count_short(plan: Plan, parts: Sequence[Part], size: int) -> None:
    last = np.zeros(size)
    for part in parts:
        np.maximum.at(last, part.places, part.step)
    tellings.count(plan, "trials_short", int(((last > 0) & (last < last.max(initial=0))).sum()))
