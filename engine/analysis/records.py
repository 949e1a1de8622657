"""A state that keeps rows themselves, a few numbers each, of at most so many of them: whole prompts, taken at random.

Which prompts are kept depends on their hashes alone, so however rows are split into segments the same are, and what is
left is a random sample of prompts with all of their rows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from engine.analysis import npz
from engine.analysis.arrays import Flags, Floats, Hashes, Ints
from engine.analysis.base import Analysis, ParametersT
from engine.analysis.shapes import COARSE_BUCKETS
from engine.analysis.slicing import check_slice
from engine.errors import UsageError
from engine.types import FINE_BUCKETS, Rows

MOST_ROWS = 1 << 18
WHOLE = 2**64 - 1
"""Limit of records of which nothing was left out."""

Coded = tuple[Ints, tuple[str, ...]]
"""Codes of a column of names (−1 for missing) and the sorted values they stand for."""


@dataclass(frozen=True)
class Records:
    """Rows by prompt: sorted by a mixed hash of the prompt (`unit`), then by row.

    `columns` are numbers (NaN for missing), `slices` and `names` coded. Units from `limit` on were left out; `rows`
    counts all rows that were seen, `narrowed` is "column=value" for those of one slice.
    """

    unit: Hashes
    row: Hashes
    prompt: Hashes
    columns: Mapping[str, Floats]
    slices: Mapping[str, Coded] = field(default_factory=dict)
    names: Mapping[str, Coded] = field(default_factory=dict)
    limit: int = WHOLE
    rows: int = 0
    narrowed: str = ""

    @classmethod
    def of_rows(
        cls,
        rows: Rows,
        kept: Flags,
        columns: Mapping[str, Floats],
        names: tuple[str, ...] = (),
        together: Hashes | None = None,
    ) -> Self:
        """The records of the rows that are `kept`, with these columns and names.

        `together` are hashes of what stays together in a sample, where that is not the prompt.
        """
        prompt = (rows.columns["prompt_hash"] if together is None else together)[kept]
        row = rows.columns["row_hash"][kept]
        numbers = {name: np.asarray(column, float)[kept] for name, column in sorted(columns.items())}
        slices = {name: _sorted(codes[kept], values) for name, (codes, values) in sorted(rows.slices.items())}
        known = {
            name: _sorted(rows.names[name][0][kept], rows.names[name][1])
            for name in sorted(names)
            if name in rows.names
        }
        whole = cls(mixed(prompt), row, prompt, numbers, slices, known, rows=int(np.count_nonzero(kept)))
        return whole._ordered()._bounded()

    def __len__(self) -> int:
        return len(self.unit)

    def __add__(self, other: Self) -> Self:
        """The records of both, of as many prompts as may be kept."""
        if self.narrowed != other.narrowed:
            raise UsageError("Only states of one slice combine.")
        one, two = (each._below(min(self.limit, other.limit)) for each in (self, other))
        both = replace(
            one,
            unit=np.concatenate([one.unit, two.unit]),
            row=np.concatenate([one.row, two.row]),
            prompt=np.concatenate([one.prompt, two.prompt]),
            columns=_joined(one.columns, two.columns, len(one), len(two)),
            slices=_joined_codes(one.slices, two.slices, len(one), len(two)),
            names=_joined_codes(one.names, two.names, len(one), len(two)),
            rows=self.rows + other.rows,
        )
        return both._ordered()._bounded()

    def where(self, kept: Flags | Ints) -> Self:
        """Only some of the rows, or all of them in another order."""
        return replace(
            self,
            unit=self.unit[kept],
            row=self.row[kept],
            prompt=self.prompt[kept],
            columns={name: column[kept] for name, column in self.columns.items()},
            slices={name: (codes[kept], values) for name, (codes, values) in self.slices.items()},
            names={name: (codes[kept], values) for name, (codes, values) in self.names.items()},
        )

    def narrow(self, column: str, value: str) -> Self:
        """The rows whose slice column has this value. Raises NotFound for a column or value that is not there."""
        check_slice(column, value, {name: values for name, (_, values) in self.slices.items()})
        codes, values = self.slices[column]
        narrowed = self.where(codes == values.index(value))
        return replace(narrowed, slices={}, rows=len(narrowed), narrowed=f"{column}={value}")

    @property
    def sampled(self) -> bool:
        """Whether prompts were left out."""
        return self.limit != WHOLE

    @cached_property
    def starts(self) -> Ints:
        """Where each prompt begins."""
        return np.flatnonzero(np.append(True, self.unit[1:] != self.unit[:-1])[: len(self.unit)])

    @cached_property
    def sizes(self) -> Ints:
        """How many rows each prompt has."""
        return np.diff(self.starts, append=len(self.unit))

    @cached_property
    def bucket(self) -> Ints:
        """The bucket of each row: of 4,096, or of 512 where there are more prompts than that."""
        buckets = FINE_BUCKETS if len(self.starts) <= FINE_BUCKETS else COARSE_BUCKETS
        return (self.prompt % np.uint64(buckets)).astype(np.int64)

    def _ordered(self) -> Self:
        return self.where(np.lexsort((self.row, self.unit)))

    def _below(self, limit: int) -> Self:
        if limit == self.limit:
            return self
        return replace(self.where(self.unit < np.uint64(limit)), limit=limit)

    def _bounded(self) -> Self:
        """As many whole prompts as have `MOST_ROWS` rows, at least one."""
        if len(self) <= MOST_ROWS:
            return self
        after = np.flatnonzero(self.starts + self.sizes > MOST_ROWS)
        first = max(int(after[0]), 1)
        return self._below(int(self.unit[self.starts[first]])) if first < len(self.starts) else self


def mixed(values: Hashes) -> Hashes:
    """Well-mixed hashes of hashes (SplitMix64's finaliser, Steele, Lea and Flood 2014)."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        values = (values ^ (values >> np.uint64(shift))) * np.uint64(factor)
    return np.asarray(values ^ (values >> np.uint64(31)))


def _sorted(codes: NDArray[np.int32], values: list[str]) -> Coded:
    order = sorted(range(len(values)), key=values.__getitem__)
    place = np.full(len(values) + 1, -1, np.int64)
    place[order] = np.arange(len(values))
    return place[codes], tuple(values[index] for index in order)


def _joined(one: Mapping[str, Floats], two: Mapping[str, Floats], first: int, second: int) -> dict[str, Floats]:
    missing = np.full(first, np.nan), np.full(second, np.nan)
    return {
        name: np.concatenate([one.get(name, missing[0]), two.get(name, missing[1])]) for name in sorted({*one, *two})
    }


def _joined_codes(one: Mapping[str, Coded], two: Mapping[str, Coded], first: int, second: int) -> dict[str, Coded]:
    joined: dict[str, Coded] = {}
    for name in sorted({*one, *two}):
        sides = [side.get(name, (np.full(size, -1, np.int64), ())) for side, size in ((one, first), (two, second))]
        values = tuple(sorted({value for _, known in sides for value in known}))
        at = {value: place for place, value in enumerate(values)}
        codes = [np.array([*(at[value] for value in known), -1], np.int64)[codes] for codes, known in sides]
        joined[name] = np.concatenate(codes), values
    return joined


# ------------------------------------------------------------------ bytes

_ARRAYS = ("unit", "row", "prompt")
_CODED = ("slices", "names")


def to_bytes(records: Records) -> bytes:
    """The records as npz without pickles; the same give the same bytes."""
    arrays: dict[str, NDArray[Any]] = {name: getattr(records, name) for name in _ARRAYS}
    head: dict[str, Any] = {name: getattr(records, name) for name in ("limit", "rows", "narrowed")}
    head["columns"] = list(records.columns)
    for index, column in enumerate(records.columns.values()):
        arrays[f"columns.{index}"] = column
    for kind in _CODED:
        coded: Mapping[str, Coded] = getattr(records, kind)
        head[kind] = {name: list(values) for name, (_, values) in coded.items()}
        for index, (codes, _) in enumerate(coded.values()):
            arrays[f"{kind}.{index}"] = codes
    return npz.write(arrays, head)


def from_bytes(data: bytes) -> Records:
    """The records from their bytes."""
    arrays = npz.read(data)
    head = json.loads(arrays["head"].tobytes())
    coded = {
        kind: {
            name: (arrays[f"{kind}.{index}"], tuple(values)) for index, (name, values) in enumerate(head[kind].items())
        }
        for kind in _CODED
    }
    return Records(
        arrays["unit"],
        arrays["row"],
        arrays["prompt"],
        columns={name: arrays[f"columns.{index}"] for index, name in enumerate(head["columns"])},
        slices=coded["slices"],
        names=coded["names"],
        limit=head["limit"],
        rows=head["rows"],
        narrowed=head["narrowed"],
    )


class RecordsAnalysis(Analysis[Records, ParametersT]):
    """Base of an analysis whose state are records: what is left to it is which rows it keeps and what they say."""

    def combine(self, left: Records, right: Records) -> Records:
        """The state of both; folding in manifest order replays bit for bit."""
        return left + right

    def narrow(self, state: Records, column: str, value: str) -> Records:
        """The state of one slice value; raises NotFound."""
        return state.narrow(column, value)

    def to_bytes(self, state: Records) -> bytes:
        """Npz without pickles."""
        return to_bytes(state)

    def from_bytes(self, data: bytes) -> Records:
        """The state from `to_bytes`."""
        return from_bytes(data)
