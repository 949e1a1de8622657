"""Forecast by a mixture of every trend, change and kind of noise, weighed by how well each explains the line so far.

For each combination level, trend and change are fitted by generalised least squares; its weight is the restricted
likelihood less the penalty of BIC for each coefficient (Schwarz 1978; averaging by it: Hoeting et al. 1999), in units
of the line's own variance up to there. Sums up to a block are the sums of a line that ends there, so all origins of a
back-test are fitted in one pass.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.analysis.arrays import Floats, Ints
from engine.analysis.forecast.blocks import Blocks
from engine.analysis.forecast.design import Cuts, Design, design_of, products, squares
from engine.analysis.forecast.noise import Noise, noise
from engine.analysis.forecast.shapes import shapes

Chosen = tuple[Ints, Ints, Ints]
"""Of each draw its kind of noise, its trend and its change."""

_FLOOR = 1e-12
_DOMINATES = 1.0
"""White noise beside a random walk, in steps of a block, up to which the walk is what decides a forecast."""


@dataclass(frozen=True)
class Mixture:
    """The fit of one line at each origin: `weights` and `rest` (what is left unexplained), shape (C, S, G, K).

    `y` is the whitened line (C, B) in units of `scale` from `shift` on; `level`, `trend`, `change` what its products
    with the columns leave: (C, K), (C, S, K), (C, S, G, K). `sums` (K, any) are running sums of the weights.
    """

    blocks: Blocks
    kinds: Noise
    design: Design
    shift: float
    scale: float
    y: Floats
    level: Floats
    trend: Floats
    change: Floats
    rest: Floats
    weights: Floats
    sums: Floats

    def random_walk(self, origin: int = -1) -> float:
        """How much speaks for a random walk without any trend or change, in [0, 1]."""
        walks = self.kinds.walks & (self.kinds.white <= _DOMINATES)
        return float(self.weights[walks, ..., origin].sum())

    def choose(self, origin: int, draws: int, generator: np.random.Generator) -> Chosen:
        """Models of so many draws, each as often as its weight says."""
        place = _resampled(self.sums[origin], draws, generator)
        return tuple(np.unravel_index(place, self.weights.shape[:3]))  # type: ignore[return-value]

    def choose_walks(self, origin: int, draws: int, generator: np.random.Generator) -> Chosen:
        """The same among random walks about the present level, with white noise or without: the fallback."""
        walks = np.flatnonzero(self.kinds.walks)
        weights = np.maximum(self.weights[walks, 0, 0, origin], np.finfo(float).tiny)
        kind = walks[_resampled(np.cumsum(weights / weights.sum()), draws, generator)]
        return kind, np.zeros_like(kind), np.zeros_like(kind)

    @property
    def saturating(self) -> Floats:
        """Weight of the trends that end on a plateau, at the last origin."""
        return np.asarray(self.weights[..., -1].sum(axis=(0, 2))[shapes().saturating])


def fit(blocks: Blocks, cuts: Cuts) -> Mixture:
    """The mixture of the first b blocks, for each b of `cuts`, rising."""
    kinds, size, design = noise(blocks.averaged), len(blocks), design_of(blocks, cuts)
    shift, scale = float(blocks.mean[0]), float(blocks.mean.std()) or 1.0
    y = kinds.whiten[:, :size, :size] @ ((blocks.mean - shift) / scale)
    own = y[:, None, :]
    level = products(design.one, own, cuts)[:, 0, 0]
    part = level / design.level
    trend = products(design.f, own, cuts)[:, :, 0] - design.with_f * part[:, None]
    trend[:, 0] = 0.0
    beside = products(design.g, own, cuts)[:, :, 0] - design.with_g * part[:, None]
    change = beside[:, None] - design.ratio * trend[:, :, None]
    change[:, :, 0] = 0.0
    left = squares(own, cuts)[:, 0] - level * part
    rest = (left[:, None] - trend**2 / design.square_f)[:, :, None] - change**2 / design.square_g
    np.maximum(rest, np.maximum(_FLOOR * left, _FLOOR)[:, None, None], out=rest)
    unit = np.log([max(float(((blocks.mean[:cut] - shift) / scale).var()), _FLOOR) for cut in cuts])
    weights = design.before - 0.5 * design.freedom * (np.log(rest) - unit)
    weights -= weights.max(axis=(0, 1, 2))
    np.exp(weights, out=weights)
    weights /= weights.sum(axis=(0, 1, 2))
    sums = np.cumsum(np.moveaxis(weights, -1, 0).reshape(len(cuts), -1), axis=1)
    return Mixture(blocks, kinds, design, shift, scale, y, level, trend, change, rest, weights, sums)


def _resampled(sums: Floats, draws: int, generator: np.random.Generator) -> Ints:
    """Systematic resampling by running sums of weights: each place as often as its weight says, to less than one."""
    places = (np.arange(draws) + generator.random()) / draws
    return np.asarray(np.minimum(np.searchsorted(sums, places * sums[-1], side="right"), len(sums) - 1))
