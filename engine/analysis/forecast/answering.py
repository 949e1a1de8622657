"""Which model answers for a line: the mixture, a random walk where that is all there is, naive where none is better."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.analysis.arrays import Floats
from engine.analysis.forecast.backtest import Backtest, backtest, origins
from engine.analysis.forecast.blocks import Blocks, blocks_of
from engine.analysis.forecast.models import MIXTURE, NAIVE, WALK, Fitted, Future, fitted, future
from engine.analysis.forecast.paths import Paths

DRAWS = 1000
_WALKS = 0.5
"""Weight of random walks without a trend from which on they answer, unless the mixture did better."""
_SHORT = 0.1
_MOST_WIDENED = 3.0
"""Where the bands of the back-test held by so much less often than they say, they are widened to what they needed."""


@dataclass(frozen=True)
class Answer:
    """The forecast of one line: `model` gives it; `draws` of points in each block ahead, in order, (blocks, draws).

    `ahead` are the middles of the blocks, `widened` what the distances from the median were multiplied by.
    """

    found: Fitted
    tested: Backtest
    future: Future
    model: str
    ahead: Floats
    draws: Floats
    widened: float
    until: float

    @property
    def blocks(self) -> Blocks:
        """The line in blocks."""
        return self.found.blocks

    @property
    def paths(self) -> Paths:
        """Paths of the level under the model that answers; naive stands for a random walk."""
        return self.future.paths if self.model == MIXTURE else self.future.walk


def answer_of(at: Floats, value: Floats, ahead: float, level: float, seed: int) -> Answer:
    """The forecast of a line of at least 30 points at rising places, `ahead` (above 0) beyond its last one."""
    blocks = blocks_of(at, value)
    count = max(int(np.ceil(ahead / blocks.width - 1e-9)), 1)
    cuts, tested = origins(len(blocks), count)
    found = fitted(blocks, value, cuts)
    scores = backtest(found, at, tested, level, seed)
    middles = blocks.ahead(count)
    told = future(found, len(cuts) - 1, middles, DRAWS, np.random.default_rng(seed))
    model = _chosen(found, scores)
    draws = np.sort(np.ascontiguousarray(told.draws[model].T), axis=-1)
    widened = _needed(scores, model, level)
    middle = np.median(draws, axis=-1, keepdims=True)
    return Answer(
        found, scores, told, model, middles, middle + widened * (draws - middle), widened, float(at[-1] + ahead)
    )


def _chosen(found: Fitted, scores: Backtest) -> str:
    """The mixture, or a random walk that speaks for itself and did as well; naive where that one does not beat it."""
    walks = found.mixture.random_walk() > _WALKS
    model = WALK if walks and scores.scores[WALK].crps <= scores.scores[MIXTURE].crps else MIXTURE
    return NAIVE if scores.beaten(model) else model


def _needed(scores: Backtest, model: str, level: float) -> float:
    """What split conformal prediction would multiply the bands by, where they plainly did not hold (else 1)."""
    own = scores.scores[model]
    return min(max(own.needed, 1.0), _MOST_WIDENED) if own.covered < level - _SHORT else 1.0
