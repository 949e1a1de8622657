"""Trials: each run with its parameters and the value of a metric that it reached, for surfaces and sweeps."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from engine.analysis.base import ParametersT
from engine.analysis.lines import RUN, Line, less_is_better, lines_of
from engine.analysis.records import Records, RecordsAnalysis
from engine.analysis.timed import TimedAnalysis
from engine.errors import NotEnoughData, NotFound, UsageError
from engine.types import Kind

STEP = "step"
CONFIG = "config."
LAST, BEST = "last", "best"
BETTER = ("", "higher", "lower")

LEADING = (
    "eval_reward", "reward", "gold", "eval_rm_acc", "rm_acc", "eval_rm_margin", "rm_margin", "eval_loss", "loss",
)  # fmt: skip
"""Metrics that a sweep is judged by, the first of them that is there."""

PREFERRED = ("learning_rate", "lr", "beta", "kl_coef", "init_kl_coef")
"""Parameters that are looked at first, before those with most values."""

_SEEDS = re.compile(r"^(.*[._-])?(seed|trial|trial_id|run|run_id|index|replicate)$", re.IGNORECASE)


@dataclass(frozen=True)
class Trial:
    """A run: `config` its parameters, `line` the metric over its steps; None where it has no value of it."""

    run: str
    config: Mapping[str, float]
    line: Line | None

    def reached(self, at: str, lower: bool) -> tuple[float, float] | None:
        """Value and step that count: at the last step, at its best one, or at a step that it has come to.

        `at`: "last", "best" or a number of steps, of which the last point at or before it counts. None where there is
        no such point.
        """
        if self.line is None:
            return None
        if at == LAST:
            place = len(self.line) - 1
        elif at == BEST:
            place = int(np.argmin(self.line.value) if lower else np.argmax(self.line.value))
        else:
            place = int(np.searchsorted(self.line.at, float(at), side="right")) - 1
            if place < 0 or self.line.at[-1] < float(at):
                return None
        return float(self.line.value[place]), float(self.line.at[place])


@dataclass(frozen=True)
class Trials:
    """The trials of a dataset by one metric; `lower` says that less of it is better."""

    trials: tuple[Trial, ...]
    metric: str
    metrics: tuple[str, ...]
    lower: bool
    sampled: bool = False

    @property
    def known(self) -> tuple[Trial, ...]:
        """Those that have a value."""
        return tuple(trial for trial in self.trials if trial.line is not None)

    @property
    def failed(self) -> tuple[str, ...]:
        """The runs without any value of the metric."""
        return tuple(trial.run for trial in self.trials if trial.line is None)

    @property
    def parameters(self) -> tuple[str, ...]:
        """Parameters with more than one value among the trials, the usual ones first; seeds are none."""
        values: dict[str, set[float]] = {}
        for trial in self.known:
            for name, value in trial.config.items():
                values.setdefault(name, set()).add(value)
        kept = [name for name, found in values.items() if len(found) > 1 and not _SEEDS.match(name)]
        first = {name: place for place, name in enumerate(PREFERRED)}
        return tuple(sorted(kept, key=lambda name: (first.get(name, len(first)), -len(values[name]), name)))

    @property
    def steps(self) -> bool:
        """Whether some trial has more than one step."""
        return any(trial.line is not None and len(trial.line) > 1 for trial in self.trials)


def trials_of(records: Records, metric: str, better: str) -> Trials:
    """The trials of records of curves.

    Args:
        records: as `engine.analysis.timed` observes them. Where no point has a step or a time, all are of step 0.
        metric: empty for the one that says most.
        better: "higher", "lower", or empty to tell it from the metric's name.

    Raises NotFound for a metric that is not there, NotEnoughData without any value.
    """
    columns = records.columns
    if not np.isfinite(columns["value"]).any():
        raise NotEnoughData("No trial has a value.")
    if not (np.isfinite(columns["step"]).any() or np.isfinite(columns["time"]).any()):
        records = replace(records, columns={**columns, "step": np.zeros(len(records))})
    found = lines_of(records)
    chosen = _metric(found.metrics, metric)
    lines = {line.run: line for line in found.of(chosen)}
    trials = [Trial(run, line.config, line) for run, line in lines.items()]
    trials += [Trial(run, _config(records, run), None) for run in _runs(records) if run not in lines]
    lower = better == "lower" if better else less_is_better(chosen)
    return Trials(tuple(trials), chosen, found.metrics, lower, records.sampled)


def check_choices(at: str, better: str, level: float) -> None:
    """Raise UsageError for choices of trials that are none."""
    if at not in (LAST, BEST) and not re.fullmatch(r"\d{1,15}(\.\d+)?", at):
        raise UsageError(f"at={at!r} is neither {LAST}, {BEST} nor a number of steps.")
    if better not in BETTER:
        raise UsageError(f"better={better!r} is neither higher nor lower.")
    if not 0.5 <= level <= 0.999:
        raise UsageError(f"level={level} is not between 0.5 and 0.999.")


def _metric(known: tuple[str, ...], asked: str) -> str:
    if asked and asked not in known:
        raise NotFound(f"There is no metric {asked!r}; known are {', '.join(known[:20])}.")
    return asked or next((name for name in LEADING if name in known), known[0])


def _runs(records: Records) -> list[str]:
    codes, values = records.names.get("run", (np.full(len(records), -1, np.int64), ()))
    return [(*values, RUN)[code] for code in np.unique(codes).tolist()]


def _config(records: Records, run: str) -> dict[str, float]:
    """The parameters of a run that has no value."""
    codes, values = records.names.get("run", (np.full(len(records), -1, np.int64), ()))
    rows = codes == (values.index(run) if run in values else -1)
    found = {}
    for name, column in records.columns.items():
        if name.startswith(CONFIG) and np.isfinite(column[rows]).any():
            found[name.removeprefix(CONFIG)] = float(column[rows][np.isfinite(column[rows])][-1])
    return found


class TrialsAnalysis(TimedAnalysis[ParametersT]):
    """Base of an analysis of runs by their parameters: a sweep without steps will do."""

    needs: ClassVar[Mapping[Kind, tuple[str, ...]]] = {"curve": ("value",)}

    def missing(self, kind: str | None, fields: Collection[str]) -> tuple[str, ...] | None:
        """As usual; besides, parameters of the runs in place of a step or a time."""
        missing = RecordsAnalysis.missing(self, kind, fields)
        if missing is None or any(name.startswith(CONFIG) for name in fields):
            return missing
        return (*missing, "parameters of the runs")
