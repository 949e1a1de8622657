"""Bytes of a ranking state: one npz without pickles."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.analysis import npz
from engine.analysis.ranking.columns import SLICE_PROMPTS_KEPT, SliceColumn
from engine.analysis.ranking.sample import StyleSample
from engine.analysis.ranking.state import PROMPTS_KEPT, RankingState
from engine.analysis.shapes import Table
from engine.analysis.sketch import DistinctCount

Arrays = dict[str, NDArray[Any]]
ROW_ARRAYS = ("prompt", "bucket", "a", "b", "label")


def to_bytes(state: RankingState) -> bytes:
    """The state as npz; the same state gives the same bytes."""
    arrays: Arrays = {"prompts": state.prompts.smallest}
    _put_table(arrays, "pairs", state.pairs)
    _put_table(arrays, "shown", state.shown)
    for name in ROW_ARRAYS:
        arrays[f"sample.{name}"] = getattr(state.sample, name)
    for place, values in enumerate(state.sample.features.values()):
        arrays[f"sample.feature.{place}"] = values
    for place, column in enumerate(state.columns.values()):
        _put_table(arrays, f"{place}.pairs", column.pairs)
        _put_table(arrays, f"{place}.shown", column.shown)
        sizes = [len(sketch.smallest) for sketch in column.prompts]
        arrays[f"{place}.prompts.sizes"] = np.array(sizes, np.int64)
        smallest = [np.zeros(0, np.uint64), *(sketch.smallest for sketch in column.prompts)]
        arrays[f"{place}.prompts"] = np.concatenate(smallest)
    head = {
        "items": list(state.items),
        "narrowed": state.narrowed,
        "untracked": sorted(state.untracked),
        "crowded": state.crowded,
        "bound": state.sample.bound,
        "features": list(state.sample.features),
        "columns": {name: list(column.values) for name, column in state.columns.items()},
    }
    arrays["head"] = np.frombuffer(json.dumps(head).encode(), np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def from_bytes(data: bytes) -> RankingState:
    """The state from its bytes."""
    arrays = npz.read(data)
    head = json.loads(arrays["head"].tobytes())
    features = {name: arrays[f"sample.feature.{place}"] for place, name in enumerate(head["features"])}
    prompt, bucket, a, b, label = (arrays[f"sample.{name}"] for name in ROW_ARRAYS)
    return RankingState(
        items=tuple(head["items"]),
        pairs=_get_table(arrays, "pairs"),
        shown=_get_table(arrays, "shown"),
        prompts=DistinctCount(PROMPTS_KEPT, arrays["prompts"]),
        sample=StyleSample(head["bound"], prompt, bucket, a, b, label, features),
        columns={
            name: _get_column(arrays, f"{place}", tuple(values))
            for place, (name, values) in enumerate(head["columns"].items())
        },
        untracked=frozenset(head["untracked"]),
        narrowed=head["narrowed"],
        crowded=head["crowded"],
    )


def _get_column(arrays: Arrays, name: str, values: tuple[str, ...]) -> SliceColumn:
    ends = np.cumsum(arrays[f"{name}.prompts.sizes"])[:-1]
    prompts = np.split(arrays[f"{name}.prompts"], ends) if values else []
    sketches = tuple(DistinctCount(SLICE_PROMPTS_KEPT, smallest) for smallest in prompts)
    return SliceColumn(values, _get_table(arrays, f"{name}.pairs"), _get_table(arrays, f"{name}.shown"), sketches)


def _put_table(arrays: Arrays, name: str, table: Table) -> None:
    arrays[f"{name}.shape"] = np.array([table.buckets, table.cells])
    arrays[f"{name}.keys"] = table.keys
    arrays[f"{name}.sums"] = table.sums


def _get_table(arrays: Arrays, name: str) -> Table:
    buckets, cells = (int(size) for size in arrays[f"{name}.shape"])
    return Table(buckets, cells, arrays[f"{name}.keys"], arrays[f"{name}.sums"])
