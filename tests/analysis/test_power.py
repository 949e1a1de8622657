"""Plans against statsmodels, and against simulated projects of the planned size."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from engine.analysis.power import QUESTIONS, Assumed, Plan, chance_to_find, clusters_of, plan, variance
from engine.errors import UsageError
from tests.analysis.compare_worlds import conclude, pairs_of
from tests.analysis.worlds import conclude as calibrate
from tests.analysis.worlds import pairs

GOLDEN = json.loads(Path(__file__).with_name("golden").joinpath("power.json").read_text())


@pytest.mark.parametrize(("share", "half", "expected"), GOLDEN["half_width"])
def test_half_width_of_an_accuracy(share, half, expected):
    assert plan("accuracy", Assumed(share=share), half_width=half).labels == np.ceil(expected)


@pytest.mark.parametrize(("effect", "power", "expected"), GOLDEN["detect"])
def test_detecting_a_paired_difference(effect, power, expected):
    found = plan("difference", Assumed(deviation=1.0), effect=effect, power=power)
    assert found.labels == pytest.approx(expected, abs=1.01)


@pytest.mark.parametrize(("effect", "expected"), GOLDEN["paired_t"])
def test_the_t_test_takes_two_more(effect, expected):
    assert plan("difference", Assumed(deviation=1.0), effect=effect).labels == pytest.approx(expected, abs=3)


@pytest.mark.parametrize(("kappa", "share", "expected"), GOLDEN["kappa"])
def test_variance_of_kappa(kappa, share, expected):
    assert variance("agreement", Assumed(kappa=kappa, share=share), 0.0) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("models", "each", "expected"), GOLDEN["ranking"])
def test_error_of_a_ranking(models, each, expected):
    comparisons = each * models * (models - 1) / 2
    found = np.sqrt(variance("ranking", Assumed(models=models), 0.0) / comparisons)
    assert found == pytest.approx(expected, rel=1e-6)
    planned = plan("ranking", Assumed(models=models), half_width=1.96 * expected)
    assert planned.labels == pytest.approx(comparisons, rel=1e-3, abs=1)


def test_correlation_within_prompts():
    found = clusters_of(np.array(GOLDEN["prompt"]), np.array(GOLDEN["value"]))
    assert found.correlation == pytest.approx(GOLDEN["intraclass"], rel=1e-9)
    assert found.prompts == 20
    assert found.design_effect == pytest.approx(1 + (found.answers - 1) * found.correlation)
    assert clusters_of(np.arange(5), np.arange(5.0)).correlation == 0
    assert clusters_of(np.repeat([1, 2], 3), np.ones(6)).correlation == 0
    assert clusters_of(np.repeat([1, 2], 3), np.repeat([0.0, 1.0], 3)).correlation == pytest.approx(1)


def test_the_design_effect_is_what_clusters_do_to_a_mean():
    generator = np.random.default_rng(0)
    prompt = np.repeat(np.arange(400), 8)
    means = []
    for _ in range(400):
        value = generator.normal(size=400)[prompt] * 0.5 + generator.normal(size=3200)
        means.append(value.mean())
    found = clusters_of(prompt, value)
    assert found.correlation == pytest.approx(0.2, abs=0.04)
    assert np.var(means) / (1.25 / 3200) == pytest.approx(1 + 7 * 0.2, rel=0.2)
    planned = plan("accuracy", Assumed(answers=8, correlation=0.2), half_width=0.02)
    assert planned.labels == pytest.approx(2.4 * plan("accuracy", Assumed(), half_width=0.02).labels, rel=1e-3)
    assert planned.prompts == -(-planned.labels // 8)


def test_two_systems_of_the_planned_size_are_told_apart_as_often_as_planned():
    planned = plan("difference", Assumed(discordant=0.25), effect=0.06)
    found = 0
    for seed in range(200):
        cells = np.random.default_rng(seed).choice(4, planned.prompts, p=[0.55, 0.095, 0.155, 0.2])
        rows = pairs_of({"x": cells <= 1, "y": (cells == 0) | (cells == 2)}, np.arange(planned.prompts))
        found += conclude(rows, baseline="x", delta=0).verdict == "ship"
    assert found / 200 == pytest.approx(0.8, abs=0.08)


def test_a_calibration_error_is_found_at_the_planned_size():
    stretch = 2.0
    error = calibrate(pairs(200_000, stretch=stretch)).estimates["calibration_error"].value
    planned = plan("calibration_error", Assumed(share=0.72), effect=error)
    lows = [
        calibrate(pairs(planned.labels, stretch=stretch, seed=seed), level=0.9).estimates["calibration_error"].low
        for seed in range(100)
    ]
    assert np.mean(np.array(lows) > 0) == pytest.approx(0.8, abs=0.15)


@given(st.sampled_from(["accuracy", "difference", "ranking", "agreement"]), st.floats(0.05, 0.2), st.floats(0.5, 0.95))
def test_power_and_plan_are_inverse(question, effect, power):
    effect = effect * 400 if question == "ranking" else effect
    assumed = Assumed(share=0.6, kappa=0.4, discordant=0.4)
    planned = plan(question, assumed, effect=effect, power=power)
    assert chance_to_find(question, assumed, effect, planned.labels) >= power - 1e-9
    assert chance_to_find(question, assumed, effect, max(planned.labels - 2, 1)) <= power + 1e-9


@given(st.sampled_from(QUESTIONS), st.floats(0.03, 0.1), st.floats(1.01, 2))
def test_more_is_needed_for_less(question, effect, factor):
    scale = 400 if question == "ranking" else 1

    def needed(**goals: Any) -> Plan:
        return plan(question, Assumed(share=0.6), **goals)

    assert needed(effect=effect * scale * factor).labels <= needed(effect=effect * scale).labels
    assert needed(effect=effect * scale, power=0.9).labels >= needed(effect=effect * scale).labels
    assert needed(effect=effect * scale, level=0.99).labels >= needed(effect=effect * scale).labels


def test_a_paired_difference_is_planned_as_mcnemars_test_is():
    """Connor 1987: (z √p + z √(p − d²))² / d², here with p = .4 and d = .2."""
    root = 1.959963984540054 * np.sqrt(0.4) + 0.8416212335729143 * np.sqrt(0.4 - 0.04)
    assert plan("difference", Assumed(discordant=0.4), effect=0.2).labels == np.ceil((root / 0.2) ** 2)


def test_cost_and_what_is_told_back():
    found = plan("accuracy", Assumed(answers=4, correlation=0.1), half_width=0.03, cost_per_label=0.5)
    assert found.cost == found.labels * 0.5
    assert (found.power, found.effect, found.half_width) == (None, None, 0.03)
    assert found.design_effect == pytest.approx(1.3)
    assert plan("accuracy", Assumed(share=0.98), effect=0.05).labels > 0
    assert stats.norm.ppf(0.975) ** 2 * 0.21 / 0.03**2 * 1.3 == pytest.approx(found.labels, abs=1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"question": "speed", "effect": 0.1},
        {"question": "accuracy"},
        {"question": "accuracy", "effect": 0.1, "half_width": 0.1},
        {"question": "accuracy", "effect": 0},
        {"question": "accuracy", "effect": 1.5},
        {"question": "accuracy", "half_width": float("nan")},
        {"question": "accuracy", "effect": 0.1, "level": 1},
        {"question": "accuracy", "effect": 0.1, "power": 0},
        {"question": "accuracy", "effect": 0.1, "cost_per_label": -1},
        {"question": "accuracy", "effect": 1e-9},
        {"question": "difference", "effect": 0.4},
        {"question": "calibration_error", "half_width": 0.1},
    ],
)
def test_plans_that_make_no_sense_are_refused(wrong):
    with pytest.raises(UsageError):
        plan(wrong.pop("question"), Assumed(), **wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"share": 0},
        {"share": 1},
        {"discordant": 2},
        {"kappa": 1},
        {"correlation": -1},
        {"deviation": -1},
        {"answers": 0.5},
        {"models": 1},
        {"bins": 0},
    ],
)
def test_assumptions_out_of_range_are_refused(wrong):
    with pytest.raises(UsageError):
        Assumed(**wrong)


def test_a_kappa_that_no_table_has_is_refused():
    with pytest.raises(UsageError, match="cannot have a kappa"):
        plan("agreement", Assumed(kappa=-0.6, share=0.7), half_width=0.1)


def test_a_first_guess_of_labels_that_few_suffice_for():
    """The number of labels for a large calibration error, by trying one after the other."""
    noise, effect = 0.25, 0.9

    def found_in(n: float) -> bool:
        null = 2 * noise**2 / n**2
        spread = np.sqrt(null + 4 * noise * effect**2 / n)
        return bool(effect**2 >= stats.norm.ppf(0.95) * np.sqrt(null) + stats.norm.ppf(0.8) * spread)

    fewest = next(n for n in range(1, 100) if found_in(n))
    assert fewest == 3
    assert plan("calibration_error", Assumed(share=0.5, bins=1), effect=effect).labels == fewest


@pytest.mark.parametrize(("bins", "share", "effect"), [(15, 0.7, 0.05), (10, 0.5, 0.1), (1, 0.9, 0.3)])
def test_the_labels_of_a_calibration_error_are_the_fewest_that_do(bins, share, effect):
    noise = share * (1 - share)
    labels = plan("calibration_error", Assumed(share=share, bins=bins), effect=effect, power=0.9).labels

    def lacking(n: int) -> float:
        null = 2 * bins * noise**2 / n**2
        spread = np.sqrt(null + 4 * noise * effect**2 / n)
        return float(stats.norm.ppf(0.95) * np.sqrt(null) + stats.norm.ppf(0.9) * spread - effect**2)

    assert lacking(labels) <= 0 < lacking(labels - 1)


def kappa_spread(kappa: float, share: float) -> float:
    """The variance of Cohen's kappa of one pair of words by the delta method, its derivatives by small steps."""
    both = share**2 + kappa * share * (1 - share)
    table = np.array([both, share - both, share - both, 1 - 2 * share + both])

    def kappa_of(cells: np.ndarray) -> float:
        a, b, c, d = cells / cells.sum()
        chance = (a + b) * (a + c) + (c + d) * (b + d)
        return float((a + d - chance) / (1 - chance))

    slope = np.array([(kappa_of(table + step) - kappa_of(table - step)) / 2e-6 for step in 1e-6 * np.eye(4)])
    return float(slope**2 @ table - (slope @ table) ** 2)


