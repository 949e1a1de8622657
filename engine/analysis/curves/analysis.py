"""Training curves: what it observes, and what it concludes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, ClassVar

from engine.analysis.curves.change import Change, change_of
from engine.analysis.curves.parameters import CurvesParameters
from engine.analysis.lines import Line, Lines, lines_of
from engine.analysis.records import Records
from engine.analysis.timed import TimedAnalysis
from engine.errors import NotEnoughData, NotFound
from engine.types import Estimate, Evidence, Kind, Notice, Result
from engine.words import amount

LEADING = ("reward", "eval_reward", "rm_acc", "eval_rm_acc", "rm_margin", "gold", "loss", "eval_loss")
"""Metrics that say most, the first of them that is there."""

LEAST_POINTS = 4


class Curves(TimedAnalysis[CurvesParameters]):
    """Where each metric of each run began and where it is."""

    name: ClassVar[str] = "curves"
    version: ClassVar[str] = "1"
    together: ClassVar[bool] = True
    needs: ClassVar[Mapping[Kind, tuple[str, ...]]] = {"curve": ("value",)}
    parameters = CurvesParameters

    @property
    def title(self) -> str:
        """What people call it."""
        return "Training curves"

    def answer(self, state: Records, params: CurvesParameters) -> Result:
        """The result of a state; raises NotEnoughData below four points, NotFound for a metric that is not there."""
        return _conclude(state, params)


def _conclude(state: Records, params: CurvesParameters) -> Result:
    found = lines_of(state)
    metric = chosen_metric(found, params.metric)
    changes = {line.run: change_of(line.value, params.ends, params.level) for line in found.of(metric)}
    known = {run: each for run, each in changes.items() if each is not None}
    if not known:
        raise NotEnoughData(f"No run has {LEAST_POINTS} points of {metric}.")
    run, leading = next(iter(known.items()))
    return Result(
        analysis=Curves.name,
        verdict=_verdict(leading),
        sentence=_sentence(metric, run, leading, found),
        estimates=_estimates(leading, found, params.level),
        evidence=Evidence(Curves.name, Curves.version, params=asdict(params), rows=state.rows),
        dataset={
            "kind": "curve",
            "rows": len(state),
            "prompts": None,
            "metric": metric,
            "metrics": list(found.metrics),
            "runs": list(found.runs),
            "by": found.by,
        },
        warnings=_warnings(found),
        pictures={"curves": _picture(found.of(metric), found.by, metric)},
    )


def chosen_metric(found: Lines, asked: str) -> str:
    """The metric that was asked for, else the one that says most. Raises NotFound, NotEnoughData without any point."""
    if asked:
        if asked not in found.metrics:
            raise NotFound(f"There is no metric {asked!r}; known are {', '.join(found.metrics[:20])}.")
        return asked
    if not found.metrics:
        raise NotEnoughData("No point has a value at a step.")
    return next((name for name in LEADING if name in found.metrics), found.metrics[0])


def _verdict(leading: Change) -> str:
    low, high = leading.change.low, leading.change.high
    if low is None or high is None or low <= 0 <= high:
        return "no_change_detected"
    return "rose" if low > 0 else "fell"


def _sentence(metric: str, run: str, leading: Change, found: Lines) -> str:
    moved = {"rose": "rose", "fell": "fell", "no_change_detected": "did not surely move"}[_verdict(leading)]
    line = found.get(run, metric)
    points = len(line) if line is not None else 0
    of = f" of {run}" if len(found.runs) > 1 else ""
    ends = f"from {leading.first:.4g} to {leading.last:.4g}"
    return f"{metric}{of} {moved}: {ends}, means of the first and last {leading.ends} of {amount(points, 'point')}."


def _estimates(leading: Change, found: Lines, level: float) -> dict[str, Estimate]:
    plain = {"first": leading.first, "last": leading.last, "runs": float(len(found.runs))}
    told = {name: Estimate(value, level=level, method="mean of the points", n=0) for name, value in plain.items()}
    return {"change": leading.change, **told}


def _picture(lines: tuple[Line, ...], by: str, metric: str) -> dict[str, Any]:
    told = [{"run": line.run, "at": line.at.tolist(), "value": line.value.tolist()} for line in lines]
    return {"by": by, "metric": metric, "lines": told}


def _warnings(found: Lines) -> list[Notice]:
    notices = []
    restarts = max((line.restarts for line in found.lines), default=0)
    if restarts:
        dropped = sum(line.dropped for line in found.lines)
        told = (
            f"A run began again from an earlier step {amount(restarts, 'time')}: {amount(dropped, 'point')} replaced."
        )
        notices.append(Notice("restarted", told))
    constant = [line.metric for line in found.lines if line.constant and len(line) > 1]
    if constant:
        notices.append(Notice("constant", f"These never move: {', '.join(dict.fromkeys(constant))}."))
    if found.sampled:
        notices.append(Notice("sampled", "There are more points than are kept: these are all points of random steps."))
    return notices
