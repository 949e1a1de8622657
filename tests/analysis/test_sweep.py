"""Trials beside each other: the best, those not told apart from it, the noise, main effects."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats

from engine.analysis.sweep.effects import effects_of
from engine.analysis.sweep.settings import Setting, noise_of, not_apart
from engine.errors import NotEnoughData, UsageError
from engine.figures import charts
from engine.types import Rows
from tests.analysis.test_surface_answer import HOSTILE, codes, shown_in_hints, value
from tests.analysis.trialing import conclude, hill, places, rate, rows, scattered


def repeated(means: np.ndarray, seeds: int, noise: float, seed: int = 0) -> Rows:
    """Settings of one parameter, each with several seeds."""
    z = np.repeat(means, seeds) + np.random.default_rng(seed).normal(0, noise, len(means) * seeds)
    return rows(
        z, {"beta": np.repeat(np.arange(1, len(means) + 1), seeds) / 10, "seed": np.tile(np.arange(seeds), len(means))}
    )


def test_settings_with_seeds_are_means_with_the_pooled_variance():
    given = repeated(np.array([0.1, 0.5, 0.3]), 5, 0.05)
    result = conclude("sweep", given)
    groups = np.asarray(given.columns["value"]).reshape(3, 5)
    sigma = np.sqrt(groups.var(axis=1, ddof=1).mean())
    assert value(result, "noise") == pytest.approx(sigma)
    best = result.estimates["best_value"]
    half = stats.t.ppf(0.975, 12) * sigma / np.sqrt(5)
    assert (best.value, best.low, best.high) == pytest.approx(
        (groups[1].mean(), groups[1].mean() - half, groups[1].mean() + half)
    )
    assert result.verdict == "one_best"
    assert result.sentence.startswith("beta 0.2 is best: reward 0.5")
    assert result.sentence.endswith("surely ahead of the other 2 settings.")


def test_the_truly_best_is_among_those_not_told_apart():
    """Twelve settings near each other, so that the best by value is often not the best."""
    means = np.append(np.zeros(11), 0.02)
    held = []
    for seed in range(200):
        rows_ = conclude("sweep", repeated(means, 3, 0.05, seed)).pictures["trials"]["rows"]
        held.append(any(row["not_apart"] and row["config"]["beta"] == pytest.approx(1.2) for row in rows_))
    assert np.mean(held) >= 0.93


def test_comparisons_with_the_best_are_one_sided_and_shared():
    settings = [Setting({}, (str(at),), (mean,), (1.0,)) for at, mean in enumerate((1.0, 0.67, 0.5))]
    noise = noise_of([Setting({}, ("a",) * 4, (0.0, 0.1, -0.1, 0.05), (1.0,) * 4)], None)
    assert noise is not None
    reach = stats.t.ppf(1 - 0.05 / 2, noise.df) * noise.sigma * np.sqrt(2)
    assert not_apart(settings, noise, False, 0.95) == [True, reach >= 0.33, reach >= 0.5] == [True, True, False]
    assert not_apart(settings[:1], noise, False, 0.95) == [True]


def test_effects_are_least_squares():
    generator = np.random.default_rng(1)
    beta, warmup = np.linspace(0.1, 0.5, 12), generator.random(12)
    means = 2 * beta - warmup + generator.normal(0, 0.01, 12)
    found = effects_of(
        [{"beta": one, "warmup": other} for one, other in zip(beta, warmup, strict=True)],
        means,
        np.ones(12),
        ["beta"],
        0.95,
    )
    assert found is not None
    line = stats.linregress(beta, means)
    if found.found[0].bend is None:
        assert found.found[0].change.value == pytest.approx(line.slope * 0.4)
    both = effects_of(
        [{"beta": one, "warmup": other} for one, other in zip(beta, warmup, strict=True)],
        means,
        np.ones(12),
        ["beta", "warmup"],
        0.95,
    )
    assert both is not None
    assert [one.name for one in both.found] == ["warmup", "beta"] or both.found[0].name == "beta"
    changes = {one.name: one.change for one in both.found}
    assert changes["beta"].low < 0.8 < changes["beta"].high
    spread = warmup.max() - warmup.min()
    assert changes["warmup"].low < -spread < changes["warmup"].high


def test_a_parameter_that_is_best_in_the_middle_bends():
    u, v = places(60, 0)
    z = 1 - 2 * (u - 0.5) ** 2 + np.random.default_rng(0).normal(0, 0.02, 60)
    result = conclude("sweep", rows(z, {"learning_rate": rate(u), "beta": v}))
    first = result.pictures["effects"]["rows"][0]
    assert first["name"] == "learning_rate"
    assert first["bend"]["low"] < 0.5 < first["bend"]["high"]
    assert abs(first["change"]["value"]) < 0.05


def test_parameters_that_change_together_are_said_to():
    u, v = places(30, 0)
    result = conclude("sweep", rows(hill(u, v), {"a": 1 + u, "b": v, "c": 2 * u + 4}))
    assert "confounded" in codes(result)


def test_failed_trials_are_told_with_their_parameters():
    u, v = places(20, 0)
    z = hill(u, v)
    z[[3, 7]] = np.nan
    result = conclude("sweep", rows(z, {"a": u, "b": v}))
    assert value(result, "failed") == 2
    assert result.sentence.endswith("; 2 trials failed.")
    failed = result.pictures["trials"]["failed"]
    assert [one["run"] for one in failed] == ["trial 0003", "trial 0007"]
    assert failed[0]["config"]["a"] == pytest.approx(u[3])


def test_without_any_idea_of_the_noise_nothing_is_told_apart():
    result = conclude("sweep", rows([0.1, 0.9, 0.5], {"beta": [0.1, 0.2, 0.3]}))
    assert result.verdict == "not_told"
    assert result.estimates["best_value"].low is None
    assert "none of 3 settings can be told apart" in result.sentence
    assert {"no_repeats"} <= codes(result)
    with pytest.raises(NotEnoughData):
        conclude("sweep", rows([0.1], {"beta": [0.1]}))
    with pytest.raises(UsageError):
        conclude("sweep", scattered(), at="soon")


def test_less_is_better_where_the_metric_says_so():
    result = conclude("sweep", rows([0.9, 0.1, 0.5], {"beta": [0.1, 0.2, 0.3]}, metric="eval_loss"))
    assert result.sentence.startswith("beta 0.2 is best: eval_loss 0.1")


def test_a_sweep_without_steps_is_compared():
    given = scattered(20)
    given.columns["step"][:] = -1  # type: ignore[index]
    assert value(conclude("sweep", given), "trials") == 20
    assert value(conclude("surface", given), "trials") == 20


def test_pictures_hold_no_markup_and_every_setting():
    names = [f"{HOSTILE}{at}" for at in range(12)]
    u, v = places(12, 0)
    result = conclude("sweep", rows(hill(u, v), {HOSTILE: u, "b": v}, names, metric="reward"))
    drawn = charts(result)
    assert set(drawn) == {"trials", "parallel", "effects"}
    assert len(drawn["trials"].table.rows) == 12
    for chart in drawn.values():
        assert "<img" not in json.dumps([shown_in_hints(trace) for trace in chart.figure["data"]])
        assert "<img" not in json.dumps(chart.figure["layout"])
    lines = [trace for trace in drawn["parallel"].figure["data"] if trace["name"] == "Best"]
    assert len(lines[0]["x"]) == 4
