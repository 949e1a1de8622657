"""Sequential detectors against river, published values, themselves fed row by row, and what they state."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.analysis.monitor import page_hinkley
from engine.analysis.monitor.betting import Betting, bounds
from engine.analysis.monitor.bootstrap import Baseline, made_up, statistic, threshold_of_chance, threshold_of_rate
from engine.analysis.monitor.change import changed
from engine.analysis.monitor.checks import exchangeable, stationary, unit_root
from engine.analysis.monitor.conformal import Jumper, Ranks, normal_scores
from engine.analysis.monitor.cusum import Cusum, arl0, sums, threshold
from engine.analysis.monitor.page_hinkley import PageHinkley
from engine.analysis.sequences import BETS, confidence_sequence, difference_sequence
from engine.errors import Conflict, UsageError
from tests.analysis.training_worlds import stream

GOLDEN = json.loads(Path(__file__).with_name("golden").joinpath("monitor.json").read_text())
SIDES = {"both": 0, "up": 1, "down": -1}


# ------------------------------------------------------------------ published and golden values


def test_page_hinkley_rings_where_it_was_published_to():
    for case, expected in zip(GOLDEN["published"], ([424, 614], [529]), strict=True):
        after, _ = PageHinkley().feed(np.array(case["values"]))
        assert list(after.alarms) == expected == case["alarms"]


@pytest.mark.parametrize("case", GOLDEN["cases"])
def test_page_hinkley_rings_where_river_does(case):
    how = case["how"]
    detector = PageHinkley(
        threshold=how["threshold"],
        delta=how.get("delta", 0.005),
        least=how.get("min_instances", 30),
        fading=how.get("alpha", 0.9999),
        sides=SIDES[how.get("mode", "both")],
    )
    after, _ = detector.feed(np.array(case["values"]))
    assert list(after.alarms) == case["alarms"]


def test_cusum_rings_where_it_was_published_to():
    after, _ = Cusum(k=0.5, h=5.0).feed(np.array(GOLDEN["published"][1]["values"]))
    assert after.alarms[0] == 501


def test_average_run_lengths_of_cusum_are_those_of_the_tables():
    """Montgomery's table of both sides, and the one-sided 930.9 of h = 5; the simulation of 400 runs gave 499 ± 28."""
    assert arl0(0.5, 5.0) == pytest.approx(465, abs=0.5)
    assert arl0(0.5, 4.0) == pytest.approx(168, abs=0.5)
    assert arl0(0.5, 5.0, 1) == pytest.approx(930.89, abs=0.01)
    assert abs(arl0(0.5, 5.0) - 499.3) < 2 * 27.6
    for length in (50.0, 465.0, 3333.0):
        assert arl0(0.5, threshold(length)) == pytest.approx(length, rel=1e-6)
    with pytest.raises(UsageError, match="between 20 and 1,000,000"):
        threshold(3.0)


def test_the_jumper_is_the_published_one():
    after, told = Jumper(alpha=0.01).feed(np.array(GOLDEN["p"]))
    assert np.exp(told) == pytest.approx(GOLDEN["jumper"], rel=1e-10)
    assert np.exp(told[499]) == pytest.approx(0.158082855303492, rel=1e-12)
    assert after.alarms == (529,)


# ------------------------------------------------------------------ at once, in parts, row by row

DETECTORS = {
    "page_hinkley": PageHinkley(threshold=12.0),
    "cusum": Cusum(h=3.0),
    "jumper": Jumper(alpha=0.05),
    "betting": Betting(mean=0.45, alpha=0.05),
}


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.sampled_from(sorted(DETECTORS)), st.integers(0, 999), st.lists(st.integers(0, 200), max_size=4))
def test_alarms_do_not_depend_on_how_a_detector_is_fed(name, seed, cuts):
    generator = np.random.default_rng(seed)
    values = generator.normal(size=200) + 0.6 * (np.arange(200) > 100)
    if name in ("jumper", "betting"):
        values = 1 / (1 + np.exp(-values))
    whole, told = DETECTORS[name].feed(values)
    state, parts = DETECTORS[name], []
    for part in np.split(values, sorted(cuts)):
        state, each = state.feed(part)
        parts.append(each)
    assert state.alarms == whole.alarms
    assert np.concatenate(parts) == pytest.approx(told, rel=1e-9, abs=1e-9)
    rows = DETECTORS[name].advance([((at, 0), value) for at, value in enumerate(values)])
    assert rows.alarms == whole.alarms
    assert rows.position == (199, 0)


def test_a_late_row_is_refused():
    state = Cusum().advance([((5, 0), 0.1)])
    with pytest.raises(Conflict):
        state.advance([((4, 0), 0.1)])


def test_many_alarms_in_a_long_stream_are_those_of_short_steps():
    values = np.random.default_rng(0).normal(size=20_000)
    for detector in (Cusum(h=2.5), PageHinkley(threshold=9.0)):
        whole, _ = detector.feed(values)
        assert len(whole.alarms) > 50
        state = detector
        for part in np.array_split(values, 313):
            state, _ = state.feed(part)
        assert state.alarms == whole.alarms


