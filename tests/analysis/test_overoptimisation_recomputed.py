"""Over-optimisation recomputed plainly: mixtures of fits, courses, rollouts; words and names at their edges."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from engine.analysis import OveroptimisationParameters
from engine.analysis.overoptimisation import forms, metrics, noise, pictures
from engine.analysis.overoptimisation.fit import TRUST, Draws, Fit, fit, pooled
from engine.analysis.overoptimisation.found import ALL, Asked, Found, found_of, points_of, pooled_of
from engine.analysis.overoptimisation.peak import Peak, peak_of
from engine.analysis.overoptimisation.rollouts import series_of_rollouts
from engine.analysis.overoptimisation.sentence import interval, named, number, proxy_only, sentence
from engine.analysis.overoptimisation.series import Course, Series, of_kl
from engine.analysis.overoptimisation.steady import CAUTION, PENALTIES, steadied
from engine.analysis.overoptimisation.told import estimates, table, warnings
from engine.analysis.timed import observe
from engine.errors import NotEnoughData, NotFound, UsageError
from engine.types import Estimate, Rows
from tests.analysis.compare_worlds import named as coded
from tests.analysis.runs_over_kl import (
    ANALYSIS,
    autoregressive,
    conclude,
    curves,
    gold_at,
    path,
    rollouts,
    run,
    together,
)

BOTH = (forms.BON, forms.RL)
BOTH_ASKED = Asked(BOTH, 0.9, 3)


def simple(
    n: int = 60, seed: int = 0, sd: float = 0.05, most: float = 7.6
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    d = path(n, most)
    return np.arange(float(n)), d, gold_at("bon", d, 5.5) + sd * np.random.default_rng(seed).normal(size=n)


def one_of(n: int = 60, seed: int = 0, **further: Any) -> Series:
    step, d, y = simple(n, seed, **further)
    return of_kl("one", Course(step, d**2), {"gold": Course(step, y)})


# ------------------------------------------------------------------ fit


def test_a_fit_is_a_mixture_of_generalised_least_squares():
    """Every covariance of the grid written out: coefficients, their covariance, restricted likelihood, weights."""
    step, d, y = simple(30)
    step = step**1.2
    found = fit(step, d, y, BOTH)
    distance = np.abs(step[:, None] - step[None, :]) * 29 / np.ptp(step)
    grid = [np.eye(30)]
    grid += [
        (1 - share) * np.exp(-distance / length) + share * np.eye(30)
        for share in (0.0, 0.5, 0.8)
        for length in 200 ** (np.arange(16) / 15)
    ]
    prior = [0.0] + [-np.log(3)] * 48
    logs = []
    for at, (form, (covariance, before)) in enumerate((f, g) for f in BOTH for g in zip(grid, prior, strict=True)):
        design = forms.design(form, d / d.max())
        inverse = np.linalg.inv(covariance)
        normal = design.T @ inverse @ design
        beta = np.linalg.solve(normal, design.T @ inverse @ y)
        rest = y - design @ beta
        square = rest @ inverse @ rest
        assert found.coefficient[at] == pytest.approx(beta, rel=1e-5, abs=1e-6)
        assert found.covariance[at] == pytest.approx(square / 27 * np.linalg.inv(normal), rel=1e-4)
        log = before - np.linalg.slogdet(covariance)[1] / 2 - np.linalg.slogdet(normal)[1] / 2
        logs.append(log + np.linalg.slogdet(design.T @ design)[1] / 2 - 27 / 2 * np.log(square))
        assert found.form[at] == form
    weight = np.exp(TRUST * (np.array(logs) - max(logs)))
    assert found.weight == pytest.approx(weight / weight.sum(), rel=1e-4)
    assert (found.freedom, found.points, found.most, found.scale) == (27, 30, d.max(), d.max())
    assert fit(step, d, y, BOTH, 2.0).scale == 2.0

    for form, parts in ((forms.BON, slice(0, 49)), (forms.RL, slice(49, 98))):
        assert found.share(form) == pytest.approx(found.weight[parts].sum())
        expected = found.weight[parts] @ found.coefficient[parts] / found.weight[parts].sum()
        assert found.mean(form) == pytest.approx(expected)
    at = np.array([1.0, 5.0, 7.0])
    chance = np.zeros(3)
    for part in range(98):
        rows = forms.slopes(found.form[part], at / found.scale)
        slope = rows @ found.coefficient[part]
        error = np.sqrt(np.diag(rows @ found.covariance[part] @ rows.T))
        chance += found.weight[part] * stats.t.cdf(slope / error, 27)
    assert found.rising(at) == pytest.approx(chance)


def test_many_points_are_averaged_by_neighbours_with_what_they_weigh():
    assert [int(noise.blocks(count)[-1]) + 1 for count in (79, 80, 81, 160, 161)] == [79, 80, 41, 80, 54]
    assert noise.blocks(81)[:4].tolist() == [0, 0, 1, 1]
    step, d, y = simple(90)
    found = fit(step, d, y, ("bon",))
    block = np.arange(90) // 2
    columns = np.stack([np.bincount(block, one) / 2 for one in (*forms.design("bon", d / d.max()).T, y)], axis=1)
    plain = np.linalg.lstsq(columns[:, :3], columns[:, 3], rcond=None)[0]
    assert found.coefficient[0] == pytest.approx(plain, rel=1e-6)
    assert found.freedom == 42
    uneven, determinant, prior = noise.covariances(np.arange(3.0), np.array([2, 2, 1]))
    assert uneven[0] == pytest.approx(np.diag([1, 1, 2.0]))
    assert determinant[0] == pytest.approx(np.log(2))
    assert np.exp(prior[1:].reshape(3, 16)).sum(axis=0) == pytest.approx(np.ones(16))
    assert prior[0] == 0


def test_pooled_forms_are_weighed_by_the_evidence_of_all_runs():
    each = [fit(*simple(30, seed), BOTH, 7.6) for seed in range(6)]
    found = pooled(each)
    logs = [sum(np.log(one.share(form)) for one in each) for form in BOTH]
    weight = np.exp(np.array(logs) - max(logs))
    assert found.weight == pytest.approx(weight / weight.sum())
    for place, form in enumerate(BOTH):
        means = np.stack([one.mean(form) for one in each])
        assert found.coefficient[place] == pytest.approx(means.mean(axis=0))
        assert found.covariance[place] == pytest.approx(np.cov(means.T) / 6)
    assert (found.freedom, found.scale, found.points, found.most) == (5, 7.6, 180, pytest.approx(7.6))


def test_a_further_covariance_is_added_to_each_form():
    found = fit(*simple(30), BOTH)
    more = {"bon": np.eye(3), "rl": 2 * np.eye(3)}
    wide = found.widened(more)
    for place, form in enumerate(found.form):
        assert wide.covariance[place] == pytest.approx(found.covariance[place] + more[form])


def test_draws_have_the_moments_of_the_mixture():
    step, d, y = simple(40)
    found = fit(step, d, y, ("bon",))
    drawn = found.draws(40_000, 1)
    mean = found.weight @ found.coefficient
    inner = np.einsum("k,kij->ij", found.weight, found.covariance) * found.freedom / (found.freedom - 2)
    spread = found.coefficient - mean
    whole = inner + np.einsum("k,ki,kj->ij", found.weight, spread, spread)
    assert drawn.coefficient.mean(axis=0) == pytest.approx(mean, abs=4 * np.sqrt(np.diag(whole).max() / 40_000))
    assert np.cov(drawn.coefficient.T) == pytest.approx(whole, rel=0.1)
    assert drawn.bon.all()


def test_drawn_curves_their_peaks_and_slopes():
    coefficient = np.array(
        [[1, 4, 1], [1, 4, 1], [0, 4, 0.1], [0, 1, -1], [0, -3, -1], [0, -1, 1], [0, 1, 0.5], [0, -5.1, -1]]
    )
    bon = np.array([True, False, True, True, True, True, False, True])
    drawn = Draws(bon, coefficient, 2.0)
    at = np.array([1.0, 3.0])
    for place, (c, a, b) in enumerate(coefficient):
        u = at / 2
        expected = c + a * u - b * (u**2 if bon[place] else u * np.log(u))
        assert drawn.at(at)[place] == pytest.approx(expected)
        fine = np.linspace(1e-9, 10, 200_001)
        u = fine / 2
        heights = c + a * u - b * (u**2 if bon[place] else u * np.log(u))
        assert drawn.peak(10.0)[place] == pytest.approx(fine[int(np.argmax(heights))], abs=1e-3)
        slope = (np.interp(3.001, fine, heights) - np.interp(2.999, fine, heights)) / 0.002
        assert drawn.slope(3.0)[place] == pytest.approx(slope, abs=1e-3)


@pytest.mark.parametrize("form", BOTH)
def test_coefficients_change_their_unit_and_not_their_curve(form):
    d, beta = np.linspace(0.1, 9, 20), np.array([0.3, 1.2, 0.35])
    found = forms.unscaled(form, beta, 4.0)
    assert forms.design(form, d) @ found == pytest.approx(forms.design(form, d / 4) @ beta)
    assert forms.bend(form, np.array([0.0]))[0] == 0
    assert forms.peak(form, 1e9, 1.0) > 1e8


# ------------------------------------------------------------------ courses


def test_the_kl_between_steps_is_on_a_straight_line_and_outside_unknown():
    kl = Course(np.array([10.0, 20, 40]), np.array([1.0, 4, 16]))
    series = Series("a", kl, {"m": Course(np.array([0.0, 5, 10, 15, 30, 40, 41]), np.arange(7.0))})
    points = series.against("m")
    assert points is not None
    assert points.step.tolist() == [0, 10, 15, 30, 40]
    assert points.d == pytest.approx(np.sqrt([0, 1, 2.5, 10, 16]))
    assert points.value.tolist() == [0, 2, 3, 4, 5]
    rise = replace(series, courses={"m": Course(np.array([10.0, 40]), np.array([3.0, 5]))}).rise("m")
    assert rise is not None
    assert rise.value.tolist() == [0, 2]
    assert series.against("x") is None
    outside = replace(series, courses={"m": Course(np.array([50.0]), np.array([1.0]))})
    assert outside.against("m") is None
    at_zero = Series("a", Course(np.array([0.0, 10]), np.array([1.0, 2])), {"m": Course(np.array([0.0]), np.ones(1))})
    first = at_zero.against("m")
    assert first is not None
    assert first.d.tolist() == [1]


def test_a_difference_is_taken_at_the_steps_of_the_other_within_those_of_the_first():
    one, other = (
        Course(np.array([10.0, 20, 30]), np.array([1.0, 3, 7])),
        Course(np.array([5.0, 10, 25, 30, 31]), np.ones(5)),
    )
    series = Series("a", one, {"one": one, "other": other}).with_difference("gap", "one", "other")
    assert series.courses["gap"].step.tolist() == [10, 25, 30]
    assert series.courses["gap"].value.tolist() == [0, 4, 6]
    assert set(Series("a", one, {"one": one}).with_difference("gap", "one", "other").courses) == {"one"}
    apart = Series("a", one, {"one": one, "other": Course(np.array([99.0]), np.ones(1))})
    assert "gap" not in apart.with_difference("gap", "one", "other").courses


@pytest.mark.parametrize(("size", "last"), [(1, 1), (19, 1), (20, 2), (49, 4), (50, 5), (200, 5)])
def test_now_is_the_mean_of_the_last_tenth_and_of_five_points_at_most(size, last):
    value = np.random.default_rng(0).normal(size=size)
    assert Course(np.arange(size) * 1.0, value).now() == pytest.approx(value[-last:].mean())


def test_a_kl_below_nought_is_nought_and_counted():
    found = of_kl("a", Course(np.arange(4.0), np.array([-1.0, 0, 2, -3])), {})
    assert (found.kl.value.tolist(), found.negative, found.kl_now) == ([0, 0, 2, 0], 2, 0)


def test_a_jumping_kl_is_steadied_by_whittaker_with_generalised_cross_validation():
    d = path(60, 5) + np.random.default_rng(2).normal(0, 0.3, 60)
    d = np.maximum(d, 0)
    differences = np.diff(np.eye(60), 2, axis=0)
    best: tuple[float, np.ndarray] | None = None
    for penalty in 10 ** np.linspace(-3, 6, 28):
        hat = np.linalg.inv(np.eye(60) + penalty * differences.T @ differences)
        rest, free = d - hat @ d, 60 - 1.4 * np.trace(hat)
        if free > 0 and (best is None or rest @ rest / free**2 < best[0]):
            best = rest @ rest / free**2, hat @ d
    assert best is not None
    assert steadied(np.arange(60.0), d) == pytest.approx(np.maximum(best[1], 0), abs=1e-6)
    assert (CAUTION, len(PENALTIES)) == (1.4, 28)
    smooth = path(60, 5)
    assert steadied(np.arange(60.0), smooth) is smooth


# ------------------------------------------------------------------ the peak and what follows


def bon_fit(a: float, b: float, most: float, error: float = 1e-6) -> Fit:
    covariance = np.diag([error, error, error])[None]
    return Fit(("bon",), np.ones(1), np.array([[0.0, a, b]]), covariance, 50.0, 1.0, most, 60)


@pytest.mark.parametrize(("top", "most"), [(2.0, 5.0), (4.9, 5.0), (0.3, 5.0), (70.0, 90.0)])
def test_a_sure_peak_is_found_where_it_is(top, most):
    peak = peak_of(bon_fit(2 * top, 1.0, most), 0.95)
    assert peak.value == pytest.approx(top, rel=1e-4)
    assert peak.low == pytest.approx(top, rel=0.01)
    assert peak.high == pytest.approx(top, rel=0.01)
    assert peak.told


def test_a_fall_from_the_start_and_a_rise_beyond_the_data():
    falls = peak_of(bon_fit(-1.0, 0.1, 5.0), 0.95)
    assert (falls.low, falls.told) == (0.0, True)
    assert falls.high is not None
    assert falls.high < 0.01
    assert falls.value is not None
    assert falls.value < 0.01
    rises = peak_of(bon_fit(20.0, 0.1, 5.0), 0.95)
    assert (rises.value, rises.high, rises.low) == (None, None, pytest.approx(6.25))
    soon = peak_of(bon_fit(2 * 5.5, 1.0, 5.0), 0.95)
    assert (soon.value, soon.high) == (None, None)
    assert soon.low == pytest.approx(5.5, rel=0.01)


def found(peak: Peak, kl_now: float, fitted: Fit | None = None) -> Found:
    return Found("one", fitted or bon_fit(4.0, 1.0, 5.0), peak, kl_now, 0.9, 0)


@pytest.mark.parametrize(
    ("peak", "kl_now", "code"),
    [
        (Peak(2.0, 1.0, 3.0), 9.01, "passed"),
        (Peak(2.0, 1.0, 3.0), 9.0, "near_peak"),
        (Peak(2.0, 1.0, 3.0), 1.01, "near_peak"),
        (Peak(2.0, 1.0, 3.0), 1.0, "not_reached"),
        (Peak(2.0, 1.0, None), 100.0, "near_peak"),
        (Peak(None, 5.0, None), 100.0, "not_reached"),
        (Peak(None, 0.0, None), 1.0, "unclear"),
        (Peak(2.0, 1.0, 3.0, valley=True), 1.0, "unclear"),
        (Peak(2.0, 0.0, 3.0), 1.0, "near_peak"),
    ],
)
def test_the_verdict_goes_by_where_the_set_lies(peak, kl_now, code):
    assert found(peak, kl_now).code == code


def test_a_budget_is_the_square_of_the_peak_less_the_kl_now():
    one = found(Peak(2.0, 1.0, 3.0), 2.5)
    told = one.peak_kl()
    assert (told.value, told.low, told.high, told.level, told.n) == (4, 1, 9, 0.9, 60)
    left = one.budget()
    assert (left.value, left.low, left.high) == (1.5, -1.5, 6.5)
    open_ = found(Peak(None, 1.0, None), 2.5)
    assert (open_.peak_kl().value, open_.budget().low, open_.budget().high) == (None, -1.5, None)
    valley = found(Peak(2.0, 1.0, 3.0, valley=True), 2.5).peak_kl()
    assert (valley.value, valley.low, "rises again" in valley.method) == (None, None, True)
    assert found(Peak(2, 1, 3), 1e4).now == 5.0
    assert found(Peak(2, 1, 3), 1.0).rising_now == pytest.approx(1)
    assert found(Peak(2, 1, 3), 16.0).rising_now == pytest.approx(0)


def test_levels_are_those_of_the_curve():
    one = found(Peak(2.0, 1.9, 2.1), 9.0, bon_fit(4.0, 1.0, 5.0, 1e-10)).levels()
    assert [one[name].value for name in ("gold_at_peak", "gold_now", "gold_lost")] == pytest.approx([4, 3, 1], abs=1e-3)
    before = found(Peak(None, 1.9, None), 1.0, bon_fit(4.0, 1.0, 5.0, 1e-10)).levels()
    assert before["gold_at_peak"].value is None
    assert before["gold_lost"].value == 0
    values = np.arange(101.0)
    drawn = found(Peak(2, 1, 3), 1).drawn(values)
    assert (drawn.value, drawn.low, drawn.high) == pytest.approx((50, 5, 95))


def test_coefficients_are_over_the_root_of_the_kl():
    step, d, y = simple(120, sd=0.01)
    series = of_kl("one", Course(step, d**2), {"gold": Course(step, y + 0.3)})
    told = found_of(series, "gold", BOTH_ASKED).coefficients()
    assert told["a_bon"].value == pytest.approx(2 / 5.5, rel=0.05)
    assert told["b_bon"].value == pytest.approx(1 / 5.5**2, rel=0.05)
    assert told["intercept"].value == pytest.approx(0, abs=0.05)
    assert told["rl_evidence"].value < 0.05
    assert told["a_rl"].low is None
    assert set(told) == {"intercept", "a_bon", "b_bon", "a_rl", "b_rl", "rl_evidence"}
    assert {one.level for one in told.values()} == {0.9}


def test_what_a_fit_can_rest_on():
    with pytest.raises(NotEnoughData, match="23 points of gold at a known KL; a peak that can be defended needs 24"):
        points_of(one_of(23), "gold")
    assert len(points_of(one_of(24), "gold")) == 24
    with pytest.raises(NotEnoughData, match="0 points of x"):
        points_of(one_of(24), "x")
    runs = {f"r{seed}": replace(one_of(6, seed), run=f"r{seed}") for seed in range(5)}
    together_ = pooled_of(runs, "gold", BOTH_ASKED)
    assert together_ is not None
    assert (together_.run, together_.fit.points, together_.fit.freedom) == (ALL, 30, 4)
    assert together_.kl_now == pytest.approx(np.mean([one.kl_now for one in runs.values()]))
    assert pooled_of(dict(list(runs.items())[:4]), "gold", BOTH_ASKED) is None
    short = {**runs, "r0": one_of(5)}
    assert pooled_of(short, "gold", BOTH_ASKED) is None


# ------------------------------------------------------------------ rollouts


def test_rollouts_are_means_of_each_run_and_step():
    rows = rollouts(steps=12, prompts=15)
    size = len(rows.columns["kl"])
    run_of = np.arange(size) % 2
    kl, gold, step = (np.asarray(rows.columns[name], float).copy() for name in ("kl", "gold", "step"))
    kl[4], gold[9], step[11] = np.nan, np.nan, -1
    given = replace(
        rows, columns={**rows.columns, "kl": kl, "gold": gold, "step": step}, names={"run": coded(run_of, ["b", "a"])}
    )
    series = series_of_rollouts(observe(given), "")
    assert [one.run for one in series] == ["a", "b"]
    for place, one in ((1, series[0]), (0, series[1])):
        for at, mean in zip(one.kl.step, one.kl.value, strict=True):
            own = (run_of == place) & (step == at) & np.isfinite(kl)
            assert mean == pytest.approx(max(kl[own].mean(), 0))
        for name, column in (("gold", gold), ("reward", rows.columns["reward"])):
            course = one.courses[name]
            for at, mean in zip(course.step, course.value, strict=True):
                own = (run_of == place) & (step == at) & np.isfinite(kl)
                assert mean == pytest.approx(np.nanmean(column[own]))
        assert not {"kl", "step", "time"} & set(one.courses)
    by_length = series_of_rollouts(observe(replace(rows, names={})), "token_mean")
    assert by_length[0].run == "run"


def test_the_spread_between_prompts_is_a_jackknife_of_their_groups():
    rows = rollouts(steps=10, prompts=30, spread=0.5)
    series = series_of_rollouts(observe(rows), "")[0]
    assert series.spread is not None
    spread = series.spread("gold", ("bon",), 2.0)
    assert spread is not None
    group = rows.columns["prompt_hash"] % np.uint64(64)
    step = rows.columns["step"]
    fits = []
    for one in np.unique(group):
        kept = group != one
        means = [
            [column[kept & (step == at)].mean() for at in np.unique(step)]
            for column in (rows.columns["kl"], rows.columns["gold"])
        ]
        d = np.sqrt(np.maximum(means[0], 0)) / 2
        fits.append(np.linalg.lstsq(forms.design("bon", d), np.array(means[1]), rcond=None)[0])
    rest = np.array(fits) - np.mean(fits, axis=0)
    assert spread["bon"] == pytest.approx((len(fits) - 1) / len(fits) * rest.T @ rest, rel=1e-6)
    assert series.spread("nothing", ("bon",), 2.0) is None
    assert series_of_rollouts(observe(rollouts(steps=10, prompts=30, same=False)), "")[0].spread is None
    whole = found_of(series, "gold", BOTH_ASKED) if len(series.kl) >= 24 else None
    assert whole is None
    assert series_of_rollouts(observe(rollouts(steps=10, prompts=5)), "")[0].spread is None


# ------------------------------------------------------------------ words, names, tables


def test_numbers_have_two_or_three_digits_without_a_leading_nought():
    given = (None, 0.0, 0.5, -0.25, 0.999, 1.0, 3.14159, 999.4, 1000.0, 12345.6, -2.5, 1e-7)
    expected = ("unknown", "0", ".5", "−.25", "1", "1", "3.14", "999", "1,000", "12,346", "−2.5", "1.0e−07")
    assert tuple(map(number, given)) == expected
    assert interval(Estimate(1, None, 2.0)) == "[…, 2]"
    assert interval(Estimate(1, 0.5, None)) == "[.5, …]"
    assert (named("gold"), named("gold_reward"), named("human")) == ("the gold reward", "the gold reward", "human")


def said(peak: Peak, kl_now: float, runs: int = 1, run: str = "one") -> str:
    one = replace(found(peak, kl_now), run=run)
    lost = {"peak_kl": one.peak_kl(), "budget_left": one.budget(), "gold_lost": Estimate(0.3, 0.1, 0.5)}
    return sentence(one, lost, "gold", runs)


def test_sentences_word_for_word():
    passed = "Stop: the gold reward has passed its peak at KL 4 [1, 9]; now 16, .3 [.1, .5] lost."
    assert said(Peak(2, 1, 3), 16.0) == passed
    assert said(Peak(0.1, 0, 3), 16.0).startswith("Stop: the gold reward has passed its peak at KL 9 or before; now 16")
    assert said(Peak(2, 1, 3), 16.0, 3).startswith("Stop: the gold reward of one has passed")
    assert said(Peak(2, 1, 3), 16.0, 3, ALL).startswith("Stop: the gold reward (mean of 3 runs) has passed")
    go = "Go on: the gold reward still rises at KL 4; its peak is not before KL 9"
    assert said(Peak(None, 3, None), 4.0) == f"{go}, a budget of at least 5 nats if the form holds."
    assert said(Peak(None, 3, None), 8.95).endswith("not before KL 9.")
    care = "Take care: the gold reward is near its peak, at KL 4 [1, 9]; now 5."
    assert said(Peak(2, 1, 3), 5.0) == care
    assert said(Peak(None, 1, None), 5.0) == "Take care: the gold reward is near its peak, KL not before 1; now 5."
    assert said(Peak(None, 0, None), 5.0) == (
        "Unclear: 60 points do not tell where the gold reward peaks; the KL is 5 now."
    )
    course = Course(np.arange(3.0), np.array([0.5, 1, 2]))
    ends = " from a proxy alone none can be told. Log a gold reward at the same steps."
    first = "No peak is claimed: reward went from .5 to 2 while the KL came to 7 nats, and"
    assert proxy_only("reward", course, 7.0) == first + ends
    assert proxy_only("", None, 7.0) == "No peak is claimed: the KL came to 7 nats, and" + ends


def test_which_metric_is_what():
    assert metrics.known_gold(["reward", "gold_score", "my_gold", "gold"], "") == ("gold", False)
    assert metrics.known_gold(["reward", "reward.gold_part", "MyGold"], "") == ("MyGold", False)
    assert metrics.known_gold(["reward", "eval_gold", "eval_reward"], "") == ("eval_gold", False)
    assert metrics.known_gold(["reward", "eval_reward"], "") == ("eval_reward", True)
    assert metrics.known_gold(["reward"], "") == ("", False)
    assert metrics.known_gold(["reward", "x"], "x") == ("x", False)
    assert metrics.known_proxy(["gold", "eval_reward", "proxy", "reward"], "", "gold") == "reward"
    assert metrics.known_proxy(["gold", "my_proxy"], "", "gold") == "my_proxy"
    assert metrics.known_proxy(["gold"], "", "gold") == ""
    with pytest.raises(NotFound):
        metrics.known_proxy(["gold"], "gold", "gold")
    many = [f"m{place:02}" for place in range(25)]
    with pytest.raises(NotFound, match=r"m19\.$"):
        metrics.known_gold(many, "x")
    both = {"kl": ("kl", "token mean"), "kl_ref": ("objective/kl", ""), "kl_coef": ("kl_coef", "")}
    assert metrics.known_kl(both, "", "") == "kl_ref"
    assert metrics.known_kl({**both, "kl_ref": ("kl_loss", ""), "kl_sum": ("kl_sum", "")}, "", "") == "kl_sum"
    assert metrics.known_kl(both, "kl", "sequence") == "kl"
    units = [
        ("kl", "nats per token", "token_mean"),
        ("kl", "per step", "step"),
        ("kl", "sum", "sequence"),
        ("kl", "nats a completion", "sequence"),
        ("kl", "nats", "unknown"),
        ("kl_sum", "nats", "sequence"),
        ("old_kl", "", "step"),
        ("kl_mean", "", "token_mean"),
    ]
    assert [metrics.unit_of(source, unit, "kl") for source, unit, _ in units] == [one for *_, one in units]
    assert metrics.unit_of("", "", "objective/kl") == "sequence"


@pytest.mark.parametrize("count", [1, 2, 5, 6, 2000, 2001])
def test_thinned_places_keep_the_first_and_the_last(count):
    kept = pictures.thinned(count, 5)
    assert (kept[0], kept[-1], len(kept)) == (0, count - 1, min(count, 5))
    assert pictures.thinned(count, 0).tolist() == ([0] if count == 1 else [0, count - 1])


def test_pictures_tables_and_estimates_are_those_of_the_fit():
    held = run(1)
    result = conclude(curves(held), level=0.9)
    step = np.arange(120) * 10.0
    series = of_kl("one", Course(step, held["objective/kl"]), {"gold_reward": Course(step, held["gold_reward"])})
    one = found_of(series, "gold_reward", Asked(BOTH, 0.9, 0))
    frontier = result.pictures["frontier"]
    places = np.linspace(0, one.fit.most, 61)
    assert frontier["d"] == places.tolist()
    low, high = np.quantile(one.draws.at(places), [0.05, 0.95], axis=0)
    assert (frontier["low"], frontier["high"]) == (pytest.approx(low.tolist()), pytest.approx(high.tolist()))
    for drawn in frontier["fits"]:
        form = drawn["form"]
        curve = forms.design(form, places / one.fit.scale) @ one.fit.mean(form)
        assert (drawn["evidence"], drawn["value"]) == (one.fit.share(form), pytest.approx(curve.tolist()))
    assert frontier["peak"] == {"value": one.peak.value, "low": one.peak.low, "high": one.peak.high}
    assert (frontier["now"], frontier["most"], frontier["run"]) == (one.now, one.fit.most, "one")
    gold, proxy = frontier["lines"]
    assert (gold["role"], gold["metric"], proxy["role"], proxy["metric"]) == ("gold", "gold_reward", "proxy", "reward")
    assert gold["d"] == pytest.approx(np.sqrt(held["objective/kl"]).tolist())
    assert gold["value"] == pytest.approx((held["gold_reward"] - held["gold_reward"][0]).tolist())
    steps = result.pictures["steps"]
    assert steps["kl"] == {"step": step.tolist(), "value": held["objective/kl"].tolist()}
    assert [line["value"] for line in steps["lines"]] == [held[name].tolist() for name in ("gold_reward", "reward")]

    told = result.estimates
    difference = held["reward"] - held["gold_reward"]
    assert told["gap_now"].value == pytest.approx(difference[-5:].mean() - difference[0])
    assert told["kl_now"].value == pytest.approx(held["objective/kl"][-5:].mean())
    assert (told["kl_now"].n, told["gap_now"].n, told["runs"].value) == (120, 120, 1)
    assert told["budget_left"].value == pytest.approx(one.peak_kl().value - one.kl_now)  # type: ignore[operator]
    near = np.gradient(0.3 * path(120, 7.6) - gold_at("bon", path(120, 7.6), 5.5), path(120, 7.6) ** 2)[-1]
    assert told["gap_slope"].value == pytest.approx(near, rel=0.5)
    rows = table({"a": one, "b": None})
    assert (rows["name"], rows["verdict"], rows["points"], rows["kl_now"]) == (["a"], ["passed"], [120], [one.kl_now])
    assert (rows["peak"], rows["low"], rows["high"]) == (
        [one.peak_kl().value],
        [one.peak_kl().low],
        [one.peak_kl().high],
    )
    lost = one.levels()["gold_lost"]
    assert (rows["lost"], rows["lost_low"], rows["lost_high"]) == ([lost.value], [lost.low], [lost.high])
    assert rows["rising"] == [one.rising_now]
    none = estimates(one, None, series, "gap", 4)
    assert (none["gap_now"].value, none["gap_slope"].value, none["runs"].value) == (None, None, 4)


def test_warnings_are_those_of_the_fit():
    params = OveroptimisationParameters()
    state = ANALYSIS.observe(curves(run(1)), params)

    def codes(one: Found | None, evaluation: str = "", unsaid: bool = False, at: Any = state) -> list[str]:
        return [each.code for each in warnings(at, {}, one, evaluation, unsaid)]

    sure = found(Peak(2, 1, 3), 4.0)
    assert codes(sure) == codes(None) == []
    assert codes(None, "eval_reward", unsaid=True) == ["evaluation_as_gold", "kl_unit_assumed"]
    assert codes(None, at=replace(state, limit=1)) == ["sampled"]
    assert codes(replace(sure, fit=replace(sure.fit, points=40))) == []
    assert codes(replace(sure, fit=replace(sure.fit, points=39))) == ["few_points"]
    assert codes(replace(sure, run=ALL, fit=replace(sure.fit, points=39))) == []
    assert codes(found(Peak(None, 0, None, valley=True), 4.0)) == ["rises_again"]
    for share, told in ((0.94, ["forms_not_told_apart"]), (0.96, [])):
        two = replace(
            sure.fit,
            form=BOTH,
            weight=np.array([share, 1 - share]),
            coefficient=np.tile(sure.fit.coefficient, (2, 1)),
            covariance=np.tile(sure.fit.covariance, (2, 1, 1)),
        )
        assert codes(replace(sure, fit=two)) == told
    assert codes(found(Peak(2, 1, 3), (5.0 * 1.06) ** 2)) == ["beyond_gold"]
    assert codes(found(Peak(2, 1, 3), (5.0 * 1.04) ** 2)) == []
    assert codes(found(Peak(2, 1, None), 100.0)) == []


def test_of_several_runs_names_numbers_and_refusals():
    held = {f"r{seed}": run(seed, n=30 + seed) for seed in range(3)}
    held["bare"] = {"reward": np.ones(30)}
    result = conclude(together(held))
    assert result.dataset["runs"] == ["r0", "r1", "r2"]
    assert (result.dataset["run"], result.estimates["runs"].value) == ("r2", 3)
    assert result.pictures["runs"]["points"] == [30, 31, 32]
    assert (result.dataset["kind"], result.dataset["prompts"]) == ("curve", None)
    with pytest.raises(NotFound, match=r"There is no run 'x'; known are r0, r1, r2\."):
        conclude(together(held), run="x")
    many = {f"s{seed:02}": run(seed, n=12) for seed in range(26)}
    whole = conclude(together(many))
    assert len(whole.pictures["runs"]["refused"]) == 24
    assert {line["run"] for line in whole.pictures["frontier"]["lines"]} == set(many)
    bare: Rows = together({name: {k: v for k, v in one.items() if k != "gold_reward"} for name, one in held.items()})
    alone = conclude(bare)
    assert (alone.verdict, alone.dataset["run"]) == ("proxy_only", "r2")
    assert conclude(bare, run="r0").dataset["run"] == "r0"


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ({"level": 0.5}, {"level": 0.49}),
        ({"level": 0.999}, {"level": 0.9991}),
        ({"seed": 0}, {"seed": -1}),
        ({"form": "bon"}, {"form": "both"}),
        ({"kl_unit": "step"}, {"kl_unit": "tokens"}),
    ],
)
def test_parameters_are_taken_up_to_their_ends(good, bad):
    OveroptimisationParameters.parse(good)
    with pytest.raises(UsageError):
        OveroptimisationParameters.parse(bad)


def test_errors_that_hang_together_widen_the_set():
    generator = np.random.default_rng(0)
    step, d, _ = simple(60)
    white = fit(step, d, gold_at("bon", d, 5.5) + 0.05 * generator.normal(size=60), BOTH)
    red = fit(step, d, gold_at("bon", d, 5.5) + 0.05 * autoregressive(generator, 60, 0.95), BOTH)
    assert white.weight[:1].sum() > red.weight[:1].sum()
