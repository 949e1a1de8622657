"""A state as arrays to conclude from: one entry a judgment (a rater's one word on a unit), and the units they share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from engine.analysis.agreement.state import FIELDS, AgreementState
from engine.analysis.arrays import Flags, Floats, Ints, quotient, sum_by
from engine.analysis.shapes import COARSE_BUCKETS
from engine.types import FINE_BUCKETS

MOST_VALUES = 25
"""Distinct values beyond which a scale is taken as continuous: nothing nominal or ordinal is computed of it."""


@dataclass(frozen=True)
class Pairs:
    """Two judgments of one unit each: places `one` < `other` among the entries."""

    one: Ints
    other: Ints


class View:
    """The judgments of a state. Entries of one unit stand together, numbered by `unit`; `group`: place of the bucket.

    `value` is a rater's mean of the rows of a unit; `category` their majority: where no category has more rows than
    each other, a tie (comparisons); of scores the value nearest to the mean.
    """

    def __init__(self, state: AgreementState) -> None:
        self.state = state
        self.paired = state.kind == "comparison"
        self.judgments = state.judgments
        self.raters = state.judgments.members
        self.sums = dict(zip(FIELDS, state.judgments.sums, strict=False))
        self.count = self.sums["count"]
        self.rater = self.judgments.member

    def __len__(self) -> int:
        return len(self.rater)

    @cached_property
    def unit(self) -> Ints:
        """The number of each entry's unit."""
        return np.repeat(np.arange(len(self.judgments.sizes)), self.judgments.sizes)

    @cached_property
    def size(self) -> Ints:
        """How many raters the unit of each entry has."""
        return np.repeat(self.judgments.sizes, self.judgments.sizes)

    @cached_property
    def shared(self) -> Flags:
        """The entries of units that two raters or more judged."""
        return np.asarray(self.size >= 2)

    @cached_property
    def prompt(self) -> Floats:
        """The code of each entry's prompt."""
        return quotient(self.sums["prompt"], self.count)

    @cached_property
    def group(self) -> Ints:
        """The place of each entry's bucket among those that have entries: 4,096 buckets, or 512 for many prompts."""
        prompts = len(np.unique(self.judgments.bucket))
        buckets = COARSE_BUCKETS if prompts > FINE_BUCKETS // 2 else FINE_BUCKETS
        return np.unique(self.judgments.bucket % buckets, return_inverse=True)[1].astype(np.int64)

    @cached_property
    def groups(self) -> int:
        """The number of buckets that have entries."""
        return int(self.group.max()) + 1 if len(self) else 0

    @cached_property
    def value(self) -> Floats:
        """Each judgment as a number: P(low side preferred), or the score."""
        return quotient(self.sums["value"], self.count)

    @cached_property
    def values(self) -> Floats | None:
        """The distinct values, ascending; None beyond MOST_VALUES. Where mirrored, both a value and its mirror."""
        found = np.unique(np.concatenate([self.value, 1 - self.value]) if self.mirrored else self.value)
        found = found[np.append(True, np.diff(found) > 1e-9)[: len(found)]]
        return found if len(found) <= MOST_VALUES else None

    @cached_property
    def level(self) -> Ints:
        """The place of each judgment's value among `values`."""
        assert self.values is not None
        return np.asarray(np.abs(self.value[:, None] - self.values).argmin(axis=1))

    @cached_property
    def categories(self) -> int:
        """The number of categories: the sides of a comparison, and ties between them where there are any.

        Of scores the distinct ones; 0 where they are too many.
        """
        if self.paired:
            return 3 if self._ties else 2
        return 0 if self.values is None else len(self.values)

    @cached_property
    def category(self) -> Ints:
        """The category of each judgment; of comparisons 0 where the high side is preferred, the last: the low side."""
        if not self.paired:
            return self.level
        side = self._side
        return side if self._ties else side // 2

    @cached_property
    def _side(self) -> Ints:
        """The majority of each rater's rows of a unit: 0 high side, 1 a tie, 2 low side."""
        won, tied = self.sums["won"], self.sums["tied"]
        votes = np.stack([self.count - won - tied, tied, won])
        alone = (votes == votes.max(axis=0)).sum(axis=0) == 1
        return np.asarray(np.where(alone, votes.argmax(axis=0), 1))

    @cached_property
    def _ties(self) -> bool:
        return bool((self._side == 1).any())

    @cached_property
    def mirrored(self) -> bool:
        """Whether which side of a unit is called the low one means nothing: different units have different sides.

        Where all units have the same two sides (two systems, or answers that are only called a and b), preferring one
        of them is the same thing everywhere.
        """
        return self.paired and len(np.unique(self.sums["sides"] / self.count)) > 1

    def pairs(self, entries: Ints) -> Pairs:
        """Every two of these entries (ascending) that are of one unit."""
        starts = np.flatnonzero(np.append(True, np.diff(self.unit[entries]) > 0)[: len(entries)])
        size = np.diff(starts, append=len(entries))
        left = np.repeat(starts + size, size) - np.arange(len(entries))
        ones, others = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for step in range(1, int(size.max(initial=1))):
            first = np.flatnonzero(left > step)
            ones.append(entries[first])
            others.append(entries[first + step])
        return Pairs(np.concatenate(ones), np.concatenate(others))

    @cached_property
    def unit_counts(self) -> Floats:
        """How many raters of each unit chose each category: shape (units, categories)."""
        units = len(self.judgments.sizes)
        key = self.unit * self.categories + self.category
        return sum_by(key, np.ones(len(self)), units * self.categories).reshape(units, self.categories)

    def by_group(self, values: Floats | Flags, entries: Flags | Ints | slice = slice(None)) -> Floats:
        """Sums of values of these entries by bucket: shape (groups,)."""
        return sum_by(self.group[entries], values, self.groups)

    def by_rater(self, values: Floats | Flags, entries: Flags | Ints | slice = slice(None)) -> Floats:
        """Sums of values of these entries by rater: shape (raters,)."""
        return sum_by(self.rater[entries], values, len(self.raters))
