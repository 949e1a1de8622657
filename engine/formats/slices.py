"""Slice columns: few short values that name a group of rows. Guessed from the first rows, watched to the last."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from engine.formats.batches import Batch
from engine.formats.canonical import SLICE_TYPE
from engine.formats.plan import Draft, Plan, Sample, plain
from engine.formats.values import Values, arrow, text_of

MOST_VALUES = 50
MOST_INTEGERS = 20
LONGEST = 100
FEW_ROWS = 50
LOOKED_AT = 65_536
_NEVER = ("id", "uuid", "hash", "index", "idx", "seed", "sample", "line", "timestamp", "time", "date", "url", "path")


def guess(sample: Sample, plan: Plan, *, growing: bool = False) -> list[str]:
    """Source columns that may be slices: none that has a role, no names and times, none with long or many values.

    A column that holds one value so far may get more in later batches; of a growing file, only while it is short.
    """
    if plan.kind == "curve" or "models" in plan.options:
        return list(plan.slices)
    taken = {*plan.columns.values(), *plan.options.get("annotators", []), *plan.options.get("components", [])}
    least = 2 if growing and len(sample.batch) >= FEW_ROWS else 1
    return [
        name
        for name in sample.names
        if name not in taken and not _is_key(name) and _may_slice(sample.batch, name, least)
    ]


def _is_key(name: str) -> bool:
    return not name.strip() or any(part in _NEVER for part in plain(name).split("_")[-1:])


def _may_slice(batch: Batch, name: str, least: int) -> bool:
    column = arrow(batch.column(name)[:LOOKED_AT])
    if column is None or column.null_count == len(column):
        return False
    if not (pa.types.is_string(column.type) or pa.types.is_boolean(column.type) or pa.types.is_integer(column.type)):
        return False
    distinct = pc.unique(column.drop_null())
    if len(distinct) < least:
        return False
    if pa.types.is_integer(column.type) or _all_numbers(distinct):
        return len(distinct) <= MOST_INTEGERS and len(distinct) * 5 <= len(column) and _whole(distinct)
    if pa.types.is_string(column.type) and (pc.max(pc.utf8_length(distinct)).as_py() or 0) > LONGEST:
        return False
    return len(distinct) <= MOST_VALUES and (len(distinct) * 2 <= len(column) or len(column) < FEW_ROWS)


def _all_numbers(distinct: pa.Array) -> bool:
    if not pa.types.is_string(distinct.type) or len(distinct) > 1000:
        return False
    try:
        distinct.cast(pa.float64())
    except pa.ArrowInvalid:
        return False
    return True


def _whole(distinct: pa.Array) -> bool:
    return pa.types.is_integer(distinct.type) or all(word.lstrip("-").isdigit() for word in distinct.to_pylist())


class Slices:
    """The slice columns of one file: their values so far; a column that turns out to have too many is let go."""

    def __init__(self, names: list[str], known: Mapping[str, list[str]] | None = None) -> None:
        self.names = list(names)
        self.values: dict[str, set[str]] = {name: set((known or {}).get(name, [])) for name in names}
        self.dropped: list[str] = []

    def fill(self, draft: Draft, batch: Batch) -> None:
        """Add the slice columns to a draft of the same rows as the batch."""
        for name in self.names:
            if name in self.dropped:
                draft.slices[name] = _nothing(len(draft.lines))
            else:
                draft.slices[name] = _encoded(batch.column(name))

    def note(self, draft: Draft) -> None:
        """Remember the values of rows that are kept; let go of a column that has too many, or long ones."""
        for name in self.names:
            column = draft.slices[name]
            words = column.dictionary.take(pc.unique(column.indices.drop_null())).to_pylist()
            self.values[name] |= set(words)
            if len(self.values[name]) > MOST_VALUES or any(len(word) > LONGEST for word in words):
                self.dropped.append(name)
                draft.slices[name] = _nothing(len(draft.lines))

    def useful(self) -> dict[str, list[str]]:
        """The columns that tell rows apart, with their sorted values."""
        return {
            name: sorted(self.values[name])
            for name in self.names
            if name not in self.dropped and 2 <= len(self.values[name]) <= MOST_VALUES
        }


def _nothing(size: int) -> pa.Array:
    return pa.nulls(size, pa.string()).cast(SLICE_TYPE)


def _encoded(values: Values) -> pa.Array:
    """Texts of a column, dictionary-encoded; an empty one is missing."""
    column = arrow(values)
    if column is None or not pa.types.is_string(column.type):
        raw = values if isinstance(values, list) else values.to_pylist()
        column = pa.array([text_of(value) for value in raw], pa.string())
    column = pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)
    return column.dictionary_encode().cast(SLICE_TYPE)
