"""Products of the columns of every model, whitened by every kind of noise: what lines of the same places share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from engine.analysis.arrays import Flags, Floats
from engine.analysis.forecast.blocks import Blocks
from engine.analysis.forecast.noise import Noise, noise
from engine.analysis.forecast.shapes import changes, shapes, trends

_TINY = 1e-9
_AFTER_STEP, _AFTER_KINK = 3, 8
"""Blocks that have to lie beyond a change of level, or of slope, before it is believed."""

Cuts = tuple[int, ...]


@dataclass(frozen=True)
class Design:
    """Every model is a level, a trend f and a change g under a kind of noise: C kinds, S trends, G changes, K origins.

    `one`, `f`, `g` are the whitened columns, (C, rows, blocks). By origin (last axis): `level` (C, K) is the level's
    own square, `with_f` (C, S, K) and `with_g` (C, G, K) its products with the others; `square_f` (C, S, K) that of the
    trend beside the level, `ratio` (C, S, G, K) how much of that the change holds, `square_g` (C, S, G, K) that of the
    change beside both. `before` are the parts of the log weight that no value changes, `freedom` (S, G, K) blocks less
    coefficients.

    Of the slow part of the noise at the end of the blocks: `gain` by origin the weights (C, b) of the whitened blocks,
    `gain_level` (C, K), `gain_trend` (C, S, K), `gain_change` (C, G, K) what they make of the columns, `unknown` (C, K)
    the variance that is left.
    """

    cuts: Cuts
    one: Floats
    f: Floats
    g: Floats
    level: Floats
    with_f: Floats
    with_g: Floats
    square_f: Floats
    ratio: Floats
    square_g: Floats
    before: Floats
    freedom: Floats
    gain: tuple[Floats, ...]
    gain_level: Floats
    gain_trend: Floats
    gain_change: Floats
    unknown: Floats


def design_of(blocks: Blocks, cuts: Cuts) -> Design:
    """The design of the first b blocks for each b of `cuts`, rising."""
    return _design(blocks.time.tobytes(), cuts, blocks.averaged)


@lru_cache(maxsize=8)
def _design(times: bytes, cuts: Cuts, averaged: bool) -> Design:
    time, kinds = np.frombuffer(times), noise(averaged)
    whiten = kinds.whiten[:, : len(time), : len(time)]
    one = whiten.sum(axis=2)[:, None, :]
    f, g = (np.ascontiguousarray(np.swapaxes(whiten @ each.T, 1, 2)) for each in (trends(time), changes(time)))
    level = products(one, one, cuts)[:, 0, 0]
    with_f, with_g = products(f, one, cuts)[:, :, 0], products(g, one, cuts)[:, :, 0]
    own_f, own_g = squares(f, cuts), squares(g, cuts)
    square_f = own_f - with_f**2 / level[:, None]
    no_f = square_f <= _TINY * np.maximum(own_f, _TINY)
    square_f = np.where(no_f, 1.0, square_f)
    both = products(f, g, cuts) - with_f[:, :, None] * (with_g / level[:, None])[:, None]
    both = np.where(no_f[:, :, None], 0.0, both)
    ratio = both / square_f[:, :, None]
    square_g = (own_g - with_g**2 / level[:, None])[:, None] - ratio * both
    no_g = square_g <= _TINY * np.maximum(own_g, _TINY)[:, None]
    square_g, ratio = np.where(no_g, 1.0, square_g), np.where(no_g, 0.0, ratio)
    freedom = _freedom(cuts)
    volume = np.log(level)[:, None, None] + np.log(square_f)[:, :, None] + np.log(square_g)
    before = 0.5 * (volume[:1] - volume) + _prior(kinds, cuts, freedom)
    before[no_g & _there(no_g.shape, 2)] = -np.inf
    before[np.broadcast_to((no_f & _there(no_f.shape, 1))[:, :, None], before.shape)] = -np.inf
    before[:, :, _too_late(time, cuts)] = -np.inf
    gain = tuple(_gain(kinds, cut) for cut in cuts)
    of_one, of_f, of_g = (
        np.stack([(each[:, :, :cut] @ own[:, :, None])[:, :, 0] for cut, own in zip(cuts, gain, strict=True)], axis=-1)
        for each in (one, f, g)
    )
    known = np.stack([np.square(own).sum(axis=1) for own in gain], axis=-1)
    unknown = np.maximum(kinds.variance[:, np.array(cuts) - 1] - known, 0.0)
    products_of = (level, with_f, with_g, square_f, ratio, square_g)
    return Design(cuts, one, f, g, *products_of, before, freedom, gain, of_one[:, 0], of_f, of_g, unknown)


def _gain(kinds: Noise, cut: int) -> Floats:
    return np.asarray((kinds.whiten[:, :cut, :cut] @ kinds.now[:, cut - 1, :cut, None])[:, :, 0])


def _freedom(cuts: Cuts) -> Floats:
    known = shapes()
    trend, change = (np.arange(len(each)) > 0 for each in (known.family, known.place))
    return np.asarray(np.array(cuts, float) - 1.0 - trend[:, None, None] - change[:, None])


def _prior(kinds: Noise, cuts: Cuts, freedom: Floats) -> Floats:
    """Log of what is believed before, less the log size of the noise and the penalty of BIC for coefficients."""
    known, count = shapes(), np.array(cuts, float)
    size = kinds.logdet[:, np.array(cuts) - 1][:, None, None]
    believed = np.log(known.prior)[:, None, None] + np.log(known.change_prior)[:, None]
    penalty = 0.5 * (count - freedom) * np.log(count)
    return np.asarray(np.log(kinds.prior)[:, None, None, None] + believed - penalty - 0.5 * size)


def _there(shape: tuple[int, ...], axis: int) -> Flags:
    """All but the first along an axis: the first trend and the first change are none."""
    there = np.ones(shape, np.bool_)
    there[(slice(None),) * axis + (0,)] = False
    return there


def _too_late(time: Floats, cuts: Cuts) -> Flags:
    """Changes after which too few blocks lie: (G, K)."""
    known = shapes()
    after = np.array([[(time[:cut] > place).sum() for cut in cuts] for place in known.place])
    late = np.asarray(after < np.where(known.kink, _AFTER_KINK, _AFTER_STEP)[:, None])
    late[0] = False
    return late


def products(one: Floats, other: Floats, cuts: Cuts) -> Floats:
    """Products of the rows of (C, rows, blocks) over the first b blocks, for each b of `cuts`: (C, rows, rows, K)."""
    parts = [one[:, :, a:b] @ np.swapaxes(other[:, :, a:b], 1, 2) for a, b in _spans(cuts)]
    return np.asarray(np.cumsum(np.stack(parts, axis=-1), axis=-1))


def squares(one: Floats, cuts: Cuts) -> Floats:
    """Squares of the rows of (C, rows, blocks) over the first b blocks: (C, rows, K)."""
    parts = [np.square(one[:, :, a:b]).sum(axis=2) for a, b in _spans(cuts)]
    return np.asarray(np.cumsum(np.stack(parts, axis=-1), axis=-1))


def _spans(cuts: Cuts) -> list[tuple[int, int]]:
    return list(zip((0, *cuts[:-1]), cuts, strict=True))
