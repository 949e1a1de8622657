"""Rollouts: what it concludes of the answers of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, ClassVar

import numpy as np

from engine.analysis.arrays import Floats
from engine.analysis.records import Records
from engine.analysis.rollouts import course, within
from engine.analysis.rollouts.ends import Ends
from engine.analysis.rollouts.parameters import RolloutsParameters
from engine.analysis.rollouts.sentence import sentence, verdict
from engine.analysis.rollouts.windows import Placed, placed
from engine.analysis.timed import TimedAnalysis
from engine.errors import NotEnoughData, NotFound
from engine.types import Estimate, Evidence, Kind, Notice, Result
from engine.words import amount

LEAST_PROMPTS, FEW_PROMPTS = 30, 200
MOST_RUNS = 4
COMPONENT = "reward."

MEANS = ("gold", "length", "kl", "entropy")
"""Columns of which the mean by step is told."""


class Rollouts(TimedAnalysis[RolloutsParameters]):
    """How the answers of a policy moved through training."""

    name: ClassVar[str] = "rollouts"
    version: ClassVar[str] = "1"
    together: ClassVar[bool] = True
    needs: ClassVar[Mapping[Kind, tuple[str, ...]]] = {"rollout": ("reward",)}
    parameters = RolloutsParameters

    def answer(self, state: Records, params: RolloutsParameters) -> Result:
        """The result of a state.

        Raises NotEnoughData where no answer has a reward at a step, NotFound for a run that is not there. Below 30
        prompts there are values without intervals.
        """
        run, runs = chosen_run(state, params.run)
        return _conclude(state, params, run, runs)


def chosen_run(state: Records, asked: str) -> tuple[str, list[str]]:
    """The run that is told of, empty where none has a name, and all runs, those of most answers first.

    Raises NotFound for one that is not there.
    """
    codes, values = state.names.get("run", (np.zeros(0, np.int64), ()))
    counts = np.bincount(codes[codes >= 0], minlength=len(values)) if len(values) else np.zeros(0, np.int64)
    runs = [values[place] for place in np.argsort(-counts, kind="stable").tolist() if counts[place]]
    if asked and asked not in runs:
        raise NotFound(f"There is no run {asked!r}; known are {', '.join(runs[:20]) or 'none'}.")
    return asked or next(iter(runs), ""), runs


def of_run(state: Records, run: str) -> Records:
    """The answers of one run; all of them where it is empty."""
    if not run:
        return state
    codes, values = state.names["run"]
    return state.where(codes == values.index(run))


def _conclude(state: Records, params: RolloutsParameters, run: str, runs: list[str]) -> Result:
    found = placed(of_run(state, run))
    if not len(found.steps):
        raise NotEnoughData("No answer has a reward at a step (or a time).")
    ends = Ends(found, params.ends, LEAST_PROMPTS, params.level)
    marks = {"truncated": found.records.columns["truncated"], "zero_variance": course.equal_rewards(found)}
    sides = within.centred(found)
    told = _estimates(found, ends, marks, params.level) | within.slopes(found, sides, LEAST_PROMPTS, params.level)
    code = verdict(told)
    return Result(
        analysis=Rollouts.name,
        verdict=code,
        sentence=sentence(told, run if len(runs) > 1 else "", found.by, len(found.steps), found.prompts),
        estimates=told,
        evidence=Evidence(Rollouts.name, Rollouts.version, params=asdict(params), rows=state.rows),
        dataset={
            "kind": "rollout",
            "rows": len(found.records),
            "prompts": found.prompts,
            "prompts_approximate": False,
            "run": run,
            "runs": runs,
            "by": found.by,
            "steps": len(found.steps),
            "ends": ends.size,
            "components": _components(found),
        },
        warnings=_warnings(state, found, runs, run),
        pictures={
            **_pictures(found, marks, params.level),
            **_beside(found, sides, params.level),
            **_runs(state, runs, run, params.level),
        },
    )


def _components(found: Placed) -> list[str]:
    names = [name for name in found.records.columns if name.startswith(COMPONENT)]
    return [name.removeprefix(COMPONENT) for name in names if np.isfinite(found.records.columns[name]).any()]


def _estimates(found: Placed, ends: Ends, marks: Mapping[str, Floats], level: float) -> dict[str, Estimate]:
    columns = found.records.columns
    told = {**ends.moved("reward", found.reward), **ends.spread()}
    for name in MEANS:
        told |= ends.moved(name, columns[name])
    for name, each in marks.items():
        told |= ends.share(name, each)
    for name in _components(found):
        told |= ends.moved(f"{COMPONENT}{name}", columns[COMPONENT + name])
    for name, count in (("prompts", found.prompts), ("steps", len(found.steps))):
        told[name] = Estimate(float(count), level=level, method="counted", n=len(found.records))
    return told


def _pictures(found: Placed, marks: Mapping[str, Floats], level: float) -> dict[str, Any]:
    """By window of steps: the reward, its spread, and whatever else is known."""
    columns = found.records.columns
    lines: dict[str, Any] = {name: course.means(found, columns[name], level) for name in ("reward", *MEANS)}
    lines["spread"] = course.spreads(found, found.reward, level)
    lines |= {name: course.shares(found, each, level) for name, each in marks.items()}
    return {"places": _places(found), **{name: line for name, line in lines.items() if line is not None}}


def _beside(found: Placed, sides: within.Centred, level: float) -> dict[str, Any]:
    """The components of the reward by window, and the reward by length within prompts."""
    columns = found.records.columns
    parts = {name: course.means(found, columns[COMPONENT + name], level) for name in _components(found)}
    lines = [{"name": name, **line} for name, line in parts.items() if line is not None]
    bins = within.picture(found, sides, level)
    return ({"components": {"lines": lines}} if lines else {}) | ({"by_length": bins} if bins is not None else {})


def _runs(state: Records, runs: list[str], run: str, level: float) -> dict[str, Any]:
    """The reward of the run that is told of beside that of others, where there are any."""
    named = [run, *_others(runs, run)]
    return {"runs": {"lines": [_of_another(state, name, level) for name in named]}} if len(runs) > 1 else {}


def _others(runs: list[str], run: str) -> list[str]:
    return [name for name in runs if name != run][: MOST_RUNS - 1]


def _of_another(state: Records, run: str, level: float) -> dict[str, Any]:
    found = placed(of_run(state, run))
    line = course.means(found, found.reward, level) if len(found.steps) else None
    return {"run": run, **_places(found), **(line or {"value": [], "low": [], "high": [], "count": []})}


def _places(found: Placed) -> dict[str, Any]:
    first, last = found.windows if len(found.steps) else (np.zeros(0), np.zeros(0))
    return {"by": found.by, "first": first.tolist(), "last": last.tolist()}


def _warnings(state: Records, found: Placed, runs: list[str], run: str) -> list[Notice]:
    notices = []
    if found.prompts < LEAST_PROMPTS:
        told = f"Only {amount(found.prompts, 'prompt')}: no interval is honest below {LEAST_PROMPTS}."
        notices.append(Notice("few_prompts", told))
    elif found.prompts < FEW_PROMPTS:
        notices.append(Notice("few_prompts", f"Only {amount(found.prompts, 'prompt')}: intervals are approximate."))
    if len(runs) > 1:
        notices.append(Notice("several_runs", f"Of {len(runs)} runs this is {run}; name another with run=…."))
    left = len(of_run(state, run)) - len(found.records)
    if left:
        notices.append(Notice("unplaced", f"{amount(left, 'answer')} without a reward or a {found.by} left out."))
    if found.by == "time":
        notices.append(Notice("by_time", "No answer has a step: they are put in order by their time."))
    if state.sampled:
        told = "There are more answers than are kept: what is said rests on a random sample of prompts."
        notices.append(Notice("sampled", told))
    return notices
