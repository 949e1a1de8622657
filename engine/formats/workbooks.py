"""Spreadsheets (xlsx) as batches of rows: the sheet that holds the table, its values as they were last calculated.

The workbook is read by openpyxl, row by row. Before it sees anything, the archive is checked: what it would keep in
memory has to be small, what it unpacks to in proportion, and no part may define entities. Formulas are never
calculated, links never followed, pictures never opened. openpyxl is imported when the first workbook comes.
"""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from engine.errors import PlumblineError
from engine.formats.batches import Batch, ObjectBatch
from engine.formats.limits import KIB, MIB
from engine.formats.source import Source
from engine.words import amount

ROWS_PER_BATCH = 8192
MOST_ROWS = 1_048_576
"""What a sheet can hold; a row that says it stands further down is a trap."""
MOST_PARTS = 10_000
KEPT_BYTES = 64 * MIB
"""The most that texts, styles and names of a workbook may come to: they are held in memory at once."""
LOOKED_AT = 200
_HEADER_WITHIN = 20
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell [^>]*?ref="([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})"')
_MOST_MERGED = 100_000

Row = tuple[Any, ...]
Fits = Callable[[Batch], bool]
"""Whether the first rows of a sheet are of a known form."""


def open_parts(source: Source) -> zipfile.ZipFile:
    """The archive behind a workbook.

    Raises:
        InputRefused: damaged, or no workbook that is read.
        LimitExceeded: it unpacks to too much, or out of proportion.
    """
    try:
        parts = zipfile.ZipFile(source.stream)
        names = {part.filename for part in parts.infolist()}
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, UnicodeError) as error:
        raise source.refuse("the archive is damaged", "archive_damaged") from error
    if "xl/workbook.bin" in names:
        raise source.refuse("a binary workbook (xlsb): save it as xlsx or the sheet as CSV", "archive_not_read")
    if "content.xml" in names and "mimetype" in names:
        raise source.refuse("an OpenDocument file: save it as xlsx or the sheet as CSV", "archive_not_read")
    return parts


def is_workbook(parts: zipfile.ZipFile) -> bool:
    """Whether the archive is a workbook in the form that is read."""
    return "[Content_Types].xml" in parts.NameToInfo and any(name.startswith("xl/") for name in parts.NameToInfo)


def read_workbook(source: Source, parts: zipfile.ZipFile, fits: Fits) -> Iterator[ObjectBatch]:
    """Rows of the first sheet whose rows are of a known form, else of the one with most rows; a row's line is its own.

    The header is the first row, of the first twenty, that is at least half as wide as the widest. Rows that are all
    empty are left out; each row of a cell merged over several has its value.
    """
    from openpyxl import load_workbook

    _check(source, parts)
    with _named(source):
        sheets = _sheets(source, load_workbook)
        chosen = _choose(source, sheets, fits)
        merged = _merged(parts, sheets, chosen)
        yield from _batches(source, sheets[chosen], merged)


def _check(source: Source, parts: zipfile.ZipFile) -> None:
    held = parts.infolist()
    if len(held) > MOST_PARTS:
        raise source.exceeds(f"{amount(len(held), 'part')} in the workbook", "too_many_parts")
    total = sum(part.file_size for part in held)
    limits = source.limits
    if total > limits.total_bytes:
        raise source.exceeds("the unpacked workbook is larger than the limit", "too_large")
    if total > limits.pack_free_bytes and total > limits.pack_ratio * max(1, source.size):
        raise source.exceeds(f"unpacks to more than {limits.pack_ratio} times its size", "archive_bomb")
    texts = [part for part in held if part.filename.lower().endswith((".xml", ".rels"))]
    kept = sum(part.file_size for part in texts if not part.filename.startswith("xl/worksheets/"))
    if kept > KEPT_BYTES:
        raise source.exceeds(f"holds more than {KEPT_BYTES // MIB} MiB of texts: save the sheet as CSV", "too_large")
    with _named(source):
        for part in texts:
            with parts.open(part) as stream:
                if b"<!DOCTYPE" in stream.read(4 * KIB).replace(b"\0", b""):
                    raise source.refuse("a part of the workbook defines entities", "workbook_refused")


@contextmanager
def _named(source: Source) -> Iterator[None]:
    """Whatever a damaged workbook provokes becomes a named refusal; what is named, or about memory, stays."""
    try:
        yield
    except (PlumblineError, MemoryError, GeneratorExit):
        raise
    except Exception as error:
        raise source.refuse("the workbook is damaged", "workbook_damaged") from error


