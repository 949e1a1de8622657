"""Settings: trials with the same parameters, which differ by their seeds alone, held against each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from engine.analysis.arrays import Floats
from engine.analysis.intervals import critical
from engine.analysis.sweep.effects import Effects
from engine.analysis.trials import Trials

LEAST_REPEATS = 3
"""Repetitions beyond the first of each setting, together, below which they say too little of the noise."""

REPEATS = "mean of the repetitions; Student's t with the variance within settings, pooled"
MODEL = "Student's t with what an additive model of the parameters leaves: it holds what the model misses, too"


@dataclass(frozen=True)
class Setting:
    """One setting: its parameters, the runs with their values and steps."""

    config: Mapping[str, float]
    runs: tuple[str, ...]
    values: tuple[float, ...]
    steps: tuple[float, ...]

    @property
    def mean(self) -> float:
        """What counts of it."""
        return float(np.mean(self.values))


@dataclass(frozen=True)
class Noise:
    """How much a single trial's value moves by chance: standard deviation, degrees of freedom, where that is from."""

    sigma: float
    df: int
    method: str


def settings_of(trials: Trials, at: str) -> list[Setting]:
    """The settings of the trials that have a value there, the best first."""
    names = trials.parameters
    found: dict[tuple[float | None, ...], list[tuple[str, float, float]]] = {}
    configs: dict[tuple[float | None, ...], dict[str, float]] = {}
    for trial in trials.known:
        reached = trial.reached(at, trials.lower)
        if reached is None:
            continue
        key = tuple(trial.config.get(name) for name in names)
        if not names:
            key = (float(len(found)),)
        found.setdefault(key, []).append((trial.run, *reached))
        configs[key] = {name: trial.config[name] for name in names if name in trial.config}
    settings = [
        Setting(configs[key], *(tuple(column) for column in zip(*rows, strict=True))) for key, rows in found.items()
    ]
    return sorted(settings, key=lambda one: (one.mean if trials.lower else -one.mean, one.runs))


def noise_of(settings: list[Setting], effects: Effects | None) -> Noise | None:
    """The noise of a single trial: from repetitions where there are enough, else from the additive model."""
    df = sum(len(one.values) - 1 for one in settings)
    if df >= LEAST_REPEATS:
        squares = sum(float(np.square(np.subtract(one.values, one.mean)).sum()) for one in settings)
        return Noise(float(np.sqrt(squares / df)), df, REPEATS)
    return None if effects is None else Noise(effects.sigma, effects.df, MODEL)


def not_apart(settings: list[Setting], noise: Noise, lower: bool, level: float) -> list[bool]:
    """Which settings are not surely worse than the best by value; the first of them is that.

    One-sided comparisons with the best at (1 − level) / (settings − 1) each (Hsu 1996, with Bonferroni's bound): the
    truly best setting is among them at `level` or more.
    """
    if len(settings) == 1:
        return [True]
    sign = -1.0 if lower else 1.0
    means: Floats = sign * np.array([one.mean for one in settings])
    counts: Floats = np.array([len(one.values) for one in settings], float)
    quantile = float(stdtrit(noise.df, 1 - (1 - level) / (len(settings) - 1)))
    reach = quantile * noise.sigma * np.sqrt(1 / counts[0] + 1 / counts)
    return [bool(one) for one in means[0] - means <= reach]


def bounds(setting: Setting, noise: Noise | None, level: float) -> tuple[float | None, float | None]:
    """The interval of a setting's mean; none without an idea of the noise."""
    if noise is None:
        return None, None
    half = critical(level, noise.df + 1) * noise.sigma / float(np.sqrt(len(setting.values)))
    return setting.mean - half, setting.mean + half
