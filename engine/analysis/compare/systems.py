"""Who is compared, on what: sums by unit and member become values by unit and system."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from engine.analysis.arrays import Flags, Floats, Hashes, Ints, sum_by
from engine.analysis.compare.observe import hash_of
from engine.analysis.compare.parameters import CompareParameters
from engine.analysis.compare.state import NAMED_BY, PAIR_FIELDS, PART, SCORE_FIELDS, CompareState
from engine.analysis.records import mixed
from engine.analysis.shapes import COARSE_BUCKETS
from engine.analysis.sketch import distinct
from engine.errors import NotEnoughData, UsageError
from engine.types import FINE_BUCKETS

ORDER = ("judge", "dataset", "item", "step")
"""In which auto looks for what tells systems apart."""

LEAST_PROMPTS = 30
MOST_SYSTEMS = 100
MOST_VALUES = 1 << 24
"""Values by unit and system beyond which fewer units are taken: those with the smallest hashes."""

NAMELESS = "unnamed"


@dataclass(frozen=True)
class Grid:
    """Values of a metric by unit and system, units in the order of bucket and prompt.

    `unit` and `base`: hashes of what is paired and of the state's unit that it belongs to. `value`, `known` and
    `single` (one row stands behind the value) have shape (units, systems); values are 0 where not known.
    """

    names: tuple[str, ...]
    by: str
    metric: str
    prompt: Hashes
    bucket: Ints
    unit: Hashes
    base: Hashes
    value: Floats
    known: Flags
    single: Flags
    sampled: bool

    @cached_property
    def bucket_starts(self) -> Ints:
        """Where each filled bucket begins."""
        return _starts(self.bucket)

    @cached_property
    def prompt_starts(self) -> Ints:
        """Where each prompt begins."""
        return _starts(self.prompt)

    @cached_property
    def independent(self) -> bool:
        """Whether every unit is of another prompt."""
        return len(self.prompt_starts) == len(self.prompt)

    def prompts_of(self, known: Flags) -> Ints:
        """How many prompts have a known unit, by column of `known`, shape (units, columns)."""
        return np.asarray(np.logical_or.reduceat(known, self.prompt_starts, axis=0).sum(axis=0))

    def means(self) -> dict[str, float]:
        """The mean over its units of each system that has any."""
        count = self.known.sum(axis=0)
        total = self.value.sum(axis=0)
        return {name: float(total[at] / count[at]) for at, name in enumerate(self.names) if count[at]}

    def only(self, systems: list[int]) -> Grid:
        """The same of some of the systems."""
        columns = {name: getattr(self, name)[:, systems] for name in ("value", "known", "single")}
        return replace(self, names=tuple(self.names[place] for place in systems), **columns)

    def of_units(self, kept: Flags) -> Grid:
        """The same of some of the units."""
        names = ("prompt", "bucket", "unit", "base", "value", "known", "single")
        return replace(self, **{name: getattr(self, name)[kept] for name in names})


def _starts(keys: Ints | Hashes) -> Ints:
    return np.flatnonzero(np.append(True, keys[1:] != keys[:-1])[: len(keys)])


def grid_of(state: CompareState, params: CompareParameters) -> Grid:
    """The values of the systems that can be told apart.

    Raises NotEnoughData where there are not two systems with common prompts, UsageError for a metric or `by` that the
    rows do not have.
    """
    metric = metric_of(state, params.metric)
    asked = [params.by] if params.by != "auto" else list(ORDER)
    if state.paired and params.by == "item":
        raise UsageError("Items of comparisons are ranked, not compared: see the ranking.", code="by_item")
    grids = [grid_of_metric(state, by, metric) for by in asked if not (state.paired and by == "item")]
    told = [grid for grid in grids if len(grid.names) > 1]
    for grid in told:
        if bool((grid.known.sum(axis=1) > 1).any()):
            return grid
    if told:
        names = " and ".join(told[0].names[:2])
        raise NotEnoughData(
            f"{names} have no prompt in common: nothing can be compared. It takes a row for each prompt and system; a "
            "leaderboard, with a row for each system, is what is left of them.",
            code="no_common_prompts",
        )
    raise NotEnoughData(
        "There is only one system here: give several datasets of the same prompts, or rows that name a judge, an item "
        "or a step.",
        code="one_system",
    )


def metric_of(state: CompareState, asked: str) -> str:
    """The metric that was asked for, or the usual one. Raises UsageError where the rows do not have it."""
    if state.paired:
        if asked not in ("auto", "accuracy"):
            raise UsageError(f"metric={asked!r} is not one of comparisons; accuracy is.")
        return "accuracy"
    known = bool(state.sums.sums[SCORE_FIELDS.index("known")].any())
    if asked in ("accuracy", "truth") and not known:
        raise UsageError(f"metric={asked!r} needs a truth, and no row has one.")
    return ("accuracy" if known else "value") if asked == "auto" else asked


def entry_sums(state: CompareState, metric: str) -> tuple[Floats, Floats]:
    """Of each entry of the state the sum of the metric, and of how many rows: those in which it is known.

    Besides the metrics of `CompareParameters` there are brier and log_loss of comparisons with margins.
    """
    names = PAIR_FIELDS if state.paired else SCORE_FIELDS
    field = {"accuracy": "correct"}.get(metric, metric)
    rows = {"correct": "count" if state.paired else "known", "truth": "known", "value": "count"}.get(field, "scored")
    return state.sums.sums[names.index(field)], state.sums.sums[names.index(rows)]


def grid_of_metric(state: CompareState, by: str, metric: str) -> Grid:
    """The values of one metric by unit and system."""
    summed, count = entry_sums(state, metric)
    known = count > 0
    names, system = systems_of(state, by, state.sums.member)
    unit = units_of(state, by, state.sums.unit, state.sums.member)
    limit, sampled = _limit(unit[known], MOST_VALUES // max(len(names), 1))
    kept = np.flatnonzero(known & (unit <= limit))
    prompt = state.sums.bucket[kept].view(np.uint64)
    bucket = _buckets(prompt)
    order = np.lexsort((unit[kept], prompt, bucket))
    first = _starts(unit[kept][order])
    row = np.empty(len(kept), np.int64)
    row[order] = np.repeat(np.arange(len(first)), np.diff(first, append=len(order)))
    cell, shape = row * len(names) + system[kept], (len(first), len(names))
    total, weight = (sum_by(cell, each[kept], shape[0] * shape[1]).reshape(shape) for each in (summed, count))
    there, picked = weight > 0, order[first]
    value = np.divide(total, weight, out=np.zeros(shape), where=there)
    return Grid(
        names=names,
        by=by,
        metric=metric,
        prompt=prompt[picked],
        bucket=bucket[picked],
        unit=unit[kept][picked],
        base=state.sums.unit[kept][picked],
        value=value,
        known=there,
        single=weight == 1,
        sampled=sampled or state.sampled,
    )


def _limit(unit: Hashes, most: int) -> tuple[np.uint64, bool]:
    """The largest unit hash to be taken, and whether that leaves any out."""
    units = distinct(unit)
    if len(units) <= most:
        return np.uint64(2**64 - 1), False
    return np.uint64(units[most - 1]), True


def systems_of(state: CompareState, by: str, member: Ints) -> tuple[tuple[str, ...], Ints]:
    """The names of the systems, steps in their order, and which of them each member is of."""
    place = NAMED_BY.index(by)
    parts = [name.split(PART)[place] or NAMELESS for name in state.sums.members]
    names = sorted(set(parts), key=lambda name: (int(name) if by == "step" and name.isdigit() else -1, name))
    at = {name: index for index, name in enumerate(names)}
    places = np.array([at[part] for part in parts], np.int64)
    return tuple(names), places[member] if len(places) else member


def units_of(state: CompareState, by: str, unit: Hashes, member: Ints) -> Hashes:
    """What systems are paired on: judges of scores on the same answers, all others on the state's units."""
    place = NAMED_BY.index("item")
    items = [name.split(PART)[place] for name in state.sums.members]
    if state.paired or by != "judge" or not any(items):
        return unit
    marks = np.array([hash_of(item) if item else 0 for item in items], np.uint64)
    return mixed(unit ^ marks[member])


def _buckets(prompt: Hashes) -> Ints:
    fine = len(distinct(prompt)) <= FINE_BUCKETS
    return (prompt % np.uint64(FINE_BUCKETS if fine else COARSE_BUCKETS)).astype(np.int64)
