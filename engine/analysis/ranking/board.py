"""Comparisons by bucket and pair, over the items that a model is fitted to: what fits and intervals are made of."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from scipy.sparse import csr_array

from engine.analysis.arrays import Flags, Floats, Ints, sum_by
from engine.analysis.ranking.bradley_terry import Duels
from engine.analysis.shapes import Table


class Board:
    """A table of comparisons prepared for its conclusion; `table.cells` is items². Arrays leave out empty buckets."""

    def __init__(self, items: tuple[str, ...], table: Table) -> None:
        self.items = items
        self.table = table

    @property
    def buckets(self) -> int:
        """The number of buckets that have rows."""
        return len(self.table.filled)

    @cached_property
    def duels(self) -> Duels:
        """All comparisons, an entry a pair."""
        count, wins, ties = self.table.totals()
        cells, items = self._cells, len(self.items)
        return Duels(items, cells // items, cells % items, count[cells], wins[cells], ties[cells])

    @cached_property
    def _cells(self) -> Ints:
        """The pairs that met, as cells."""
        met = np.zeros(self.table.cells, np.bool_)
        met[self.table.cell] = True
        return np.flatnonzero(met)

    @cached_property
    def pair(self) -> Ints:
        """The pair of each key, as a place in `duels`."""
        place = np.zeros(self.table.cells, np.int64)
        place[self._cells] = np.arange(len(self._cells))
        return np.asarray(place[self.table.cell])

    def by_bucket(self, of_key: Floats) -> csr_array:
        """A value of each key as a matrix of filled buckets and pairs."""
        ends = np.append(self.table.starts, len(self.table.keys))
        return csr_array((of_key, self.pair, ends), shape=(self.buckets, len(self.duels.low)))

    def net_by_bucket(self, of_key: Floats) -> Floats:
        """Sums by bucket and item of a value that each key gives to its first item and takes from the other."""
        low, high = self._places
        net = -sum_by(high, of_key, self.buckets * len(self.items))
        net[low[self._runs]] += np.add.reduceat(of_key, self._runs)
        return net.reshape(self.buckets, -1)

    def apart(self, by_bucket: Floats) -> Floats:
        """For each key the difference of its two items, from a value by bucket and item."""
        low, high = self._places
        flat = by_bucket.ravel()
        return np.asarray(flat[low] - flat[high])

    @cached_property
    def clusters(self) -> Ints:
        """In how many buckets each item was compared."""
        met = np.zeros((self.buckets, len(self.items)), np.bool_)
        low, high = self._places
        for place in (low[self._runs], high):
            met.ravel()[place] = True
        return np.asarray(met.sum(axis=0))

    @cached_property
    def _places(self) -> tuple[Ints, Ints]:
        """The two items of each key as places of arrays by filled bucket and item."""
        start = self.table.at_keys(np.arange(self.buckets) * len(self.items))
        return start + self.duels.low[self.pair], start + self.duels.high[self.pair]

    @cached_property
    def _runs(self) -> Ints:
        """Where the keys of each bucket and first item begin: they follow one another, as keys are sorted."""
        low = self._places[0]
        return np.flatnonzero(np.append(True, low[1:] != low[:-1]))

    def restricted(self, kept: Flags) -> Board:
        """The comparisons among some of the items."""
        if kept.all():
            return self
        items = len(self.items)
        low, high = self.table.cell // items, self.table.cell % items
        inside = kept[low] & kept[high]
        place = np.cumsum(kept) - 1
        cell = (place[low] * kept.sum() + place[high])[inside]
        size = int(kept.sum()) ** 2
        keys = self.table.bucket[inside] * size + cell
        names = tuple(item for item, stays in zip(self.items, kept.tolist(), strict=True) if stays)
        return Board(names, Table(self.table.buckets, size, keys, self.table.sums[:, inside]))


def totals_by_item(board: Board) -> Floats:
    """Comparisons, wins, ties and losses of each item, where a tie is neither won nor lost: shape (4, items)."""
    duels = board.duels
    decided = duels.wins - duels.ties / 2
    lost = duels.count - duels.ties - decided
    won = sum_by(duels.low, decided, duels.items) + sum_by(duels.high, lost, duels.items)
    count, ties = duels.by_item(duels.count), duels.by_item(duels.ties)
    return np.stack([count, won, ties, count - won - ties])
