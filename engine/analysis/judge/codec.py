"""Bytes of a judge state: one npz without pickles."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.analysis import npz
from engine.analysis.judge.state import SLICE_PROMPTS_KEPT, JudgeState, SliceColumn
from engine.analysis.shapes import Table, UnitSums
from engine.analysis.sketch import DistinctCount, WorstRows

Arrays = dict[str, NDArray[Any]]


def to_bytes(state: JudgeState) -> bytes:
    """The state as npz; the same state gives the same bytes."""
    arrays: Arrays = {
        "prompts": state.prompts.smallest,
        "drawn": state.drawn.smallest,
        "against.row_hash": state.against.row_hash,
        "against.confidence": state.against.confidence,
        "unsure.row_hash": state.unsure.row_hash,
        "unsure.confidence": state.unsure.confidence,
        "orders.unit": state.orders.unit,
        "orders.member": state.orders.member,
        "orders.bucket": state.orders.bucket,
        "orders.sums": state.orders.sums,
    }
    _put_table(arrays, "verdicts", state.verdicts)
    _put_table(arrays, "wins", state.wins)
    for index, column in enumerate(state.columns.values()):
        _put_table(arrays, f"{index}.verdicts", column.verdicts)
        _put_table(arrays, f"{index}.wins", column.wins)
        arrays[f"{index}.sizes"] = np.array([len(sketch.smallest) for sketch in column.prompts], np.int64)
        arrays[f"{index}.prompts"] = np.concatenate(
            [np.zeros(0, np.uint64), *(sketch.smallest for sketch in column.prompts)]
        )
    head = {
        "judges": state.judges,
        "items": state.items,
        "members": state.orders.members,
        "columns": {name: list(column.values) for name, column in state.columns.items()},
        "untracked": sorted(state.untracked),
        "left_out": state.left_out,
        "narrowed": state.narrowed,
        "kept": [state.prompts.size, state.drawn.size, state.against.size, state.unsure.size],
    }
    arrays["head"] = np.frombuffer(json.dumps(head).encode(), np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def from_bytes(data: bytes) -> JudgeState:
    """The state from its bytes."""
    arrays = npz.read(data)
    head = json.loads(arrays["head"].tobytes())
    prompts, drawn, against, unsure = head["kept"]
    orders = (arrays[f"orders.{name}"] for name in ("unit", "member", "bucket", "sums"))
    return JudgeState(
        tuple(head["judges"]),
        tuple(head["items"]),
        _get_table(arrays, "verdicts"),
        _get_table(arrays, "wins"),
        UnitSums(tuple(head["members"]), *orders),
        DistinctCount(prompts, arrays["prompts"]),
        WorstRows(against, arrays["against.row_hash"], arrays["against.confidence"]),
        WorstRows(unsure, arrays["unsure.row_hash"], arrays["unsure.confidence"]),
        DistinctCount(drawn, arrays["drawn"]),
        {
            name: _get_column(arrays, str(index), tuple(values))
            for index, (name, values) in enumerate(head["columns"].items())
        },
        frozenset(head["untracked"]),
        head["left_out"],
        head["narrowed"],
    )


def _get_column(arrays: Arrays, name: str, values: tuple[str, ...]) -> SliceColumn:
    ends = np.cumsum(arrays[f"{name}.sizes"])
    parts = np.split(arrays[f"{name}.prompts"], ends[:-1]) if len(ends) else []
    sketches = tuple(DistinctCount(SLICE_PROMPTS_KEPT, part) for part in parts)
    return SliceColumn(values, _get_table(arrays, f"{name}.verdicts"), _get_table(arrays, f"{name}.wins"), sketches)


def _put_table(arrays: Arrays, name: str, table: Table) -> None:
    arrays[f"{name}.shape"] = np.array([table.buckets, table.cells])
    arrays[f"{name}.keys"] = table.keys
    arrays[f"{name}.sums"] = table.sums


def _get_table(arrays: Arrays, name: str) -> Table:
    buckets, cells = (int(size) for size in arrays[f"{name}.shape"])
    return Table(buckets, cells, arrays[f"{name}.keys"], arrays[f"{name}.sums"])
