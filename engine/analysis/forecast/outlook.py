"""What is read off the forecast: its bands, where the line ends up, whether and when it passes a threshold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.analysis.arrays import Floats
from engine.analysis.forecast.answering import DRAWS, Answer
from engine.analysis.forecast.models import MIXTURE
from engine.analysis.forecast.paths import Paths, sample
from engine.analysis.forecast.plateau import plateau_of
from engine.analysis.forecast.scores import quantile
from engine.types import Estimate

BANDS = (0.5, 0.8)
_SET = 0.8
"""Level of the set of steps in which a threshold is passed."""


def at_step(answer: Answer, where: float, level: float) -> Estimate:
    """The forecast of a point at a place ahead, between the middles of two blocks by a straight line."""
    ends = [quantile(answer.draws, share) for share in (0.5, (1 - level) / 2, (1 + level) / 2)]
    value, low, high = (float(np.interp(where, answer.ahead, each)) for each in ends)
    return Estimate(value, low, high, level, f"{answer.model}, {DRAWS:,} sampled futures", len(answer.found.value))


def bands(answer: Answer, level: float) -> dict[str, list[float]]:
    """The median and the bands of 50 %, 80 % and `level` of points in the blocks ahead."""
    told = {"at": answer.ahead.tolist(), "median": quantile(answer.draws, 0.5).tolist()}
    for name, width in (("50", BANDS[0]), ("80", BANDS[1]), ("level", level)):
        told[f"low_{name}"] = quantile(answer.draws, (1 - width) / 2).tolist()
        told[f"high_{name}"] = quantile(answer.draws, (1 + width) / 2).tolist()
    return told


def move(answer: Answer, level: float) -> Estimate:
    """How much the level (the line without what scatters about it) moves until the end of the forecast."""
    moved = answer.paths.level[:, -1] - answer.paths.now
    return _of_draws(moved, level, "level at the end less level now, sampled futures", len(answer.found.value))


def plateau(answer: Answer, level: float) -> Estimate:
    """What the line ends on were nothing else to come, where the mixture answers and the line shows it."""
    if answer.model != MIXTURE:
        return Estimate(None, level=level, method="the line does not show where it ends", n=len(answer.blocks))
    return plateau_of(answer.found.mixture, level)


def _of_draws(values: Floats, level: float, method: str, n: int) -> Estimate:
    value, low, high = (float(one) for one in np.quantile(values, [0.5, (1 - level) / 2, (1 + level) / 2]))
    return Estimate(value, low, high, level, method, n)


@dataclass(frozen=True)
class Crossing:
    """Whether the level passes a threshold: `up` or down, the chance by the end of the forecast, and when.

    `curve` is the chance by the end of each block ahead. `when` has no value, or no end, where too few paths pass it
    within as far ahead as the line is long.
    """

    up: bool
    chance: Estimate
    when: Estimate
    curve: list[float]


def crossing(answer: Answer, threshold: float, seed: int) -> Crossing:
    """The crossing of a threshold by the level of the line."""
    paths, n = answer.paths, len(answer.found.value)
    up = bool(np.median(paths.now) < threshold)
    curve = np.maximum.accumulate(_beyond(paths, threshold, up), axis=1).mean(axis=0)
    chance = Estimate(float(curve[-1]), method="share of sampled futures whose level passes it", n=n)
    passed = _first(answer, threshold, up, seed)
    middle, low, high = np.quantile(passed, [0.5, (1 - _SET) / 2, (1 + _SET) / 2], method="inverted_cdf")
    value, first, last = (float(each) if np.isfinite(each) else None for each in (middle, low, high))
    when = Estimate(value, first, last, _SET, "first passing of sampled levels, as far ahead as the line is long", n)
    return Crossing(up, chance, when, curve.tolist())


def _beyond(paths: Paths, threshold: float, up: bool) -> Floats:
    """1 where the level of a block lies beyond."""
    return np.asarray((paths.level >= threshold if up else paths.level <= threshold) * 1.0)


def _first(answer: Answer, threshold: float, up: bool, seed: int) -> Floats:
    """Where each of many sampled levels first passes, infinite where not within as far ahead as the line is long."""
    found, blocks = answer.found, answer.blocks
    generator, mixture, origin = np.random.default_rng(seed), found.mixture, len(found.cuts) - 1
    choose = mixture.choose if answer.model == MIXTURE else mixture.choose_walks
    ahead = blocks.ahead(len(blocks))
    far = sample(mixture, origin, choose(origin, DRAWS, generator), ahead, generator)
    at = np.concatenate([[blocks.first + blocks.span], ahead])
    level = np.column_stack([far.now, far.level])
    beyond = level >= threshold if up else level <= threshold
    first = np.argmax(beyond, axis=1)
    row, before = np.arange(len(level)), np.maximum(first - 1, 0)
    rise = level[row, first] - level[row, before]
    share = np.where(rise == 0, 1.0, (threshold - level[row, before]) / np.where(rise == 0, 1.0, rise))
    passed = at[before] + np.clip(share, 0, 1) * (at[first] - at[before])
    return np.asarray(np.where(beyond.any(axis=1), passed, np.inf))
