"""One pass over a segment of rows: the observing half of the ranking."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engine.analysis.arrays import Flags, Floats, Hashes, Ints
from engine.analysis.ranking.columns import SLICE_BUCKETS, SLICE_PROMPTS_KEPT, SliceColumn
from engine.analysis.ranking.sample import NO_BOUND, StyleSample
from engine.analysis.ranking.state import (
    FEWEST_BUCKETS,
    FINE_KEYS,
    MOST_ITEMS,
    PROMPTS_KEPT,
    SHOWN_FIELDS,
    RankingState,
    crowded,
    empty_state,
)
from engine.analysis.shapes import COARSE_BUCKETS, SPARSE_BELOW, Table
from engine.analysis.sketch import DistinctCount
from engine.analysis.slicing import SLICE_VALUES
from engine.errors import InputRefused
from engine.types import FINE_BUCKETS, Rows


@dataclass(frozen=True)
class Block:
    """The rows that name two different items and have a label: their pair, and what the first of the two won.

    `cell` is low · items + high; `wins` in [0, 1], ½ for a tie.
    """

    items: int
    bucket: Ints
    cell: Ints
    wins: Floats

    @cached_property
    def outcome(self) -> Ints | None:
        """0, 1 (a tie) or 2 where every row is decided or tied; None where labels are means of votes."""
        double = self.wins + self.wins
        whole = double.astype(np.int64)
        return whole if (whole == double).all() else None


def observe(rows: Rows) -> RankingState:
    """The state of one segment. Rows that do not name two different items, or have no label, are left out and counted.

    Raises InputRefused for a label outside [0, 1].
    """
    if not len(rows):
        return empty_state()
    items, a, b = _items(rows)
    label = _label(rows)
    named = (a >= 0) & (b >= 0) & (a != b) & ~np.isnan(label)
    chosen = slice(None) if named.all() else np.flatnonzero(named)
    prompt = np.asarray(rows.columns.get("prompt_hash", rows.columns["row_hash"]))[chosen]
    prompts = DistinctCount.of(prompt, PROMPTS_KEPT)
    buckets = FINE_BUCKETS if prompts.count <= FINE_BUCKETS else COARSE_BUCKETS
    bucket = rows.columns["bucket"].astype(np.int64)
    shown = _shown(rows, label, named)
    order = Table.of_rows(buckets, 1, _of(bucket, buckets), np.zeros(len(rows), np.int64), shown)
    if len(items) > MOST_ITEMS:
        return crowded(prompts, order)
    block = block_of(len(items), bucket[chosen], a[chosen], b[chosen], label[chosen])
    pairs = pairs_of(block, buckets)
    columns, untracked = {}, set()
    for name, (codes, values) in sorted(rows.slices.items()):
        if len(values) > SLICE_VALUES:
            untracked.add(name)
        else:
            columns[name] = _column(codes[chosen], values, block, prompt, [field[chosen] for field in shown])
    features = {
        name: _difference(*(side[chosen] for side in sides))
        for name, sides in sorted(rows.styles.items())
        if len(sides) == 2
    }
    sample = _sample(features, prompt, block.bucket, a[chosen], b[chosen], label[chosen])
    return RankingState(items, pairs, order.fold(pairs.buckets), prompts, sample, columns, frozenset(untracked))


def _of(bucket: Ints, buckets: int) -> Ints:
    """`bucket` mod `buckets`, a power of two: in a tenth of the time of a division."""
    return bucket & (buckets - 1)


def block_of(items: int, bucket: Ints, a: Ints, b: Ints, label: Floats) -> Block:
    """Rows of the items `a` and `b`, different numbers below `items`, with P(a preferred)."""
    swapped = a > b
    cell = np.where(swapped, b, a) * np.int64(items) + np.where(swapped, a, b)
    return Block(items, bucket, cell, np.where(swapped, 1 - label, label))


def pairs_of(block: Block, buckets: int) -> Table:
    """Rows, wins and ties by bucket and pair, in as many buckets as `state.folded` leaves.

    Summing again takes less time than folding.
    """
    pairs = _summed(block, buckets)
    for fewer in (COARSE_BUCKETS, FEWEST_BUCKETS):
        if pairs.buckets > fewer and len(pairs.keys) > FINE_KEYS:
            pairs = _summed(block, fewer)
    return pairs


def _summed(block: Block, buckets: int, chosen: Ints | None = None, code: Ints | None = None, codes: int = 1) -> Table:
    """Rows, wins and ties by bucket and cell; of some of the rows, whose cell is `code` · items² + pair.

    Outcomes are packed below the keys, and one sort (or count) of whole numbers gives all three sums.
    """
    bucket, cell, wins = _of(block.bucket, buckets), block.cell, block.wins
    outcome, cells = block.outcome, codes * block.items**2
    if chosen is not None and code is not None:
        bucket, cell, wins = bucket[chosen], code * block.items**2 + cell[chosen], wins[chosen]
        outcome = None if outcome is None else outcome[chosen]
    if outcome is None:
        return Table.of_rows(buckets, cells, bucket, cell, [wins, wins == 0.5])
    key = ((bucket * cells + cell) << 2) | outcome
    if len(key) >= SPARSE_BELOW * buckets * cells:
        count = np.bincount(key, minlength=4 * buckets * cells)
        key = np.flatnonzero(count)
        count = count[key]
    else:
        key.sort()
        starts = np.flatnonzero(np.append(True, key[1:] != key[:-1])[: len(key)])
        count, key = np.diff(starts, append=len(key)), key[starts]
    keys, of_key = key >> 2, key & 3
    starts = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])[: len(keys)])
    sums = np.stack([count, count * of_key / 2, count * (of_key == 1)])
    return Table(buckets, cells, keys[starts], np.add.reduceat(sums, starts, axis=1) if len(starts) else sums)


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


def _shown(rows: Rows, label: Floats, named: Flags) -> list[Floats | Flags]:
    """Row values in the order of SHOWN_FIELDS, without the count."""
    first = rows.columns.get("first")
    known = np.zeros(len(label), np.bool_) if first is None else (first >= 0) & named
    won = np.where(known, np.where(first == 1, label, 1 - label), 0.0) if known.any() else np.zeros(len(label))
    fields: list[Floats | Flags] = [known, won, ~named]
    assert len(fields) == len(SHOWN_FIELDS) - 1
    return fields


def _column(
    codes: NDArray[np.int32], values: list[str], block: Block, prompt: Hashes, shown: list[Floats | Flags]
) -> SliceColumn:
    """The column over its sorted values."""
    order = sorted(range(len(values)), key=values.__getitem__)
    rank = np.full(len(values) + 1, -1, np.int64)
    rank[order] = np.arange(len(values))
    code = rank[codes]
    kept = np.flatnonzero(code >= 0)
    code, bucket, prompt = code[kept], _of(block.bucket[kept], SLICE_BUCKETS), prompt[kept]
    return SliceColumn(
        tuple(values[index] for index in order),
        _summed(block, SLICE_BUCKETS, kept, code, len(values)),
        Table.of_rows(SLICE_BUCKETS, len(values), bucket, code, [field[kept] for field in shown]),
        tuple(DistinctCount.of(prompt[code == value], SLICE_PROMPTS_KEPT) for value in range(len(values))),
    ).folded()


def _sample(features: dict[str, Floats], prompt: Hashes, bucket: Ints, a: Ints, b: Ints, label: Floats) -> StyleSample:
    """The rows of known style, as many as are kept."""
    if not features:
        return StyleSample.empty()
    known = np.asarray(np.isfinite(np.stack(list(features.values()))).any(axis=0))
    return StyleSample(NO_BOUND, prompt, bucket, a, b, label, features).where(known).trimmed()


def _difference(a: Floats, b: Floats) -> Floats:
    """(a − b) / (|a| + |b|), 0 where both are 0, NaN where one is unknown or infinite."""
    size = np.abs(a) + np.abs(b)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(size == 0, 0.0, (a - b) / np.where(size == 0, 1.0, size)))
