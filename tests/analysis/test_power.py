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
