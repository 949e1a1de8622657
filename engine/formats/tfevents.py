"""TensorBoard event files: the scalars in them, as one row a point.

A file is a chain of records: length (8 bytes), its checksum (4), the event (protocol buffer), its checksum (4). The
checksums are CRC-32C, rotated and shifted so that one over data with checksums in them means something. A record whose
end is not there yet is left for later: files that are being written end so.
Source: TensorFlow's record_writer.h, event.proto, summary.proto and tensor.proto.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from engine.formats.batches import ColumnBatch, Refused
from engine.formats.crc32c import masked, of_records
from engine.formats.source import Source, head_of, raw_blocks

ORIGIN = "tensorboard"

LONGEST_EVENT = 65_536
"""Bytes of an event beyond which it is a picture, a graph or a histogram, and passed over."""
LONGEST_TAG = 200
ROWS_PER_BATCH = 65_536

_VERSION_LENGTH, _VERSION_BYTES = b"\x18\x00\x00\x00", 40

_FLOATS = {1: (5, "<f"), 2: (6, "<d")}
_WHOLE = {3: 7, 9: 10, 10: 11, 4: 7, 6: 7, 5: 7}
_CONTENT = {1: "<f", 2: "<d", 3: "<i", 9: "<q", 19: "<e", 4: "<B", 6: "<b", 5: "<h", 10: "<?"}


@dataclass
class Tally:
    """What was met besides scalars: records so far, those passed over, bytes at the end that are no whole record."""

    records: int = 0
    damaged: int = 0
    tail: int = 0


@dataclass
class _Held:
    """Points waiting to be a batch."""

    time: list[float] = field(default_factory=list)
    step: list[int] = field(default_factory=list)
    tag: list[str] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    line: list[int] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)

    def batch(self) -> ColumnBatch:
        columns = {
            "wall_time": pa.array(self.time, pa.float64()),
            "step": pa.array(self.step, pa.int64()),
            "tag": pa.array(self.tag, pa.string()),
            "value": pa.array(self.value, pa.float64()),
        }
        return ColumnBatch(columns, np.array(self.line, np.int64), self.refused, origin=ORIGIN)


def is_events(source: Source) -> bool:
    """Whether a stream is an event file: its first record is the version."""
    return is_events_head(head_of(source, 64))


def is_events_head(head: bytes) -> bool:
    """Whether these first bytes begin an event file, or may, where there are no more yet."""
    return b"brain.Event:" in head[12:64] or (len(head) < _VERSION_BYTES and head.startswith(_VERSION_LENGTH))


def read_events(source: Source, tally: Tally) -> Iterator[ColumnBatch]:
    """Every scalar of an event file, as `simple_value` or as a tensor of one number; the line is the record's number.

    `source.consumed` counts the bytes of whole records; a record with a wrong checksum is refused alone, one whose
    length has a wrong checksum ends the reading, since the next cannot be found.
    """
    held, rest, skip = _Held(), b"", 0
    for data in raw_blocks(source):
        if skip:
            passed = min(skip, len(data))
            skip, source.consumed, data = skip - passed, source.consumed + passed, data[passed:]
        buffer = rest + data
        cuts, at, skip, broken = _cut(buffer, tally)
        _take(buffer, cuts, held, tally)
        source.consumed += at
        rest = buffer[at:]
        if skip:
            source.consumed += len(rest)
            skip, rest = skip - len(rest), b""
        while len(held.line) >= ROWS_PER_BATCH or (held.refused and not held.line):
            yield held.batch()
            held = _Held()
        if broken:
            break
    tally.tail = len(rest) + max(skip, 0)
    if held.line or held.refused:
        yield held.batch()


def _cut(buffer: bytes, tally: Tally) -> tuple[list[tuple[int, int, int]], int, int, bool]:
    """Whole records (number, start, length); where the rest begins; bytes of it to pass over; whether it is broken."""
    cuts: list[tuple[int, int, int]] = []
    at, end = 0, len(buffer)
    while at + 12 <= end:
        length, check = struct.unpack_from("<QI", buffer, at)
        if masked(buffer[at : at + 8]) != check:
            return cuts, at, 0, True
        if length > LONGEST_EVENT:
            tally.records += 1
            if at + 16 + length > end:
                return cuts, at, 16 + length, False
        elif at + 16 + length > end:
            break
        else:
            tally.records += 1
            cuts.append((tally.records, at + 12, length))
        at += 16 + length
    return cuts, at, 0, False


def _take(buffer: bytes, cuts: list[tuple[int, int, int]], held: _Held, tally: Tally) -> None:
    """The scalars of whole records whose checksums are right."""
    if not cuts:
        return
    starts = np.array([start for _, start, _ in cuts])
    lengths = np.array([length for _, _, length in cuts])
    given = np.array([struct.unpack_from("<I", buffer, start + length)[0] for _, start, length in cuts], np.uint32)
    right = of_records(np.frombuffer(buffer, np.uint8), starts, lengths) == given
    for (number, start, length), fine in zip(cuts, right.tolist(), strict=True):
        points = None
        if fine:
            try:
                points = _scalars(memoryview(buffer)[start : start + length])
            except (ValueError, struct.error, IndexError):
                points = None
        if points is None:
            tally.damaged += 1
            held.refused.append(Refused(number, "record_damaged"))
            continue
        for time, step, tag, value in points:
            held.time.append(time)
            held.step.append(step)
            held.tag.append(tag)
            held.value.append(value)
            held.line.append(number)


# ------------------------------------------------------------------ protocol buffers


def _fields(data: memoryview) -> Iterator[tuple[int, int, Any]]:
    """Number, wire type and raw value of each field of a message. Raises ValueError where it is none."""
    at, end = 0, len(data)
    while at < end:
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(data, at)
            yield number, wire, value
            continue
        if wire == 2:
            size, at = _varint(data, at)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
        else:
            raise ValueError(wire)
        if at + size > end:
            raise ValueError(size)
        yield number, wire, data[at : at + size]
        at += size


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value & 0xFFFF_FFFF_FFFF_FFFF, at
        shift += 7
        if shift > 63:
            raise ValueError(shift)


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def _scalars(event: memoryview) -> list[tuple[float, int, str, float]]:
    """(wall time, step, tag, value) of each scalar of an event."""
    time, step = 0.0, 0
    summaries = []
    for number, wire, value in _fields(event):
        if (number, wire) == (1, 1):
            time = struct.unpack("<d", value)[0]
        elif (number, wire) == (2, 0):
            step = _signed(value)
        elif (number, wire) == (5, 2):
            summaries.append(value)
    found = []
    for summary in summaries:
        for number, wire, value in _fields(summary):
            if (number, wire) == (1, 2) and (point := _point(value)) is not None:
                found.append((time, step, *point))
    return found


def _point(data: memoryview) -> tuple[str, float] | None:
    """Tag and number of one value of a summary, None where it is no scalar."""
    tag, number, other = "", None, False
    for place, wire, value in _fields(data):
        if (place, wire) == (1, 2):
            tag = bytes(value[:LONGEST_TAG]).decode("utf-8", "replace")
        elif (place, wire) == (2, 5):
            number = struct.unpack("<f", value)[0]
        elif (place, wire) == (8, 2):
            number = _of_tensor(value)
        elif (place, wire) == (9, 2):
            other = not _is_scalar(value)
    return None if number is None or other or not tag else (tag, number)


def _is_scalar(metadata: memoryview) -> bool:
    """Whether what is said of a tag is that it is a scalar, or nothing."""
    for place, wire, plugin in _fields(metadata):
        if (place, wire) == (1, 2):
            for inner, form, name in _fields(plugin):
                if (inner, form) == (1, 2):
                    return bytes(name) in (b"scalars", b"")
    return True


def _of_tensor(data: memoryview) -> float | None:
    """The number of a tensor of one; None for others."""
    form, held = 0, {}
    for place, wire, value in _fields(data):
        if place == 1 and wire == 0:
            form = value
        elif place == 2:
            if any(number == 2 for number, _, _ in _fields(value)):
                return None
        else:
            held[place] = (wire, value)
    if 4 in held and form in _CONTENT:
        content = bytes(held[4][1])
        size = struct.calcsize(_CONTENT[form])
        return float(struct.unpack(_CONTENT[form], content)[0]) if len(content) == size else None
    if form in _FLOATS:
        place, code = _FLOATS[form]
        value = bytes(held[place][1]) if place in held else b""
        return float(struct.unpack(code, value)[0]) if len(value) == struct.calcsize(code) else None
    if form in _WHOLE and _WHOLE[form] in held:
        wire, value = held[_WHOLE[form]]
        whole, at = (value, 0) if wire == 0 else _varint(value, 0)
        return float(_signed(whole)) if wire == 0 or at == len(value) else None
    return None
