"""Curves in long form: values of metrics that stood in one row of a file become a row each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from engine.formats import tellings
from engine.formats.batches import Batch, ObjectBatch, Refused, SpreadBatch
from engine.formats.canonical import CONFIG_PREFIX
from engine.formats.metric_names import named
from engine.formats.names import names_of
from engine.formats.plan import Draft, Plan
from engine.formats.values import FINE, NOT_FINITE, Codes, Floats, numbers, texts, times

Ints = NDArray[np.int64]

_LARGEST_STEP = 2.0**53
_DOWNLOAD = re.compile(r"run-(.+)-tag-(.+)")
_PLACES = frozenset(
    names_of(
        "logs log tb tensorboard metrics results output outputs trainer checkpoints events runs train eval data "
        "logging trainer_state trainer_log all_results train_results progress history trackio wandb stdout console "
        "training_log"
    )
)
"""Files and folders that are called by what is in them, not by a run."""
_OF_PLACES = ("checkpoint-", "events.out.tfevents")


@dataclass(frozen=True)
class Part:
    """Values of one metric: `places` says in which row of the batch each stands. `run` where the column names it."""

    places: Ints
    step: Floats
    value: Floats
    source: str
    run: str | None = None


def run_named(file: str) -> str | None:
    """What a run is called whose file lies in folders and does not say it; None for a file alone.

    The first of the names, from the file's own outwards, that says more than what is in it, as trainer_state, logs and
    checkpoint-500 do not.
    """
    path = PurePosixPath(file)
    if len(path.parts) < 2:
        return None
    for name in (path.stem, *reversed(path.parts[:-1])):
        if name.lower() not in _PLACES and not name.lower().startswith(_OF_PLACES) and name not in ("/", "."):
            return name
    return None


def name_run(plan: Plan, file: str) -> None:
    """Let the run be called by its folder, and the metric of a TensorBoard download by its file."""
    alone = _DOWNLOAD.fullmatch(PurePosixPath(file).stem)
    run = alone.group(1) if alone and "metric" not in plan.columns else run_named(file)
    if alone and "metric" not in plan.columns:
        plan.options["metric"] = alone.group(2)
    if run is not None:
        plan.options["run"] = run


def steps_of(batch: Batch, plan: Plan) -> Floats:
    """The step of each row, NaN where there is none; what follows the point is cut off, and told.

    The first of the columns `plan.options["steps"]` that has one counts.
    """
    step = np.full(len(batch), np.nan)
    names = [plan.columns["step"], *plan.options.get("steps", [])] if "step" in plan.columns else []
    for name in names:
        found, _ = numbers(batch.column(name), decimal_comma=batch.decimal_comma)
        step = np.where(np.isnan(step), found, step)
    with np.errstate(invalid="ignore"):
        step = np.where(np.abs(step) <= _LARGEST_STEP, step, np.nan)
        tellings.count(plan, "steps_cut", int(np.sum(step != np.floor(step)) - np.sum(np.isnan(step))))
    whole: Floats = np.floor(step)
    return whole


def values_of(batch: Batch, plan: Plan, name: str) -> tuple[Floats, Codes]:
    """The numbers of a column; those that are not finite are counted."""
    values, codes = numbers(batch.column(name), decimal_comma=batch.decimal_comma)
    tellings.count(plan, "not_finite", int(np.sum(codes == NOT_FINITE)))
    return values, codes


def long(batch: Batch, plan: Plan, parts: Sequence[Part], unread: NDArray[np.bool_] | None = None) -> Draft:
    """One row a point, in the order of the file; a row of the source without any is rejected.

    Args:
        batch: the rows; parameters (`plan.options["config"]`) and slices are taken from it.
        plan: its options also say what the run is called, and what ambiguous names mean.
        parts: the values.
        unread: rows with a value that is not finite, shape (rows,).
    """
    places = _joined([part.places for part in parts], np.int64)
    order = np.argsort(places, kind="stable")
    places = places[order]
    draft = Draft(batch.lines[places], several=True)
    draft.columns["step"] = _joined([part.step for part in parts], np.float64)[order]
    draft.columns["value"] = _joined([part.value for part in parts], np.float64)[order]
    codes = np.repeat(np.arange(len(parts)), [len(part.places) for part in parts])[order]
    meant = {name: (each[0], each[1]) for name, each in plan.options.get("meant", {}).items()}
    called = [named(part.source, meant) for part in parts]
    sources = [part.source for part in parts]
    tellings.note_metrics(plan, sources, called)
    told: dict[str, list[str | None]] = {
        "source": list(sources),
        "metric": [each[0] for each in called],
        "unit": [each[1] or None for each in called],
    }
    index = pa.array(codes, pa.int64())
    for name, words in told.items():
        draft.columns[name] = pa.array(words, pa.string()).take(index)
    draft.columns["run"] = _runs(batch, plan, parts, places, codes)
    if "time" in plan.columns:
        draft.columns["time"] = times(batch.column(plan.columns["time"])).take(pa.array(places))
    configs: Mapping[str, str] = plan.options.get("config", {})
    for name, column in configs.items():
        draft.columns[CONFIG_PREFIX + name] = numbers(batch.column(column), decimal_comma=batch.decimal_comma)[0][
            places
        ]
    draft.batch = SpreadBatch(batch, places)
    draft.refused = _empty(batch, places, unread)
    tellings.note_points(plan, draft, codes, sources)
    return draft


def finite_parts(
    batch: Batch, plan: Plan, columns: Sequence[tuple[str, str, str | None]], step: Floats
) -> tuple[list[Part], NDArray[np.bool_]]:
    """The values of metrics that have a column each, and which rows hold one that is not finite.

    Each of `columns` is the name of a column, of the metric, and of the run where the column says it.
    """
    parts, unread = [], np.zeros(len(batch), np.bool_)
    cells = _cells(batch, {column for column, _, _ in columns}) if isinstance(batch, ObjectBatch) else None
    every = np.arange(len(batch))
    for column, source, run in columns:
        if cells is None:
            held = every
            values, codes = values_of(batch, plan, column)
        else:
            held, values, codes = _sparse(plan, cells.get(column, ([], [])))
        unread[held[codes == NOT_FINITE]] = True
        good = codes == FINE
        places = held[good]
        if len(places):
            parts.append(Part(places, step[places], values[good], source, run))
            if cells is None:
                _count_commas(batch, plan, column, places)
    return parts, unread


def _cells(batch: ObjectBatch, wanted: set[str]) -> dict[str, tuple[list[int], list[Any]]]:
    """By column the rows that have something there, and what: a log may have many columns that few rows fill."""
    cells: dict[str, tuple[list[int], list[Any]]] = {name: ([], []) for name in wanted}
    for place, row in enumerate(batch.rows):
        for name, value in row.items():
            if value is not None and name in wanted:
                cells[name][0].append(place)
                cells[name][1].append(value)
    return cells


def _sparse(plan: Plan, cells: tuple[list[int], list[Any]]) -> tuple[Ints, Floats, Codes]:
    """Where numbers stand in a column, and which they are."""
    values, codes = numbers(cells[1])
    tellings.count(plan, "not_finite", int(np.sum(codes == NOT_FINITE)))
    return np.array(cells[0], np.int64), values, codes


def _count_commas(batch: Batch, plan: Plan, column: str, places: Ints) -> None:
    held = batch.column(column)
    if isinstance(held, pa.Array) and pa.types.is_string(held.type):
        commas = pa.compute.sum(pa.compute.match_substring(held.take(pa.array(places)), ",")).as_py()
        tellings.count(plan, "decimal_commas", int(commas or 0))


def _runs(batch: Batch, plan: Plan, parts: Sequence[Part], places: Ints, codes: Ints) -> pa.Array:
    column = plan.options.get("run_column") or plan.columns.get("run")
    if column:
        return texts(batch.column(column)).take(pa.array(places))
    usual = plan.options.get("run")
    words = [part.run if part.run is not None else usual for part in parts]
    return pa.array(words, pa.string()).take(pa.array(codes, pa.int64()))


def _empty(batch: Batch, places: Ints, unread: NDArray[np.bool_] | None) -> list[Refused]:
    filled = np.zeros(len(batch), np.bool_)
    filled[places] = True
    wrong = np.zeros(len(batch), np.bool_) if unread is None else unread
    return [
        Refused(int(batch.lines[place]), "not_finite" if wrong[place] else "value_missing")
        for place in np.flatnonzero(~filled).tolist()
    ]


def _joined(parts: Sequence[NDArray[Any]], form: type[Any]) -> NDArray[Any]:
    return np.concatenate(parts) if parts else np.empty(0, form)
