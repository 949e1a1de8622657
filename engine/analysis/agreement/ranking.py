"""What the ranking of the compared items would be without one rater."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.analysis.agreement.crowd_bt import follows
from engine.analysis.agreement.state import code
from engine.analysis.agreement.view import View
from engine.analysis.arrays import Flags, Floats, Ints
from engine.analysis.elo import ELO
from engine.analysis.ranking.bradley_terry import Duels, fit
from engine.analysis.ranking.graph import comparable

MOST_ITEMS = 100
"""Items beyond which no ranking is fitted for each rater anew."""


@dataclass(frozen=True)
class Effect:
    """The item that moves most when a rater is left out: by how many Elo points, and the most ranks that any moves."""

    item: str
    elo: float
    ranks: int


@dataclass(frozen=True)
class Ranked:
    """What raters have to do with the ranking: effects of leaving them out, and how far each follows it (η, (raters,)).

    NaN and no effect where there is no ranking.
    """

    effects: dict[int, Effect]
    follows: Floats


def ranked(view: View, raters: Ints) -> Ranked:
    """The effect of leaving out each of these raters, and how far everybody follows the ranking."""
    duels = _Comparisons(view)
    nobody = np.full(len(view.raters), np.nan)
    if not 2 <= len(duels.names) <= MOST_ITEMS:
        return Ranked({}, nobody)
    whole, among = duels.strengths(np.ones(len(duels.a), np.bool_))
    if int(among.sum()) < 2:
        return Ranked({}, nobody)
    return Ranked(_effects(duels, whole, among, raters), duels.follows(among, len(view.raters)))


def _effects(duels: _Comparisons, whole: Floats, among: Flags, raters: Ints) -> dict[int, Effect]:
    """The effects where both rankings exist for two items or more."""
    found = {}
    for rater in raters:
        part, left = duels.strengths(duels.rater != rater)
        both = among & left
        if int(both.sum()) >= 2 and (duels.rater == rater).any():
            found[int(rater)] = _effect(duels.names, whole, part, both)
    return found


def _effect(names: list[str], whole: Floats, part: Floats, both: Flags) -> Effect:
    before, after = (strengths[both] - strengths[both].mean() for strengths in (whole, part))
    moved = ELO * (after - before)
    most = int(np.abs(moved).argmax())
    ranks = np.argsort(np.argsort(-before)) - np.argsort(np.argsort(-after))
    return Effect(names[int(np.flatnonzero(both)[most])], float(moved[most]), int(np.abs(ranks).max()))


class _Comparisons:
    """The judgments of two named items: numbers of the items, P(a preferred) and who judged."""

    def __init__(self, view: View) -> None:
        low, high = (np.round(view.sums[side] / view.count).astype(np.int64) for side in ("item_low", "item_high"))
        named = (low > 0) & (high > 0) & (low != high)
        codes = np.unique(np.concatenate([low[named], high[named]]))
        by_code = {code(name): name for name in view.state.items}
        self.names = [by_code.get(int(number), "") for number in codes]
        self.a, self.b = (np.searchsorted(codes, side[named]) for side in (low, high))
        self.label = view.value[named]
        self.rater = view.rater[named]

    def follows(self, among: Flags, raters: int) -> Floats:
        """How far each rater follows the ranking of these items: shape (raters,)."""
        place = np.cumsum(among) - 1
        inside = among[self.a] & among[self.b]
        a, b = place[self.a[inside]], place[self.b[inside]]
        return follows(int(among.sum()), a, b, self.label[inside], self.rater[inside], raters)

    def strengths(self, chosen: Flags) -> tuple[Floats, Flags]:
        """Strengths from the chosen comparisons, in logits, and the items among which they exist."""
        duels = Duels.of_rows(len(self.names), self.a[chosen], self.b[chosen], self.label[chosen])
        among = comparable(duels)
        place = np.cumsum(among) - 1
        inside = among[self.a] & among[self.b] & chosen
        strengths = np.zeros(len(self.names))
        if int(among.sum()) >= 2:
            fewer = Duels.of_rows(int(among.sum()), place[self.a[inside]], place[self.b[inside]], self.label[inside])
            strengths[among] = fit(fewer)
        return strengths, among
