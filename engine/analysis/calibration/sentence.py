"""The answer in one line, and its code."""

from __future__ import annotations

from dataclasses import dataclass

from engine.analysis.calibration.error import CLOSE, CalibrationError
from engine.analysis.calibration.plan import more_prompts
from engine.analysis.calibration.recalibrate import Recalibrator
from engine.types import Estimate
from engine.words import amount

NEGLIGIBLE = 0.02
"""An error whose whole interval lies below this is called calibrated, even where it is surely not zero."""


def verdict(error: CalibrationError, slope: Estimate, excess: Estimate, *, paired: bool) -> str:
    """over_confident, under_confident, calibrated, miscalibrated or undecided.

    `excess` is mean confidence minus accuracy. Pairs are over-confident where it is surely positive. Scores go by the
    slope of the logit first (below 1: too extreme), since their mean may be off for another reason.
    """
    if not error.detected:
        return "calibrated" if error.high <= CLOSE else "undecided"
    if error.high <= NEGLIGIBLE:
        return "calibrated"
    for estimate, neutral, sign in (
        ((excess, 0.0, 1), (slope, 1.0, -1)) if paired else ((slope, 1.0, -1), (excess, 0.0, 1))
    ):
        if estimate.low is not None and estimate.low > neutral:
            return "over_confident" if sign > 0 else "under_confident"
        if estimate.high is not None and estimate.high < neutral:
            return "under_confident" if sign > 0 else "over_confident"
    return "miscalibrated"


@dataclass(frozen=True)
class Basis:
    """On how much data an answer rests; `approximate` where the number of prompts is an estimate."""

    rows: int
    prompts: int
    paired: bool
    approximate: bool = False

    def __str__(self) -> str:
        rows = amount(self.rows, "pair" if self.paired else "score")
        return f"on {rows} of {amount(self.prompts, 'prompt', approximate=self.approximate)}"


def sentence(
    code: str, error: CalibrationError, basis: Basis, recalibrator: Recalibrator | None, scale: Estimate
) -> str:
    """One line: the verdict, the error with its interval, on how much data, and what repairs or would settle it.

    `scale` is the temperature of pairs, the slope of the logit of scores: where the error cannot be told from zero but
    the scale can be told from 1, the sentence says so.
    """
    measured = f"calibration error {short(error.value)} [{short(error.low)}, {short(error.high)}] {basis}"
    if code == "undecided":
        more = f"{amount(more_prompts(error, basis.prompts), 'more prompt')} would settle it"
        doubt = _doubt(scale, paired=basis.paired)
        return f"Undecided: {measured} cannot be told from zero{doubt}; about {more} if it stays there."
    if code == "calibrated" and not error.detected:
        return f"No miscalibration detected: {measured}{_doubt(scale, paired=basis.paired)}."
    if code == "calibrated":
        return f"Well calibrated: {measured}."
    name = {"over_confident": "Over-confident", "under_confident": "Under-confident"}.get(code, "Miscalibrated")
    return f"{name}: {measured}{_repair(error, recalibrator, paired=basis.paired)}."


def _doubt(scale: Estimate, *, paired: bool) -> str:
    """What the scale says against an error of zero, where its interval leaves out 1."""
    if scale.value is None or scale.low is None:
        return ""
    high = float("inf") if scale.high is None else scale.high
    if scale.low <= 1 <= high:
        return ""
    look = "sharp" if (scale.low > 1) == paired else "flat"
    name = "temperature" if paired else "slope of the logit"
    value, low, up = _beside_one(scale.value, scale.low, high)
    return f", but the scores look too {look}: {name} {value} [{low}, {up}] leaves out 1"


def _beside_one(*values: float) -> list[str]:
    """The values with one decimal, or as many as it takes for none to read as 1."""
    for digits in range(1, 5):
        texts = ["∞" if value == float("inf") else f"{value:.{digits}f}" for value in values]
        if all(float(text) != 1 for text in texts if text != "∞"):
            break
    return texts


def _repair(error: CalibrationError, recalibrator: Recalibrator | None, *, paired: bool) -> str:
    if recalibrator is None:
        return ""
    left = recalibrator.error
    doing = _doing(recalibrator, paired=paired)
    if left.value > 0.8 * error.value:
        return f"; {doing} does not repair it ({short(left.value)} on held-out prompts)"
    effect = "repairs" if left.value <= 0.5 * error.value else "reduces"
    return f"; {doing} {effect} it to {short(left.value)} on held-out prompts"


def _doing(recalibrator: Recalibrator, *, paired: bool) -> str:
    temperature = recalibrator.exported["parameters"].get("temperature")
    if recalibrator.kind == "temperature" and temperature is not None:
        return f"dividing {'margins' if paired else 'logits'} by {temperature:.2g}"
    names = {"platt": "Platt scaling", "beta": "beta calibration", "flexible": "a flexible link"}
    return names.get(recalibrator.kind, f"{recalibrator.kind} recalibration")


def short(value: float) -> str:
    """Two decimals without the leading zero: .11, 0, 1.20; three below .01."""
    if abs(value) < 0.0005:
        return "0"
    text = f"{value:.3f}" if abs(value) < 0.00995 else f"{value:.2f}"
    return text.replace("0.", ".", 1) if abs(value) < 1 else text
