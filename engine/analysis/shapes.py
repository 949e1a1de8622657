"""The three shapes of a state: Table (adds up), Units (union) and Stream (advances in order).

A state is what one pass over a segment of rows leaves behind. `conclude` reads states only, so its cost depends on the
state and never on the number of rows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, Self, TypeVar

import numpy as np

from engine.analysis.arrays import Flags, Floats, Hashes, Ints, sum_by
from engine.errors import Conflict, UsageError
from engine.words import amount

COARSE_BUCKETS = 512
"""Buckets of a dataset with more prompts than FINE_BUCKETS; it divides FINE_BUCKETS, so both add up."""

SPARSE_BELOW = 0.25
"""Rows per possible key below which sorting the rows beats filling a dense array."""


# ------------------------------------------------------------------ Table


@dataclass(frozen=True)
class Table:
    """Sums over rows by bucket and cell, kept where there are rows.

    `keys` (sorted, unique) are bucket * cells + cell; `sums` has shape (fields, len(keys)) and field 0 counts rows.
    Cell edges never depend on the data, so tables of different segments add up.
    """

    buckets: int
    cells: int
    keys: Ints
    sums: Floats

    @classmethod
    def of_rows(cls, buckets: int, cells: int, bucket: Ints, cell: Ints, fields: Sequence[Floats | Flags]) -> Self:
        """Sum rows: `bucket` in [0, buckets), `cell` in [0, cells), `fields` one array of row values each."""
        key = bucket.astype(np.int64) * cells + cell
        size = buckets * cells
        if len(key) < SPARSE_BELOW * size:
            rows: Floats = np.stack([np.ones(len(key)), *fields])
            return cls(buckets, cells, *_collect(key, rows))
        count = np.bincount(key, minlength=size)
        keys = np.flatnonzero(count)
        sums = [count[keys].astype(float), *(_sum_at(keys, key, field, size) for field in fields)]
        return cls(buckets, cells, keys, np.stack(sums))

    @classmethod
    def empty(cls, buckets: int, cells: int, fields: int) -> Self:
        """The table of no rows, with `fields` fields besides the count."""
        return cls(buckets, cells, np.zeros(0, np.int64), np.zeros((fields + 1, 0)))

    def __add__(self, other: Self) -> Self:
        """The table of both sets of rows; the finer one is folded first.

        Sums are taken left to right, so adding states in manifest order is bit-equal on every replay.
        """
        if self.cells != other.cells or len(self.sums) != len(other.sums):
            raise UsageError("Tables with different cells or fields do not add up.")
        buckets = min(self.buckets, other.buckets)
        left, right = self.fold(buckets), other.fold(buckets)
        keys = np.concatenate([left.keys, right.keys])
        return type(self)(buckets, self.cells, *_collect(keys, np.concatenate([left.sums, right.sums], axis=1)))

    def fold(self, buckets: int) -> Self:
        """The same rows in fewer buckets: bucket mod `buckets`, which must divide the present number."""
        if buckets == self.buckets:
            return self
        if self.buckets % buckets:
            raise UsageError(f"{amount(self.buckets, 'bucket')} do not fold to {buckets}.")
        keys = self.bucket % buckets * self.cells + self.cell
        return type(self)(buckets, self.cells, *_collect(keys, self.sums))

    @cached_property
    def filled(self) -> Ints:
        """The buckets that have rows."""
        return np.flatnonzero(np.diff(self._begins))

    @cached_property
    def starts(self) -> Ints:
        """Where each filled bucket begins among the keys."""
        return np.asarray(self._begins[self.filled])

    @cached_property
    def _begins(self) -> Ints:
        return np.searchsorted(self.keys, np.arange(self.buckets + 1) * self.cells)

    def at_keys(self, by_filled: Ints) -> Ints:
        """For each key the value of its bucket, from one for each filled bucket."""
        return np.repeat(by_filled, np.diff(self.starts, append=len(self.keys)))

    @cached_property
    def bucket(self) -> Ints:
        """The bucket of each key."""
        return self.at_keys(self.filled)

    @cached_property
    def cell(self) -> Ints:
        """The cell of each key."""
        return self.keys - self.at_keys(self.filled * self.cells)

    def totals(self) -> Floats:
        """Sums over all buckets: shape (fields, cells)."""
        return np.stack([sum_by(self.cell, field, self.cells) for field in self.sums])

    def per_bucket(self, values: Floats) -> Floats:
        """Sum `values` (one per key) by bucket: shape (buckets,)."""
        sums = np.zeros(self.buckets)
        if len(self.keys):
            sums[self.filled] = np.add.reduceat(values, self.starts)
        return sums

    def bucket_sums(self, groups: Ints, count: int) -> Floats:
        """Sums by bucket and group of cells: shape (fields, buckets, count). `groups` maps each cell to its group."""
        key = self.bucket * count + groups[self.cell]
        size = self.buckets * count
        return np.stack([sum_by(key, field, size).reshape(-1, count) for field in self.sums])


def _sum_at(keys: Ints, key: Ints, field: Floats | Flags, size: int) -> Floats:
    """Sums of one field at `keys`; fields of zeros (flags that are nowhere set) are common and cost nothing."""
    return sum_by(key, field, size)[keys] if field.any() else np.zeros(len(keys))


def _collect(keys: Ints, sums: Floats) -> tuple[Ints, Floats]:
    """Add up columns of equal key, in the order in which they stand."""
    if not len(keys):
        return keys, sums
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    return keys[starts], np.add.reduceat(sums[:, order], starts, axis=1)


# ------------------------------------------------------------------ Units

Record = TypeVar("Record")


@dataclass(frozen=True)
class Units(ABC, Generic[Record]):
    """A small record per unit (prompt, item, pair of annotators). All rows of a unit lie in one bucket.

    States combine by union. A unit that occurs in two segments is merged record by record before anything is computed
    from it: statistics that weigh by unit never see half of one.
    """

    records: Mapping[int, Record]

    @abstractmethod
    def merge(self, left: Record, right: Record) -> Record:
        """One record out of two of the same unit; associative."""

    def __add__(self, other: Self) -> Self:
        """The union of both maps, units of `self` first."""
        joined = dict(self.records)
        for unit, record in other.records.items():
            joined[unit] = self.merge(joined[unit], record) if unit in joined else record
        return type(self)(joined)


@dataclass(frozen=True)
class UnitSums:
    """Units whose record is a row of sums for each member (a rater, a system), as arrays: quick with many units.

    An entry is one member's sums in one unit; entries are sorted by unit, then member. `unit` are hashes, `member`
    places in `members` (sorted names), `bucket` that of the unit's prompt; `sums` has shape (fields, entries) and
    field 0 counts rows.
    """

    members: tuple[str, ...]
    unit: Hashes
    member: Ints
    bucket: Ints
    sums: Floats

    @classmethod
    def of_rows(
        cls, members: Sequence[str], unit: Hashes, member: Ints, bucket: Ints, fields: Sequence[Floats | Flags]
    ) -> Self:
        """Sum rows: `member` in [0, len(members)), any order of names; `fields` one array of row values each."""
        rows: Floats = np.stack([np.ones(len(unit)), *fields])
        whole = cls(tuple(members), unit, member.astype(np.int64), bucket.astype(np.int64), rows)
        return whole.over(tuple(sorted(members)))

    @classmethod
    def empty(cls, fields: int) -> Self:
        """No unit, with `fields` fields besides the count."""
        none = np.zeros(0, np.int64)
        return cls((), np.zeros(0, np.uint64), none, none, np.zeros((fields + 1, 0)))

    def __add__(self, other: Self) -> Self:
        """The union, entry by entry added up; left to right, so that replays are equal to the bit."""
        members = tuple(sorted({*self.members, *other.members}))
        member = np.concatenate([self._placed(members), other._placed(members)])
        unit = np.concatenate([self.unit, other.unit])
        bucket = np.concatenate([self.bucket, other.bucket])
        sums = np.concatenate([self.sums, other.sums], axis=1)
        return type(self)(members, unit, member, bucket, sums)._collected()

    def over(self, members: tuple[str, ...]) -> Self:
        """The same entries over these names, which hold all of the present ones."""
        return type(self)(members, self.unit, self._placed(members), self.bucket, self.sums)._collected()

    def where(self, kept: Flags) -> Self:
        """Only some of the entries."""
        return type(self)(self.members, self.unit[kept], self.member[kept], self.bucket[kept], self.sums[:, kept])

    @cached_property
    def starts(self) -> Ints:
        """Where each unit begins among the entries."""
        return np.flatnonzero(np.append(True, self.unit[1:] != self.unit[:-1])[: len(self.unit)])

    @cached_property
    def sizes(self) -> Ints:
        """How many members each unit has."""
        return np.diff(self.starts, append=len(self.unit))

    def _placed(self, members: tuple[str, ...]) -> Ints:
        if members == self.members:
            return self.member
        at = {name: place for place, name in enumerate(members)}
        return np.array([at[name] for name in self.members], np.int64)[self.member]

    def _collected(self) -> Self:
        order = np.lexsort((self.member, self.unit))
        unit, member = self.unit[order], self.member[order]
        if not len(unit):
            return self
        starts = np.flatnonzero(np.append(True, (unit[1:] != unit[:-1]) | (member[1:] != member[:-1])))
        sums = np.add.reduceat(self.sums[:, order], starts, axis=1)
        return type(self)(self.members, unit[starts], member[starts], self.bucket[order][starts], sums)


# ------------------------------------------------------------------ Stream

Position = tuple[int, int]
"""Time and sequence number of a row."""


@dataclass(frozen=True)
class Stream(ABC):
    """A state that only moves forward, over rows in the order of (time, sequence); streams do not merge.

    A late row is refused with Conflict: the caller replays from a checkpoint taken before it.
    """

    position: Position | None

    @abstractmethod
    def step(self, position: Position, row: Any) -> Self:
        """The state after one more row, its `position` moved to that of the row."""

    def advance(self, rows: Sequence[tuple[Position, Any]]) -> Self:
        """The state after `rows`, each later than the one before."""
        state = self
        for position, row in rows:
            if state.position is not None and position <= state.position:
                raise Conflict(
                    f"Row {position} is not after {state.position}: replay from a checkpoint.", code="late_row"
                )
            state = state.step(position, row)
        return state
