"""One pass over a segment of rows: the observing half of the judge analysis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from engine.analysis.arrays import Flags, Floats, Hashes, Ints
from engine.analysis.judge.state import (
    ORDER_FIELDS,
    PROMPTS_KEPT,
    ROWS_KEPT,
    SLICE_BUCKETS,
    SLICE_PROMPTS_KEPT,
    VERDICT_FIELDS,
    WIN_FIELDS,
    JudgeState,
    SliceColumn,
    buckets_for,
    cells,
    empty_state,
    places,
)
from engine.analysis.shapes import Table, UnitSums
from engine.analysis.sides import unit_of
from engine.analysis.sketch import DistinctCount, WorstRows
from engine.analysis.slicing import SLICE_VALUES
from engine.errors import InputRefused
from engine.types import FINE_BUCKETS, LENGTHS, Coded, Rows

UNNAMED = "judge"
"""What a judge is called whose rows name none."""

ANSWER_A = ""
"""The one item of rows that name none: answer a."""


@dataclass(frozen=True)
class Block:
    """Rows with a verdict: where they belong, and row values in the order of VERDICT_FIELDS without the count."""

    bucket: Ints
    judge: Ints
    prompt_hash: Hashes
    fields: list[Floats | Flags]
    wins: list[tuple[Ints, Ints, list[Floats]]]
    """For each side: rows, their items, and row values in the order of WIN_FIELDS without the count."""


def observe(rows: Rows) -> JudgeState:
    """The state of one segment. Rows without a verdict are left out, rows without a label are unlabelled.

    Raises InputRefused for labels and verdicts outside [0, 1].
    """
    if not len(rows):
        return empty_state()
    verdict, sure = verdicts(rows)
    told = np.isfinite(verdict)
    verdict, sure = verdict[told], sure[told]
    label = _probability("label", rows.columns["label"])[told]
    judges, judge = _judges(rows, told)
    items, wins = _wins(rows, told, verdict, label)
    bucket = rows.columns["bucket"][told].astype(np.int64)
    prompt_hash = rows.columns["prompt_hash"][told]
    fields = [
        *_agreements(verdict, sure, label),
        *_order(rows, told, verdict, label),
        *_lengths(rows, told, verdict, label),
    ]
    assert len(fields) == len(VERDICT_FIELDS) - 1
    block = Block(bucket, judge, prompt_hash, fields, wins)
    labelled = np.isfinite(label)
    prompts = DistinctCount.of(prompt_hash[labelled], PROMPTS_KEPT)
    buckets = buckets_for(prompts, FINE_BUCKETS)
    against = labelled & ((verdict - 0.5) * (np.where(labelled, label, 0.5) - 0.5) < 0)
    row_hash = rows.columns["row_hash"][told]
    slices = {name: (codes[told], values) for name, (codes, values) in sorted(rows.slices.items())}
    small = {name: coded for name, coded in slices.items() if len(coded[1]) <= SLICE_VALUES}
    return JudgeState(
        judges,
        items,
        _verdict_table(block, len(judges), buckets, block.bucket),
        _win_table(block, cells(judges, items), len(items), buckets, block.bucket),
        _orders(rows, told, verdict, judges, judge),
        prompts,
        WorstRows.of(row_hash[against], 0.5 + sure[against], ROWS_KEPT),
        WorstRows.of(row_hash[~labelled], 0.5 - sure[~labelled], ROWS_KEPT),
        DistinctCount.of(row_hash[~labelled], ROWS_KEPT),
        {name: _column(codes, values, block, labelled, judges, items) for name, (codes, values) in small.items()},
        frozenset(slices) - frozenset(small),
        int(np.count_nonzero(~told)),
    )


# ------------------------------------------------------------------ row values


def verdicts(rows: Rows) -> tuple[Floats, Floats]:
    """The judge's P(a preferred), NaN where there is none, and how far it is from a tie, in [0, ½].

    Without a verdict the sign of the margin is one, and sigmoid(|margin|) − ½ how far.
    """
    margin = np.asarray(rows.columns.get("margin", np.full(len(rows), np.nan)), float)
    verdict = _probability("verdict", rows.columns.get("verdict", np.full(len(rows), np.nan)))
    scored = np.isfinite(margin)
    signs = np.where(scored, (1 + np.sign(np.where(scored, margin, 0.0))) / 2, np.nan)
    given = np.isfinite(verdict)
    sure = np.where(scored, expit(np.abs(np.where(scored, margin, 0.0))) - 0.5, np.abs(verdict - 0.5))
    return np.where(given, verdict, signs), sure


def _probability(name: str, values: Floats) -> Floats:
    """The column, NaN allowed."""
    values = np.asarray(values, float)
    known = values[~np.isnan(values)]
    if len(known) and not (known.min() >= 0 and known.max() <= 1):
        raise InputRefused(f"Column {name!r} holds values outside [0, 1].", field=name)
    return values


def _judges(rows: Rows, told: Flags) -> tuple[tuple[str, ...], Ints]:
    """The sorted names of the judges of these rows, and the place of each row's among them."""
    codes, names = rows.names.get("judge", (np.full(len(rows), -1, np.int32), list[str]()))
    known = [*names, UNNAMED]
    used = np.unique(np.where(codes[told] < 0, len(names), codes[told]))
    judges = tuple(sorted({known[place] for place in used}))
    return judges, _coded((codes[told], names), judges, UNNAMED)


