"""JSON lines of plain values straight into Arrow columns: several times quicker than one object a line.

Only what is certain to come out as the careful way would have it: every line one object of the columns seen before,
each of the type seen before. Arrow's reader is strict (keys that stand twice, unknown ones, other types, damaged
numbers and texts end it), so a block with anything else is left to the careful way, which says what is wrong with which
line.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pajson

from engine.formats.batches import ColumnBatch

MOST_FAILURES = 20
"""Blocks that may be left to the careful way before all the others are."""
_WHOLE = 2**53
_OPEN, _CLOSE, _NEWLINE, _RETURN = b"{}\n\r"
_SHORTEST = len(b"{}")
_TYPES: dict[type, pa.DataType] = {str: pa.string(), bool: pa.bool_(), int: pa.int64(), float: pa.float64()}


class ColumnReader:
    """Reads blocks of lines once it has learned from some rows which columns there are, and of what types."""

    def __init__(self) -> None:
        self._types: dict[str, pa.DataType] = {}
        self._failures = 0

    def learn(self, rows: Sequence[dict[str, Any]]) -> None:
        """Take note of the columns of rows that were read carefully; nested or mixed ones end the quick way."""
        if self._failures > MOST_FAILURES:
            return
        for name in dict.fromkeys(key for row in rows for key in row):
            found = {type(row[name]) for row in rows if row.get(name) is not None}
            form = _form_of(found, rows, name)
            known = self._types.get(name)
            form = known if form is None and not found else form
            if form is not None and known is not None and form != known:
                numeric = {form, known} == {pa.int64(), pa.float64()}
                form = pa.float64() if numeric else None
            if form is None and found:
                self._failures = MOST_FAILURES + 1
                return
            if form is not None:
                self._types[name] = form

    def read(self, block: bytes, number: int, longest: int) -> ColumnBatch | None:
        """The rows of a block of whole lines of which the first is `number`, or None where they need a closer look."""
        if not self._types or self._failures > MOST_FAILURES:
            return None
        lines = _lines(block, longest)
        table = self._table(block) if lines and _is_text(block) else None
        if table is None or table.num_rows != lines:
            self._failures += 1
            return None
        columns = {name: _whole(table.column(place)) for place, name in enumerate(table.column_names)}
        return ColumnBatch(columns, np.arange(number, number + lines))

    def _table(self, block: bytes) -> pa.Table | None:
        try:
            table = pajson.read_json(
                pa.BufferReader(block),
                read_options=pajson.ReadOptions(use_threads=False, block_size=len(block) + 1),
                parse_options=pajson.ParseOptions(
                    explicit_schema=pa.schema(list(self._types.items())), unexpected_field_behavior="error"
                ),
            )
        except (pa.ArrowException, ValueError):
            return None
        return None if any(_is_inexact(column) for column in table.columns) else table


def _form_of(found: set[type], rows: Sequence[dict[str, Any]], name: str) -> pa.DataType | None:
    """The Arrow type that holds all of a column's values exactly."""
    if found == {int, float}:
        exact = all(type(row.get(name)) is not int or abs(row[name]) < _WHOLE for row in rows)
        return pa.float64() if exact else None
    return _TYPES.get(next(iter(found))) if len(found) == 1 else None


def _lines(block: bytes, longest: int) -> int:
    """How many lines there are, if each begins and ends as an object does and none is longer than `longest`; else 0."""
    text = np.frombuffer(block, np.uint8)
    ends = np.flatnonzero(text == _NEWLINE)
    if not block.endswith(b"\n"):
        ends = np.append(ends, len(text))
    starts = np.concatenate([[0], ends[:-1] + 1])
    if not len(text) or (ends - starts).max() > longest or (ends - starts).min() < _SHORTEST:
        return 0
    last = text[ends - 1]
    last = np.where(last == _RETURN, text[ends - 2], last)
    return len(ends) if (text[starts] == _OPEN).all() and (last == _CLOSE).all() else 0


def _is_text(block: bytes) -> bool:
    """Whether the block is UTF-8, looked at by Arrow where it lies: Python would make a text of it."""
    if block.isascii():
        return True
    bounds = pa.py_buffer(np.array([0, len(block)], np.int64))
    try:
        pa.Array.from_buffers(pa.large_binary(), 1, [None, bounds, pa.py_buffer(block)]).cast(pa.large_string())
    except pa.ArrowInvalid:
        return False
    return True


def _is_inexact(column: pa.ChunkedArray) -> bool:
    """Whether a column holds whole numbers so large that, as floats, they are no longer themselves."""
    if not pa.types.is_floating(column.type):
        return False
    ends = [value for value in pc.min_max(column).as_py().values() if value is not None]
    return any(_WHOLE <= abs(value) < float("inf") for value in ends)


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)
