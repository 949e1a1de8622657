"""The answer in one line, and its code."""

from __future__ import annotations

from dataclasses import dataclass

from engine.analysis.agreement.raters import Table
from engine.analysis.agreement.rest import Without
from engine.types import Estimate
from engine.words import amount

WORDS = ((0.0, "poor"), (0.2, "slight"), (0.4, "fair"), (0.6, "moderate"), (0.8, "substantial"))
"""Upper ends of Landis and Koch's words (1977); beyond them agreement is almost perfect."""


@dataclass(frozen=True)
class Basis:
    """On how much an answer rests: units that two raters or more judged, and the raters of those."""

    units: int
    raters: int
    paired: bool
    scale: str

    def __str__(self) -> str:
        units = amount(self.units, "pair" if self.paired else "item")
        every = "both" if self.raters == 2 else "two or more"
        return f"on {units} judged by {every} of {amount(self.raters, 'annotator')}"


def verdict(alpha: Estimate) -> str:
    """Landis and Koch's word for alpha; `chance` where its interval reaches 0, `one_category` where there is none."""
    if alpha.value is None:
        return "one_category"
    if alpha.low is not None and alpha.low <= 0 and alpha.value < WORDS[2][0]:
        return "chance"
    return next((word for end, word in WORDS if alpha.value < end), "almost_perfect")


def sentence(code: str, alpha: Estimate, basis: Basis, told: Table) -> str:
    """One line: the verdict, alpha with its interval, on how much, and whose absence would surely raise it."""
    if alpha.value is None:
        return f"Agreement cannot be measured {basis}: {alpha.method}."
    measured = f"Krippendorff's alpha{_scale(basis)} {short(alpha.value)}{between(alpha)} {basis}"
    if code == "chance":
        return f"No agreement beyond chance can be told: {measured}{_without(told)}."
    return f"{code.replace('_', ' ').capitalize()} agreement: {measured}{_without(told)}."


def _scale(basis: Basis) -> str:
    return "" if basis.scale == "nominal" else f" ({basis.scale})"


def _without(told: Table) -> str:
    best = most_gained(told)
    if best is None:
        return ""
    name, left = best
    assert left.alpha.value is not None
    return f"; leaving out {name} would raise it to {short(left.alpha.value)}{between(left.alpha)}"


def most_gained(told: Table) -> tuple[str, Without] | None:
    """The rater without whom alpha would be surely higher, by most; None where there is none.

    The interval of the gain is widened for having looked at every rater (Bonferroni).
    """
    sure = [
        (left.gain.value, line["item"], left)
        for line, left in zip(told.items, told.without, strict=False)
        if left.gain.value is not None and left.gain.low is not None and left.gain.low > 0
    ]
    if not sure or len(told.items) < 3:
        return None
    _, name, left = max(sure, key=lambda one: one[:2])
    return name, left


def between(estimate: Estimate) -> str:
    """The interval in brackets, nothing where there is none."""
    if estimate.low is None or estimate.high is None:
        return ""
    return f" [{short(estimate.low)}, {short(estimate.high)}]"


def short(value: float) -> str:
    """Two decimals without the leading zero: .40, −.03, 1."""
    text = f"{abs(value):.2f}".removeprefix("0")
    text = {".00": "0", "1.00": "1"}.get(text, text)
    return f"−{text}" if value < 0 and text != "0" else text
