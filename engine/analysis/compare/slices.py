"""Slices in which candidate and baseline differ otherwise than elsewhere, found on one half, tested on the other.

Discovered on even buckets, confirmed on odd ones with Benjamini-Hochberg; effect and interval come from the odd half
alone, at the level that the number of confirmed slices allows (Benjamini and Yekutieli 2005).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import stdtr

from engine.analysis.arrays import Flags, Floats, Ints
from engine.analysis.compare.decide import Decision
from engine.analysis.compare.state import CompareState, SliceColumn
from engine.analysis.compare.systems import LEAST_PROMPTS, Grid
from engine.analysis.intervals import benjamini_hochberg, critical

DISCOVERY = 0.1
"""Two-sided p-value on the discovery half below which a slice is tested on the other."""


@dataclass(frozen=True)
class _Effect:
    """Of a slice the mean difference minus that of all other units: value, standard error, buckets of the slice."""

    value: float
    error: float
    buckets: int


@dataclass(frozen=True)
class _Slice:
    column: str
    name: str
    rows: int
    prompts: int
    difference: float
    found: _Effect
    tested: _Effect


@dataclass(frozen=True)
class _Test:
    p_value: float = 1.0
    q_value: float = 1.0
    level: float = 0.95
    confirmed: bool = False


def slices(state: CompareState, grid: Grid, decision: Decision, level: float) -> list[dict[str, Any]]:
    """Slices of at least 30 prompts, confirmed ones first, then by size of the effect.

    `difference` is candidate − baseline in the slice, `effect` how far that lies above the rest of the data.
    """
    pair = [decision.candidate, decision.baseline]
    known: Flags = np.all(grid.known[:, pair], axis=1)
    part = grid.of_units(known)
    difference = part.value[:, decision.candidate] - part.value[:, decision.baseline]
    entries = [entry for name, column in state.columns.items() for entry in _entries(name, column, part, difference)]
    tests = _confirmed(entries, 1 - level)
    told = [_told(entry, test) for entry, test in zip(entries, tests, strict=True)]
    return sorted(told, key=lambda one: (not one["confirmed"], -abs(one["effect"]), one["column"], one["value"]))


def codes_of(column: SliceColumn, unit: np.ndarray[Any, np.dtype[np.uint64]]) -> Ints:
    """The place of the value of each unit; below 0 where unknown or mixed."""
    if not len(column.unit):
        return np.full(len(unit), -1)
    at = np.minimum(np.searchsorted(column.unit, unit), len(column.unit) - 1)
    return np.where(column.unit[at] == unit, column.code[at], -1)


def _entries(name: str, column: SliceColumn, grid: Grid, difference: Floats) -> list[_Slice]:
    codes = codes_of(column, grid.base)
    entries = []
    for code, value in enumerate(column.values):
        inside = codes == code
        prompts = int(grid.prompts_of(inside[:, None])[0]) if inside.any() else 0
        if prompts < LEAST_PROMPTS:
            continue
        found, tested = (_effect(grid.bucket, difference, inside, half) for half in (0, 1))
        if found is not None and tested is not None:
            rows = int(np.count_nonzero(inside))
            entries.append(_Slice(name, value, rows, prompts, float(difference[inside].mean()), found, tested))
    return entries


def _effect(bucket: Ints, difference: Floats, inside: Flags, half: int) -> _Effect | None:
    """The effect on the buckets of one half; None where slice or rest has fewer than two of them."""
    here = bucket % 2 == half
    bucket, difference, inside = bucket[here], difference[here], inside[here]
    groups = np.unique(bucket[inside])
    if len(groups) < 2 or len(np.unique(bucket[~inside])) < 2:
        return None
    mean, rest = difference[inside].mean(), difference[~inside].mean()
    pull = np.where(inside, (difference - mean) / inside.sum(), -(difference - rest) / (~inside).sum())
    variance = len(groups) / (len(groups) - 1) * float(np.square(np.bincount(bucket, pull)).sum())
    return _Effect(float(mean - rest), float(np.sqrt(variance)), len(groups))


def _confirmed(entries: list[_Slice], alpha: float) -> list[_Test]:
    """The test of each slice; those that were not discovered keep p = 1."""
    candidates = [place for place, entry in enumerate(entries) if _p(entry.found, 0) <= DISCOVERY]
    tests = [_Test(level=1 - alpha) for _ in entries]
    if not candidates:
        return tests
    p_values = [_p(entries[place].tested, int(np.sign(entries[place].found.value))) for place in candidates]
    adjusted = benjamini_hochberg(np.array(p_values))
    level = 1 - alpha * max(int((adjusted <= alpha).sum()), 1) / len(candidates)
    for place, p_value, q_value in zip(candidates, p_values, adjusted.tolist(), strict=True):
        tests[place] = _Test(p_value, q_value, level, q_value <= alpha)
    return tests


def _p(effect: _Effect, side: int) -> float:
    """Of no effect; one-sided where a side is given."""
    if effect.error <= 0:
        return 1.0
    t = effect.value / effect.error
    upper = -side * t if side else -abs(t)
    return float((1 if side else 2) * stdtr(effect.buckets - 1, upper))


def _told(entry: _Slice, test: _Test) -> dict[str, Any]:
    spread = critical(test.level, entry.tested.buckets) * entry.tested.error
    return {
        "column": entry.column,
        "value": entry.name,
        "rows": entry.rows,
        "prompts": entry.prompts,
        "prompts_approximate": False,
        "difference": entry.difference,
        "effect": entry.tested.value,
        "low": entry.tested.value - spread,
        "high": entry.tested.value + spread,
        "p_value": test.p_value,
        "q_value": test.q_value,
        "confirmed": bool(test.confirmed),
    }
