"""JSON in its three outer shapes (lines, one array, one object) as batches of rows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from engine.formats.batches import ColumnBatch, ObjectBatch, Refused
from engine.formats.json_columns import ColumnReader
from engine.formats.source import Source

ROWS_PER_BATCH = 65_536


def looks_like_json(head: bytes) -> bool:
    """Whether a text starts as JSON objects or arrays do."""
    return head.lstrip()[:1] in (b"{", b"[")


def read_json(source: Source, blocks: Iterator[bytes], first_line: int = 1) -> Iterator[ObjectBatch | ColumnBatch]:
    """Rows of a JSON text, in whichever outer shape it has; a row that is no object or not valid is refused alone.

    The line of a row is its line in the text; in an array, its item; in one object of columns, its row.
    """
    first = next(blocks, b"")
    head = first.lstrip()
    if _is_lines(head) or (source.complete_only and head[:1] != b"["):
        yield from _lines(source, _chain(first, blocks), first_line)
    elif head[:1] == b"[":
        yield from _array(source, head[1:], blocks)
    else:
        yield _document(source, first, blocks)


def _chain(first: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from blocks


def _is_lines(head: bytes) -> bool:
    """Whether each line is an object of its own (a single object is a document)."""
    if head[:1] != b"{":
        return False
    lines = [line for line in head.split(b"\n", 6)[:6] if line.strip()]
    if len(lines) < 2:
        return not _is_document(head)
    starts = sum(line.startswith((b'{"', b"{}")) for line in lines)
    return starts > len(lines) / 2


def _is_document(line: bytes) -> bool:
    """Whether the only line of a file holds many rows (or goes on beyond the first block)."""
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        return not line.endswith(b"\n")
    return isinstance(value, dict) and bool(_holder(value) or _columns_of(value))


# ------------------------------------------------------------------ lines


def _lines(source: Source, blocks: Iterable[bytes], number: int) -> Iterator[ObjectBatch | ColumnBatch]:
    quick = ColumnReader()
    for block in blocks:
        columns = quick.read(block, number, source.limits.row_bytes)
        if columns is not None:
            yield columns
            number += len(columns)
            continue
        lines = block.split(b"\n")
        if lines and not lines[-1]:
            lines.pop()
        for start in range(0, len(lines), ROWS_PER_BATCH):
            part = lines[start : start + ROWS_PER_BATCH]
            batch = parse(part, np.arange(number + start, number + start + len(part)), source)
            quick.learn(batch.rows)
            yield batch
        number += len(lines)


def parse(lines: list[bytes], numbers: NDArray[np.int64], source: Source) -> ObjectBatch:
    """Each text as an object; blank ones are skipped, the others refused with a reason."""
    rows: list[dict[str, Any]] = []
    kept: list[int] = []
    refused: list[Refused] = []
    limit = source.limits.row_bytes
    loads = orjson.loads
    for place, line in enumerate(lines):
        try:
            row = loads(line)
        except orjson.JSONDecodeError:
            row = _again(line)
        if len(line) > limit:
            row = "row_too_long"
        elif isinstance(row, dict) and _may_repeat(line, row):
            row = _again(line)
        if isinstance(row, dict):
            rows.append(row)
            kept.append(place)
        elif line.strip():
            reason = row if isinstance(row, str) and row in _REASONS else "not_an_object"
            refused.append(Refused(int(numbers[place]), reason))
    return ObjectBatch(rows, numbers[kept], refused)


_REASONS = frozenset({"not_utf8", "too_deep", "invalid_json", "row_too_long", "duplicate_key"})


class _DuplicateKeyError(ValueError):
    pass


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        raise _DuplicateKeyError
    return row


def _whole(digits: str) -> int | float:
    """A whole number; one beyond every float is infinite, and rejected as that."""
    return int(digits) if len(digits) < 400 else float(digits)


def _may_repeat(line: bytes, row: dict[str, Any]) -> bool:
    """Whether a key may stand twice in the row; the quick parser would silently take the last."""
    if line.count(b'":') == len(row):
        return False
    return any(line.count(b'"%b"' % key.encode("utf-8", "replace")) > 1 for key in row)


def _again(line: bytes) -> Any:
    """What the strict parser refused: NaN and Infinity are read (and later rejected as numbers), else why not."""
    if not line.strip():
        return None
    try:
        return json.loads(line.decode("utf-8"), parse_int=_whole, object_pairs_hook=_once)
    except _DuplicateKeyError:
        return "duplicate_key"
    except UnicodeDecodeError:
        return "not_utf8"
    except RecursionError:
        return "too_deep"
    except ValueError:
        return "invalid_json"


# ------------------------------------------------------------------ array

_DEPTH = np.zeros(256, np.int8)
_DEPTH[[ord("["), ord("{")]] = 1
_DEPTH[[ord("]"), ord("}")]] = -1
_STRUCTURAL = _DEPTH != 0
_STRUCTURAL[[ord(","), ord('"')]] = True


def _array(source: Source, buffer: bytes, blocks: Iterator[bytes]) -> Iterator[ObjectBatch]:
    number, ended = 1, False
    while True:
        items, rest, ended, deepest = split_items(buffer)
        if deepest > source.limits.depth:
            raise source.exceeds(f"nested deeper than {source.limits.depth} levels", "nested_too_deep", number)
        if items:
            yield parse(items, np.arange(number, number + len(items)), source)
        number += len(items)
        if len(rest) > source.limits.document_bytes:
            raise source.exceeds("an item is longer than the limit", "line_too_long", number)
        more = b"" if ended else next(blocks, b"")
        if not more:
            break
        buffer = rest + more
    if not ended and rest.strip():
        yield ObjectBatch([], np.empty(0, np.int64), [Refused(number, "truncated")])


def split_items(buffer: bytes) -> tuple[list[bytes], bytes, bool, int]:
    """Cut the inside of a JSON array into its items.

    Returns:
        the complete items, what is left, whether the array's end was seen, and the greatest depth met.
    """
    text = np.frombuffer(buffer, np.uint8)
    places = np.flatnonzero(_STRUCTURAL[text])
    marks = text[places]
    quotes = marks == ord('"')
    if b'\\"' in buffer:
        quotes &= ~_escaped(text, places)
    outside = (np.cumsum(quotes) & 1) == 0
    depth = 1 + np.cumsum(np.where(outside, _DEPTH[marks], 0), dtype=np.int32)
    ends = np.flatnonzero(depth <= 0)
    ended = bool(len(ends))
    last = int(ends[0]) if ended else len(places)
    commas = places[:last][outside[:last] & (marks[:last] == ord(",")) & (depth[:last] == 1)]
    cuts = [0, *(int(place) + 1 for place in commas)]
    items = [buffer[start : end - 1] for start, end in pairwise(cuts)]
    rest = buffer[cuts[-1] :]
    if ended:
        final = buffer[cuts[-1] : int(places[last])]
        items, rest = ([*items, final] if final.strip() else items), b""
    return items, rest, ended, int(depth.max(initial=0))


def _escaped(text: NDArray[np.uint8], places: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of the places follow an odd number of backslashes."""
    index = np.arange(len(text), dtype=np.int64)
    plain = np.maximum.accumulate(np.where(text != ord("\\"), index, -1))
    before = np.where(places > 0, plain[places - 1], -1)
    odd: NDArray[np.bool_] = (places - 1 - before) % 2 == 1
    return odd


