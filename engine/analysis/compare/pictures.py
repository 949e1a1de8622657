"""The numbers of the pictures: a forest of differences, systems by metric, and the matrix of all pairs."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.analysis.arrays import Floats, Ints
from engine.analysis.compare.decide import Decision
from engine.analysis.compare.differences import Differences
from engine.analysis.compare.significance import Significance
from engine.analysis.compare.state import PAIR_FIELDS, SCORE_FIELDS, CompareState
from engine.analysis.compare.systems import Grid, grid_of_metric

FOREST_MOST = 60
"""Differences that a forest shows; of more, those against the baseline."""


def forest(
    found: Differences, decision: Decision, bounds: tuple[Floats, Floats], tests: Significance
) -> dict[str, Any]:
    """Each pair as better minus worse, greatest difference first; of many, only those with the baseline."""
    pairs = np.arange(len(found))
    if len(pairs) > FOREST_MOST:
        pairs = pairs[(found.first == decision.baseline) | (found.second == decision.baseline)]
    pairs = pairs[np.argsort(-np.abs(found.value[pairs]), kind="stable")]
    turned = found.value[pairs] < 0
    names = found.grid.names
    first, second = found.first[pairs], found.second[pairs]
    return {
        "candidate": [names[place] for place in np.where(turned, second, first)],
        "baseline": [names[place] for place in np.where(turned, first, second)],
        "difference": np.abs(found.value[pairs]).tolist(),
        "low": np.where(turned, -bounds[1][pairs], bounds[0][pairs]).tolist(),
        "high": np.where(turned, -bounds[0][pairs], bounds[1][pairs]).tolist(),
        "p": tests.p[pairs].tolist(),
        "p_holm": tests.holm[pairs].tolist(),
        "prompts": found.prompts[pairs].tolist(),
    }


def pairs(found: Differences, order: list[int], bounds: tuple[Floats, Floats], tests: Significance) -> dict[str, Any]:
    """Line minus column of every pair of systems, in this order; None where too few prompts are in common."""
    size = len(found.grid.names)
    turn = np.ix_(order, order)

    def matrix(values: Floats | Ints, mirrored: Floats | Ints) -> list[list[Any]]:
        whole = np.full((size, size), np.nan)
        whole[found.first, found.second] = values
        whole[found.second, found.first] = mirrored
        return [[None if np.isnan(each) else each for each in line] for line in whole[turn].tolist()]

    counted = matrix(found.prompts, found.prompts)
    return {
        "systems": [found.grid.names[place] for place in order],
        "difference": matrix(found.value, -found.value),
        "low": matrix(bounds[0], -bounds[1]),
        "high": matrix(bounds[1], -bounds[0]),
        "p": matrix(tests.p, tests.p),
        "p_holm": matrix(tests.holm, tests.holm),
        "p_bh": matrix(tests.bh, tests.bh),
        "prompts": [[None if each is None else int(each) for each in line] for line in counted],
    }


def matrix(state: CompareState, grid: Grid, order: list[int]) -> dict[str, Any]:
    """Each system's mean of every metric that the rows have; None where a system has none of it."""
    names = [grid.names[place] for place in order]
    fields = PAIR_FIELDS if state.paired else SCORE_FIELDS
    sums = dict(zip(fields, state.sums.sums, strict=True))
    if state.paired:
        metrics = ["accuracy", *(["brier", "log_loss"] if sums["scored"].any() else [])]
    else:
        metrics = [*(["accuracy"] if sums["known"].any() else []), "value", *(["truth"] if sums["known"].any() else [])]
    columns = []
    for metric in metrics:
        means = (grid if metric == grid.metric else grid_of_metric(state, grid.by, metric)).means()
        columns.append([means.get(name) for name in names])
    return {"systems": names, "metrics": metrics, "value": [list(line) for line in zip(*columns, strict=True)]}
