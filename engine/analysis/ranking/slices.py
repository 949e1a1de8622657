"""Slices in which some item does better or worse than elsewhere, found on one half of the buckets, tested on the other.

For an item in a slice: how much stronger it is there than outside, with all opponents at their overall strengths,

    Σ_slice (wins − expected) / Σ_slice p (1 − p)  −  the same of the rows outside,    in Elo,

one step of Newton's method from the overall ranking. Each slice's item is the one that stands out most on even buckets.
Opponents are held because a fit of each half of each slice would not exist where an item won or lost everything there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import stdtr

from engine.analysis.arrays import Floats, sum_by
from engine.analysis.discovery import DISCOVERY, Effect, Finding, as_told, confirm
from engine.analysis.elo import ELO
from engine.analysis.ranking.columns import SliceColumn
from engine.analysis.shapes import Table
from engine.analysis.sketch import DistinctCount

LEAST_PROMPTS = 30
LEAST_ROWS = 10
"""Comparisons of an item inside a slice, in each half, below which it is not looked at there."""


@dataclass(frozen=True)
class Slice:
    """One slice on its way to the table, with the item that stands out most; `candidate` where that is discovered."""

    column: str
    value: str
    rows: int
    prompts: DistinctCount
    item: str
    candidate: bool
    found: Effect
    tested: Effect

    def told(self, finding: Finding) -> dict[str, Any]:
        """As the result shows it."""
        return {
            "column": self.column,
            "value": self.value,
            "rows": self.rows,
            "prompts": self.prompts.rounded,
            "prompts_approximate": not self.prompts.exact,
            "item": self.item,
            **as_told(self.tested, finding),
        }


@dataclass(frozen=True)
class Whole:
    """The overall ranking: all items, their comparisons, and by cell the expected win rate (NaN outside the fit)."""

    items: tuple[str, ...]
    pairs: Table
    expected: Floats


def slices(whole: Whole, columns: Mapping[str, SliceColumn], level: float) -> list[dict[str, Any]]:
    """Slices of at least 30 prompts, confirmed ones first, then by size of the effect."""
    entries = [entry for name, column in columns.items() for entry in _entries(whole, name, column)]
    found, tested = [entry.found for entry in entries], [entry.tested for entry in entries]
    candidates = [place for place, entry in enumerate(entries) if entry.candidate]
    shown = list(zip(entries, confirm(found, tested, 1 - level, candidates), strict=True))
    shown.sort(key=lambda pair: (not pair[1].confirmed, -round(abs(pair[0].tested.value), 9)))
    return [entry.told(finding) for entry, finding in shown]


def _entries(whole: Whole, name: str, column: SliceColumn) -> list[Slice]:
    buckets = min(column.pairs.buckets, whole.pairs.buckets)
    everything = _sums(whole, whole.pairs, 1, buckets)
    inside = _sums(whole, column.pairs, len(column.values), buckets)
    rows = sum_by(column.pairs.cell // max(len(whole.items) ** 2, 1), column.pairs.sums[0], len(column.values))
    entries = []
    for index, value in enumerate(column.values):
        prompts = column.prompts[index]
        if prompts.count < LEAST_PROMPTS:
            continue
        found, tested = (_effects(inside[:, index, half::2], everything[:, 0, half::2]) for half in (0, 1))
        entry = _most_apart(found, tested)
        if entry is None:
            continue
        item, candidate = entry
        here, there = _effect_of(found, item), _effect_of(tested, item)
        entries.append(Slice(name, value, round(rows[index]), prompts, whole.items[item], candidate, here, there))
    return entries


def _sums(whole: Whole, table: Table, values: int, buckets: int) -> Floats:
    """Rows, wins minus expected ones and p (1 − p), by value, bucket and item: shape (3, values, buckets, items)."""
    items = len(whole.items)
    value, pair = np.divmod(table.cell, items**2)
    p = whole.expected[pair]
    fitted = ~np.isnan(p)
    p, count, wins = p[fitted], table.sums[0][fitted], table.sums[1][fitted]
    place = (value[fitted] * buckets + table.bucket[fitted] % buckets) * items
    low, high = np.divmod(pair[fitted], items)
    size = values * buckets * items
    gain, weight = wins - count * p, count * p * (1 - p)
    sums = [
        sum_by(place + low, one, size) + sum_by(place + high, sign * one, size)
        for one, sign in ((count, 1), (gain, -1), (weight, 1))
    ]
    return np.stack(sums).reshape(3, values, buckets, items)


def _effects(part: Floats, everything: Floats) -> tuple[Floats, Floats, Floats]:
    """Effect in Elo of each item inside against outside, its standard error, and the buckets that it rests on.

    `part` has shape (3, buckets, items); a standard error of infinity where there are too few rows.
    """
    rest = everything - part
    rows, _, weight = part.sum(axis=1)
    rows_rest, _, weight_rest = rest.sum(axis=1)
    buckets = (part[0] > 0).sum(axis=0)
    told = (rows >= LEAST_ROWS) & (rows_rest >= LEAST_ROWS) & (buckets >= 2)
    weight, weight_rest = np.where(told, weight, 1.0), np.where(told, weight_rest, 1.0)
    mean, mean_rest = part[1].sum(axis=0) / weight, rest[1].sum(axis=0) / weight_rest
    influence = (part[1] - mean * part[2]) / weight - (rest[1] - mean_rest * rest[2]) / weight_rest
    variance = buckets / np.maximum(buckets - 1, 1) * np.square(influence).sum(axis=0)
    return ELO * (mean - mean_rest), np.where(told, ELO * np.sqrt(variance), np.inf), buckets


def _effect_of(half: tuple[Floats, Floats, Floats], item: int) -> Effect:
    effect, deviation, buckets = half
    return Effect(float(effect[item]), float(deviation[item]), int(buckets[item]))


def _most_apart(found: tuple[Floats, Floats, Floats], tested: tuple[Floats, Floats, Floats]) -> tuple[int, bool] | None:
    """The item that stands out most on the discovery half, and whether it is worth a test; None where none is known."""
    effect, deviation, buckets = found
    known = np.isfinite(deviation) & (deviation > 0) & np.isfinite(tested[1]) & (tested[1] > 0)
    if not known.any():
        return None
    p_value = 2 * stdtr(np.maximum(buckets - 1, 1), -np.abs(effect / np.where(known, deviation, 1.0)))
    p_value = np.where(known, p_value, np.inf)
    item = int(np.argmin(p_value))
    return item, bool(p_value[item] * known.sum() <= DISCOVERY)
