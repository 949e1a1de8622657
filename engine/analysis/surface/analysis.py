"""A metric over two parameters: what it observes, and what it concludes."""

from __future__ import annotations

from dataclasses import asdict
from typing import ClassVar

import numpy as np

from engine.analysis.records import Records
from engine.analysis.surface.decide import WHERE, Decision, decide
from engine.analysis.surface.fitted import Fitted, fitted
from engine.analysis.surface.parameters import SurfaceParameters
from engine.analysis.surface.pictures import pictures
from engine.analysis.surface.points import Points, points_of
from engine.analysis.surface.sentence import sentence, verdict
from engine.analysis.surface.smooth import FEWEST_RUNS
from engine.analysis.trials import STEP, Trials, TrialsAnalysis, trials_of
from engine.types import Estimate, Evidence, Notice, Result
from engine.words import amount


class Surface(TrialsAnalysis[SurfaceParameters]):
    """How a metric of runs depends on two of their parameters."""

    name: ClassVar[str] = "surface"
    version: ClassVar[str] = "1"
    parameters = SurfaceParameters

    def answer(self, state: Records, params: SurfaceParameters) -> Result:
        """The result of a state.

        Raises NotFound for a parameter or metric that is not there; InputRefused for parameters that change together,
        have one value or no logarithm; NotEnoughData where not even a plane can be told.
        """
        trials, points, surface = surface_of(state, params)
        decision = decide(surface, points, trials.lower, params.level)
        return Result(
            analysis=self.name,
            verdict=verdict(decision),
            sentence=sentence(trials, points, decision),
            estimates=_estimates(points, surface, decision, params.level),
            evidence=Evidence(self.name, self.version, params=asdict(params), rows=state.rows),
            dataset={
                "kind": "curve",
                "rows": len(state),
                "prompts": None,
                "metric": trials.metric,
                "metrics": list(trials.metrics),
                "parameters": [*trials.parameters, *([STEP] if trials.steps else [])],
                "x": points.x.name,
                "y": points.y.name,
                "form": surface.form,
            },
            warnings=_warnings(trials, points, surface, params),
            pictures=pictures(trials, points, surface, decision, params),
        )


def surface_of(state: Records, params: SurfaceParameters) -> tuple[Trials, Points, Fitted]:
    """The trials of a state, their points and the surface through them. Raises what `Surface.answer` raises."""
    trials = trials_of(state, params.metric, params.better)
    points = points_of(trials, params)
    return trials, points, fitted(points, params.method)


def grid_of(state: Records, params: SurfaceParameters, layer: str) -> np.ndarray | None:
    """The fine grid, shape (resolution, resolution), a row for each y; NaN outside of the hull.

    `layer`: "value" or "error" (None where the surface has no standard errors).
    """
    surface = surface_of(state, params)[2]
    at = np.linspace(0.0, 1.0, params.resolution)
    return surface.values(at, at) if layer == "value" else surface.errors(at, at)


def _estimates(points: Points, surface: Fitted, decision: Decision, level: float) -> dict[str, Estimate]:
    n = len(points)
    told = {"best_value": decision.value}
    for place, (name, axis) in enumerate((("x", points.x), ("y", points.y))):
        value = float(axis.value(np.array([decision.best[place]]))[0])
        low = high = None
        if decision.spans is not None:
            low, high = (float(one) for one in axis.value(np.array(decision.spans[place])))
        told[f"best_{name}"] = Estimate(value, low, high, level, WHERE, n)
    for name, curve in zip(("effect_x", "effect_y"), decision.effects, strict=False):
        told[name] = curve.span
    if decision.next is not None and decision.next_value is not None:
        told["next_value"] = decision.next_value
        for name, axis, where in zip(("next_x", "next_y"), (points.x, points.y), decision.next, strict=True):
            told[name] = Estimate(
                float(axis.value(np.array([where]))[0]), level=level, method=decision.next_value.method, n=n
            )
    if surface.tensor is not None and np.isfinite(surface.tensor.sigma):
        method = "root of the residual sum of squares over what is left of the points"
        told["noise"] = Estimate(surface.tensor.sigma, level=level, method=method, n=n)
        told["freedom"] = Estimate(surface.tensor.freedom, level=level, method="trace of the hat matrix", n=n)
    told["trials"] = Estimate(float(len(points.runs)), level=level, method="count", n=n)
    return told


def _warnings(trials: Trials, points: Points, surface: Fitted, params: SurfaceParameters) -> list[Notice]:
    notices = []
    if surface.form not in ("spline", "preview", "exact"):
        told = f"Fewer than 16 different places: this is a {surface.form}, which can only be as bent as that."
        notices.append(Notice("low_order", told))
    if params.method == "exact":
        notices.append(Notice("follows_noise", "It goes through every point, noise included, and has no intervals."))
    if params.method == "preview" and surface.form == "preview":
        notices.append(Notice("preview", "A coarse picture of bin averages, without intervals."))
    if points.clustered and len(points.runs) < FEWEST_RUNS and params.method == "smooth":
        told = f"Points of {amount(len(points.runs), 'run')} only: they move together, so there are no intervals."
        notices.append(Notice("few_runs", told))
    if trials.failed:
        notices.append(Notice("failed_trials", f"{amount(len(trials.failed), 'trial')} without {trials.metric}."))
    if points.left_out:
        told = f"{amount(points.left_out, 'trial')} left out: no point at that step, or a parameter is missing."
        notices.append(Notice("left_out", told))
    if len(np.unique(points.step)) > 1 and STEP not in (points.x.name, points.y.name):
        told = "The values are of different steps: longer trials are held against shorter ones (at= takes one)."
        notices.append(Notice("uneven_steps", told))
    if params.at == "best":
        notices.append(Notice("best_step", "Each trial counts at its best step, which flatters the noisy ones."))
    if trials.sampled:
        notices.append(Notice("sampled", "There are more points than are kept: these are all points of random steps."))
    return notices
