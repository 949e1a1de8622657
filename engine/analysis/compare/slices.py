"""Slices in which candidate and baseline differ otherwise than elsewhere, found on one half, tested on the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.analysis.arrays import Flags, Floats, Ints
from engine.analysis.compare.decide import Decision
from engine.analysis.compare.state import CompareState, SliceColumn
from engine.analysis.compare.systems import LEAST_PROMPTS, Grid
from engine.analysis.discovery import Effect, Finding, as_told, confirm


@dataclass(frozen=True)
class _Slice:
    column: str
    name: str
    rows: int
    prompts: int
    difference: float
    found: Effect
    tested: Effect


def slices(state: CompareState, grid: Grid, decision: Decision, level: float) -> list[dict[str, Any]]:
    """Slices of at least 30 prompts, confirmed ones first, then by size of the effect.

    `difference` is candidate − baseline in the slice, `effect` how far that lies above the rest of the data.
    """
    pair = [decision.candidate, decision.baseline]
    known: Flags = np.all(grid.known[:, pair], axis=1)
    part = grid.of_units(known)
    difference = part.value[:, decision.candidate] - part.value[:, decision.baseline]
    entries = [entry for name, column in state.columns.items() for entry in _entries(name, column, part, difference)]
    findings = confirm([entry.found for entry in entries], [entry.tested for entry in entries], 1 - level)
    told = [_told(entry, finding) for entry, finding in zip(entries, findings, strict=True)]
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


def _effect(bucket: Ints, difference: Floats, inside: Flags, half: int) -> Effect | None:
    """The effect on the buckets of one half; None where slice or rest has fewer than two of them."""
    here = bucket % 2 == half
    bucket, difference, inside = bucket[here], difference[here], inside[here]
    groups = np.unique(bucket[inside])
    if len(groups) < 2 or len(np.unique(bucket[~inside])) < 2:
        return None
    mean, rest = difference[inside].mean(), difference[~inside].mean()
    pull = np.where(inside, (difference - mean) / inside.sum(), -(difference - rest) / (~inside).sum())
    variance = len(groups) / (len(groups) - 1) * float(np.square(np.bincount(bucket, pull)).sum())
    return Effect(float(mean - rest), float(np.sqrt(variance)), len(groups))


def _told(entry: _Slice, finding: Finding) -> dict[str, Any]:
    return {
        "column": entry.column,
        "value": entry.name,
        "rows": entry.rows,
        "prompts": entry.prompts,
        "prompts_approximate": False,
        "difference": entry.difference,
        **as_told(entry.tested, finding),
    }
