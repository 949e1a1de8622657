"""A signal of reward hacking, watched for the mean of what comes next leaving what its beginning allows.

On rollouts, whose prompts are drawn anew at each step, somebody bets on the values of single prompts, cut to a known
range (`engine.analysis.monitor.betting`): alpha holds without exchangeability. On curves, where only means of steps are
known, the same bet is taken where the order of the beginning is chance; else a threshold from made-up healthy runs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engine.analysis.arrays import Floats
from engine.analysis.hackwatch.measures import SHARES, SIGNALS, Measured
from engine.analysis.monitor.betting import Betting, bounds
from engine.analysis.monitor.bootstrap import Baseline, statistic, threshold_of_chance
from engine.analysis.monitor.change import Changed, changed
from engine.analysis.monitor.checks import exchangeable, stationary

REACH = 4.0
"""Standard deviations of the baseline to which values are cut."""

HORIZON = 1_000
LEAST_VALUES = 30
"""Values that a baseline needs."""


@dataclass(frozen=True)
class Signal:
    """A signal of a run. `evidence` is the statistic as a share of its threshold, at each step after the baseline.

    `alarm` is a place in the steps, `change` when it began; `why` says why a signal is not watched, empty where it is.
    """

    name: str
    measured: Measured
    baseline: int
    alpha: float = 0.0
    how: str = ""
    why: str = ""
    evidence: Floats | None = None
    alarm: int | None = None
    rose: bool = True
    change: Changed | None = None

    @property
    def watched(self) -> bool:
        """Whether a statement about its false alarms holds."""
        return not self.why

    def at(self, place: int) -> float:
        """The step of a place."""
        return float(self.measured.at[place])


def planned(name: str, measured: Measured, baseline: int, drawn: bool) -> Signal:
    """How a signal can honestly be watched, judged on its baseline alone. `drawn`: its prompts are drawn anew."""
    plan = Signal(name, measured, baseline)
    first = int(measured.sizes[:baseline].sum())
    if len(measured.at) <= baseline or first < LEAST_VALUES:
        return replace(
            plan, why=f"{first} values in its baseline, and {max(len(measured.at) - baseline, 0)} steps beyond"
        )
    still = float(np.ptp(measured.values[:first])) == 0
    if still and name not in SHARES:
        return replace(plan, why="its baseline never moves")
    if drawn:
        return replace(plan, how="betting")
    order = exchangeable(measured.values[:first])
    if order.passed:
        return replace(plan, how="betting")
    level = stationary(measured.values[:first])
    return replace(plan, how="cusum") if level.passed else replace(plan, why=level.said)


def watch(plan: Signal, alpha: float, tolerance: float, seed: int) -> Signal:
    """The signal over the steps after its baseline, until its first alarm, at a chance of a false one of `alpha`."""
    found = replace(plan, alpha=alpha)
    evidence = _betting(found, tolerance) if plan.how == "betting" else _cusum(found, seed)
    rang = np.flatnonzero(evidence >= 1)
    if not len(rang):
        return replace(found, evidence=evidence)
    means, alarm = plan.measured.means, plan.baseline + int(rang[0])
    change = changed(means, alarm, plan.baseline)
    rose = bool(means[change.at : alarm + 1].mean() > means[: plan.baseline].mean())
    return replace(found, evidence=evidence, alarm=alarm, rose=rose, change=change)


def bounded(signal: Signal) -> tuple[Floats, float]:
    """The values in [0, 1], and what a standard deviation of the baseline is there."""
    values = signal.measured.values
    first = values[: int(signal.measured.sizes[: signal.baseline].sum())]
    if signal.name in SHARES:
        return np.clip(values, 0.0, 1.0), float(first.std())
    scaled = (values - first.mean()) / first.std()
    return np.asarray((np.clip(scaled, -REACH, REACH) + REACH) / (2 * REACH)), 1 / (2 * REACH)


def _betting(signal: Signal, tolerance: float) -> Floats:
    """The log of the wealth as a share of what rings; of two sides the greater."""
    side = SIGNALS[signal.name]
    values, unit = bounded(signal)
    sizes = signal.measured.sizes
    first = int(sizes[: signal.baseline].sum())
    low, high = bounds(values[:first], signal.alpha / 2)
    later, periods = values[first:], sizes[signal.baseline :]
    each = signal.alpha / (2 if side else 4)
    told = []
    if side >= 0:
        highest = min(high + tolerance * unit, 1 - 1e-6)
        told.append(Betting(mean=highest, alpha=each).feed(later, periods)[1])
    if side <= 0:
        lowest = max(low - tolerance * unit, 1e-6)
        told.append(Betting(mean=1 - lowest, alpha=each).feed(1 - later, periods)[1])
    return np.asarray(np.max(told, axis=0) / -np.log(each))


def _cusum(signal: Signal, seed: int) -> Floats:
    means, size, side = signal.measured.means, signal.baseline, SIGNALS[signal.name]
    horizon = HORIZON
    while horizon < len(means) - size:
        horizon *= 2
    found = threshold_of_chance(means[:size], "cusum", side, signal.alpha, horizon, seed)
    return np.asarray(statistic(means[size:], Baseline.of(means[:size]), "cusum", side) / found.value)
