"""Forecast of training curves: what it observes, and what it concludes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, ClassVar

import numpy as np

from engine.analysis.curves.analysis import chosen_metric
from engine.analysis.forecast.answering import Answer, answer_of
from engine.analysis.forecast.models import MIXTURE
from engine.analysis.forecast.outlook import Crossing, at_step, crossing, move, plateau
from engine.analysis.forecast.parameters import ForecastParameters
from engine.analysis.forecast.pictures import backtest_picture, forecast_picture, thinned, threshold_picture
from engine.analysis.forecast.sentence import CONSTANT, number, percent, sentence, verdict
from engine.analysis.lines import Line, Lines, lines_of
from engine.analysis.records import Records
from engine.analysis.timed import TimedAnalysis
from engine.errors import NotEnoughData, NotFound, UsageError
from engine.types import Estimate, Evidence, Kind, Notice, Result
from engine.words import amount, place

LEAST_POINTS = 30
FEW_POINTS = 60
MOST = 1e100
"""Beyond this, and below one over it, squares are no numbers any more."""
_USUAL = 0.1
"""How far ahead a forecast goes unless asked, as a share of what the line has gone."""


class Forecast(TimedAnalysis[ForecastParameters]):
    """Where a training curve will be, how sure that is, and how good such forecasts of it have been."""

    name: ClassVar[str] = "forecast"
    version: ClassVar[str] = "1"
    needs: ClassVar[Mapping[Kind, tuple[str, ...]]] = {"curve": ("value",)}
    parameters = ForecastParameters

    def answer(self, state: Records, params: ForecastParameters) -> Result:
        """The result of a state.

        Raises NotEnoughData below 30 points, NotFound for a metric or a run that is not there, UsageError for a
        horizon beyond as far again as the line has gone.
        """
        found = lines_of(state)
        line = chosen_line(found, params.metric, params.run)
        return _constant(state, found, line, params) if still(line) else _moving(state, found, line, params)


def chosen_line(found: Lines, metric: str, run: str) -> Line:
    """The line that was asked for, else the longest of the metric that says most.

    Raises NotFound, UsageError for values beyond 1e100, and NotEnoughData where it has fewer than 30 points.
    """
    name = chosen_metric(found, metric)
    lines = found.of(name)
    if run:
        lines = tuple(line for line in lines if line.run == run)
        if not lines:
            raise NotFound(f"There is no run {run!r} with {name}; known are {', '.join(found.runs[:20])}.")
    line = max(lines, key=len)
    if float(np.abs(line.value).max()) > MOST:
        raise UsageError(f"{name} of {line.run} holds values beyond {MOST:g}: they cannot be forecast.")
    if len(line) < LEAST_POINTS:
        told = f"{name} of {line.run} has {amount(len(line), 'point')}; a forecast needs at least {LEAST_POINTS}."
        raise NotEnoughData(told)
    return line


def still(line: Line) -> bool:
    """Whether the line never moves, or by less than anybody could mean."""
    return bool(np.ptp(line.value) < 1 / MOST)


def horizon(line: Line, ahead: float) -> float:
    """How far ahead: what was asked for, else a tenth of what the line has gone. Raises UsageError where too far."""
    gone = float(line.at[-1] - line.at[0])
    if ahead > gone:
        raise UsageError(f"ahead={ahead:g} is farther than the line has gone ({gone:g}); nobody could tell.")
    usual = gone * _USUAL
    return ahead or (max(round(usual), 1.0) if gone >= LEAST_POINTS else usual)


def forecast_line(line: Line, params: ForecastParameters) -> Answer:
    """The forecast of a line that moves."""
    return answer_of(line.at, line.value, horizon(line, params.ahead), params.level, params.seed)


def _moving(state: Records, found: Lines, line: Line, params: ForecastParameters) -> Result:
    answer = forecast_line(line, params)
    end = at_step(answer, answer.until, params.level)
    moved = move(answer, params.level)
    limit = params.limit
    passing = crossing(answer, limit, params.seed) if limit is not None else None
    pictures: dict[str, Any] = {
        "forecast": forecast_picture(line, found.by, answer, params.level),
        "backtest": backtest_picture(answer),
    }
    if passing is not None and limit is not None:
        pictures["threshold"] = threshold_picture(limit, passing, answer)
    return Result(
        analysis=Forecast.name,
        verdict=verdict(answer, moved),
        sentence=sentence(line.metric, found.by, answer, end, limit, passing),
        estimates=_estimates(answer, end, moved, passing, params),
        evidence=_evidence(state, params),
        dataset={**_about(state, found, line), "model": answer.model, "until": answer.until},
        warnings=_warnings(found, line, answer, passing),
        pictures=pictures,
    )


def _constant(state: Records, found: Lines, line: Line, params: ForecastParameters) -> Result:
    value, points = float(line.value[0]), amount(len(line), "point")
    last = Estimate(value, level=params.level, method="every point so far", n=len(line))
    kept = thinned(line.value)
    picture = {
        "by": found.by,
        "metric": line.metric,
        "run": line.run,
        "level": params.level,
        "points": {"at": line.at[kept].tolist(), "value": line.value[kept].tolist(), "of": len(line)},
    }
    return Result(
        analysis=Forecast.name,
        verdict=CONSTANT,
        sentence=f"{line.metric} never moves: {number(value)} at all {points}; there is nothing to forecast.",
        estimates={"forecast": last},
        evidence=_evidence(state, params),
        dataset={**_about(state, found, line), "model": None, "until": None},
        warnings=_line_warnings(found, line),
        pictures={"forecast": picture},
    )


def _evidence(state: Records, params: ForecastParameters) -> Evidence:
    return Evidence(Forecast.name, Forecast.version, params=asdict(params), seed=params.seed, rows=state.rows)


def _about(state: Records, found: Lines, line: Line) -> dict[str, Any]:
    return {
        "kind": "curve",
        "rows": len(state),
        "prompts": None,
        "metric": line.metric,
        "run": line.run,
        "metrics": list(found.metrics),
        "runs": list(found.runs),
        "by": found.by,
        "points": len(line),
        "last": float(line.at[-1]),
    }


def _estimates(
    answer: Answer, end: Estimate, moved: Estimate, passing: Crossing | None, params: ForecastParameters
) -> dict[str, Estimate]:
    own, tested = answer.tested.scores[answer.model], answer.tested
    about = f"rolling-origin back-test, {amount(tested.origins, 'origin')}"

    def scored(value: float) -> Estimate:
        return Estimate(value if value == value else None, method=about, n=tested.points)

    return {
        "forecast": end,
        "move": moved,
        **({"chance": passing.chance, "crossing": passing.when} if passing is not None else {}),
        "plateau": plateau(answer, params.level),
        "held": scored(own.covered),
        "error_ratio": scored(tested.ratio(answer.model, "error")),
        "crps_ratio": scored(tested.ratio(answer.model, "crps")),
        "mase": scored(own.scaled),
        "mixture_error_ratio": scored(tested.ratio(MIXTURE, "error")),
        "dm_p": scored(tested.scores[MIXTURE].p_value),
        "band_width": scored(own.width),
        "random_walk": Estimate(
            answer.found.mixture.random_walk(), method="weight of random walks without a trend", n=len(answer.blocks)
        ),
    }


def _warnings(found: Lines, line: Line, answer: Answer, passing: Crossing | None) -> list[Notice]:
    notices = []
    own = answer.tested.scores[answer.model]
    if answer.widened > 1:
        said = f"In back-tests only {percent(own.covered)} of points fell inside the bands: they are widened "
        notices.append(Notice("widened", f"{said}{answer.widened:.2g} times."))
    if len(line) < FEW_POINTS or answer.tested.origins < 3:
        said = f"{amount(len(line), 'point')} only: the back-test rests on {amount(answer.tested.origins, 'origin')}."
        notices.append(Notice("few_points", said))
    if passing is not None and passing.when.value is None:
        notices.append(Notice("not_passed", _not_passed(found.by, passing)))
    return [*notices, *_line_warnings(found, line)]


def _not_passed(by: str, passing: Crossing) -> str:
    if passing.when.low is None:
        return "Fewer than one future in ten passes the threshold within as far ahead as the line is long."
    return f"Not half of the futures pass the threshold; one in ten does before {place(passing.when.low, by)}."


def _line_warnings(found: Lines, line: Line) -> list[Notice]:
    notices = []
    if line.restarts:
        told = f"The run began again from an earlier step {amount(line.restarts, 'time')}: what it wrote later counts."
        notices.append(Notice("restarted", told))
    others = len(found.of(line.metric)) - 1
    if others:
        told = f"{line.run} is forecast; {amount(others, 'further run')} of {line.metric} can be named."
        notices.append(Notice("other_runs", told))
    if found.by == "time":
        notices.append(Notice("by_time", "These points have no steps: the forecast runs over time, ahead in seconds."))
    if found.sampled:
        notices.append(Notice("sampled", "There are more points than are kept: these are all points of random steps."))
    return notices
