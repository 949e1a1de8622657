"""The state of the ranking analysis: comparisons summed by bucket and pair of items; how two states combine, narrow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from engine.analysis.arrays import Ints
from engine.analysis.ranking.columns import SliceColumn
from engine.analysis.ranking.sample import StyleSample
from engine.analysis.shapes import COARSE_BUCKETS, Table
from engine.analysis.sketch import DistinctCount
from engine.analysis.slicing import SLICE_VALUES, check_slice
from engine.errors import UsageError
from engine.types import FINE_BUCKETS

PAIR_FIELDS = ("count", "wins", "ties")
"""By bucket and pair: rows, wins of the item that comes first in the alphabet (a tie is half of one), ties."""

SHOWN_FIELDS = ("count", "shown", "first_won", "left_out")
"""By bucket: rows, those whose order of showing is known, those that the first shown won, those left out.

A row is left out where it does not name two different items, or has no label.
"""

MOST_ITEMS = 1000
PROMPTS_KEPT = 8192
FEWEST_BUCKETS = 128
FINE_KEYS = 1 << 18
"""Entries beyond which a table of pairs is folded: a conclusion must not take long."""


@dataclass(frozen=True)
class RankingState:
    """What the ranking remembers of rows. `items` are sorted; a pair is the cell low · items + high, low < high.

    `narrowed` is "column=value" for the state of one slice. `untracked` names slice columns with too many values.
    `crowded`: there were more than `MOST_ITEMS` items, and nothing by pair is remembered any more.
    """

    items: tuple[str, ...]
    pairs: Table
    shown: Table
    prompts: DistinctCount
    sample: StyleSample
    columns: Mapping[str, SliceColumn] = field(default_factory=dict)
    untracked: frozenset[str] = frozenset()
    narrowed: str = ""
    crowded: bool = False

    @property
    def rows(self) -> int:
        """Number of comparisons of two named items."""
        return round(float(self.pairs.sums[0].sum()))


def empty_state() -> RankingState:
    """The state of no rows."""
    none = DistinctCount(PROMPTS_KEPT, np.zeros(0, np.uint64))
    shown = Table.empty(FINE_BUCKETS, 1, len(SHOWN_FIELDS) - 1)
    return RankingState((), Table.empty(FINE_BUCKETS, 0, len(PAIR_FIELDS) - 1), shown, none, StyleSample.empty())


def crowded(prompts: DistinctCount, shown: Table) -> RankingState:
    """The state of rows with more items than are ranked."""
    return replace(empty_state(), prompts=prompts, shown=shown, crowded=True)


def combine(left: RankingState, right: RankingState) -> RankingState:
    """The state of both sets of rows."""
    if left.narrowed != right.narrowed:
        raise UsageError("Only states of one slice combine.")
    items = tuple(sorted({*left.items, *right.items}))
    prompts, shown = left.prompts + right.prompts, left.shown + right.shown
    if left.crowded or right.crowded or len(items) > MOST_ITEMS:
        return replace(crowded(prompts, shown), narrowed=left.narrowed)
    left, right = _over(left, items), _over(right, items)
    pairs = folded(left.pairs + right.pairs, prompts)
    columns = _joined(left.columns, right.columns)
    too_many = {name for name, column in columns.items() if len(column.values) > SLICE_VALUES}
    untracked = left.untracked | right.untracked | too_many
    return replace(
        left,
        pairs=pairs,
        shown=shown.fold(min(shown.buckets, pairs.buckets)),
        prompts=prompts,
        sample=left.sample + right.sample,
        columns={name: column for name, column in columns.items() if name not in untracked},
        untracked=untracked,
    )


def _joined(left: Mapping[str, SliceColumn], right: Mapping[str, SliceColumn]) -> dict[str, SliceColumn]:
    both = {name: left[name] + right[name] for name in left.keys() & right.keys()}
    every = {**left, **right, **both}
    return {name: every[name] for name in sorted(every)}


def folded(pairs: Table, prompts: DistinctCount) -> Table:
    """In as many buckets as its rows deserve. The table of a slice has fewer already.

    The conditions only ever grow, so the order in which states combine does not matter.
    """
    if pairs.buckets > COARSE_BUCKETS and (prompts.count > FINE_BUCKETS or len(pairs.keys) > FINE_KEYS):
        pairs = pairs.fold(COARSE_BUCKETS)
    if pairs.buckets > FEWEST_BUCKETS and len(pairs.keys) > FINE_KEYS:
        pairs = pairs.fold(FEWEST_BUCKETS)
    return pairs


def narrow(state: RankingState, column: str, value: str) -> RankingState:
    """The state of the rows whose slice column has this value, at 64 buckets or fewer.

    Raises NotFound for a column or value that the data do not have, or too many values of it to keep apart.
    """
    check_slice(column, value, {name: each.values for name, each in state.columns.items()}, state.untracked)
    sliced = state.columns[column]
    index = sliced.values.index(value)
    pairs, shown = sliced.of_value(index, len(state.items))
    kept, pairs = _only_compared(state.items, pairs)
    return RankingState(kept, pairs, shown, sliced.prompts[index], StyleSample.empty(), narrowed=f"{column}={value}")


def _only_compared(items: tuple[str, ...], pairs: Table) -> tuple[tuple[str, ...], Table]:
    """The items that occur in these pairs; a slice may know few of them."""
    size = len(items)
    found = np.unique(np.concatenate([pairs.cell // size, pairs.cell % size])) if size else np.zeros(0, np.int64)
    place = np.zeros(size, np.int64)
    place[found] = np.arange(len(found))
    return tuple(items[index] for index in found), _placed(pairs, place, len(found))


def _over(state: RankingState, items: tuple[str, ...]) -> RankingState:
    """The same state over more items; both lists are sorted, so keys stay in order."""
    if items == state.items:
        return state
    at = {item: index for index, item in enumerate(items)}
    place = np.array([at[item] for item in state.items], np.int64)
    return replace(
        state,
        items=items,
        pairs=_placed(state.pairs, place, len(items)),
        sample=state.sample.over(place),
        columns={name: column.over(place, len(items)) for name, column in state.columns.items()},
    )


def _placed(table: Table, place: Ints, items: int) -> Table:
    if not len(table.keys):
        return Table(table.buckets, items * items, table.keys, table.sums)
    low, high = np.divmod(table.cell, len(place))
    keys = table.bucket * (items * items) + place[low] * items + place[high]
    return Table(table.buckets, items * items, keys, table.sums)
