"""What forecasts a line: each model as draws of the points of the blocks to come, of equal chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.analysis.arrays import Floats
from engine.analysis.forecast.blocks import Blocks
from engine.analysis.forecast.ets import Smooth, smooth
from engine.analysis.forecast.mixture import Mixture, fit
from engine.analysis.forecast.paths import Paths, sample

MIXTURE, WALK, ETS, DRIFT, NAIVE = "mixture", "random walk", "exponential smoothing", "drift", "naive"
MODELS = (MIXTURE, WALK, ETS, DRIFT, NAIVE)


@dataclass(frozen=True)
class Fitted:
    """All models of one line at each origin (`cuts`, in blocks)."""

    blocks: Blocks
    value: Floats
    cuts: tuple[int, ...]
    mixture: Mixture
    ets: list[Smooth]

    def last(self, origin: int) -> int:
        """The last point before an origin."""
        return int(self.blocks.starts[self.cuts[origin]]) - 1


@dataclass(frozen=True)
class Future:
    """Draws by model of points in the blocks ahead, shape (draws, blocks), and the sampled paths of two of them."""

    draws: dict[str, Floats]
    paths: Paths
    walk: Paths


def fitted(blocks: Blocks, value: Floats, cuts: tuple[int, ...]) -> Fitted:
    """Every model of the line whose blocks these are, at each origin of `cuts`, rising."""
    return Fitted(blocks, value, cuts, fit(blocks, cuts), smooth(blocks.mean, cuts))


def future(found: Fitted, origin: int, ahead: Floats, count: int, generator: np.random.Generator) -> Future:
    """What each model says of the blocks with these middles.

    Naive and drift are given the spread of a random walk with noise, as it is fitted to the line: that of steps alone
    would be absurdly wide where points scatter about a level.
    """
    shape = (count, len(ahead))
    mixture = found.mixture
    paths = sample(mixture, origin, mixture.choose(origin, count, generator), ahead, generator)
    walk = sample(mixture, origin, mixture.choose_walks(origin, count, generator), ahead, generator)
    around = generator.choice(found.blocks.around, (count, len(ahead) + 1))
    mean, variance = found.ets[origin].ahead(len(ahead))
    last, steps = found.last(origin), _steps(found, origin, ahead)
    value = found.value
    noise = np.sqrt(mixture.kinds.white[walk.kind]) * walk.spread
    apart = walk.mean - walk.now[:, None] + around[:, 1:] - around[:, :1]
    apart = apart - noise[:, None] * generator.standard_normal((count, 1))
    slope = (value[last] - value[0]) / max(last, 1)
    return Future(
        {
            MIXTURE: paths.mean + around[:, 1:],
            WALK: walk.mean + around[:, 1:],
            ETS: mean + np.sqrt(variance) * generator.standard_normal(shape) + around[:, 1:],
            DRIFT: value[last] + slope * steps + apart * np.sqrt(1 + steps / max(last, 1)),
            NAIVE: value[last] + apart,
        },
        paths,
        walk,
    )


def _steps(found: Fitted, origin: int, ahead: Floats) -> Floats:
    """How many points after the origin each middle lies."""
    blocks = found.blocks
    until = blocks.first + blocks.span * (1.0 if found.last(origin) == len(found.value) - 1 else _until(found, origin))
    return np.asarray(np.maximum((ahead - until) / blocks.spacing, 1.0))


def _until(found: Fitted, origin: int) -> float:
    cut = found.cuts[origin]
    return float(found.blocks.time[cut - 1 : cut + 1].mean())
