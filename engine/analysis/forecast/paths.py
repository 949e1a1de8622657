"""Sampled futures of a mixture: models by their weights, coefficients by what is known of them, noise as it goes on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.analysis.arrays import Floats, Ints
from engine.analysis.forecast.mixture import Chosen, Mixture
from engine.analysis.forecast.shapes import changes, trends


@dataclass(frozen=True)
class Paths:
    """N sampled futures over H blocks.

    `now` (N,) is the level where the line ends, `level` (N, H) the level of each block, `mean` (N, H) the block's mean
    with the noise that does not last. `kind`, `trend`, `change` (N,) say of which model each is, `plateau` (N,) is what
    its trend ends on, were nothing else to come, `spread` (N,) the unit of its noise.
    """

    now: Floats
    level: Floats
    mean: Floats
    kind: Ints
    trend: Ints
    change: Ints
    plateau: Floats
    spread: Floats


@dataclass(frozen=True)
class _Models:
    """The models of N draws at one origin, and their coefficients (level, trend, change), shape (N, 3)."""

    kind: Ints
    trend: Ints
    change: Ints
    spread: Floats
    beta: Floats


def sample(mixture: Mixture, origin: int, chosen: Chosen, ahead: Floats, generator: np.random.Generator) -> Paths:
    """Futures of the line that ends at this origin, one of each of the models `chosen`.

    `ahead` are the middles of the blocks to come, as places of the line, shape (H,).
    """
    found, cut = _models(mixture, origin, chosen, generator), mixture.design.cuts[origin]
    slow = _slow_part(mixture, origin, found, generator)
    size = len(mixture.blocks)
    until = 1.0 if cut == size else float(mixture.blocks.time[cut - 1 : cut + 1].mean())
    course = _course(found, np.concatenate([[until], mixture.blocks.timed(ahead)]))
    level = course[:, 1:] + _wandering(mixture, found, slow, len(ahead), generator)
    noise = np.sqrt(mixture.kinds.white)[found.kind] * found.spread
    mean = level + noise[:, None] * generator.standard_normal(level.shape)
    plateau = found.beta[:, 0] + found.beta[:, 2] * (found.change > 0)
    now, level, mean, plateau = (
        mixture.shift + mixture.scale * each for each in (course[:, 0] + slow, level, mean, plateau)
    )
    spread = mixture.scale * found.spread
    return Paths(now, level, mean, found.kind, found.trend, found.change, plateau, spread)


def _models(mixture: Mixture, origin: int, chosen: Chosen, generator: np.random.Generator) -> _Models:
    design, (c, s, g) = mixture.design, chosen
    rest, freedom = mixture.rest[c, s, g, origin], design.freedom[s, g, origin]
    spread = np.sqrt(rest / generator.chisquare(freedom))
    one, two, three = spread * generator.standard_normal((3, len(c)))
    square_g, square_f = design.square_g[c, s, g, origin], design.square_f[c, s, origin]
    square_1 = design.level[c, origin]
    change = np.where(g == 0, 0.0, mixture.change[c, s, g, origin] / square_g + one / np.sqrt(square_g))
    trend = mixture.trend[c, s, origin] / square_f - design.ratio[c, s, g, origin] * change + two / np.sqrt(square_f)
    trend = np.where(s == 0, 0.0, trend)
    told = mixture.level[c, origin] - design.with_f[c, s, origin] * trend - design.with_g[c, g, origin] * change
    level = told / square_1 + three / np.sqrt(square_1)
    return _Models(c, s, g, spread, np.stack([level, trend, change], axis=1))


def _course(found: _Models, time: Floats) -> Floats:
    """Level, trend and change at these times, (N, times)."""
    level, trend, change = (found.beta[:, place, None] for place in range(3))
    return np.asarray(level + trend * trends(time)[found.trend] + change * changes(time)[found.change])


def _slow_part(mixture: Mixture, origin: int, found: _Models, generator: np.random.Generator) -> Floats:
    """The slow part of the noise at the end of the last block, given what trend and change leave of the blocks."""
    design, kind, cut = mixture.design, found.kind, mixture.design.cuts[origin]
    y = np.einsum("kb,kb->k", mixture.y[:, :cut], design.gain[origin])
    explained = found.beta[:, 0] * design.gain_level[kind, origin]
    explained += found.beta[:, 1] * design.gain_trend[kind, found.trend, origin]
    explained += found.beta[:, 2] * design.gain_change[kind, found.change, origin]
    left = np.sqrt(design.unknown[kind, origin]) * found.spread
    return np.asarray(y[kind] - explained + left * generator.standard_normal(len(kind)))


def _wandering(mixture: Mixture, found: _Models, slow: Floats, count: int, generator: np.random.Generator) -> Floats:
    """The slow part of the noise in each block to come, (N, count)."""
    kinds, kind = mixture.kinds, found.kind
    keeps, middle = kinds.keeps[kind], kinds.middle[kind]
    steps = (found.spread * np.sqrt(kinds.step[kind]))[:, None] * generator.standard_normal((len(kind), count))
    bridge = (found.spread * np.sqrt(kinds.within[kind]))[:, None] * generator.standard_normal((len(kind), count))
    told = np.empty((len(kind), count))
    for block in range(count):
        after = keeps * slow + steps[:, block]
        told[:, block] = middle * (slow + after) + bridge[:, block] if kinds.averaged else after
        slow = after
    return told
