"""Scores of forecasts against what came: CRPS, scaled errors, and whether one forecast is better than another."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, stdtr

from engine.analysis.arrays import Floats


def crps_normal(observed: Floats, mean: Floats, spread: Floats) -> Floats:
    """CRPS of normal forecasts, which broadcast (Gneiting and Raftery 2007, section 4.2); lower is better.

    `spread` is the standard deviation, above 0.
    """
    z = (observed - mean) / spread
    density = np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)
    return np.asarray(spread * (z * (2 * ndtr(z) - 1) + 2 * density - 1 / np.sqrt(np.pi)))


def crps_ensemble(observed: Floats, draws: Floats) -> Floats:
    """CRPS of forecasts by equally likely draws along the first axis: E|X − y| − ½ E|X − X′| over all pairs.

    `observed` has the shape of one draw. (Gneiting and Raftery 2007, equation 21.)
    """
    ordered = np.sort(np.moveaxis(draws, 0, -1), axis=-1)
    return np.asarray(np.abs(draws - observed).mean(axis=0) - half_spread(ordered))


def half_spread(ordered: Floats) -> Floats:
    """Half the mean distance of two draws along the last axis, each with itself too; they stand in order."""
    count = ordered.shape[-1]
    weight = (2 * np.arange(1, count + 1) - count - 1) / count**2
    return np.asarray(ordered @ weight)


def quantile(ordered: Floats, share: float) -> Floats:
    """Quantile along the last axis of draws in order, by a straight line between neighbours (Hyndman and Fan's 7)."""
    place = share * (ordered.shape[-1] - 1)
    below = int(place)
    above = min(below + 1, ordered.shape[-1] - 1)
    return np.asarray(ordered[..., below] + (place - below) * (ordered[..., above] - ordered[..., below]))


def crps_quantiles(observed: Floats, levels: Floats, quantiles: Floats) -> Floats:
    """CRPS of forecasts known by quantiles (levels, n) at `levels`: twice the mean pinball loss over the levels.

    Each level stands for what lies nearer to it than to its neighbours.
    """
    edges = np.concatenate([[0.0], (levels[1:] + levels[:-1]) / 2, [1.0]])
    loss = np.maximum(levels[:, None] * (observed - quantiles), (levels[:, None] - 1) * (observed - quantiles))
    return np.asarray(2 * np.diff(edges) @ loss)


def naive_scale(value: Floats) -> float:
    """Mean absolute step of a line in order: the error of the naive forecast of the next point, within the line."""
    return float(np.abs(np.diff(value)).mean())


def mase(errors: Floats, scale: float) -> float:
    """Mean absolute scaled error (Hyndman and Koehler 2006); NaN where the line does not move."""
    return float(np.abs(errors).mean()) / scale if scale > 0 else float("nan")


def diebold_mariano(loss: Floats, other: Floats, ahead: int) -> tuple[float, float]:
    """Statistic and two-sided p-value of equal loss of two forecasts `ahead` steps ahead, losses in order, shape (n,).

    Diebold and Mariano (1995) with the correction of Harvey, Leybourne and Newbold (1997): t with n − 1 degrees of
    freedom. Where the variance with equal weights of the lags is not positive, Bartlett's weights are taken. (NaN, NaN)
    below `ahead` + 2 losses, or where they never differ.
    """
    difference = loss - other
    size = len(difference)
    if size < ahead + 2:
        return float("nan"), float("nan")
    rest = difference - difference.mean()
    lagged = np.array([float(rest[lag:] @ rest[: size - lag]) / size for lag in range(ahead)])
    variance = lagged[0] + 2 * lagged[1:].sum()
    if variance <= 0:
        variance = lagged[0] + 2 * ((1 - np.arange(1, ahead) / ahead) * lagged[1:]).sum()
    if variance <= 0:
        return float("nan"), float("nan")
    corrected = max((size + 1 - 2 * ahead + ahead * (ahead - 1) / size) / size, 0.0)
    statistic = float(difference.mean() / np.sqrt(variance / size) * np.sqrt(corrected))
    return statistic, float(2 * stdtr(size - 1, -abs(statistic)))
