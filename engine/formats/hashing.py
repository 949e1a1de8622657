"""Hashes that name prompts and rows for ever: owned here, so that no library's new version can change them.

Numbers go through the finaliser of SplitMix64 (Steele, Lea, Flood 2014), texts through BLAKE2b with 8 bytes. A row's
hash is the mixed sum over its columns of mix(value ⊕ column name), nulls left out: neither the order of the columns nor
a column that is added later and empty changes it.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def mix(values: Hashes) -> Hashes:
    """SplitMix64's finaliser, elementwise: a bijection of 64-bit words whose every bit depends on every bit."""
    z = values + GOLDEN
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def hash_text(text: str) -> int:
    """The 64-bit hash of one text (little-endian BLAKE2b-8 of its UTF-8)."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def hash_texts(texts: pa.Array) -> Hashes:
    """The hash of each text, 0 where null. Repeated texts are hashed once."""
    encoded = texts if pa.types.is_dictionary(texts.type) else pc.dictionary_encode(texts)
    words = encoded.dictionary.to_pylist()
    table = np.fromiter((hash_text(word) for word in words), np.uint64, len(words))
    table = np.append(table, np.uint64(0))
    codes = pc.fill_null(encoded.indices, len(words))
    found: Hashes = table[codes.to_numpy(zero_copy_only=False)]
    return found


def hash_numbers(numbers: pa.Array) -> Hashes:
    """The bits of each number as float64 (−0 as 0), or of its int64 where it is a time; nulls give any word."""
    if pa.types.is_timestamp(numbers.type):
        filled = pc.fill_null(numbers.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
    else:
        filled = pc.fill_null(numbers.cast(pa.float64(), safe=False), 0.0).to_numpy(zero_copy_only=False) + 0.0
    words: Hashes = filled.view(np.uint64)
    return words


def hash_rows(columns: dict[str, pa.Array], size: int) -> Hashes:
    """The content hash of each row over `columns` (all of length `size`)."""
    total: Hashes = np.zeros(size, np.uint64)
    for name, values in columns.items():
        if values.null_count == size:
            continue
        textual = pa.types.is_string(values.type) or pa.types.is_dictionary(values.type)
        words = hash_texts(values) if textual else hash_numbers(values)
        share = mix(words ^ np.uint64(hash_text(name)))
        if values.null_count:
            share[pc.is_null(values).to_numpy(zero_copy_only=False)] = 0
        total += share
    return mix(total)


def numbered(hashes: Hashes, occurrence: NDArray[Any]) -> Hashes:
    """Hashes told apart by an occurrence number; number 0 leaves them as they are."""
    steps = occurrence.astype(np.uint64)
    return np.where(steps == 0, hashes, mix(hashes + steps * GOLDEN))


class Occurrences:
    """Numbers equal hashes 0, 1, 2, … over all batches of a file, so that equal rows get distinct hashes.

    The set of hashes a file gets does not depend on the order of its rows.
    """

    def __init__(self) -> None:
        self._known: Hashes = np.empty(0, np.uint64)
        self._counts: NDArray[np.int64] = np.empty(0, np.int64)

    def number(self, hashes: Hashes) -> NDArray[np.int64]:
        """How often each hash came before, in this batch and in earlier ones."""
        if not len(hashes):
            return np.empty(0, np.int64)
        order = np.argsort(hashes, kind="stable")
        ordered = hashes[order]
        starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
        sizes = np.diff(np.append(starts, len(ordered)))
        within = np.arange(len(ordered)) - np.repeat(starts, sizes)
        earlier = self._earlier(ordered[starts])
        numbers = np.empty(len(hashes), np.int64)
        numbers[order] = within + np.repeat(earlier, sizes)
        self._remember(ordered[starts], sizes)
        return numbers

    def _earlier(self, distinct: Hashes) -> NDArray[np.int64]:
        if not len(self._known):
            return np.zeros(len(distinct), np.int64)
        place = np.minimum(np.searchsorted(self._known, distinct), len(self._known) - 1)
        return np.where(self._known[place] == distinct, self._counts[place], 0)

    def _remember(self, distinct: Hashes, sizes: NDArray[np.int64]) -> None:
        merged = np.concatenate((self._known, distinct))
        order = np.argsort(merged, kind="stable")
        merged = merged[order]
        starts = np.flatnonzero(np.concatenate(([True], merged[1:] != merged[:-1])))
        self._known = merged[starts]
        self._counts = np.add.reduceat(np.concatenate((self._counts, sizes))[order], starts)
