"""The streams of a dataset: one number a step, a prompt or a row, in the order of time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from engine.analysis.arrays import Flags, Floats, Hashes, Ints
from engine.analysis.lines import RUN, lines_of
from engine.analysis.records import Records, mixed
from engine.types import Kind

LEADING = (
    "reward", "gold", "kl_ref", "length", "entropy", "truncated", "zero_variance", "eval_reward", "rm_acc", "loss",
)  # fmt: skip
"""Metrics that are watched before others where there are more than can be."""

CLOCKS = re.compile(
    r"(^|[/_ ])(lr|learning_rate|epoch|step|steps|episode|num_tokens|time|runtime|elapsed|date|tokens_per_sec)($|[/_ ])"
)
"""Metrics that move by themselves, or say how fast the machine is."""


@dataclass(frozen=True)
class Stream:
    """Values in order with the step (or seconds since 1970) of each; `chance` are numbers in [0, 1) that break ties.

    `drawn` says that the order of its values is chance while nothing changes: audit prompts taken at random, judged by
    what is fixed. Training is never that. `lowest` and `highest` are known bounds, NaN where there are none.
    """

    run: str
    metric: str
    by: str
    at: Floats
    value: Floats
    chance: Floats
    drawn: bool = False
    lowest: float = np.nan
    highest: float = np.nan

    def __len__(self) -> int:
        return len(self.at)

    @property
    def size(self) -> float:
        """The largest magnitude of its values, 1 where all are 0."""
        return float(np.abs(self.value).max(initial=0.0)) or 1.0

    @cached_property
    def even(self) -> Floats:
        """The values by that: what is squared neither overflows nor vanishes, and no monitor depends on the unit."""
        return self.value / self.size

    @property
    def bounded(self) -> bool:
        """Whether its values have known bounds."""
        return bool(np.isfinite(self.lowest) and np.isfinite(self.highest))

    def since(self, start: float) -> Stream:
        """What comes at or after a step."""
        kept = self.at >= start
        return replace(self, at=self.at[kept], value=self.value[kept], chance=self.chance[kept])


def kind_of(records: Records) -> Kind:
    """Which kind of rows the records are of, by their columns."""
    if "source_line" in records.columns:
        return "curve"
    if "reward" in records.columns:
        return "rollout"
    return "comparison" if "margin" in records.columns else "score"


def streams_of(records: Records, scale: float) -> list[Stream]:
    """Every stream of a dataset. `scale` divides scores before they are held against a truth in [0, 1]."""
    kind = kind_of(records)
    if kind == "curve":
        found = lines_of(records)
        return [
            Stream(line.run, line.metric, found.by, line.at, line.value, _chances(line.at))
            for line in found.lines
            if not CLOCKS.search(line.metric.lower())
        ]
    if kind == "rollout":
        return list(_of_steps(records))
    return list(_of_prompts(records, _judged(records) if kind == "comparison" else _scored(records, scale)))


# ------------------------------------------------------------------ rollouts: one value a step


def _of_steps(records: Records) -> Iterator[Stream]:
    for run, rows in runs_of(records):
        at, step = np.unique(moments(rows)[0], return_inverse=True)
        for metric, value in measures(rows).items():
            count, total = (np.bincount(step[~np.isnan(value)], weights, len(at)) for weights in (None, _known(value)))
            seen = count > 0
            if seen.sum() > 1:
                yield Stream(run, metric, moments(rows)[1], at[seen], total[seen] / count[seen], _chances(at[seen]))


def _known(value: Floats) -> Floats:
    return value[~np.isnan(value)]


def runs_of(records: Records) -> Iterator[tuple[str, Records]]:
    """Each run with its rows that have a step (a time, where none has a step)."""
    kept = records.where(np.isfinite(moments(records)[0]))
    codes, names = kept.names.get("run", (np.full(len(kept), -1, np.int64), ()))
    for code in np.unique(codes).tolist():
        yield names[code] if code >= 0 else RUN, kept.where(codes == code)


def moments(records: Records) -> tuple[Floats, str]:
    """The step of each row, or its time where no row has a step, and which of them it is."""
    step = records.columns["step"]
    return (step, "step") if np.isfinite(step).any() or not len(step) else (records.columns["time"], "time")


def measures(rows: Records) -> dict[str, Floats]:
    """What is known of each answer, NaN where it is not."""
    named = {"reward": "reward", "gold": "gold", "kl": "kl_ref", "length": "length", "entropy": "entropy"}
    found = {name: rows.columns[column] for column, name in named.items() if column in rows.columns}
    found["truncated"] = rows.columns.get("truncated", np.full(len(rows), np.nan))
    found["zero_variance"] = zero_variance(rows)
    return {name: value for name, value in found.items() if np.isfinite(value).any()}


def zero_variance(rows: Records) -> Floats:
    """Of the first answer to each prompt at each step: 1 where all its answers there have one reward; of others NaN."""
    told = np.full(len(rows), np.nan)
    reward = rows.columns["reward"]
    order, starts = grouped(moments(rows)[0], rows.prompt)
    if len(order):
        sizes = np.diff(starts, append=len(order))
        spread = np.maximum.reduceat(reward[order], starts) - np.minimum.reduceat(reward[order], starts)
        told[order[starts]] = np.where(sizes > 1, (spread == 0) * 1.0, np.nan)
    return told


def grouped(at: Floats, prompt: Hashes) -> tuple[Ints, Ints]:
    """An order of rows by moment, then prompt, and where each prompt of a moment begins in it."""
    order = np.lexsort((prompt, at))
    new = (at[order][1:] != at[order][:-1]) | (prompt[order][1:] != prompt[order][:-1])
    return order, np.flatnonzero(np.append(True, new)[: len(order)])


# ------------------------------------------------------------------ audits: one value a prompt


@dataclass(frozen=True)
class _Measure:
    value: Floats
    lowest: float = np.nan
    highest: float = np.nan


def _judged(records: Records) -> dict[str, _Measure]:
    """Whether the judge agrees with the label, prefers what was shown first, and how far apart its scores are."""
    margin, label, first = (records.columns[name] for name in ("margin", "label", "first"))
    verdict = np.where(np.isnan(records.columns["verdict"]), _verdict(margin), records.columns["verdict"])
    agreement = 1 - np.abs(_verdict(verdict - 0.5) - _verdict(label - 0.5))
    chosen = np.where(np.isnan(verdict), label, verdict)
    return {
        "agreement": _Measure(agreement, 0.0, 1.0),
        "first_preferred": _Measure(np.where(first == 0, 1 - chosen, chosen + 0 * first), 0.0, 1.0),
        "margin_size": _Measure(np.abs(margin)),
    }


def _verdict(margin: Floats) -> Floats:
    return np.asarray((np.sign(margin) + 1) / 2)


def _scored(records: Records, scale: float) -> dict[str, _Measure]:
    """The score itself, and how far it lies from the truth."""
    value, truth = records.columns["value"], records.columns["truth"]
    share = value / scale
    found = {"score": _Measure(value)}
    if np.nanmax(share, initial=0.0) <= 1 and np.nanmin(share, initial=0.0) >= 0:
        found["error"] = _Measure(np.abs(share - truth), 0.0, 1.0)
    return found


def _of_prompts(records: Records, found: dict[str, _Measure]) -> Iterator[Stream]:
    """By judge, the mean over the rows of each prompt, at the moment of its first: prompts are drawn, rows are not."""
    at, by = moments(records)
    codes, names = records.names.get("judge", (np.full(len(records), -1, np.int64), ()))
    for metric, measure in found.items():
        known = np.isfinite(measure.value) & np.isfinite(at)
        for code in np.unique(codes[known]).tolist():
            yield _by_prompt(
                records, known & (codes == code), at, measure, (names[code] if code >= 0 else "", metric, by)
            )


def _by_prompt(records: Records, rows: Flags, at: Floats, measure: _Measure, called: tuple[str, str, str]) -> Stream:
    prompt, place = np.unique(records.prompt[rows], return_inverse=True)
    value = np.bincount(place, measure.value[rows]) / np.bincount(place)
    first = np.full(len(prompt), np.inf)
    np.minimum.at(first, place, at[rows])
    chance = mixed(prompt)
    order = np.lexsort((chance, first))
    chances = mixed(chance)[order] / 2.0**64
    return Stream(*called, first[order], value[order], chances, True, measure.lowest, measure.highest)


def _chances(at: Floats) -> Floats:
    return mixed(np.ascontiguousarray(at).view(np.uint64)) / 2.0**64
