"""Confidence sequences: the wealth in closed form, coverage at every look, and no dependence on order."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.analysis.sequences import BETS, anytime_p, confidence_sequence, log_wealth

GOLDEN = json.loads(Path(__file__).with_name("golden").joinpath("compare.json").read_text())


@pytest.mark.parametrize(("ones", "count", "mean", "expected"), GOLDEN["wealth"])
def test_wealth_on_zeros_and_ones_is_a_mean_of_likelihood_ratios(ones, count, mean, expected):
    found = log_wealth(np.array([0.0, 1.0]), np.array([count - ones, ones], float), mean)
    assert np.exp(found) == pytest.approx(expected, rel=1e-9)


def test_wealth_grows_value_by_value():
    values = np.random.default_rng(0).random(50)
    bets = 0.96 * 2.0 ** -(np.arange(18) / 2)
    wealth = np.ones(18)
    for value in values:
        wealth *= 1 + bets * (value / 0.4 - 1)
    assert log_wealth(values, np.ones(50), 0.4) == pytest.approx(np.log(wealth.mean()), rel=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.sampled_from([0.8, 0.95, 0.99]))
def test_the_interval_holds_the_mean_and_mirrors_and_forgets_the_order(values, level):
    found = np.array(values)
    low, high = confidence_sequence(found, level)
    assert 0 <= low <= found.mean() + 1e-9
    assert found.mean() - 1e-9 <= high <= 1
    assert confidence_sequence(1 - found, level) == pytest.approx((1 - high, 1 - low), abs=1e-8)
    assert confidence_sequence(found[::-1], level) == (low, high)
    wider = confidence_sequence(found, 0.999)
    assert wider[0] <= low + 1e-9
    assert wider[1] >= high - 1e-9


def test_values_that_are_all_equal_to_an_end():
    low, high = confidence_sequence(np.zeros(200), 0.95)
    assert low == 0
    assert 0.01 < high < 0.05
    low, high = confidence_sequence(np.ones(200), 0.95)
    assert high == 1
    assert 0.95 < low < 0.99


def test_looking_again_and_again_leaves_out_the_mean_no_more_often_than_said():
    missed = 0
    for seed in range(60):
        values = np.random.default_rng(seed).choice([0.0, 0.5, 1.0], 400, p=[0.2, 0.65, 0.15])
        looks = (confidence_sequence(values[:n], 0.9) for n in range(50, 401, 50))
        missed += any(not low <= 0.475 <= high for low, high in looks)
    assert missed / 60 <= 0.1


def test_it_becomes_as_narrow_as_the_variance_allows():
    generator = np.random.default_rng(1)
    values = 0.5 + generator.normal(0, 0.05, 5000).clip(-0.5, 0.5)
    low, high = confidence_sequence(values, 0.95)
    assert high - low < 4 * 2 * 0.05 / np.sqrt(5000)


def test_anytime_p_values():
    generator = np.random.default_rng(3)
    assert anytime_p(np.full(50, 0.5), 0.5) == pytest.approx(1.0)
    assert anytime_p((generator.random(500) < 0.65).astype(float), 0.5) < 1e-6
    crossed = 0
    for seed in range(300):
        values = (np.random.default_rng(seed).random(600) < 0.5).astype(float)
        crossed += min(anytime_p(values[:n], 0.5) for n in range(20, 601, 40)) <= 0.1
    assert crossed / 300 <= 0.1


def wealth(values: np.ndarray, mean: float) -> float:
    """Of one unit, after bets of fixed shares on values above `mean`, value by value, averaged over the shares."""
    bets = [0.96 / 2 ** (number / 2) for number in range(18)]
    return float(np.mean([np.prod([1 - bet + bet * value / mean for value in values]) for bet in bets]))


def test_the_shares_that_are_bet():
    assert pytest.approx([0.96 / 2 ** (number / 2) for number in range(18)]) == BETS


@pytest.mark.parametrize("mean", [0.3, 0.5, 0.62])
def test_an_anytime_p_value_is_one_by_the_wealth_of_both_sides(mean):
    values = np.random.default_rng(5).choice([0.0, 0.25, 0.5, 1.0], 40)
    both = (wealth(values, mean) + wealth(1 - values, 1 - mean)) / 2
    assert anytime_p(values, mean) == pytest.approx(min(1 / both, 1), rel=1e-9)
    assert anytime_p(values, 0.2) == pytest.approx(2 / (wealth(values, 0.2) + wealth(1 - values, 0.8)), rel=1e-9)


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_the_ends_are_where_the_wealth_is_what_the_level_asks_for(level):
    values = np.random.default_rng(6).choice([0.0, 0.25, 0.5, 1.0], 60)
    low, high = confidence_sequence(values, level)
    assert wealth(values, low) == pytest.approx(2 / (1 - level), rel=1e-5)
    assert wealth(1 - values, 1 - high) == pytest.approx(2 / (1 - level), rel=1e-5)


def test_values_so_few_that_nothing_is_known():
    assert confidence_sequence(np.zeros(0), 0.95) == (0, 1)
    low, high = confidence_sequence(np.array([0.5]), 0.95)
    assert 0 < low < 0.1
    assert high == pytest.approx(1 - low)
    assert confidence_sequence(np.array([5e-12]), 0.95)[0] == 0
    assert confidence_sequence(np.array([1e-13, 0.0]), 0.95)[0] == 0
