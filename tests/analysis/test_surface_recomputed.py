"""What a surface says against plain recomputations from its fit, place by place; low orders, previews, axes, words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.interpolate import BSpline

from engine.analysis import ANALYSES, SurfaceParameters
from engine.analysis.surface import surface_of
from engine.analysis.surface.basis import design, penalties
from engine.analysis.surface.decide import Decision, decide, moves
from engine.analysis.surface.fitted import Fitted, fitted
from engine.analysis.surface.hull import Hull
from engine.analysis.surface.low_order import FORMS, fit_low_order
from engine.analysis.surface.points import Axis, Points
from engine.analysis.surface.preview import fit_preview
from engine.analysis.surface.sentence import sentence, verdict
from engine.analysis.surface.smooth import fit_smooth, search
from engine.analysis.trials import Trials
from engine.errors import InputRefused, NotEnoughData, NotFound, UsageError
from engine.types import Estimate, Rows
from engine.words import significant
from tests.analysis.test_surface_answer import codes
from tests.analysis.test_surface_fit import dense, noisy
from tests.analysis.trialing import conclude, franke, hill, places, rate, rows, scattered

ANALYSIS = ANALYSES["surface"]
AT = np.linspace(0, 1, 61)


def made(given: Rows, **params: object) -> tuple[Trials, Points, Fitted]:
    chosen: Any = SurfaceParameters.parse(params)
    return surface_of(ANALYSIS.observe(given, chosen), chosen)


def axes_of() -> tuple[Axis, Axis]:
    return Axis("a", 0.0, 1.0, log=False), Axis("b", 0.0, 1.0, log=False)


def points(u: Any, v: Any, z: Any, run: Any = None) -> Points:
    u, v, z = (np.asarray(one, float) for one in (u, v, z))
    run = np.arange(len(z)) if run is None else np.asarray(run)
    return Points(*axes_of(), u, v, z, run, tuple(f"r{one}" for one in np.unique(run)), np.ones(len(z)))


# ------------------------------------------------------------------ what to do


@pytest.mark.parametrize(("noise", "told"), [(0.02, True), (0.4, False)])
@pytest.mark.parametrize(("lower", "level"), [(False, 0.95), (True, 0.8)])
def test_the_decision_is_that_of_every_place_of_the_grid(noise, told, lower, level):
    sign = -1 if lower else 1
    u, v = places(50, 4)
    z = sign * hill(u, v) + np.random.default_rng(1).normal(0, noise, 50)
    _, points_of, surface = made(rows(z, {"a": u, "b": v}))
    found = decide(surface, points_of, lower, level)
    tensor = surface.tensor
    assert tensor is not None
    height, error = surface.values(AT, AT), surface.errors(AT, AT)
    assert error is not None
    inside = [(row, column) for row in range(61) for column in range(61) if np.isfinite(height[row, column])]
    best = max(inside, key=lambda at: sign * height[at])
    assert found.best == (AT[best[1]], AT[best[0]])
    assert found.told == told
    drawn = tensor.drawn(AT, AT, 300, 0)
    spread = stats.t.ppf(0.5 + level / 2, int(tensor.df))
    if told:
        behind = {at: sign * (height[best] - height[at]) for at in inside}
        errors = {at: sign * (drawn[:, best[0], best[1]] - drawn[:, at[0], at[1]]) for at in inside}
        deviation = {at: np.sqrt(np.mean(errors[at] ** 2)) for at in inside}
        scaled = np.array([errors[at] / deviation[at] for at in inside if deviation[at] > 0])
        largest = np.quantile(np.maximum(scaled.max(axis=0), 0), level)
        region = {at for at in inside if behind[at] <= largest * deviation[at]}
        wide = spread
    else:
        region = set(inside)
        scaled = np.array([np.abs(drawn[:, row, column]) / error[row, column] for row, column in inside])
        wide = np.quantile(scaled.max(axis=0), level)
    assert {(int(row), int(column)) for row, column in zip(*np.nonzero(found.region), strict=True)} == region
    expected = (height[best], height[best] - wide * error[best], height[best] + wide * error[best])
    assert (found.value.value, found.value.low, found.value.high) == pytest.approx(expected)
    assert ("any" in found.value.method) == (not told)
    rows_of, columns_of = ([at[place] for at in region] for place in (0, 1))
    assert found.spans == (
        (AT[min(columns_of)], AT[max(columns_of)]),
        (AT[min(rows_of)], AT[max(rows_of)]),
    )
    after = max(inside, key=lambda at: sign * height[at] + spread * error[at])
    assert found.next == (AT[after[1]], AT[after[0]])
    assert found.next_value is not None
    wide = spread * error[after]
    told_next = (found.next_value.value, found.next_value.low, found.next_value.high)
    assert told_next == pytest.approx((height[after], height[after] - wide, height[after] + wide))
    for axis, curve in enumerate(found.effects):
        columns = [[at for at in inside if at[1 - axis] == place] for place in range(61)]
        most = max(map(len, columns))
        kept = [place for place in range(61) if len(columns[place]) >= 0.25 * most]
        value = np.array([np.mean([height[at] for at in columns[place]]) for place in kept])
        errors_of = np.array([drawn[:, *np.array(columns[place]).T].mean(axis=1) for place in kept])
        assert curve.at == pytest.approx(AT[kept])
        assert curve.value == pytest.approx(value)
        assert curve.error == pytest.approx(np.sqrt((errors_of**2).mean(axis=1)))
        reach = np.quantile(np.ptp(errors_of, axis=0), level)
        width = np.ptp(value)
        ends = (width, max(width - reach, 0), width + reach)
        assert (curve.span.value, curve.span.low, curve.span.high) == pytest.approx(ends)
    every = [found.value, found.next_value, *(curve.span for curve in found.effects)]
    assert {(one.n, one.level) for one in every} == {(50, level)}


@pytest.mark.parametrize(
    ("slopes", "edges"),
    [
        ((1, 0.36), ((0, 1), (1, 1))),
        ((1, 0.3), ((0, 1),)),
        ((0.36, -1), ((1, -1), (0, 1))),
        ((-1, 0.3), ((0, -1),)),
    ],
)
def test_edges_are_those_that_rise_a_third_as_much_as_the_steepest(slopes, edges):
    u, v = (one.ravel() for one in np.meshgrid(np.linspace(0, 1, 6), np.linspace(0, 1, 6)))
    given = points(u, v, slopes[0] * u + slopes[1] * v)
    assert decide(fitted(given, "smooth"), given, lower=False, level=0.95).edges == edges
    other = points(u, v, -given.z)
    assert decide(fitted(other, "smooth"), other, lower=True, level=0.95).edges == edges


@pytest.mark.parametrize(("top", "edges"), [(0.94, ()), (0.97, ((0, 1),)), (0.02, ((0, -1),)), (0.5, ())])
def test_a_best_point_within_a_twentieth_of_the_rim_lies_at_the_edge(top, edges):
    u, v = (one.ravel() for one in np.meshgrid(np.linspace(0, 1, 20), np.linspace(0, 1, 20)))
    given = points(u, v, -((u - top) ** 2) - (v - 0.5) ** 2)
    assert decide(fitted(given, "exact"), given, lower=False, level=0.95).edges == edges


def test_whether_it_moves_is_fishers_test_of_a_quadratic():
    answers = set()
    for seed in range(12):
        u, v = places(30, seed)
        z = 0.5 * u + np.random.default_rng(seed).normal(0, 0.3, 30)
        design_of = np.stack([np.ones(30), u, v, u * v, u**2, v**2], axis=1)
        rest = np.square(z - design_of @ np.linalg.lstsq(design_of, z, rcond=None)[0]).sum()
        whole = np.square(z - z.mean()).sum()
        p = stats.f.sf((whole - rest) / 5 / (rest / 24), 5, 24)
        for level in (0.5, 0.9, 0.95):
            assert moves(points(u, v, z), level) == (p < 1 - level)
            answers.add(p < 1 - level)
    assert answers == {True, False}
    u, v = places(300, 0)
    noise = np.random.default_rng(1).normal(size=300)
    assert moves(points(u, v, noise), 0.95)
    assert not moves(points(u[:299], v[:299], noise[:299]), 0.95)
    assert moves(points(u[:299], v[:299], noise[:299], np.arange(299) // 2), 0.95)
    assert moves(points(u[:20], v[:20], u[:20]), 0.95)
    assert not moves(points(u[:20], v[:20], np.ones(20)), 0.95)
    assert moves(points(u[:6], v[:6], noise[:6]), 0.95)


# ------------------------------------------------------------------ the smooth fit, at the strengths that it chose


def test_the_smooth_fit_is_ridge_regression_at_its_strengths():
    u, v, z = noisy(150)
    found = fit_smooth(u, v, z)
    columns, rest = dense(u, v, 12), z - z.mean()
    penalty = sum(weight * one for weight, one in zip(found.smoothing, penalties(12), strict=True))
    inverse = np.linalg.inv(columns.T @ columns + penalty)
    coefficient = inverse @ columns.T @ rest
    freedom = np.trace(columns @ inverse @ columns.T)
    assert (found.coefficient - z.mean()).ravel() == pytest.approx(coefficient, rel=1e-5, abs=1e-7)
    assert found.freedom == pytest.approx(freedom, rel=1e-6)
    assert found.df == pytest.approx(150 - freedom, rel=1e-6)
    square = coefficient.reshape(12, 12)
    rough = found.smoothing[0] * (np.diff(square, 2, axis=0) ** 2).sum()
    rough += found.smoothing[1] * (np.diff(square, 2, axis=1) ** 2).sum()
    assert coefficient @ penalty @ coefficient == pytest.approx(rough)
    residual = rest @ rest - rest @ columns @ coefficient - rough
    assert found.sigma == pytest.approx(np.sqrt(residual / (150 - freedom)), rel=1e-5)
    assert found.covariance == pytest.approx(found.sigma**2 * inverse, rel=1e-4, abs=1e-10)
    assert fit_smooth(*noisy(300)).size == 24
    assert fit_smooth(*noisy(299)).size == 12
    assert fit_smooth(*noisy(300), np.arange(300) // 30).size == 12
    assert fit_smooth(*noisy(100), size=7).size == 7


@pytest.mark.parametrize("least", [(1.3, 0.4), (-2.1, -1.7), (4.0, 4.9)])
def test_the_search_meets_the_least_of_a_parabola_exactly(least):
    """Along both strengths and against each other three scores are a parabola: its least is one step away."""
    one, other = least
    found = search(lambda at: 3 + (at[0] - one) ** 2 + (at[1] - other) ** 2)
    assert found == pytest.approx(least, abs=1e-9)


def test_the_covariance_of_runs_is_that_of_leaving_each_out():
    """Eight runs: the part from noise is a jackknife of whole runs, the other that of the smoothing."""
    generator = np.random.default_rng(2)
    run = np.repeat(np.arange(8), 10)
    u, v = np.tile(np.linspace(0, 1, 10), 8), np.repeat(np.linspace(0, 1, 8), 10)
    z = u + generator.normal(0, 0.2, 8)[run] + generator.normal(0, 0.05, 80)
    found = fit_smooth(u, v, z, run)
    columns = dense(u, v, 12)
    penalty = sum(weight * one for weight, one in zip(found.smoothing, penalties(12), strict=True))
    centre = z.mean()

    def fit(kept: np.ndarray) -> np.ndarray:
        part = columns[kept]
        return np.linalg.solve(part.T @ part + penalty, part.T @ (z[kept] - centre))

    whole = fit(np.full(80, fill_value=True))
    left = np.stack([whole - fit(run != one) for one in range(8)])
    inverse = np.linalg.inv(columns.T @ columns + penalty)
    noise, plain = 7 / 8 * left.T @ left, found.sigma**2 * inverse @ columns.T @ columns @ inverse
    spread = [np.trace(columns @ each @ columns.T) for each in (noise, plain)]
    expected = noise + spread[0] / spread[1] * (found.sigma**2 * inverse - plain)
    means = np.kron(np.eye(8), np.full((1, 10), 0.1))
    assert spread[0] > spread[1]
    assert found.df == pytest.approx(8 - 10 * np.trace(means @ columns @ inverse @ columns.T @ means.T), rel=1e-3)
    assert found.covariance == pytest.approx(expected, rel=1e-3, abs=1e-5 * np.abs(expected).max())
    seven = run < 7
    assert fit_smooth(u[seven], v[seven], z[seven], run[seven]).covariance is None


# ------------------------------------------------------------------ low orders, previews, hulls


def powers_of(name: str, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    columns = {"plane": [u**0, u, v], "twisted plane": [u**0, u, v, u * v]}
    return np.stack(columns.get(name, [u**0, u, v, u * v, u**2, v**2]), axis=1)


@pytest.mark.parametrize("seed", range(8))
def test_the_low_order_is_the_form_that_foretells_points_left_out_best(seed):
    u, v = places(14, seed)
    z = 1 + u - v + (seed % 3) * u * v + (seed % 2) * u**2 + np.random.default_rng(seed).normal(0, 0.1, 14)
    found, name = fit_low_order(u, v, z)
    errors = {}
    for form, _ in FORMS:
        columns = powers_of(form, u, v)
        errors[form] = 0.0
        for one in range(14):
            kept = np.arange(14) != one
            fit = np.linalg.lstsq(columns[kept], z[kept], rcond=None)[0]
            errors[form] += (z[one] - columns[one] @ fit) ** 2
    assert name == min(errors, key=lambda form: errors[form])
    columns = powers_of(name, u, v)
    fit = np.linalg.lstsq(columns, z, rcond=None)[0]
    df = 14 - columns.shape[1]
    variance = np.square(z - columns @ fit).sum() / df
    at = powers_of(name, np.array([0.3]), np.array([0.8]))
    one, other = np.array([0.3]), np.array([0.8])
    assert found.values(one, other)[0, 0] == pytest.approx((at @ fit)[0])
    error = np.sqrt(variance * at @ np.linalg.inv(columns.T @ columns) @ at.T)[0, 0]
    errors_of = found.errors(one, other)
    assert errors_of is not None
    assert errors_of[0, 0] == pytest.approx(error)
    assert (found.df, found.freedom, found.sigma) == (df, columns.shape[1], pytest.approx(np.sqrt(variance)))


def test_a_plane_needs_seven_points_and_more_places_than_coefficients():
    u, v = places(7, 0)
    assert fit_low_order(u, v, u + v)[1] == "plane"
    with pytest.raises(
        NotEnoughData, match=r"6 places with 6 points are too few for a surface: even a plane needs 7\."
    ):
        fit_low_order(u[:6], v[:6], u[:6])
    three = np.tile([0, 0, 1], 4), np.tile([0, 1, 0], 4)
    with pytest.raises(NotEnoughData, match="3 places with 12 points"):
        fit_low_order(*(np.array(one, float) for one in three), np.arange(12.0))
    four = (np.tile([0.0, 0, 1, 1], 3), np.tile([0.0, 1, 0, 1], 3))
    assert fit_low_order(*four, four[0] * four[1] + np.arange(12) / 1e6)[1] == "plane"
    on_a_cross = np.array([0, 0.25, 0.75, 1, 0.5, 0.5, 0.5, 0.5, 0.5]), np.array([0.5] * 4 + [0, 0.25, 0.5, 0.75, 1])
    assert fit_low_order(*on_a_cross, on_a_cross[0] * 2 + np.sin(np.arange(9)) / 100)[1] == "plane"


def test_a_preview_is_a_small_spline_through_the_means_of_bins():
    u, v, z = noisy(3000, 0.1)
    u[0], v[0], u[1], v[1] = 1.0, 1.0, 0.0, 0.0
    found = fit_preview(u, v, z)
    cell = np.minimum((u * 32).astype(int), 31) * 32 + np.minimum((v * 32).astype(int), 31)
    kept = np.unique(cell)
    count = np.array([np.count_nonzero(cell == one) for one in kept], float)
    means = [np.array([column[cell == one].mean() for one in kept]) for column in (u, v, z)]
    columns, rest = dense(means[0], means[1], 10), means[2] - count @ means[2] / count.sum()
    normal = columns.T @ (count[:, None] * columns)
    both = np.add(*penalties(10))
    fits = {}
    for strength in (0.003, 0.03, 0.3, 3.0, 30.0):
        whole = normal + np.trace(normal) / 100 * strength * both
        coefficient = np.linalg.solve(whole, columns.T @ (count * rest))
        freedom = np.trace(np.linalg.solve(whole, normal))
        error = count @ (rest - columns @ coefficient) ** 2
        fits[error / (len(kept) - 1.4 * freedom) ** 2] = coefficient, freedom
    coefficient, freedom = fits[min(fits)]
    centre = count @ means[2] / count.sum()
    assert found.coefficient.ravel() == pytest.approx(coefficient + centre, rel=1e-6, abs=1e-8)
    assert found.freedom == pytest.approx(freedom)
    assert found.covariance is None


def test_a_hull_with_upright_sides_and_what_it_holds():
    square = Hull.of(np.array([0.2, 0.2, 0.8, 0.8]), np.array([0.1, 0.9, 0.1, 0.9]))
    low, high = square.span(np.array([0.19, 0.2, 0.5, 0.8, 0.81]))
    assert low[1:4] == pytest.approx(0.1)
    assert high[1:4] == pytest.approx(0.9)
    assert (low[[0, 4]] > high[[0, 4]]).all()
    for place, held in (((0.2, 0.1), True), ((0.5, 0.9), True), ((0.19, 0.5), False), ((0.5, 0.91), False)):
        assert square.holds(*place) == held
        assert square.inside(np.array(place[:1]), np.array(place[1:]))[0, 0] == held
    grid = square.inside(np.array([0.2, 0.5, 0.9]), np.array([0.0, 0.5]))
    assert grid.tolist() == [[False] * 3, [True, True, False]]
    with pytest.raises(InputRefused):
        Hull.of(np.array([0.0, 1.0]), np.array([0.0, 0.5]))


@pytest.mark.parametrize("size", [4, 7, 24])
def test_splines_of_every_size_end_at_one(size):
    knots = np.arange(-3, size + 1) / (size - 3)
    at = np.array([0.0, 1 / 3, 0.999999])
    assert design(at, size) == pytest.approx(BSpline.design_matrix(at, knots, 3).toarray(), abs=1e-12)
    assert design(np.array([1.0]), size)[0, -3:] == pytest.approx([1 / 6, 2 / 3, 1 / 6])
    assert design(np.array([-5.0, 7.0]), size) == pytest.approx(design(np.array([0.0, 1.0]), size))


# ------------------------------------------------------------------ points and their axes


def test_an_axis_goes_to_units_and_back():
    for axis, middle in ((Axis("a", 2.0, 6.0, log=False), 4.0), (Axis("a", 1e-6, 1e-2, log=True), 1e-4)):
        assert axis.unit(np.array([axis.low, middle, axis.high])) == pytest.approx([0, 0.5, 1])
        assert axis.value(np.array([0, 0.5, 1])) == pytest.approx([axis.low, middle, axis.high])


@pytest.mark.parametrize(
    ("low", "high", "scale", "log"),
    [
        (1, 10, "auto", True),
        (1, 9.9, "auto", False),
        (0, 100, "auto", False),
        (1, 2, "on", True),
        (1, 100, "off", False),
    ],
)
def test_an_axis_is_logarithmic_from_a_factor_of_ten_on_or_as_told(low, high, scale, log):
    u, v = places(20, 0)
    u[:2] = 0, 1
    picture = conclude("surface", rows(hill(u, v), {"a": low + u * (high - low), "b": v}), x="a", log_x=scale)
    axis = picture.pictures["surface"]["axes"][0]
    assert (axis["log"], axis["low"], axis["high"]) == (log, low, pytest.approx(high))


def test_a_run_over_its_steps_is_twenty_means():
    runs, steps = 9, 47
    step = np.tile(np.arange(1, steps + 1) * 3, runs)
    beta = np.repeat(np.linspace(1, 2, runs), steps)
    z = np.random.default_rng(0).normal(size=runs * steps)
    names = [f"r{run}" for run in range(runs) for _ in range(steps)]
    _, found, _ = made(rows(z, {"beta": beta}, names, step), x="step", y="beta")
    parts = np.array_split(np.arange(steps), 20)
    for run in range(runs):
        own = found.run == run
        mine = z[run * steps : (run + 1) * steps]
        assert found.z[own] == pytest.approx([mine[part].mean() for part in parts])
        assert found.step[own] == pytest.approx([3 * (part.mean() + 1) for part in parts])
        assert found.x.value(found.u[own]) == pytest.approx(found.step[own])
        assert found.y.value(found.v[own]) == pytest.approx(np.full(20, 1 + run / 8))
    assert (found.clustered, found.x.log, len(found), found.left_out) == (True, False, 180, 0)
    _, other, _ = made(rows(z, {"beta": beta}, names, step), y="step")
    assert (other.x.name, other.y.name) == ("beta", "step")


def test_parameters_that_are_not_there_or_never_differ_are_refused_by_name():
    u, v = places(30, 0)
    given = rows(hill(u, v), {"a": u, "b": v, "c": 1.0})
    with pytest.raises(NotFound, match=r"No parameter 'c' differs between trials; there are a, b\."):
        conclude("surface", given, x="c")
    with pytest.raises(NotFound, match="No parameter 'z'"):
        conclude("surface", given, y="z")
    found = conclude("surface", given, x="b").dataset
    assert (found["x"], found["y"], found["kind"], found["rows"]) == ("b", "a", "curve", 30)
    assert conclude("surface", given, y="a").dataset["x"] == "b"
    with pytest.raises(NotEnoughData, match="there is none"):
        conclude("surface", rows(hill(u, v), {"c": 1.0}))
    half = np.where(np.arange(30) < 20, v, np.nan)
    result = conclude("surface", rows(hill(u, v), {"a": u, "b": half}))
    assert next(one.message for one in result.warnings if one.code == "left_out").startswith("10 trials left out")
    early = np.arange(30) < 15
    apart = rows(hill(u, v), {"a": np.where(early, u, np.nan), "b": np.where(early, np.nan, v)})
    with pytest.raises(NotEnoughData, match="No trial has reward with both a and b"):
        conclude("surface", apart)
    one = rows(hill(u, v), {"a": np.where(early, 1.0, 2.0), "b": np.where(early, v, np.nan)})
    with pytest.raises(InputRefused, match="a is 1 in all 15 points") as refused:
        conclude("surface", one)
    assert refused.value.code == "one_value"
    with pytest.raises(InputRefused, match="b goes down to 0"):
        conclude("surface", rows(hill(u, v), {"a": u, "b": np.where(np.arange(30) < 1, 0, v)}), log_y="on")


# ------------------------------------------------------------------ pictures, estimates, words


def short(values: Any) -> list[float | None]:
    return [float(f"{one:.6g}") if np.isfinite(one) else None for one in values]


@pytest.mark.parametrize("metric", ["reward", "eval_loss"])
def test_pictures_and_estimates_are_those_of_the_fit(metric):
    u, v = places(40, 7)
    sign = -1 if metric == "eval_loss" else 1
    z = sign * hill(u, v) + np.random.default_rng(1).normal(0, 0.02, 40)
    given = rows(z, {"learning_rate": rate(u), "beta": v}, metric=metric)
    result = conclude("surface", given, cut_x="1e-5", level=0.9)
    trials, points_of, surface = made(given)
    decision = decide(surface, points_of, trials.lower, 0.9)
    x, y = points_of.x, points_of.y
    picture = result.pictures["surface"]
    error = surface.errors(AT, AT)
    assert surface.tensor is not None
    assert error is not None
    assert picture["value"] == [short(row) for row in surface.values(AT, AT)]
    assert picture["error"] == [short(row) for row in error]
    assert picture["spread"] == pytest.approx(stats.t.ppf(0.95, int(surface.tensor.df)))
    assert (picture["x"], picture["y"]) == (x.value(AT).tolist(), y.value(AT).tolist())
    assert (picture["metric"], picture["lower"], picture["form"]) == (metric, sign < 0, "spline")
    hull = np.array([picture["hull"]["x"], picture["hull"]["y"]])
    assert hull[:, 0].tolist() == hull[:, -1].tolist()
    assert len(hull.T) == len(surface.hull.corners) + 1
    assert sorted(picture["points"]["value"]) == sorted(z.tolist())
    order = [int(name.split()[1]) for name in picture["points"]["run"]]
    assert picture["points"]["x"] == pytest.approx(rate(u)[order].tolist())
    assert picture["points"]["y"] == pytest.approx(v[order].tolist())
    best = [float(axis.value(np.array([at]))[0]) for axis, at in zip((x, y), decision.best, strict=True)]
    assert picture["best"] == {"x": best[0], "y": best[1], "value": decision.value.value}
    assert decision.next is not None
    after = [float(axis.value(np.array([at]))[0]) for axis, at in zip((x, y), decision.next, strict=True)]
    assert picture["next"] == {"x": after[0], "y": after[1]}

    spread, fine = picture["spread"], np.linspace(0, 1, 101)
    place = float(x.unit(np.array([1e-5]))[0])
    for name, fixed, grid, other, own, at in (
        ("cut_x", decision.best[1], (fine, np.array([decision.best[1]])), points_of.v, points_of.u, x),
        ("cut_y", place, (np.array([place]), fine), points_of.u, points_of.v, y),
    ):
        cut = result.pictures[name]
        value, wide = surface.values(*grid).ravel(), spread * surface.errors(*grid).ravel()  # type: ignore[union-attr]
        assert (cut["value"], cut["low"], cut["high"]) == (short(value), short(value - wide), short(value + wide))
        assert (cut["at"], cut["axis"], cut["log"]) == (at.value(fine).tolist(), at.name, at.log)
        against = y if at is x else x
        assert (cut["other"], cut["fixed"]) == (against.name, pytest.approx(float(against.value(np.array([fixed]))[0])))
        near = np.flatnonzero(np.abs(other - fixed) <= 0.06)
        assert 0 < len(near) < 40
        assert cut["points"]["at"] == at.value(own[near]).tolist()
        assert cut["points"]["value"] == points_of.z[near].tolist()
        assert cut["points"]["run"] == [points_of.runs[one] for one in near]

    quantile = stats.norm.ppf(0.95)
    for name, axis, curve in (("x", x, decision.effects[0]), ("y", y, decision.effects[1])):
        effect = result.pictures["effects"][name]
        assert (effect["axis"], effect["log"], effect["at"]) == (axis.name, axis.log, axis.value(curve.at).tolist())
        assert effect["low"] == pytest.approx(curve.value - quantile * curve.error, rel=1e-4)
        assert effect["high"] == pytest.approx(curve.value + quantile * curve.error, rel=1e-4)
        assert effect["value"] == curve.value.tolist()
        assert result.estimates[f"effect_{name}"] == curve.span

    told = result.estimates
    assert told["best_value"] == decision.value
    assert told["next_value"] == decision.next_value
    assert decision.spans is not None
    for name, axis, middle, span, at in (
        ("x", x, best[0], decision.spans[0], after[0]),
        ("y", y, best[1], decision.spans[1], after[1]),
    ):
        one = told[f"best_{name}"]
        assert (one.value, one.low, one.high) == pytest.approx((middle, *axis.value(np.array(span))))
        assert told[f"next_{name}"].value == at
    assert told["noise"].value == surface.tensor.sigma
    assert told["freedom"].value == surface.tensor.freedom
    assert told["trials"].value == 40
    assert {(one.n, one.level) for one in told.values()} == {(40, 0.9)}


def test_a_point_exactly_at_the_reach_of_a_cut_is_shown():
    u, v = places(30, 0)
    u[:2], v[:3] = (0, 1), (0, 1, 0.06)
    v[3:] = 0.07 + 0.9 * v[3:]
    cut = conclude("surface", rows(hill(u, v), {"a": u, "b": v}), cut_y="0", method="exact").pictures["cut_x"]
    assert cut["points"]["run"] == ["trial 0000", "trial 0002"]
    assert cut["fixed"] == 0
    beyond = conclude("surface", rows(hill(u, v), {"a": u, "b": v}), cut_y="-3").pictures["cut_x"]
    assert beyond["fixed"] == 0
    logged = rows(hill(u, v), {"a": 1 + u, "b": 0.01 + v})
    usual = conclude("surface", logged, y="b", log_y="on").pictures["cut_x"]["fixed"]
    assert conclude("surface", logged, y="b", log_y="on", cut_y="0").pictures["cut_x"]["fixed"] == usual
    assert conclude("surface", logged, y="b", log_y="on", cut_y="-1").pictures["cut_x"]["fixed"] == usual


def test_two_thousand_points_are_shown_from_first_to_last():
    u, v = places(2500, 0)
    picture = conclude("surface", rows(hill(u, v), {"a": u, "b": v}), method="preview").pictures["surface"]
    runs = picture["points"]["run"]
    assert (len(runs), runs[0], runs[-1]) == (2000, "trial 0000", "trial 2499")


def decision(low: float | None, told: bool, edges: tuple[tuple[int, int], ...] = ()) -> Decision:
    value = Estimate(0.5, low, None if low is None else 0.6)
    return Decision(AT, (0.25, 0.5), value, None, np.ones((61, 61), np.bool_), told, edges)


def test_sentences_word_for_word():
    trials, given, _ = made(scattered(30), log_x="off", log_y="off")
    given = replace(given, x=Axis("a", 0, 4, log=False), y=Axis("b", 0, 1, log=False))
    first = "reward is highest, 0.5 [0.4, 0.6], near a 1 and b 0.5; told from 30 trials"
    assert sentence(trials, given, decision(0.4, told=True)) == f"{first}."
    edges = ((0, 1), (1, -1))
    said = "; at the edge in a: try larger; at the edge in b: try smaller."
    assert sentence(trials, given, decision(0.4, told=True, edges=edges)) == f"{first}{said}"
    low = replace(trials, lower=True)
    alone = "reward is lowest, 0.5, near a 1 and b 0.5; told from 30 trials."
    assert sentence(low, given, decision(None, told=False)) == alone
    flat = "No place is surely better than another in a and b: reward is highest, 0.5 [0.4, 0.6], "
    assert sentence(trials, given, decision(0.4, told=False, edges=edges)) == (
        f"{flat}near a 1 and b 0.5; told from 30 trials."
    )
    verdicts = [verdict(decision(*each)) for each in ((None, True), (0.4, False), (0.4, True), (0.4, True, edges))]
    assert verdicts == ["no_interval", "flat", "inside", "at_edge"]
    assert significant(0.5) == "0.5"


def test_warnings_are_those_of_the_method_and_of_the_trials():
    assert codes(conclude("surface", scattered(16))) == set()
    assert codes(conclude("surface", scattered(15))) == {"low_order"}
    assert codes(conclude("surface", scattered(40), method="exact")) == {"follows_noise"}
    assert codes(conclude("surface", scattered(15), method="exact")) == {"follows_noise"}
    assert codes(conclude("surface", scattered(40), method="preview")) == {"preview"}
    assert codes(conclude("surface", scattered(15), method="preview")) == {"low_order"}
    assert codes(conclude("surface", scattered(40), at="best")) == {"best_step"}
    u, v = places(30, 0)
    z = hill(u, v)
    z[3] = np.nan
    failed = conclude("surface", rows(z, {"a": u, "b": v}))
    assert [one.message for one in failed.warnings] == ["1 trial without reward."]
    state = ANALYSIS.observe(scattered(40), SurfaceParameters())
    assert codes(ANALYSIS.conclude(replace(state, limit=1), SurfaceParameters())) == {"sampled"}


@pytest.mark.parametrize(("runs", "said"), [(8, False), (7, True)])
def test_eight_runs_have_intervals_seven_do_not(runs, said):
    step = np.tile(np.arange(1, 11), runs)
    beta = np.repeat(np.linspace(1, 2, runs), 10)
    names = [f"r{run}" for run in range(runs) for _ in range(10)]
    z = beta + step / 10 + np.random.default_rng(0).normal(0, 0.05, 10 * runs)
    result = conclude("surface", rows(z, {"beta": beta}, names, step))
    assert codes(result) == ({"few_runs"} if said else set())
    assert (result.estimates["best_value"].low is None) == said
    assert result.dataset["parameters"] == ["beta", "step"]
    exact = conclude("surface", rows(z, {"beta": beta}, names, step), method="preview")
    assert "few_runs" not in codes(exact)


def test_values_are_interpolated_or_fitted_within_the_hull_only():
    u, v = places(40, 1)
    given = points(u, v, franke(u, v))
    hull = Hull.of(u, v)
    for method, form in (("smooth", "spline"), ("exact", "exact"), ("preview", "preview")):
        surface = fitted(given, method)
        assert surface.form == form
        assert np.array_equal(np.isfinite(surface.values(AT, AT)), hull.inside(AT, AT))
        assert (surface.errors(AT, AT) is None) == (method != "smooth")
        assert fitted(replace(given), method) is surface
    fewer = points(u[:15], v[:15], given.z[:15])
    assert fitted(fewer, "smooth").form == fitted(fewer, "preview").form in {name for name, _ in FORMS}
    again = points(np.tile(u[:15], 2), np.tile(v[:15], 2), np.tile(given.z[:15], 2))
    assert fitted(again, "smooth").form in {name for name, _ in FORMS}
    kept = fitted(given, "smooth")
    for seed in range(16):
        fitted(points(*places(8, 500 + seed), np.arange(8.0)), "exact")
    assert fitted(given, "smooth") is not kept


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ({"resolution": 20}, {"resolution": 19}),
        ({"resolution": 500}, {"resolution": 501}),
        ({"cut_x": "-1.5e-3"}, {"cut_x": "1e"}),
        ({"cut_y": ".5"}, {"cut_y": "."}),
        ({"x": "a", "y": "b"}, {"x": "a", "y": "a"}),
        ({"log_y": "on"}, {"log_y": "yes"}),
    ],
)
def test_parameters_are_taken_up_to_their_ends(good, bad):
    SurfaceParameters.parse(good)
    with pytest.raises(UsageError):
        SurfaceParameters.parse(bad)
