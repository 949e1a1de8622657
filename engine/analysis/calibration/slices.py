"""Slices that stay miscalibrated after the global recalibration, found on one half of the buckets, tested on the other.

Testing "calibration error = 0" would reject every slice of an over-confident model. Instead: the signed mean residual
(recalibrated prediction minus outcome) of a slice against that of its complement, by bucket.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.analysis.arrays import Floats, sum_by
from engine.analysis.calibration.recalibrate import Recalibrator
from engine.analysis.calibration.state import CONJUNCTION, SLICE_BUCKETS, SliceColumn
from engine.analysis.calibration.view import View
from engine.analysis.discovery import Effect, Finding, as_told, confirm
from engine.analysis.sketch import DistinctCount

LEAST_PROMPTS = 30
DIGITS = 12
"""Of an effect, in the order of slices: the two values of one column have opposite effects, equal but for rounding."""


@dataclass(frozen=True)
class Slice:
    """One slice value on its way to the table of slices."""

    column: str
    value: str
    rows: int
    prompts: DistinctCount
    accuracy: float
    found: Effect
    tested: Effect

    @property
    def joins(self) -> bool:
        """Whether it joins two columns."""
        return CONJUNCTION in self.column

    def told(self, finding: Finding) -> dict[str, Any]:
        """As the result shows it."""
        return {
            "column": self.column,
            "value": self.value,
            "rows": self.rows,
            "prompts": self.prompts.rounded,
            "prompts_approximate": not self.prompts.exact,
            "accuracy": self.accuracy,
            **as_told(self.tested, finding),
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
    findings = confirm([entry.found for entry in entries], [entry.tested for entry in entries], 1 - level)
    shown = [pair for pair in zip(entries, findings, strict=True) if pair[1].confirmed or not pair[0].joins]
    shown.sort(key=lambda pair: (not pair[1].confirmed, -round(abs(pair[0].tested.value), DIGITS)))
    return [entry.told(finding) for entry, finding in shown]


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


def _effects(part: Floats, whole: Floats) -> list[Effect | None]:
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
    return [Effect(*effect) if told else None for effect, told in zip(effects, known.tolist(), strict=True)]


def _without_tame_conjunctions(entries: list[Slice]) -> list[Slice]:
    """Drop conjunctions that are not worse, in both halves, than each of the two slices that they join."""
    single = {(entry.column, entry.value): entry for entry in entries if not entry.joins}

    def worse(entry: Slice) -> bool:
        names, values = entry.column.split(CONJUNCTION), entry.value.split(CONJUNCTION)
        parents = [single.get(parent) for parent in zip(names, values, strict=False)]
        return all(
            parent is None or abs(own.value) > abs(theirs.value)
            for parent in parents
            if parent is not None
            for own, theirs in ((entry.found, parent.found), (entry.tested, parent.tested))
        )

    return [entry for entry in entries if not entry.joins or worse(entry)]
