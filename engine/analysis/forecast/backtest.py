"""Rolling-origin back-test: every model forecasts parts of the line from what came before them, and is scored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.analysis.arrays import Flags, Floats, Ints
from engine.analysis.forecast.blocks import Blocks
from engine.analysis.forecast.models import MODELS, NAIVE, Fitted, future
from engine.analysis.forecast.scores import diebold_mariano, half_spread, mase, naive_scale

LEAST_BLOCKS = 20
"""Blocks before the first origin."""
_ORIGINS = 6
_POINTS = 4
"""Points of a block that are scored, at most."""
DRAWS = 160
_FIRST = 1 / 3
"""Share of the line before the first origin, at least."""


@dataclass(frozen=True)
class Score:
    """How one model did: means over the points that it was asked for.

    `error` is the mean absolute error of its median, `scaled` that by the step within the line (MASE), `crps` its mean
    CRPS, `covered` how often its band held, `width` how wide that was, `p_value` of Diebold and Mariano against naive
    in CRPS; `needed` what the band would have to be multiplied by to hold as often as it says.
    """

    error: float
    scaled: float
    crps: float
    covered: float
    width: float
    p_value: float
    needed: float


@dataclass(frozen=True)
class Backtest:
    """The scores by model, from so many points after so many origins; and what was forecast, for the picture."""

    scores: dict[str, Score]
    points: int
    origins: int
    ahead: int
    shown: list[dict[str, list[float]]]

    def ratio(self, model: str, name: str) -> float:
        """A score of a model by that of naive; NaN where naive makes no error."""
        own, other = (float(getattr(self.scores[one], name)) for one in (model, NAIVE))
        return own / other if other > 0 else float("nan")

    def beaten(self, model: str) -> bool:
        """Whether naive is as good: in its error or in its CRPS."""
        return not (self.ratio(model, "error") < 1 and self.ratio(model, "crps") < 1)


def origins(blocks: int, ahead: int) -> tuple[tuple[int, ...], int]:
    """Where forecasts begin, rising, the end of the line last, and how many blocks each is tested on."""
    start = max(LEAST_BLOCKS, int(blocks * _FIRST))
    tested = max(min(ahead, (blocks - start) // 2), 1)
    latest = blocks - tested
    apart = max(min(tested, (latest - start) // (_ORIGINS - 1)), 1)
    cuts = [latest - apart * place for place in range(_ORIGINS) if latest - apart * place >= start]
    return (*reversed(cuts), blocks), tested


def backtest(found: Fitted, at: Floats, ahead: int, level: float, seed: int) -> Backtest:
    """Score all models at every origin but the last, which is the end of the line.

    Args:
        found: the models at the origins.
        at: the place of each point of the line, shape (n,).
        ahead: blocks that each origin is tested on.
        level: of the band that is held against the points.
        seed: of the draws.
    """
    blocks, cuts = found.blocks, found.cuts[:-1]
    generator = np.random.default_rng(seed)
    losses: dict[str, list[Floats]] = {model: [] for model in MODELS}
    shown = []
    for origin, cut in enumerate(cuts):
        told = future(found, origin, blocks.at[cut : cut + ahead], DRAWS, generator)
        places = scored(blocks, cut, ahead)
        block = np.searchsorted(blocks.starts, places, side="right") - 1 - cut
        for model in MODELS:
            losses[model].append(_losses(found.value[places], block, told.draws[model], level))
        shown.append(_shown(blocks, cut, ahead, {model: told.draws[model] for model in MODELS}, level))
    scale = naive_scale(found.value)
    kept = {model: np.concatenate(each, axis=1) for model, each in losses.items()}
    per_block = max(len(kept[NAIVE][0]) // max(len(cuts) * ahead, 1), 1)
    scores = {model: _score(each, kept[NAIVE], scale, level, ahead * per_block) for model, each in kept.items()}
    return Backtest(scores, len(kept[NAIVE][0]), len(cuts), ahead, shown)


def scored(blocks: Blocks, cut: int, ahead: int) -> Ints:
    """The points of the blocks after an origin that are scored."""
    starts, ends = blocks.starts[cut : cut + ahead], blocks.starts[cut + 1 : cut + ahead + 1]
    each = min(_POINTS, int((ends - starts).min()))
    return np.asarray(starts[:, None] + (np.arange(each) + 0.5) * ((ends - starts)[:, None] / each)).astype(int).ravel()


def _losses(observed: Floats, block: Ints, draws: Floats, level: float) -> Floats:
    """By point: absolute error of the median, CRPS, whether inside, width, and how far outside: shape (5, points)."""
    ends = np.quantile(draws, [(1 - level) / 2, 0.5, (1 + level) / 2], axis=0)[:, block]
    distance = np.abs(draws[:, block] - observed).mean(axis=0)
    low, middle, high = ends
    inside: Flags = (low <= observed) & (observed <= high)
    half = np.maximum(np.where(observed < middle, middle - low, high - middle), np.finfo(float).tiny)
    error = np.abs(observed - middle)
    return np.stack([error, distance - half_spread(draws)[block], inside * 1.0, high - low, error / half])


def _score(losses: Floats, naive: Floats, scale: float, level: float, ahead: int) -> Score:
    error, crps, inside, width, outside = losses
    _, p_value = diebold_mariano(crps, naive[1], min(ahead, max(len(crps) // 2, 1)))
    return Score(
        float(error.mean()),
        mase(error, scale),
        float(crps.mean()),
        float(inside.mean()),
        float(width.mean()),
        p_value,
        float(np.quantile(outside, level)),
    )


def _shown(blocks: Blocks, cut: int, ahead: int, draws: dict[str, Floats], level: float) -> dict[str, list[float]]:
    told: dict[str, list[float]] = {"at": blocks.at[cut : cut + ahead].tolist()}
    for model, each in draws.items():
        low, middle, high = np.quantile(each, [(1 - level) / 2, 0.5, (1 + level) / 2], axis=0)
        told |= {f"{model} low": low.tolist(), model: middle.tolist(), f"{model} high": high.tolist()}
    return told
