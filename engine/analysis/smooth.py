"""Smooth calibration error: the residual smoothed by a reflected Gaussian whose width is its own fixed point.

Błasiok and Nakkiran 2023, arXiv:2309.12236. Grids, kernel and search follow the authors' package (relplot 1.0.3), so
the values agree. Rows are put on a grid once; everything else is convolution.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache

import numpy as np
from numpy.fft import irfft, rfft
from numpy.typing import NDArray

from engine.analysis.arrays import Floats, is_binary, sum_by

BISECTIONS = 10
LEAST_WIDTH = 0.001
DENSITY_FLOOR = 1e-4
BLOCK = 1 << 16

OnGrid = Callable[[int], tuple[Floats, Floats]]
"""Number of grid points to the count of rows and the sum of residuals p − y on each."""


def spread_cells(p: Floats, count: Floats, residual: Floats) -> OnGrid:
    """Cells of mean `p` with their sums, each spread over the two grid points beside it by nearness."""

    def on_grid(points: int) -> tuple[Floats, Floats]:
        position = p * (points - 1)
        left = np.minimum(position.astype(np.int64), points - 2)
        share = position - left
        grids = []
        for value in (count, residual):
            grid = sum_by(left, (1 - share) * value, points)
            grids.append(grid + sum_by(left + 1, share * value, points))
        return grids[0], grids[1]

    return on_grid


def spread_rows(p: Floats, y: Floats) -> OnGrid:
    """Rows p, y in [0, 1] on the grid, from sums by grid cell and label: count, Σ share, Σ share² suffice."""
    binary = is_binary(y)
    return lambda points: _spread_binary(p, y, points) if binary else spread_cells(p, np.ones(len(p)), p - y)(points)


def _spread_binary(p: Floats, y: Floats, points: int) -> tuple[Floats, Floats]:
    sums = np.zeros((3, 2 * points))
    for start in range(0, len(p), BLOCK):
        position = p[start : start + BLOCK] * (points - 1)
        cell = position.astype(np.int64)
        np.minimum(cell, points - 2, out=cell)
        position -= cell
        cell += points * y[start : start + BLOCK].astype(np.int64)
        sums[0] += np.bincount(cell, minlength=2 * points)
        sums[1] += sum_by(cell, position, 2 * points)
        position *= position
        sums[2] += sum_by(cell, position, 2 * points)
    count, share, square = sums.reshape(3, 2, points)
    label = np.array([[0.0], [1.0]])
    offset = np.arange(points) / (points - 1) - label
    residual = count * offset + share / (points - 1)
    right = share * offset + square / (points - 1)
    return _left_right(count - share, share), _left_right(residual - right, right)


def _left_right(left: Floats, right: Floats) -> Floats:
    grid = np.asarray(left.sum(axis=0))
    grid[1:] += right.sum(axis=0)[:-1]
    return grid


def smoothed(grids: Floats, width: float) -> Floats:
    """Grids (..., points) under a Gaussian of this width, reflected at both ends; the kernel reaches ± ½."""
    return _damped(_modes(grids), grids.shape[-1], width)


def _modes(grids: Floats) -> NDArray[np.complex128]:
    """Fourier modes of the grids and their mirror images, one period."""
    return rfft(np.concatenate([grids, grids[..., -2:0:-1]], axis=-1))


def _damped(modes: NDArray[np.complex128], points: int, width: float) -> Floats:
    """The smoothed grids (..., points) from their modes."""
    return np.asarray(irfft(modes * _kernel(points, width), 2 * (points - 1))[..., :points])


@lru_cache(maxsize=64)
def _kernel(points: int, width: float) -> NDArray[np.complex128]:
    """Fourier modes of a Gaussian of this width. Bisection asks for the same few widths again and again."""
    centre = _points(points) - 0.5
    kernel = np.zeros(2 * (points - 1))
    kernel[:points] = np.exp(-np.square(centre) / (2 * width**2)) / (np.sqrt(2 * np.pi) * width)
    modes = rfft(np.roll(kernel, -(points // 2)))
    modes.flags.writeable = False
    return modes


@lru_cache(maxsize=64)
def _points(count: int) -> Floats:
    """So many points of [0, 1], at equal distances."""
    points = np.linspace(0.0, 1.0, count)
    points.flags.writeable = False
    return points


def smooth_error(on_grid: OnGrid, width: float) -> float:
    """Mean |smoothed residual| over the smoothed density, at a fixed width in (0, 1]."""
    return _error(lambda points: _modes(np.stack(on_grid(points))), width)


def _error(modes_of: Callable[[int], NDArray[np.complex128]], width: float) -> float:
    points = max(2000, round(20 / width)) // 2 + 1
    count, residual = _damped(modes_of(points), points, width)
    at, grid = _points(max(round(10 / width), 200)), _points(points)
    density = np.interp(at, grid, count) + DENSITY_FLOOR
    return float(np.abs(np.interp(at, grid, residual)).sum() / density.sum())


def smooth_ece(on_grid: OnGrid) -> float:
    """The error at the width that equals it, found by ten bisections of (0, 1), not below .001."""
    modes_of = cache(lambda points: _modes(np.stack(on_grid(points))))
    above, below = 1.0, 0.0
    for _ in range(BISECTIONS):
        middle = (above + below) / 2
        if middle < LEAST_WIDTH or middle < _error(modes_of, middle):
            below = middle
        else:
            above = middle
    return _error(modes_of, above)


def smooth_ece_of(p: Floats, y: Floats) -> float:
    """Smooth calibration error of rows: p, y in [0, 1], one-dimensional, not empty."""
    return smooth_ece(spread_rows(p, y))


def smooth_error_of(p: Floats, y: Floats, width: float) -> float:
    """The same at a fixed width in (0, 1]."""
    return smooth_error(spread_rows(p, y), width)
