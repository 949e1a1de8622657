"""The gap: the gold reward that the proxy promises by what it meant in the run's beginning, less the gold there is.

A policy that gets better, or that chooses by the proxy, leaves what a given proxy is worth as it was, or raises it; one
that has found what the proxy wrongly likes lowers it. So the gap stays at or below 0 in healthy training, whatever the
scales and the noise of both. What a proxy is worth in the beginning is a rising curve through the mean gold of parts of
equal count, level beyond its ends: nothing is promised that was never seen.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import isotonic_regression

from engine.analysis.arrays import Floats
from engine.analysis.hackwatch.measures import Measured

MOST_PARTS, LEAST_PER_PART = 20, 10

Promise = Callable[[Floats], Floats]
"""Proxy rewards to the gold that they promise."""


def promise_of(reward: Measured, gold: Measured, steps: int, way: str) -> Promise:
    """What proxies promise, by the first `steps`; "plain": themselves, for proxies on the scale of gold."""
    if way == "plain":
        return lambda values: values
    first = int(reward.sizes[:steps].sum())
    order = np.argsort(reward.values[:first], kind="stable")
    parts = np.array_split(order, max(min(MOST_PARTS, first // LEAST_PER_PART), 1))
    at, worth = (np.array([values[part].mean() for part in parts]) for values in (reward.values, gold.values))
    sizes = np.array([len(part) for part in parts], float)
    rising = isotonic_regression(worth, weights=sizes).x
    return lambda values: np.interp(values, at, rising)


def gap_of(reward: Measured, gold: Measured, promise: Promise) -> Measured:
    """What is promised less what is there, of each prompt of each step; both are of the same prompts."""
    return Measured(reward.at, promise(reward.values) - gold.values, reward.sizes)
