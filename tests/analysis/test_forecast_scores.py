"""Scores and smoothing against packages not written here, and their properties."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t

from engine.analysis.forecast import scores
from engine.analysis.forecast.ets import follow, smooth

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parent / "golden" / "forecast.json").read_text())
NUMBERS = st.floats(-1e6, 1e6)


def test_crps_of_a_normal_forecast_is_scoringrules() -> None:
    told = GOLDEN["crps"]
    assert scores.crps_normal(np.array(0.7), np.array(0.0), np.array(1.0)) == pytest.approx(
        0.42156917007346395, abs=1e-15
    )
    assert told["normal_at_0.7"] == pytest.approx(0.42156917007346395, abs=1e-15)
    own = scores.crps_normal(np.array(told["observed"]), np.array(0.3), np.array(1.7))
    np.testing.assert_allclose(own, told["normal"], rtol=1e-12)


def test_crps_of_draws_is_scoringrules() -> None:
    told = GOLDEN["crps"]
    own = scores.crps_ensemble(np.array(told["observed"]), np.array(told["draws"]))
    np.testing.assert_allclose(own, told["ensemble"], rtol=1e-12)


def test_crps_of_the_published_ensemble() -> None:
    """The 50 draws of the reference script that printed .4769529243304186 for an observation of .7."""
    generator = np.random.default_rng(20261123)
    generator.normal(0.6, 1.2, 2000)
    generator.random(2000)
    generator.normal(0, 1, 1500)
    generator.normal(0.15, 1.1, 1200)
    generator.normal(0, 1, 500)
    generator.normal(0.8, 1, 500)
    draws = generator.normal(0, 1, 50)[:, None]
    assert scores.crps_ensemble(np.array([0.7]), draws)[0] == pytest.approx(0.4769529243304186, abs=1e-12)


@settings(max_examples=60)
@given(st.lists(NUMBERS, min_size=1, max_size=30), NUMBERS, st.floats(-1e3, 1e3))
def test_crps_of_draws_is_that_of_every_pair_and_moves_with_its_unit(drawn: list[float], one: float, by: float) -> None:
    draws, observed = np.array(drawn)[:, None], np.array([one])
    pairs = np.abs(np.array(drawn) - one).mean() - 0.5 * np.abs(np.subtract.outer(drawn, drawn)).mean()
    own = scores.crps_ensemble(observed, draws)[0]
    assert own == pytest.approx(pairs, rel=1e-9, abs=1e-6)
    assert own >= -1e-6
    assert scores.crps_ensemble(observed + by, draws + by)[0] == pytest.approx(own, rel=1e-6, abs=1e-6)


def test_crps_of_quantiles_comes_near_that_of_the_whole_distribution() -> None:
    levels = np.concatenate([[0.025], np.arange(0.05, 0.96, 0.05), [0.975]])
    quantiles = np.quantile(np.random.default_rng(1).normal(size=200_000), levels)[:, None]
    for observed in (-1.0, 0.0, 0.7, 2.0):
        whole = float(scores.crps_normal(np.array(observed), np.array(0.0), np.array(1.0)))
        assert scores.crps_quantiles(np.array([observed]), levels, quantiles)[0] == pytest.approx(whole, rel=0.03)


@settings(max_examples=60)
@given(st.lists(NUMBERS, min_size=1, max_size=40), st.floats(0, 1))
def test_quantiles_of_draws_are_those_of_numpy(drawn: list[float], share: float) -> None:
    own = scores.quantile(np.sort(np.array(drawn)), share)
    assert own == pytest.approx(np.quantile(drawn, share), rel=1e-9, abs=1e-6)


def test_the_scaled_error_is_utilsforecasts() -> None:
    told = GOLDEN["mase"]
    errors = np.array(told["test"]) - np.array(told["forecast"])
    assert scores.mase(errors, scores.naive_scale(np.array(told["train"]))) == pytest.approx(told["mase"], rel=1e-12)
    assert np.isnan(scores.mase(errors, scores.naive_scale(np.full(5, 2.0))))


@pytest.mark.parametrize("told", GOLDEN["dm"], ids=lambda told: f"{told['ahead']} ahead")
def test_diebold_and_mariano_with_the_small_sample_correction(told: dict[str, Any]) -> None:
    statistic, p_value = scores.diebold_mariano(np.array(told["loss"]), np.array(told["other"]), told["ahead"])
    assert statistic == pytest.approx(told["statistic"], rel=1e-10)
    assert p_value == pytest.approx(told["p"], rel=1e-7)


def test_two_forecasts_that_never_differ_are_not_tested() -> None:
    loss = np.arange(20.0)
    assert all(np.isnan(one) for one in scores.diebold_mariano(loss, loss, 2))
    assert all(np.isnan(one) for one in scores.diebold_mariano(loss[:3], loss[:3] + 1, 2))


@pytest.mark.parametrize("told", GOLDEN["ets"], ids=lambda told: str(told["parameters"]))
def test_damped_smoothing_is_statsmodels(told: dict[str, Any]) -> None:
    value = np.array(GOLDEN["series"])
    own = follow(value, (len(value),), np.array([told["parameters"]]), 450.0, 2.0)[0]
    assert (own.level, own.trend) == (pytest.approx(told["level"]), pytest.approx(told["trend"]))
    mean, variance = own.ahead(len(told["mean"]))
    np.testing.assert_allclose(mean, told["mean"], rtol=1e-10)
    np.testing.assert_allclose(variance, told["variance"], rtol=1e-9)


def test_smoothing_of_a_part_is_that_of_the_whole_at_its_end() -> None:
    value = np.random.default_rng(3).normal(size=80).cumsum()
    assert smooth(value, (30, 55, 80))[:2] == [smooth(value[:end], (end,))[0] for end in (30, 55)]


@pytest.mark.parametrize("ahead", [1, 2, 5, 9])
def test_diebold_and_mariano_of_few_losses_is_the_plain_sum_over_lags(ahead: int) -> None:
    negative = 0
    for size in (ahead + 2, ahead + 3, 2 * ahead + 6):
        for seed in range(12):
            loss, other = np.random.default_rng(seed).normal(size=(2, size))
            difference = loss - other
            rest = difference - difference.mean()
            lags = [sum(rest[at] * rest[at - lag] for at in range(lag, size)) / size for lag in range(ahead)]
            variance = lags[0] + 2 * sum(lags[1:])
            if variance <= 0:
                negative += 1
                variance = lags[0] + 2 * sum((1 - lag / ahead) * lags[lag] for lag in range(1, ahead))
            small = max((size + 1 - 2 * ahead + ahead * (ahead - 1) / size) / size, 0)
            expected = difference.mean() / np.sqrt(variance / size) * np.sqrt(small)
            statistic, p_value = scores.diebold_mariano(loss, other, ahead)
            assert statistic == pytest.approx(expected)
            assert p_value == pytest.approx(2 * t.sf(abs(expected), size - 1))
        assert np.isnan(scores.diebold_mariano(loss[: ahead + 1], other[: ahead + 1], ahead)).all()
    assert (negative > 0) == (ahead > 1)
