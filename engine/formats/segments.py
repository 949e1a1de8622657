"""Segments: canonical rows as Parquet files that never change, named by the hash of their content."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from engine import cohort
from engine.formats.canonical import METADATA_KEY, NAMES, ROW_GROUP, cohort_columns, kind_of, to_rows
from engine.formats.limits import MIB
from engine.formats.reading import Reading, settled
from engine.formats.report import Report, report_from_dict
from engine.types import Rows

PIECE_BYTES = 64 * MIB
"""The most that tables waiting to be written together hold, but for the last of them."""

REPEATED = (*NAMES, "prompt", "outcome", "run", "metric", "source", "unit", "label", "verdict", "truth")

UNFINISHED = ".reading-"
"""What the names of files that are still being written begin with; the id of the writing process follows."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment on disk: where, its content's hash, its rows, its size in bytes."""

    path: Path
    sha256: str
    rows: int
    size: int


def write_segment(reading: Reading, folder: Path, progress: Callable[[float], None] | None = None) -> Segment | None:
    """Read everything and write it as `folder/<sha256>.parquet`, whole or not at all; None where there is no row.

    The report stands in the file's metadata. Raises what iterating the reading raises.
    """
    with NamedTemporaryFile(dir=folder, prefix=f"{UNFINISHED}{os.getpid()}-", suffix=".parquet", delete=False) as file:
        temporary = Path(file.name)
        try:
            first = _write(file, reading, progress)
            if first is None:
                return None
            file.flush()
            if not reading.followed and settled(first, reading.report).column_names != first.column_names:
                _rewrite(file, reading.report)
            file.flush()
            os.fsync(file.fileno())
            return _named(temporary, folder)
        finally:
            temporary.unlink(missing_ok=True)


def _write(file: IO[bytes], reading: Reading, progress: Callable[[float], None] | None) -> pa.Table | None:
    """Write every table; an empty one of the same schema is returned."""
    writer = None
    try:
        for table in _groups(reading, progress):
            writer = writer or _writer(file, table.schema)
            writer.write_table(table, row_group_size=ROW_GROUP)
            empty = table.slice(0, 0)
        if writer is None:
            return None
        writer.add_key_value_metadata(_metadata(reading.report))
        return empty
    finally:
        if writer is not None:
            writer.close()


def _writer(file: IO[bytes], form: pa.Schema) -> pq.ParquetWriter:
    """Dictionaries are tried for what repeats: trying them for numbers and long texts costs time and saves nothing."""
    repeated = [name for name in form.names if pa.types.is_dictionary(form.field(name).type) or name in REPEATED]
    return pq.ParquetWriter(file, form, compression="zstd", write_statistics=False, use_dictionary=repeated)


def _groups(reading: Reading, progress: Callable[[float], None] | None) -> Iterator[pa.Table]:
    """The tables, small ones together until they fill a row group or weigh as much as a piece may."""
    held: list[pa.Table] = []
    rows = size = 0
    for table in reading:
        if held and (rows + len(table) > ROW_GROUP or size > PIECE_BYTES):
            yield pa.concat_tables(held).unify_dictionaries()
            held, rows, size = [], 0, 0
        held.append(table)
        rows, size = rows + len(table), size + table.nbytes
        if progress is not None:
            progress(reading.progress())
    if held:
        yield pa.concat_tables(held).unify_dictionaries()


def _rewrite(file: IO[bytes], report: Report) -> None:
    """Write the file once more without the slice columns that turned out to be none."""
    with NamedTemporaryFile(dir=Path(file.name).parent, prefix=f"{UNFINISHED}{os.getpid()}-") as copy:
        whole = pq.ParquetFile(file.name)
        writer = None
        for group in range(whole.num_row_groups):
            table = settled(whole.read_row_group(group), report).replace_schema_metadata(None)
            writer = writer or _writer(copy, table.schema)
            writer.write_table(table, row_group_size=ROW_GROUP)
        assert writer is not None
        writer.add_key_value_metadata(_metadata(report))
        writer.close()
        copy.seek(0)
        file.seek(0)
        file.truncate()
        while data := copy.read(1 << 20):
            file.write(data)


def _metadata(report: Report) -> dict[bytes, bytes]:
    return {METADATA_KEY: json.dumps(report.to_dict(), sort_keys=True).encode()}


def _named(temporary: Path, folder: Path) -> Segment:
    with temporary.open("rb") as file:
        sha256 = file_digest(file, "sha256").hexdigest()
    path = folder / f"{sha256}.parquet"
    rows, size = pq.read_metadata(temporary).num_rows, temporary.stat().st_size
    temporary.replace(path)
    return Segment(path, sha256, rows, size)


def segment_report(path: Path) -> Report:
    """The report of the reading that wrote a segment."""
    raw: dict[bytes, bytes] = pq.read_metadata(path).metadata or {}
    found: Any = json.loads(raw[METADATA_KEY])
    return report_from_dict(found)


def segment_rows(path: Path, reads: Sequence[str] = (), where: str = "") -> Rows:
    """The numeric view of a segment, or of its rows in a cohort, with what is asked for besides."""
    form = pq.read_schema(path)
    table = pq.read_table(path, columns=list(cohort_columns(form, reads, where)), use_threads=False)
    chosen = cohort.parse(where)
    return to_rows(chosen.of(table) if chosen else table, kind_of(form), reads)
