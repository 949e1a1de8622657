"""One pass over a segment of rows: the observing half of the ranking."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.analysis.arrays import Flags, Floats, Hashes, Ints
from engine.analysis.ranking.columns import SLICE_BUCKETS, SLICE_PROMPTS_KEPT, SLICE_VALUES, SliceColumn
from engine.analysis.ranking.sample import NO_BOUND, StyleSample
from engine.analysis.ranking.state import (
    MOST_ITEMS,
    PROMPTS_KEPT,
    SHOWN_FIELDS,
    RankingState,
    crowded,
    empty_state,
    folded,
)
from engine.analysis.shapes import COARSE_BUCKETS, Table
from engine.analysis.sketch import DistinctCount
from engine.errors import InputRefused
from engine.types import FINE_BUCKETS, Rows


@dataclass(frozen=True)
class Block:
    """The rows that name two different items and have a label; `low` < `high` are places among `items`."""

    items: int
    bucket: Ints
    prompt: Hashes
    low: Ints
    high: Ints
    wins: Floats
    ties: Flags

    @property
    def cell(self) -> Ints:
        """The pair of each row."""
        return self.low * self.items + self.high


def observe(rows: Rows) -> RankingState:
    """The state of one segment. Rows that do not name two different items, or have no label, are left out and counted.

    Raises InputRefused for a label outside [0, 1].
    """
    if not len(rows):
        return empty_state()
    items, a, b = _items(rows)
    label = _label(rows)
    named = (a >= 0) & (b >= 0) & (a != b) & ~np.isnan(label)
    prompt = np.asarray(rows.columns.get("prompt_hash", rows.columns["row_hash"]))
    prompts = DistinctCount.of(prompt[named], PROMPTS_KEPT)
    buckets = FINE_BUCKETS if prompts.count <= FINE_BUCKETS else COARSE_BUCKETS
    bucket = rows.columns["bucket"].astype(np.int64)
    shown = _shown(rows, label, named)
    order = Table.of_rows(buckets, 1, bucket % buckets, np.zeros(len(rows), np.int64), shown)
    if len(items) > MOST_ITEMS:
        return crowded(prompts, order)
    swapped = a > b
    wins = np.where(swapped, 1 - label, label)[named]
    low, high = np.minimum(a, b)[named], np.maximum(a, b)[named]
    block = Block(len(items), bucket[named], prompt[named], low, high, wins, (label == 0.5)[named])
    pairs = folded(Table.of_rows(buckets, len(items) ** 2, block.bucket % buckets, block.cell, _fields(block)), prompts)
    columns, untracked = {}, set()
    for name, (codes, values) in sorted(rows.slices.items()):
        if len(values) > SLICE_VALUES:
            untracked.add(name)
        else:
            columns[name] = _column(codes[named], values, block, [field[named] for field in shown])
    sample = _sample(rows, named, block, a, b)
    return RankingState(items, pairs, order.fold(pairs.buckets), prompts, sample, columns, frozenset(untracked))


def _items(rows: Rows) -> tuple[tuple[str, ...], Ints, Ints]:
    """The sorted names of the items, and the two of each row as places among them (−1 where it names none)."""
    (a, names_a), (b, names_b) = rows.names["item_a"], rows.names["item_b"]
    items = tuple(sorted({*names_a, *names_b}))
    at = {item: index for index, item in enumerate(items)}
    places = [np.array([*(at[name] for name in names), -1], np.int64) for names in (names_a, names_b)]
    return items, places[0][a], places[1][b]


def _label(rows: Rows) -> Floats:
    label = np.asarray(rows.columns["label"], float)
    if ((label < 0) | (label > 1)).any():
        raise InputRefused("Column 'label' holds values outside [0, 1].", field="label")
    return label


def _fields(block: Block) -> list[Floats | Flags]:
    return [block.wins, block.ties]


def _shown(rows: Rows, label: Floats, named: Flags) -> list[Floats | Flags]:
    """Row values in the order of SHOWN_FIELDS, without the count."""
    first = rows.columns.get("first")
    known = np.zeros(len(label), np.bool_) if first is None else (first >= 0) & named
    won = np.where(known, np.where(first == 1, label, 1 - label), 0.0) if known.any() else np.zeros(len(label))
    fields: list[Floats | Flags] = [known, won, ~named]
    assert len(fields) == len(SHOWN_FIELDS) - 1
    return fields


def _column(codes: Ints, values: list[str], block: Block, shown: list[Floats | Flags]) -> SliceColumn:
    """The column over its sorted values."""
    order = sorted(range(len(values)), key=values.__getitem__)
    rank = np.full(len(values) + 1, -1, np.int64)
    rank[order] = np.arange(len(values))
    code = rank[codes]
    kept = code >= 0
    code, bucket = code[kept], block.bucket[kept] % SLICE_BUCKETS
    square = block.items**2
    cell = code * square + block.cell[kept]
    prompt = block.prompt[kept]
    return SliceColumn(
        tuple(values[index] for index in order),
        Table.of_rows(SLICE_BUCKETS, len(values) * square, bucket, cell, [field[kept] for field in _fields(block)]),
        Table.of_rows(SLICE_BUCKETS, len(values), bucket, code, [field[kept] for field in shown]),
        tuple(DistinctCount.of(prompt[code == value], SLICE_PROMPTS_KEPT) for value in range(len(values))),
    ).folded()


def _sample(rows: Rows, named: Flags, block: Block, a: Ints, b: Ints) -> StyleSample:
    """The rows of known style, as many as are kept."""
    features = {name: _difference(*sides)[named] for name, sides in sorted(rows.styles.items()) if len(sides) == 2}
    if not features:
        return StyleSample.empty()
    known = np.asarray(np.isfinite(np.stack(list(features.values()))).any(axis=0))
    label = rows.columns["label"][named]
    everything = StyleSample(
        NO_BOUND, block.prompt, block.bucket, a[named], b[named], np.asarray(label, float), features
    )
    return everything.where(known).trimmed()


def _difference(a: Floats, b: Floats) -> Floats:
    """(a − b) / (|a| + |b|), 0 where both are 0, NaN where one is unknown or infinite."""
    size = np.abs(a) + np.abs(b)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(size == 0, 0.0, (a - b) / np.where(size == 0, 1.0, size)))
