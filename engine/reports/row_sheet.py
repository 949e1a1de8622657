"""Rows on their way into a sheet: columns become XML as a whole, some thousand rows at a time.

xlsxwriter writes cell by cell, which takes minutes for a million rows. What its sheet keeps on disk until the file is
closed is rows of XML in order, so they are put there ready-made.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from engine.reports.cells import LONGEST, clean, fitting

PIECE_BYTES: Final = 2 << 20
MOST_PIECE: Final = 4_096
"""Rows turned into XML at once: what keeps the memory small and the calls few."""

_EXACT: Final = 2**53
"""Whole numbers beyond it are not told apart by a spreadsheet, so they are written as text."""

_FIRST_DAY, _LAST_DAY = 61, 2_958_465
"""Days that spreadsheets agree on: March 1900 to the end of 9999."""

_DAY: Final = 86_400e6
_EPOCH: Final = 25_569
_STRING = pa.string()
_NOT_XML = "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\ufffe\uffff]"


class RowSheet(Worksheet):  # type: ignore[misc]  # xlsxwriter says no types
    """A sheet whose first row is a header and whose others are appended as tables."""

    filled = 0
    """Rows written so far, the header included."""

    def _initialize(self, init_data: dict[str, Any]) -> None:
        """Its rows alone go to disk at once; other sheets of the book stay as they are."""
        super()._initialize({**init_data, "constant_memory": True})

    def head(self, names: Sequence[str], style: Format) -> None:
        """The header: the names of the columns, always text."""
        for column, name in enumerate(names):
            self.write_string(0, column, fitting(clean(name)), style)
        self._write_single_row(1)
        self.filled = 1

    def append(self, table: pa.Table, dates: Format) -> set[str]:
        """These rows below the others. Returns the columns in which texts were cut."""
        cut: set[str] = set()
        for piece in _pieces(table):
            rows, found = _rows(piece, self.filled + 1, dates._get_xf_index())
            self.row_data_fh.flush()
            self.row_data_fh.buffer.write(rows)
            self.filled += len(piece)
            cut |= found
        self.dim_rowmax = self.previous_row = self.filled - 1
        return cut


def width_of(name: str, column: pa.ChunkedArray) -> int:
    """How wide a column is made, by its name and its first values."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_temporal(kind):
        longest = 18
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        longest = pc.max(pc.utf8_length(column.slice(0, 200).cast(_STRING))).as_py() or 0
    else:
        longest = 10
    return int(min(max(9, len(name) + 4, longest + 2), 40))


