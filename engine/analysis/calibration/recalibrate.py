"""Recalibrators: fitted on all rows for use, and on four fifths of the buckets for an honest gain on the fifth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.optimize import isotonic_regression
from scipy.special import expit, log_expit, logit

from engine.analysis.arrays import Flags, Floats, sum_by
from engine.analysis.calibration.error import CalibrationError, calibration_error
from engine.analysis.calibration.parameters import PAIR_RECALIBRATORS, SCORE_RECALIBRATORS
from engine.analysis.calibration.state import LOGIT_LIMIT
from engine.analysis.calibration.view import FOLDS, View
from engine.analysis.intervals import jackknife
from engine.analysis.links import fit_beta, fit_power, softplus


@dataclass(frozen=True)
class Recalibrator:
    """A fitted recalibrator. `held_out` is the recalibrated prediction by fold and cell, from the other folds.

    `on_all` is the prediction by cell of the fit on all rows; `exported` the JSON object that a short script applies.
    """

    kind: str
    on_all: Floats
    held_out: Floats
    error: CalibrationError
    exported: dict[str, Any]


def recalibrators(view: View, level: float) -> dict[str, Recalibrator]:
    """Every recalibrator of this kind of rows; one whose fit does not exist (separated labels) is left out."""
    kinds = PAIR_RECALIBRATORS if view.paired else SCORE_RECALIBRATORS
    fitted = ((kind, recalibrator(kind, view, level)) for kind in kinds)
    return {kind: found for kind, found in fitted if found is not None}


def recalibrator(kind: str, view: View, level: float) -> Recalibrator | None:
    """One recalibrator, or None where it has no finite fit."""
    fit = _isotonic(view) if kind == "isotonic" else _link(kind, view)
    return _judge(kind, view, fit, level) if np.isfinite(fit.logits).all() else None


@dataclass(frozen=True)
class Fit:
    """Logits by set (each fold's training rows, then all) and cell; parameters and derivatives by cell for all rows.

    `slopes` has shape (cells, parameters), None for isotonic regression.
    """

    logits: Floats
    parameters: dict[str, Any]
    slopes: Floats | None

    @cached_property
    def held_out(self) -> Floats:
        """Predictions by fold and cell, from the other folds."""
        return np.asarray(expit(self.logits[:FOLDS]))


def _link(kind: str, view: View) -> Fit:
    margin, ones = view.margin, np.ones_like(view.margin)
    if kind == "flexible":
        theta = fit_power(margin, *view.training)
        log_margin = np.log(np.where(margin > 0, margin, 1.0))
        logits = np.where(margin > 0, theta[:, :1] * np.exp(theta[:, 1:] * log_margin), 0.0 * theta[:, :1])
        slopes = logits[-1][:, None] * np.stack([ones, log_margin], axis=1)
        return Fit(logits, dict(zip("ag", theta[-1].tolist(), strict=True)), slopes)
    if kind == "temperature":
        theta, slopes = view.slope_fits, margin[:, None]
        parameters = {"temperature": float(1 / theta[-1, 0]) if theta[-1, 0] > 0 else None}
        return Fit(theta @ slopes.T, parameters, slopes)
    if kind == "platt":
        theta, slopes = view.platt_fits, np.stack([margin, ones], axis=1)
    else:
        theta = fit_beta(margin, *view.training)
        slopes = np.stack([log_expit(margin), -log_expit(-margin), ones], axis=1)
    return Fit(theta @ slopes.T, dict(zip("abc", theta[-1].tolist(), strict=False)), slopes)


def _isotonic(view: View) -> Fit:
    """Isotonic values, lines between the cells; pairs mirror at ½, so none lies below. Never exactly 0 or 1."""
    place = np.nan_to_num(view.p)
    least = 1 / (view.rows + 2)
    x = view.p[view.filled]
    predictions, y = [], np.clip(x, least, 1 - least)
    for count, observed in zip(*view.training, strict=True):
        filled = count > 0
        if filled.any():
            x = place[filled]
            values = isotonic_regression(observed[filled] / count[filled], weights=count[filled]).x
            y = np.clip(values, 0.5 if view.paired else least, 1 - least)
        predictions.append(np.interp(place, x, y))
    corner = corners(y)
    return Fit(logit(np.stack(predictions)), {"x": x[corner].tolist(), "y": y[corner].tolist()}, None)


def corners(y: Floats) -> Flags:
    """The points that a line through all of them needs: both ends, and both ends of each flat stretch."""
    needed = np.ones(len(y), bool)
    needed[1:-1] = (y[1:-1] != y[:-2]) | (y[1:-1] != y[2:])
    return needed


# ------------------------------------------------------------------ held-out gains


def _judge(kind: str, view: View, fit: Fit, level: float) -> Recalibrator:
    """Score the predictions of each fold on the buckets that it did not see, against the raw predictions."""
    raw, after, held_out = np.nan_to_num(view.p), fit.logits[:FOLDS], fit.held_out
    gains = {
        "nll_gain": view.by_bucket(softplus(view.margin) - softplus(after), after - view.margin),
        "brier_gain": view.by_bucket(np.square(raw) - np.square(held_out), 2 * (held_out - raw)),
    }
    error = _held_out_error(view, fit, level)
    told: dict[str, Any] = {"calibration_error": error.value, "low": error.low, "high": error.high}
    rows = view.count_by_fifteen.sum(axis=1)
    for name, gain in gains.items():
        value, low, high = jackknife(lambda part: part[1] / part[0], np.stack([rows, gain]), level)
        told |= {name: value, f"{name}_low": low, f"{name}_high": high}
    exported = {
        "kind": kind,
        "parameters": fit.parameters,
        "input": _input(view),
        "applies_to": "comparison" if view.paired else "score",
        "held_out": told,
    }
    return Recalibrator(kind, expit(fit.logits[-1]), fit.held_out, error, exported)


def _held_out_error(view: View, fit: Fit, level: float) -> CalibrationError:
    """The cluster-debiased error of held-out predictions, over the equal-mass bins of the raw ones.

    Fitting takes out the noise that looks like a change of the parameters; the interval must not allow for it again.
    """
    by_bin = view.residual_by_fifteen(fit.held_out)
    if fit.slopes is None:
        return calibration_error(view.count_by_fifteen, by_bin, level)
    p = expit(fit.logits[-1])
    weighted = fit.slopes * (view.count * p * (1 - p))[:, None]
    by_parameter = np.stack([view.by_bucket(fit.held_out * slope, -slope) for slope in fit.slopes.T], axis=1)
    moved = np.stack([sum_by(view.fifteen.groups, values, view.fifteen.bins) for values in weighted.T])
    absorbed = by_parameter @ np.linalg.pinv(weighted.T @ fit.slopes) @ moved
    return calibration_error(view.count_by_fifteen, by_bin, level, by_bin - absorbed)


def _input(view: View) -> dict[str, Any]:
    if view.paired:
        return {"column": "margin"}
    return {"column": "value", "scale": view.state.scale, "logit_limit": LOGIT_LIMIT}
