"""Scalars in the events of TensorBoard's files: the little of protocol buffers that they need.

Source: TensorFlow's event.proto, summary.proto and tensor.proto.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

LONGEST_TAG = 200

_FLOATS = {1: (5, "<f"), 2: (6, "<d")}
_WHOLE = {3: 7, 9: 10, 10: 11, 4: 7, 6: 7, 5: 7}
_CONTENT = {1: "<f", 2: "<d", 3: "<i", 9: "<q", 19: "<e", 4: "<B", 6: "<b", 5: "<h", 10: "<?"}


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


def scalars(event: memoryview) -> list[tuple[float, int, str, float]]:
    """(wall time, step, tag, value) of each scalar of an event. Raises ValueError, IndexError where it is none."""
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
