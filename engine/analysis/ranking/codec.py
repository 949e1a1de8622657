"""Bytes of a ranking state: one npz without pickles."""

from __future__ import annotations

import json

import numpy as np

from engine.analysis import npz
from engine.analysis.npz import Arrays
from engine.analysis.ranking.columns import SLICE_PROMPTS_KEPT, SliceColumn
from engine.analysis.ranking.sample import StyleSample
from engine.analysis.ranking.state import PROMPTS_KEPT, RankingState
from engine.analysis.sketch import DistinctCount

ROW_ARRAYS = ("prompt", "bucket", "a", "b", "label")


def to_bytes(state: RankingState) -> bytes:
    """The state as npz; the same state gives the same bytes."""
    arrays: Arrays = {"prompts": state.prompts.smallest}
    npz.put_table(arrays, "pairs", state.pairs)
    npz.put_table(arrays, "shown", state.shown)
    for name in ROW_ARRAYS:
        arrays[f"sample.{name}"] = getattr(state.sample, name)
    for place, values in enumerate(state.sample.features.values()):
        arrays[f"sample.feature.{place}"] = values
    for place, column in enumerate(state.columns.values()):
        npz.put_table(arrays, f"{place}.pairs", column.pairs)
        npz.put_table(arrays, f"{place}.shown", column.shown)
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
    return npz.write(arrays, head)


def from_bytes(data: bytes) -> RankingState:
    """The state from its bytes."""
    arrays = npz.read(data)
    head = json.loads(arrays["head"].tobytes())
    features = {name: arrays[f"sample.feature.{place}"] for place, name in enumerate(head["features"])}
    prompt, bucket, a, b, label = (arrays[f"sample.{name}"] for name in ROW_ARRAYS)
    return RankingState(
        items=tuple(head["items"]),
        pairs=npz.get_table(arrays, "pairs"),
        shown=npz.get_table(arrays, "shown"),
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
    return SliceColumn(values, npz.get_table(arrays, f"{name}.pairs"), npz.get_table(arrays, f"{name}.shown"), sketches)
