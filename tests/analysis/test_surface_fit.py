"""The smooth, the exact and the coarse surface against plain algebra, other packages' numbers and simulated truth."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import BSpline, RectBivariateSpline, griddata
from scipy.spatial import Delaunay

from engine.analysis.surface import exact, smooth
from engine.analysis.surface.basis import design, local, normal, penalties
from engine.analysis.surface.exact import interpolate, merged, triangulation
from engine.analysis.surface.hull import Hull
from engine.analysis.surface.low_order import fit_low_order
from engine.analysis.surface.preview import fit_preview
from engine.analysis.surface.smooth import Banded, ByRun, fit_smooth, search
from engine.errors import InputRefused, NotEnoughData
from tests.analysis.trialing import franke, places

GOLDEN = json.loads(Path(__file__).with_name("golden").joinpath("surface.json").read_text())
GRID = np.linspace(0, 1, 41)


def noisy(n: int, noise: float = 0.05, seed: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    u, v = places(n, seed)
    return u, v, franke(u, v) + np.random.default_rng(seed + 1).normal(0, noise, n)


def dense(u: np.ndarray, v: np.ndarray, size: int) -> np.ndarray:
    return np.einsum("ni,nj->nij", design(u, size), design(v, size)).reshape(len(u), -1)


# ------------------------------------------------------------------ splines and their sums


def test_the_splines_are_those_of_scipy():
    size = 9
    knots = np.arange(-3, size + 1) / (size - 3)
    at = np.linspace(0, 1, 200, endpoint=False)
    assert design(at, size) == pytest.approx(BSpline.design_matrix(at, knots, 3).toarray(), abs=1e-14)
    assert design(np.array([0.0, 0.3, 1.0]), size).sum(axis=1) == pytest.approx(1)


@pytest.mark.parametrize("size", [4, 7, 24])
def test_normal_equations_from_moments_are_those_of_every_point(size):
    u, v, z = noisy(500)
    u[:2], v[:2] = (0, 1), (1, 1)
    weight = np.random.default_rng(0).random(500) + 0.1
    sums, columns = normal(u, v, z, size, weight), dense(u, v, size)
    centre = weight @ z / weight.sum()
    scale = np.abs(sums.matrix).max()
    assert sums.matrix == pytest.approx(columns.T @ (columns * weight[:, None]), abs=1e-13 * scale)
    assert sums.right == pytest.approx(columns.T @ (weight * (z - centre)), abs=1e-12)
    assert sums.square == pytest.approx(weight @ (z - centre) ** 2)
    numbers, values = local(u, v, size)
    rebuilt = np.zeros_like(columns)
    np.put_along_axis(rebuilt, numbers, values, axis=1)
    assert rebuilt == pytest.approx(columns, abs=1e-14)


# ------------------------------------------------------------------ the smooth surface


@settings(max_examples=25, deadline=None)
@given(st.integers(20, 400), st.integers(0, 9), st.lists(st.floats(-5, 5), min_size=4, max_size=4))
def test_what_is_linear_along_both_axes_is_reproduced(n, seed, c):
    u, v = places(n, seed)
    found = fit_smooth(u, v, c[0] + c[1] * u + c[2] * v + c[3] * u * v)
    across, up = np.meshgrid(GRID, GRID)
    expected = c[0] + c[1] * across + c[2] * up + c[3] * across * up
    assert found.values(GRID, GRID) == pytest.approx(expected, abs=1e-5 * (1 + np.abs(c).max()))


@pytest.mark.parametrize(("n", "noise"), [(40, 0.02), (300, 0.05), (2000, 0.2)])
def test_the_search_finds_what_a_search_of_every_strength_finds(n, noise):
    u, v, z = noisy(n, noise)
    banded = Banded.of(normal(u, v, z, 12))
    found = banded.score(search(banded.score))
    powers = np.arange(smooth.LOWEST, smooth.HIGHEST + 0.1, 0.5)
    least = min(banded.score((one, other)) for one in powers.tolist() for other in powers.tolist())
    assert found <= least * (1 + 2e-3)


def test_the_trace_from_the_determinant_is_the_trace_of_the_hat_matrix():
    u, v, z = noisy(300)
    sums = normal(u, v, z, 12)
    banded = Banded.of(sums)
    across, up = penalties(12)
    for powers in ((-1.0, 0.5), (2.0, 2.0), (-3.0, 1.0)):
        whole = sums.matrix + banded.scale * (10 ** powers[0] * across + 10 ** powers[1] * up)
        columns = dense(u, v, 12)
        hat = columns @ np.linalg.solve(whole, columns.T)
        assert banded.freedom(powers) == pytest.approx(np.trace(hat), rel=1e-5)


def test_score_is_generalised_cross_validation_written_out():
    u, v, z = noisy(200)
    sums = normal(u, v, z, 8)
    banded, columns = Banded.of(sums), dense(u, v, 8)
    across, up = penalties(8)
    whole = sums.matrix + banded.scale * (0.1 * across + 10 * up)
    hat = columns @ np.linalg.solve(whole, columns.T)
    rest = (z - z.mean()) - hat @ (z - z.mean())
    expected = 200 * rest @ rest / (200 - 1.2 * np.trace(hat)) ** 2
    assert banded.score((-1.0, 1.0)) == pytest.approx(expected, rel=1e-6)


def test_standard_errors_are_those_of_the_whole_covariance():
    u, v, z = noisy(200)
    found = fit_smooth(u, v, z)
    at = np.array([0.0, 0.21, 0.5, 1.0])
    across, up = (one.ravel() for one in np.meshgrid(at, at))
    columns = dense(across, up, found.size)
    expected = np.sqrt(np.einsum("ni,ij,nj->n", columns, found.covariance, columns)).reshape(4, 4)
    assert found.errors(at, at) == pytest.approx(expected, rel=1e-9)
    drawn = found.drawn(at, at, 4000, 1)
    inflated = expected * np.sqrt(found.df / (found.df - 2))
    assert drawn.std(axis=0) == pytest.approx(inflated, rel=0.06)


def test_noise_free_values_on_a_grid_are_as_a_spline_through_them():
    at = np.linspace(0, 1, 40)
    across, up = (one.ravel() for one in np.meshgrid(at, at))
    found = fit_smooth(across, up, franke(across, up))
    through = RectBivariateSpline(at, at, franke(*np.meshgrid(at, at, indexing="ij")))
    assert found.values(GRID, GRID) == pytest.approx(through(GRID, GRID).T, abs=4e-3)


def test_it_is_far_closer_to_the_truth_than_interpolation():
    u, v, z = noisy(2000)
    inner = np.linspace(0.05, 0.95, 40)
    truth = franke(*np.meshgrid(inner, inner))
    ours = np.sqrt(np.mean((fit_smooth(u, v, z).values(inner, inner) - truth) ** 2))
    theirs = np.sqrt(np.nanmean((griddata((u, v), z, tuple(np.meshgrid(inner, inner)), method="cubic") - truth) ** 2))
    assert ours < theirs / 4
    coarse = np.sqrt(np.mean((fit_preview(u, v, z).values(inner, inner) - truth) ** 2))
    assert coarse < theirs / 3


def test_the_pointwise_band_covers():
    u, v = places(80, 5)
    truth = franke(*np.meshgrid(GRID, GRID))
    inside = Hull.of(u, v).inside(GRID, GRID)
    covered = []
    for seed in range(40):
        found = fit_smooth(u, v, franke(u, v) + np.random.default_rng(seed).normal(0, 0.05, 80))
        covered.append((np.abs(found.values(GRID, GRID) - truth) <= 2 * found.errors(GRID, GRID))[inside].mean())
    assert 0.9 <= np.mean(covered) <= 0.99


def test_points_of_one_run_do_not_count_as_independent():
    """Twenty runs whose points all move together: intervals as wide as twenty points give, not as six hundred."""
    generator = np.random.default_rng(0)
    run = np.repeat(np.arange(20), 15)
    u, v = np.tile(np.linspace(0, 1, 15), 20), np.repeat(np.linspace(0, 1, 20), 15)
    z = u + generator.normal(0, 1, 20)[run] * 0.2 + generator.normal(0, 0.01, 300)
    together = fit_smooth(u, v, z, run)
    at = np.array([0.5])
    assert 10 < together.df < 18  # a plane alone takes two of the twenty
    assert 0.2 / np.sqrt(20) / 2 < together.errors(at, at)[0, 0] < 0.2
    assert abs(together.values(at, at)[0, 0] - 0.5) < 3 * together.errors(at, at)[0, 0]
    few = fit_smooth(u[:90], v[:90], z[:90], run[:90])
    assert few.covariance is None


def test_leaving_runs_out_from_the_fit_to_all_is_fitting_without_them():
    u, v, z = noisy(120)
    run = np.arange(120) // 6
    banded = Banded.of(normal(u, v, z, 8))
    across, up = penalties(8)
    columns, centre = dense(u, v, 8), z.mean()
    errors = []
    for one in range(20):
        kept = run != one
        whole = columns[kept].T @ columns[kept] + banded.scale * (10 * across + up)
        coefficient = np.linalg.solve(whole, columns[kept].T @ (z[kept] - centre))
        errors.append(np.square(z[~kept] - centre - columns[~kept] @ coefficient).sum())
    assert ByRun.of(banded, u, v, z, run).score((1.0, 0.0)) == pytest.approx(sum(errors) / 120, rel=1e-6)


# ------------------------------------------------------------------ numbers of other packages


def test_coefficients_are_those_of_pygam():
    """At fixed strengths of smoothing; pygam writes the same penalty over the same splines."""
    case = GOLDEN["pygam"]
    u, v, z = (np.array(case[name]) for name in ("u", "v", "z"))
    sums = normal(u, v, z, case["size"])
    across, up = penalties(case["size"])
    whole = sums.matrix + case["strength"][0] * across + case["strength"][1] * up
    found = dense(np.array(case["at_u"]), np.array(case["at_v"]), case["size"]) @ np.linalg.solve(whole, sums.right)
    assert found + sums.centre == pytest.approx(case["fitted"], abs=2e-6)


def test_a_low_order_is_least_squares_of_statsmodels():
    case = GOLDEN["quadratic"]
    u, v, z = (np.array(case[name]) for name in ("u", "v", "z"))
    found, name = fit_low_order(u, v, z)
    assert name == "quadratic"
    at = np.array([case["at"][0]]), np.array([case["at"][1]])
    assert found.values(*at)[0, 0] == pytest.approx(case["mean"], rel=1e-9)
    assert found.errors(*at)[0, 0] == pytest.approx(case["error"], rel=1e-9)
    assert found.df == case["df"]


# ------------------------------------------------------------------ low orders, exact, hull


def test_a_plane_is_kept_where_nothing_is_bent():
    u, v = places(12, 1)
    found, name = fit_low_order(u, v, 1 + u - v + np.random.default_rng(4).normal(0, 0.2, 12))
    assert name == "plane"
    assert found.freedom == 3
    with pytest.raises(NotEnoughData, match="too few for a surface"):
        fit_low_order(u[:6], v[:6], u[:6])


@settings(max_examples=20, deadline=None)
@given(st.integers(6, 200), st.integers(0, 99))
def test_exact_is_griddata(n, seed):
    u, v = places(n, seed)
    z = franke(u, v)
    found = interpolate(*merged(u, v, z), GRID, GRID)
    expected = griddata((u, v), z, tuple(np.meshgrid(GRID, GRID)), method="cubic")
    assert np.array_equal(np.isnan(found), np.isnan(expected))
    assert np.nanmax(np.abs(found - expected), initial=0) <= 1e-12


def test_the_triangulation_is_made_once_for_the_same_places():
    u, v = places(50, 1)
    one = triangulation(np.stack([u, v], axis=1))
    assert triangulation(np.stack([u, v], axis=1).copy()) is one
    for seed in range(exact.REMEMBERED):
        triangulation(np.stack(places(10, seed + 100), axis=1))
    assert triangulation(np.stack([u, v], axis=1)) is not one


def test_repeated_places_count_with_their_mean():
    places_, heights = merged(np.array([0.5, 0.5, 0.1]), np.array([0.2, 0.2, 0.9]), np.array([1.0, 3.0, 7.0]))
    assert places_.tolist() == [[0.5, 0.2], [0.1, 0.9]]
    assert heights.tolist() == [2.0, 7.0]


@settings(max_examples=40, deadline=None)
@given(st.integers(4, 60), st.integers(0, 999))
def test_the_hull_is_where_triangles_are(n, seed):
    u, v = places(n, seed)
    hull = Hull.of(u, v)
    at = np.random.default_rng(1_000 + seed).random(30)  # other places: on the border itself either answer is right
    across, up = np.meshgrid(at, at)
    expected = Delaunay(np.stack([u, v], axis=1)).find_simplex(np.stack([across, up], axis=-1), bruteforce=True) >= 0
    assert np.array_equal(hull.inside(at, at), expected)
    assert hull.inside(np.array([u[0]]), np.array([v[0]]))[0, 0]


def test_points_on_a_line_have_no_surface():
    at = np.linspace(0, 1, 20)
    with pytest.raises(InputRefused, match="on a line") as refused:
        Hull.of(at, 1 - at)
    assert refused.value.code == "on_a_line"
