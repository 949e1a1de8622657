"""What a state remembers of single rows: how many prompts there are, and the most confidently wrong rows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np

from engine.analysis.arrays import Floats, Hashes
from engine.types import RowReference

HASH_SPACE = float(2**64)


def distinct(hashes: Hashes) -> Hashes:
    """The different ones, ascending. NumPy's `unique` puts them into a hash table first, in eighty times the time."""
    ordered = np.sort(hashes)
    return np.asarray(ordered[np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]])


@dataclass(frozen=True)
class DistinctCount:
    """Counts distinct 64-bit hashes by keeping the `size` smallest (Bar-Yossef et al. 2002, "KMV").

    Exact while there are fewer than `size`; beyond, the relative standard error is about 1 / √size.
    """

    size: int
    smallest: Hashes

    @classmethod
    def of(cls, hashes: Hashes, size: int) -> Self:
        """The sketch of these hashes, repetitions allowed. Of many, only the small ones are sorted."""
        share = 4 * size / max(len(hashes), 1)
        while share < 0.5:
            least = distinct(hashes[hashes < np.uint64(share * HASH_SPACE)])
            if len(least) >= size:
                return cls(size, least[:size])
            share *= 4
        return cls(size, distinct(hashes)[:size])

    def __add__(self, other: Self) -> Self:
        """The sketch of both sets."""
        return type(self)(self.size, distinct(np.concatenate([self.smallest, other.smallest]))[: self.size])

    @property
    def exact(self) -> bool:
        """Whether `count` is exact."""
        return len(self.smallest) < self.size

    @property
    def count(self) -> int:
        """The number of distinct hashes, estimated once the sketch is full."""
        if self.exact:
            return len(self.smallest)
        return round((self.size - 1) / (float(self.smallest[-1]) / HASH_SPACE))

    @property
    def rounded(self) -> int:
        """`count` for people: an estimate without the digits that lie below its standard error."""
        if self.exact:
            return self.count
        step: int = 10 ** int(math.log10(self.count / math.sqrt(self.size)))
        return round(self.count / step) * step


@dataclass(frozen=True)
class WorstRows:
    """The `size` rows of highest confidence among those that are wrong; equal confidence goes by row hash."""

    size: int
    row_hash: Hashes
    confidence: Floats

    @classmethod
    def of(cls, row_hash: Hashes, confidence: Floats, size: int) -> Self:
        """The worst of these (wrong) rows."""
        if len(confidence) > size:
            least = np.partition(confidence, len(confidence) - size)[len(confidence) - size]
            kept = confidence >= least
            row_hash, confidence = row_hash[kept], confidence[kept]
        order = np.lexsort((row_hash, -confidence))[:size]
        return cls(size, row_hash[order], confidence[order])

    def __add__(self, other: Self) -> Self:
        """The worst of both."""
        row_hash = np.concatenate([self.row_hash, other.row_hash])
        return type(self).of(row_hash, np.concatenate([self.confidence, other.confidence]), self.size)

    def references(self) -> list[RowReference]:
        """The rows, worst first."""
        return [RowReference(int(row), float(value)) for row, value in zip(self.row_hash, self.confidence, strict=True)]
