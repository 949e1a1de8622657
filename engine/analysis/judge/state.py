"""The state of the judge analysis: verdicts against labels, summed by bucket; how two states combine, narrow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from engine.analysis.arrays import Ints
from engine.analysis.shapes import COARSE_BUCKETS, Table, UnitSums
from engine.analysis.sketch import DistinctCount, WorstRows
from engine.analysis.slicing import SLICE_VALUES, check_slice
from engine.errors import UsageError
from engine.types import FINE_BUCKETS

VERDICT_FIELDS = (
    "count",
    "tied",
    "sure",
    "labelled",
    "sure_labelled",
    "same",
    "opposite",
    "human_only",
    "judge_only",
    "shown",
    "first_judge",
    "shown_labelled",
    "first_human",
    "length_square",
    "length_judge",
    "length_human",
)
"""By bucket and judge, sums over rows with a verdict. `tied`, `sure`: the judge's ties, its distances from a tie.

Of labelled rows: judge and human prefer the `same` answer, `opposite` ones, `human_only` or `judge_only` prefers one.
`shown`, `first_judge`: rows whose order is known, and what the answer shown first won of the judge. `length_…`: of
labelled rows with lengths, with z = (length a − length b) / (length a + length b): z², z · (verdict − ½) and
z · (label − ½).
"""

WIN_FIELDS = ("count", "labelled", "label", "verdict", "verdict_unlabelled")
"""By bucket, judge and item, over rows with a verdict that name the item: what it won of people and of the judge."""

ORDER_FIELDS = ("count", "low_first", "won_low_first", "won_high_first")
"""By unit and judge, over rows whose order is known: those with the low side first, and what it won in either order."""

PROMPTS_KEPT = 8192
SLICE_PROMPTS_KEPT = 1024
SLICE_BUCKETS = 64
ROWS_KEPT = 200


@dataclass(frozen=True)
class SliceColumn:
    """One slice column: its values, and their rows. The first axis of the tables is value · 64 + bucket mod 64."""

    values: tuple[str, ...]
    verdicts: Table
    wins: Table
    prompts: tuple[DistinctCount, ...]


@dataclass(frozen=True)
class JudgeState:
    """What the analysis remembers of rows. `judges` and `items` are sorted names; a win's cell is judge · items + item.

    `prompts` are those of labelled rows. `against`: rows where the judge is surest against people; `unsure` and
    `drawn`: unlabelled rows, those with the least sure verdicts and some at random. `left_out` counts rows without a
    verdict. `narrowed` is "column=value" for the state of one slice.
    """

    judges: tuple[str, ...]
    items: tuple[str, ...]
    verdicts: Table
    wins: Table
    orders: UnitSums
    prompts: DistinctCount
    against: WorstRows
    unsure: WorstRows
    drawn: DistinctCount
    columns: Mapping[str, SliceColumn] = field(default_factory=dict)
    untracked: frozenset[str] = frozenset()
    left_out: int = 0
    narrowed: str = ""

    @property
    def rows(self) -> int:
        """Number of rows with a verdict."""
        return round(float(self.verdicts.sums[0].sum()))


def empty_state() -> JudgeState:
    """The state of no rows."""
    return JudgeState(
        (),
        (),
        Table.empty(FINE_BUCKETS, 0, len(VERDICT_FIELDS) - 1),
        Table.empty(FINE_BUCKETS, 0, len(WIN_FIELDS) - 1),
        UnitSums.empty(len(ORDER_FIELDS) - 1),
        _nobody(PROMPTS_KEPT),
        _no_rows(),
        _no_rows(),
        _nobody(ROWS_KEPT),
    )


def _nobody(size: int) -> DistinctCount:
    return DistinctCount(size, np.zeros(0, np.uint64))


def _no_rows() -> WorstRows:
    return WorstRows(ROWS_KEPT, np.zeros(0, np.uint64), np.zeros(0))


def combine(left: JudgeState, right: JudgeState) -> JudgeState:
    """The state of both sets of rows."""
    if left.narrowed != right.narrowed:
        raise UsageError("Only states of one slice combine.")
    judges = tuple(sorted({*left.judges, *right.judges}))
    items = tuple(sorted({*left.items, *right.items}))
    one, two = (over(state, judges, items) for state in (left, right))
    prompts = one.prompts + two.prompts
    untracked = one.untracked | two.untracked
    columns = {
        name: _combine_columns([state.columns[name] for state in (one, two) if name in state.columns])
        for name in sorted({*one.columns, *two.columns} - untracked)
    }
    untracked |= {name for name, column in columns.items() if len(column.values) > SLICE_VALUES}
    verdicts, wins = one.verdicts + two.verdicts, one.wins + two.wins
    buckets = buckets_for(prompts, verdicts.buckets)
    return JudgeState(
        judges,
        items,
        verdicts.fold(buckets),
        wins.fold(buckets),
        one.orders + two.orders,
        prompts,
        one.against + two.against,
        one.unsure + two.unsure,
        one.drawn + two.drawn,
        {name: column for name, column in columns.items() if name not in untracked},
        untracked,
        one.left_out + two.left_out,
        one.narrowed,
    )


def buckets_for(prompts: DistinctCount, buckets: int) -> int:
    """As many buckets as there are, 512 of 4,096 once there are more prompts than that."""
    return COARSE_BUCKETS if buckets == FINE_BUCKETS and prompts.count > FINE_BUCKETS else buckets


# ------------------------------------------------------------------ more names


def over(state: JudgeState, judges: tuple[str, ...], items: tuple[str, ...]) -> JudgeState:
    """The same rows over these sorted names, which hold all of the present ones."""
    if (judges, items) == (state.judges, state.items):
        return state
    judge, item = places(state.judges, judges), places(state.items, items)

    def moved(table: Table) -> Table:
        return _with_cells(table, judge[table.cell], len(judges))

    def moved_wins(table: Table) -> Table:
        size = max(len(state.items), 1)
        return _with_cells(
            table, judge[table.cell // size] * len(items) + item[table.cell % size], cells(judges, items)
        )

    columns = {
        name: replace(column, verdicts=moved(column.verdicts), wins=moved_wins(column.wins))
        for name, column in state.columns.items()
    }
    return replace(
        state, judges=judges, items=items, verdicts=moved(state.verdicts), wins=moved_wins(state.wins), columns=columns
    )


def places(names: Sequence[str], target: Sequence[str]) -> Ints:
    """Where each name stands in the target."""
    at = {name: place for place, name in enumerate(target)}
    return np.array([at[name] for name in names], np.int64)


def cells(judges: Sequence[str], items: Sequence[str]) -> int:
    """Cells of the table of wins."""
    return len(judges) * len(items)


def _with_cells(table: Table, cell: Ints, size: int) -> Table:
    """The same sums in other cells; both orders of names are sorted, so keys stay in order."""
    return Table(table.buckets, size, table.bucket * size + cell, table.sums)


# ------------------------------------------------------------------ slices


def _combine_columns(sides: Sequence[SliceColumn]) -> SliceColumn:
    values = tuple(sorted({value for side in sides for value in side.values}))
    first, *rest = (_with_values(side, values) for side in sides)
    for other in rest:
        prompts = tuple(a + b for a, b in zip(first.prompts, other.prompts, strict=True))
        first = SliceColumn(values, first.verdicts + other.verdicts, first.wins + other.wins, prompts)
    return first


def _with_values(column: SliceColumn, values: tuple[str, ...]) -> SliceColumn:
    """The same column over more values; both lists are sorted, so keys stay in order."""
    if values == column.values:
        return column
    place = places(column.values, values)
    held = dict(zip(column.values, column.prompts, strict=True))

    def moved(table: Table) -> Table:
        bucket = place[table.bucket // SLICE_BUCKETS] * SLICE_BUCKETS + table.bucket % SLICE_BUCKETS
        return Table(len(values) * SLICE_BUCKETS, table.cells, bucket * table.cells + table.cell, table.sums)

    prompts = tuple(held.get(value, _nobody(SLICE_PROMPTS_KEPT)) for value in values)
    return SliceColumn(values, moved(column.verdicts), moved(column.wins), prompts)


def narrow(state: JudgeState, column: str, value: str) -> JudgeState:
    """The state of the rows whose slice column has this value, at 64 buckets; orders and single rows are not kept.

    Raises NotFound for a column or value that the data do not have, or too many values of it to keep apart.
    """
    check_slice(column, value, {name: each.values for name, each in state.columns.items()}, state.untracked)
    sliced = state.columns[column]
    index = sliced.values.index(value)
    return replace(
        empty_state(),
        judges=state.judges,
        items=state.items,
        verdicts=_of_value(sliced.verdicts, index),
        wins=_of_value(sliced.wins, index),
        prompts=sliced.prompts[index],
        narrowed=f"{column}={value}",
    )


def _of_value(table: Table, index: int) -> Table:
    block = SLICE_BUCKETS * table.cells
    start, stop = np.searchsorted(table.keys, [index * block, (index + 1) * block])
    return Table(SLICE_BUCKETS, table.cells, table.keys[start:stop] - index * block, table.sums[:, start:stop])
