"""The state of a timeline: by cell the state of the analysis whose answers are shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.analysis import npz
from engine.analysis.arrays import Flags
from engine.analysis.base import Analysis
from engine.analysis.timeline.grid import FINEST, By, finest, most_cells
from engine.errors import UsageError
from engine.types import Rows


@dataclass(frozen=True)
class Cells:
    """By cell, in order, the state of its rows. `rows` counts all that were seen, `without` those without a place."""

    of: str
    by: By
    exponent: int
    cells: Mapping[int, Any]
    rows: int = 0
    without: int = 0
    narrowed: str = ""


def cells_of_rows(rows: Rows, inner: Analysis[Any, Any], params: Any, by: By) -> Cells:
    """The cells of one set of rows; those without a step or time are counted only."""
    at = np.asarray(rows.columns.get(by, np.full(len(rows), np.nan)), float)
    known = np.isfinite(at) & ((at >= 0) | (by == "time"))
    chosen = taken(rows, known)
    if not len(chosen):
        return Cells(inner.name, by, FINEST[by], {}, len(rows), len(rows))
    exponent, cell = finest(at[known], by, most_cells(len(chosen)))
    found = {int(one): inner.observe(taken(chosen, cell == one), params) for one in np.unique(cell)}
    return Cells(inner.name, by, exponent, found, len(rows), len(rows) - len(chosen))


def taken(rows: Rows, kept: Flags) -> Rows:
    """Only some of the rows."""
    return Rows(
        rows.kind,
        {name: column[kept] for name, column in rows.columns.items()},
        {name: (codes[kept], values) for name, (codes, values) in rows.slices.items()},
        {name: (codes[kept], values) for name, (codes, values) in rows.names.items()},
        {name: tuple(side[kept] for side in sides) for name, sides in rows.styles.items()},
        {name: column[kept] for name, column in rows.numbers.items()},
    )


def joined(left: Cells, right: Cells, inner: Analysis[Any, Any]) -> Cells:
    """The cells of both, as fine as both together may have."""
    if (left.of, left.by, left.narrowed) != (right.of, right.by, right.narrowed):
        raise UsageError("Only states of one timeline combine.")
    exponent = max(left.exponent, right.exponent)
    rows = left.rows + right.rows - left.without - right.without
    while len({*_keys(left, exponent), *_keys(right, exponent)}) > most_cells(rows):
        exponent += 1
    cells: dict[int, Any] = {}
    for side in (left, right):
        for key, state in side.cells.items():
            at = key >> (exponent - side.exponent)
            cells[at] = state if at not in cells else inner.combine(cells[at], state)
    ordered = dict(sorted(cells.items()))
    return replace(
        left, exponent=exponent, cells=ordered, rows=left.rows + right.rows, without=left.without + right.without
    )


def _keys(cells: Cells, exponent: int) -> set[int]:
    return {key >> (exponent - cells.exponent) for key in cells.cells}


def to_bytes(cells: Cells, inner: Analysis[Any, Any]) -> bytes:
    """Npz without pickles: the bytes of each cell's state one after the other."""
    parts = [inner.to_bytes(state) for state in cells.cells.values()]
    head = {name: getattr(cells, name) for name in ("of", "by", "exponent", "rows", "without", "narrowed")}
    arrays: dict[str, NDArray[Any]] = {
        "keys": np.array(list(cells.cells), np.int64),
        "ends": np.cumsum([len(part) for part in parts], dtype=np.int64),
        "states": np.frombuffer(b"".join(parts), np.uint8),
    }
    return npz.write(arrays, head)


def from_bytes(data: bytes, known: Mapping[str, Analysis[Any, Any]]) -> Cells:
    """The cells from their bytes."""
    arrays = npz.read(data)
    head: dict[str, Any] = json.loads(arrays["head"].tobytes())
    inner, whole, begin = known[head["of"]], arrays["states"].tobytes(), 0
    found: dict[int, Any] = {}
    for key, end in zip(arrays["keys"].tolist(), arrays["ends"].tolist(), strict=True):
        found[key] = inner.from_bytes(whole[begin:end])
        begin = end
    return Cells(cells=found, **head)
