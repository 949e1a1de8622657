"""Bytes of a judge state: one npz without pickles."""

from __future__ import annotations

import json

import numpy as np

from engine.analysis import npz
from engine.analysis.judge.state import SLICE_PROMPTS_KEPT, JudgeState, SliceColumn
from engine.analysis.npz import Arrays
from engine.analysis.shapes import UnitSums
from engine.analysis.sketch import DistinctCount, WorstRows


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
    npz.put_table(arrays, "verdicts", state.verdicts)
    npz.put_table(arrays, "wins", state.wins)
    for index, column in enumerate(state.columns.values()):
        npz.put_table(arrays, f"{index}.verdicts", column.verdicts)
        npz.put_table(arrays, f"{index}.wins", column.wins)
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
    return npz.write(arrays, head)


def from_bytes(data: bytes) -> JudgeState:
    """The state from its bytes."""
    arrays = npz.read(data)
    head = json.loads(arrays["head"].tobytes())
    prompts, drawn, against, unsure = head["kept"]
    orders = (arrays[f"orders.{name}"] for name in ("unit", "member", "bucket", "sums"))
    return JudgeState(
        tuple(head["judges"]),
        tuple(head["items"]),
        npz.get_table(arrays, "verdicts"),
        npz.get_table(arrays, "wins"),
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
    return SliceColumn(
        values, npz.get_table(arrays, f"{name}.verdicts"), npz.get_table(arrays, f"{name}.wins"), sketches
    )