def _coded(coded: Coded, target: tuple[str, ...], missing: str) -> Ints:
    """The place of each row's name in the target; −1 where it is not there."""
    codes, names = coded
    at = {name: place for place, name in enumerate(target)}
    return np.array([at.get(name, -1) for name in [*names, missing]], np.int64)[codes]


def _agreements(verdict: Floats, sure: Floats, label: Floats) -> list[Floats | Flags]:
    """From `tied` to `judge_only`."""
    labelled = np.isfinite(label)
    human, judge = np.sign(np.where(labelled, label, 0.5) - 0.5), np.sign(verdict - 0.5)
    return [
        judge == 0,
        sure,
        labelled,
        np.where(labelled, sure, 0.0),
        labelled & (human * judge > 0),
        labelled & (human * judge < 0),
        labelled & (human != 0) & (judge == 0),
        labelled & (human == 0) & (judge != 0),
    ]


def _order(rows: Rows, told: Flags, verdict: Floats, label: Floats) -> list[Floats | Flags]:
    """From `shown` to `first_human`."""
    first = _first(rows)[told]
    known = first >= 0
    both = known & np.isfinite(label)
    won, wanted = (np.where(first == 1, values, 1 - values) for values in (verdict, label))
    return [known, np.where(known, won, 0.0), both, np.where(both, wanted, 0.0)]


def _first(rows: Rows) -> Ints:
    return np.asarray(rows.columns.get("first", np.full(len(rows), -1))).astype(np.int64)


def _lengths(rows: Rows, told: Flags, verdict: Floats, label: Floats) -> list[Floats | Flags]:
    """The three of length."""
    known = next((name for name in LENGTHS if name in rows.styles), None)
    if known is None:
        return [np.zeros(len(verdict))] * 3
    a, b = (np.asarray(side, float)[told] for side in rows.styles[known])
    total = a + b
    known = np.isfinite(label) & np.isfinite(total) & (total > 0)
    z = np.where(known, (a - b) / np.where(known, total, 1.0), 0.0)
    return [np.square(z), *(np.where(known, z * (values - 0.5), 0.0) for values in (verdict, label))]


