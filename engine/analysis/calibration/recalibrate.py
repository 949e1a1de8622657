"""Recalibrators: fitted on all rows for use, and on four fifths of the buckets for an honest gain on the fifth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import isotonic_regression
from scipy.special import expit, log_expit, logit

from engine.analysis.arrays import Floats
from engine.analysis.calibration.error import CalibrationError, calibration_error
from engine.analysis.calibration.parameters import PAIR_RECALIBRATORS, SCORE_RECALIBRATORS
from engine.analysis.calibration.state import LOGIT_LIMIT
from engine.analysis.calibration.view import FOLDS, View
from engine.analysis.intervals import jackknife
from engine.analysis.links import fit_beta, fit_platt, fit_power, fit_slope, softplus

PARAMETERS = {
    "temperature": ("temperature",),
    "platt": ("a", "b"),
    "beta": ("a", "b", "c"),
    "flexible": ("a", "g"),
}


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
    predictions, parameters = _fit(kind, view, *view.training)
    if not np.isfinite(predictions).all():
        return None
    return _judge(kind, view, predictions, parameters, level)


def _fit(kind: str, view: View, count: Floats, observed: Floats) -> tuple[Floats, dict[str, Any]]:
    """Predictions by set and cell, and the parameters of the last set."""
    if kind == "isotonic":
        return _isotonic(view, count, observed)
    margin = view.margin
    if kind == "temperature":
        slope = fit_slope(margin, count, observed)
        return expit(slope * margin), {"temperature": _inverse(slope[-1, 0])}
    if kind == "platt":
        theta = fit_platt(margin, count, observed)
        predictions = expit(theta[:, :1] * margin + theta[:, 1:])
    elif kind == "beta":
        theta = fit_beta(margin, count, observed)
        predictions = expit(theta[:, :1] * log_expit(margin) - theta[:, 1:2] * log_expit(-margin) + theta[:, 2:])
    else:
        theta = fit_power(margin, count, observed)
        predictions = expit(theta[:, :1] * np.power(margin, theta[:, 1:]))
    return predictions, dict(zip(PARAMETERS[kind], theta[-1].tolist(), strict=True))


def _inverse(slope: float) -> float | None:
    return float(1 / slope) if slope > 0 else None


def _isotonic(view: View, count: Floats, observed: Floats) -> tuple[Floats, dict[str, Any]]:
    """Isotonic values, lines between the cells; pairs mirror at ½, so none lies below. Never exactly 0 or 1."""
    place = np.where(view.filled, view.p, 0.0)
    least = 1 / (view.rows + 2)
    predictions = np.empty_like(count)
    x, y = np.zeros(0), np.zeros(0)
    for index, (rows, sums) in enumerate(zip(count, observed, strict=True)):
        filled = rows > 0
        x = place[filled]
        order = np.argsort(x, kind="stable")
        values = isotonic_regression(sums[filled][order] / rows[filled][order], weights=rows[filled][order]).x
        x, y = x[order], np.clip(values, 0.5 if view.paired else least, 1 - least)
        predictions[index] = np.interp(place, x, y)
    corner = np.concatenate([[True], (y[1:-1] != y[:-2]) | (y[1:-1] != y[2:]), [True]])[: len(y)]
    return predictions, {"x": x[corner].tolist(), "y": y[corner].tolist()}


def _judge(kind: str, view: View, predictions: Floats, parameters: dict[str, Any], level: float) -> Recalibrator:
    """Score the predictions of each fold on the buckets that it did not see, against the raw predictions."""
    table, place = view.table, view.fold_and_cell
    count, observed = table.sums[0], table.sums[2]
    before, after = np.nan_to_num(view.p), predictions[:FOLDS]
    least = 1 / (view.rows + 2)
    logits = np.clip(view.margin, -LOGIT_LIMIT, LOGIT_LIMIT), logit(np.clip(after, least, 1 - least))
    per_row = {
        "nll_gain": (softplus(logits[0]) - softplus(logits[1]), logits[1] - logits[0]),
        "brier_gain": (np.square(before) - np.square(after), 2 * (after - before)),
    }
    error = held_out_error(view, count * after.ravel()[place] - observed, level)
    held_out: dict[str, Any] = {"calibration_error": error.value, "low": error.low, "high": error.high}
    rows = table.per_bucket(count)
    for name, (constant, slope) in per_row.items():
        gain = table.per_bucket(count * constant.ravel()[place] + observed * slope.ravel()[place])
        value, low, high = jackknife(lambda part: part[1] / part[0], np.stack([rows, gain])[:, rows > 0], level)
        held_out |= {name: value, f"{name}_low": low, f"{name}_high": high}
    exported = {
        "kind": kind,
        "parameters": parameters,
        "input": _input(view),
        "applies_to": "comparison" if view.paired else "score",
        "held_out": held_out,
    }
    return Recalibrator(kind, predictions[-1], after, error, exported)


def held_out_error(view: View, residual: Floats, level: float) -> CalibrationError:
    """The cluster-debiased error of any residuals by key, over the equal-mass bins of the raw prediction."""
    return calibration_error(view.count_by_fifteen, view.by_bucket_and_bin(residual, view.fifteen), level)


def _input(view: View) -> dict[str, Any]:
    if view.paired:
        return {"column": "margin"}
    return {"column": "value", "scale": view.state.scale, "logit_limit": LOGIT_LIMIT}
