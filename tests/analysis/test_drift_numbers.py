"""Drift: error rates, coverage and change points on simulated truth; decompositions against sums by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from engine.analysis import DriftParameters
from engine.analysis.drift.attribution import attribution
from engine.analysis.drift.cells import cells_of, judged, tallies_of
from engine.analysis.drift.change import (
    _partition,
    changes_of,
    from_differences,
    long_run_variance,
    series_of,
)
from engine.analysis.drift.distances import distances
from engine.analysis.drift.features import features_of
from engine.analysis.drift.windows import windows_of
from engine.types import Rows
from jobs.simulator import training
from jobs.simulator.truth import Drift, Truth
from tests.analysis.compare_worlds import identity
from tests.analysis.drifts import ANALYSIS, conclude, number, rollouts

GOLDEN = json.loads(Path(__file__).with_name("golden").joinpath("drift.json").read_text())


def cells_alone(rows, windows=5):
    """The judged cells without everything that is made for showing them."""
    params = DriftParameters(windows=windows)
    state = ANALYSIS.observe(rows, params)
    cut = windows_of(state, params)
    cells = [cell for one in features_of(state) for cell in cells_of(cut, one, tallies_of(state, cut, one), 0.95)]
    return judged(cells, 0.05, 0.2)


# ------------------------------------------------------------------ error rates


def test_false_discoveries_stay_rare_where_rows_of_a_prompt_go_together():
    """No drift, six rows a prompt that go together: p-values of rows alone would call drift in most repetitions."""
    called = naive = small = tested = 0
    repetitions = 120
    for seed in range(repetitions):
        rows = rollouts(500, answers=6, together=0.7, seed=seed)
        cells = cells_alone(rows)
        called += any(cell.q_value <= 0.05 for cell in cells)
        small += sum(cell.p_value <= 0.05 for cell in cells)
        tested += len(cells)
        reward = rows.columns["reward"]
        naive += any(stats.ttest_ind(reward[:600], part).pvalue <= 0.05 for part in np.array_split(reward[600:], 4))
    assert called <= 0.05 * repetitions + 3 * np.sqrt(0.05 * 0.95 * repetitions)
    assert 0.02 < small / tested < 0.065
    assert naive > 0.5 * repetitions


@pytest.mark.parametrize(("kind", "least"), [({"length": 0.4}, 0.95), ({"spread": 2.0}, 0.9), ({"mix": 0.3}, 0.95)])
def test_drift_of_each_kind_is_found(kind, least):
    feature = {"length": "length", "spread": "entropy", "mix": "topic"}[next(iter(kind))]
    found = 0
    for seed in range(40):
        cells = cells_alone(rollouts(1500, begins=0.5, seed=seed, **kind))
        found += any(cell.drifted and cell.feature == feature for cell in cells)
        wrong = [cell for cell in cells if cell.drifted and cell.feature not in (feature, "length")]
        assert len(wrong) <= 1
    assert found >= least * 40


@pytest.mark.parametrize("together", [0.0, 0.7])
def test_intervals_hold_the_truth(together):
    """Standardised difference and Cramér's V of a large population, composition and change within of its means."""
    truth = conclude(
        rollouts(60_000, length=0.5, mix=0.3, begins=0.5, together=0.0, steps=2, seed=999), windows=2, feature="length"
    )
    names = ("effect", "cramers_v", "cliffs_delta", "composition", "within", "mean_change")
    held = dict.fromkeys(names, 0)
    repetitions = 120
    for seed in range(repetitions):
        rows = rollouts(300, answers=4, length=0.5, mix=0.3, begins=0.5, together=together, steps=2, seed=seed)
        found = conclude(rows, windows=2, feature="length").estimates
        for name in names:
            held[name] += found[name].low <= number(truth, name) <= found[name].high
    assert all(0.88 * repetitions <= count for count in held.values()), held


# ------------------------------------------------------------------ composition


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 6))
def test_composition_and_change_within_are_kitagawas(seed, groups):
    generator = np.random.default_rng(seed)
    n = 200
    group, later = generator.integers(0, groups, n), generator.integers(0, 2, n)
    value = generator.normal(size=n) + group
    later[group == groups - 1] = seed % 2  # a value that only one window has
    later[:2] = 0, 1
    words = tuple(map(str, range(groups)))
    found = attribution("topic", words, group, value, later, np.arange(n), 0.95)
    assert found is not None
    composition = within = 0.0
    for one in range(groups):
        shares, means = [], []
        for window in (0, 1):
            inside = (group == one) & (later == window)
            shares.append(inside.sum() / (later == window).sum())
            means.append(value[inside].mean() if inside.any() else None)
        known = [mean for mean in means if mean is not None]
        if known:
            one_mean, other_mean = (known[0] if mean is None else mean for mean in means)
            composition += (shares[1] - shares[0]) * (one_mean + other_mean) / 2
            within += (shares[0] + shares[1]) / 2 * (other_mean - one_mean)
    assert found.composition.value == pytest.approx(composition)
    assert found.within.value == pytest.approx(within)
    assert found.change.value == pytest.approx(value[later == 1].mean() - value[later == 0].mean())


