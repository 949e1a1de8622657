"""The points a surface is fitted to: two parameters of each trial and the value that it reached, on scaled axes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.analysis.arrays import Floats, Ints
from engine.analysis.surface.parameters import SurfaceParameters
from engine.analysis.trials import STEP, Trial, Trials
from engine.errors import InputRefused, NotEnoughData, NotFound
from engine.words import amount

MOST_PARTS = 20
"""Parts of a run whose means count where an axis is the step: neighbouring points say much the same."""

DECADE = 10.0


@dataclass(frozen=True)
class Axis:
    """A parameter scaled to [0, 1], by its logarithm where `log`."""

    name: str
    low: float
    high: float
    log: bool

    def unit(self, values: Floats) -> Floats:
        """Where values lie between the least and the greatest observed one."""
        low, high, at = (np.log(one) if self.log else one for one in (self.low, self.high, np.asarray(values, float)))
        return np.asarray((at - low) / (high - low))

    def value(self, units: Floats) -> Floats:
        """The values at these places."""
        units = np.asarray(units, float)
        if self.log:
            return np.asarray(np.exp(np.log(self.low) + units * np.log(self.high / self.low)))
        return np.asarray(self.low + units * (self.high - self.low))


@dataclass(frozen=True)
class Points:
    """Observed points: places u, v in [0, 1], values z, and the run of each; all of shape (n,)."""

    x: Axis
    y: Axis
    u: Floats
    v: Floats
    z: Floats
    run: Ints
    runs: tuple[str, ...]
    step: Floats
    left_out: int = 0
    """Trials that have a value, though not at the step asked for or without one of the parameters."""

    def __len__(self) -> int:
        return len(self.z)

    @property
    def clustered(self) -> bool:
        """Whether several points come from one run."""
        return len(self.runs) < len(self)


def points_of(trials: Trials, params: SurfaceParameters) -> Points:
    """The points of trials on the two axes.

    Raises NotFound for a parameter that is not there, InputRefused for one with a single value or a logarithm of what
    is not positive, NotEnoughData without any point.
    """
    x, y = _chosen(trials, params.x, params.y)
    rows: list[tuple[float, float, float, int, float]] = []
    runs: list[str] = []
    for trial in trials.known:
        found = _of_trial(trial, x, y, params.at, trials.lower)
        if found:
            rows += [(*one, len(runs), step) for *one, step in found]  # type: ignore[misc]
            runs.append(trial.run)
    if not rows:
        raise NotEnoughData(f"No trial has {trials.metric} with both {x} and {y}.")
    across, up, z, run, step = np.array(rows, float).T
    axes = _axis(x, across, params.log_x), _axis(y, up, params.log_y)
    places = axes[0].unit(across), axes[1].unit(up)
    return Points(*axes, *places, z, run.astype(np.int64), tuple(runs), step, len(trials.known) - len(runs))


def _of_trial(trial: Trial, x: str, y: str, at: str, lower: bool) -> list[tuple[float, float, float, float]]:
    """Its points (x, y, value, step): one, or one for each part of the run where an axis is the step."""
    assert trial.line is not None
    if any(name != STEP and name not in trial.config for name in (x, y)):
        return []
    if STEP not in (x, y):
        reached = trial.reached(at, lower)
        return [] if reached is None else [(trial.config[x], trial.config[y], *reached)]
    parts = np.array_split(np.arange(len(trial.line)), min(MOST_PARTS, len(trial.line)))
    means = [(float(trial.line.at[part].mean()), float(trial.line.value[part].mean())) for part in parts]
    return [
        (step if x == STEP else trial.config[x], step if y == STEP else trial.config[y], value, step)
        for step, value in means
    ]


def _chosen(trials: Trials, x: str, y: str) -> tuple[str, str]:
    """The two parameters: those asked for, then the first of the trials', then the step."""
    usual = [*trials.parameters, *([STEP] if trials.steps else [])]
    for name in filter(None, (x, y)):
        if name not in usual:
            raise NotFound(f"No parameter {name!r} differs between trials; {_listed(usual)}.")
    rest = iter([name for name in usual if name not in (x, y)])
    found = x or next(rest, ""), y or next(rest, "")
    if not all(found):
        raise NotEnoughData(f"A surface needs two parameters that differ between trials; {_listed(usual)}.")
    return found


def _listed(names: list[str]) -> str:
    return f"there are {', '.join(names)}" if names else "there is none"


def _axis(name: str, values: Floats, scale: str) -> Axis:
    low, high = float(values.min()), float(values.max())
    if low == high:
        told = f"{name} is {low:g} in all {amount(len(values), 'point')}: choose a parameter that differs."
        raise InputRefused(told, code="one_value")
    if scale == "on" and low <= 0:
        raise InputRefused(f"{name} goes down to {low:g}: it has no logarithm.", code="no_logarithm")
    spans = low > 0 and high / low >= DECADE and name != STEP
    return Axis(name, low, high, scale == "on" or (scale == "auto" and spans))
