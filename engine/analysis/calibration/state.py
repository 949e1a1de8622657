"""The state of the calibration analysis: what one pass over rows leaves behind, how two states combine and narrow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from engine.analysis.arrays import Floats
from engine.analysis.grid import cells_of
from engine.analysis.shapes import COARSE_BUCKETS, Table
from engine.analysis.sketch import DistinctCount, WorstRows
from engine.analysis.slicing import check_slice
from engine.errors import UsageError
from engine.types import FINE_BUCKETS

CELL_FIELDS = ("count", "predicted", "observed", "margin")
"""By bucket and cell: rows, and the sums of prediction, outcome and margin.

Pairs: confidence max(p, 1 − p), correctness (½ where p = ½) and |margin|. Scores: p, truth and logit p (clipped to
± LOGIT_LIMIT).
"""

MOMENT_FIELDS = (
    "count",
    "confidence",
    "correct",
    "score",
    "truth",
    "truth_square",
    "square_error",
    "log_loss",
    "impossible",
    "z_numerator",
    "z_variance",
    "tied_score",
    "tied_label",
    "shown",
    "first_won",
    "voted",
    "vote_agreement",
)
"""By bucket, sums of row values that are exact (no cells): see `rows.moments`."""

LOGIT_LIMIT = float(np.log(1e6))
SLICE_BUCKETS = 64
PROMPTS_KEPT = 8192
SLICE_PROMPTS_KEPT = 1024
WORST_KEPT = 200
SLICE_WORST_KEPT = 20
CONJUNCTION = " & "
CONJUNCTION_VALUES = 200


@dataclass(frozen=True)
class SliceColumn:
    """One slice column (or conjunction of two): its values and their rows.

    The tables' first axis is value · 64 + bucket mod 64; `prompts` and `worst` have one entry a value.
    """

    values: tuple[str, ...]
    cells: Table
    moments: Table
    prompts: tuple[DistinctCount, ...]
    worst: tuple[WorstRows, ...]


@dataclass(frozen=True)
class CalibrationState:
    """What calibration remembers of rows. `narrowed` is "column=value" for the state of one slice.

    `untracked` names conjunctions that some segment had too many values for; they are never reported.
    """

    paired: bool
    scale: float
    cells: Table
    moments: Table
    prompts: DistinctCount
    worst: WorstRows
    columns: Mapping[str, SliceColumn] = field(default_factory=dict)
    untracked: frozenset[str] = frozenset()
    narrowed: str = ""

    @property
    def rows(self) -> int:
        """Number of rows."""
        return round(float(self.moments.sums[0].sum()))


FINE_KEYS = 1 << 18
"""Entries of a table of 4,096 buckets beyond which it is folded: a conclusion must not take long."""


def buckets_for(prompts: DistinctCount, cells: Table) -> int:
    """4,096 buckets up to that many distinct prompts and while the table is small, 512 beyond.

    Both conditions only ever grow, so the order in which states combine does not matter.
    """
    fine = prompts.count <= FINE_BUCKETS and len(cells.keys) <= FINE_KEYS
    return FINE_BUCKETS if fine else COARSE_BUCKETS


def combine(left: CalibrationState, right: CalibrationState) -> CalibrationState:
    """The state of both sets of rows."""
    if (left.paired, left.scale, left.narrowed) != (right.paired, right.scale, right.narrowed):
        raise UsageError("Only states of one kind, scale and slice combine.")
    prompts = left.prompts + right.prompts
    cells = left.cells + right.cells
    buckets = cells.buckets if left.narrowed else min(cells.buckets, buckets_for(prompts, cells))
    untracked = left.untracked | right.untracked
    columns = {
        name: _combine_columns(left.columns.get(name), right.columns.get(name))
        for name in sorted({*left.columns, *right.columns})
    }
    too_many = {
        name for name, column in columns.items() if CONJUNCTION in name and len(column.values) > CONJUNCTION_VALUES
    }
    untracked |= too_many
    return replace(
        left,
        cells=cells.fold(buckets),
        moments=(left.moments + right.moments).fold(buckets),
        prompts=prompts,
        worst=left.worst + right.worst,
        columns={name: column for name, column in columns.items() if name not in untracked},
        untracked=untracked,
    )


def _combine_columns(left: SliceColumn | None, right: SliceColumn | None) -> SliceColumn:
    if left is None or right is None:
        present = left or right
        assert present is not None
        return present
    values = tuple(sorted({*left.values, *right.values}))
    left, right = _with_values(left, values), _with_values(right, values)
    return SliceColumn(
        values,
        left.cells + right.cells,
        left.moments + right.moments,
        tuple(a + b for a, b in zip(left.prompts, right.prompts, strict=True)),
        tuple(a + b for a, b in zip(left.worst, right.worst, strict=True)),
    )


def _with_values(column: SliceColumn, values: tuple[str, ...]) -> SliceColumn:
    """The same column over more values; both lists are sorted, so keys stay in order."""
    if values == column.values:
        return column
    place = np.array([values.index(value) for value in column.values], dtype=np.int64)
    at = {value: index for index, value in enumerate(column.values)}
    empty_hashes = np.zeros(0, np.uint64)
    no_prompts = DistinctCount(SLICE_PROMPTS_KEPT, empty_hashes)
    no_worst = WorstRows(SLICE_WORST_KEPT, empty_hashes, np.zeros(0))
    return SliceColumn(
        values,
        _moved(column.cells, place, len(values)),
        _moved(column.moments, place, len(values)),
        tuple(column.prompts[at[value]] if value in at else no_prompts for value in values),
        tuple(column.worst[at[value]] if value in at else no_worst for value in values),
    )


def _moved(table: Table, place: Floats | np.ndarray[tuple[int], np.dtype[np.int64]], values: int) -> Table:
    bucket = place[table.bucket // SLICE_BUCKETS] * SLICE_BUCKETS + table.bucket % SLICE_BUCKETS
    return Table(values * SLICE_BUCKETS, table.cells, (bucket * table.cells + table.cell).astype(np.int64), table.sums)


def narrow(state: CalibrationState, column: str, value: str) -> CalibrationState:
    """The state of the rows whose slice column has this value, at 64 buckets.

    Raises NotFound for a column or value that the data do not have.
    """
    check_slice(column, value, {name: each.values for name, each in state.columns.items()})
    sliced = state.columns[column]
    index = sliced.values.index(value)
    return CalibrationState(
        paired=state.paired,
        scale=state.scale,
        cells=_of_value(sliced.cells, index),
        moments=_of_value(sliced.moments, index),
        prompts=sliced.prompts[index],
        worst=sliced.worst[index],
        narrowed=f"{column}={value}",
    )


def _of_value(table: Table, index: int) -> Table:
    block = SLICE_BUCKETS * table.cells
    start, stop = np.searchsorted(table.keys, [index * block, (index + 1) * block])
    return Table(SLICE_BUCKETS, table.cells, table.keys[start:stop] - index * block, table.sums[:, start:stop])


def empty_state(paired: bool, scale: float) -> CalibrationState:
    """The state of no rows."""
    no_hashes = np.zeros(0, np.uint64)
    return CalibrationState(
        paired,
        scale,
        Table.empty(FINE_BUCKETS, cells_of(paired), len(CELL_FIELDS) - 1),
        Table.empty(FINE_BUCKETS, 1, len(MOMENT_FIELDS) - 1),
        DistinctCount(PROMPTS_KEPT, no_hashes),
        WorstRows(WORST_KEPT, no_hashes, np.zeros(0)),
    )