@pytest.mark.parametrize(("kappa", "share"), [(0.5, 0.5), (0.3, 0.2), (0.8, 0.9), (-0.1, 0.4)])
def test_the_variance_of_kappa_by_the_delta_method(kappa, share):
    assert variance("agreement", Assumed(kappa=kappa, share=share), 0.0) == pytest.approx(
        kappa_spread(kappa, share), rel=1e-5
    )


def test_a_kappa_beyond_one_is_planned_towards_the_other_side():
    assumed = Assumed(kappa=0.9, share=0.5)
    for effect in (0.1, 0.2):
        assert variance("agreement", assumed, effect) == pytest.approx(kappa_spread(0.9 - effect, 0.5), rel=1e-5)
    assert variance("agreement", assumed, 0.05) == pytest.approx(kappa_spread(0.95, 0.5), rel=1e-5)
    null, true = np.sqrt(kappa_spread(0.9, 0.5)), np.sqrt(kappa_spread(0.7, 0.5))
    needed = ((stats.norm.ppf(0.975) * null + stats.norm.ppf(0.8) * true) / 0.2) ** 2
    assert plan("agreement", assumed, effect=0.2).labels == pytest.approx(needed, abs=1)
    assert variance("agreement", Assumed(kappa=1 - 1e-16, share=0.5), 0.0) < 1e-9


