"""The table of raters: how good, how fast, how biased each is, and what leaving them out would change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.analysis.agreement.by_rater import Shares, differences, shares
from engine.analysis.agreement.estimates import repeats_of
from engine.analysis.agreement.quality import Quality
from engine.analysis.agreement.ranking import Ranked, ranked
from engine.analysis.agreement.rest import Rest, Without, without_each
from engine.analysis.agreement.view import View
from engine.analysis.arrays import Flags, Floats, Ints, quotient
from engine.analysis.intervals import benjamini_hochberg

MOST_RATERS = 100
"""Raters in the table, those with the most shared judgments: a crowd's long tail says little one by one."""

LEAST_BUCKETS = 10
"""Buckets of prompts below which a rater is never flagged."""


@dataclass(frozen=True)
class Table:
    """The raters that are told of (places among all), their lines, and agreement without each."""

    raters: Ints
    items: list[dict[str, Any]]
    without: list[Without]
    rest: Rest | None


def table(view: View, quality: Quality | None, level: float, false_discovery: float) -> Table:
    """A line for each rater, the one with the most judgments first."""
    shared = view.by_rater(view.shared)
    judged = view.by_rater(view.count)
    chosen = np.lexsort((np.arange(len(judged)), -judged, -shared))[:MOST_RATERS].astype(np.int64)
    columns: dict[str, list[Any]] = {
        "item": [view.raters[rater] for rater in chosen],
        **_quality(quality, chosen),
        "n": judged[chosen].astype(int).tolist(),
        "shared": shared[chosen].astype(int).tolist(),
    }
    flags: dict[str, Flags] = {}
    rest = Rest(view) if view.categories >= 2 else None
    if rest is not None:
        columns |= _with_rest(view, rest, chosen, level, false_discovery, flags)
    columns |= _habits(view, chosen, level, false_discovery, flags)
    lefts = without_each(view, chosen, level) if view.categories >= 2 else []
    columns["alpha_without"] = [one.alpha.value for one in lefts] or [None] * len(chosen)
    columns |= _effects(view, chosen)
    columns["flags"] = [[name for name, raised in flags.items() if raised[place]] for place in range(len(chosen))]
    items = [dict(zip(columns, line, strict=True)) for line in zip(*columns.values(), strict=True)]
    return Table(chosen, items, lefts, rest)


def _quality(found: Quality | None, chosen: Ints) -> dict[str, list[Any]]:
    if found is None:
        return {name: [None] * len(chosen) for name in ("value", "low", "high")}
    return {"value": plain(found.value[chosen]), "low": plain(found.low[chosen]), "high": plain(found.high[chosen])}


def _with_rest(
    view: View, rest: Rest, chosen: Ints, level: float, false_discovery: float, flags: dict[str, Flags]
) -> dict[str, list[Any]]:
    """Agreement with the majority of the others, chance corrected too, and how it moved over time."""
    every = np.ones(len(rest.agrees))
    found = shares(view, rest.agrees, every, rest.known, level)
    agreed, judged = view.by_rater(rest.agrees, rest.known), view.by_rater(every, rest.known)
    others = quotient(agreed.sum() - agreed, judged.sum() - judged)
    flags["low_agreement"] = _flagged(found, others, chosen, false_discovery) & (found.value < others)[chosen]
    timed = _timed(view)
    later = _later(view, timed)
    dated = timed[rest.known]
    drift = differences(view, rest.agrees[dated], every[dated], later[rest.known][dated], rest.known & timed, level)
    flags["drift"] = _flagged(drift, 0.0, chosen, false_discovery)
    return {
        **_columns("agreement", found, chosen),
        "kappa_with_rest": plain(rest.kappas(chosen)),
        **_columns("drift", drift, chosen),
    }


def _habits(
    view: View, chosen: Ints, level: float, false_discovery: float, flags: dict[str, Flags]
) -> dict[str, list[Any]]:
    """What each rater does whatever the others say."""
    all_of = np.ones(len(view), np.bool_)
    columns: dict[str, list[Any]] = {"repeat_agreement": plain(repeats_of(view)[chosen])}
    if view.paired:
        first = shares(view, view.sums["first_won"], view.sums["shown"], all_of, level, shift=0.5)
        flags["position_bias"] = _flagged(first, 0.0, chosen, false_discovery)
        columns |= _columns("position_bias", first, chosen)
        columns["tie_rate"] = plain(quotient(view.by_rater(view.sums["tied"]), view.by_rater(view.count))[chosen])
    else:
        columns["mean_score"] = plain(quotient(view.by_rater(view.sums["value"]), view.by_rater(view.count))[chosen])
    return columns | {"median_seconds": plain(median_seconds(view, chosen))}


def _effects(view: View, chosen: Ints) -> dict[str, list[Any]]:
    found = ranked(view, chosen) if view.paired else Ranked({}, np.full(len(view.raters), np.nan))
    lines = [found.effects.get(int(rater)) for rater in chosen]
    return {
        "follows_ranking": plain(found.follows[chosen]),
        "effect_on_ranking": [one and one.elo for one in lines],
        "effect_item": [one and one.item for one in lines],
        "effect_ranks": [one and one.ranks for one in lines],
    }


def _flagged(found: Shares, null: Floats | float, chosen: Ints, false_discovery: float) -> Flags:
    """Whose number is surely not `null`, over all raters of the table at once."""
    enough = found.buckets[chosen] >= LEAST_BUCKETS
    raised = np.zeros(len(chosen), np.bool_)
    if enough.any():
        raised[enough] = benjamini_hochberg(found.p_values(null)[chosen][enough]) <= false_discovery
    return raised


# ------------------------------------------------------------------ time


def _timed(view: View) -> Flags:
    return np.asarray(view.sums["timed"] > 0)


def times(view: View) -> Floats:
    """The mean time of each judgment's rows, in seconds; NaN where none is known."""
    return quotient(view.sums["time"], view.sums["timed"])


def _later(view: View, timed: Flags) -> Flags:
    """Whether a judgment lies in the second half of its rater's."""
    place, starts = _in_time(view, timed)
    count = np.diff(starts)
    rank = np.arange(len(place)) - np.repeat(starts[:-1], count)
    later = np.zeros(len(view), np.bool_)
    later[place] = rank >= np.repeat((count + 1) // 2, count)
    return later


def _in_time(view: View, timed: Flags) -> tuple[Ints, Ints]:
    """The timed entries by rater and time, and where each rater begins among them."""
    entries = np.flatnonzero(timed)
    order = entries[np.lexsort((view.judgments.unit[entries], times(view)[entries], view.rater[entries]))]
    return order, np.searchsorted(view.rater[order], np.arange(len(view.raters) + 1))


def median_seconds(view: View, chosen: Ints) -> Floats:
    """The median time between two judgments of a rater that follow each other; NaN below three of them."""
    order, starts = _in_time(view, _timed(view))
    ordered = times(view)[order]
    gaps = (np.diff(ordered[starts[rater] : starts[rater + 1]]) for rater in chosen)
    return np.array([np.median(gap) if len(gap) >= 2 else np.nan for gap in gaps])


# ------------------------------------------------------------------ plain values


def plain(values: Floats) -> list[float | None]:
    """Floats, None for what is not finite."""
    return [float(value) if np.isfinite(value) else None for value in values]


def _columns(name: str, found: Shares, chosen: Ints) -> dict[str, list[Any]]:
    parts = {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}
    return {label: plain(values[chosen]) for label, values in parts.items()}