def test_the_plain_recursions_are_met():
    values = np.random.default_rng(1).normal(size=300)
    ups, downs = sums(values, 0.5)
    up = down = 0.0
    for place, value in enumerate(values):
        up, down = max(0.0, up + value - 0.5), max(0.0, down - value - 0.5)
        assert (ups[place], downs[place]) == pytest.approx((up, down), abs=1e-9)
    told = page_hinkley.statistic(values[None, :])[0]
    assert told == pytest.approx(np.r_[np.zeros(29), PageHinkley(threshold=1e9).feed(values)[1][29:]])


@given(st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.5]), min_size=1, max_size=60))
def test_ranks_are_those_of_counting(values):
    given_values = np.array(values)
    ties = np.linspace(0, 0.99, len(values))
    _, p = Ranks(np.zeros(0)).feed(given_values, ties)
    for place, value in enumerate(given_values):
        before = given_values[:place]
        expected = ((before > value).sum() + ties[place] * ((before == value).sum() + 1)) / (place + 1)
        assert p[place] == pytest.approx(expected)


def test_a_betting_process_in_periods_is_the_product_of_its_bets():
    generator = np.random.default_rng(2)
    values, sizes = generator.random(60), np.array([5, 1, 14, 20, 20])
    _, told = Betting(mean=0.4).feed(values, sizes)
    ends = np.cumsum(sizes)
    wealth = []
    for period, end in enumerate(ends, 1):
        total = 1 / (period + 1)
        for start in range(1, period + 1):
            begun = values[0 if start == 1 else ends[start - 2] : end]
            grown = np.prod(1 + BETS[:, None] * (begun / 0.4 - 1), axis=1).mean()
            total += grown / (start * (start + 1))
        wealth.append(total)
    assert np.exp(told) == pytest.approx(wealth)


# ------------------------------------------------------------------ what they state


def test_a_martingale_of_an_exchangeable_stream_seldom_rings():
    rang = 0
    for seed in range(200):
        generator = np.random.default_rng(seed)
        _, p = Ranks(np.zeros(0)).feed(generator.gamma(0.5, 1, 400).round(1), generator.random(400))
        rang += bool(Jumper(alpha=0.1).feed(p)[0].alarms)
    assert rang <= 26, "a chance of .1 gives more than 26 of 200 once in a hundred times"


def test_a_cusum_of_ranks_keeps_its_run_length_whatever_the_distribution():
    lengths = []
    for seed in range(120):
        generator = np.random.default_rng(seed)
        _, p = Ranks(np.zeros(0)).feed(generator.pareto(1.1, 1200), generator.random(1200))
        after, _ = Cusum(h=threshold(100.0)).feed(normal_scores(p))
        lengths.append(after.alarms[0] if after.alarms else 1200)
    assert 80 < np.mean(lengths) < 125


def test_bets_against_a_mean_that_holds_seldom_ring_though_values_depend_on_each_other():
    """The spread of what comes next follows from what came; its mean stays."""
    rang = 0
    for seed in range(200):
        generator = np.random.default_rng(seed)
        spread, values = 0.1, []
        for _ in range(300):
            values.append(0.5 + spread * generator.choice([-1, 1]))
            spread = 0.45 if values[-1] > 0.5 else 0.02
        rang += bool(Betting(mean=0.5, alpha=0.1).feed(np.array(values))[0].alarms)
    assert rang <= 26


def test_bounds_of_a_baseline_hold_its_mean():
    held = 0
    for seed in range(200):
        low, high = bounds(np.random.default_rng(seed).beta(2, 5, 80), 0.1)
        held += low <= 2 / 7 <= high
    assert held >= 180
    low, high = bounds(np.zeros(50), 0.1)
    assert low == pytest.approx(1e-6)
    assert 0 < high < 0.2


def test_an_interval_of_a_difference_holds_it_at_every_look():
    missed = 0
    for seed in range(100):
        generator = np.random.default_rng(seed)
        one, other = generator.random(200) < 0.7, generator.random(200) < 0.5
        for count in (10, 50, 200):
            low, high = difference_sequence(one[:count] * 1.0, other[:count] * 1.0, 0.9)
            if not low <= 0.2 <= high:
                missed += 1
                break
    assert missed <= 10
    one, other = np.linspace(0, 1, 40), np.linspace(0, 0.5, 30)
    alone = confidence_sequence(one, 0.975), confidence_sequence(other, 0.975)
    assert difference_sequence(one, other, 0.95) == (alone[0][0] - alone[1][1], alone[0][1] - alone[1][0])


# ------------------------------------------------------------------ checks


def share(check, kind: str, points: int, runs: int = 60) -> float:
    return float(np.mean([check(stream(kind, points, np.random.default_rng(seed))).passed for seed in range(runs)]))


