"""One pass over a segment of rows: the observing half of the ranking."""

from __future__ import annotations

import numpy as np

from engine.analysis.arrays import Flags, Floats, Hashes, Ints
from engine.analysis.ranking.state import (
    PROMPTS_KEPT,
    SHOWN_FIELDS,
    SLICE_BUCKETS,
    SLICE_PROMPTS_KEPT,
    SLICE_VALUES,
    RankingState,
    SliceColumn,
    empty_state,
    folded,
)
from engine.analysis.shapes import Table
from engine.analysis.sketch import DistinctCount
from engine.types import FINE_BUCKETS, Rows


def observe(rows: Rows) -> RankingState:
    """The state of one segment. Rows that do not name two different items are counted and left out."""
    if not len(rows):
        return empty_state()
    items, a, b = _items(rows)
    label = rows.columns["label"]
    named = (a >= 0) & (b >= 0) & (a != b) & np.isfinite(label)
    bucket = rows.columns["bucket"].astype(np.int64)
    cell, fields = _pairs(a[named], b[named], label[named], len(items))
    prompt_hash = rows.columns["prompt_hash"][named]
    prompts = DistinctCount.of(prompt_hash, PROMPTS_KEPT)
    pairs = folded(Table.of_rows(FINE_BUCKETS, len(items) ** 2, bucket[named], cell, fields), prompts)
    columns, untracked = {}, set()
    for name, (codes, values) in rows.slices.items():
        if len(values) > SLICE_VALUES:
            untracked.add(name)
        else:
            columns[name] = _column(codes[named], values, bucket[named], cell, fields, prompt_hash, len(items))
    shown = _shown(rows, bucket, label, named).fold(pairs.buckets)
    return RankingState(items, pairs, shown, prompts, columns, frozenset(untracked))


def _items(rows: Rows) -> tuple[tuple[str, ...], Ints, Ints]:
    """The sorted names of all items, and the two of each row as places among them (−1 where it names none)."""
    (a, names_a), (b, names_b) = rows.names["item_a"], rows.names["item_b"]
    items = tuple(sorted({*names_a, *names_b}))
    at = {item: index for index, item in enumerate(items)}
    places = [np.array([*(at[name] for name in names), -1], np.int64) for names in (names_a, names_b)]
    return items, places[0][a], places[1][b]


def _pairs(a: Ints, b: Ints, label: Floats, items: int) -> tuple[Ints, list[Floats | Flags]]:
    """The cell of each row, and for the item that comes first in the alphabet: its wins; whether it is a tie."""
    swapped = a > b
    cell = np.where(swapped, b * items + a, a * items + b)
    return cell, [np.where(swapped, 1 - label, label), label == 0.5]


def _shown(rows: Rows, bucket: Ints, label: Floats, named: Flags) -> Table:
    first = rows.columns["first"]
    known = (first >= 0) & named
    won = np.where(known, np.where(first == 1, label, 1 - label), 0.0)
    fields: list[Floats | Flags] = [known, won, ~named]
    assert len(fields) == len(SHOWN_FIELDS) - 1
    return Table.of_rows(FINE_BUCKETS, 1, bucket, np.zeros(len(bucket), np.int64), fields)


def _column(
    codes: Ints,
    values: list[str],
    bucket: Ints,
    cell: Ints,
    fields: list[Floats | Flags],
    prompt_hash: Hashes,
    items: int,
) -> SliceColumn:
    kept = codes >= 0
    place = codes[kept].astype(np.int64) * SLICE_BUCKETS + bucket[kept] % SLICE_BUCKETS
    table = Table.of_rows(len(values) * SLICE_BUCKETS, items**2, place, cell[kept], [field[kept] for field in fields])
    sketches = (DistinctCount.of(prompt_hash[codes == code], SLICE_PROMPTS_KEPT) for code in range(len(values)))
    return SliceColumn(tuple(values), table, tuple(sketches))