def test_too_few_buckets_have_no_composition():
    args = (np.zeros(50, np.int64), np.arange(50.0), np.arange(50) % 2)
    assert attribution("a", ("x",), *args, np.arange(50) % 9, 0.95) is None
    assert attribution("a", ("x",), args[0], args[1], args[0], np.arange(50), 0.95) is None


# ------------------------------------------------------------------ change points


@pytest.mark.parametrize("case", GOLDEN["lines"])
def test_the_partition_is_the_cheapest(case):
    """The one of ruptures among those of as many parts; the penalty is searched that gives so many."""
    value, bounds = np.array(case["value"]), [0, *case["bounds"]]
    found = {tuple(_partition(value, penalty)) for penalty in np.geomspace(0.5, 500, 60)}
    assert tuple(bounds) in found


def test_transport_is_the_area_between_the_distribution_functions():
    case = GOLDEN["transport"]
    assert distances(np.array(case["a"]), np.array(case["b"])).wasserstein == pytest.approx(case["distance"])


def noise(correlation: float, size: int, generator: np.random.Generator) -> np.ndarray:
    """A stationary autoregression of order one of variance 1."""
    fresh = generator.normal(size=size) * np.sqrt(1 - correlation**2)
    fresh[0] = generator.normal()
    for place in range(1, size):
        fresh[place] += correlation * fresh[place - 1]
    return fresh


@pytest.mark.parametrize(("correlation", "jump"), [(0.0, 1.0), (0.5, 2.0)])
def test_a_change_lies_in_its_set_and_none_is_found_where_there_is_none(correlation, jump):
    held = found = false = 0
    for seed in range(100):
        line = noise(correlation, 200, np.random.default_rng(seed))
        false += bool(changes_of(line, 0.95))
        moved = changes_of(line + jump * (np.arange(200) >= 120), 0.95)
        if moved:
            most = max(moved, key=lambda change: abs(change.after - change.before))
            found, held = found + 1, held + (most.low <= 120 <= most.high)
    assert false <= 10
    assert found >= 90
    assert held >= 90


def test_a_wandering_line_and_a_short_one_tell_no_change():
    walks = [np.cumsum(np.random.default_rng(seed).normal(size=200)) for seed in range(40)]
    assert sum(bool(changes_of(walk, 0.95)) for walk in walks) <= 8
    assert changes_of(np.r_[np.zeros(9), np.ones(9)], 0.95) == []
    assert changes_of(np.ones(50), 0.95) == []
    (change,) = changes_of(np.r_[np.zeros(30), np.ones(30)], 0.95)
    assert (change.place, change.before, change.after) == (30, 0, 1)


def test_the_long_run_variance_of_an_autoregression():
    lines = [noise(0.5, 400, np.random.default_rng(seed)) for seed in range(60)]
    true = (1 + 0.5) / (1 - 0.5)
    assert np.mean([long_run_variance(line - line.mean()) for line in lines]) == pytest.approx(true, rel=0.15)
    jumped = [line + 3 * (np.arange(400) > 200) for line in lines]
    assert np.median([from_differences(line)[1] for line in jumped]) == pytest.approx(true, rel=0.25)


def test_cells_of_a_line_do_not_part_a_step():
    at = np.repeat(np.arange(60.0), 9)
    series = series_of(at[::-1].copy(), np.arange(540.0)[::-1].copy())
    assert len(series) == 60
    assert (series.at == series.end).all()
    assert series.value.tolist() == np.arange(540.0).reshape(60, 9).mean(axis=1).tolist()


def simulated(seed: int, steps: int) -> Rows:
    """The rollouts of the simulated project, whose prompts come in another mix from a minute (here: a step) on."""
    truth = Truth(seed=seed, drift=Drift(minute=0.6 * steps))
    written = [training.lines(truth, step * training.TICKS_A_STEP)[training.ROLLOUT_FILE] for step in range(steps)]
    rows = [json.loads(line) for lines in written for line in lines]
    domains = sorted({row["subset"] for row in rows})
    columns = {
        "reward": np.array([row["reward"] for row in rows]),
        "step": np.array([row["step"] for row in rows], float),
        **identity(np.arange(len(rows))),
    }
    codes = np.array([domains.index(row["subset"]) for row in rows], np.int32)
    return Rows("rollout", columns, {"subset": (codes, domains)})


def test_the_step_of_the_simulated_drift_lies_in_its_set():
    held = found = 0
    for seed in range(100):
        changes = conclude(simulated(seed, 150), windows=2, feature="subset").pictures["means"]["changes"]
        found += bool(changes)
        held += any(change["low"] <= 90 <= change["high"] for change in changes)
    assert found >= 90
    assert held >= 90
