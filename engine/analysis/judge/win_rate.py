"""The win rate of one item: by people's labels, by the judge, and by both; and how many labels more would help."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from engine.analysis.agreement.intervals import ratio
from engine.analysis.intervals import critical
from engine.analysis.judge.corrected import RANDOM_AT, Corrected, Sums, corrected, random_subset
from engine.analysis.judge.view import View
from engine.types import Estimate

METHOD = "PPI++, by bucket"
LEAST_BUCKETS = 20
"""Buckets with labels below which no win rate is corrected."""

DIGITS = 2
"""Significant digits of a number of labels that is itself an estimate."""


@dataclass(frozen=True)
class WinRate:
    """The estimates of one item's win rate; `found` where corrected, `p_random` of the labels being a random subset."""

    item: str
    estimates: dict[str, Estimate]
    p_random: float
    found: Corrected | None


def win_rate(view: View, item: int, half_width: float, level: float) -> WinRate:
    """Win rate of an item against whatever it was compared with; null, with the reason, where labels are no sample."""
    sums = view.wins(item)
    unlabelled = sums["count"] - sums["labelled"]
    n, rest = round(float(sums["labelled"].sum())), round(float(unlabelled.sum()))
    told = {
        "win_rate_human": ratio(sums["label"], sums["labelled"], level, n),
        "win_rate_judge": ratio(sums["verdict"] + sums["verdict_unlabelled"], sums["count"], level, n + rest),
    }
    name = view.state.items[item]
    p_random = _p_random(view, item) if n and rest else 1.0
    reason = _reason(sums["labelled"], rest, p_random)
    if reason:
        nothing = Estimate(None, level=level, method=reason, n=n + rest)
        return WinRate(
            name, told | {"win_rate_ppi": nothing, "ppi_weight": nothing, "labels_needed": nothing}, p_random, None
        )
    found = corrected(Sums(sums["labelled"], sums["label"], sums["verdict"], unlabelled, sums["verdict_unlabelled"]))
    low, high = found.interval(level)
    told |= {
        "win_rate_ppi": Estimate(found.value, low, high, level, METHOD, n + rest),
        "ppi_weight": Estimate(found.weight, level=level, method="least variance, by bucket", n=n + rest),
        "labels_needed": labels_needed(found, n, rest, half_width, level),
    }
    return WinRate(name, told, p_random, found)


def _reason(labelled: np.ndarray[tuple[int], np.dtype[np.float64]], rest: int, p_random: float) -> str:
    """Why there is no corrected win rate; empty where there is one."""
    buckets = int((labelled > 0).sum())
    if buckets < LEAST_BUCKETS:
        return f"labels in {buckets} buckets of prompts, fewer than {LEAST_BUCKETS}"
    if not rest:
        return "every row is labelled"
    return "the labelled rows are not a random subset" if p_random < RANDOM_AT else ""


def _p_random(view: View, item: int) -> float:
    """By the item's verdicts, and by the judge's ties and sureness over all of its rows."""
    sums, wins = view.sums, view.wins(item)
    labelled, unlabelled = wins["labelled"], wins["count"] - wins["labelled"]
    tied = sums["human_only"] + sums["both_tied"]
    return min(
        1.0,
        2
        * min(
            random_subset(labelled, [wins["verdict"]], unlabelled, [wins["verdict_unlabelled"]]),
            random_subset(
                sums["labelled"],
                [tied, sums["sure_labelled"]],
                sums["count"] - sums["labelled"],
                [sums["tied"] - tied, sums["sure"] - sums["sure_labelled"]],
            ),
        ),
    )


def labels_needed(found: Corrected, n: int, rest: int, half_width: float, level: float) -> Estimate:
    """How many labels more, drawn at random, bring the interval to ± half_width.

    The part of the variance that labels make falls as 1 / labels, that of the verdicts stays; null where that alone is
    too large.
    """
    allowed = (half_width / critical(level, found.buckets)) ** 2 - found.verdict_error**2
    if allowed <= 0:
        reason = f"± {half_width:g} needs more verdicts, not more labels"
        return Estimate(None, level=level, method=reason, n=n)
    more = max(0.0, n * found.label_error**2 / allowed - n)
    step = 10.0 ** max(0, math.floor(math.log10(max(more, 1.0))) + 1 - DIGITS)
    limit = f"; only {rest:,} rows are unlabelled" if more > rest else ""
    method = f"for ± {half_width:g}, drawn at random{limit}"
    return Estimate(math.ceil(more / step) * step, level=level, method=method, n=n)


def plan(won: WinRate, level: float) -> dict[str, list[float]]:
    """Half-widths to expect at 1 to 100 times as many labels, with the judge's verdicts and without them.

    As far as there are rows to label.
    """
    found, n, rows = won.found, won.estimates["win_rate_human"].n, won.estimates["win_rate_judge"].n
    if found is None:
        return {"labels": [], "half_width": [], "half_width_without": []}
    times = np.array([1, 2, 3, 5, 8, 10, 15, 20, 30, 50, 100], float)
    times = times[times * n <= rows]
    reach = critical(level, found.buckets)
    width = reach * np.sqrt(found.label_error**2 / times + found.verdict_error**2)
    alone = reach * found.human_error / np.sqrt(times)
    return {"labels": (times * n).tolist(), "half_width": width.tolist(), "half_width_without": alone.tolist()}
