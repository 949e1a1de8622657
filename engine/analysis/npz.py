"""Arrays in the form that `np.savez` writes, read with a fifth of the work of `np.load`: many small states are read.

Only what `np.savez` writes of plain numbers is taken: files that are stored, not compressed, and no pickles.
"""

from __future__ import annotations

import ast
import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from functools import lru_cache
from struct import Struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.analysis.shapes import Table

Arrays = dict[str, NDArray[Any]]

_LOCAL = Struct("<26xHH")
"""Head of a file in a zip: the lengths of its name and of what comes between name and content."""

_MAGIC = b"\x93NUMPY\x01\x00"
_LENGTH = Struct("<H")


def read(data: bytes) -> dict[str, NDArray[Any]]:
    """Every array by name. Raises ValueError or zipfile.BadZipFile for anything else."""
    view = memoryview(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {entry.filename.removesuffix(".npy"): _array(_content(view, entry)) for entry in archive.infolist()}


def write(arrays: Mapping[str, NDArray[Any]], head: Mapping[str, Any]) -> bytes:
    """The arrays, and beside them as JSON under the name "head" what is no array; the same in gives the same bytes."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays, head=np.frombuffer(json.dumps(head).encode(), np.uint8))
    return buffer.getvalue()


def put_table(arrays: Arrays, name: str, table: Table) -> None:
    """Add the arrays of a table, each called by the name of the table and its own."""
    arrays[f"{name}.shape"] = np.array([table.buckets, table.cells])
    arrays[f"{name}.keys"] = table.keys
    arrays[f"{name}.sums"] = table.sums


def get_table(arrays: Arrays, name: str) -> Table:
    """The table that `put_table` added. Raises KeyError where there is none of this name."""
    buckets, cells = (int(size) for size in arrays[f"{name}.shape"])
    return Table(buckets, cells, arrays[f"{name}.keys"], arrays[f"{name}.sums"])


def _content(view: memoryview, entry: zipfile.ZipInfo) -> memoryview:
    if entry.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{entry.filename} is compressed")
    name, extra = _LOCAL.unpack_from(view, entry.header_offset)
    start = entry.header_offset + _LOCAL.size + name + extra
    content = view[start : start + entry.file_size]
    if zlib.crc32(content) != entry.CRC:
        raise zipfile.BadZipFile(f"{entry.filename} is damaged")
    return content


def _array(content: memoryview) -> NDArray[Any]:
    if content[: len(_MAGIC)] != _MAGIC:
        raise ValueError("this is no array in the first version of the form")
    (length,) = _LENGTH.unpack_from(content, len(_MAGIC))
    start = len(_MAGIC) + _LENGTH.size
    kind, order, shape = _head(bytes(content[start : start + length]))
    numbers = np.frombuffer(content, kind, offset=start + length)
    return numbers.copy().reshape(shape, order=order)


@lru_cache(maxsize=1024)
def _head(text: bytes) -> tuple[np.dtype[Any], Any, tuple[int, ...]]:
    """Type, order and shape; the same few come again and again."""
    head = ast.literal_eval(text.decode("latin1"))
    kind = np.dtype(head["descr"])
    if kind.hasobject:
        raise ValueError("Python's own objects are not read")
    return kind, "F" if head["fortran_order"] else "C", tuple(head["shape"])