def test_a_share_beyond_one_is_planned_towards_the_other_side():
    assert variance("accuracy", Assumed(share=0.9), 0.05) == pytest.approx(0.95 * 0.05)
    assert variance("accuracy", Assumed(share=0.9), 0.2) == pytest.approx(0.7 * 0.3)
    assert variance("accuracy", Assumed(share=0.9), 0.1) == pytest.approx(0.8 * 0.2)
    assert variance("accuracy", Assumed(share=0.5), 0.6) == pytest.approx(0.25)
    assert variance("accuracy", Assumed(share=0.3), 0.1) == pytest.approx(0.4 * 0.6)
    assert variance("accuracy", Assumed(share=0.5), 0.5) == pytest.approx(0.25)


def test_variances_of_differences_and_rankings_by_hand():
    assert variance("difference", Assumed(discordant=0.3), 0.3) == pytest.approx(0.3 - 0.09)
    assert variance("difference", Assumed(deviation=0.5), 0.9) == pytest.approx(0.25)
    with pytest.raises(UsageError, match=r"0\.3 of the prompts cannot lie 0\.31 apart"):
        variance("difference", Assumed(discordant=0.3), 0.31)
    elo = 400 / np.log(10)
    share = 1 / (1 + 10 ** (-100 / 400))
    for models in (2, 5):
        pairs = models * (models - 1) / 2
        expected = 2 * pairs / (models * share * (1 - share)) * elo**2
        assert variance("ranking", Assumed(models=models), 100.0) == pytest.approx(expected)


def test_what_a_plan_assumes_unless_told():
    assert Assumed() == Assumed(0.7, 0.3, 0.0, 0.5, 2, 15, 1.0, 0.0)
    needed = (stats.norm.ppf(0.975) * np.sqrt(0.7 * 0.3) + stats.norm.ppf(0.8) * np.sqrt(0.75 * 0.25)) ** 2 / 0.05**2
    found = plan("accuracy", Assumed(), effect=0.05)
    assert found.labels == np.ceil(needed)
    assert found == Plan("accuracy", found.labels, found.labels, 0.95, 0.8, 0.05, None, 1.0, 0.0)
    needed = (stats.norm.ppf(0.95) * np.sqrt(0.21) + stats.norm.ppf(0.6) * np.sqrt(0.1875)) ** 2 / 0.05**2
    found = plan("accuracy", Assumed(), effect=0.05, level=0.9, power=0.6)
    assert (found.labels, found.level, found.power) == (np.ceil(needed), 0.9, 0.6)


