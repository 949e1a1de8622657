from __future__ import annotations

import numpy as np
import pytest

from engine.analysis.smooth import smooth_ece_of, smooth_error_of, smoothed, spread_cells, spread_rows


def naive_error(p: np.ndarray, y: np.ndarray, width: float) -> float:
    """The definition: mean over the interval of the residual under the reflected kernel, images within two periods."""
    at = np.linspace(0, 1, 1601)
    total = np.zeros_like(at)
    for shift in (-2.0, 0.0, 2.0):
        for image in (p, -p):
            apart = at[:, None] - (image + shift)[None]
            total += np.exp(-np.square(apart) / (2 * width**2)) @ (p - y) / (np.sqrt(2 * np.pi) * width)
    return float(np.trapezoid(np.abs(total), at) / len(p))


@pytest.mark.parametrize("width", [0.004, 0.02, 0.05, 0.12])
def test_the_grid_agrees_with_the_definition(width):
    generator = np.random.default_rng(1)
    p = generator.random(300)
    y = (generator.random(300) < p**2).astype(float)
    assert smooth_error_of(p, y, width) == pytest.approx(naive_error(p, y, width), rel=0.01)


def test_the_error_is_the_fixed_point_of_its_width():
    generator = np.random.default_rng(2)
    p = generator.random(2000)
    y = (generator.random(2000) < p**2).astype(float)
    error = smooth_ece_of(p, y)
    assert smooth_error_of(p, y, error) == pytest.approx(error, abs=2e-3)


def test_a_constant_gap_is_found_whole():
    assert smooth_ece_of(np.full(100, 0.75), np.tile([1.0, 0.0], 50)) == pytest.approx(0.25, abs=0.01)


def test_no_residual_gives_no_error():
    p = np.array([0.0, 1.0, 1.0])
    assert smooth_ece_of(p, p) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("soft", [False, True])
def test_rows_and_cells_spread_alike(soft):
    generator = np.random.default_rng(5)
    p = np.concatenate([generator.random(70_000), [0.0, 1.0]])
    y = generator.random(len(p)) if soft else (generator.random(len(p)) < 0.4).astype(float)
    for ours, plain in zip(spread_rows(p, y)(101), spread_cells(p, np.ones(len(p)), p - y)(101), strict=True):
        assert ours == pytest.approx(plain, abs=1e-9)
        assert len(ours) == 101


def test_spreading_keeps_sums_and_first_moments():
    p, count = np.array([0.0, 0.137, 0.5, 1.0]), np.array([1.0, 2.0, 3.0, 4.0])
    grid, residual = spread_cells(p, count, -count)(41)
    assert grid.sum() == pytest.approx(10)
    assert grid @ np.linspace(0, 1, 41) == pytest.approx(count @ p)
    assert residual == pytest.approx(-grid)


def test_smoothing_reflects_at_both_ends():
    grid = np.zeros(1001)
    grid[0] = 1.0
    left = smoothed(grid, 0.05)
    assert left.sum() / 1000 == pytest.approx(0.5, rel=0.01)
    assert left[0] == pytest.approx(1 / (np.sqrt(2 * np.pi) * 0.05), rel=1e-6)
    assert smoothed(grid[::-1], 0.05) == pytest.approx(left[::-1], abs=1e-9)
    assert smoothed(np.stack([grid, grid[::-1]]), 0.05)[0] == pytest.approx(left, abs=1e-9)


def test_narrow_widths_use_a_finer_grid():
    generator = np.random.default_rng(6)
    p = generator.random(200)
    assert smooth_error_of(p, p**2, 0.002) == pytest.approx(float(np.mean(p - p**2)), rel=0.25)
