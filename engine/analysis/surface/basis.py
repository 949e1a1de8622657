"""Cubic B-splines over equal cells of [0, 1], and their normal equations on the square, assembled in one pass.

Within a cell every spline is a cubic polynomial of the place in the cell, so the sums of products of splines follow
from the moments of the places by cell: 49 numbers a cell, 16 more with the values. Moments add up, cell by cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from engine.analysis.arrays import Floats, Ints

_CUBIC = np.array([[1, -3, 3, -1], [4, 0, -6, 3], [1, 3, 3, -3], [0, 0, 0, 1]]) / 6.0
"""The four splines that are not zero in a cell, by powers of the place in the cell (de Boor 1978)."""
_DEGREE = 3
_PRODUCTS = np.array([np.convolve(one, other) for one in _CUBIC for other in _CUBIC])
"""Their 16 products, by powers up to the sixth."""


@dataclass(frozen=True)
class Normal:
    """Normal equations of `size`² splines: B'WB, B'Wz, z'Wz, and the number of points; z less its mean `centre`."""

    size: int
    matrix: Floats
    right: Floats
    square: float
    n: int
    centre: float


def cells(units: Floats, size: int) -> tuple[Ints, Floats]:
    """The cell of each place in [0, 1] and where in it the place lies, in [0, 1]."""
    scaled = np.clip(units, 0.0, 1.0) * (size - _DEGREE)
    cell = np.minimum(scaled.astype(np.int64), size - _DEGREE - 1)
    return cell, scaled - cell


def design(units: Floats, size: int) -> Floats:
    """All splines at these places: shape (n, size); the sum of each line is 1."""
    cell, place = cells(units, size)
    values = np.vander(place, 4, increasing=True) @ _CUBIC.T
    filled = np.zeros((len(units), size))
    filled[np.arange(len(units))[:, None], cell[:, None] + np.arange(4)] = values
    return filled


def local(u: Floats, v: Floats, size: int) -> tuple[Ints, Floats]:
    """The 16 products that are not zero at each point: their numbers and values, both of shape (n, 16)."""
    (a, s), (b, t) = cells(u, size), cells(v, size)
    one, other = (np.vander(place, 4, increasing=True) @ _CUBIC.T for place in (s, t))
    across, up = a[:, None] + np.arange(4), b[:, None] + np.arange(4)
    numbers = across[:, :, None] * size + up[:, None, :]
    return numbers.reshape(len(u), 16), (one[:, :, None] * other[:, None, :]).reshape(len(u), 16)


def normal(u: Floats, v: Floats, z: Floats, size: int, weight: Floats | None = None) -> Normal:
    """The normal equations of points in the square.

    Args:
        u: places across, in [0, 1], shape (n,).
        v: places up, in [0, 1].
        z: values.
        weight: weights; 1 where None.
        size: splines a side, at least 4.
    """
    w = np.ones(len(z)) if weight is None else weight
    centre = float(w @ z / w.sum())
    (a, s), (b, t) = cells(u, size), cells(v, size)
    key = (a * (size - _DEGREE) + b).astype(np.int16 if size <= 100 else np.int64)
    order = np.argsort(key, kind="stable")
    key, rest, w = key[order], (z - centre)[order], w[order]
    across = np.vander(s[order], 7, increasing=True) * w[:, None]
    up = np.vander(t[order], 7, increasing=True)
    valued = across[:, :4] * rest[:, None]
    starts = np.flatnonzero(np.append(True, key[1:] != key[:-1]))
    ends = np.append(starts[1:], len(key))
    moments, sums = np.empty((len(starts), 7, 7)), np.empty((len(starts), 4, 4))
    for at, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        moments[at] = across[start:end].T @ up[start:end]
        sums[at] = valued[start:end].T @ up[start:end, :4]
    matrix, right = _assembled(key[starts].astype(np.int64), moments, sums, size)
    return Normal(size, matrix, right, float(w @ np.square(rest)), len(z), centre)


def _assembled(key: Ints, moments: Floats, sums: Floats, size: int) -> tuple[Floats, Floats]:
    """Each cell's 16 × 16 products added into the whole matrix."""
    a, b = np.divmod(key, size - _DEGREE)
    near = np.arange(4)
    numbers = ((a[:, None, None] + near[:, None]) * size + b[:, None, None] + near).reshape(len(key), 16)
    blocks = (_PRODUCTS @ moments @ _PRODUCTS.T).reshape(len(key), 4, 4, 4, 4).transpose(0, 1, 3, 2, 4)
    places = numbers[:, :, None] * size**2 + numbers[:, None, :]
    matrix = np.bincount(places.ravel(), blocks.ravel(), size**4).reshape(size**2, size**2)
    right = np.bincount(numbers.ravel(), (_CUBIC @ sums @ _CUBIC.T).ravel(), size**2)
    return np.asarray(matrix, float), np.asarray(right, float)


@lru_cache(maxsize=4)
def penalties(size: int) -> tuple[Floats, Floats]:
    """Squared second differences of the coefficients along either axis (Eilers and Marx 1996)."""
    differences = np.diff(np.eye(size), 2, axis=0)
    one = differences.T @ differences
    both: tuple[Floats, Floats] = np.kron(one, np.eye(size)).astype(float), np.kron(np.eye(size), one).astype(float)
    for matrix in both:
        matrix.flags.writeable = False
    return both