def _pieces(table: pa.Table) -> Iterator[pa.RecordBatch]:
    for batch in table.to_batches():
        each = max(batch.nbytes // max(len(batch), 1), 1)
        size = int(min(max(PIECE_BYTES // each, 16), MOST_PIECE))
        for start in range(0, len(batch), size):
            yield batch.slice(start, size)


def _rows(piece: pa.RecordBatch, first: int, date_style: int) -> tuple[memoryview, set[str]]:
    """The XML of these rows, which begin in line `first`, and the columns in which texts were cut."""
    lines = pa.array(np.arange(first, first + len(piece), dtype=np.int64)).cast(_STRING)
    parts: list[Any] = ['<row r="', lines, '">']
    cut: set[str] = set()
    for place, name in enumerate(piece.schema.names):
        opening, values, closing, shortened = _column(piece.column(place), date_style)
        start, middle = f'<c r="{xl_col_to_name(place)}', f'"{opening}'
        parts.append(pc.binary_join_element_wise(start, lines, middle, values, closing, ""))
        if shortened:
            cut.add(name)
    joined = pc.binary_join_element_wise(*parts, "</row>", "", null_handling="replace", null_replacement="")
    offsets, content = joined.buffers()[1:]
    ends = np.frombuffer(offsets, np.int32)
    return memoryview(content)[int(ends[joined.offset]) : int(ends[joined.offset + len(joined)])], cut


Written = tuple[str, pa.Array, str, bool]
"""What opens a cell, what it holds (null where there is no cell), what closes it, whether text was cut."""


def _column(column: pa.Array, date_style: int) -> Written:
    kind = column.type
    if pa.types.is_boolean(kind):
        return ' t="b"><v>', pc.if_else(column, "1", "0"), "</v></c>", False
    if pa.types.is_floating(kind):
        known = column.cast(pa.float64())
        return "><v>", _digits(pc.if_else(pc.is_finite(known), known, None)), "</v></c>", False
    if pa.types.is_integer(kind) and _is_exact(column):
        return "><v>", _digits(column), "</v></c>", False
    if pa.types.is_temporal(kind):
        days = _days(column)
        if days is not None:
            return f' s="{date_style}"><v>', _digits(days), "</v></c>", False
    texts, shortened = _texts(column)
    return ' t="inlineStr"><is><t xml:space="preserve">', texts, "</t></is></c>", shortened


def _digits(numbers: pa.Array) -> pa.Array:
    return numbers.cast(_STRING)


def _is_exact(column: pa.Array) -> bool:
    if column.type.bit_width < 64:
        return True
    if pa.types.is_unsigned_integer(column.type):
        return False
    ends = pc.min_max(column).as_py()
    return ends["min"] is None or (ends["min"] >= -_EXACT and ends["max"] <= _EXACT)


def _days(column: pa.Array) -> pa.Array | None:
    """Moments as a spreadsheet counts them, in UTC; None for what has no day, or one outside its calendar."""
    if not (pa.types.is_timestamp(column.type) or pa.types.is_date(column.type)):
        return None
    zone = getattr(column.type, "tz", None)
    moments = column.cast(pa.timestamp("us", zone), safe=False).cast(pa.int64()).cast(pa.float64(), safe=False)
    days = pc.add(pc.divide(moments, _DAY), float(_EPOCH))
    ends = pc.min_max(days).as_py()
    return days if ends["min"] is None or (ends["min"] >= _FIRST_DAY and ends["max"] < _LAST_DAY + 1) else None


def _texts(column: pa.Array) -> tuple[pa.Array, bool]:
    """A column as text that stands in XML; of a column with codes only its values are looked at."""
    if pa.types.is_dictionary(column.type):
        values, shortened = _texts(column.dictionary)
        return values.take(column.indices), shortened
    texts = _plain(column)
    longest = pc.max(pc.utf8_length(texts)).as_py() or 0
    if longest <= LONGEST // 2:
        return _escaped(texts), False
    fits = [None if text is None else fitting(text) for text in texts.to_pylist()]
    return _escaped(pa.array(fits, _STRING)), fits != texts.to_pylist()


def _plain(column: pa.Array) -> pa.Array:
    kind = column.type
    if pa.types.is_string(kind):
        return column
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind) or pa.types.is_integer(kind):
        return column.cast(_STRING)
    if pa.types.is_timestamp(kind):
        return column.cast(pa.timestamp(kind.unit)).cast(_STRING)
    if pa.types.is_temporal(kind) and not pa.types.is_duration(kind):
        return column.cast(_STRING)
    told = (None if value is None else _told(value) for value in column.to_pylist())
    return pa.array([None if text is None else clean(text) for text in told], _STRING)


def _told(value: Any) -> str:
    return json.dumps(value, default=str, ensure_ascii=False) if isinstance(value, list | dict) else str(value)


def _escaped(texts: pa.Array) -> pa.Array:
    """Marks of XML and what Excel reads as a character by its number (`_x0041_`) stay what they are."""
    for mark, entity in (("\r\n", "\n"), ("\r", "\n"), ("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        texts = pc.replace_substring(texts, mark, entity)
    texts = pc.replace_substring_regex(texts, "_(x[0-9A-Fa-f]{4}_)", r"_x005F_\1")
    return pc.replace_substring_regex(texts, _NOT_XML, "\ufffd")
