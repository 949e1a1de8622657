"""Training curves: what it observes, and what it concludes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, ClassVar

import numpy as np

from engine.analysis.curves.change import Change, change_of
from engine.analysis.curves.notices import warnings_of
from engine.analysis.curves.parameters import CurvesParameters
from engine.analysis.curves.picture import picture
from engine.analysis.lines import Line, Lines, less_is_better, lines_of
from engine.analysis.records import Records
from engine.analysis.timed import TimedAnalysis
from engine.errors import NotEnoughData, NotFound
from engine.types import Estimate, Evidence, Kind, Result
from engine.words import amount, significant

LEADING = ("reward", "eval_reward", "rm_acc", "eval_rm_acc", "rm_margin", "gold", "loss", "eval_loss")
"""Metrics that say most, the first of them that is there."""

LEAST_POINTS = 4
MOST_RUNS = 500
"""Runs in the table; the pictures are of all of them."""


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

    def labelled(self, state: Records, name: str) -> Records:
        """The state with its runs called by their dataset: alone by its name, else by both names."""
        return called(state, name)

    def answer(self, state: Records, params: CurvesParameters) -> Result:
        """The result of a state; raises NotEnoughData below four points, NotFound for a metric that is not there."""
        return _conclude(state, params)


def called(state: Records, name: str) -> Records:
    """The records with each run's name preceded by that of its dataset; the only run without a name is called by it."""
    codes, known = state.names.get("run", (np.full(len(state), -1, np.int64), ()))
    renamed = tuple(f"{name}: {run}" for run in known)
    if np.any(codes < 0):
        codes, renamed = np.where(codes < 0, len(renamed), codes), (*renamed, name)
    order = sorted(range(len(renamed)), key=renamed.__getitem__)
    place = np.empty(len(renamed), np.int64)
    place[order] = np.arange(len(renamed))
    names = {**state.names, "run": (place[codes], tuple(renamed[one] for one in order))}
    return replace(state, names=names)


def _conclude(state: Records, params: CurvesParameters) -> Result:
    found = lines_of(state)
    metrics = tuple(chosen_metric(found, name) for name in params.metrics or ("",))
    metric = metrics[0]
    changes = {line.run: change_of(line.value, params.ends, params.level) for line in found.of(metric)}
    known = {run: each for run, each in changes.items() if each is not None}
    if not known:
        raise NotEnoughData(f"No run has {LEAST_POINTS} points of {metric}.")
    run, leading = _leading(metric, known)
    pictures = {key_of(place): picture(found, name, params) for place, name in enumerate(metrics)}
    return Result(
        analysis=Curves.name,
        verdict=_verdict(leading),
        sentence=_sentence(metric, run, leading, found, known),
        estimates=_estimates(leading, found, known, params.level),
        evidence=Evidence(Curves.name, Curves.version, params=asdict(params), rows=state.rows),
        dataset={
            "kind": "curve",
            "rows": len(state),
            "prompts": None,
            "metric": metric,
            "metrics": list(found.metrics),
            "runs": list(found.runs),
            "config": sorted({name for line in found.lines for name in line.config}),
            "by": found.by,
        },
        warnings=warnings_of(found, metrics, params),
        pictures=pictures,
        items=_table(found.of(metric), changes),
    )


def key_of(place: int) -> str:
    """What the picture of each metric that is shown is called."""
    return "curves" if place == 0 else f"curves_{place + 1}"


def chosen_metric(found: Lines, asked: str) -> str:
    """The metric that was asked for, else the one that says most. Raises NotFound, NotEnoughData without any point."""
    if asked:
        if asked not in found.metrics:
            raise NotFound(f"There is no metric {asked!r}; known are {', '.join(found.metrics[:20])}.")
        return asked
    if not found.metrics:
        raise NotEnoughData("No point has a value at a step.")
    return next((name for name in LEADING if name in found.metrics), found.metrics[0])


def _leading(metric: str, known: Mapping[str, Change]) -> tuple[str, Change]:
    """The run that is best now, the first by name of several."""
    best = min if less_is_better(metric) else max
    return best(known.items(), key=lambda each: each[1].last)


def _verdict(leading: Change) -> str:
    low, high = leading.change.low, leading.change.high
    if low is None or high is None or low <= 0 <= high:
        return "no_change_detected"
    return "rose" if low > 0 else "fell"


def _sentence(metric: str, run: str, leading: Change, found: Lines, known: Mapping[str, Change]) -> str:
    moved = {"rose": "rose", "fell": "fell", "no_change_detected": "did not surely move"}[_verdict(leading)]
    line = found.get(run, metric)
    points = len(line) if line is not None else 0
    best = "lowest" if less_is_better(metric) else "highest"
    of = f" of {run}" if len(found.runs) > 1 else ""
    of += f", {best} now," if len(known) > 1 else ""
    ends = f"from {significant(leading.first, 4)} to {significant(leading.last, 4)}"
    told = f"{metric}{of} {moved}: {ends}, means of the first and last {leading.ends} of {amount(points, 'point')}."
    if len(known) < 2:
        return told
    verdicts = [_verdict(change) for change in known.values()]
    rose, fell = verdicts.count("rose"), verdicts.count("fell")
    return f"{told[:-1]}; of {amount(len(known), 'run')} {rose} rose, {fell} fell."


def _estimates(leading: Change, found: Lines, known: Mapping[str, Change], level: float) -> dict[str, Estimate]:
    rose = sum(_verdict(change) == "rose" for change in known.values())
    plain = {"first": leading.first, "last": leading.last}
    told = {name: Estimate(value, level=level, method="mean of the points", n=0) for name, value in plain.items()}
    counts = {"runs": float(len(found.runs)), "runs_rising": float(rose)}
    return {
        "change": leading.change,
        **told,
        **{name: Estimate(value, level=level, method="count", n=len(known)) for name, value in counts.items()},
    }


def _table(lines: tuple[Line, ...], changes: Mapping[str, Change | None]) -> list[dict[str, Any]]:
    """Each run of the metric as a row: its points, where it began, where it is, how much it surely moved."""
    rows = []
    for line in lines[:MOST_RUNS]:
        change = changes.get(line.run)
        moved = change.change if change is not None else None
        rows.append(
            {
                "run": line.run,
                "points": len(line),
                "first": change.first if change is not None else None,
                "last": change.last if change is not None else None,
                "change": moved.value if moved is not None else None,
                "low": moved.low if moved is not None else None,
                "high": moved.high if moved is not None else None,
                "restarts": line.restarts,
            }
        )
    return rows
