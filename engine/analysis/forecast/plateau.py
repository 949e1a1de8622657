"""What a saturating line ends on: the limit of a power law whose scale and exponent lie anywhere, not on a grid.

The dictionary is fine enough for what comes next, not for what comes at last: between two of its exponents the limits
lie far apart. So the limit is worked out over a fine net of scales and exponents, under the kinds of noise and with the
changes that explain the line best; each place of the net weighs by its likelihood.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.special import stdtrit

from engine.analysis.arrays import Floats
from engine.analysis.forecast.mixture import Mixture
from engine.analysis.forecast.shapes import changes, shapes
from engine.types import Estimate

_SCALES = np.geomspace(0.004, 4.0, 40)
_POWERS = np.geomspace(0.15, 8.0, 32)
_SATURATES = 0.8
"""Weight that trends which end on something have to have, without a change of slope."""
_WALKS = 0.1
"""Weight of random walks without a trend up to which a limit is told."""
_CONSIDERED = 0.1
"""Kinds of noise and changes are taken that have so much of the weight of the best."""
_EACH = 9
"""Quantiles that stand for the error at each place of the net."""
METHOD = "limit of a power law, over all scales and exponents"


def plateau_of(mixture: Mixture, level: float) -> Estimate:
    """The limit with its interval; without a value where the line does not show it, or not yet."""
    n, known = len(mixture.blocks), shapes()
    weights = mixture.weights[..., -1]
    flat = weights[:, :, ~known.kink].sum(axis=(0, 2))
    if float(flat[known.saturating].sum()) < _SATURATES or mixture.random_walk() > _WALKS:
        return Estimate(None, level=level, method="the line does not show where it ends", n=n)
    ways = weights[:, :, ~known.kink].sum(axis=1)
    kept = np.argwhere(ways >= _CONSIDERED * ways.max()).tolist()
    found = [_limits(mixture, kind, change) for kind, change in kept]
    limits = np.concatenate([each for each, _ in found])
    chances = np.concatenate([ways[*one] * each for one, (_, each) in zip(kept, found, strict=True)])
    order = np.argsort(limits)
    at = np.cumsum(chances[order])
    ends = np.searchsorted(at, at[-1] * np.array([(1 - level) / 2, 0.5, (1 + level) / 2]))
    low, value, high = (float(one) for one in limits[order][np.minimum(ends, len(at) - 1)])
    if high - low > float(np.ptp(mixture.blocks.mean)):
        return Estimate(None, level=level, method="the line does not yet show where it ends", n=n)
    return Estimate(value, low, high, level, METHOD, n)


def _limits(mixture: Mixture, kind: int, change: int) -> tuple[Floats, Floats]:
    """Limits and their chances: of each place of the net the quantiles of Student's t about its least squares."""
    blocks = mixture.blocks
    size = len(blocks)
    whiten = mixture.kinds.whiten[kind, :size, :size]
    fixed = [np.ones(size), *([changes(blocks.time)[change]] if change else [])]
    base, y = whiten @ np.stack(fixed, axis=1), mixture.y[kind]
    basis = np.linalg.qr(base)[0]
    net = _net(blocks.time.tobytes()) @ whiten.T
    rest = y - basis @ (basis.T @ y)
    beside = net - (net @ basis) @ basis.T
    square = np.maximum(np.square(beside).sum(axis=1), np.finfo(float).tiny)
    height = beside @ rest / square
    left = np.maximum(float(rest @ rest) - height**2 * square, 1e-12)
    freedom = size - base.shape[1] - 3
    inverse = np.linalg.pinv(base)
    ends = np.ones(base.shape[1])
    about = ends @ inverse @ (y[:, None] - net.T * height)
    lean = ends @ inverse @ net.T
    error = np.sqrt(left / freedom * (float(np.square(ends @ inverse).sum()) + lean**2 / square))
    shares = (np.arange(_EACH) + 0.5) / _EACH
    limits = about[:, None] + error[:, None] * stdtrit(freedom, shares)
    logs = -0.5 * (freedom + 3) * np.log(left)
    chances = np.repeat(np.exp(logs - logs.max()), _EACH)
    return mixture.shift + mixture.scale * limits.ravel(), chances / chances.sum()


@lru_cache(maxsize=8)
def _net(times: bytes) -> Floats:
    """The power law at each place of the net, shape (places, times)."""
    time = np.frombuffer(times)
    log = np.log1p(time[None, :] / _SCALES[:, None])
    return np.asarray(np.exp(-_POWERS[:, None, None] * log[None]).reshape(-1, len(time)))
