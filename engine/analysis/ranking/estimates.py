"""The named numbers of a ranking that are not of one item, each with its interval."""

from __future__ import annotations

from math import exp

import numpy as np

from engine.analysis.arrays import Floats
from engine.analysis.intervals import jackknife
from engine.analysis.ranking.fitted import Fitted
from engine.analysis.shapes import Table
from engine.types import Estimate

JACKKNIFE = "delete-one-bucket jackknife"
SANDWICH = "sandwich clustered by prompt"
BOOTSTRAP = "bucket bootstrap"


def rates(pairs: Table, shown: Table, level: float) -> dict[str, Estimate]:
    """The share of ties, and how much more often the answer shown first wins than half of the time."""
    by_bucket = np.stack([np.add.reduceat(sums, pairs.starts) for sums in pairs.sums[[0, 2]]])
    value, low, high = jackknife(_share, by_bucket, level)
    rows = round(float(by_bucket[0].sum()))
    found = {"tie_rate": Estimate(value, max(low, 0.0), min(high, 1.0), level, JACKKNIFE, rows)}
    known = shown.sums[1:3, shown.sums[1] > 0]
    if known.shape[1] < 2:
        return found | {"position_bias": Estimate(None, level=level, method="needs the display order")}
    value, low, high = (side - 0.5 for side in jackknife(_share, known, level))
    rows = round(float(known[0].sum()))
    return found | {"position_bias": Estimate(value, max(low, -0.5), min(high, 0.5), level, JACKKNIFE, rows)}


def _share(sums: Floats) -> Floats:
    return np.asarray(sums[1] / sums[0])


def parameters(fitted: Fitted, level: float, rows: int) -> dict[str, Estimate]:
    """ν of Davidson's model, or the coefficients of style."""
    found = {}
    for name, (value, influence) in fitted.others.items():
        low, high = fitted.interval(value, influence, level)
        if name == "log_nu":
            found["nu"] = Estimate(exp(value), exp(low), exp(high), level, f"{SANDWICH}, of its logarithm", rows)
        else:
            found[name] = Estimate(value, low, high, level, SANDWICH, rows)
    return found
