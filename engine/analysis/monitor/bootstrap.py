"""Thresholds from healthy runs that were made up from a run's own beginning.

The baseline's dependence on its neighbour is taken out (autoregression of order 1, as strong as it may be), the rest
is drawn anew in blocks (Künsch 1989), of single points where no dependence is left, and put together again (Andrews and
Monahan 1992 for taking it out first). Each made-up run has a baseline of its own from which level and spread are
estimated anew, since an estimated baseline raises more false alarms than a known one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.signal import lfilter

from engine.analysis.arrays import Floats, Ints
from engine.analysis.monitor import page_hinkley
from engine.analysis.monitor.checks import corrected, strength
from engine.analysis.monitor.cusum import SLACK, greater, sums

RUNS, HORIZON, SETTLING = 300, 1_000, 60
"""Runs that are made up, points of each beyond its baseline, and points before it that are thrown away."""

MOST = 0.98
"""Autocorrelation at lag 1 that is the strongest of a run with a level of its own."""

LAGS, BLOCKS_AT = 5, 2.6
"""Lags at which what is left may still depend on itself, and standard errors beyond which it is taken to."""

Statistic = Literal["cusum", "page_hinkley"]


@dataclass(frozen=True)
class Baseline:
    """Level, spread and the error of the level, of one stream or of many, along the last axis."""

    level: Floats
    spread: Floats
    error: Floats

    @classmethod
    def of(cls, values: Floats) -> Baseline:
        """Of the values of the last axis; the error allows for autocorrelation at lag 1."""
        size = values.shape[-1]
        level = values.mean(axis=-1, keepdims=True)
        rest = values - level
        square = np.square(rest).sum(axis=-1, keepdims=True)
        near = (rest[..., 1:] * rest[..., :-1]).sum(axis=-1, keepdims=True) / np.maximum(square, 1e-300)
        near = np.clip(corrected(near, size), 0.0, MOST)
        spread = np.sqrt(square / (size - 1))
        return cls(level, spread, spread * np.sqrt((1 + near) / (1 - near) / size))


def statistic(values: Floats, baseline: Baseline, kind: Statistic, sides: int) -> Floats:
    """The statistic at each of the values that follow a baseline, along the last axis.

    A CUSUM's slack is half a standard deviation and the error of the level: a level that was estimated a little wrong
    does not add up.
    """
    spread = np.maximum(baseline.spread, 1e-300)
    scaled = (values - baseline.level) / spread
    if kind == "page_hinkley":
        return page_hinkley.statistic(scaled, sides)
    return greater(*sums(scaled, SLACK + baseline.error / spread), sides)


def made_up(baseline: Floats, seed: int, runs: int = RUNS, horizon: int = HORIZON) -> Floats:
    """Healthy runs like the baseline: shape (runs, len(baseline) + horizon)."""
    generator = np.random.default_rng(seed)
    size = len(baseline)
    rest = baseline - baseline.mean()
    near = min(max(strength(baseline), -MOST), MOST)
    left = rest[1:] - near * rest[:-1]
    left = (left - left.mean()) * np.sqrt((size - 1) / max(size - 3, 1))
    length = SETTLING + size + horizon
    block = _block(left)
    starts = generator.integers(0, len(left), (runs, -(-length // block)))
    places: Ints = (starts[:, :, None] + np.arange(block)) % len(left)
    drawn = left[places.reshape(runs, -1)[:, :length]]
    return np.asarray(baseline.mean() + lfilter([1.0], [1.0, -near], drawn, axis=1)[:, SETTLING:])


def _block(left: Floats) -> int:
    """How many neighbours are drawn together: blocks that are not needed only add the sample's own accidents."""
    size, square = len(left), max(float(left @ left), 1e-300)
    near = [float(left[lag:] @ left[:-lag]) / square for lag in range(1, LAGS + 1)]
    return 1 if max(map(abs, near)) < BLOCKS_AT / np.sqrt(size) else int(np.ceil(size ** (1 / 3)))


@dataclass(frozen=True)
class Threshold:
    """A threshold, the false alarms per 1,000 points that it gave on `runs` made-up runs, and their maxima so far."""

    value: float
    rate: float
    runs: int


def threshold_of_rate(baseline: Floats, kind: Statistic, sides: int, rate: float, seed: int) -> Threshold:
    """The least threshold that raises at most `rate` false alarms per 1,000 points on runs like the baseline."""
    peaks = _peaks(baseline, kind, sides, seed, HORIZON)
    final = np.sort(peaks[:, -1])
    low, high = 0, len(final) - 1
    while low < high:
        middle = (low + high) // 2
        if _rate(peaks, float(final[middle])) <= rate:
            high = middle
        else:
            low = middle + 1
    value = float(final[high])
    return Threshold(value, _rate(peaks, value), len(peaks))


def threshold_of_chance(
    baseline: Floats, kind: Statistic, sides: int, alpha: float, horizon: int, seed: int
) -> Threshold:
    """The threshold that a share `alpha` of runs like the baseline passes within `horizon` points."""
    peaks = _peaks(baseline, kind, sides, seed, horizon)
    value = float(np.quantile(peaks[:, -1], 1 - alpha, method="higher"))
    return Threshold(value, _rate(peaks, value), len(peaks))


def _peaks(baseline: Floats, kind: Statistic, sides: int, seed: int, horizon: int) -> Floats:
    """The greatest statistic so far, of each made-up run at each point after its baseline."""
    runs = made_up(baseline, seed, horizon=horizon)
    size = len(baseline)
    told = statistic(runs[:, size:], Baseline.of(runs[:, :size]), kind, sides)
    return np.asarray(np.maximum.accumulate(told, axis=1))


def _rate(peaks: Floats, value: float) -> float:
    """Alarms per 1,000 points, each run being watched until its first."""
    rang = peaks > value
    watched = np.where(rang.any(axis=1), rang.argmax(axis=1) + 1, peaks.shape[1]).sum()
    return float(1000 * rang.any(axis=1).sum() / watched)
