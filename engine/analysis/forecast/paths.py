"""Sampled futures of a mixture: models by their weights, coefficients by what is known of them, noise as it goes on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.analysis.arrays import Floats, Ints
from engine.analysis.forecast.mixture import Mixture
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


def sample(mixture: Mixture, origin: int, ahead: Floats, draws: int, generator: np.random.Generator) -> Paths:
    """Futures of the line that ends at this origin, in blocks whose middles are `ahead` (places of the line)."""
    found, cut = _models(mixture, origin, draws, generator), mixture.design.cuts[origin]
    slow = _slow_part(mixture, cut, found, generator)
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


def _models(mixture: Mixture, origin: int, draws: int, generator: np.random.Generator) -> _Models:
    design, weights = mixture.design, mixture.weights[..., origin]
    c, s, g = np.unravel_index(_resampled(weights.ravel(), draws, generator), weights.shape)
    rest, freedom = mixture.rest[c, s, g, origin], design.freedom[s, g, origin]
    spread = np.sqrt(rest / generator.chisquare(freedom))
    one, two, three = spread * generator.standard_normal((3, draws))
    square_g, square_f, square_1 = (
        design.square_g[c, s, g, origin],
        design.square_f[c, s, origin],
        design.level[c, origin],
    )
    change = np.where(g == 0, 0.0, mixture.change[c, s, g, origin] / square_g + one / np.sqrt(square_g))
    trend = mixture.trend[c, s, origin] / square_f - design.ratio[c, s, g, origin] * change + two / np.sqrt(square_f)
    trend = np.where(s == 0, 0.0, trend)
    told = mixture.level[c, origin] - design.with_f[c, s, origin] * trend - design.with_g[c, g, origin] * change
    level = told / square_1 + three / np.sqrt(square_1)
    return _Models(c, s, g, spread, np.stack([level, trend, change], axis=1))


def _resampled(weights: Floats, draws: int, generator: np.random.Generator) -> Ints:
    """Systematic resampling: each model as often as its weight says, to less than one."""
    places = (np.arange(draws) + generator.random()) / draws
    return np.minimum(np.searchsorted(np.cumsum(weights), places), len(weights) - 1)


def _course(found: _Models, time: Floats) -> Floats:
    """Level, trend and change at these times, (N, times)."""
    level, trend, change = (found.beta[:, place, None] for place in range(3))
    return np.asarray(level + trend * trends(time)[found.trend] + change * changes(time)[found.change])


def _slow_part(mixture: Mixture, cut: int, found: _Models, generator: np.random.Generator) -> Floats:
    """The slow part of the noise at the end of the last block, given what trend and change leave of the blocks."""
    kinds, design = mixture.kinds, mixture.design
    used, kind = np.unique(found.kind, return_inverse=True)
    gain = np.einsum("kij,kj->ki", kinds.whiten[used, :cut, :cut], kinds.now[used, cut - 1, :cut])
    left = np.maximum(kinds.variance[used, cut - 1] - np.square(gain).sum(axis=1), 0.0)
    y, level = ((each[used, :cut] * gain).sum(axis=1) for each in (mixture.y, design.one[:, 0]))
    trend, change = ((each[used, :, :cut] @ gain[:, :, None])[:, :, 0] for each in (design.f, design.g))
    explained = found.beta[:, 0] * level[kind] + found.beta[:, 1] * trend[kind, found.trend]
    explained += found.beta[:, 2] * change[kind, found.change]
    error = found.spread * np.sqrt(left[kind]) * generator.standard_normal(len(kind))
    return np.asarray(y[kind] - explained + error)


def _wandering(
    mixture: Mixture, found: _Models, slow: Floats, count: int, generator: np.random.Generator
) -> Floats:
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
