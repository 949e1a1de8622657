"""Coefficients of agreement as functions of sums over units: Krippendorff's alpha, Fleiss' kappa, Gwet's AC1.

Every function takes sums with any leading axes, so that leave-one-bucket-out totals go through at once. Comparisons are
`mirrored`: which side of a unit is called the first is arbitrary, so chance is taken over both orientations of each
judgment (the mean over all namings of the sides), as pairs are symmetrised in calibration. Sources: Krippendorff 2011
("Computing Krippendorff's Alpha-Reliability"), Fleiss 1971, Gwet 2008 (Br. J. Math. Stat. Psychol. 61:29).
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from engine.analysis.arrays import Floats, quotient

Scale = Literal["nominal", "ordinal", "interval"]


def distances(scale: Scale, values: Floats, count: Floats) -> Floats:
    """Squared distances between categories: shape (..., categories, categories).

    `values` are the categories as numbers, ascending; `count` of shape (..., categories) how often each was chosen.
    Ordinal: the judgments between the middles of two categories, squared.
    """
    size = len(values)
    if scale == "nominal":
        return np.broadcast_to(1 - np.eye(size), (*count.shape[:-1], size, size))
    if scale == "interval":
        apart = np.square(values[:, None] - values)
        return np.broadcast_to(apart, (*count.shape[:-1], size, size))
    middle = np.cumsum(count, axis=-1) - count / 2
    return np.asarray(np.square(middle[..., :, None] - middle[..., None, :]))


def alpha(coincidences: Floats, values: Floats, scale: Scale, *, mirrored: bool = False) -> Floats:
    """Krippendorff's alpha: 1 − observed / expected disagreement; NaN where all judgments are the same.

    `coincidences` has shape (..., categories, categories): each two judgments of a unit, in both orders, at weight
    1 / (raters of the unit − 1). Mirrored: category c of one orientation is category (last − c) of the other.
    """
    count = coincidences.sum(axis=-1)
    marginal = (count + count[..., ::-1]) / 2 if mirrored else count
    apart = distances(scale, values, marginal)
    observed = (coincidences * apart).sum(axis=(-2, -1))
    chance = (apart + apart[..., ::-1]) / 2 if mirrored else apart
    itself = np.einsum("...cc->...c", chance)
    expected = np.einsum("...c,...ck,...k->...", count, chance, count) - (count * itself).sum(axis=-1)
    return _over(observed * (count.sum(axis=-1) - 1), expected)


def interval_alpha(disagreement: Floats, count: Floats, total: Floats, square: Floats) -> Floats:
    """Krippendorff's interval alpha from sums alone, for any number of values.

    `disagreement`: Σ over each two judgments of a unit, in both orders, of their squared difference / (raters − 1);
    `count`, `total`, `square`: judgments of shared units, their values' sum and sum of squares.
    """
    return _over(disagreement * (count - 1), 2 * (count * square - np.square(total)))


def mirrored_interval_alpha(disagreement: Floats, square: Floats) -> Floats:
    """The same of comparisons; `square`: Σ of squared distances to ½, the middle of each value and its mirror."""
    return _over(disagreement, 2 * square)


def fleiss(agreement: Floats, units: Floats, share: Floats, *, mirrored: bool = False) -> Floats:
    """Fleiss' kappa; NaN where all judgments are the same.

    `agreement`: Σ over units of the share of their pairs that agree; `share` of shape (..., categories): Σ over
    units of the share of their raters that chose each.
    """
    chosen = _shares(share, units, mirrored)
    chance = np.square(chosen).sum(axis=-1)
    return 1 - quotient(1 - quotient(agreement, units), 1 - chance)


def gwet(agreement: Floats, shared: Floats, share: Floats, units: Floats, *, mirrored: bool = False) -> Floats:
    """Gwet's AC1. `agreement` sums over the `shared` units, `share` over all `units`, those of one rater too."""
    chosen = _shares(share, units, mirrored)
    chance = quotient((chosen * (1 - chosen)).sum(axis=-1), np.array(share.shape[-1] - 1.0))
    return 1 - quotient(1 - quotient(agreement, shared), 1 - chance)


def kappa(tables: Floats, weights: Floats, *, mirrored: bool = False, apart: bool = False) -> tuple[Floats, Floats]:
    """Observed and expected weighted disagreement of tables of shape (..., categories, categories), times their counts.

    Cohen's kappa is 1 − observed / expected; that of several tables 1 − Σ observed / Σ expected, which is the mean of
    their kappas with expected disagreement as weight. `weights`: of disagreement, 0 on the diagonal. `apart`: chance is
    taken from words on different units only, as in alpha, so that tables of few units are not biased towards 0.
    """
    tables = (tables + tables[..., ::-1, ::-1]) / 2 if mirrored else tables
    count = tables.sum(axis=(-2, -1))
    observed = (tables * weights).sum(axis=(-2, -1))
    expected = np.einsum("...c,ck,...k->...", tables.sum(axis=-1), weights, tables.sum(axis=-2))
    if not apart:
        return observed, quotient(expected, count, empty=0.0)
    itself = (tables * (weights + weights[:, ::-1]) / 2).sum(axis=(-2, -1)) if mirrored else observed
    several = count > 1
    return observed * several, quotient(expected - itself, count - 1, empty=0.0) * several


def _shares(share: Floats, units: Floats, mirrored: bool) -> Floats:
    chosen = quotient(share, units[..., None])
    return (chosen + chosen[..., ::-1]) / 2 if mirrored else chosen


def _over(observed: Floats, expected: Floats) -> Floats:
    return 1 - quotient(observed, expected)
