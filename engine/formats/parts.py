"""Parts of a segment: neighbouring row groups that are observed one at a time, here or on another machine.

The parts of a segment follow from its footer alone, so that whoever observes them, the same sums are made in the same
order and the state is the same to the bit. A part can be cut out of the file as bytes: the columns that analyses read,
no texts.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from engine import cohort
from engine.formats.canonical import METADATA_KEY, SLICE_PREFIX, cohort_columns, kind_of, to_rows
from engine.types import Kind, Rows

PART_ROWS = 1 << 20
"""Most rows of a part: a fraction of a second of work, and memory that does not grow with the segment."""

FIRST_ROWS = 1 << 14
"""Rows of a first impression: a quarter of a row group, observed in the time that a click may take."""

_FOOTER_END = 8

Cut = list[tuple[int, bytes]]
"""Bytes of a file with the offsets at which they stand."""


@dataclass(frozen=True, slots=True)
class Outline:
    """What has to be known of a segment to read any part of it. Plain values, so that it travels anywhere.

    `parts` are row group numbers; `part_rows` their rows; `words` the sorted values of each slice column in the whole
    segment; `reads` what the rows have to have besides the usual; `where` which cohort is meant, empty for all rows;
    `footer` the last bytes of the file, which is `size` bytes long.
    """

    kind: Kind
    size: int
    footer: bytes
    columns: tuple[str, ...]
    words: Mapping[str, tuple[str, ...]]
    reads: tuple[str, ...]
    where: str
    parts: tuple[tuple[int, ...], ...]
    part_rows: tuple[int, ...]

    @property
    def rows(self) -> int:
        """Rows of the segment."""
        return sum(self.part_rows)

    @property
    def first(self) -> tuple[int, ...]:
        """The first row group alone: a first impression needs no more than its first rows."""
        return self.parts[0][:1]


def outline(path: Path, reads: Sequence[str] = (), where: str = "") -> Outline:
    """The outline of a segment, from its footer (and its slice columns where the report does not know their values).

    `where` names a cohort: what is read of the parts are its rows alone.
    """
    file = pq.ParquetFile(path)
    meta, form = file.metadata, file.schema_arrow
    parts = _parts([meta.row_group(group).num_rows for group in range(meta.num_row_groups)])
    report = json.loads((meta.metadata or {})[METADATA_KEY])
    with path.open("rb") as stream:
        size = stream.seek(0, io.SEEK_END)
        stream.seek(size - _FOOTER_END)
        length = int.from_bytes(stream.read(4), "little") + _FOOTER_END
        stream.seek(size - length)
        footer = stream.read(length)
    return Outline(
        kind=kind_of(form),
        size=size,
        footer=footer,
        columns=cohort_columns(form, reads, where),
        words=_words(file, report.get("slices", {}), several=len(parts) > 1),
        reads=tuple(reads),
        where=where,
        parts=tuple(groups for groups, _ in parts),
        part_rows=tuple(rows for _, rows in parts),
    )


def _parts(rows: list[int]) -> list[tuple[tuple[int, ...], int]]:
    """Neighbouring row groups together, as many as fit into a part."""
    parts: list[tuple[tuple[int, ...], int]] = []
    groups: tuple[int, ...] = ()
    total = 0
    for group, count in enumerate(rows):
        if groups and total + count > PART_ROWS:
            parts.append((groups, total))
            groups, total = (), 0
        groups, total = (*groups, group), total + count
    return [*parts, (groups, total)] if groups else parts


def _words(file: pq.ParquetFile, known: Mapping[str, list[str]], *, several: bool) -> dict[str, tuple[str, ...]]:
    """The values of the slice columns: every part has to speak of the same ones."""
    names = [name for name in file.schema_arrow.names if name.startswith(SLICE_PREFIX)]
    missing = [name for name in names if name.removeprefix(SLICE_PREFIX) not in known] if several else []
    words = {name: tuple(sorted(values)) for name, values in known.items() if SLICE_PREFIX + name in names}
    if missing:
        table = file.read(columns=missing, use_threads=False)
        for name in missing:
            found = table.column(name).unique().to_pylist()
            words[name.removeprefix(SLICE_PREFIX)] = tuple(sorted(word for word in found if word is not None))
    return words


# ------------------------------------------------------------------ reading


def part_rows(file: pq.ParquetFile, plan: Outline, groups: tuple[int, ...], most: int | None = None) -> Rows:
    """The numeric view of some row groups, or of their first `most` rows, with the whole segment's slice values."""
    table = file.read_row_groups(list(groups), columns=list(plan.columns), use_threads=False).slice(0, most)
    chosen = cohort.parse(plan.where)
    rows = to_rows(chosen.of(table) if chosen else table, plan.kind, plan.reads)
    slices = {name: _recoded(*found, plan.words.get(name)) for name, found in rows.slices.items()}
    return replace(rows, slices=slices)


def _recoded(codes: Any, values: list[str], words: tuple[str, ...] | None) -> tuple[Any, list[str]]:
    if words is None or list(words) == values:
        return codes, values
    every = sorted({*words, *values})
    at = {word: code for code, word in enumerate(every)}
    place = np.array([*(at[value] for value in values), -1], np.int32)
    return place[codes], every


def cut(path: Path, plan: Outline, groups: tuple[int, ...]) -> Cut:
    """The bytes of some row groups: the columns of the numeric view only."""
    return list(_cut(path, plan, groups))


def _cut(path: Path, plan: Outline, groups: tuple[int, ...]) -> Iterator[tuple[int, bytes]]:
    wanted = set(plan.columns)
    with path.open("rb") as stream:
        for group in map(_meta(plan).row_group, groups):
            for column in map(group.column, range(group.num_columns)):
                if column.path_in_schema in wanted:
                    offset = min(column.dictionary_page_offset or column.data_page_offset, column.data_page_offset)
                    stream.seek(offset)
                    yield offset, stream.read(column.total_compressed_size)


def open_cut(plan: Outline, chunks: Cut) -> pq.ParquetFile:
    """The file of a cut: only the row groups that were cut out can be read from it."""
    return pq.ParquetFile(pa.PythonFile(_Sparse(plan.size, chunks), mode="r"), metadata=_meta(plan))


def _meta(plan: Outline) -> pq.FileMetaData:
    return pq.read_metadata(pa.BufferReader(plan.footer))


class _Sparse(io.RawIOBase):
    """A file of which some stretches are known; the others, which nobody decodes, read as zeros."""

    def __init__(self, size: int, chunks: Cut) -> None:
        self._size = size
        self._chunks = chunks
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = base + offset
        return self._at

    def read(self, size: int = -1) -> bytes:
        end = self._size if size < 0 else min(self._at + size, self._size)
        found = bytearray(end - self._at)
        for offset, known in self._chunks:
            start, stop = max(offset, self._at), min(offset + len(known), end)
            if start < stop:
                found[start - self._at : stop - self._at] = known[start - offset : stop - offset]
        self._at = end
        return bytes(found)
