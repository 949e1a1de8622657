"""Reward and length within a prompt: what longer answers to the same prompt at the same step get."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.analysis.arrays import Floats, quotient, sum_by
from engine.analysis.intervals import LEAST_BUCKETS, jackknife
from engine.analysis.rollouts.windows import Placed
from engine.types import Estimate

PER = 100.0
BINS = 10
METHOD = "both centred on the answers to the same prompt at the same step; jackknife by bucket of prompts"
NONE = "needs prompts with two answers of known, different lengths at a step"


Centred = tuple[Floats, Floats]


def centred(found: Placed) -> Centred:
    """Length and reward less their means within prompt and step, shape (rows,); NaN where there is nothing to compare.

    Groups whose answers are all of one length say nothing of it.
    """
    length, reward = found.records.columns["length"], found.reward
    known = np.isfinite(length)
    group, size = found.groups.of, len(found.groups.starts)
    counts = sum_by(group, known, size)
    sides = []
    for values in (length, reward):
        filled = np.where(known, values, 0.0)
        sides.append(filled - quotient(sum_by(group, filled, size), counts)[group])
    varied = sum_by(group, np.where(known, np.square(sides[0]), 0.0), size) > 0
    usable = known & (counts >= 2)[group] & varied[group]
    return np.where(usable, sides[0], np.nan), np.where(usable, sides[1], np.nan)


def slopes(found: Placed, sides: Centred, least: int, level: float) -> dict[str, Estimate]:
    """`length_slope`: reward for 100 tokens more within a prompt; `length_correlation`: of the two within a prompt.

    A fixed effect for each prompt at each step (Singhal et al. 2023 for the question).
    """
    x, y = sides
    usable = np.isfinite(x)
    nothing = Estimate(None, level=level, method=NONE)
    if not usable.any():
        return {"length_slope": nothing, "length_correlation": nothing}
    x = x / PER
    sums = found.filled(usable, [x * x, x * y, y * y])
    n, told = int(usable.sum()), {}
    prompts = found.prompts_of(usable)
    for name, statistic in (("length_slope", _slope), ("length_correlation", _correlation)):
        value = float(statistic(sums.sum(axis=1)))
        if not np.isfinite(value):
            told[name] = nothing
        elif prompts < least or sums.shape[1] < LEAST_BUCKETS:
            told[name] = Estimate(value, level=level, method=f"{METHOD}; too few prompts for an interval", n=n)
        else:
            _, low, high = jackknife(statistic, sums, level)
            if name == "length_correlation":
                low, high = max(low, -1.0), min(high, 1.0)
            told[name] = Estimate(value, low, high, level, METHOD, n)
    return told


def _slope(sums: Floats) -> Floats:
    return quotient(sums[1], sums[0])


def _correlation(sums: Floats) -> Floats:
    return quotient(sums[1], np.sqrt(sums[0] * sums[2]))


def picture(found: Placed, sides: Centred, level: float) -> dict[str, Any] | None:
    """By tenths of the distance from the prompt's mean length: mean distance, and mean reward above the prompt's."""
    x, y = sides
    known = np.isfinite(x)
    if known.sum() < 2 * BINS:
        return None
    edges = np.unique(np.quantile(x[known], np.linspace(0, 1, BINS + 1)))
    place = np.clip(np.searchsorted(edges, x, side="right") - 1, 0, max(len(edges) - 2, 0))
    told: dict[str, Any] = {"length": [], "reward": [], "low": [], "high": [], "count": []}
    for each in np.unique(place[known]).tolist():
        inside = known & (place == each)
        sums = found.filled(inside, [known, y])
        value, low, high = float(y[inside].mean()), None, None
        if sums.shape[1] >= LEAST_BUCKETS:
            value, low, high = jackknife(lambda part: quotient(part[1], part[0]), sums, level)
        told["length"].append(float(x[inside].mean()))
        told["count"].append(int(inside.sum()))
        for name, number in (("reward", value), ("low", low), ("high", high)):
            told[name].append(number)
    return told
