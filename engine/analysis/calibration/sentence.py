"""The answer in one line, and its code."""

from __future__ import annotations

from engine.analysis.calibration.error import CalibrationError
from engine.analysis.calibration.recalibrate import Recalibrator
from engine.types import Estimate

CLOSE = 0.05
"""An error whose interval ends below this and reaches 0 is called "none detected"; above, undecided."""

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


def sentence(
    code: str,
    error: CalibrationError,
    rows: int,
    prompts: int,
    recalibrator: Recalibrator | None,
    *,
    paired: bool,
) -> str:
    """One line: the verdict, the error with its interval, on how much data, and what repairs it."""
    measured = f"calibration error {short(error.value)} [{short(error.low)}, {short(error.high)}]"
    noun = "pairs" if paired else "scores"
    basis = f"on {rows:,} {noun} of {prompts:,} prompts"
    if code == "undecided":
        return f"Undecided: {measured} {basis} cannot be told from zero; more prompts would narrow it."
    if code == "calibrated" and not error.detected:
        return f"No miscalibration detected: {measured} {basis}."
    if code == "calibrated":
        return f"Well calibrated: {measured} {basis}."
    name = {"over_confident": "Over-confident", "under_confident": "Under-confident"}.get(code, "Miscalibrated")
    return f"{name}: {measured} {basis}{_repair(error, recalibrator, paired=paired)}."


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