# ------------------------------------------------------------------ object


def _document(source: Source, first: bytes, blocks: Iterator[bytes]) -> ObjectBatch:
    parts, total = [first], len(first)
    for block in blocks:
        total += len(block)
        if total > source.limits.document_bytes:
            raise source.exceeds("a single JSON object is larger than the limit", "too_large")
        parts.append(block)
    try:
        value = orjson.loads(b"".join(parts))
    except orjson.JSONDecodeError as error:
        if "memory" in error.msg:
            raise MemoryError from error
        place = int(error.lineno)
        raise source.refuse(f"not valid JSON at line {place}: {error.msg}", "invalid_json", line=place) from error
    holder = _holder(value) if isinstance(value, dict) else ""
    rows = list(value[holder]) if holder else _rows_of(value)
    good = [place for place, row in enumerate(rows) if isinstance(row, dict)]
    refused = [Refused(place + 1, "not_an_object") for place, row in enumerate(rows) if not isinstance(row, dict)]
    lines = np.array(good, np.int64) + 1
    return ObjectBatch([rows[place] for place in good], lines, refused, holder=holder)


_HOLDERS = ("log_history", "data", "rows", "records", "results", "examples", "items", "samples", "annotations")


def _rows_of(value: Any) -> list[Any]:
    """The rows of one object that holds no list of rows: its columns turned round, else itself."""
    columns = _columns_of(value) if isinstance(value, dict) else {}
    if not columns:
        return [value]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _holder(value: dict[str, Any]) -> str:
    """The key under which an object keeps its rows, or ""."""
    for name in _HOLDERS:
        held = value.get(name)
        if isinstance(held, list) and held and isinstance(held[0], dict):
            return name
    return ""


def _columns_of(value: dict[str, Any]) -> dict[str, list[Any]]:
    """The columns of an object whose every value is a list of one length, or an object by row number (as in pandas)."""
    columns = {}
    for name, held in value.items():
        if isinstance(held, dict) and held and all(key.isdigit() for key in held):
            held = list(held.values())
        if not isinstance(held, list) or len(held) < 2 or isinstance(held[0], dict):
            return {}
        columns[name] = held
    return columns if len({len(column) for column in columns.values()}) == 1 else {}
