"""A plane or a quadratic where there are too few places for a spline: least squares, chosen by leaving points out."""

from __future__ import annotations

import numpy as np

from engine.analysis.arrays import Floats
from engine.analysis.surface.tensor import POWERS, Tensor
from engine.errors import NotEnoughData
from engine.words import amount

FORMS = (
    ("plane", ((0, 0), (1, 0), (0, 1))),
    ("twisted plane", ((0, 0), (1, 0), (0, 1), (1, 1))),
    ("quadratic", ((0, 0), (1, 0), (0, 1), (1, 1), (2, 0), (0, 2))),
)
"""Names of the forms, and the powers of u and v that each has."""
SPARE = 4
"""Points that have to be left over for the noise."""


def fit_low_order(u: Floats, v: Floats, z: Floats) -> tuple[Tensor, str]:
    """The form with the least sum of squared errors of points left out (PRESS, Allen 1974), and its name.

    Raises NotEnoughData where not even a plane leaves four points over.
    """
    places = len(np.unique(np.stack([u, v]), axis=1).T)
    best: tuple[float, Tensor, str] | None = None
    for name, powers in FORMS:
        if len(z) - len(powers) < SPARE or places <= len(powers):
            continue
        tensor, press = _fitted(u, v, z, powers)
        if best is None or press < best[0]:
            best = press, tensor, name
    if best is None:
        found = f"{amount(places, 'place')} with {amount(len(z), 'point')}"
        raise NotEnoughData(f"{found} are too few for a surface: even a plane needs 7.")
    return best[1], best[2]


def _fitted(u: Floats, v: Floats, z: Floats, powers: tuple[tuple[int, int], ...]) -> tuple[Tensor, float]:
    columns = np.stack([u**one * v**other for one, other in powers], axis=1)
    orthogonal, triangle = np.linalg.qr(columns)
    rank = int(np.sum(np.abs(np.diagonal(triangle)) > 1e-9 * np.abs(triangle).max()))
    if rank < len(powers):
        return Tensor(np.zeros((POWERS, POWERS)), splines=False), float("inf")
    found = np.linalg.solve(triangle, orthogonal.T @ z)
    rest = z - columns @ found
    leverage = np.square(orthogonal).sum(axis=1)
    press = float(np.square(rest / np.maximum(1 - leverage, 1e-6)).sum())
    df = len(z) - len(powers)
    variance = float(rest @ rest) / df
    inverse = np.linalg.inv(triangle)
    places = [one * POWERS + other for one, other in powers]
    coefficient, covariance = np.zeros(POWERS**2), np.zeros((POWERS**2, POWERS**2))
    coefficient[places] = found
    covariance[np.ix_(places, places)] = variance * inverse @ inverse.T
    square = coefficient.reshape(POWERS, POWERS)
    return Tensor(square, covariance, len(powers), df, float(np.sqrt(variance)), splines=False), press
