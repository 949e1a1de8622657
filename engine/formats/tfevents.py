"""TensorBoard event files: the scalars in them, as one row a point.

A file is a chain of records: length (8 bytes), its checksum (4), the event (protocol buffer), its checksum (4). The
checksums are CRC-32C, rotated and shifted so that one over data with checksums in them means something. A record whose
end is not there yet is left for later: files that are being written end so.
Source: TensorFlow's record_writer.h.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from engine.formats.batches import ColumnBatch, Refused
from engine.formats.crc32c import masked, of_records
from engine.formats.event_values import scalars
from engine.formats.source import Source, head_of, raw_blocks

ORIGIN = "tensorboard"

LONGEST_EVENT = 65_536
"""Bytes of an event beyond which it is a picture, a graph or a histogram, and passed over."""
ROWS_PER_BATCH = 65_536

_VERSION_LENGTH, _VERSION_BYTES = b"\x18\x00\x00\x00", 40


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
                points = scalars(memoryview(buffer)[start : start + length])
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
