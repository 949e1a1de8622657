"""Exponential smoothing with a damped additive trend, ETS(A,Ad,N), its parameters from a grid.

(Gardner and McKenzie 1985; Hyndman, Koehler, Ord and Snyder 2008.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.analysis.arrays import Floats

_LEVEL = (0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9, 0.99)
_TREND = (0.0, 0.05, 0.2, 0.5)
"""Smoothing of the trend as a share of that of the level."""
_DAMPING = (0.8, 0.9, 0.98)
_BEGINNING = 10
"""Values whose straight line gives the first level and trend."""


@dataclass(frozen=True)
class Smooth:
    """The state at the end of a line, its parameters and the variance of one step."""

    level: float
    trend: float
    alpha: float
    beta: float
    damping: float
    variance: float

    def ahead(self, count: int) -> tuple[Floats, Floats]:
        """Mean and variance of each of the next values, shape (count,)."""
        damped = np.cumsum(self.damping ** np.arange(1, count + 1))
        weights = self.alpha + self.beta * damped[: count - 1]
        spread = self.variance * (1 + np.concatenate([[0.0], np.cumsum(weights**2)]))
        return self.level + damped * self.trend, spread


def smooth(value: Floats, cuts: tuple[int, ...]) -> list[Smooth]:
    """The best parameters of the grid for the first b values, for each b of `cuts`, rising, from 10 on."""
    grid = np.array([(a, a * b, phi) for a in _LEVEL for b in _TREND for phi in _DAMPING])
    level, trend = _beginning(value)
    return follow(value, cuts, grid, level, trend)


def _beginning(value: Floats) -> tuple[float, float]:
    first = value[:_BEGINNING]
    slope, constant = np.polyfit(np.arange(1, len(first) + 1), first, 1)
    return float(constant), float(slope)


def follow(value: Floats, cuts: tuple[int, ...], grid: Floats, level: float, trend: float) -> list[Smooth]:
    """The same with a grid of (alpha, beta, damping), shape (any, 3), and level and trend before the first value."""
    alpha, beta, damping = grid.T
    levels, trends, errors = np.full(len(grid), level), np.full(len(grid), trend), np.zeros(len(grid))
    found: list[Smooth] = []
    for place, one in enumerate(value[: cuts[-1]].tolist(), start=1):
        carried = damping * trends
        error = one - levels - carried
        errors += error * error
        levels = levels + carried + alpha * error
        trends = carried + beta * error
        if place in cuts:
            best = int(np.argmin(errors))
            taken = (levels[best], trends[best], alpha[best], beta[best], damping[best], errors[best] / place)
            found.append(Smooth(*map(float, taken)))
    return found
