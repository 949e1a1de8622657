"""Conformal test martingale: whether values still come in an order that chance would give (Vovk, Nouretdinov 2003).

Each value's p-value is its rank among all values so far, equal ones ordered by chance; while the stream is exchangeable
these are independent and uniform, whatever the values' distribution. The Simple Jumper (Vovk 2021, arXiv 2102.10439)
bets on small, on large and on no particular p-values and moves a share of its stakes between the three each time. Its
wealth exceeds 1 / α at any time with probability at most α (Ville).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from scipy.special import ndtri

from engine.analysis.arrays import Floats
from engine.analysis.monitor.detector import Detector

JUMP = 0.01
BLOCK = 512


@dataclass(frozen=True, kw_only=True)
class Jumper(Detector):
    """Stakes on (large values, none, small ones), of sum 1, and the log of the wealth; `sides`: 1 up, −1 down, 0 both.

    It is fed p-values, small for large values. It rings once: wealth is not taken back.
    """

    alpha: float = 0.01
    jump: float = JUMP
    sides: int = 0
    stakes: tuple[float, ...] = ()
    log_wealth: float = 0.0

    def feed(self, values: Floats) -> tuple[Self, Floats]:
        """The state after these p-values in [0, 1], and the log of the wealth at each."""
        bets = {0: (-1.0, 0.0, 1.0), 1: (-1.0, 0.0), -1: (0.0, 1.0)}[self.sides]
        each, keep = self.jump / len(bets), 1 - self.jump
        stakes = list(self.stakes) or [1 / len(bets)] * len(bets)
        grown = np.empty(len(values))
        for place, away in enumerate((values - 0.5).tolist()):
            stakes = [(keep * stake + each) * (1 + bet * away) for stake, bet in zip(stakes, bets, strict=True)]
            total = sum(stakes)
            grown[place] = total
            stakes = [stake / total for stake in stakes]
        told = self.log_wealth + np.cumsum(np.log(grown))
        alarms = self.alarms
        rang = np.flatnonzero(told >= -np.log(self.alpha))
        if not alarms and len(rang):
            alarms = (self.seen + int(rang[0]),)
        last = float(told[-1]) if len(told) else self.log_wealth
        after = replace(self, stakes=tuple(stakes), log_wealth=last, seen=self.seen + len(values), alarms=alarms)
        return after, told


@dataclass(frozen=True)
class Ranks:
    """All values so far, sorted, which is what the ranks of the next ones need."""

    past: Floats

    def feed(self, values: Floats, ties: Floats) -> tuple[Ranks, Floats]:
        """The p-value of each value among all before it and itself: the share that is larger, equal ones by `ties`.

        `ties` are numbers in [0, 1) that chance gave, shape (n,).
        """
        past, told = self.past, np.empty(len(values))
        for start in range(0, len(values), BLOCK):
            block, chance = values[start : start + BLOCK], ties[start : start + BLOCK]
            size = len(block)
            left, right = np.searchsorted(past, block, "left"), np.searchsorted(past, block, "right")
            before = np.tri(size, size, -1, dtype=np.bool_)
            larger = len(past) - right + ((block[None, :] > block[:, None]) & before).sum(axis=1)
            equal = right - left + ((block[None, :] == block[:, None]) & before).sum(axis=1)
            count = len(past) + np.arange(1, size + 1)
            told[start : start + size] = (larger + chance * (equal + 1)) / count
            ordered = np.sort(block)
            past = np.insert(past, np.searchsorted(past, ordered), ordered)
        return Ranks(past), told


def normal_scores(p: Floats) -> Floats:
    """The p-values as standard normal numbers, large for large values: what a CUSUM whose ARL0 is known may be fed."""
    return np.asarray(-ndtri(np.clip(p, 1e-12, 1 - 1e-12)))
