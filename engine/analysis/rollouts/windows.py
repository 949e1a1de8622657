"""Where answers stand in training: their steps, windows of neighbouring steps, and groups of one prompt at one step."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from engine.analysis.arrays import Flags, Floats, Ints
from engine.analysis.records import Records
from engine.types import FINE_BUCKETS

MOST_WINDOWS, MOST_MOMENTS = 200, 40
"""Windows of steps; of answers that know no step but a time."""


@dataclass(frozen=True)
class Placed:
    """Answers of one run with a reward, each with its step.

    `steps`: the distinct steps (or seconds since 1970), ascending; `rank`: which of them a row is of; `bucket`: of its
    prompt, counted from 0 among those that are filled; `by`: "step" or "time".
    """

    records: Records
    steps: Floats
    rank: Ints
    bucket: Ints
    buckets: int
    prompts: int
    by: str

    @property
    def reward(self) -> Floats:
        """The reward of each row."""
        return self.records.columns["reward"]

    @cached_property
    def window(self) -> Ints:
        """The window of each row: every step its own while there are few, else as many neighbours as make few."""
        return self._window_of_step[self.rank]

    @cached_property
    def _window_of_step(self) -> Ints:
        most = MOST_WINDOWS if self.by == "step" else MOST_MOMENTS
        count = len(self.steps)
        return np.arange(count) if count <= most else np.arange(count) * most // count

    @cached_property
    def windows(self) -> tuple[Floats, Floats]:
        """The first and the last step of each window."""
        starts = np.flatnonzero(np.diff(self._window_of_step, prepend=-1))
        return self.steps[starts], self.steps[np.append(starts[1:], len(self.steps)) - 1]

    @cached_property
    def cells(self) -> tuple[Ints, Ints]:
        """Filled pairs of window and bucket: which of them each row is of, and the window of each."""
        key = self.window * self.buckets + self.bucket
        return _numbered(key), _distinct(key) // self.buckets

    @cached_property
    def unit(self) -> Ints:
        """The prompt of each row, counted from 0."""
        return np.repeat(np.arange(len(self.records.starts)), self.records.sizes)

    def filled(self, rows: Flags, fields: list[Floats]) -> Floats:
        """Sums over some rows by bucket that has one of them, shape (fields, buckets)."""
        bucket = self.bucket[rows]
        held = np.bincount(bucket, minlength=self.buckets) > 0
        return np.stack([np.bincount(bucket, field[rows], self.buckets)[held] for field in fields])

    def prompts_of(self, rows: Flags) -> int:
        """How many prompts some rows are of."""
        return int(np.count_nonzero(np.bincount(self.unit[rows])))

    @cached_property
    def groups(self) -> Groups:
        """The answers to one prompt at one step together."""
        place = _numbered(self.unit * len(self.steps) + self.rank)
        order = np.argsort(place, kind="stable")
        starts = np.flatnonzero(np.diff(place[order], prepend=-1))
        return Groups(place, order, starts)

    def ends(self, asked: int, least: int) -> tuple[Flags, Flags, int]:
        """Rows of the first and of the last steps, and how many steps each end has, at most half of them.

        As many as `asked`; for 0 a tenth of all steps, or as many as hold `least` prompts at each end.
        """
        count = len(self.steps)
        size = max(min(asked or max(round(count / 10), self._holding(least)), count // 2), 1)
        return self.rank < size, self.rank >= count - size, size

    def _holding(self, least: int) -> int:
        """The number of steps from which on each end has so many prompts; 1 where there are not so many at all."""
        if self.prompts < least:
            return 1
        starts = self.records.starts
        first, last = np.minimum.reduceat(self.rank, starts), np.maximum.reduceat(self.rank, starts)
        return int(max(np.sort(first)[least - 1] + 1, len(self.steps) - np.sort(last)[-least]))


DENSE = 32
"""Times the number of rows up to which keys are counted; sparser ones are sorted, which takes no memory for gaps."""


def _distinct(keys: Ints) -> Ints:
    """The distinct keys, ascending."""
    return np.flatnonzero(np.bincount(keys)) if _is_dense(keys) else np.unique(keys)


def _numbered(keys: Ints) -> Ints:
    """For each row the place of its key, a whole number from 0, among the distinct ones."""
    if _is_dense(keys):
        return (np.cumsum(np.bincount(keys) > 0) - 1)[keys]
    return np.unique(keys, return_inverse=True)[1].astype(np.int64)


def _is_dense(keys: Ints) -> bool:
    return int(keys.max(initial=0)) <= DENSE * max(len(keys), FINE_BUCKETS)


@dataclass(frozen=True)
class Groups:
    """`of`: the group of each row; `order` sorts rows by group, which begin at `starts`."""

    of: Ints
    order: Ints
    starts: Ints

    @property
    def sizes(self) -> Ints:
        """How many answers each group has."""
        return np.diff(self.starts, append=len(self.of))

    @property
    def first(self) -> Ints:
        """A row of each group."""
        return self.order[self.starts]


def placed(records: Records) -> Placed:
    """The rows of one run that have a reward and a step (or a time, where none has a step)."""
    step, time = records.columns["step"], records.columns["time"]
    by = "step" if np.isfinite(step).any() else "time"
    at = step if by == "step" else time
    kept = records.where(np.isfinite(records.columns["reward"]) & np.isfinite(at))
    steps, rank = np.unique(kept.columns[by], return_inverse=True)
    bucket = _numbered(kept.bucket)
    return Placed(kept, steps, rank.astype(np.int64), bucket, int(bucket.max(initial=-1)) + 1, len(kept.starts), by)
