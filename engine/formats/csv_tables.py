"""Delimited text as batches of text columns: by Arrow where a block is plain, by the csv module where it is quoted."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from engine.formats.batches import ColumnBatch, Refused
from engine.formats.source import Source
from engine.words import amount

DELIMITERS = ",\t;|"
ROWS_PER_BATCH = 65_536


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a delimited text is cut: its delimiter and its column names."""

    delimiter: str
    names: tuple[str, ...]

    @property
    def decimal_comma(self) -> bool:
        """Where semicolons or tabs part the fields, commas are decimal signs."""
        return self.delimiter in ";\t"


def dialect_of(source: Source, block: bytes) -> Dialect:
    """Delimiter and header from the first lines.

    Raises:
        InputRefused: no delimiter cuts the first lines into several fields.
        LimitExceeded: more columns than the limit.
    """
    lines = [line for line in decode(block[:262_144])[0].splitlines() if line.strip()][:20]
    if not lines:
        raise source.refuse("the file holds no text", "empty_file")
    delimiter = max(DELIMITERS, key=lambda mark: _steadiness(lines, mark))
    if _steadiness(lines, delimiter) <= 0:
        raise source.refuse("no known form: neither JSON nor a table with a header", "unrecognised", line=1)
    try:
        header = next(csv.reader([lines[0]], delimiter=delimiter))
    except csv.Error as error:
        raise source.refuse("the header cannot be read", "unrecognised", line=1) from error
    if len(header) > source.limits.columns:
        raise source.exceeds(
            f"{amount(len(header), 'column')}, more than {source.limits.columns}", "too_many_columns", 1
        )
    return Dialect(delimiter, _distinct([name.strip() for name in header]))


def _steadiness(lines: list[str], mark: str) -> float:
    """How many fields the header has, times the share of the following lines that have as many."""
    counts: list[int] = []
    with suppress(csv.Error):  # a field longer than this module takes: the rows before it tell enough
        counts.extend(len(row) for row in csv.reader(lines, delimiter=mark))
    same = sum(count == counts[0] for count in counts) / max(len(counts), 1)
    return (counts[0] - 1) * same if counts else 0.0


def _distinct(names: list[str]) -> tuple[str, ...]:
    """Names with repeats numbered, as pandas does ("a", "a.1")."""
    seen: dict[str, int] = {}
    result = []
    for name in names:
        count = seen.get(name, 0)
        seen[name] = count + 1
        result.append(f"{name}.{count}" if count else name)
    return tuple(result)


def is_even(lines: list[str]) -> bool:
    """Whether these lines are cut into as many fields each by one of the delimiters, and the first has no values."""
    if len(lines) < 2 or any(mark in lines[0] for mark in "=:{"):
        return False
    return any(_steadiness(lines, mark) >= lines[0].count(mark) > 0 for mark in DELIMITERS)


def decode(data: bytes) -> tuple[str, bool]:
    """UTF-8 text; lines that are not are taken as Windows-1252, and True says so."""
    try:
        return data.decode("utf-8"), False
    except UnicodeDecodeError:
        return "".join(_line(line) for line in data.splitlines(keepends=True)), True


def _line(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")


def read_csv(
    source: Source, blocks: Iterator[bytes], dialect: Dialect | None, first_line: int = 1
) -> Iterator[ColumnBatch]:
    """Rows of a delimited text; the header stands in the first block unless `dialect` is given (a followed file)."""
    number, held = first_line, b""
    for block in blocks:
        data = held + block
        quoted = b'"' in data
        if quoted and data.count(b'"') % 2 and len(data) < 4 * source.limits.line_bytes:
            held = data
            continue
        held = b""
        yield from _block(source, data, dialect, number, quoted)
        dialect = dialect or dialect_of(source, data)
        number += data.count(b"\n")
    if held and (source.until is not None or not source.complete_only):
        yield from _block(source, held, dialect, number, True)
    elif held:
        source.consumed -= len(held)


def _block(source: Source, data: bytes, dialect: Dialect | None, number: int, quoted: bool) -> Iterator[ColumnBatch]:
    skip = dialect is None
    dialect = dialect or dialect_of(source, data)
    plain = None if quoted else _plain(data, dialect, number, skip)
    if plain is not None:
        yield plain
    else:
        yield from _careful(source, data, dialect, number, skip)


def _plain(data: bytes, dialect: Dialect, number: int, skip: bool) -> ColumnBatch | None:
    """A block without quotes by Arrow, or None where a line is not as the header says (which, could not be told)."""
    lines = data.count(b"\n") + (not data.endswith(b"\n")) - skip
    names = list(dialect.names)
    try:
        table = pacsv.read_csv(
            io.BytesIO(data),
            read_options=pacsv.ReadOptions(
                column_names=names, skip_rows=int(skip), use_threads=False, block_size=1 << 26
            ),
            parse_options=pacsv.ParseOptions(delimiter=dialect.delimiter, quote_char=False),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError):
        return None
    if table.num_rows != lines:
        return None
    columns = {name: table.column(place).combine_chunks() for place, name in enumerate(names)}
    flat = {
        name: each if isinstance(each, pa.Array) else pa.concat_arrays(each.chunks) for name, each in columns.items()
    }
    start = number + skip
    return ColumnBatch(flat, np.arange(start, start + lines), [], dialect.decimal_comma)


def _careful(source: Source, data: bytes, dialect: Dialect, number: int, skip: bool) -> Iterator[ColumnBatch]:
    """A block row by row, each with the line it starts on."""
    csv.field_size_limit(source.limits.line_bytes)
    text, guessed = decode(data)
    if guessed and all(code != "encoding_guessed" for code, _ in source.notes):
        source.notes.append(("encoding_guessed", "some lines are not UTF-8 and were read as Windows-1252"))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=dialect.delimiter)
    rows: list[list[str]] = []
    lines: list[int] = []
    refused: list[Refused] = []
    at = 0
    while True:
        try:
            row = next(reader, None)
        except csv.Error:
            refused.append(Refused(number + at, "row_too_long"))
            at = reader.line_num
            continue
        if row is None:
            break
        start, at = number + at, reader.line_num
        if skip and row:
            skip = False
        elif len(row) != len(dialect.names):
            if any(row):
                refused.append(Refused(start, "wrong_columns"))
        else:
            rows.append(row)
            lines.append(start)
        if len(rows) == ROWS_PER_BATCH:
            yield _batch(rows, lines, refused, dialect)
            rows, lines, refused = [], [], []
    if rows or refused:
        yield _batch(rows, lines, refused, dialect)


def _batch(rows: list[list[str]], lines: list[int], refused: list[Refused], dialect: Dialect) -> ColumnBatch:
    values = zip(*rows, strict=True) if rows else ([] for _ in dialect.names)
    columns = {
        name: pa.array([cell or None for cell in cells], pa.string())
        for name, cells in zip(dialect.names, values, strict=True)
    }
    return ColumnBatch(columns, np.array(lines, np.int64), refused, dialect.decimal_comma)
