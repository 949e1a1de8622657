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
    """The 64-bit hash of one text: of a whole number as it is usually written, the mixed number itself."""
    return int(hash_texts(pa.array([text], pa.string()))[0])


def hash_texts(texts: pa.Array) -> Hashes:
    """The hash of each text, 0 where null.

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
    hashes = mix(numbers.fill_null(0).to_numpy(zero_copy_only=False).view(np.uint64))
    if texts.null_count:
        hashes[texts.is_null().to_numpy(zero_copy_only=False)] = 0
    return hashes


def _digests(texts: pa.Array) -> Hashes:
    """BLAKE2b-8 of each text; null as the empty text."""
    words = pc.fill_null(texts, "").cast(pa.binary()).to_pylist()
    data = b"".join([blake2b(word, digest_size=8).digest() for word in words])
    return np.frombuffer(data, "<u8").astype(np.uint64)


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


def hash_rows(columns: dict[str, pa.Array], prose: list[pa.Array], size: int) -> Hashes:
    """The content hash of each row over `columns` and the texts `prose` (all of length `size`)."""
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
    if any(values.null_count < size for values in prose):
        total += mix(hash_prose(prose))
    return mix(total)


def numbered(hashes: Hashes, occurrence: NDArray[Any]) -> Hashes:
    """Hashes told apart by an occurrence number; number 0 leaves them as they are."""
    steps = occurrence.astype(np.uint64)
    return np.where(steps == 0, hashes, mix(hashes + steps * GOLDEN))


class Occurrences:
    """Numbers equal hashes 0, 1, 2, … over all batches of a file, so that equal rows get distinct hashes.

    The set of hashes a file gets does not depend on the order of its rows. Keeps 16 bytes a distinct row.
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
        """Merge sorted distinct hashes and their counts into the sorted known ones."""
        place = np.searchsorted(self._known, distinct)
        inside = np.minimum(place, max(len(self._known) - 1, 0))
        old = self._known[inside] == distinct if len(self._known) else np.zeros(len(distinct), np.bool_)
        self._counts[place[old]] += sizes[old]
        new = ~old
        self._known = np.insert(self._known, place[new], distinct[new])
        self._counts = np.insert(self._counts, place[new], sizes[new])
