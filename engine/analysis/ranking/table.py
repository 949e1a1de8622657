"""The table of ranked items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.analysis.arrays import Flags, Floats, Ints
from engine.analysis.elo import ELO, elo
from engine.analysis.intervals import critical
from engine.analysis.ranking.board import Board, totals_by_item
from engine.analysis.ranking.fitted import Fitted
from engine.analysis.ranking.ranks import Ranks


@dataclass(frozen=True)
class Standing:
    """A fit with its ranks: `order` lists the items, best first; `low` and `high` are strengths, pointwise."""

    names: tuple[str, ...]
    fitted: Fitted
    ranks: Ranks
    low: Floats
    high: Floats

    @property
    def order(self) -> Ints:
        """The items, best first; equal ones by name."""
        return np.argsort(-np.round(self.fitted.strengths, 12), kind="stable")

    @property
    def place(self) -> Ints:
        """The rank of each item by its estimate, from 1."""
        place = np.empty(len(self.names), np.int64)
        place[self.order] = np.arange(1, len(self.names) + 1)
        return place


def standing(names: tuple[str, ...], fitted: Fitted, found: Ranks, level: float, draws: Floats | None) -> Standing:
    """The standing with the sandwich's intervals, or with percentiles of these bootstrap draws (draws, items)."""
    if draws is not None:
        low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2], axis=0)
        return Standing(names, fitted, found, low, high)
    spread = critical(level, fitted.buckets) * np.sqrt(np.diag(fitted.covariance))
    return Standing(names, fitted, found, fitted.strengths - spread, fitted.strengths + spread)


def items_of(whole: Board, kept: Flags, found: Standing, plain: Standing) -> list[dict[str, Any]]:
    """One entry an item, best first; those without a finite strength last, by name, with null for what they lack.

    `whole` has all items, `kept` says which are ranked. Where the ranking is controlled for style, `plain_value` and
    `plain_rank` are those without.
    """
    totals = totals_by_item(whole)
    at = np.flatnonzero(kept)
    place = found.place
    entries = []
    for item in found.order.tolist():
        entry: dict[str, Any] = {
            "item": found.names[item],
            "value": elo(float(found.fitted.strengths[item])),
            "low": elo(float(found.low[item])),
            "high": elo(float(found.high[item])),
            "rank": int(place[item]),
            "rank_low": int(found.ranks.low[item]),
            "rank_high": int(found.ranks.high[item]),
            "possible_first": bool(found.ranks.low[item] == 1),
        }
        if plain is not found:
            entry |= {
                "plain_value": elo(float(plain.fitted.strengths[item])),
                "plain_rank": int(plain.place[item]),
            }
        entries.append(entry | _counts(totals[:, at[item]]))
    unknown = dict.fromkeys(entries[0], None) | {"possible_first": False}
    entries += [
        unknown | {"item": whole.items[item]} | _counts(totals[:, item]) for item in np.flatnonzero(~kept).tolist()
    ]
    return entries


def _counts(totals: Floats) -> dict[str, Any]:
    """Whole numbers, except where labels are means of several votes."""
    count, won, ties, lost = (float(value) for value in totals)
    return {"n": round(count), "wins": _number(won), "ties": round(ties), "losses": _number(lost)}


def _number(value: float) -> int | float:
    return round(value) if abs(value - round(value)) < 1e-6 else value


def gap(found: Standing, width: float) -> tuple[float, float, float]:
    """Elo between first and second, low and high: `width` standard errors to either side."""
    first, second = found.order[:2].tolist()
    value = float(found.fitted.strengths[first] - found.fitted.strengths[second])
    spread = width * float(found.fitted.deviation[first, second])
    return ELO * value, ELO * (value - spread), ELO * (value + spread)
