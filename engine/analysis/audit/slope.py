"""How the reward moves with the ruler, and what a picture of that shows."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.analysis.arrays import Flags, Floats, sum_by
from engine.analysis.audit.rulers import Pairs, right
from engine.analysis.intervals import jackknife
from engine.types import Estimate

PER = 100.0
JACKKNIFE = "jackknife by bucket"
BINS = 10


def slopes(pairs: Pairs, feature: str, level: float) -> dict[str, Estimate]:
    """Margin on the ruler's difference, through the origin for order does not count; the prompt's own level cancels.

    `reward_slope` is per 100 of the ruler, `reward_slope_given_label` the same with the preference held fixed,
    `reward_correlation` the correlation about the origin.
    """
    x, m = pairs.difference[feature], pairs.margin
    known = np.isfinite(x) & np.isfinite(m)
    buckets, place = np.unique(pairs.bucket[known], return_inverse=True)
    n = int(known.sum())
    names = ("reward_slope", "reward_slope_given_label", "reward_correlation")
    if len(buckets) < 3 or not np.any(x[known]):
        return {
            name: Estimate(None, level=level, method="needs margins and differences of the ruler") for name in names
        }
    x, m, y = x[known] / PER, m[known], 2 * pairs.label[known] - 1
    products = [x * x, x * m, x * y, y * m, y * y, m * m]
    sums = np.stack([sum_by(place, each, len(buckets)) for each in products])
    found = {}
    for name, statistic in zip(names, (_slope, _partial, _correlation), strict=True):
        bounds = jackknife(statistic, sums, level)
        nothing = Estimate(None, level=level, method="nothing to tell the two apart", n=n)
        found[name] = Estimate(*bounds, level, JACKKNIFE, n) if np.isfinite(bounds).all() else nothing
    return found


def _slope(sums: Floats) -> Floats:
    return _ratio(sums[1], sums[0])


def _partial(sums: Floats) -> Floats:
    xx, xm, xy, ym, yy, _ = sums
    return _ratio(xm * yy - xy * ym, xx * yy - xy * xy)


def _correlation(sums: Floats) -> Floats:
    return _ratio(sums[1], np.sqrt(sums[0] * sums[5]))


def _ratio(above: Floats, below: Floats) -> Floats:
    above, below = np.asarray(above, float), np.asarray(below, float)
    return np.asarray(np.divide(above, below, out=np.full(np.shape(below), np.nan), where=below > 1e-12))


def picture(pairs: Pairs, feature: str) -> dict[str, Any]:
    """By tenths of the distance in the ruler: mean and ends, how often more of it is preferred, the margin for it."""
    x = pairs.difference[feature]
    known = np.flatnonzero(np.isfinite(x) & (x != 0))
    far = np.abs(x[known])
    edges = np.unique(np.quantile(far, np.linspace(0, 1, BINS + 1))) if len(known) else np.zeros(0)
    place = np.clip(np.searchsorted(edges, far, side="right") - 1, 0, max(len(edges) - 2, 0))
    marks, toward = right(x, pairs.label)[known], (np.sign(x) * pairs.margin)[known]
    told: dict[str, Any] = {"distance": [], "nearest": [], "farthest": [], "preferred": [], "margin": [], "count": []}
    for each in np.unique(place).tolist():
        inside = place == each
        told["distance"].append(float(far[inside].mean()))
        told["nearest"].append(float(far[inside].min()))
        told["farthest"].append(float(far[inside].max()))
        told["preferred"].append(float(marks[inside].mean()))
        told["margin"].append(_mean(toward[inside], np.isfinite(toward[inside])))
        told["count"].append(int(inside.sum()))
    return told


def _mean(values: Floats, known: Flags) -> float | None:
    return float(values[known].mean()) if known.any() else None
