"""The numbers of the agreement analysis with their intervals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.analysis.agreement.coefficients import (
    alpha,
    fleiss,
    gwet,
    interval_alpha,
    mirrored_interval_alpha,
)
from engine.analysis.agreement.intervals import at_the_end, estimate, ratio
from engine.analysis.agreement.view import View
from engine.analysis.arrays import Flags, Floats, Ints, quotient, sum_by
from engine.types import Estimate

TOO_MANY = "more than 25 values: a continuous scale"


def kept(values: Floats, held: Flags) -> tuple[Floats, Floats]:
    """The total of sums by bucket (first axis), and the totals without each bucket that holds anything."""
    total = values.sum(axis=0)
    return np.asarray(total), np.asarray(total - values[held])


def coefficients(view: View, level: float) -> dict[str, Estimate]:
    """Every coefficient of agreement over all raters."""
    found = {"raw_agreement": raw_agreement(view, level)} if view.categories else {}
    found |= alphas(view, level)
    found |= by_unit(view, level)
    return {name: certain(one, found.get("raw_agreement"), view) for name, one in found.items()}


# ------------------------------------------------------------------ pairs


def coincidences(view: View, category: Ints, size: int) -> Floats:
    """Each two judgments of a unit by bucket and categories, in both orders, at weight 1 / (raters − 1).

    Shape (groups, size, size). From the counts of each unit: a unit of many raters has too many pairs to go through.
    """
    shared = view.judgments.sizes >= 2
    key = view.unit * size + category
    count = sum_by(key, np.ones(len(view)), len(shared) * size).reshape(-1, size)[shared]
    group = view.group[view.judgments.starts[shared]]
    weight = 1 / (view.judgments.sizes[shared] - 1)
    found = np.zeros((view.groups, size, size))
    for one in range(size):
        for other in range(one + 1):
            both = count[:, one] * (count[:, other] - (one == other)) * weight
            found[:, one, other] = found[:, other, one] = sum_by(group, both, view.groups)
    return found


def held(view: View) -> Flags:
    """The buckets that have shared units."""
    return np.asarray(view.by_group(view.shared) > 0)


def judgments_of_shared(view: View) -> int:
    """How many judgments are of units that two raters or more judged."""
    return int(view.shared.sum())


def raw_agreement(view: View, level: float) -> Estimate:
    """The share of all pairs of judgments of one unit that are the same."""
    group, sizes, count = view.group[view.judgments.starts], view.judgments.sizes, view.unit_counts
    same = sum_by(group, (count * (count - 1)).sum(axis=1), view.groups)
    every = sum_by(group, (sizes * (sizes - 1)).astype(float), view.groups)
    return ratio(same, every, level, judgments_of_shared(view))


def alphas(view: View, level: float) -> dict[str, Estimate]:
    """Krippendorff's alpha on each scale that the judgments allow."""
    n = judgments_of_shared(view)
    found = {}
    if view.categories:
        sums = coincidences(view, view.category, view.categories)
        steps = np.arange(view.categories, dtype=float)
        values = kept(sums, held(view))
        whole, parts = (alpha(one, steps, "nominal", mirrored=view.mirrored) for one in values)
        found["krippendorff_alpha_nominal"] = estimate(float(whole), parts, level, n)
    if view.values is not None:
        values = kept(coincidences(view, view.level, len(view.values)), held(view))
        whole, parts = (alpha(one, view.values, "ordinal", mirrored=view.mirrored) for one in values)
        found["krippendorff_alpha_ordinal"] = estimate(float(whole), parts, level, n)
    if not view.categories:
        none = Estimate(None, level=level, method=TOO_MANY, n=n)
        found |= {"krippendorff_alpha_nominal": none, "krippendorff_alpha_ordinal": none}
    found["krippendorff_alpha_interval"] = interval(view, level)
    return found


def interval(view: View, level: float) -> Estimate:
    """Krippendorff's alpha of the values as numbers."""
    shared = view.shared
    value = view.value - (0.5 if view.mirrored else view.value.mean())
    of_unit = sum_by(view.unit, value, len(view.judgments.sizes)) / view.judgments.sizes
    apart = 2 * (view.size * np.square(value - of_unit[view.unit]))[shared] / (view.size[shared] - 1)
    sums = [view.by_group(apart, shared), view.by_group(np.ones(len(apart)), shared)]
    sums += [view.by_group(value[shared] ** power, shared) for power in (1, 2)]
    totals = [kept(one, held(view)) for one in sums]
    whole, parts = (
        mirrored_interval_alpha(one[0], one[3]) if view.mirrored else interval_alpha(one[0], one[1], one[2], one[3])
        for one in zip(*totals, strict=True)
    )
    return estimate(float(whole), parts, level, judgments_of_shared(view))


