"""Batches of source rows: what every container (JSON, CSV, Parquet) hands to the formats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from engine.formats.values import Values
from engine.words import whole

Lines = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that could not even be parsed."""

    line: int
    reason: str
    field: str = ""


class Batch(Protocol):
    """Rows of a source: `lines` says where each stands, `column` gives one of its columns, nulls where it is absent."""

    lines: Lines
    refused: list[Refused]
    decimal_comma: bool

    @property
    def names(self) -> Sequence[str]:
        """The source's column names."""

    def column(self, name: str) -> Values:
        """A column, nulls where it is absent."""

    def __len__(self) -> int: ...


@dataclass
class ObjectBatch:
    """Rows parsed from JSON: one dict each. A name with dots reaches into nested objects and lists.

    `holder` is the key under which one JSON object kept the rows, `origin` a container that says what its rows are.
    """

    rows: list[dict[str, Any]]
    lines: Lines
    refused: list[Refused] = field(default_factory=list)
    decimal_comma: bool = False
    holder: str = ""
    origin: str = ""

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def names(self) -> list[str]:
        """Every key of the first rows, in order of appearance."""
        return list(dict.fromkeys(key for row in self.rows[:1000] for key in row))

    def column(self, name: str) -> Values:
        """Values of a key, None where it is absent."""
        values = [row.get(name) for row in self.rows]
        if "." in name and all(value is None for value in values):
            path = name.split(".")
            return [_reach(row, path) for row in self.rows]
        return values


def _reach(value: Any, path: list[str]) -> Any:
    for part in path:
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and (place := whole(part, len(value))) is not None:
            value = value[place]
        else:
            return None
    return value


@dataclass
class ColumnBatch:
    """Rows of a CSV or Parquet file: Arrow columns. `origin` is a container that says what its rows are."""

    columns: Mapping[str, pa.Array]
    lines: Lines
    refused: list[Refused] = field(default_factory=list)
    decimal_comma: bool = False
    origin: str = ""

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def names(self) -> list[str]:
        """The header."""
        return list(self.columns)

    def column(self, name: str) -> Values:
        """The Arrow column, or nulls; a name with dots reaches into nested columns."""
        if name in self.columns:
            return self.columns[name]
        head, _, rest = name.partition(".")
        if rest and head in self.columns:
            return [_reach(value, rest.split(".")) for value in self.columns[head].to_pylist()]
        return pa.nulls(len(self.lines))


class SpreadBatch:
    """A batch whose rows are repeated, once for each canonical row made of them: `owner` says which is whose."""

    def __init__(self, batch: Batch, owner: NDArray[np.int64]) -> None:
        self._batch, self._owner = batch, owner
        self.lines = batch.lines[owner]
        self.names = batch.names
        self.refused = batch.refused
        self.decimal_comma = batch.decimal_comma

    def __len__(self) -> int:
        return len(self._owner)

    def column(self, name: str) -> Values:
        """The column, each value as often as its row is repeated."""
        values = self._batch.column(name)
        if isinstance(values, list):
            return [values[place] for place in self._owner]
        return values.take(pa.array(self._owner))


class WidenedBatch:
    """A batch with columns that were made of others."""

    def __init__(self, batch: Batch, more: Mapping[str, list[Any]]) -> None:
        self._batch, self._more = batch, more
        self.lines = batch.lines
        self.names = [*batch.names, *(name for name in more if name not in batch.names)]
        self.refused = batch.refused
        self.decimal_comma = batch.decimal_comma

    def __len__(self) -> int:
        return len(self.lines)

    def column(self, name: str) -> Values:
        """The column, the made one where there are both."""
        return self._more[name] if name in self._more else self._batch.column(name)


def every_name(batch: Batch) -> list[str]:
    """Every column of a batch in order of appearance, also one that only late rows have."""
    if isinstance(batch, ObjectBatch):
        return list(dict.fromkeys(key for row in batch.rows for key in row))
    return list(batch.names)


def origin_of(batch: Batch) -> str:
    """The container of a batch where that says what its rows are, else ""."""
    return batch.origin if isinstance(batch, (ObjectBatch, ColumnBatch)) else ""


def sample_rows(batch: Batch, size: int = 200) -> list[dict[str, Any]]:
    """The first rows as dicts of Python values, for recognition."""
    if isinstance(batch, ObjectBatch):
        return batch.rows[:size]
    names = list(batch.names)
    columns = []
    for name in names:
        values = batch.column(name)
        columns.append(values[:size] if isinstance(values, list) else values.slice(0, size).to_pylist())
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
