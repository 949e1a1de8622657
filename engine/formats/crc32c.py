"""CRC-32C (Castagnoli) as TensorFlow's records have it: of many records at once, byte by byte side by side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_POLYNOMIAL = 0x82F63B78
_MASK = 0xA282EAD8


def _table() -> NDArray[np.uint32]:
    values = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        values = np.where(values & 1, (values >> 1) ^ np.uint32(_POLYNOMIAL), values >> 1).astype(np.uint32)
    return values


_TABLE = _table()
_WORDS: list[int] = _TABLE.tolist()


def checksum(data: bytes) -> int:
    """The CRC-32C of some bytes; of b"123456789" it is 0xE3069283."""
    value = 0xFFFF_FFFF
    for byte in data:
        value = _WORDS[(value ^ byte) & 255] ^ (value >> 8)
    return value ^ 0xFFFF_FFFF


def masked(data: bytes) -> int:
    """The checksum as records have it: rotated by 15 bits, a constant added."""
    value = checksum(data)
    return (((value >> 15) | (value << 17)) + _MASK) & 0xFFFF_FFFF


def of_records(data: NDArray[np.uint8], starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.uint32]:
    """The masked checksum of each record.

    Args:
        data: all bytes.
        starts: where each record begins, shape (n,).
        lengths: how long each is, shape (n,).
    """
    order = np.argsort(-lengths, kind="stable")
    begins, sizes = starts[order], lengths[order]
    value = np.full(len(starts), 0xFFFF_FFFF, np.uint32)
    alive = len(sizes)
    for place in range(int(sizes[0]) if len(sizes) else 0):
        while alive and sizes[alive - 1] <= place:
            alive -= 1
        ahead = value[:alive]
        value[:alive] = _TABLE[(ahead ^ data[begins[:alive] + place]) & 255] ^ (ahead >> np.uint32(8))
    value ^= np.uint32(0xFFFF_FFFF)
    turned = (value >> np.uint32(15)) | (value << np.uint32(17))
    result = np.empty_like(value)
    result[order] = turned + np.uint32(_MASK)
    return result
