"""Reward and KL of one run at the same steps, from curves or from the means of rollouts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.analysis.arrays import Floats
from engine.analysis.lines import RUN, Line, lines_of
from engine.analysis.records import Records
from engine.errors import NotEnoughData, NotFound

REWARDS = ("gold", "eval_gold", "eval_reward", "reward")
"""What is to be high, the truest first."""

DIVERGENCE = "kl_ref"


@dataclass(frozen=True)
class Course:
    """One run: at each step, in order, a reward and the KL to the reference. `unit` is that of the KL, where known."""

    run: str
    runs: tuple[str, ...]
    metric: str
    kl: str
    unit: str
    step: Floats
    reward: Floats
    divergence: Floats


def course_of(records: Records, run: str, metric: str, kl: str) -> Course:
    """The course that is asked for, empty names to be chosen.

    Raises NotFound for a run or metric that is not there, NotEnoughData where no run has both.
    """
    lines = lines_of(records).lines if "value" in records.columns else _rollout_lines(records)
    known = {(line.run, line.metric): line for line in lines}
    metrics = sorted({line.metric for line in lines})
    for asked in (metric, kl):
        if asked and asked not in metrics:
            raise NotFound(f"There is no metric {asked!r}; known are {', '.join(metrics[:20])}.")
    rewards, divergence = ((metric,) if metric else REWARDS), kl or DIVERGENCE
    runs = tuple(dict.fromkeys(line.run for line in lines))
    able = [one for one in runs if (one, divergence) in known and any((one, name) in known for name in rewards)]
    if run and run not in runs:
        raise NotFound(f"There is no run {run!r}; known are {', '.join(runs[:20])}.")
    if run and run not in able:
        able = []
    if not able:
        wanted = f"{' or '.join(rewards)} beside {divergence}"
        raise NotEnoughData(f"No run has {wanted}: name the two metrics that are to be weighed.", code="no_kl")
    chosen = run or able[0]
    reward = next(known[chosen, name] for name in rewards if (chosen, name) in known)
    return _joined(reward, known[chosen, divergence], tuple(able))


def _joined(reward: Line, divergence: Line, runs: tuple[str, ...]) -> Course:
    step, one, other = np.intersect1d(reward.at, divergence.at, assume_unique=True, return_indices=True)
    both = reward.value[one], divergence.value[other]
    return Course(reward.run, runs, reward.metric, divergence.metric, divergence.unit, step, *both)


def _rollout_lines(records: Records) -> list[Line]:
    """Means of rollouts by run and step."""
    codes, names = records.names.get("run", (np.full(len(records), -1, np.int64), ()))
    step = records.columns["step"]
    found = []
    for metric, column in (("gold", "gold"), ("reward", "reward"), (DIVERGENCE, "kl")):
        values = records.columns.get(column, np.full(len(records), np.nan))
        for code in np.unique(codes).tolist():
            rows = (codes == code) & np.isfinite(values) & np.isfinite(step)
            if rows.any():
                at, place = np.unique(step[rows], return_inverse=True)
                mean = np.bincount(place, values[rows]) / np.bincount(place)
                name = names[code] if code >= 0 else RUN
                found.append(Line(name, metric, column, "", at, mean, np.full(len(at), np.nan)))
    return found
