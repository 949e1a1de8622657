"""Bytes of a state of the comparison: one npz without pickles."""

from __future__ import annotations

import json
from typing import Any

from numpy.typing import NDArray

from engine.analysis import npz
from engine.analysis.compare.state import CompareState, RowSample, SliceColumn
from engine.analysis.shapes import UnitSums


def to_bytes(state: CompareState) -> bytes:
    """The state as npz; the same state gives the same bytes."""
    arrays: dict[str, NDArray[Any]] = {f"sums.{name}": getattr(state.sums, name) for name in _SUMS}
    arrays |= {f"sample.{name}": getattr(state.sample, name) for name in _SAMPLE}
    for index, column in enumerate(state.columns.values()):
        arrays[f"{index}.unit"] = column.unit
        arrays[f"{index}.code"] = column.code
    head = {
        "members": list(state.sums.members),
        "columns": {name: list(column.values) for name, column in state.columns.items()},
        **{name: getattr(state, name) for name in _HEAD},
    }
    return npz.write(arrays, head)


_SUMS = ("unit", "member", "bucket", "sums")
_SAMPLE = ("unit", "member", "row", "strength")
_HEAD = ("paired", "scale", "rows", "left_out", "sampled", "narrowed")


def from_bytes(data: bytes) -> CompareState:
    """The state from its bytes."""
    arrays = npz.read(data)
    head = json.loads(arrays["head"].tobytes())
    columns = {
        name: SliceColumn(tuple(values), arrays[f"{index}.unit"], arrays[f"{index}.code"])
        for index, (name, values) in enumerate(head["columns"].items())
    }
    return CompareState(
        sums=UnitSums(tuple(head["members"]), *(arrays[f"sums.{name}"] for name in _SUMS)),
        sample=RowSample(*(arrays[f"sample.{name}"] for name in _SAMPLE)),
        columns=columns,
        **{name: head[name] for name in _HEAD},
    )
