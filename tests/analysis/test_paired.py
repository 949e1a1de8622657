"""Paired tests against statsmodels, published examples and every pattern of signs (golden/compare.py)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from engine.analysis.intervals import benjamini_hochberg, critical, normal_quantile
from engine.analysis.paired import holm, largest_quantile, mcnemar, sign_flips, wilson

GOLDEN = json.loads(Path(__file__).with_name("golden").joinpath("compare.json").read_text())


@pytest.mark.parametrize(("first", "second", "expected"), GOLDEN["mcnemar"])
def test_mcnemar_is_that_of_statsmodels(first, second, expected):
    assert mcnemar(first, second)[0] == pytest.approx(expected, rel=1e-9)


def test_mid_p_of_a_published_table():
    """Fagerland, Lydersen and Laake 2013, airway hyper-responsiveness: exact .0703, mid-p .0391."""
    assert mcnemar(1, 7) == pytest.approx((0.0703125, 0.0390625))
    assert mcnemar(12, 25)[0] == pytest.approx(0.04703102743951604, rel=1e-14)


@given(st.integers(0, 60), st.integers(0, 60))
def test_mid_p_takes_half_of_what_was_seen_from_both_ends(first, second):
    exact, mid = mcnemar(first, second)
    count, least = first + second, min(first, second)
    expected = 2 * stats.binom.cdf(least, count, 0.5) - stats.binom.pmf(least, count, 0.5)
    assert mid == pytest.approx(min(1.0, expected) if count else 1.0, abs=1e-12)
    assert 0 < mid <= exact <= 1
    assert mcnemar(second, first) == (exact, mid)


@pytest.mark.parametrize(("hits", "count", "low", "high"), GOLDEN["wilson"])
def test_wilson_is_that_of_statsmodels(hits, count, low, high):
    found = wilson(hits / count, count, normal_quantile(0.95))
    assert found == pytest.approx((low, high), rel=1e-9, abs=1e-12)


def test_adjusted_p_values_are_those_of_statsmodels():
    p_values = np.array(GOLDEN["p_values"])
    assert holm(p_values) == pytest.approx(GOLDEN["holm"], rel=1e-9)
    assert benjamini_hochberg(p_values) == pytest.approx(GOLDEN["bh"], rel=1e-9)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_keeps_the_order_and_never_lowers(p_values):
    found = np.array(p_values)
    adjusted = holm(found)
    assert (adjusted >= found - 1e-15).all()
    assert (adjusted <= 1).all()
    assert (np.diff(adjusted[np.argsort(found, kind="stable")]) >= 0).all()


def test_sign_flips_are_near_every_pattern_of_signs():
    sums = np.array(GOLDEN["sums"])
    found = sign_flips(np.stack([sums, -sums, np.zeros(12)], axis=1), 20_000, 3)
    assert found[0] == pytest.approx(GOLDEN["flips"], abs=0.008)
    assert found[1] == found[0]
    assert found[2] == 1.0
    assert sign_flips(np.ones((40, 1)), 999, 0)[0] == 1 / 1000
    assert (
        sign_flips(np.stack([sums, sums], axis=1), 500, 3) == sign_flips(np.stack([sums, sums], axis=1), 500, 3)
    ).all()


def test_sign_flips_reject_a_true_null_as_often_as_they_say():
    generator = np.random.default_rng(5)
    sums = generator.standard_t(3, (60, 2000))
    assert np.mean(sign_flips(sums, 999, 1) <= 0.05) == pytest.approx(0.05, abs=0.012)


def test_the_quantile_for_all_is_that_of_independent_and_of_equal_estimates():
    generator = np.random.default_rng(2)
    apart = np.linalg.qr(generator.normal(size=(4000, 5)))[0]
    expected = stats.norm.ppf(0.5 + 0.95**0.2 / 2)
    assert largest_quantile(apart, 0.95, 20_000, 0) == pytest.approx(expected, rel=0.015)
    same = np.repeat(apart[:, :1], 5, axis=1)
    assert largest_quantile(same, 0.95, 20_000, 0) == pytest.approx(1.96, rel=0.02)
    one = generator.normal(size=(12, 1))
    assert largest_quantile(one, 0.95, 100, 0) == pytest.approx(critical(0.95, 12))
    wide = generator.normal(size=(40, 200))
    assert largest_quantile(wide, 0.95, 4000, 0) > largest_quantile(wide[:, :20], 0.95, 4000, 0)
