"""The answer in one line, and its code."""

from __future__ import annotations

from engine.analysis.whatif.selective import Trusted
from engine.types import Estimate
from engine.words import amount

AUTOMATE, NOT_YET, UNDECIDED, TOO_FEW = "automate", "below_target", "undecided", "too_few_trusted"


def verdict(now: Trusted, target: float) -> str:
    """`automate` where accuracy is surely at the target, below_target where it is surely not, undecided between."""
    accuracy = now.accuracy
    if accuracy.low is None or accuracy.high is None:
        return TOO_FEW
    if accuracy.low >= target:
        return AUTOMATE
    return NOT_YET if accuracy.high < target else UNDECIDED


def sentence(code: str, now: Trusted, target: float, least: Trusted | None) -> str:
    """What trusting from the threshold on gives, whether it meets the target, and from where on it would."""
    share = f"{100 * (now.share.value or 0):.0f} % of the verdicts"
    if code == TOO_FEW:
        return f"Too few: confidence reaches {now.threshold:.3g} for {amount(now.count, 'verdict')} only."
    said = f"from confidence {now.threshold:.3g} on {share} are trusted, {_percent(now.accuracy)} of them right"
    meets = {
        AUTOMATE: f"Automate: {said}, surely at least {100 * target:.3g} %",
        NOT_YET: f"Not at this threshold: {said}, below {100 * target:.3g} %",
        UNDECIDED: f"Undecided: {said}; {100 * target:.3g} % lies within",
    }[code]
    if code == AUTOMATE and least is not None and least.threshold >= now.threshold:
        return f"{meets}."
    if least is None:
        return f"{meets}; no threshold surely meets it."
    kept = f"{100 * (least.share.value or 0):.0f} %"
    return f"{meets}; the least that surely meets it is {least.threshold:.3g}, with {kept}."


def _percent(one: Estimate) -> str:
    low, high = one.low or 0.0, one.high or 0.0
    return f"{100 * (one.value or 0):.1f} % [{100 * low:.1f}, {100 * high:.1f}]"