def _sheets(source: Source, load: Callable[..., Any]) -> dict[str, Any]:
    """The visible sheets by name; hidden ones only where there is no other."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        source.stream.seek(0)
        book = load(source.stream, read_only=True, data_only=True, keep_links=False)
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    shown = {name: sheet for name, sheet in sheets.items() if getattr(sheet, "sheet_state", "visible") == "visible"}
    if not sheets:
        raise source.refuse("the workbook holds no sheet of cells", "no_rows")
    return shown or sheets


def _choose(source: Source, sheets: dict[str, Any], fits: Fits) -> str:
    """The name of the sheet to read."""
    sizes: dict[str, int] = {}
    known = ""
    for name, sheet in sheets.items():
        batch = next(_batches(source, sheet, {}, most=LOOKED_AT), None)
        sizes[name] = 0 if batch is None else len(batch) * len(batch.names)
        if batch is not None and not known and fits(batch):
            known = name
    chosen = known or max(sizes, key=lambda name: sizes[name])
    others = [repr(name) for name, size in sizes.items() if size and name != chosen]
    if others:
        source.notes.append(("one_sheet_read", f"the sheet {chosen!r} is read; {', '.join(others[:10])} is not"))
    return chosen


# ------------------------------------------------------------------ rows


def _batches(
    source: Source, sheet: Any, merged: dict[int, list[tuple[int, int]]], most: int = 0
) -> Iterator[ObjectBatch]:
    """The rows below the header; `merged` holds, by column, the rows over which a cell was merged."""
    rows = _filled(source, sheet, merged)
    head = [row for _, row in zip(range(_HEADER_WITHIN), rows, strict=False)]
    if not head:
        return
    widest = max(_width(row) for _, row in head)
    start = next(place for place, (_, row) in enumerate(head) if 2 * _width(row) >= widest)
    names = _names(head[start][1])
    held, lines = [], []
    for line, row in _chain(head[start + 1 :], rows):
        held.append({name: row[place] if place < len(row) else None for place, name in names})
        lines.append(line)
        if len(held) == (most or ROWS_PER_BATCH):
            yield ObjectBatch(held, np.array(lines, np.int64))
            held, lines = [], []
            if most:
                return
    if held:
        yield ObjectBatch(held, np.array(lines, np.int64))


def _chain(first: list[tuple[int, Row]], rest: Iterator[tuple[int, Row]]) -> Iterator[tuple[int, Row]]:
    yield from first
    yield from rest


def _filled(source: Source, sheet: Any, merged: dict[int, list[tuple[int, int]]]) -> Iterator[tuple[int, Row]]:
    """Rows that are not empty, each with its number from 1."""
    sheet.reset_dimensions()
    below: dict[int, tuple[int, Any]] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for line, row in enumerate(sheet.iter_rows(values_only=True), 1):
            if line > MOST_ROWS:
                raise source.exceeds(f"a row numbered {line:,}", "too_many_rows", line)
            if len(row) > source.limits.columns:
                raise source.exceeds(f"more than {amount(source.limits.columns, 'column')}", "too_many_columns", line)
            whole = _with_merged(row, line, merged, below) if merged else row
            if any(value is not None and value != "" for value in whole):
                yield line, whole


def _with_merged(
    row: Row, line: int, merged: dict[int, list[tuple[int, int]]], below: dict[int, tuple[int, Any]]
) -> Row:
    """The row with the values of cells merged from above; `below` remembers, by column, until where and which."""
    cells = list(row) + [None] * (max(merged) + 1 - len(row))
    for column, spans in merged.items():
        while spans and spans[-1][1] < line:
            spans.pop()
        if spans and spans[-1][0] == line:
            below[column] = (spans[-1][1], cells[column])
        elif column in below and line <= below[column][0] and cells[column] is None:
            cells[column] = below[column][1]
    return tuple(cells)


def _width(row: Row) -> int:
    return sum(value is not None and value != "" for value in row)


def _names(header: Row) -> list[tuple[int, str]]:
    """Places and names of the columns; a repeated name is numbered, one that is empty is left out."""
    seen: dict[str, int] = {}
    found = []
    for place, value in enumerate(header):
        name = "" if value is None else str(value).strip()
        if not name:
            continue
        count = seen.get(name, 0)
        seen[name] = count + 1
        found.append((place, f"{name}.{count}" if count else name))
    return found


# ------------------------------------------------------------------ merged cells


def _merged(parts: zipfile.ZipFile, sheets: dict[str, Any], chosen: str) -> dict[int, list[tuple[int, int]]]:
    """By column (from 0), the first and last rows of cells merged downwards, the first ones last."""
    path = getattr(sheets[chosen], "_worksheet_path", "").lstrip("/")
    spans: dict[int, list[tuple[int, int]]] = {}
    if path not in parts.NameToInfo:
        return spans
    for left, top, right, bottom in _merges(parts, path):
        if bottom > top:
            for column in range(left, min(right, left + 100) + 1):
                spans.setdefault(column, []).append((top, bottom))
    return {column: sorted(held, reverse=True) for column, held in spans.items()}


def _merges(parts: zipfile.ZipFile, path: str) -> Iterator[tuple[int, int, int, int]]:
    """(left column from 0, top row, right column, bottom row) of each merged range."""
    rest, count = b"", 0
    with parts.open(path) as stream:
        while block := stream.read(MIB):
            text = rest + block
            end = 0
            for found in _MERGED.finditer(text):
                end = found.end()
                left, top, right, bottom = found.groups()
                yield _column(left), int(top), _column(right), int(bottom)
                count += 1
                if count == _MOST_MERGED:
                    return
            rest = text[max(end, len(text) - 256) :]


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1
