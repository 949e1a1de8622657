"""Trade-off: what it observes, and what it concludes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, ClassVar

import numpy as np
from scipy.special import stdtrit

from engine.analysis.arrays import Floats
from engine.analysis.records import Records
from engine.analysis.timed import TimedAnalysis
from engine.analysis.tradeoff.best import LEAST_STEPS, Weighed, Windows, weighed, windows_of
from engine.analysis.tradeoff.course import REWARDS, Course, course_of
from engine.analysis.tradeoff.parameters import TradeoffParameters
from engine.errors import NotEnoughData
from engine.types import Estimate, Evidence, Kind, Notice, Result
from engine.words import amount, significant

COEFFICIENTS = 33
"""Coefficients that are tried."""

METHOD = "mean of a window of steps, Newey-West"


class Tradeoff(TimedAnalysis[TradeoffParameters]):
    """Which checkpoint is best at a price of KL, and at which price another would be."""

    name: ClassVar[str] = "tradeoff"
    version: ClassVar[str] = "1"
    needs: ClassVar[Mapping[Kind, tuple[str, ...]]] = {"curve": ("value",), "rollout": ("reward", "kl")}
    parameters = TradeoffParameters

    @property
    def title(self) -> str:
        """What people call it."""
        return "KL trade-off"

    def answer(self, state: Records, params: TradeoffParameters) -> Result:
        """The result of a state.

        Raises NotFound for a metric or run that is not there, NotEnoughData where no run has a reward beside a KL or
        there are fewer than 15 steps with both.
        """
        course = course_of(state, params.run, params.metric, params.kl)
        if len(course.step) < LEAST_STEPS:
            steps, both = amount(len(course.step), "step"), f"{course.metric} and {course.kl}"
            raise NotEnoughData(f"{course.run}: {steps} with {both}; at least {LEAST_STEPS} are needed.")
        return _conclude(state, course, windows_of(course.step, params.windows), params)


def _conclude(state: Records, course: Course, windows: Windows, params: TradeoffParameters) -> Result:
    now = weighed(course.reward - params.coefficient * course.divergence, windows, params.level)
    grid = coefficients(course, windows, params.coefficient)
    tried = [weighed(course.reward - each * course.divergence, windows, params.level) for each in grid.tolist()]
    turn = _turn(grid, tried, now, params.coefficient)
    code = _verdict(now)
    return Result(
        analysis=Tradeoff.name,
        verdict=code,
        sentence=_sentence(code, course, windows, now, params.coefficient, turn),
        estimates=_estimates(course, windows, now, params, turn),
        evidence=Evidence(Tradeoff.name, Tradeoff.version, params=asdict(params), rows=state.rows),
        dataset={
            "kind": "curve" if "value" in state.columns else "rollout",
            "rows": len(state),
            "prompts": None,
            "run": course.run,
            "runs": list(course.runs),
            "metric": course.metric,
            "kl": course.kl,
            "unit": course.unit,
        },
        warnings=_warnings(course, state),
        pictures={
            "objective": _objective(windows, now, params.level, int(np.diff(windows.edges).min())),
            "coefficient": _by_coefficient(grid, tried, windows, params.coefficient),
        },
    )


def _verdict(now: Weighed) -> str:
    if float(np.ptp(now.mean)) == 0:
        return "flat"
    return "last_is_best" if now.may[-1] else "earlier_is_better"


def coefficients(course: Course, windows: Windows, asked: float) -> Floats:
    """Prices of KL worth a look: from none to where the reward gained is paid for three times, and the asked one."""
    reward, divergence = (
        float(np.ptp(np.add.reduceat(values, windows.edges[:-1]) / np.diff(windows.edges)))
        for values in (course.reward, course.divergence)
    )
    if not (reward > 0 and divergence > 0):
        return np.unique([0.0, asked])
    scale = reward / divergence
    return np.unique(np.append(np.append(0.0, scale * np.geomspace(0.01, 3, COEFFICIENTS - 1)), asked))


def _turn(grid: Floats, tried: list[Weighed], now: Weighed, coefficient: float) -> float | None:
    """The least price above the present one at which another window is the best."""
    beyond = (
        each for each, found in zip(grid.tolist(), tried, strict=True) if each > coefficient and found.best != now.best
    )
    return next(beyond, None)


def _steps(windows: Windows, place: int) -> str:
    return f"steps {windows.first[place]:,.0f} to {windows.last[place]:,.0f}"


def _sentence(code: str, course: Course, windows: Windows, now: Weighed, coefficient: float, turn: float | None) -> str:
    if code == "flat":
        return f"Nothing moves: {course.metric} less {course.kl} is {significant(now.mean[0])} all along."
    price = f"at {coefficient:.3g} for each nat" if coefficient else "with KL for nothing"
    reached = significant(now.mean[now.best])
    best = f"{_steps(windows, now.best)} are best {price} ({course.metric} less {course.kl}: {reached})"
    others = int(now.may.sum()) - 1
    tied = f", not told apart from {amount(others, 'other window')}" if others else ""
    tail = f"; from {turn:.3g} on another window would be" if turn is not None else ""
    if code == "last_is_best":
        head = "The last steps may be the best" if now.best != len(now.mean) - 1 else "The last steps are the best"
        return f"{head}: {best}{tied}{tail}."
    return f"An earlier checkpoint is better: {best}{tied}{tail}."


def _estimates(
    course: Course, windows: Windows, now: Weighed, params: TradeoffParameters, turn: float | None
) -> dict[str, Estimate]:
    points = int(np.diff(windows.edges).min())

    def mean(place: int) -> Estimate:
        spread = float(stdtrit(points - 2, 0.5 + params.level / 2)) * float(now.error[place])
        value = float(now.mean[place])
        return Estimate(value, value - spread, value + spread, params.level, METHOD, points)

    def plain(value: float | None, method: str) -> Estimate:
        return Estimate(value, level=params.level, method=method, n=len(course.step))

    lost = float(now.mean[now.best] - now.mean[-1])
    reach = float(stdtrit(2 * points - 4, 0.5 + params.level / 2))
    spread = reach * float(np.hypot(now.error[now.best], now.error[-1]))
    known = now.best != len(now.mean) - 1
    loss = Estimate(lost, lost - spread, lost + spread, params.level, METHOD, points) if known else plain(0.0, METHOD)
    return {
        "best_step": plain(float(windows.middle[now.best]), "middle of the best window"),
        "objective_best": mean(now.best),
        "objective_now": mean(len(now.mean) - 1),
        "objective_lost": loss,
        "turning_coefficient": plain(turn, "least price of KL at which another window is the best"),
    }


def _objective(windows: Windows, now: Weighed, level: float, points: int) -> dict[str, Any]:
    spread = float(stdtrit(points - 2, 0.5 + level / 2)) * now.error
    return {
        "step": windows.middle.tolist(),
        "first": windows.first.tolist(),
        "last": windows.last.tolist(),
        "objective": now.mean.tolist(),
        "low": (now.mean - spread).tolist(),
        "high": (now.mean + spread).tolist(),
        "may": now.may.tolist(),
        "best": now.best,
    }


def _by_coefficient(grid: Floats, tried: list[Weighed], windows: Windows, coefficient: float) -> dict[str, Any]:
    return {
        "coefficient": grid.tolist(),
        "best": [float(windows.middle[each.best]) for each in tried],
        "earliest": [float(windows.first[np.flatnonzero(each.may)[0]]) for each in tried],
        "latest": [float(windows.last[np.flatnonzero(each.may)[-1]]) for each in tried],
        "now": coefficient,
    }


def _warnings(course: Course, state: Records) -> list[Notice]:
    notices = []
    if course.metric not in REWARDS[:3]:
        told = f"{course.metric} is what the policy is trained on: what it gains beyond its peak may be no gain at all."
        notices.append(Notice("proxy_only", told))
    if course.unit and "sequence" not in course.unit:
        told = f"{course.kl} is in {course.unit}: a price for each nat of it is not the price of a whole answer's."
        notices.append(Notice("kl_unit", told))
    if float(course.divergence.min()) < 0:
        notices.append(Notice("negative_kl", "Some values of KL are below 0: an estimate from samples can be."))
    if state.sampled:
        notices.append(Notice("sampled", "There are more rows than are kept: these are a random sample."))
    return notices