# ------------------------------------------------------------------ units


def by_unit(view: View, level: float) -> dict[str, Estimate]:
    """Fleiss' kappa and Gwet's AC1: from the shares of each unit's raters."""
    if not view.categories:
        none = Estimate(None, level=level, method=TOO_MANY, n=judgments_of_shared(view))
        return {"fleiss_kappa": none, "gwet_ac1": none}
    sizes = view.judgments.sizes
    shared = sizes >= 2
    count = view.unit_counts
    pairs = np.maximum(sizes * (sizes - 1), 1)
    agreeing = (count * (count - 1)).sum(axis=1) / pairs
    share = count / sizes[:, None]
    group = view.group[view.judgments.starts]
    sums = [sum_by(group, np.where(shared, agreeing, 0.0), view.groups), sum_by(group, shared, view.groups)]
    of_shared = _by_group(group, share * shared[:, None], view.groups)
    of_all = _by_group(group, share, view.groups)
    units = sum_by(group, np.ones(len(sizes)), view.groups)
    everywhere = units > 0
    n = judgments_of_shared(view)
    whole, parts = (
        gwet(*one, mirrored=view.mirrored)
        for one in zip(*(kept(values, everywhere) for values in (*sums, of_all, units)), strict=True)
    )
    found = {"gwet_ac1": estimate(float(whole), parts, level, n)}
    if len(np.unique(sizes[shared])) != 1:
        reason = "units have different numbers of raters"
        return {"fleiss_kappa": Estimate(None, level=level, method=reason, n=n)} | found
    whole, parts = (
        fleiss(*one, mirrored=view.mirrored)
        for one in zip(*(kept(values, held(view)) for values in (*sums, of_shared)), strict=True)
    )
    return {"fleiss_kappa": estimate(float(whole), parts, level, n)} | found


def _by_group(group: Ints, share: Floats, groups: int) -> Floats:
    return np.stack([sum_by(group, column, groups) for column in share.T], axis=1)


def certain(one: Estimate, raw: Estimate | None, view: View) -> Estimate:
    """A coefficient that is 1 because every pair agrees: as far below 1 as the agreement itself may be, over chance."""
    if raw is None or raw.value != 1 or one.value != 1 or one is raw:
        return one
    end = at_the_end(1.0, int(held(view).sum()), one.level, one.n)
    count = view.unit_counts[view.judgments.sizes >= 2].sum(axis=0)
    share = count / count.sum()
    chance = float(np.square((share + share[::-1]) / 2 if view.mirrored else share).sum())
    assert end.low is not None
    return replace(end, low=max(-1.0, 1 - (1 - end.low) / (1 - chance)))


# ------------------------------------------------------------------ ties and order


def habits(view: View, level: float) -> dict[str, Estimate]:
    """How often raters call a tie, prefer what stands first, and say the same again."""
    rows = round(float(view.count.sum()))
    found = {"repeat_agreement": repeats(view, level)}
    if not view.paired:
        return found
    tied = ratio(view.by_group(view.sums["tied"]), view.by_group(view.count), level, rows)
    shown, won = view.by_group(view.sums["shown"]), view.by_group(view.sums["first_won"])
    first = ratio(won, shown, level, round(float(shown.sum())), shift=0.5, bounds=(-0.5, 0.5))
    if first.value is None:
        first = replace(first, method="the order shown is not known")
    return {"tie_rate": tied, "position_bias": first} | found


def repeats(view: View, level: float) -> Estimate:
    """The share of units judged more than once by one rater that got the same word each time."""
    again = view.count > 1
    same = _the_same(view)[again].astype(float)
    found = ratio(view.by_group(same, again), view.by_group(np.ones(len(same)), again), level, len(same))
    return found if found.value is not None else replace(found, method="no rater judged a unit twice")


def _the_same(view: View) -> Flags:
    if view.paired:
        won, tied = view.sums["won"], view.sums["tied"]
        return np.asarray(np.maximum(np.maximum(won, tied), view.count - won - tied) == view.count)
    spread = view.count * view.sums["square"] - np.square(view.sums["value"])
    return np.asarray(spread <= 1e-13 * np.maximum(view.count * view.sums["square"], 1e-300))


def repeats_of(view: View) -> Floats:
    """The same share of each rater; NaN for who judged no unit twice. Shape (raters,)."""
    again = view.count > 1
    same, every = view.by_rater(_the_same(view)[again], again), view.by_rater(again)
    return quotient(same, every)
