"""How far a judge says what people say, and what it leans to besides; intervals by bucket."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from engine.analysis.agreement.intervals import estimate, ratio
from engine.analysis.arrays import Floats, quotient
from engine.analysis.judge.view import View
from engine.types import Estimate

NO_LABELS = "no labelled rows"


def estimates(view: View, level: float) -> dict[str, Estimate]:
    """Every number about one judge but the corrected win rate."""
    sums = view.sums
    labelled = round(view.total("labelled"))
    decided = sums["same"] + sums["opposite"]
    found = {
        "agreement": ratio(sums["same"] + sums["both_tied"], sums["labelled"], level, labelled),
        "agreement_decided": ratio(sums["same"], decided, level, round(float(decided.sum()))),
        "cohen_kappa": statistic(
            kappa,
            [sums["same"], sums["opposite"], sums["human_only"], sums["judge_only"], sums["both_tied"]],
            level,
            labelled,
        ),
        "tie_rate": ratio(sums["tied"], sums["count"], level, round(view.total("count"))),
        "human_tie_rate": ratio(sums["judge_only"] + sums["both_tied"], sums["labelled"], level, labelled),
        "tie_rate_difference": statistic(
            lambda part: quotient(part[0] - part[1], part[2]),
            [sums["human_only"], sums["judge_only"], sums["labelled"]],
            level,
            labelled,
        ),
        "position_bias": _bias(sums["first_judge"], sums["shown"], level),
        "human_position_bias": _bias(sums["first_human"], sums["shown_labelled"], level),
        "order_consistency": _consistency(view, level),
        "length_bias": _length_bias(view, level),
    }
    found["cohen_kappa"] = _certain(found["cohen_kappa"], found["agreement"], found["human_tie_rate"])
    return {name: _explained(one) for name, one in found.items()}


def _certain(one: Estimate, agreement: Estimate, ties: Estimate) -> Estimate:
    """A kappa of 1, as every verdict agrees: as far below 1 as the agreement itself may be, over chance."""
    if one.value != 1 or agreement.low is None or ties.value is None:
        return one
    chance = (1 - ties.value) ** 2 / 2 + ties.value**2
    return replace(agreement, low=max(-1.0, 1 - (1 - agreement.low) / (1 - chance)))


def kappa(part: Floats) -> Floats:
    """Cohen's kappa of judge and human over both orientations of each pair: which answer is called a does not count.

    `part`: same, opposite, human_only, judge_only, both_tied. Undecided is a category of its own.
    """
    same, opposite, human_only, judge_only, both_tied = part
    count = part.sum(axis=0)
    human = quotient(same + opposite + human_only, count)
    judge = quotient(same + opposite + judge_only, count)
    chance = human * judge / 2 + (1 - human) * (1 - judge)
    return np.asarray(1 - quotient(1 - quotient(same + both_tied, count), 1 - chance))


def statistic(
    function: Callable[[Floats], Floats],
    fields: list[Floats],
    level: float,
    n: int,
    bounds: tuple[float, float] = (-1, 1),
) -> Estimate:
    """A smooth function of sums by bucket, with its jackknife interval."""
    sums = np.stack(fields)
    sums = sums[:, (sums != 0).any(axis=0)]
    if not sums.shape[1]:
        return Estimate(None, level=level, method=NO_LABELS, n=n)
    total = sums.sum(axis=1)
    return estimate(float(function(total)), function(total[:, None] - sums), level, n, bounds)


def _bias(won: Floats, shown: Floats, level: float) -> Estimate:
    """The share that the answer shown first wins, minus ½."""
    found = ratio(won, shown, level, round(float(shown.sum())), shift=0.5, bounds=(-0.5, 0.5))
    return replace(found, method="the order shown is not known") if found.value is None else found


def _consistency(view: View, level: float) -> Estimate:
    """The share of units judged in both orders whose verdict is the same in both."""
    both, same = view.orders
    found = ratio(same, both, level, round(float(both.sum())))
    return replace(found, method="no unit was judged in both orders") if found.value is None else found


def _length_bias(view: View, level: float) -> Estimate:
    """How much more the judge's verdict than people's label rises with the relative difference of lengths.

    Slopes through 0 of verdict − ½ and of label − ½ on (length a − length b) / (length a + length b): 0 if lengths move
    both alike. In probability per unit of z.
    """
    sums = view.sums
    found = statistic(
        lambda part: quotient(part[1] - part[2], part[0]),
        [sums["length_square"], sums["length_judge"], sums["length_human"]],
        level,
        round(view.total("labelled")),
        (-np.inf, np.inf),
    )
    return replace(found, method="lengths are not known") if found.value is None else found


def _explained(one: Estimate) -> Estimate:
    return replace(one, method=NO_LABELS) if one.value is None and one.method == "nothing to count" else one
