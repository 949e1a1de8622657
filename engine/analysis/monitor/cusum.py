"""Tabular CUSUM: sums of what lies beyond a slack, upwards and downwards (Page 1954; Montgomery, ch. 9).

Up: S ← max(0, S + z − k); down: S ← max(0, S − z − k); an alarm where either exceeds h. `z` are standardised: 0 on
average and of standard deviation 1 while nothing changed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Self

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

from engine.analysis.arrays import Floats
from engine.analysis.monitor.detector import CHUNK, LARGEST_CHUNK, Detector
from engine.errors import UsageError

NODES = 96
SLACK = 0.5
"""Half of the shift, in standard deviations, that it finds soonest."""


@dataclass(frozen=True, kw_only=True)
class Cusum(Detector):
    """Both sums as they stand; after an alarm both start from 0 again. `sides`: 1 up, −1 down, 0 both."""

    k: float = SLACK
    h: float = 5.0
    sides: int = 0
    up: float = 0.0
    down: float = 0.0

    def feed(self, values: Floats) -> tuple[Self, Floats]:
        """The state after `values` in standard deviations, and the greater of the two sums at each."""
        told = np.empty(len(values))
        up, down, alarms = self.up, self.down, list(self.alarms)
        start, size = 0, CHUNK
        while start < len(values):
            part = values[start : start + size]
            ups, downs = sums(part, self.k, up, down)
            larger = greater(ups, downs, self.sides)
            beyond = np.flatnonzero(larger > self.h)
            end = int(beyond[0]) + 1 if len(beyond) else len(part)
            told[start : start + end] = larger[:end]
            up, down = (0.0, 0.0) if len(beyond) else (float(ups[-1]), float(downs[-1]))
            if len(beyond):
                alarms.append(self.seen + start + end - 1)
            size = CHUNK if len(beyond) else min(2 * size, LARGEST_CHUNK)
            start += end
        return replace(self, up=up, down=down, seen=self.seen + len(values), alarms=tuple(alarms)), told


def sums(values: Floats, k: float | Floats, up: float = 0.0, down: float = 0.0) -> tuple[Floats, Floats]:
    """Both sums after each value of the last axis, without starting anew: S = C − min(0, min C) of C = Σ (z − k)."""
    return _above(values - k, up), _above(-values - k, down)


def _above(steps: Floats, start: float) -> Floats:
    total = np.cumsum(steps, axis=-1) + start
    return np.asarray(total - np.minimum(np.minimum.accumulate(total, axis=-1), 0.0))


def greater(ups: Floats, downs: Floats, sides: int) -> Floats:
    """The sum that counts: of one side, or the greater of both."""
    return ups if sides > 0 else downs if sides < 0 else np.maximum(ups, downs)


@lru_cache(64)
def arl0(k: float, h: float, sides: int = 0) -> float:
    """Values between two false alarms on average, for independent standard normal values.

    The integral equation of Page (1954) by Gauss and Legendre: L(s) = 1 + L(0) Φ(k − s) + ∫₀ʰ L(y) φ(y + k − s) dy;
    of both sides half of it (Van Dobben de Bruyn 1968).
    """
    node, weight = np.polynomial.legendre.leggauss(NODES)
    at, weight = (node + 1) * h / 2, weight * h / 2
    starts = np.append(0.0, at)
    kernel = np.exp(-0.5 * (at[None, :] + k - starts[:, None]) ** 2) / np.sqrt(2 * np.pi) * weight
    matrix = np.eye(NODES + 1)
    matrix[:, 0] -= ndtr(k - starts)
    matrix[:, 1:] -= kernel
    one_sided = float(np.linalg.solve(matrix, np.ones(NODES + 1))[0])
    return one_sided if sides else one_sided / 2


def threshold(run_length: float, k: float = SLACK, sides: int = 0) -> float:
    """The h at which false alarms lie `run_length` values apart on average; raises UsageError outside 20 to 1e6."""
    if not 20 <= run_length <= 1e6:
        raise UsageError(f"An average of {run_length:g} values between false alarms is not between 20 and 1,000,000.")
    return float(brentq(lambda h: np.log(arl0(k, h, sides) / run_length), 0.2, 20.0, xtol=1e-9))
