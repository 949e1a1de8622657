"""The state of the comparison: sums by unit and by what may name a system; how two states combine, narrow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from engine.analysis.arrays import Flags, Floats, Hashes, Ints
from engine.analysis.shapes import UnitSums
from engine.analysis.sketch import distinct
from engine.analysis.slicing import check_slice
from engine.errors import UsageError

PAIR_FIELDS = ("count", "correct", "scored", "brier", "log_loss")
"""By unit and member: rows; correctness; rows with a margin, and of those the squared error and log loss."""

SCORE_FIELDS = ("count", "value", "outside", "known", "truth", "correct")
"""By unit and member: rows; value / scale, and whether that lies outside [0, 1]; rows with a truth, and of those the
truth and whether (value / scale > ½) equals it."""

NAMED_BY = ("dataset", "judge", "item", "step")
"""The parts of a member's name, in this order, parted by `PART`; empty where unknown."""

PART = "\x1f"
MOST_UNITS = 1 << 20
SAMPLED_UNITS = 4096
MIXED = -2
"""Slice code of a unit whose rows do not agree."""


@dataclass(frozen=True)
class RowSample:
    """Rows of the units with the smallest hashes: which row of which member, and how strongly it speaks.

    `strength` is |margin|, or value / scale.
    """

    unit: Hashes
    member: Ints
    row: Hashes
    strength: Floats

    def where(self, kept: Flags) -> Self:
        """Only some of the rows."""
        return type(self)(self.unit[kept], self.member[kept], self.row[kept], self.strength[kept])

    def least(self) -> Self:
        """The rows of the `SAMPLED_UNITS` smallest units, sorted."""
        units = distinct(self.unit)
        sample = self.where(self.unit < units[SAMPLED_UNITS]) if len(units) > SAMPLED_UNITS else self
        order = np.lexsort((sample.row, sample.member, sample.unit))
        return sample.where(order)  # type: ignore[arg-type]


@dataclass(frozen=True)
class SliceColumn:
    """One slice column: by unit (ascending, known ones only) the place of its value, or `MIXED`."""

    values: tuple[str, ...]
    unit: Hashes
    code: Ints

    def where(self, kept: Flags) -> Self:
        """Only some of the units."""
        return type(self)(self.values, self.unit[kept], self.code[kept])


@dataclass(frozen=True)
class CompareState:
    """What the comparison remembers of rows.

    A unit is what systems are paired on: a prompt, or of comparisons a prompt with its two answers in either order.
    `sums.bucket` holds the whole hash of the unit's prompt (as int64): its bucket is that mod 4,096, and prompts can be
    counted. Beyond `MOST_UNITS` only those with the smallest hashes are kept, the same of every system; `rows` counts
    all, `left_out` those without a verdict.
    """

    paired: bool
    scale: float
    sums: UnitSums
    sample: RowSample
    rows: int
    left_out: int
    columns: Mapping[str, SliceColumn] = field(default_factory=dict)
    sampled: bool = False
    narrowed: str = ""


def combine(left: CompareState, right: CompareState) -> CompareState:
    """The state of both sets of rows."""
    if (left.paired, left.scale, left.narrowed) != (right.paired, right.scale, right.narrowed):
        raise UsageError("Only states of one kind, scale and slice combine.")
    sums = left.sums + right.sums
    parts = [_placed(state.sample, state.sums.members, sums.members) for state in (left, right)]
    names = ("unit", "member", "row", "strength")
    sample = RowSample(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
    columns = {name: _combine_columns(left, right, name) for name in sorted({*left.columns, *right.columns})}
    whole = CompareState(
        left.paired,
        left.scale,
        sums,
        sample.least(),
        left.rows + right.rows,
        left.left_out + right.left_out,
        columns,
        left.sampled or right.sampled,
        left.narrowed,
    )
    return bounded(whole)


def bounded(state: CompareState) -> CompareState:
    """The same of at most `MOST_UNITS` units: those with the smallest hashes, a random sample of all."""
    starts = state.sums.starts
    if len(starts) <= MOST_UNITS:
        return state
    end = state.sums.unit[starts[MOST_UNITS]]
    columns = {name: column.where(column.unit < end) for name, column in state.columns.items()}
    return replace(state, sums=state.sums.where(state.sums.unit < end), columns=columns, sampled=True)


def _placed(sample: RowSample, members: tuple[str, ...], target: tuple[str, ...]) -> RowSample:
    at = {name: place for place, name in enumerate(target)}
    places = np.array([at[name] for name in members], np.int64)
    return replace(sample, member=places[sample.member] if len(places) else sample.member)


def _combine_columns(left: CompareState, right: CompareState, name: str) -> SliceColumn:
    sides = [state.columns[name] for state in (left, right) if name in state.columns]
    values = tuple(sorted({value for side in sides for value in side.values}))
    at = {value: place for place, value in enumerate(values)}
    codes = []
    for side in sides:
        places = np.array([*(at[value] for value in side.values), MIXED, -1], np.int64)
        codes.append(places[side.code])
    return agreed(values, np.concatenate([side.unit for side in sides]), np.concatenate(codes))


def agreed(values: tuple[str, ...], unit: Hashes, code: Ints) -> SliceColumn:
    """The slice column of units whose code may stand there several times."""
    order = np.lexsort((code, unit))
    unit, code = unit[order], code[order]
    first = np.flatnonzero(np.append(True, unit[1:] != unit[:-1])[: len(unit)])
    last = np.append(first[1:], len(unit)) - 1 if len(first) else first
    return SliceColumn(values, unit[first], np.where(code[first] == code[last], code[first], MIXED))


def narrow(state: CompareState, column: str, value: str) -> CompareState:
    """The state of the units whose slice column has this value.

    Raises NotFound for a column or value that the data do not have.
    """
    check_slice(column, value, {name: each.values for name, each in state.columns.items()})
    sliced = state.columns[column]
    kept = sliced.unit[sliced.code == sliced.values.index(value)]
    sums = state.sums.where(np.isin(state.sums.unit, kept))
    sample = state.sample.where(np.isin(state.sample.unit, kept))
    rows = round(float(sums.sums[0].sum()))
    narrowed = f"{column}={value}"
    return CompareState(state.paired, state.scale, sums, sample, rows, 0, {}, state.sampled, narrowed)


def labelled(state: CompareState, name: str) -> CompareState:
    """The same, the dataset's name written into every member that has none yet."""
    name = plain(name)
    members = tuple(name + member if member.startswith(PART) else member for member in state.sums.members)
    target = tuple(sorted(set(members)))
    at = {member: place for place, member in enumerate(target)}
    places = np.array([at[member] for member in members], np.int64)
    sums = UnitSums.empty(len(state.sums.sums) - 1) + replace(
        state.sums, members=target, member=places[state.sums.member] if len(places) else state.sums.member
    )
    sample = replace(state.sample, member=places[state.sample.member] if len(places) else state.sample.member)
    return replace(state, sums=sums, sample=sample.least())


def plain(name: str) -> str:
    """The name without the sign that parts the parts of a member's name."""
    return name.replace(PART, " ")
