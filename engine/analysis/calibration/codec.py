"""Bytes of a calibration state: one npz without pickles."""

from __future__ import annotations

import json

import numpy as np
from numpy.typing import NDArray

from engine.analysis import npz
from engine.analysis.calibration.state import (
    SLICE_PROMPTS_KEPT,
    SLICE_WORST_KEPT,
    CalibrationState,
    SliceColumn,
)
from engine.analysis.npz import Arrays
from engine.analysis.sketch import DistinctCount, WorstRows


def to_bytes(state: CalibrationState) -> bytes:
    """The state as npz; the same state gives the same bytes."""
    arrays: Arrays = {"prompts": state.prompts.smallest}
    npz.put_table(arrays, "cells", state.cells)
    npz.put_table(arrays, "moments", state.moments)
    _put_worst(arrays, "worst", [state.worst])
    for index, column in enumerate(state.columns.values()):
        npz.put_table(arrays, f"{index}.cells", column.cells)
        npz.put_table(arrays, f"{index}.moments", column.moments)
        _put_worst(arrays, f"{index}.worst", list(column.worst))
        _put_many(arrays, f"{index}.prompts", [sketch.smallest for sketch in column.prompts])
    head = {
        "paired": state.paired,
        "scale": state.scale,
        "narrowed": state.narrowed,
        "untracked": sorted(state.untracked),
        "columns": {name: list(column.values) for name, column in state.columns.items()},
        "kept": [state.prompts.size, state.worst.size],
    }
    return npz.write(arrays, head)


def from_bytes(data: bytes) -> CalibrationState:
    """The state from its bytes."""
    arrays = npz.read(data)
    head = json.loads(arrays["head"].tobytes())
    prompts_kept, worst_kept = head["kept"]
    return CalibrationState(
        paired=head["paired"],
        scale=head["scale"],
        cells=npz.get_table(arrays, "cells"),
        moments=npz.get_table(arrays, "moments"),
        prompts=DistinctCount(prompts_kept, arrays["prompts"]),
        worst=_get_worst(arrays, "worst", worst_kept)[0],
        columns={
            name: _get_column(arrays, f"{index}", tuple(values))
            for index, (name, values) in enumerate(head["columns"].items())
        },
        untracked=frozenset(head["untracked"]),
        narrowed=head["narrowed"],
    )


def _get_column(arrays: Arrays, name: str, values: tuple[str, ...]) -> SliceColumn:
    prompts = _get_many(arrays, f"{name}.prompts")
    return SliceColumn(
        values,
        npz.get_table(arrays, f"{name}.cells"),
        npz.get_table(arrays, f"{name}.moments"),
        tuple(DistinctCount(SLICE_PROMPTS_KEPT, smallest) for smallest in prompts),
        tuple(_get_worst(arrays, f"{name}.worst", SLICE_WORST_KEPT)),
    )


def _put_worst(arrays: Arrays, name: str, worst: list[WorstRows]) -> None:
    _put_many(arrays, f"{name}.row_hash", [rows.row_hash for rows in worst])
    arrays[f"{name}.confidence"] = np.concatenate([rows.confidence for rows in worst] or [np.zeros(0)])


def _get_worst(arrays: Arrays, name: str, size: int) -> list[WorstRows]:
    row_hash = _get_many(arrays, f"{name}.row_hash")
    ends = np.cumsum([len(rows) for rows in row_hash])
    confidence = np.split(arrays[f"{name}.confidence"], ends[:-1]) if len(ends) else []
    return [WorstRows(size, rows, values) for rows, values in zip(row_hash, confidence, strict=True)]


def _put_many(arrays: Arrays, name: str, parts: list[NDArray[np.uint64]]) -> None:
    arrays[f"{name}.sizes"] = np.array([len(part) for part in parts], np.int64)
    arrays[name] = np.concatenate(parts) if parts else np.zeros(0, np.uint64)


def _get_many(arrays: Arrays, name: str) -> list[NDArray[np.uint64]]:
    sizes = arrays[f"{name}.sizes"]
    return list(np.split(arrays[name], np.cumsum(sizes)[:-1])) if len(sizes) else []
