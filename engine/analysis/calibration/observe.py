"""One pass over a segment of rows: the observing half of calibration."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
from scipy.special import xlog1py, xlogy

from engine.analysis.arrays import Flags, Floats, Hashes, Ints
from engine.analysis.calibration.state import (
    CONJUNCTION,
    CONJUNCTION_VALUES,
    LOGIT_LIMIT,
    MOMENT_FIELDS,
    PROMPTS_KEPT,
    SLICE_BUCKETS,
    SLICE_PROMPTS_KEPT,
    SLICE_WORST_KEPT,
    WORST_KEPT,
    CalibrationState,
    SliceColumn,
    combine,
    empty_state,
)
from engine.analysis.grid import cells_of, pair_cell, score_cell
from engine.analysis.shapes import COARSE_BUCKETS, Table
from engine.analysis.sketch import DistinctCount, WorstRows
from engine.errors import InputRefused
from engine.types import FINE_BUCKETS, Rows

BLOCK = 1 << 20
"""Rows taken at a time: bounds memory at about 200 MB whatever the segment."""

CONJOINED_COLUMNS = 4


@dataclass(frozen=True)
class Block:
    """Rows with everything that sums need: `cell_fields` and `moment_fields` without the count."""

    bucket: Ints
    cell: Ints
    cell_fields: list[Floats]
    moment_fields: list[Floats | Flags]
    row_hash: Hashes
    prompt_hash: Hashes
    confidence: Floats
    wrong: Flags


def observe(rows: Rows, scale: float) -> CalibrationState:
    """The state of one segment. Raises InputRefused for values outside their range."""
    paired = rows.kind == "comparison"
    state = empty_state(paired, scale)
    for part in _blocks(rows):
        block = _pairs(part) if paired else _scores(part, scale)
        state = combine(state, _observe_block(part, block, paired, scale))
    return state


def _blocks(rows: Rows) -> Iterator[Rows]:
    for start in range(0, len(rows), BLOCK):
        cut = slice(start, start + BLOCK)
        columns = {name: column[cut] for name, column in rows.columns.items()}
        slices = {name: (codes[cut], values) for name, (codes, values) in rows.slices.items()}
        yield Rows(rows.kind, columns, slices)


def _observe_block(rows: Rows, block: Block, paired: bool, scale: float) -> CalibrationState:
    prompts = DistinctCount.of(block.prompt_hash, PROMPTS_KEPT)
    buckets = FINE_BUCKETS if prompts.count <= FINE_BUCKETS else COARSE_BUCKETS
    bucket = block.bucket % buckets
    one_cell = np.zeros(len(bucket), np.int64)
    columns, untracked = _slice_codes(rows)
    return CalibrationState(
        paired,
        scale,
        Table.of_rows(buckets, cells_of(paired), bucket, block.cell, block.cell_fields),
        Table.of_rows(buckets, 1, bucket, one_cell, block.moment_fields),
        prompts,
        WorstRows.of(block.row_hash[block.wrong], block.confidence[block.wrong], WORST_KEPT),
        {name: _slice_column(codes, values, block, paired) for name, (codes, values) in columns.items()},
        untracked,
    )


# ------------------------------------------------------------------ row values


def _pairs(rows: Rows) -> Block:
    margin = _finite(rows, "margin")
    label = _probability("label", _finite(rows, "label"))
    strength, ahead, tied = np.abs(margin), margin > 0, margin == 0
    against = np.exp(-strength)
    confidence = 1 / (1 + against)
    p = np.where(ahead, confidence, against * confidence)
    correct = np.where(ahead, label, 1 - label)
    correct[tied] = 0.5
    loss = (1 - label) * margin - np.minimum(margin, 0) + np.log1p(against)
    return _block(
        rows,
        pair_cell(confidence, strength),
        [confidence, correct, strength],
        _moments(rows, p, label, confidence, correct, loss, tied),
        confidence,
        correct < 0.5,
    )


def _scores(rows: Rows, scale: float) -> Block:
    p = _finite(rows, "value") / scale
    if len(p) and not (p.min() >= 0 and p.max() <= 1):
        message = f"Scores from {p.min() * scale:g} to {p.max() * scale:g} do not lie in [0, {scale:g}]: pass scale=…"
        raise InputRefused(message, field="value", code="scale")
    truth = _probability("truth", _finite(rows, "truth"))
    with np.errstate(divide="ignore"):
        logit = np.log(p) - np.log1p(-p)
    confidence = np.maximum(p, 1 - p)
    correct = np.where(p > 0.5, truth, 1 - truth)
    loss = -(xlogy(truth, p) + xlog1py(1 - truth, -p))
    return _block(
        rows,
        score_cell(p, logit),
        [p, truth, np.clip(logit, -LOGIT_LIMIT, LOGIT_LIMIT)],
        _moments(rows, p, truth, confidence, correct, loss, p == 0.5),
        confidence,
        correct < 0.5,
    )


def _block(
    rows: Rows, cell: Ints, cell_fields: list[Floats], moments: list[Floats | Flags], confidence: Floats, wrong: Flags
) -> Block:
    row_hash = rows.columns["row_hash"]
    prompt_hash = rows.columns.get("prompt_hash", row_hash)
    bucket = rows.columns["bucket"].astype(np.int64)
    return Block(bucket, cell, cell_fields, moments, row_hash, prompt_hash, confidence, wrong)


def _moments(
    rows: Rows, p: Floats, y: Floats, confidence: Floats, correct: Floats, loss: Floats, tied: Flags
) -> list[Floats | Flags]:
    """Row values in the order of MOMENT_FIELDS (without the count); flags count as 1."""
    tilt = 1 - 2 * p
    impossible = np.isinf(loss)
    values = [
        confidence,
        correct,
        p,
        y,
        np.square(y),
        np.square(p - y),
        np.where(impossible, 0.0, loss) if impossible.any() else loss,
        impossible,
        (y - p) * tilt,
        np.square(tilt) * p * (1 - p),
        tied,
        y == 0.5,
        *_shown(rows, y),
        *_voted(rows, y),
    ]
    assert len(values) == len(MOMENT_FIELDS) - 1
    return values


def _shown(rows: Rows, y: Floats) -> list[Floats | Flags]:
    """Whether the display order is known, and how much the answer shown first won."""
    first = rows.columns.get("first")
    shown = np.zeros(len(y), np.bool_) if first is None else first >= 0
    if not shown.any():
        return [shown, shown]
    return [shown, np.where(shown, np.where(first == 1, y, 1 - y), 0.0)]


def _voted(rows: Rows, y: Floats) -> list[Floats | Flags]:
    """Whether there are two votes or more, and the share of their pairs that agree."""
    votes = rows.columns.get("votes")
    voted = np.zeros(len(y), np.bool_) if votes is None else votes >= 2
    if votes is None or not voted.any():
        return [voted, voted]
    votes = votes.astype(float)
    ayes = y * votes
    agreeing = ayes * (ayes - 1) + (votes - ayes) * (votes - ayes - 1)
    return [voted, np.where(voted, agreeing / np.maximum(votes * (votes - 1), 1.0), 0.0)]


def _finite(rows: Rows, name: str) -> Floats:
    values = np.asarray(rows.columns[name], dtype=float)
    if not np.isfinite(values).all():
        raise InputRefused(f"Column {name!r} holds values that are not finite numbers.", field=name)
    return values


def _probability(name: str, values: Floats) -> Floats:
    if len(values) and not (values.min() >= 0 and values.max() <= 1):
        raise InputRefused(f"Column {name!r} holds values outside [0, 1].", field=name)
    return values


# ------------------------------------------------------------------ slices

Codes = dict[str, tuple[Ints, tuple[str, ...]]]


def _slice_codes(rows: Rows) -> tuple[Codes, frozenset[str]]:
    """Codes of every column and of the cheap conjunctions (values sorted), and the conjunctions that are too large."""
    columns = {name: _sorted_values(codes, values) for name, (codes, values) in sorted(rows.slices.items())}
    joined, untracked = {}, set()
    small = [name for name, (_, values) in columns.items() if 1 < len(values) ** 2 <= CONJUNCTION_VALUES]
    for left, right in combinations(columns, 2):
        name = left + CONJUNCTION + right
        if {left, right} <= set(small[:CONJOINED_COLUMNS]):
            joined[name] = _conjunction(columns[left], columns[right])
        else:
            untracked.add(name)
    return columns | joined, frozenset(untracked)


def _sorted_values(
    codes: np.ndarray[tuple[int], np.dtype[np.int32]], values: list[str]
) -> tuple[Ints, tuple[str, ...]]:
    order = sorted(range(len(values)), key=values.__getitem__)
    rank = np.full(len(values) + 1, -1, np.int64)
    rank[order] = np.arange(len(values))
    return rank[codes], tuple(values[index] for index in order)


def _conjunction(
    left: tuple[Ints, tuple[str, ...]], right: tuple[Ints, tuple[str, ...]]
) -> tuple[Ints, tuple[str, ...]]:
    known = (left[0] >= 0) & (right[0] >= 0)
    codes = np.where(known, left[0] * len(right[1]) + right[0], -1)
    values = [a + CONJUNCTION + b for a in left[1] for b in right[1]]
    return _sorted_values(codes.astype(np.int32), values)


def _slice_column(codes: Ints, values: tuple[str, ...], block: Block, paired: bool) -> SliceColumn:
    known = np.flatnonzero(codes >= 0)
    known = known[np.argsort(codes[known].astype(np.int16), kind="stable")]
    code = codes[known]
    bucket = code * SLICE_BUCKETS + block.bucket[known] % SLICE_BUCKETS
    size = len(values) * SLICE_BUCKETS
    bounds = np.searchsorted(code, np.arange(len(values) + 1))
    groups = [known[start:stop] for start, stop in pairwise(bounds)]
    wrong = [group[block.wrong[group]] for group in groups]
    return SliceColumn(
        values,
        Table.of_rows(size, cells_of(paired), bucket, block.cell[known], [part[known] for part in block.cell_fields]),
        Table.of_rows(size, 1, bucket, np.zeros(len(known), np.int64), [part[known] for part in block.moment_fields]),
        tuple(DistinctCount.of(block.prompt_hash[group], SLICE_PROMPTS_KEPT) for group in groups),
        tuple(WorstRows.of(block.row_hash[group], block.confidence[group], SLICE_WORST_KEPT) for group in wrong),
    )
