"""The numbers of agreement's pictures, as plain lists."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.analysis.agreement.kappas import RaterPairs, of_pairs
from engine.analysis.agreement.quality import Quality
from engine.analysis.agreement.raters import Table, plain, times
from engine.analysis.agreement.rest import Rest
from engine.analysis.agreement.state import code
from engine.analysis.agreement.view import View
from engine.analysis.arrays import Flags, Floats, Ints, quotient, sum_by

MOST_IN_MATRIX = 40
MOST_WEEKS = 520
WEEK = 7 * 86_400.0
MONDAY = 4 * 86_400.0
"""The first Monday of 1970, in seconds: weeks begin on Mondays, in UTC."""


def pictures(view: View, told: Table, pairs: RaterPairs | None, quality: Quality | None) -> dict[str, dict[str, Any]]:
    """Raters with their intervals, every two of them, confusions, categories, and agreement over the weeks."""
    return {
        "raters": _raters(told),
        "pairs": _pairs(view, told.raters[:MOST_IN_MATRIX], pairs),
        "confusion": _confusion(view, told.raters[:MOST_IN_MATRIX], quality),
        "categories": _categories(view),
        "weeks": _weeks(view, told.rest),
    }


def labels(view: View) -> list[str]:
    """The names of the categories."""
    if not view.paired:
        return [] if view.values is None else [f"{value:g}" for value in view.values]
    high, low = ("one side", "other side") if view.mirrored else _sides(view)
    return [high, "tie", low] if view.categories == 3 else [high, low]


def _sides(view: View) -> tuple[str, str]:
    """What the two sides are called where they are the same for all units: high, low."""
    by_code = {code(name): name for name in view.state.items}
    names = [by_code.get(round(view.sums[side][0] / view.count[0])) for side in ("item_high", "item_low")]
    if names[0] is not None and names[1] is not None:
        return names[0], names[1]
    return ("a", "b") if view.sums["turned"][0] else ("b", "a")


def _raters(told: Table) -> dict[str, Any]:
    """A forest: `quality` where the model tells it, else agreement with the others; the best first."""
    known = any(line["value"] is not None for line in told.items)
    names = ("value", "low", "high") if known else ("agreement", "agreement_low", "agreement_high")
    lines = [line for line in told.items if line.get(names[0]) is not None]
    lines.sort(key=lambda line: (-line[names[0]], line["item"]))
    columns = {
        "rater": "item",
        **dict(zip(("value", "low", "high"), names, strict=True)),
        "n": "n",
        "shared": "shared",
    }
    shown = {name: [line[source] for line in lines] for name, source in columns.items()}
    return {"measure": "quality" if known else "agreement"} | shown


def _pairs(view: View, raters: Ints, pairs: RaterPairs | None) -> dict[str, Any]:
    """Rater by rater: share of the units that both judged on which they agree, kappa, and their number."""
    names = [view.raters[rater] for rater in raters]
    if pairs is None:
        return {"raters": names, "agreement": [], "kappa": [], "count": []}
    place = np.full(len(view.raters), -1)
    place[raters] = np.arange(len(raters))
    low, high = place[pairs.low], place[pairs.high]
    inside = (low >= 0) & (high >= 0)
    agree = np.einsum("pcc->p", pairs.table) / np.maximum(pairs.count, 1)
    matrices = {}
    for name, values in (
        ("agreement", agree),
        ("kappa", of_pairs(pairs, mirrored=view.mirrored)),
        ("count", pairs.count),
    ):
        matrix = np.full((len(raters), len(raters)), 0.0 if name == "count" else np.nan)
        matrix[low[inside], high[inside]] = matrix[high[inside], low[inside]] = values[inside]
        matrices[name] = [plain(row) for row in matrix]
    matrices["count"] = [[int(value or 0) for value in row] for row in matrices["count"]]
    return {"raters": names, **matrices}


def _confusion(view: View, raters: Ints, quality: Quality | None) -> dict[str, Any]:
    """P(said | true) of each rater, rows true; empty where the model does not tell it."""
    if quality is None:
        return {"categories": labels(view), "raters": [], "matrices": [], "shares": []}
    known = [int(rater) for rater in raters if np.isfinite(quality.value[rater])]
    return {
        "categories": labels(view),
        "raters": [view.raters[rater] for rater in known],
        "matrices": [quality.confusion(rater).tolist() for rater in known],
        "shares": quality.fit.prior.tolist(),
    }


def _categories(view: View) -> dict[str, Any]:
    """How often each category is chosen, of all judgments and of those of shared units."""
    if not view.categories:
        return {"categories": [], "count": [], "shared": []}
    count, shared = (
        np.bincount(view.category[chosen], minlength=view.categories).tolist()
        for chosen in (np.ones(len(view), np.bool_), view.shared)
    )
    return {"categories": labels(view), "count": count, "shared": shared}


def _weeks(view: View, rest: Rest | None) -> dict[str, Any]:
    """By week (its Monday, seconds since 1970): judgments, tie rate, and agreement with the majority of the others."""
    time = times(view)
    timed = np.isfinite(time)
    empty: dict[str, Any] = {name: [] for name in ("start", "count", "tie_rate", "agreement", "compared")}
    if not timed.any():
        return empty
    number = np.floor((time[timed] - MONDAY) / WEEK).astype(np.int64)
    weeks, place = np.unique(number, return_inverse=True)
    if len(weeks) > MOST_WEEKS:
        return empty
    count = sum_by(place, view.count[timed], len(weeks))
    agreed, compared = _compared(view, rest, timed, place, len(weeks))
    ties = sum_by(place, view.sums["tied"][timed], len(weeks)) / count
    return {
        "start": (weeks * WEEK + MONDAY).tolist(),
        "count": count.astype(int).tolist(),
        "tie_rate": plain(ties) if view.paired else [None] * len(weeks),
        "agreement": plain(quotient(agreed, compared)),
        "compared": compared.astype(int).tolist(),
    }


def _compared(view: View, rest: Rest | None, timed: Flags, place: Ints, weeks: int) -> tuple[Floats, Floats]:
    if rest is None:
        return np.zeros(weeks), np.zeros(weeks)
    agrees = np.zeros(len(view))
    agrees[rest.known] = rest.agrees
    return sum_by(place, agrees[timed], weeks), sum_by(place, rest.known[timed], weeks)
