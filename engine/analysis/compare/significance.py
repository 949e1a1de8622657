"""P-values of no difference, for each pair of systems and for all of them together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr

from engine.analysis.arrays import Flags, Floats, Ints
from engine.analysis.compare.differences import MOST_DRAWN, Differences
from engine.analysis.intervals import benjamini_hochberg
from engine.analysis.paired import holm, mcnemar, sign_flips
from engine.analysis.sequences import anytime_p

FLIPS = 9999
MCNEMAR, FLIPPED = "McNemar, exact", "random signs of buckets, 9,999 draws"
STUDENT, BETTING = "Student's t by bucket", "inverse of the betting wealth, holds at every look"


@dataclass(frozen=True)
class Significance:
    """By pair of systems: p-value, mid-p (NaN where there is none), adjusted by Holm and by Benjamini-Hochberg.

    `wins` and `losses`: prompts that only the first (only the second) has right, NaN where `method` is not McNemar's.
    """

    p: Floats
    mid_p: Floats
    holm: Floats
    bh: Floats
    wins: Floats
    losses: Floats
    method: tuple[str, ...]


def significance(found: Differences) -> Significance:
    """McNemar's exact test where every prompt has one right or wrong answer of each system, else signs of buckets."""
    mid_p, wins, losses = (np.full(len(found), np.nan) for _ in range(3))
    if found.live:
        p = np.array([anytime_p((found.by_prompt(pair) + 1) / 2, 0.5) for pair in range(len(found))])
        return Significance(p, mid_p, holm(p), benjamini_hochberg(p), wins, losses, (BETTING,) * len(found))
    binary = _binary(found)
    p, method = np.full(len(found), np.nan), [MCNEMAR] * len(found)
    for pair in np.flatnonzero(binary).tolist():
        difference = found.by_prompt(pair)
        wins[pair], losses[pair] = np.count_nonzero(difference > 0), np.count_nonzero(difference < 0)
        p[pair], mid_p[pair] = mcnemar(int(wins[pair]), int(losses[pair]))
    rest = np.flatnonzero(~binary)
    if len(rest):
        p[rest], how = _by_bucket(found, rest)
        for pair in rest.tolist():
            method[pair] = how
    return Significance(p, mid_p, holm(p), benjamini_hochberg(p), wins, losses, tuple(method))


def _by_bucket(found: Differences, pairs: Ints) -> tuple[Floats, str]:
    if len(pairs) <= MOST_DRAWN:
        return sign_flips(found.sums[:, pairs], FLIPS, found.seed + 1), FLIPPED
    value, error = found.value[pairs], found.error[pairs]
    t = np.divide(value, error, out=np.zeros(len(pairs)), where=error > 0)
    return 2 * stdtr(found.buckets[pairs] - 1, -np.abs(t)), STUDENT


def _binary(found: Differences) -> Flags:
    """By pair, whether both systems have one answer a prompt, and every one is wholly right or wrong."""
    grid = found.grid
    if grid.metric != "accuracy" or not grid.independent:
        return np.zeros(len(found), np.bool_)
    plain = grid.single & ((grid.value == 0) | (grid.value == 1))
    alone = (plain | ~grid.known).all(axis=0)
    return np.asarray(alone[found.first] & alone[found.second])
