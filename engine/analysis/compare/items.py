"""Each system by itself: its mean with an interval, and whether it may be the best."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.analysis.arrays import Floats
from engine.analysis.compare.differences import SEQUENCE, Differences, standard_errors
from engine.analysis.compare.systems import Grid
from engine.analysis.intervals import critical, normal_quantile
from engine.analysis.paired import wilson
from engine.analysis.sequences import confidence_sequence
from engine.types import Estimate

WILSON, BY_BUCKET = "Wilson", "jackknife by bucket"
WILSON_CLUSTERED = "Wilson at the number of independent rows that the spread between buckets shows"


def values(grid: Grid, level: float, *, live: bool) -> list[Estimate]:
    """The mean of each system over all of its own units, at the level; where live, at every look at once."""
    weight = grid.known.astype(float)
    if live:
        lengths = np.diff(grid.prompt_starts, append=len(grid.prompt))
        of_prompt = np.repeat(np.add.reduceat(weight, grid.prompt_starts, axis=0), lengths, axis=0)
        weight = np.divide(weight, of_prompt, out=np.zeros_like(weight), where=of_prompt > 0)
    sums = np.add.reduceat(grid.value * weight, grid.bucket_starts, axis=0)
    counts = np.add.reduceat(weight, grid.bucket_starts, axis=0)
    errors = standard_errors(sums, counts)
    found = []
    for place in range(len(grid.names)):
        n = int(grid.known[:, place].sum())
        value = float(sums[:, place].sum() / counts[:, place].sum())
        if live:
            low, high, method = *confidence_sequence(_by_prompt(grid, place, weight), level), SEQUENCE
        elif grid.metric == "accuracy":
            low, high, method = _share(grid, place, value, float(errors[place]), level)
        else:
            spread = critical(level, int((counts[:, place] > 0).sum())) * float(errors[place])
            low, high, method = value - spread, value + spread, BY_BUCKET
        found.append(Estimate(value, low, high, level, method, n))
    return found


def _by_prompt(grid: Grid, place: int, weight: Floats) -> Floats:
    sums = np.add.reduceat(grid.value[:, place] * weight[:, place], grid.prompt_starts)
    there = np.logical_or.reduceat(grid.known[:, place], grid.prompt_starts)
    return np.asarray(np.clip(sums[there], 0.0, 1.0))


def _share(grid: Grid, place: int, value: float, error: float, level: float) -> tuple[float, float, str]:
    known = grid.known[:, place]
    marks = grid.value[known, place]
    if grid.independent and bool(((marks == 0) | (marks == 1)).all()):
        return *wilson(value, float(known.sum()), normal_quantile(level)), WILSON
    prompts = float(grid.prompts_of(known[:, None])[0])
    alone = value * (1 - value) / error**2 if error > 0 else prompts
    buckets = len(np.unique(grid.bucket[known]))
    return *wilson(value, max(alone, 1.0), critical(level, buckets)), WILSON_CLUSTERED


def possible_best(found: Differences, bounds: tuple[Floats, Floats]) -> list[bool]:
    """By system, whether no other one is surely better, all pairs taken together."""
    beaten = {*found.second[bounds[0] > 0].tolist(), *found.first[bounds[1] < 0].tolist()}
    return [place not in beaten for place in range(len(found.grid.names))]


def items(grid: Grid, found: list[Estimate], best: list[bool], order: list[int]) -> list[dict[str, Any]]:
    """A line a system, in this order."""
    prompts = grid.prompts_of(grid.known).tolist()
    return [
        {
            "item": grid.names[place],
            "value": found[place].value,
            "low": found[place].low,
            "high": found[place].high,
            "n": found[place].n,
            "prompts": prompts[place],
            "best": best[place],
        }
        for place in order
    ]