def _wins(
    rows: Rows, told: Flags, verdict: Floats, label: Floats
) -> tuple[tuple[str, ...], list[tuple[Ints, Ints, list[Floats]]]]:
    """The sorted items, and for each side its rows, items and win values. Rows that name no two items have none."""
    named = {"item_a", "item_b"} <= set(rows.names)
    items = tuple(sorted({*rows.names["item_a"][1], *rows.names["item_b"][1]})) if named else ()
    if not items:
        every = np.arange(len(verdict))
        return (ANSWER_A,), [(every, np.zeros(len(verdict), np.int64), _won(verdict, label))]
    sides = [_coded((rows.names[side][0][told], rows.names[side][1]), items, "") for side in ("item_a", "item_b")]
    both = np.flatnonzero((sides[0] >= 0) & (sides[1] >= 0) & (sides[0] != sides[1]))
    return items, [
        (both, sides[0][both], _won(verdict[both], label[both])),
        (both, sides[1][both], _won(1 - verdict[both], 1 - label[both])),
    ]


def _won(verdict: Floats, label: Floats) -> list[Floats]:
    labelled = np.isfinite(label)
    values = [
        labelled.astype(float),
        np.where(labelled, label, 0.0),
        np.where(labelled, verdict, 0.0),
        np.where(labelled, 0.0, verdict),
    ]
    assert len(values) == len(WIN_FIELDS) - 1
    return values


# ------------------------------------------------------------------ sums


def _verdict_table(block: Block, judges: int, buckets: int, bucket: Ints) -> Table:
    return Table.of_rows(buckets, judges, bucket % buckets, block.judge, block.fields)


def _win_table(block: Block, size: int, items: int, buckets: int, bucket: Ints, kept: Flags | None = None) -> Table:
    """The wins of both sides, of all rows or those kept; `bucket` is each row's."""
    table = Table.empty(buckets, size, len(WIN_FIELDS) - 1)
    for rows, item, fields in block.wins:
        chosen = np.ones(len(rows), np.bool_) if kept is None else kept[rows]
        rows, cell = rows[chosen], block.judge[rows[chosen]] * items + item[chosen]
        part = Table.of_rows(buckets, size, bucket[rows] % buckets, cell, [field[chosen] for field in fields])
        table = table + part
    return table


def _orders(rows: Rows, told: Flags, verdict: Floats, judges: tuple[str, ...], judge: Ints) -> UnitSums:
    """By unit and judge, what its low side won in either order."""
    first = _first(rows)[told]
    known = (first >= 0) & ("side_a" in rows.columns)
    if not known.any():
        return UnitSums.empty(len(ORDER_FIELDS) - 1)
    a, b, prompt = (rows.columns[name][told][known] for name in ("side_a", "side_b", "prompt_hash"))
    unit, swapped = unit_of(prompt, a, b)
    won = np.where(swapped, 1 - verdict[known], verdict[known])
    low_first = (first[known] == 1) != swapped
    fields: list[Floats | Flags] = [low_first, np.where(low_first, won, 0.0), np.where(low_first, 0.0, won)]
    return UnitSums.of_rows(judges, unit, judge[known], rows.columns["bucket"][told][known].astype(np.int64), fields)


def _column(
    codes: np.ndarray[tuple[int], np.dtype[np.int32]],
    values: list[str],
    block: Block,
    labelled: Flags,
    judges: tuple[str, ...],
    items: tuple[str, ...],
) -> SliceColumn:
    target = tuple(sorted(values))
    place = np.append(places(values, target), -1)[codes]
    kept = place >= 0
    size = len(target) * SLICE_BUCKETS
    bucket = place * SLICE_BUCKETS + block.bucket % SLICE_BUCKETS
    fields = [field[kept] for field in block.fields]
    return SliceColumn(
        target,
        Table.of_rows(size, len(judges), bucket[kept], block.judge[kept], fields),
        _win_table(block, cells(judges, items), len(items), size, bucket, kept),
        tuple(
            DistinctCount.of(block.prompt_hash[(place == index) & labelled], SLICE_PROMPTS_KEPT)
            for index in range(len(target))
        ),
    )
