"""Slices that stay miscalibrated after the global recalibration, found on one half of the buckets, tested on the other.

Testing "calibration error = 0" would reject every slice of an over-confident model. Instead: the signed mean residual
(recalibrated prediction minus outcome) of a slice against that of its complement, by bucket. Slices are discovered on
even buckets; effect, p-value and interval come from odd buckets alone, with Benjamini-Hochberg over the discovered
ones and intervals at the false-coverage-statement rate (Benjamini and Yekutieli 2005).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import stdtr

from engine.analysis.arrays import Floats, sum_by
from engine.analysis.calibration.recalibrate import Recalibrator
from engine.analysis.calibration.state import CONJUNCTION, SLICE_BUCKETS, SliceColumn
from engine.analysis.calibration.view import View
from engine.analysis.intervals import benjamini_hochberg, critical
from engine.analysis.sketch import DistinctCount

LEAST_PROMPTS = 30
DISCOVERY = 0.1
"""Two-sided p-value on the discovery half below which a slice is tested on the other."""

DIGITS = 12
"""Of an effect, in the order of slices: the two values of one column have opposite effects, equal but for rounding."""


@dataclass
class Slice:
    """One slice value on its way to the table of slices. `found` and `tested`: effect, standard error, buckets."""

    column: str
    value: str
    rows: int
    prompts: DistinctCount
    accuracy: float
    found: tuple[float, float, int]
    tested: tuple[float, float, int]
    candidate: bool = False
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
            "accuracy": self.accuracy,
            "effect": effect,
            "low": effect - spread,
            "high": effect + spread,
            "p_value": self.p_value,
            "q_value": self.q_value,
            "confirmed": self.confirmed,
        }


def slices(view: View, chosen: Recalibrator | None, level: float) -> list[dict[str, Any]]:
    """Slices of at least 30 prompts, confirmed ones first, then by size of the effect.

    Positive effects: over-confident (or scored too high) there, relative to the rest, after recalibration. Conjunctions
    of two columns appear only where they are worse than both parents.
    """
    if not view.state.columns:
        return []
    prediction = np.nan_to_num(view.p if chosen is None else chosen.on_all)
    by_bucket = view.count_by_fifteen.sum(axis=1), view.by_bucket(prediction, -np.ones_like(prediction))
    whole = np.stack([sum_by(view.buckets % SLICE_BUCKETS, sums, SLICE_BUCKETS) for sums in by_bucket])
    entries = [
        entry for name, column in view.state.columns.items() for entry in _entries(name, column, prediction, whole)
    ]
    entries = _without_tame_conjunctions(entries)
    _confirm(entries, 1 - level)
    entries = [entry for entry in entries if CONJUNCTION not in entry.column or entry.confirmed]
    entries.sort(key=lambda entry: (not entry.confirmed, -round(abs(entry.tested[0]), DIGITS)))
    return [entry.to_dict() for entry in entries]


def _entries(name: str, column: SliceColumn, prediction: Floats, whole: Floats) -> list[Slice]:
    table = column.cells
    residual = table.sums[0] * prediction[table.cell] - table.sums[2]
    sums = np.stack([table.per_bucket(table.sums[0]), table.per_bucket(residual)]).reshape(2, -1, SLICE_BUCKETS)
    rows = sums[0].sum(axis=1)
    correct = sum_by(column.moments.bucket // SLICE_BUCKETS, column.moments.sums[2], len(column.values))
    found, tested = (_effects(sums[:, :, half::2], whole[:, half::2]) for half in (0, 1))
    entries = []
    for index, value in enumerate(column.values):
        prompts, first, second = column.prompts[index], found[index], tested[index]
        if prompts.count >= LEAST_PROMPTS and first is not None and second is not None:
            accuracy = float(correct[index] / rows[index])
            entries.append(Slice(name, value, round(rows[index]), prompts, accuracy, first, second))
    return entries


def _effects(part: Floats, whole: Floats) -> list[tuple[float, float, int] | None]:
    """Difference of mean residuals of each slice and the rest, its standard error by bucket, and how many buckets.

    `part` holds rows and residuals by slice and bucket, shape (2, slices, buckets).
    """
    rest = whole[:, None] - part
    rows, rows_rest = part[0].sum(axis=1), rest[0].sum(axis=1)
    buckets = (part[0] > 0).sum(axis=1)
    known = (buckets >= 2) & (rows_rest >= 1)
    rows, rows_rest = np.where(known, rows, 1.0)[:, None], np.where(known, rows_rest, 1.0)[:, None]
    mean_part, mean_rest = part[1].sum(axis=1, keepdims=True) / rows, rest[1].sum(axis=1, keepdims=True) / rows_rest
    influence = (part[1] - mean_part * part[0]) / rows - (rest[1] - mean_rest * rest[0]) / rows_rest
    variance = buckets / np.maximum(buckets - 1, 1) * np.square(influence).sum(axis=1)
    effects = zip((mean_part - mean_rest)[:, 0].tolist(), np.sqrt(variance).tolist(), buckets.tolist(), strict=True)
    return [effect if told else None for effect, told in zip(effects, known.tolist(), strict=True)]


def _without_tame_conjunctions(entries: list[Slice]) -> list[Slice]:
    """Drop conjunctions that are not worse, in both halves, than each of the two slices that they join."""
    single = {(entry.column, entry.value): entry for entry in entries if CONJUNCTION not in entry.column}

    def worse(entry: Slice) -> bool:
        names, values = entry.column.split(CONJUNCTION), entry.value.split(CONJUNCTION)
        parents = [single.get(parent) for parent in zip(names, values, strict=False)]
        return all(
            parent is None or abs(own[0]) > abs(theirs[0])
            for parent in parents
            if parent is not None
            for own, theirs in ((entry.found, parent.found), (entry.tested, parent.tested))
        )

    return [entry for entry in entries if CONJUNCTION not in entry.column or worse(entry)]


def _confirm(entries: list[Slice], alpha: float) -> None:
    """Set candidates, p- and q-values and the level of each interval."""
    for entry in entries:
        effect, deviation, buckets = entry.found
        entry.candidate = deviation > 0 and bool(2 * stdtr(buckets - 1, -abs(effect / deviation)) <= DISCOVERY)
    candidates = [entry for entry in entries if entry.candidate]
    for entry in candidates:
        effect, deviation, buckets = entry.tested
        same_side = effect * np.sign(entry.found[0])
        entry.p_value = float(stdtr(buckets - 1, -same_side / deviation)) if deviation > 0 else 1.0
    if not candidates:
        return
    adjusted = benjamini_hochberg(np.array([entry.p_value for entry in candidates]))
    for entry, q_value in zip(candidates, adjusted, strict=True):
        entry.q_value = float(q_value)
        entry.confirmed = bool(q_value <= alpha)
    confirmed = sum(entry.confirmed for entry in candidates)
    for entry in candidates:
        entry.level = 1 - alpha * max(confirmed, 1) / len(candidates)