def test_only_streams_without_order_pass_for_exchangeable():
    assert share(exchangeable, "white", 100) > 0.9
    for kind in ("ar_5", "ar_9", "random_walk"):
        assert share(exchangeable, kind, 200) < 0.03
    assert not exchangeable(np.arange(20.0)).passed
    assert not exchangeable(np.ones(50)).passed
    rising = np.repeat(np.arange(20.0), 4)[
        np.random.default_rng(0).permuted(np.arange(80).reshape(20, 4), axis=1).ravel()
    ]
    assert not exchangeable(rising).passed


def test_only_streams_with_a_level_pass_for_stationary():
    assert share(stationary, "white", 100) > 0.8
    assert share(stationary, "ar_5", 100) > 0.6
    for kind in ("random_walk", "saturating"):
        assert share(stationary, kind, 400) < 0.03
    assert share(stationary, "ar_9", 60) < 0.03, "too few independent points"
    for seed in range(10):
        wanders = np.cumsum(np.random.default_rng(seed).normal(size=4000))
        assert not stationary(wanders).passed, "long enough to look like many independent points"
    for still in (np.zeros(100), np.full(100, 1e9), np.arange(10.0)):
        assert not stationary(still).passed


def test_the_unit_root_statistic_of_plain_cases():
    """Without lagged differences it is the t of a regression of steps on levels."""
    values = np.random.default_rng(3).normal(size=40)
    design = np.stack([np.ones(39), values[:-1]], axis=1)
    found, rest, *_ = np.linalg.lstsq(design, np.diff(values), rcond=None)
    error = np.sqrt(rest[0] / 37 * np.linalg.inv(design.T @ design)[1, 1])
    assert unit_root(values) == pytest.approx(found[1] / error, rel=0.35)
    assert unit_root(values) < -3.43
    assert unit_root(np.arange(60.0)) <= 0


def test_a_regression_that_is_not_determined_excludes_no_unit_root():
    for values in (np.r_[np.zeros(60), 1.0, np.zeros(39)], np.repeat([0.0, 1.0], 50), np.tile([0.0, 0.0, 1.0], 40)):
        assert not np.isnan(unit_root(values))


# ------------------------------------------------------------------ thresholds from made-up runs


def test_made_up_runs_are_like_their_beginning():
    first = stream("ar_5", 400, np.random.default_rng(0)) * 3 + 7
    runs = made_up(first, 0, runs=100, horizon=500)
    assert runs.shape == (100, 900)
    assert runs.mean() == pytest.approx(first.mean(), abs=0.5)
    near = np.mean([np.corrcoef(run[1:], run[:-1])[0, 1] for run in runs])
    assert 0.5 < near < 0.75, "as strong as it may be"
    assert made_up(first, 0, 5, 10) == pytest.approx(made_up(first, 0, 5, 10))


def test_a_threshold_keeps_the_rate_that_it_states():
    first = stream("white", 200, np.random.default_rng(1))
    loose, strict = (threshold_of_rate(first, "cusum", 0, rate, 0) for rate in (5.0, 0.3))
    assert loose.value < strict.value
    assert strict.rate <= 0.3
    assert 4 < loose.rate <= 5
    chance = threshold_of_chance(first, "cusum", 0, 0.05, 500, 0)
    assert chance.value > loose.value


@pytest.mark.parametrize("kind", ["white", "ar_5"])
@pytest.mark.parametrize("detector", ["cusum", "page_hinkley"])
def test_false_alarms_of_healthy_runs_are_no_more_than_stated(kind, detector):
    """Quick seeds; benchmarks/alarm_rates.py draws a thousand runs of each."""
    rang = steps = 0
    for seed in range(30):
        values = stream(kind, 700, np.random.default_rng(seed))
        if not stationary(values[:200]).passed:
            continue
        found = threshold_of_rate(values[:200], detector, 0, 1.0, seed)
        beyond = np.flatnonzero(statistic(values[200:], Baseline.of(values[:200]), detector, 0) > found.value)
        rang += len(beyond) > 0
        steps += beyond[0] + 1 if len(beyond) else 500
    assert 1000 * rang / steps < 1.6


# ------------------------------------------------------------------ change times


@pytest.mark.parametrize("kind", ["white", "ar_5"])
@pytest.mark.parametrize("shape", ["step", "slope"])
def test_the_set_of_a_change_holds_it_in_at_least_nine_of_ten_runs(kind, shape):
    held, width = 0, []
    for seed in range(100):
        values = stream(kind, 300, np.random.default_rng(seed))
        since = np.arange(300) - 150
        values += 1.5 * (since >= 0) if shape == "step" else 0.1 * np.maximum(since + 1, 0)
        found = changed(values, 185, 100)
        held += found.low <= 150 <= found.high
        width.append(found.high - found.low)
        assert found.low <= found.at <= found.high <= 185
    assert held >= 90
    assert np.median(width) < 60


def test_a_change_is_not_looked_for_in_the_healthy_beginning():
    values = np.r_[np.zeros(50), np.ones(50)] + np.random.default_rng(0).normal(0, 0.1, 100)
    assert changed(values, 60, 55).low >= 55
    assert changed(values[:52], 51, 50).at <= 51
