"""The numbers of calibration's pictures, as plain lists."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.analysis.arrays import Floats, sum_by
from engine.analysis.calibration.null import BinNulls
from engine.analysis.calibration.recalibrate import Recalibrator, corners
from engine.analysis.calibration.view import View
from engine.analysis.grid import RESOLUTION, fine_of_cell
from engine.analysis.intervals import critical, normal_quantile
from engine.analysis.isotonic import pool_cells

HISTOGRAM_BINS = 40


def pictures(view: View, nulls: BinNulls, chosen: Recalibrator | None, level: float) -> dict[str, dict[str, Any]]:
    """Reliability with its two bands, CORP, the same after recalibration, and the histogram of predictions."""
    return {
        "reliability": reliability(view, nulls, level),
        "corp": corp(view),
        "recalibrated": recalibrated(view, chosen) if chosen else {"predicted": [], "observed": [], "count": []},
        "histogram": histogram(view),
    }


def reliability(view: View, nulls: BinNulls, level: float) -> dict[str, Any]:
    """One entry a filled bin: means, rows, confidence band (low, high) and consistency band (null_low, null_high)."""
    count, predicted, observed = view.by_bin(view.width)
    filled = count > 0
    p, rate = predicted[filled] / count[filled], observed[filled] / count[filled]
    low, high = _confidence_band(view, filled, rate, level)
    reach = normal_quantile(level) * nulls.deviation[filled]
    edges = np.flatnonzero(filled)
    return {
        "bin_low": (edges / view.bins).tolist(),
        "bin_high": ((edges + 1) / view.bins).tolist(),
        "predicted": p.tolist(),
        "observed": rate.tolist(),
        "count": count[filled].astype(int).tolist(),
        "low": low.tolist(),
        "high": high.tolist(),
        "null_low": np.clip(p - reach, 0, 1).tolist(),
        "null_high": np.clip(p + reach, 0, 1).tolist(),
    }


def _confidence_band(
    view: View, filled: np.ndarray[Any, np.dtype[np.bool_]], rate: Floats, level: float
) -> tuple[Floats, Floats]:
    """Wilson's interval with the number of independent rows that the spread between buckets shows."""
    sums = [values[:, filled] for values in view.by_width]
    total = sums[0].sum(axis=0)
    buckets = np.square(total) / np.square(sums[0]).sum(axis=0)
    influence = (sums[1] - rate * sums[0]) / total
    variance = np.square(influence).sum(axis=0) / np.maximum(1 - 1 / buckets, 1 / total)
    binomial = rate * (1 - rate)
    effective = np.where(variance > 0, binomial / np.where(variance > 0, variance, 1.0), buckets)
    effective = np.clip(np.where(binomial > 0, effective, buckets), 1.0, None)
    reach = critical(level, len(sums[0])) ** 2 / effective
    centre = (rate + reach / 2) / (1 + reach)
    half = np.sqrt(reach * binomial + np.square(reach) / 4) / (1 + reach)
    return np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1)


def corp(view: View) -> dict[str, Any]:
    """The isotonic (CORP) reliability curve over the cells; for pairs mirrored at (½, ½)."""
    filled = view.filled
    x, y = view.p[filled], pool_cells(view.count[filled], view.observed[filled])
    if view.paired:
        y = np.maximum(y, 0.5)
        x, y = np.concatenate([1 - x[::-1], x]), np.concatenate([1 - y[::-1], y])
    corner = corners(y)
    return {"x": x[corner].tolist(), "y": y[corner].tolist()}


def recalibrated(view: View, chosen: Recalibrator) -> dict[str, Any]:
    """The reliability of the held-out recalibrated predictions, binned by themselves."""
    rows, outcomes = (values.ravel() for values in view.by_fold)
    prediction = chosen.held_out.ravel()
    group = np.minimum((prediction * view.bins).astype(np.int64), view.bins - 1)
    count = sum_by(group, rows, view.bins)
    filled = count > 0
    predicted = sum_by(group, rows * prediction, view.bins)[filled] / count[filled]
    observed = sum_by(group, outcomes, view.bins)[filled] / count[filled]
    return {
        "predicted": predicted.tolist(),
        "observed": observed.tolist(),
        "count": count[filled].astype(int).tolist(),
    }


def histogram(view: View) -> dict[str, Any]:
    """How the predictions lie: forty equal bins of [0, 1], for pairs the twenty of [½, 1]."""
    group = fine_of_cell(view.paired) // (RESOLUTION // HISTOGRAM_BINS)
    count = sum_by(group, view.count, HISTOGRAM_BINS)
    edges = np.arange(HISTOGRAM_BINS + 1) / HISTOGRAM_BINS
    start = HISTOGRAM_BINS // 2 if view.paired else 0
    return {"edges": edges[start:].tolist(), "count": count[start:].astype(int).tolist()}
