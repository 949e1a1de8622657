"""The state of the ranking analysis: comparisons summed by bucket and pair of items; how two states combine, narrow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from engine.analysis.arrays import Ints
from engine.analysis.ranking.bradley_terry import Duels
from engine.analysis.shapes import COARSE_BUCKETS, Table
from engine.analysis.sketch import DistinctCount
from engine.errors import NotFound, UsageError
from engine.types import FINE_BUCKETS

PAIR_FIELDS = ("count", "wins", "ties")
"""By bucket and pair: rows, wins of the item that comes first in the alphabet (a tie is half of one), ties."""

SHOWN_FIELDS = ("count", "shown", "first_won", "left_out")
"""By bucket: rows, those whose order of showing is known, those that the first shown won, those without two items."""

MOST_ITEMS = 1000
PROMPTS_KEPT = 8192
SLICE_PROMPTS_KEPT = 1024
SLICE_VALUES = 100
SLICE_BUCKETS = 64
FEWEST_BUCKETS = 128
FINE_KEYS = 1 << 18


@dataclass(frozen=True)
class SliceColumn:
    """One slice column: its values, and their rows. The first axis of `pairs` is value · 64 + bucket mod 64."""

    values: tuple[str, ...]
    pairs: Table
    prompts: tuple[DistinctCount, ...]


@dataclass(frozen=True)
class RankingState:
    """What the ranking remembers of rows. `items` are sorted; a pair is the cell low · items + high, low < high.

    `narrowed` is "column=value" for the state of one slice. `untracked` names slice columns with too many values.
    """

    items: tuple[str, ...]
    pairs: Table
    shown: Table
    prompts: DistinctCount
    columns: Mapping[str, SliceColumn] = field(default_factory=dict)
    untracked: frozenset[str] = frozenset()
    narrowed: str = ""

    @property
    def rows(self) -> int:
        """Number of comparisons of two named items."""
        return round(float(self.pairs.sums[0].sum()))

    def duels(self) -> Duels:
        """All comparisons, an entry a pair: over `items`."""
        count, wins, ties = self.pairs.totals() if self.items else np.zeros((3, 0))
        cells = np.flatnonzero(count)
        items = len(self.items)
        return Duels(items, cells // items, cells % items, count[cells], wins[cells], ties[cells])


def empty_state() -> RankingState:
    """The state of no rows."""
    none = DistinctCount(PROMPTS_KEPT, np.zeros(0, np.uint64))
    shown = Table.empty(FINE_BUCKETS, 1, len(SHOWN_FIELDS) - 1)
    return RankingState((), Table.empty(FINE_BUCKETS, 0, len(PAIR_FIELDS) - 1), shown, none)


def combine(left: RankingState, right: RankingState) -> RankingState:
    """The state of both sets of rows."""
    if left.narrowed != right.narrowed:
        raise UsageError("Only states of one slice combine.")
    items = tuple(sorted({*left.items, *right.items}))
    prompts = left.prompts + right.prompts
    pairs = folded(_moved(left.pairs, left.items, items) + _moved(right.pairs, right.items, items), prompts)
    columns = {name: _combine_columns(left, right, name, items) for name in sorted({*left.columns, *right.columns})}
    too_many = {name for name, column in columns.items() if len(column.values) > SLICE_VALUES}
    untracked = left.untracked | right.untracked | too_many
    return replace(
        left,
        items=items,
        pairs=pairs,
        shown=(left.shown + right.shown).fold(pairs.buckets),
        prompts=prompts,
        columns={name: column for name, column in columns.items() if name not in untracked},
        untracked=untracked,
    )


def folded(pairs: Table, prompts: DistinctCount) -> Table:
    """In as many buckets as its rows deserve: a conclusion must not take long. Slices have fewer already.

    The conditions only ever grow, so the order in which states combine does not matter.
    """
    if pairs.buckets > COARSE_BUCKETS and (prompts.count > FINE_BUCKETS or len(pairs.keys) > FINE_KEYS):
        pairs = pairs.fold(COARSE_BUCKETS)
    if pairs.buckets > FEWEST_BUCKETS and len(pairs.keys) > FINE_KEYS:
        pairs = pairs.fold(FEWEST_BUCKETS)
    return pairs


def narrow(state: RankingState, column: str, value: str) -> RankingState:
    """The state of the rows whose slice column has this value, at 64 buckets.

    Raises NotFound for a column or value that the data do not have, or too many values of it to keep apart.
    """
    if column in state.untracked:
        raise NotFound(f"Slice column {column!r} has more than {SLICE_VALUES} values; they are not kept apart.")
    if column not in state.columns:
        raise NotFound(f"There is no slice column {column!r}; known are {', '.join(state.columns) or 'none'}.")
    sliced = state.columns[column]
    if value not in sliced.values:
        raise NotFound(f"Slice column {column!r} has no value {value!r}.")
    index = sliced.values.index(value)
    pairs = _of_value(sliced.pairs, index)
    kept, pairs = _only_compared(state.items, pairs)
    shown = Table.empty(SLICE_BUCKETS, 1, len(SHOWN_FIELDS) - 1)
    return RankingState(kept, pairs, shown, sliced.prompts[index], narrowed=f"{column}={value}")


def _of_value(table: Table, index: int) -> Table:
    block = SLICE_BUCKETS * table.cells
    start, stop = np.searchsorted(table.keys, [index * block, (index + 1) * block])
    return Table(SLICE_BUCKETS, table.cells, table.keys[start:stop] - index * block, table.sums[:, start:stop])


def _only_compared(items: tuple[str, ...], pairs: Table) -> tuple[tuple[str, ...], Table]:
    """The items that occur in these pairs; a slice may know few of them."""
    size = len(items)
    found = np.unique(np.concatenate([pairs.cell // size, pairs.cell % size])) if size else np.zeros(0, np.int64)
    place = np.zeros(size, np.int64)
    place[found] = np.arange(len(found))
    return tuple(items[index] for index in found), _placed(pairs, size, place, len(found))


def _moved(table: Table, items: tuple[str, ...], target: tuple[str, ...]) -> Table:
    """The same rows over more items; both lists are sorted, so keys stay in order."""
    if items == target:
        return table
    at = {item: index for index, item in enumerate(target)}
    return _placed(table, len(items), np.array([at[item] for item in items], np.int64), len(target))


def _placed(table: Table, items: int, place: Ints, target: int) -> Table:
    if not len(table.keys):
        return Table(table.buckets, target * target, table.keys, table.sums)
    low, high = place[table.cell // items], place[table.cell % items]
    keys = table.bucket * (target * target) + low * target + high
    return Table(table.buckets, target * target, keys, table.sums)


def _combine_columns(left: RankingState, right: RankingState, name: str, items: tuple[str, ...]) -> SliceColumn:
    sides = [_over(state.columns[name], state.items, items) for state in (left, right) if name in state.columns]
    if len(sides) == 1:
        return sides[0]
    values = tuple(sorted({*sides[0].values, *sides[1].values}))
    one, two = (_with_values(side, values) for side in sides)
    prompts = tuple(a + b for a, b in zip(one.prompts, two.prompts, strict=True))
    return SliceColumn(values, one.pairs + two.pairs, prompts)


def _over(column: SliceColumn, items: tuple[str, ...], target: tuple[str, ...]) -> SliceColumn:
    return replace(column, pairs=_moved(column.pairs, items, target))


def _with_values(column: SliceColumn, values: tuple[str, ...]) -> SliceColumn:
    """The same column over more values; both lists are sorted, so keys stay in order."""
    at = {value: index for index, value in enumerate(column.values)}
    place = np.array([values.index(value) for value in column.values], np.int64)
    pairs, empty = column.pairs, DistinctCount(SLICE_PROMPTS_KEPT, np.zeros(0, np.uint64))
    bucket = place[pairs.bucket // SLICE_BUCKETS] * SLICE_BUCKETS + pairs.bucket % SLICE_BUCKETS
    moved = Table(len(values) * SLICE_BUCKETS, pairs.cells, bucket * pairs.cells + pairs.cell, pairs.sums)
    return SliceColumn(values, moved, tuple(column.prompts[at[value]] if value in at else empty for value in values))
