"""One slice column of a ranking's state: its values and their comparisons, bucket by bucket."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engine.analysis.arrays import Ints
from engine.analysis.shapes import Table
from engine.analysis.sketch import DistinctCount

SLICE_BUCKETS = 64
FEWEST_SLICE_BUCKETS = 16
SLICE_KEYS = 1 << 17
"""Entries of a column beyond which it is folded to 16 buckets: few, but each then holds very many prompts."""

SLICE_PROMPTS_KEPT = 1024


@dataclass(frozen=True)
class SliceColumn:
    """Cells of `pairs` are value · items² + pair, those of `shown` the values; both have the same buckets."""

    values: tuple[str, ...]
    pairs: Table
    shown: Table
    prompts: tuple[DistinctCount, ...]

    def __add__(self, other: SliceColumn) -> SliceColumn:
        """The column of both sets of rows, over the same items."""
        values = tuple(sorted({*self.values, *other.values}))
        one, two = self._with(values), other._with(values)
        prompts = tuple(a + b for a, b in zip(one.prompts, two.prompts, strict=True))
        return SliceColumn(values, one.pairs + two.pairs, one.shown + two.shown, prompts).folded()

    def folded(self) -> SliceColumn:
        """In as many buckets as its entries deserve; the condition only ever grows, so order does not matter."""
        if len(self.pairs.keys) <= SLICE_KEYS:
            return self
        pairs, shown = (table.fold(FEWEST_SLICE_BUCKETS) for table in (self.pairs, self.shown))
        return replace(self, pairs=pairs, shown=shown)

    def over(self, place: Ints, items: int) -> SliceColumn:
        """The same rows over more items: `place` is where each of the present ones stands among `items`."""
        present, table = len(place), self.pairs
        value, pair = np.divmod(table.cell, max(present, 1) ** 2)
        low, high = np.divmod(pair, max(present, 1))
        cell = (value * items + (place[low] if len(low) else low)) * items + (place[high] if len(high) else high)
        cells = len(self.values) * items**2
        return replace(self, pairs=Table(table.buckets, cells, table.bucket * cells + cell, table.sums))

    def of_value(self, index: int, items: int) -> tuple[Table, Table]:
        """Pairs and shown of one value."""
        start, block = index * items**2, items**2
        pairs, shown = self.pairs, self.shown
        inside, there = (pairs.cell >= start) & (pairs.cell < start + block), shown.cell == index
        keys = pairs.bucket[inside] * block + pairs.cell[inside] - start
        return (
            Table(pairs.buckets, block, keys, pairs.sums[:, inside]),
            Table(shown.buckets, 1, shown.bucket[there], shown.sums[:, there]),
        )

    def _with(self, values: tuple[str, ...]) -> SliceColumn:
        """The same column over more values; both lists are sorted, so keys stay in order."""
        if values == self.values:
            return self
        at = {value: index for index, value in enumerate(self.values)}
        none = DistinctCount(SLICE_PROMPTS_KEPT, np.zeros(0, np.uint64))
        place = np.array([index for index, value in enumerate(values) if value in at], np.int64)
        square = self.pairs.cells // max(len(self.values), 1)
        prompts = tuple(self.prompts[at[value]] if value in at else none for value in values)
        return SliceColumn(
            values, _spread(self.pairs, place, len(values), square), _spread(self.shown, place, len(values), 1), prompts
        )


def _spread(table: Table, place: Ints, values: int, square: int) -> Table:
    """The table with its values at these places among more of them, each with `square` cells."""
    value, rest = np.divmod(table.cell, max(square, 1))
    cells = values * square
    keys = table.bucket * cells + (place[value] if len(value) else value) * square + rest
    return Table(table.buckets, cells, keys, table.sums)
