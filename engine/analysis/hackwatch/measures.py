"""What is watched of one run: for each signal its values, one a prompt of a step, in the order of steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engine.analysis.arrays import Floats, Hashes, Ints
from engine.analysis.lines import lines_of
from engine.analysis.monitor.streams import grouped, kind_of, measures, moments, runs_of
from engine.analysis.records import Records
from engine.errors import NotEnoughData, NotFound

SIGNALS: Mapping[str, int] = {"gap": 1, "length": 0, "entropy": -1, "zero_variance": 1, "truncated": 1}
"""The signals and the side to which each is watched: 1 up, −1 down, 0 both."""

SHARES = ("zero_variance", "truncated")
"""Those whose values lie in [0, 1]."""

_BY_NAME: Mapping[str, tuple[str, ...]] = {
    "reward": ("reward", "rewards/mean", "train/reward"),
    "gold": ("gold", "gold_reward", "reward_gold", "eval_reward"),
    "length": ("length",),
    "entropy": ("entropy",),
    "zero_variance": ("frac_reward_zero_std", "zero_variance"),
    "truncated": ("truncated",),
}
"""By what is needed, the metrics of curves that may be it, the better first."""


@dataclass(frozen=True)
class Measured:
    """Values of a signal: `at` are its steps, `sizes` how many values each has. `row` are places in the records."""

    at: Floats
    values: Floats
    sizes: Ints

    @property
    def means(self) -> Floats:
        """The mean of each step."""
        starts = np.append(0, np.cumsum(self.sizes)[:-1])
        return np.asarray(np.add.reduceat(self.values, starts) / self.sizes) if len(self.sizes) else np.zeros(0)


@dataclass(frozen=True)
class Run:
    """One run: its signals besides the gap, its proxy and gold rewards; `rows` where it has answers of its own."""

    name: str
    by: str
    signals: Mapping[str, Measured]
    reward: Measured | None
    gold: Measured | None
    rows: Records | None = None


def runs_in(records: Records) -> list[str]:
    """The runs of a dataset, those with the most steps first."""
    if kind_of(records) == "curve":
        longest: dict[str, int] = {}
        for line in lines_of(records).lines:
            longest[line.run] = max(longest.get(line.run, 0), len(line))
        return sorted(longest, key=lambda name: (-longest[name], name))
    steps = {name: len(np.unique(moments(rows)[0])) for name, rows in runs_of(records)}
    return sorted(steps, key=lambda name: (-steps[name], name))


def run_of(records: Records, asked: str) -> Run:
    """The run that was asked for, else the longest. Raises NotFound, NotEnoughData where no row has a step or time."""
    known = runs_in(records)
    if not known:
        raise NotEnoughData("No row has a step or a time.")
    if asked and asked not in known:
        raise NotFound(f"There is no run {asked!r}; known are {', '.join(known[:20])}.")
    name = asked or known[0]
    return _of_lines(records, name) if kind_of(records) == "curve" else _of_rollouts(records, name)


def _of_rollouts(records: Records, name: str) -> Run:
    rows = next(rows for run, rows in runs_of(records) if run == name)
    at, by = moments(rows)
    found = measures(rows)
    told = {signal: by_prompt(at, rows.prompt, found[signal]) for signal in SIGNALS if signal in found}
    known = np.isfinite(rows.columns["reward"]) & np.isfinite(rows.columns["gold"])
    if not known.any():
        return Run(name, by, told, by_prompt(at, rows.prompt, rows.columns["reward"]), None, rows)
    both = rows.where(known)
    reward, gold = (by_prompt(at[known], both.prompt, both.columns[column]) for column in ("reward", "gold"))
    return Run(name, by, told, reward, gold, both)


def _of_lines(records: Records, name: str) -> Run:
    found = lines_of(records)
    known = {line.metric: line for line in found.lines if line.run == name}
    known |= {line.source: line for line in known.values() if line.source not in known}
    taken: dict[str, Measured] = {}
    for what, names in _BY_NAME.items():
        line = next((known[one] for one in names if one in known), None)
        if line is not None:
            taken[what] = Measured(line.at, line.value, np.ones(len(line), np.int64))
    reward, gold = taken.pop("reward", None), taken.pop("gold", None)
    if reward is not None and gold is not None:
        shared, one, other = np.intersect1d(reward.at, gold.at, return_indices=True)
        ones = np.ones(len(shared), np.int64)
        reward, gold = Measured(shared, reward.values[one], ones), Measured(shared, gold.values[other], ones)
    return Run(name, found.by, taken, reward, gold)


def by_prompt(at: Floats, prompt: Hashes, value: Floats) -> Measured:
    """The mean of each prompt at each step: the answers to one prompt of a step are one value, not several."""
    known = np.isfinite(value)
    at, prompt, value = at[known], prompt[known], value[known]
    order, starts = grouped(at, prompt)
    if not len(order):
        return Measured(np.zeros(0), np.zeros(0), np.zeros(0, np.int64))
    means = np.add.reduceat(value[order], starts) / np.diff(starts, append=len(order))
    steps, sizes = np.unique(at[order][starts], return_counts=True)
    return Measured(steps, means, sizes)
