"""How much of a change of a mean is composition: more rows of slices that were higher anyway, against change within."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.analysis.arrays import Floats, Ints
from engine.analysis.drift.buckets import dense
from engine.analysis.intervals import critical, standard_error
from engine.types import Estimate

METHOD = "Kitagawa's decomposition, jackknife by bucket"
LEAST_BUCKETS = 10


@dataclass(frozen=True)
class Attribution:
    """The change of a mean by the values of one column: `composition` + `within` = `change`.

    `share` is composition / change, `parts` by value of the column both parts and the shares of rows before and after.
    """

    column: str
    change: Estimate
    composition: Estimate
    within: Estimate
    share: float
    parts: list[dict[str, float | str]]


def attribution(
    column: str, words: tuple[str, ...], group: Ints, value: Floats, later: Ints, bucket: Ints, level: float
) -> Attribution | None:
    """Kitagawa (1955): Σ (q − p) (m + m′) / 2 by changed shares, Σ (p + q) / 2 (m′ − m) by changed means.

    A value of the column that only one window has counts as composition. None in fewer than ten buckets.

    Args:
        column: its name.
        words: its values.
        group: the value of each row, in [0, len(words)).
        value: what the mean is of, shape (n,).
        later: 0 for rows of the reference, 1 for those of the window.
        bucket: of each row.
        level: of the intervals.
    """
    buckets, place = dense(bucket)
    if buckets < LEAST_BUCKETS or not 0 < later.sum() < len(later):
        return None
    shape = (2, len(words), buckets)
    key = (later * len(words) + group) * buckets + place
    sums = np.stack([np.bincount(key, weight, int(np.prod(shape))).reshape(shape) for weight in (None, value)])
    whole = sums.sum(axis=3, keepdims=True)
    composition, within = (part[:, 0] for part in _parts(whole))
    replicates = [part.sum(axis=0) for part in _parts(whole - sums)]
    totals = float(composition.sum()), float(within.sum())
    spread = critical(level, buckets)
    told = [
        _estimate(total, standard_error(replicate) * spread, level, len(value))
        for total, replicate in zip((sum(totals), *totals), (replicates[0] + replicates[1], *replicates), strict=True)
    ]
    shares = whole[0, :, :, 0] / whole[0].sum(axis=1)
    parts = [
        {"value": word, "before": float(p), "after": float(q), "composition": float(one), "within": float(two)}
        for word, p, q, one, two in zip(words, *shares, composition, within, strict=True)
    ]
    share = totals[0] / sum(totals) if sum(totals) else 0.0
    return Attribution(column, told[0], told[1], told[2], share, parts)


def _parts(sums: Floats) -> tuple[Floats, Floats]:
    """Composition and change within of each value of the column, of sums (2, windows, values, replicates)."""
    count, total = sums
    share = count / np.maximum(count.sum(axis=1, keepdims=True), 1)
    known = count > 0
    mean = np.divide(total, count, out=np.zeros_like(total), where=known)
    before, after = (np.where(known[side], mean[side], mean[1 - side]) for side in (0, 1))
    composition = (share[1] - share[0]) * (before + after) / 2
    return composition, (share[0] + share[1]) / 2 * (after - before)


def _estimate(value: float, spread: float, level: float, rows: int) -> Estimate:
    return Estimate(value, value - spread, value + spread, level, METHOD, rows)
