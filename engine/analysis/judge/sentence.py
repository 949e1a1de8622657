"""The answer in one line, and its code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.analysis.agreement.sentence import WORDS, between, short
from engine.analysis.judge.observe import ANSWER_A, UNNAMED
from engine.types import Estimate
from engine.words import amount


@dataclass(frozen=True)
class Basis:
    """On how much an answer rests: labelled pairs and their prompts; `judge` and `item` are names."""

    rows: int
    prompts: int
    judge: str
    item: str
    approximate: bool = False

    def __str__(self) -> str:
        prompts = amount(self.prompts, "prompt", approximate=self.approximate)
        return f"on {amount(self.rows, 'labelled pair')} of {prompts}"


def verdict(kappa: Estimate) -> str:
    """Landis and Koch's word for kappa; `chance` where its interval reaches 0, `one_category` where there is none.

    `opposed` where the whole interval lies below 0: the judge says the opposite of people more often than not.
    """
    if kappa.value is None:
        return "one_category"
    if kappa.high is not None and kappa.high < 0:
        return "opposed"
    if kappa.low is not None and kappa.low <= 0 and kappa.value < WORDS[2][0]:
        return "chance"
    return next((word for end, word in WORDS if kappa.value < end), "almost_perfect")


def sentence(code: str, found: Mapping[str, Estimate], basis: Basis) -> str:
    """One line: how far the judge says what people say, what it leans to, and the win rate that labels correct."""
    kappa, agreement = found["cohen_kappa"], found["agreement"]
    who = "The judge" if basis.judge == UNNAMED else basis.judge
    assert agreement.value is not None
    same = f"the same verdict on {short(agreement.value)}{between(agreement)}"
    if kappa.value is None:
        return f"{who} and people use one category only: {same} {basis}."
    degrees = {
        "chance": "in no agreement beyond chance with",
        "opposed": "against",
    }
    degree = degrees.get(code, f"in {code.replace('_', ' ')} agreement with")
    start = f"{who} is {degree} people: {same}, kappa {short(kappa.value)}{between(kappa)}, {basis}"
    return "; ".join([start, *_leanings(found), *_won(found, basis)]) + "."


def _leanings(found: Mapping[str, Estimate]) -> list[str]:
    """What the judge surely leans to."""
    told = []
    position, tie, length = (found[name] for name in ("position_bias", "tie_rate_difference", "length_bias"))
    if (side := _side(position)) and position.value is not None:
        told.append(f"it favours the answer shown {'first' if side > 0 else 'second'} by {short(abs(position.value))}")
    if (side := _side(tie)) and tie.value is not None:
        told.append(f"it calls {'more' if side > 0 else 'fewer'} ties, by {short(abs(tie.value))}")
    if side := _side(length):
        told.append(f"it likes {'longer' if side > 0 else 'shorter'} answers more than people do")
    order = found["order_consistency"]
    if order.value is not None and order.value < 1:
        told.append(f"{short(1 - order.value)} of its verdicts turn with the order shown")
    return told


def _side(estimate: Estimate) -> int:
    """1 or −1 where the interval leaves out 0, else 0."""
    if estimate.low is None or estimate.high is None:
        return 0
    return 1 if estimate.low > 0 else -1 if estimate.high < 0 else 0


def _won(found: Mapping[str, Estimate], basis: Basis) -> list[str]:
    corrected, alone = found["win_rate_ppi"], found["win_rate_judge"]
    if corrected.value is None or alone.value is None:
        return []
    item = "answer a" if basis.item == ANSWER_A else basis.item
    return [
        f"corrected by labels, {item} wins {short(corrected.value)}{between(corrected)}, "
        f"by the judge alone {short(alone.value)}"
    ]
