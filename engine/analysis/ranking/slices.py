"""Slices in which some item does better or worse than elsewhere, found on one half of the buckets, tested on the other.

For an item in a slice: how much stronger it is there than outside, with all opponents at their overall strengths,

    Σ_slice (wins − expected) / Σ_slice p (1 − p)  −  the same of the rows outside,    in Elo,

one step of Newton's method from the overall ranking. Each slice's item is the one that stands out most on even buckets;
effect, p-value and interval come from odd buckets alone, with Benjamini-Hochberg over the slices tested and intervals
at the false-coverage-statement rate (Benjamini and Yekutieli 2005). Opponents are held because a fit of each half of
each slice would not exist where an item won or lost everything there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import stdtr

from engine.analysis.arrays import Floats, sum_by
from engine.analysis.intervals import benjamini_hochberg, critical
from engine.analysis.ranking.columns import SliceColumn
from engine.analysis.ranking.scale import ELO
from engine.analysis.shapes import Table
from engine.analysis.sketch import DistinctCount

LEAST_PROMPTS = 30
LEAST_ROWS = 10
"""Comparisons of an item inside a slice, in each half, below which it is not looked at there."""

DISCOVERY = 0.1
"""Two-sided p-value on the discovery half, times the items looked at, below which a slice is tested on the other."""


@dataclass
class Slice:
    """One slice on its way to the table. `found` and `tested`: effect in Elo, standard error, buckets."""

    column: str
    value: str
    rows: int
    prompts: DistinctCount
    item: str
    found: tuple[float, float, int]
    tested: tuple[float, float, int]
    candidate: bool
    confirmed: bool = False
    p_value: float = 1.0
    q_value: float = 1.0
    level: float = 0.95

    def to_dict(self) -> dict[str, Any]:
        """As the result shows it; the interval is at the level that its being selected allows."""
        effect, deviation, buckets = self.tested
        spread = critical(self.level, buckets) * deviation
        return {
            "column": self.column,
            "value": self.value,
            "rows": self.rows,
            "prompts": self.prompts.rounded,
            "prompts_approximate": not self.prompts.exact,
            "item": self.item,
            "effect": effect,
            "low": effect - spread,
            "high": effect + spread,
            "p_value": self.p_value,
            "q_value": self.q_value,
            "confirmed": self.confirmed,
        }


@dataclass(frozen=True)
class Whole:
    """The overall ranking: all items, their comparisons, and by cell the expected win rate (NaN outside the fit)."""

    items: tuple[str, ...]
    pairs: Table
    expected: Floats


def slices(whole: Whole, columns: Mapping[str, SliceColumn], level: float) -> list[dict[str, Any]]:
    """Slices of at least 30 prompts, confirmed ones first, then by size of the effect."""
    entries = [entry for name, column in columns.items() for entry in _entries(whole, name, column, level)]
    _confirm(entries, 1 - level)
    entries.sort(key=lambda entry: (not entry.confirmed, -round(abs(entry.tested[0]), 9)))
    return [entry.to_dict() for entry in entries]


def _entries(whole: Whole, name: str, column: SliceColumn, level: float) -> list[Slice]:
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
        if entry is not None:
            item, candidate = entry
            effects = [(float(half[0][item]), float(half[1][item]), int(half[2][item])) for half in (found, tested)]
            told = name, value, round(rows[index]), prompts, whole.items[item]
            entries.append(Slice(*told, effects[0], effects[1], candidate, level=level))
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


def _confirm(entries: list[Slice], alpha: float) -> None:
    """Set p- and q-values and the level of each interval."""
    candidates = [entry for entry in entries if entry.candidate]
    if not candidates:
        return
    for entry in candidates:
        effect, deviation, buckets = entry.tested
        entry.p_value = float(stdtr(buckets - 1, -effect * np.sign(entry.found[0]) / deviation))
    adjusted = benjamini_hochberg(np.array([entry.p_value for entry in candidates]))
    for entry, q_value in zip(candidates, adjusted, strict=True):
        entry.q_value = float(q_value)
        entry.confirmed = bool(q_value <= alpha)
    confirmed = sum(entry.confirmed for entry in candidates)
    for entry in candidates:
        entry.level = 1 - alpha * max(confirmed, 1) / len(candidates)
