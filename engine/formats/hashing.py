"""Hashes that name prompts and rows for ever: owned here, so that no library's new version can change them.

Numbers go through the finaliser of SplitMix64 (Steele, Lea, Flood 2014), texts through BLAKE2b with 8 bytes. A row's
hash is the mixed sum over its columns of mix(value ⊕ column name), nulls left out: neither the order of the columns nor
a column that is added later and empty changes it.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from itertools import pairwise
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
    z ^= z >> np.uint64(30)
    z *= np.uint64(0xBF58476D1CE4E5B9)
    z ^= z >> np.uint64(27)
    z *= np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return z


@lru_cache(maxsize=1024)
def hash_text(text: str) -> int:
    """The 64-bit hash of one text: of a whole number as it is usually written, the mixed number itself."""
    return int(hash_texts(pa.array([text], pa.string()))[0])


def hash_texts(texts: pa.Array) -> Hashes:
    """The hash of each text, 0 where null. Whole numbers hash as their usual writing.

    A text that is the usual writing of an int64 hashes as that number (so ids cost what numbers cost), any other as
    the little-endian BLAKE2b-8 of its UTF-8. Repeated texts are hashed once.
    """
    if (whole := _as_integers(texts)) is not None:
        return whole
    encoded = texts if pa.types.is_dictionary(texts.type) else pc.dictionary_encode(texts)
    words = encoded.dictionary
    table = _digests(words)
    integral = pc.match_substring_regex(words, _INTEGER).to_numpy(zero_copy_only=False)
    for place in np.flatnonzero(integral):
        number = int(words[int(place)].as_py())
        if -(2**63) <= number < 2**63:
            table[place] = mix(np.array([number], np.int64).view(np.uint64))[0]
    table = np.append(table, np.uint64(0))
    codes = pc.fill_null(encoded.indices, len(words))
    found: Hashes = table[codes.to_numpy(zero_copy_only=False)]
    return found


_INTEGER = r"^(0|-?[1-9][0-9]{0,18})$"


def _as_integers(texts: pa.Array) -> Hashes | None:
    """Hashes of a column of which every text is the usual writing of an int64, else None."""
    if pa.types.is_signed_integer(texts.type):
        return _hashes_of_integers(texts.cast(pa.int64()))
    if not pa.types.is_string(texts.type) or not len(texts) or texts.null_count == len(texts):
        return None
    first = texts.drop_null()[0].as_py()
    if not first.lstrip("-").isdecimal():
        return None
    try:
        numbers = texts.cast(pa.int64())
    except pa.ArrowInvalid:
        return None
    if not pc.all(pc.equal(numbers.cast(pa.string()), texts)).as_py():
        return None
    return _hashes_of_integers(numbers)


def _hashes_of_integers(numbers: pa.Array) -> Hashes:
    hashes = mix(numbers.fill_null(0).to_numpy(zero_copy_only=False).view(np.uint64))
    if numbers.null_count:
        hashes[numbers.is_null().to_numpy(zero_copy_only=False)] = 0
    return hashes


def _digests(texts: pa.Array) -> Hashes:
    """BLAKE2b-8 of each text; null as the empty text."""
    words = pc.fill_null(texts, "").cast(pa.binary())
    _, bounds, content = words.buffers()
    if not len(words):
        return np.empty(0, np.uint64)
    ends = np.frombuffer(bounds, np.int32)[words.offset : words.offset + len(words) + 1].tolist()
    data = memoryview(content or b"")
    fresh = blake2b(digest_size=8).copy  # quicker than a new one each time, and slices than texts of Python
    digests = []
    for start, end in pairwise(ends):
        digest = fresh()
        digest.update(data[start:end])
        digests.append(digest.digest())
    return np.frombuffer(b"".join(digests), "<u8").astype(np.uint64)


def hash_prose(columns: list[pa.Array]) -> Hashes:
    """One hash a row of several text columns, joined by a character that no text should hold; null as empty."""
    joined = pc.binary_join_element_wise(*columns, "\x1f", null_handling="replace", null_replacement="")
    return _digests(joined)


def hash_numbers(numbers: pa.Array) -> Hashes:
    """The bits of each number as float64 (−0 as 0), or of its int64 where it is a time; nulls give any word."""
    if pa.types.is_timestamp(numbers.type):
        filled = pc.fill_null(numbers.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
    else:
        filled = pc.fill_null(numbers.cast(pa.float64(), safe=False), 0.0).to_numpy(zero_copy_only=False) + 0.0
    words: Hashes = filled.view(np.uint64)
    return words


def hash_rows(columns: dict[str, pa.Array], prose: list[pa.Array], size: int, hashed: dict[str, Hashes]) -> Hashes:
    """The content hash of each row over `columns` and the texts `prose` (all of length `size`).

    `hashed` holds what `hash_texts` gave for some of the columns.
    """
    total: Hashes = np.zeros(size, np.uint64)
    for name, values in columns.items():
        if values.null_count == size:
            continue
        if name in hashed:
            words = hashed[name]
        else:
            textual = pa.types.is_string(values.type) or pa.types.is_dictionary(values.type)
            words = hash_texts(values) if textual else hash_numbers(values)
        share = mix(words ^ np.uint64(hash_text(name)))
        if values.null_count:
            share[pc.is_null(values).to_numpy(zero_copy_only=False)] = 0
        total += share
    if any(values.null_count < size for values in prose):
        total += mix(hash_prose(prose))
    return mix(total)


def numbered(hashes: Hashes, occurrence: NDArray[Any]) -> Hashes:
    """Hashes told apart by an occurrence number; number 0 leaves them as they are."""
    found, again = hashes.copy(), np.flatnonzero(occurrence)
    found[again] = mix(hashes[again] + occurrence[again].astype(np.uint64) * GOLDEN)
    return found


class Occurrences:
    """Numbers equal hashes 0, 1, 2, … over all batches of a file, so that equal rows get distinct hashes.

    The set of hashes a file gets does not depend on the order of its rows. Keeps 8 bytes a row: all hashes so far, in a
    few sorted runs of which each is more than twice as long as the next, so that a row is merged log n times.
    """

    def __init__(self) -> None:
        self._runs: list[Hashes] = []

    def number(self, hashes: Hashes) -> NDArray[np.int64]:
        """How often each hash came before, in this batch and in earlier ones."""
        ordered = np.sort(hashes)
        repeated = np.zeros(len(ordered), np.bool_)
        repeated[1:] = ordered[1:] == ordered[:-1]
        for run in self._runs:
            repeated |= run[np.minimum(np.searchsorted(run, ordered), len(run) - 1)] == ordered
        numbers = np.zeros(len(hashes), np.int64)
        if repeated.any():
            places = np.flatnonzero(np.isin(hashes, ordered[repeated]))
            numbers[places] = self._count(hashes[places])
        if len(ordered):
            self._remember(ordered)
        return numbers

    def _count(self, hashes: Hashes) -> NDArray[np.int64]:
        """The numbers of rows of which any may have come before."""
        order = np.argsort(hashes, kind="stable")
        ordered = hashes[order]
        within = np.arange(len(ordered)) - np.searchsorted(ordered, ordered)
        earlier = sum(np.searchsorted(run, ordered, "right") - np.searchsorted(run, ordered) for run in self._runs)
        numbers = np.empty(len(hashes), np.int64)
        numbers[order] = within + earlier
        return numbers

    def _remember(self, ordered: Hashes) -> None:
        """Add a run; the stable sort merges two runs in one pass."""
        while self._runs and len(self._runs[-1]) <= 2 * len(ordered):
            ordered = np.sort(np.concatenate([self._runs.pop(), ordered]), kind="stable")
        self._runs.append(ordered)
