"""The answer in one line, and its code."""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.analysis.elo import elo
from engine.analysis.ranking.checks import listed
from engine.analysis.ranking.ranks import Ranks
from engine.analysis.ranking.table import Standing
from engine.words import amount

DIGITS = 2
"""Significant digits of a number of battles that is itself an estimate."""

MOST_TIMES = 1000.0
"""Times as many battles beyond which nobody will collect them, and no number is given."""

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def verdict(found: Ranks) -> str:
    """The code: leader (only one item may be first), shared_lead, or undecided (each of the items may be first)."""
    firsts = len(found.firsts)
    if firsts == 1:
        return "leader"
    return "undecided" if firsts == len(found.low) else "shared_lead"


@dataclass(frozen=True)
class Basis:
    """On how much data an answer rests; `approximate` where the number of prompts is an estimate."""

    rows: int
    prompts: int
    approximate: bool
    controls: str = ""

    def __str__(self) -> str:
        """`on 12,400 battles of 3,100 prompts`."""
        said = f"on {amount(self.rows, 'battle')} of {amount(self.prompts, 'prompt', approximate=self.approximate)}"
        return f"{said}, {self.controls} held equal" if self.controls else said


def sentence(code: str, found: Standing, basis: Basis) -> str:
    """One line: who leads or may lead, with what, on how much data, and what it would take to know more."""
    order = found.order.tolist()
    models = len(order)
    if code == "leader":
        value, low, high = (
            points(elo(float(side[order[0]]))) for side in (found.fitted.strengths, found.low, found.high)
        )
        said = f"{found.names[order[0]]} leads: {value} [{low}, {high}] Elo, first in every ranking the data allow"
        return f"{said}, {basis}{_seconds(found.ranks, models)}."
    firsts = [found.names[item] for item in order if found.ranks.low[item] == 1]
    count = len(firsts)
    if code == "undecided":
        who = "either of the two models" if count == 2 else f"each of the {counted(count)} models"
        said = f"Undecided: {who} may be first {basis}"
    else:
        said = f"{counted(count).capitalize()} of {models:,} models may be first: {listed(firsts)}, {basis}"
    return f"{said}; {_more(found, basis.rows)}."


def _seconds(found: Ranks, models: int) -> str:
    if models == 2:
        return ""
    seconds = int(((found.low <= 2) & (found.low > 1)).sum())
    if seconds == 1:
        return f"; only one of {models:,} models may be second"
    return f"; {seconds:,} of {models:,} models may be second"


def _more(found: Standing, rows: int) -> str:
    more = more_battles(found, rows)
    if more is None:
        return "no number of battles that anybody would collect separates the top two, equal as they look"
    return f"about {amount(more, 'more battle')} would separate the top two"


def more_battles(found: Standing, rows: int) -> int | None:
    """How many more battles like these would separate first and second, if their gap is what it was measured to be.

    Variances fall as 1 / battles, and the gap has to reach as many standard errors as ranks ask for. 0 where it does
    already; None where it takes more than a thousand times as many. Rounded up to two digits.
    """
    first, second = found.order[:2].tolist()
    apart = float(found.fitted.strengths[first] - found.fitted.strengths[second])
    needed = found.ranks.critical * float(found.fitted.deviation[first, second])
    if apart * math.sqrt(MOST_TIMES) <= needed:
        return None
    more = rows * max((needed / apart) ** 2 - 1, 0)
    if more == 0:
        return 0
    step = 10.0 ** max(0, math.floor(math.log10(max(more, 1))) + 1 - DIGITS)
    return round(math.ceil(more / step) * step)


def counted(number: int) -> str:
    """`four`, and `12` beyond ten."""
    return NUMBERS[number] if number < len(NUMBERS) else f"{number:,}"


def points(value: float) -> str:
    """An Elo value as people read it: 1,124."""
    return f"{value:,.0f}"
