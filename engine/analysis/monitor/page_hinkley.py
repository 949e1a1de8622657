"""Page-Hinkley: how far the sum of deviations from the running mean has come from its extreme (Page 1954).

The order is that of river: first the mean, then both sums, faded by `fading`; both sides unless one is asked for. It
starts anew after an alarm. Its threshold is in the unit of the values, so by itself it states no rate of false alarms.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from scipy.signal import lfilter

from engine.analysis.arrays import Floats
from engine.analysis.monitor.cusum import greater
from engine.analysis.monitor.detector import CHUNK, LARGEST_CHUNK, Detector

DELTA, FADING, LEAST = 0.005, 0.9999, 30


@dataclass(frozen=True)
class _Since:
    """What has come since the last alarm: count, total, both sums and their extremes so far."""

    count: int = 0
    total: float = 0.0
    rising: float = 0.0
    falling: float = 0.0
    lowest: float = np.inf
    highest: float = -1.0


@dataclass(frozen=True, kw_only=True)
class PageHinkley(Detector):
    """The state; `sides`: 1 up, −1 down, 0 both; `least` values have to come before it can ring."""

    threshold: float = 50.0
    delta: float = DELTA
    fading: float = FADING
    least: int = LEAST
    sides: int = 0
    since: _Since = _Since()

    def feed(self, values: Floats) -> tuple[Self, Floats]:
        """The state after `values`, and how far the sums have come at each."""
        told = np.empty(len(values))
        since, alarms = self.since, list(self.alarms)
        start, size = 0, CHUNK
        while start < len(values):
            part = values[start : start + size]
            larger, ahead = self._run(part, since)
            rings = larger > self.threshold
            rings[: max(self.least - 1 - since.count, 0)] = False
            first = int(np.argmax(rings))
            rang = bool(rings[first])
            end = first + 1 if rang else len(part)
            told[start : start + end] = larger[:end]
            since = _Since() if rang else ahead
            if rang:
                alarms.append(self.seen + start + first)
            size = CHUNK if rang else min(2 * size, LARGEST_CHUNK)
            start += end
        return replace(self, since=since, seen=self.seen + len(values), alarms=tuple(alarms)), told

    def _run(self, values: Floats, since: _Since) -> tuple[Floats, _Since]:
        count = since.count + np.arange(1, len(values) + 1)
        total = since.total + np.cumsum(values)
        away = values - total / count
        rising = _faded(away - self.delta, self.fading, since.rising)
        falling = _faded(away + self.delta, self.fading, since.falling)
        lowest = np.minimum(np.minimum.accumulate(rising), since.lowest)
        highest = np.maximum(np.maximum.accumulate(falling), since.highest)
        last = (total, rising, falling, lowest, highest)
        ahead = _Since(int(count[-1]), *(float(each[-1]) for each in last))
        return greater(rising - lowest, highest - falling, self.sides), ahead


def _faded(steps: Floats, fading: float, start: float) -> Floats:
    return np.asarray(lfilter([1.0], [1.0, -fading], steps, zi=np.array([fading * start]))[0])


def statistic(values: Floats, sides: int = 0) -> Floats:
    """How far the sums have come at each value of the last axis, without starting anew and with the usual settings."""
    away = values - np.cumsum(values, axis=-1) / np.arange(1, values.shape[-1] + 1)
    rising, falling = (lfilter([1.0], [1.0, -FADING], away + shift, axis=-1) for shift in (-DELTA, DELTA))
    up = rising - np.minimum.accumulate(rising, axis=-1)
    down = np.maximum(np.maximum.accumulate(falling, axis=-1), -1.0) - falling
    told = greater(up, down, sides)
    told[..., : LEAST - 1] = 0.0
    return told
