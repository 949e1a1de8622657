"""Rolling-origin back-test: every model forecasts parts of the line from what came before them, and is scored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.analysis.arrays import Floats, Ints
from engine.analysis.forecast.blocks import Blocks
from engine.analysis.forecast.models import MODELS, NAIVE, Fitted, future
from engine.analysis.forecast.scores import diebold_mariano, half_spread, mase, naive_scale, quantile

LEAST_BLOCKS = 20
"""Blocks before the first origin."""
_ORIGINS = 5
_POINTS = 4
"""Points of a block that are scored, at most."""
DRAWS = 100
_LEAST_HALF = 1e-9
"""Half a band is never taken for less than this share of the greatest error."""
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
    told = [future(found, place, blocks.at[cut : cut + ahead], DRAWS, generator) for place, cut in enumerate(cuts)]
    draws = np.array([[one.draws[model] for model in MODELS] for one in told])
    ordered = np.sort(np.ascontiguousarray(np.moveaxis(draws, 2, -1)), axis=-1)
    low, middle, high = (quantile(ordered, share) for share in ((1 - level) / 2, 0.5, (1 + level) / 2))
    places = np.stack([scored(blocks, cut, ahead) for cut in cuts])
    observed = found.value[places][:, None]
    distance = np.abs(ordered[..., None] - observed[:, :, :, None]).mean(axis=-2)
    crps = distance - half_spread(ordered)[..., None]
    low, middle, high = (each[..., None] for each in (low, middle, high))
    half = np.where(observed < middle, middle - low, high - middle)
    error = np.abs(observed - middle)
    outside = error / np.maximum(half, max(float(error.max()), np.finfo(float).tiny) * _LEAST_HALF)
    inside = (low <= observed) & (observed <= high)
    losses = np.broadcast_arrays(error, crps, inside, high - low, outside)
    by_model = np.stack([np.swapaxes(each, 0, 1).reshape(len(MODELS), -1) for each in losses], axis=1)
    ends = np.stack([each[..., 0] for each in (low, middle, high)])
    shown = [_shown(at, places[one], ends[:, one]) for one in range(len(cuts))]
    naive, scale = by_model[MODELS.index(NAIVE)], naive_scale(found.value)
    steps = ahead * places.shape[-1]
    scores = {model: _score(each, naive, scale, level, steps) for model, each in zip(MODELS, by_model, strict=True)}
    return Backtest(scores, places.size, len(cuts), ahead, shown)


def scored(blocks: Blocks, cut: int, ahead: int) -> Ints:
    """The points of the blocks after an origin that are scored, shape (blocks ahead, points of a block)."""
    starts, ends = blocks.starts[cut : cut + ahead, None], blocks.starts[cut + 1 : cut + ahead + 1, None]
    each = min(_POINTS, int(np.diff(blocks.starts).min()))
    return np.asarray(starts + (np.arange(each) + 0.5) * ((ends - starts) / each)).astype(np.int64)


def _score(losses: Floats, naive: Floats, scale: float, level: float, ahead: int) -> Score:
    error, crps, inside, width, outside = losses
    _, p_value = diebold_mariano(crps, naive[1], min(ahead, max(len(crps) // 2, 1)))
    means = float(error.mean()), mase(error, scale), float(crps.mean()), float(inside.mean()), float(width.mean())
    return Score(*means, p_value, float(np.quantile(outside, level)))


def _shown(at: Floats, places: Ints, ends: Floats) -> dict[str, list[float]]:
    """What each model said of the middles of the blocks after one origin: `<model>`, `<model> low`, `<model> high`."""
    told: dict[str, list[float]] = {"at": at[places].mean(axis=1).tolist()}
    for place, model in enumerate(MODELS):
        low, middle, high = ends[:, place].tolist()
        told |= {f"{model} low": low, model: middle, f"{model} high": high}
    return told
