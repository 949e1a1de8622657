"""The estimates, the tables and the warnings of an answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from engine.analysis.overoptimisation.found import ALL, PASSED, Found
from engine.analysis.overoptimisation.series import Series
from engine.analysis.records import Records
from engine.types import Estimate, Notice
from engine.words import amount

FEW_POINTS = 40
DESCRIBED = 0.5
"""Share of the variance of the points below which the fitted curve does not describe them."""

LATELY = "mean of the last points"


def estimates(found: Found, gap: Found | None, series: Series, name: str, runs: int) -> dict[str, Estimate]:
    """All estimates; `gap` is the fit of proxy less gold, which is called `name` in the series."""
    return {
        "budget_left": found.budget(),
        "peak_kl": found.peak_kl(),
        "kl_now": Estimate(found.kl_now, level=found.level, method=LATELY, n=len(series.kl)),
        **found.levels(),
        **_gap(gap, series, name, found.level),
        **found.coefficients(),
        "runs": Estimate(float(runs), level=found.level, method="runs with a KL"),
    }


def unknown(series: Series, runs: int, level: float) -> dict[str, Estimate]:
    """The same where there is no gold reward: nothing is known of a peak."""
    none = Estimate(None, level=level, method="needs a gold reward")
    return {
        **dict.fromkeys(("budget_left", "peak_kl", "gold_at_peak", "gold_now", "gold_lost", "gap_now"), none),
        "kl_now": Estimate(series.kl_now, level=level, method=LATELY, n=len(series.kl)),
        "runs": Estimate(float(runs), level=level, method="runs with a KL"),
    }


def _gap(gap: Found | None, series: Series, name: str, level: float) -> dict[str, Estimate]:
    """How far the proxy has risen above the gold reward, and by how much more with each nat."""
    if gap is None:
        none = Estimate(None, level=level, method="needs a proxy beside the gold reward")
        return {"gap_now": none, "gap_slope": none}
    course = series.courses[name]
    now = max(gap.now, 1e-3 * gap.fit.most)
    slope = gap.drawn(gap.draws.slope(now) / (2 * now))
    risen = course.now() - float(course.value[0])
    return {"gap_now": Estimate(risen, level=level, method=LATELY, n=len(course)), "gap_slope": slope}


def table(found: Mapping[str, Found | None]) -> dict[str, list[Any]]:
    """One line a run or a component: its verdict, its peak with the set, the budget and what was lost."""
    kept = {name: each for name, each in found.items() if each is not None}
    peaks = [each.peak_kl() for each in kept.values()]
    lost = [each.levels()["gold_lost"] for each in kept.values()]
    return {
        "name": list(kept),
        "verdict": [each.code for each in kept.values()],
        "points": [each.fit.points for each in kept.values()],
        "kl_now": [each.kl_now for each in kept.values()],
        "peak": [one.value for one in peaks],
        "low": [one.low for one in peaks],
        "high": [one.high for one in peaks],
        "lost": [one.value for one in lost],
        "lost_low": [one.low for one in lost],
        "lost_high": [one.high for one in lost],
        "rising": [each.rising_now for each in kept.values()],
    }


def warnings(
    state: Records, series: Mapping[str, Series], found: Found | None, evaluation: str, unsaid: bool
) -> list[Notice]:
    """What to know before the numbers are believed."""
    notices = []
    if evaluation:
        told = f"{evaluation} stands for the gold reward: the policy must not be trained on what gives it."
        notices.append(Notice("evaluation_as_gold", told))
    if unsaid:
        told = (
            "The KL of an answer is taken as the sum over its tokens; where it is their mean, say kl_unit=token_mean."
        )
        notices.append(Notice("kl_unit_assumed", told))
    negative = sum(each.negative for each in series.values())
    if negative:
        told = f"{amount(negative, 'KL')} below 0, as an estimate by log ratios gives them: taken as 0."
        notices.append(Notice("kl_negative", told))
    if found is not None:
        notices += _of_fit(found)
    if state.sampled:
        notices.append(Notice("sampled", "There are more rows than are kept: the answer rests on a random sample."))
    return notices


def _of_fit(found: Found) -> list[Notice]:
    notices = []
    if found.fit.points < FEW_POINTS and found.run != ALL:
        told = f"Only {amount(found.fit.points, 'point')}: where errors hang together for long, sets are approximate."
        notices.append(Notice("few_points", told))
    if found.fit.explained < DESCRIBED:
        told = (
            "The points lie far from the fitted curve: neither form describes this run well, or its errors hang "
            "together for long. Look at the points before the peak is believed."
        )
        notices.append(Notice("far_from_curve", told))
    if found.peak.valley:
        told = "The reward falls and then rises again over the KL: neither form describes that, and no peak is told."
        notices.append(Notice("rises_again", told))
    share = max(found.fit.share(form) for form in found.fit.form)
    if len(set(found.fit.form)) > 1 and share < 0.95:
        notices.append(Notice("forms_not_told_apart", "Both forms fit about as well: the answer allows for either."))
    if found.code == PASSED and float(np.sqrt(found.kl_now)) > found.fit.most * 1.05:
        notices.append(
            Notice("beyond_gold", "The KL has gone beyond the last gold reward: what is lost is as of that.")
        )
    return notices
