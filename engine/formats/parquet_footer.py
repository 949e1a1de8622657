"""How many values a Parquet file's rows hold, read from its footer by ourselves.

pyarrow's own accessor ends the whole process on a damaged column chunk (an exception that it does not catch), and the
counts are needed before anything is decoded. The footer is Thrift's compact protocol; only what is needed is kept.
"""

from __future__ import annotations

import os
import struct
from typing import IO, Any

_STOP, _TRUE, _FALSE = 0, 1, 2
_WHOLE, _DOUBLE, _BINARY, _LISTS, _STRUCT = (4, 5, 6), 7, 8, (9, 10), 12
_ROW_GROUPS, _COLUMNS, _ROWS, _METADATA, _VALUES = 4, 1, 3, 3, 5
DEEPEST = 32
LONGEST = 16 * 1024**2


def values_per_row(stream: IO[bytes]) -> float:
    """The most values that a column of some row group holds a row, on average over the row group (at least 1).

    Raises:
        ValueError: the footer is damaged, or longer than 16 MiB.
    """
    try:
        footer = _struct(_Cursor(_footer(stream)), 0)
        heaviest = 1.0
        for group in footer[_ROW_GROUPS]:
            counts = [chunk[_METADATA][_VALUES] for chunk in group[_COLUMNS] if _METADATA in chunk]
            heaviest = max(heaviest, max(counts, default=0) / max(1, group[_ROWS]))
    except (KeyError, IndexError, TypeError, struct.error, OSError) as error:
        raise ValueError("the footer is damaged") from error
    return heaviest


def _footer(stream: IO[bytes]) -> bytes:
    stream.seek(-8, os.SEEK_END)
    end = stream.tell()
    (length,) = struct.unpack("<I", stream.read(4))
    if length > min(end, LONGEST):
        raise ValueError("the footer is too long")
    stream.seek(end - length)
    return stream.read(length)


class _Cursor:
    __slots__ = ("at", "data")

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def byte(self) -> int:
        value = self.data[self.at]
        self.at += 1
        return value

    def varint(self) -> int:
        result = shift = 0
        while True:
            value = self.byte()
            result |= (value & 0x7F) << shift
            if value < 0x80:
                return result
            shift += 7
            if shift > 63:
                raise IndexError

    def zigzag(self) -> int:
        value = self.varint()
        return (value >> 1) ^ -(value & 1)


def _struct(cursor: _Cursor, depth: int) -> dict[int, Any]:
    """A struct as its fields by number."""
    if depth > DEEPEST:
        raise IndexError
    fields: dict[int, Any] = {}
    number = 0
    while (head := cursor.byte()) & 0x0F != _STOP:
        delta = head >> 4
        number = number + delta if delta else cursor.zigzag()
        form = head & 0x0F
        fields[number] = form == _TRUE if form in (_TRUE, _FALSE) else _value(cursor, form, depth)
    return fields


def _value(cursor: _Cursor, form: int, depth: int) -> Any:
    if form in _WHOLE:
        return cursor.zigzag()
    if form in _LISTS:
        return _list(cursor, depth)
    if form == _STRUCT:
        return _struct(cursor, depth + 1)
    if form == _BINARY:
        length = cursor.varint()
        cursor.at += length
    elif form == _DOUBLE:
        cursor.at += 8
    elif form <= 3:
        cursor.at += 1
    else:
        raise IndexError
    return None


def _list(cursor: _Cursor, depth: int) -> list[Any]:
    head = cursor.byte()
    size = head >> 4 if head >> 4 != 15 else cursor.varint()
    if size > len(cursor.data):
        raise IndexError
    return [_value(cursor, head & 0x0F, depth) for _ in range(size)]