def test_assumptions_at_their_ends():
    assert Assumed(models=2, bins=1, answers=1, deviation=0.0)
    assert Assumed(answers=3, correlation=-0.9).design_effect == 1e-9
    assert Assumed(answers=3, correlation=-0.1).design_effect == pytest.approx(0.8)
    assert Assumed(answers=3, correlation=0.5).design_effect == pytest.approx(2)


@pytest.mark.parametrize(
    "wrong",
    [
        {"discordant": 0},
        {"discordant": 1},
        {"kappa": -1},
        {"correlation": 1},
        {"deviation": float("inf")},
        {"deviation": float("nan")},
        {"answers": float("inf")},
        {"answers": 0.99},
        {"share": 1.5},
    ],
)
def test_assumptions_at_their_open_ends_are_refused(wrong):
    with pytest.raises(UsageError):
        Assumed(**wrong)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"effect": 1.0}, "does not lie below 1"),
        ({"effect": -0.1}, "not a positive number"),
        ({"effect": float("inf")}, "not a positive number"),
        ({"half_width": 0}, "not a positive number"),
        ({"half_width": 0.1, "level": 0}, "level"),
        ({"effect": 0.1, "power": 1}, "power"),
        ({"effect": 0.1, "cost_per_label": float("inf")}, "cost_per_label"),
        ({"half_width": 1e-7}, "No number of labels up to 1e"),
    ],
)
def test_refusals_say_what_is_wrong(wrong, told):
    with pytest.raises(UsageError, match=told):
        plan("accuracy", Assumed(), **wrong)
    assert plan("accuracy", Assumed(), half_width=1.5).labels == 1
    assert plan("ranking", Assumed(), effect=1.0).labels > 0
    assert plan("accuracy", Assumed(), effect=0.1, cost_per_label=0).cost == 0


def test_the_power_of_so_many_labels():
    """Of a test of a share of .7 against .75 with 500 labels, four a prompt."""
    assumed = Assumed(answers=4, correlation=0.2)
    independent = 500 / 1.6
    expected = stats.norm.cdf(
        (0.05 * np.sqrt(independent) - stats.norm.ppf(0.975) * np.sqrt(0.21)) / np.sqrt(0.75 * 0.25)
    )
    assert chance_to_find("accuracy", assumed, 0.05, 500) == pytest.approx(expected)
    wider = stats.norm.cdf((0.05 * np.sqrt(independent) - stats.norm.ppf(0.9) * np.sqrt(0.21)) / np.sqrt(0.75 * 0.25))
    assert chance_to_find("accuracy", assumed, 0.05, 500, level=0.8) == pytest.approx(wider)


def test_clusters_by_analysis_of_variance():
    """Beside scipy's F: ρ = (F − 1) / (F + m₀ − 1) with m₀ = (N − Σ m² / N) / (k − 1)."""
    sizes = np.array([2, 5, 3, 1, 4])
    prompt = np.repeat(np.arange(5), sizes)
    value = np.random.default_rng(2).normal(size=15) + prompt
    groups = [value[prompt == number] for number in range(5)]
    score = stats.f_oneway(*groups).statistic
    size = (15 - np.square(sizes).sum() / 15) / 4
    found = clusters_of(prompt, value)
    assert found.correlation == pytest.approx((score - 1) / (score + size - 1))
    assert (found.prompts, found.rows) == (5, 15)
    assert found.answers == pytest.approx(np.square(sizes).sum() / 15)
    pair = clusters_of(np.array([0, 0, 1]), np.array([0.0, 1.0, 5.0]))
    assert pair.correlation == pytest.approx((27 / 2 - 1 / 2 * 1) / (27 / 2 + (4 / 3 - 1) * 1 / 2))
    negative = clusters_of(np.repeat([0, 1], 3), np.array([0.0, 1, 2, 0, 1, 2]))
    assert negative.correlation == pytest.approx(-1 / 2)
    assert negative.design_effect == pytest.approx(1e-9)


def test_clusters_that_tell_nothing():
    for prompt, answers in ((np.zeros(4, int), 4.0), (np.arange(4), 1.0), (np.zeros(0, int), 1.0)):
        found = clusters_of(prompt, np.arange(len(prompt), dtype=float))
        assert (found.correlation, found.answers, found.rows) == (0, answers, len(prompt))
        assert found.design_effect == 1


def test_a_calibration_error_so_large_that_one_label_shows_it_takes_one():
    assert plan("calibration_error", Assumed(share=0.9, bins=1), effect=0.9).labels == 1
    assert plan("calibration_error", Assumed(share=0.9, bins=1), effect=0.3).labels > 1
