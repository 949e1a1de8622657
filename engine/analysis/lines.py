"""Lines of training curves: by run and metric the value at each step, with restarts and repetitions resolved.

A trainer that is started again from a checkpoint writes steps that it has written before: what it wrote later counts,
and everything from that step on that it had written earlier is dropped. Steps that merely come in another order are put
in order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from engine.analysis.arrays import Flags, Floats, Ints
from engine.analysis.records import Records

RUN = "run"
"""What the only run of a file is called that names none."""


@dataclass(frozen=True)
class Line:
    """One metric of one run, in order: `at` (step, or seconds since 1970 where there are no steps), `value`, `time`.

    `source` is the file's own name of the metric, `unit` unit and estimator where known. `restarts` counts how often
    the run began again from an earlier step, `dropped` the points that this overwrote, `repeated` those of a step that
    was written more than once.
    """

    run: str
    metric: str
    source: str
    unit: str
    at: Floats
    value: Floats
    time: Floats
    restarts: int = 0
    dropped: int = 0
    repeated: int = 0
    config: Mapping[str, float] = field(default_factory=dict)
    again: tuple[float, ...] = ()
    """From which steps it began again."""

    def __len__(self) -> int:
        return len(self.at)

    @property
    def constant(self) -> bool:
        """Whether it never moves."""
        return len(self) > 0 and bool(np.all(self.value == self.value[0]))


@dataclass(frozen=True)
class Lines:
    """All lines of a dataset; `by` says what they run over: "step" or "time"."""

    lines: tuple[Line, ...]
    by: str
    sampled: bool = False

    @property
    def runs(self) -> tuple[str, ...]:
        """The runs in order."""
        return tuple(dict.fromkeys(line.run for line in self.lines))

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics, those of most points first."""
        points: dict[str, int] = {}
        for line in self.lines:
            points[line.metric] = points.get(line.metric, 0) + len(line)
        return tuple(sorted(points, key=lambda name: (-points[name], name)))

    def of(self, metric: str) -> tuple[Line, ...]:
        """The line of each run that has this metric."""
        return tuple(line for line in self.lines if line.metric == metric)

    def get(self, run: str, metric: str) -> Line | None:
        """One line, where it is there."""
        return next((line for line in self.lines if (line.run, line.metric) == (run, metric)), None)


_LESS = re.compile(r"(^|[^a-z])(loss|kl|nll|ppl|perplexity|error|ece|brier|regret|truncated|grad_norm)", re.IGNORECASE)


def less_is_better(metric: str) -> bool:
    """Whether a metric of this name is the better the smaller it is."""
    return _LESS.search(metric) is not None


def lines_of(records: Records) -> Lines:
    """The lines of records of curves (`engine.analysis.timed`), each with at least one point."""
    value, step, time = (records.columns[name] for name in ("value", "step", "time"))
    by = "step" if np.isfinite(step).any() else "time"
    at = step if by == "step" else time
    usable = np.isfinite(value) & np.isfinite(at)
    keys, groups = _groups(records, usable)
    place = np.flatnonzero(usable)
    order = np.lexsort((records.columns["source_line"][place], groups))
    place, ordered = place[order], groups[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)])
    found = []
    for start, end in zip(starts, np.append(starts, len(place))[1:], strict=True):
        rows = place[start:end]
        run, metric, source, unit = keys[int(ordered[start])]
        found.append(_line(records, rows, at, (run or RUN, metric, source, unit)))
    found.sort(key=lambda line: (line.run, line.metric, -len(line), line.source))
    return Lines(tuple(_apart(found)), by, records.sampled)


def _apart(lines: list[Line]) -> list[Line]:
    """Of several lines of one run and metric, the longest keeps the name, the others are called as their file does."""
    taken: set[tuple[str, str]] = set()
    told = []
    for line in lines:
        metric = line.metric if (line.run, line.metric) not in taken else line.source
        taken.add((line.run, metric))
        told.append(replace(line, metric=metric))
    return told


def _groups(records: Records, usable: Flags) -> tuple[list[tuple[str, str, str, str]], Ints]:
    """Each kept point's group of run, metric, source and unit, and what the groups are called."""
    codes, words = [], []
    for name in ("run", "metric", "source", "unit"):
        code, values = records.names.get(name, (np.full(len(records), -1, np.int64), ()))
        codes.append(code[usable])
        words.append((*values, ""))
    sizes = [len(each) for each in words]
    flat = np.zeros(int(usable.sum()), np.int64)
    for code, size in zip(codes, sizes, strict=True):
        flat = flat * size + np.where(code < 0, size - 1, code)
    unique, groups = np.unique(flat, return_inverse=True)
    keys = []
    for one in unique.tolist():
        parts = []
        for each, size in zip(reversed(words), reversed(sizes), strict=True):
            parts.append(each[one % size])
            one //= size
        keys.append((parts[3], parts[2], parts[1], parts[0]))
    return keys, groups.astype(np.int64)


def _line(records: Records, rows: Ints, at: Floats, called: tuple[str, str, str, str]) -> Line:
    """The line of these rows, which stand in the order in which they were written."""
    time = records.columns["time"][rows]
    if np.isfinite(time).all() and np.any(np.diff(time) < 0):
        order = np.argsort(time, kind="stable")
        rows, time = rows[order], time[order]
    where = at[rows]
    kept, restarts, dropped, repeated = resolved(where)
    config = {
        name.removeprefix("config."): float(column[rows][-1])
        for name, column in records.columns.items()
        if name.startswith("config.") and np.isfinite(column[rows][-1])
    }
    value = records.columns["value"][rows]
    again = tuple(float(where[place]) for place in restarts_of(where)) if restarts else ()
    return Line(*called, where[kept], value[kept], time[kept], restarts, dropped, repeated, config, again)


def resolved(at: Floats) -> tuple[Ints, int, int, int]:
    """Which points of a line count, in the order of their steps: places, restarts, points dropped, repetitions.

    Args:
        at: the step of each point in the order in which they were written, shape (n,).
    """
    keep = np.ones(len(at), np.bool_)
    restarts = dropped = 0
    for place in restarts_of(at):
        earlier = keep[:place] & (at[:place] >= at[place])
        restarts += 1
        dropped += int(earlier.sum())
        keep[:place][earlier] = False
    places = np.flatnonzero(keep)
    places = places[np.argsort(at[places], kind="stable")]
    steps = at[places]
    last = np.append(steps[1:] != steps[:-1], True)[: len(steps)]
    return places[last], restarts, dropped, int((~last).sum())


def restarts_of(at: Floats) -> list[int]:
    """The points, in the order in which they were written, at which a run began again from an earlier step.

    That is a step written already which still counts, or one further back than two usual distances; any other step
    back is a point that merely came late.
    """
    found: list[int] = []
    back = np.flatnonzero(at[1:] < at[:-1]) + 1
    if not len(back):
        return found
    usual = float(np.median(np.abs(np.diff(at))))
    keep = np.ones(len(at), np.bool_)
    for place in back.tolist():
        earlier = keep[:place] & (at[:place] >= at[place])
        if np.any(at[:place][earlier] == at[place]) or at[place - 1] - at[place] > 2 * usual:
            found.append(place)
            keep[:place][earlier] = False
    return found
