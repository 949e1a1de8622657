"""The fit over √KL against statsmodels, the set of the peak against Fieller, both against simulated truth."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.coverage_overoptimisation import newey_west
from engine.analysis.overoptimisation import forms, noise
from engine.analysis.overoptimisation.fit import TRUST, Fit, fit, pooled
from engine.analysis.overoptimisation.found import Asked, found_of
from engine.analysis.overoptimisation.peak import peak_of
from engine.analysis.overoptimisation.series import Course, of_kl
from tests.analysis.runs_over_kl import autoregressive, gold_at, path

GOLDEN = json.loads(Path(__file__).with_name("golden").joinpath("overoptimisation.json").read_text())
BOTH = (forms.BON, forms.RL)


@pytest.fixture
def grid(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[float, float]]]:
    """The covariances of the golden file instead of the usual ones: in their order, lengths and shares of white."""
    monkeypatch.setattr(noise, "LENGTHS", np.array([1.0, 1.4236, 40.0]))
    monkeypatch.setattr(noise, "WHITE", (0.0, 0.5))
    noise._covariances.cache_clear()
    yield [(0.0, 1.0), *((length, share) for share in noise.WHITE for length in noise.LENGTHS.tolist())]
    noise._covariances.cache_clear()


# ------------------------------------------------------------------ the forms


def test_published_peaks_of_both_forms():
    assert forms.peak(forms.RL, 1.2, 0.35) == pytest.approx(11.34266669078005, rel=1e-14)
    assert forms.peak(forms.BON, 1.2, 0.35) == pytest.approx(1.7142857142857144, rel=1e-15)
    assert forms.peak(forms.BON, 1.2, 0.0) == forms.peak(forms.RL, 1.2, -0.1) == np.inf
    assert forms.peak(forms.BON, -1.0, 0.2) == 0.0


@pytest.mark.parametrize("form", BOTH)
def test_a_curve_without_errors_is_recovered(form):
    d = np.linspace(0.2, 12, 60)
    gold = 0.1 + forms.design(form, d) @ np.array([0.0, 1.2, 0.35])
    found = fit(np.arange(60.0), d, gold, BOTH)
    assert found.share(form) > 0.999
    assert found.leading == form
    assert forms.unscaled(form, found.mean(form), found.scale) == pytest.approx([0.1, 1.2, 0.35], rel=1e-8)
    peak = peak_of(found, 0.95)
    assert peak.value == pytest.approx(forms.peak(form, 1.2, 0.35), rel=1e-5)


@given(st.floats(0.01, 50), st.sampled_from(BOTH))
def test_a_slope_is_that_of_its_curve(d, form):
    beta, step = np.array([0.3, 1.1, 0.4]), 1e-6 * d
    ends = forms.design(form, np.array([d - step, d + step])) @ beta
    slope = float((forms.slopes(form, np.array([d])) @ beta)[0])
    assert slope == pytest.approx((ends[1] - ends[0]) / (2 * step), rel=1e-4, abs=1e-6)


# ------------------------------------------------------------------ the fit


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: case["form"])
def test_coefficients_errors_and_evidence_are_those_of_statsmodels(case, grid):
    step, d, y = (np.array(GOLDEN[name]) for name in ("step", "d", "y"))
    found = fit(step, d, y, (case["form"],), scale=1.0)
    logs = np.log(found.weight) / TRUST + np.where(np.arange(7) > 0, np.log(2), 0)
    expected = {(one["length"], one["share"]): one for one in case["fits"]}
    first = expected[grid[0]]["restricted"]
    for place, cell in enumerate(grid):
        golden = expected[cell]
        assert found.coefficient[place] == pytest.approx(golden["params"], rel=1e-8)
        assert found.covariance[place] == pytest.approx(np.array(golden["cov"]), rel=1e-7)
        assert logs[place] - logs[0] == pytest.approx(golden["restricted"] - first, abs=1e-6)


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: case["form"])
def test_newey_and_wests_errors_that_ours_are_held_against_are_those_of_statsmodels(case):
    d, y = np.array(GOLDEN["d"]), np.array(GOLDEN["y"])
    _, covariance = newey_west(forms.design(case["form"], d), y, case["maxlags"])
    assert covariance == pytest.approx(np.array(case["hac"]), rel=1e-7)


def test_long_runs_are_averaged_and_say_the_same():
    generator = np.random.default_rng(1)
    d = path(4000, 7.6)
    y = gold_at("bon", d, 5.5) + 0.2 * generator.normal(size=4000)
    found = fit(np.arange(4000.0), d, y, BOTH)
    plain, *_ = np.linalg.lstsq(forms.design("bon", d), y, rcond=None)
    assert found.points == 4000
    assert forms.unscaled("bon", found.mean("bon"), found.scale) == pytest.approx(plain, abs=0.02)


def test_runs_together_rest_on_the_spread_between_them():
    generator = np.random.default_rng(3)
    d = path(40, 7.6)
    each = [
        fit(np.arange(40.0), d, gold_at("bon", d, 5.5) + 0.05 * autoregressive(generator, 40, 0.9), ("bon",), 7.6)
        for _ in range(8)
    ]
    found = pooled(each)
    means = np.stack([one.mean("bon") for one in each])
    assert found.freedom == 7
    assert found.coefficient[0] == pytest.approx(means.mean(axis=0))
    assert np.sqrt(np.diag(found.covariance[0])) == pytest.approx(means.std(axis=0, ddof=1) / np.sqrt(8))


# ------------------------------------------------------------------ the peak


def one_fit(a: float, b: float, var_a: float, var_b: float, freedom: float, most: float = 100.0) -> Fit:
    """A fit of the best-of-n form whose peak is a ratio of two independent estimates, a / 2b."""
    covariance = np.diag([1.0, var_a, var_b])[None]
    return Fit((forms.BON,), np.ones(1), np.array([[0.0, a, b]]), covariance, freedom, 1.0, most, 12)


def test_the_set_is_fiellers():
    """The worked example of DC-Stats: 14 ± 3 over 7 ± 2 with 10 degrees of freedom, 90 %: 1.051413 to 4.414296."""
    peak = peak_of(one_fit(14, 3.5, 9, 1, 10), 0.9)
    assert (peak.low, peak.high) == pytest.approx((1.051413, 4.414296), abs=1e-6)
    assert peak.value == pytest.approx(2.0, abs=1e-6)


def test_a_set_without_an_upper_end_says_only_where_the_peak_is_not():
    peak = peak_of(one_fit(14, 1.0, 4, 1, 50), 0.95)
    assert peak.high is None
    assert 0 < peak.low < 7
    nothing = peak_of(one_fit(1, 0.5, 4, 1, 50), 0.95)
    assert (nothing.low, nothing.high, nothing.told) == (0.0, None, False)


def test_a_peak_beyond_the_data_is_not_reached():
    peak = peak_of(one_fit(14, 3.5, 1e-4, 1e-4, 50, most=1.0), 0.95)
    assert (peak.value, peak.high) == (None, None)
    assert peak.low == pytest.approx(1.25)


def test_a_valley_has_no_peak():
    d = path(80, 8.0)
    valley = fit(np.arange(80.0), d, -gold_at("bon", d, 4.0) + 1e-3 * np.sin(np.arange(80)), ("bon",))
    peak = peak_of(valley, 0.95)
    assert (peak.valley, peak.value, peak.told) == (True, None, False)


def covered(form: str, n: int, rho: float, seed: int, white: float = 0.0) -> tuple[bool, bool]:
    """Whether the peak of one simulated run lies in its set, and whether that ends within the data."""
    generator = np.random.default_rng([seed, n])
    d = path(n, 6.4)
    errors = np.sqrt(1 - white) * autoregressive(generator, n, rho) + np.sqrt(white) * generator.normal(size=n)
    found = fit(np.arange(float(n)), d, 0.3 + gold_at(form, d, 4.0, 1.6) + 0.25 * errors, BOTH)
    peak = peak_of(found, 0.95)
    return peak.low <= 4.0 and (peak.high is None or peak.high >= 4.0) and not peak.valley, peak.high is not None


@pytest.mark.parametrize(
    ("form", "n", "rho"),
    [("bon", 40, 0.0), ("rl", 60, 0.5), ("bon", 60, 0.9), ("rl", 120, 0.9)],
)
def test_the_peak_lies_in_its_set_in_at_least_90_of_100_seeds(form, n, rho):
    hits, ended = np.mean([covered(form, n, rho, seed) for seed in range(100)], axis=0)
    assert hits >= 0.9
    assert ended >= (0.1 if rho == 0.9 else 0.3)


def test_a_line_through_the_origin_would_miss_the_peak_that_a_fitted_intercept_holds():
    """The case that gave 16 % to a bootstrap without an intercept: gold .3 above its curve all along."""
    hits = [covered("bon", 100, 0.0, seed)[0] for seed in range(100)]
    assert np.mean(hits) >= 0.9


@settings(max_examples=20, deadline=None)
@given(st.floats(0.01, 1000), st.floats(-1000, 1000), st.integers(0, 20))
def test_neither_unit_nor_level_of_the_reward_moves_the_peak(scale, shift, seed):
    generator = np.random.default_rng(seed)
    d = path(50, 7.6)
    y = gold_at("bon", d, 5.5) + 0.05 * autoregressive(generator, 50, 0.5)
    one = peak_of(fit(np.arange(50.0), d, y, BOTH), 0.95)
    other = peak_of(fit(np.arange(50.0), d, scale * y + shift, BOTH), 0.95)
    assert one.low == pytest.approx(other.low, rel=1e-4)
    assert (one.high is None) == (other.high is None)
    if one.high is not None and other.high is not None:
        assert one.high == pytest.approx(other.high, rel=1e-4)


@settings(max_examples=20, deadline=None)
@given(st.floats(0.05, 50), st.integers(0, 20))
def test_the_unit_of_the_kl_only_moves_the_peak_with_it(scale, seed):
    generator = np.random.default_rng(seed)
    d = path(50, 7.6)
    y = gold_at("rl", d, 5.5) + 0.05 * autoregressive(generator, 50, 0.5)
    one, other = (peak_of(fit(np.arange(50.0), d * by, y, BOTH), 0.95) for by in (1.0, scale))
    assert one.low * scale == pytest.approx(other.low, rel=1e-4)


# ------------------------------------------------------------------ what was lost


def test_the_loss_since_the_peak_is_in_its_interval_in_at_least_90_of_100_seeds():
    hits = []
    for seed in range(100):
        generator = np.random.default_rng(seed)
        d = path(100, 7.6)
        gold = gold_at("bon", d, 5.0) + 0.05 * autoregressive(generator, 100, 0.5)
        step = np.arange(100.0)
        series = of_kl("one", Course(step, d**2), {"gold": Course(step, gold)})
        found = found_of(series, "gold", Asked(BOTH, 0.95, seed))
        lost = found.levels()["gold_lost"]
        true = 1.0 - float(gold_at("bon", np.array([found.now]), 5.0)[0])
        hits.append(lost.low <= true <= lost.high)
    assert np.mean(hits) >= 0.9
