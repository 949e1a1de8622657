"""Every named number of calibration, with its interval or its null quantile."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from engine.analysis.arrays import Floats
from engine.analysis.calibration.error import CalibrationError
from engine.analysis.calibration.null import BinNulls, bin_nulls, null_residual, smooth_null
from engine.analysis.calibration.view import MASS_BINS, View
from engine.analysis.intervals import Statistic, critical, jackknife, leave_one_out, normal_quantile, standard_error
from engine.analysis.metrics import Bins, debiased_l2
from engine.analysis.smooth import smooth_ece, spread_cells
from engine.types import Estimate

JACKKNIFE = "delete-one-bucket jackknife"
NULL = "null quantile by bucket multiplier bootstrap"


def with_intervals(view: View, error: CalibrationError, level: float) -> dict[str, Estimate]:
    """The estimates that have an honest interval (without the recalibrated error)."""
    found = _rates(view, level)
    found["calibration_error"] = Estimate(
        error.value, error.low, error.high, level, f"cluster-debiased, {JACKKNIFE} of the square", round(view.rows)
    )
    return found | _brier(view, level) | slopes(view, level) | _side_counts(view, level)


def beside_null(view: View, level: float, seed: int) -> tuple[dict[str, Estimate], BinNulls]:
    """The estimates that have none, beside what a calibrated model would reach; and the nulls of the width bins."""
    residual = null_residual(view)
    width = bin_nulls(view, residual, view.width, seed)
    found = _binned(view, width, residual, level, seed)
    found["brier_reliability"] = _with_null(view, _reliability(view), width.reliability, level)
    value = smooth_ece(spread_cells(*_smooth_input(view)))
    found["smooth_ece"] = _with_null(view, value, smooth_null(view, residual, seed), level)
    return found | _spiegelhalter(view, level), width


# ------------------------------------------------------------------ exact moments


def _mean(view: View, name: str, level: float, *, most: float = 1.0) -> Estimate:
    return _estimate(view, lambda sums: sums[1] / sums[0], ("count", name), level, most=most)


def _estimate(
    view: View, statistic: Statistic, names: tuple[str, ...], level: float, *, least: float = 0.0, most: float = 1.0
) -> Estimate:
    """A smooth statistic of the sums of `names`, the first of which counts the rows it is about."""
    sums = view.sums(*names)
    value, low, high = jackknife(statistic, sums, level)
    return Estimate(value, max(low, least), min(high, most), level, JACKKNIFE, round(float(sums[0].sum())))


def _rates(view: View, level: float) -> dict[str, Estimate]:
    names = {"accuracy": "correct", "base_rate": "truth", "mean_score": "score", "mean_confidence": "confidence"}
    return {name: _mean(view, field, level) for name, field in names.items()}


def _brier(view: View, level: float) -> dict[str, Estimate]:
    def uncertainty(sums: Floats) -> Floats:
        rows, truth, square = sums
        base = 0.5 if view.paired else truth / rows
        return np.asarray(square / rows - 2 * base * truth / rows + np.square(base))

    infinite = Estimate(None, level=level, method="infinite", n=round(view.rows))
    return {
        "brier": _mean(view, "square_error", level),
        "brier_resolution": _resolution(view, level),
        "brier_uncertainty": _estimate(view, uncertainty, ("count", "truth", "truth_square"), level, most=0.25),
        "nll": infinite if view.total["impossible"] else _mean(view, "log_loss", level, most=np.inf),
    }


def _resolution(view: View, level: float) -> Estimate:
    """Murphy's resolution; the interval is centred on the jackknife's bias-corrected value."""
    sums = np.stack(view.by_width)

    def resolution(part: Floats) -> Floats:
        count, observed = part
        rows = count.sum(axis=-1, keepdims=True)
        base = 0.5 if view.paired else observed.sum(axis=-1, keepdims=True) / rows
        gain = np.divide(np.square(observed - base * count), count, out=np.zeros_like(count), where=count > 0.5)
        return np.asarray(gain.sum(axis=-1) / rows[..., 0])

    value = float(resolution(sums.sum(axis=1)))
    without = resolution(leave_one_out(sums))
    buckets = len(without)
    centre = buckets * value - (buckets - 1) * float(without.mean())
    spread = critical(level, buckets) * standard_error(without)
    method = f"{JACKKNIFE}, bias-corrected"
    return Estimate(value, max(0.0, centre - spread), min(0.25, centre + spread), level, method, round(view.rows))


def _spiegelhalter(view: View, level: float) -> dict[str, Estimate]:
    """Z with the deviation that a calibrated model with these clusters would have."""
    count, numerator, variance = view.sums("count", "z_numerator", "z_variance")
    if variance.sum() <= 0:
        return {"spiegelhalter_z": Estimate(None, level=level, method="no variance", n=round(view.rows))}
    centred = numerator - count * (numerator.sum() / count.sum())
    quantile = normal_quantile(level) * float(np.sqrt(np.square(centred).sum() / variance.sum()))
    value = float(numerator.sum() / np.sqrt(variance.sum()))
    method = "closed form; null quantile of |Z| by bucket"
    return {"spiegelhalter_z": Estimate(value, None, None, level, method, round(view.rows), quantile)}


def _side_counts(view: View, level: float) -> dict[str, Estimate]:
    def bias(sums: Floats) -> Floats:
        return np.asarray(sums[1] / sums[0] - 0.5)

    def ceiling(sums: Floats) -> Floats:
        return np.asarray(0.5 + 0.5 * np.sqrt(np.maximum(0.0, 2 * sums[1] / sums[0] - 1)))

    found = {
        "position_bias": Estimate(None, level=level, method="needs the display order"),
        "label_noise_ceiling": Estimate(None, level=level, method="needs two or more votes a row"),
    }
    if (view.sums("shown") > 0).sum() > 1:
        found["position_bias"] = _estimate(view, bias, ("shown", "first_won"), level, least=-0.5, most=0.5)
    if (view.sums("voted") > 0).sum() > 1:
        found["label_noise_ceiling"] = _estimate(view, ceiling, ("voted", "vote_agreement"), level)
    return found


# ------------------------------------------------------------------ beside their null


def _reliability(view: View) -> float:
    count, predicted, observed = view.by_bin(view.width)
    filled = count > 0
    return float((np.square((predicted - observed)[filled]) / count[filled]).sum() / view.rows)


def _with_null(view: View, value: float, null: float, level: float) -> Estimate:
    return Estimate(value, None, None, level, NULL, round(view.rows), null)


def _binned(view: View, width: BinNulls, residual: Floats, level: float, seed: int) -> dict[str, Estimate]:
    bins = view.bins
    mass = bin_nulls(view, residual, view.mass, seed + 1)
    fifteen = mass if bins == MASS_BINS else bin_nulls(view, residual, view.fifteen, seed + 1)
    by_width = Bins(*view.by_bin(view.width))
    by_mass = Bins(*view.by_bin(view.mass))
    kumar = debiased_l2(Bins(*view.by_bin(view.fifteen)))
    return {
        "ece_debiased_l2": _with_null(view, kumar, fifteen.debiased_l2, level),
        f"ece_width_{bins}": _with_null(view, by_width.ece, width.ece, level),
        f"ece_mass_{bins}": _with_null(view, by_mass.ece, mass.ece, level),
        f"mce_width_{bins}": _with_null(view, by_width.mce, width.mce, level),
    }


def _smooth_input(view: View) -> tuple[Floats, Floats, Floats]:
    """Mean p, count and residual of the filled cells; pairs in both orders, at half weight."""
    filled = view.filled
    p, count = view.p[filled], view.count[filled] / view.rows
    residual = (view.predicted - view.observed)[filled] / view.rows
    if not view.paired:
        return p, count, residual
    both = np.concatenate([p, 1 - p]), np.concatenate([count, count]) / 2
    return *both, np.concatenate([residual, -residual]) / 2


# ------------------------------------------------------------------ slopes


def slopes(view: View, level: float) -> dict[str, Estimate]:
    """Slope of the logit on the margin and its inverse, the temperature; jackknife by one Newton step per bucket.

    Pairs: slope and temperature are of one fit. Scores: `platt_slope` is fitted together with an intercept.
    """
    slope, deviation, buckets = _slope(view, intercept=False)
    spread = critical(level, buckets) * deviation
    found = {"temperature": _temperature(view, slope, spread, level)}
    if not view.paired:
        slope, deviation, buckets = _slope(view, intercept=True)
        spread = critical(level, buckets) * deviation
    found["platt_slope"] = _slope_estimate(view, slope, spread, level)
    return found


def _slope(view: View, *, intercept: bool) -> tuple[float, float, int]:
    size = 2 if intercept else 1
    features = np.stack([view.margin, np.ones_like(view.margin)], axis=1)[:, :size]
    theta = (view.platt_fits if intercept else view.slope_fits)[-1]
    p = expit(features @ theta)
    gradient = np.stack([view.by_bucket(p * x, -x) for x in features.T], axis=1)
    weight, zero = p * (1 - p), np.zeros_like(p)
    products = [view.by_bucket(weight * x * z, zero) for x in features.T for z in features.T]
    curvature = np.stack(products, axis=1).reshape(-1, size, size)
    rest = curvature.sum(axis=0) - curvature + 1e-12 * np.eye(size)
    steps = np.linalg.solve(rest, gradient[:, :, None])[:, 0, 0]
    return float(theta[0]), standard_error(steps), len(steps)


def _slope_estimate(view: View, slope: float, spread: float, level: float) -> Estimate:
    if not np.isfinite(slope):
        return Estimate(None, level=level, method="labels are separated by the margin", n=round(view.rows))
    return Estimate(slope, slope - spread, slope + spread, level, JACKKNIFE, round(view.rows))


def _temperature(view: View, slope: float, spread: float, level: float) -> Estimate:
    """1 / slope; the high end is open (None) where the slope may be zero, and there is none for a slope ≤ 0."""
    if not slope > 0:
        return Estimate(None, level=level, method="no positive slope", n=round(view.rows))
    high = 1 / (slope - spread) if slope > spread else None
    return Estimate(1 / slope, 1 / (slope + spread), high, level, f"{JACKKNIFE} of 1 / T", round(view.rows))
