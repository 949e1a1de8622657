"""Differences of systems on the prompts that both have, with intervals that hold one by one and all together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from engine.analysis.arrays import Flags, Floats, Ints
from engine.analysis.compare.systems import LEAST_PROMPTS, Grid
from engine.analysis.intervals import critical
from engine.analysis.paired import largest_quantile
from engine.analysis.sequences import confidence_sequence

MOST_DRAWN = 400
"""Pairs of systems up to which the simultaneous quantile is drawn with full care."""

DRAWS, DRAWS_OF_MANY = 4000, 1000
JACKKNIFE = "jackknife by bucket"
SEQUENCE = "confidence sequence by betting, one value a prompt"


@dataclass(frozen=True)
class Differences:
    """First minus second of each pair of systems (places in the grid) with 30 prompts or more in common.

    `sums` and `counts`: summed differences and units in common by filled bucket, shape (buckets, pairs); where live,
    each prompt counts once. `prompts`: those in common, shape (pairs,).
    """

    grid: Grid
    first: Ints
    second: Ints
    sums: Floats
    counts: Floats
    prompts: Ints
    level: float
    live: bool
    seed: int

    def __len__(self) -> int:
        return len(self.first)

    @cached_property
    def units(self) -> Floats:
        """Units in common, by pair."""
        return np.asarray(self.counts.sum(axis=0))

    @cached_property
    def value(self) -> Floats:
        """Mean differences."""
        return np.asarray(self.sums.sum(axis=0) / self.units)

    @cached_property
    def error(self) -> Floats:
        """Standard errors of the mean differences."""
        return standard_errors(self.sums, self.counts)

    @cached_property
    def buckets(self) -> Ints:
        """Buckets with units in common, by pair."""
        return np.asarray((self.counts > 0).sum(axis=0))

    def quantile(self, pairs: Ints) -> float:
        """At which the intervals of these pairs hold together."""
        if len(pairs) == 1:
            return critical(self.level, int(self.buckets[pairs[0]]))
        influences = (self.sums - self.value * self.counts)[:, pairs] / self.units[pairs]
        return largest_quantile(influences, self.level, DRAWS if len(pairs) <= MOST_DRAWN else DRAWS_OF_MANY, self.seed)

    def intervals(self, pairs: Ints) -> tuple[Floats, Floats]:
        """Low and high of these pairs that hold together; where live, at every look besides."""
        if self.live:
            return self._sequences(pairs)
        sums, counts = self.sums[:, pairs], self.counts[:, pairs]
        if self.grid.metric == "accuracy":
            sums, counts = with_two_more(sums, counts)
        centre, error = sums.sum(axis=0) / counts.sum(axis=0), standard_errors(sums, counts)
        spread = self.quantile(pairs) * error
        equal = ~self.sums[:, pairs].any(axis=0)
        unseen = 1 - ((1 - self.level) / (2 * len(pairs))) ** (1 / self.prompts[pairs])
        spread = np.where(equal, np.maximum(spread, unseen), spread) if self.grid.metric == "accuracy" else spread
        return centre - spread, centre + spread

    def _sequences(self, pairs: Ints) -> tuple[Floats, Floats]:
        level = 1 - (1 - self.level) / len(pairs)
        found = [confidence_sequence((self.by_prompt(pair) + 1) / 2, level) for pair in pairs.tolist()]
        low, high = np.array(found).reshape(-1, 2).T
        return 2 * low - 1, 2 * high - 1

    def by_prompt(self, pair: int) -> Floats:
        """The mean difference of each prompt in common."""
        difference, known = _of_pair(self.grid, int(self.first[pair]), np.array([self.second[pair]]))
        sums = np.add.reduceat(difference[:, 0], self.grid.prompt_starts)
        counts = np.add.reduceat(known[:, 0].astype(float), self.grid.prompt_starts)
        return np.asarray(sums[counts > 0] / counts[counts > 0])


def standard_errors(sums: Floats, counts: Floats) -> Floats:
    """Delete-one-bucket jackknife standard errors of Σ sums / Σ counts, by column; buckets without count are none."""
    there = counts > 0
    groups = np.maximum(there.sum(axis=0), 2)
    rest = counts.sum(axis=0) - counts
    replicates = np.divide(sums.sum(axis=0) - sums, rest, out=np.zeros_like(sums), where=rest > 0)
    centre = np.where(there, replicates, 0.0).sum(axis=0) / groups
    square = np.where(there, np.square(replicates - centre), 0.0).sum(axis=0)
    return np.asarray(np.sqrt((groups - 1) / groups * square))


def with_two_more(sums: Floats, counts: Floats) -> tuple[Floats, Floats]:
    """Two units more in buckets of their own, of which each system wins one.

    Few differences tell too little of their own variance; with these, intervals of two shares on the same prompts cover
    at any size (Bonett and Price 2012, doi 10.3102/1076998611411915).
    """
    pairs = sums.shape[1]
    more = np.stack([np.ones(pairs), -np.ones(pairs)])
    return np.concatenate([sums, more]), np.concatenate([counts, np.ones((2, pairs))])


def differences(grid: Grid, level: float, *, live: bool, seed: int) -> Differences:
    """Those of all pairs of systems."""
    parts = [_against(grid, first, live=live) for first in range(len(grid.names) - 1)]
    first, second = (np.concatenate([part[place] for part in parts]) for place in (0, 1))
    sums, counts = (np.concatenate([part[place] for part in parts], axis=1) for place in (2, 3))
    prompts = np.concatenate([part[4] for part in parts])
    return Differences(grid, first, second, sums, counts, prompts, level, live, seed)


def _against(grid: Grid, first: int, *, live: bool) -> tuple[Ints, Ints, Floats, Floats, Ints]:
    second = np.arange(first + 1, len(grid.names))
    difference, known = _of_pair(grid, first, second)
    prompts = grid.prompts_of(known)
    kept = prompts >= LEAST_PROMPTS
    difference, weight = difference[:, kept], known[:, kept].astype(float)
    if live:
        lengths = np.diff(grid.prompt_starts, append=len(grid.prompt))
        of_prompt = np.repeat(np.add.reduceat(weight, grid.prompt_starts, axis=0), lengths, axis=0)
        weight = np.divide(weight, of_prompt, out=np.zeros_like(weight), where=of_prompt > 0)
        difference = difference * weight
    sums, counts = (np.add.reduceat(each, grid.bucket_starts, axis=0) for each in (difference, weight))
    return np.full(int(kept.sum()), first), second[kept], sums, counts, prompts[kept]


def _of_pair(grid: Grid, first: int, second: Ints) -> tuple[Floats, Flags]:
    """By unit and second system: the difference, 0 where unknown, and whether both are known."""
    known = grid.known[:, [first]] & grid.known[:, second]
    return np.where(known, grid.value[:, [first]] - grid.value[:, second], 0.0), known
