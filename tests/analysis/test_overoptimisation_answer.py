"""What over-optimisation concludes: verdicts, refusals by name, runs and rollouts, real logs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import analyse
from engine.analysis import OveroptimisationParameters
from engine.analysis.overoptimisation import metrics
from engine.errors import InputRefused, NotEnoughData, NotFound, UsageError
from engine.types import Result, Rows
from jobs.command import fail_if
from tests.analysis.compare_worlds import take
from tests.analysis.runs_over_kl import ANALYSIS, conclude, curves, path, rollouts, run, together
from tests.analysis.test_plain_results import strange

HOME = os.environ.get("PLUMBLINE_REAL_DATA", "")
REAL = pytest.mark.skipif(not HOME, reason="PLUMBLINE_REAL_DATA is not set")


def numbers(result: Result) -> dict[str, tuple[float | None, float | None, float | None]]:
    return {name: (one.value, one.low, one.high) for name, one in result.estimates.items()}


# ------------------------------------------------------------------ verdicts


def test_a_passed_peak_says_stop_with_what_is_lost():
    result = conclude(curves(run(1)))
    assert result.verdict == "passed"
    peak, budget, lost = (result.estimates[name] for name in ("peak_kl", "budget_left", "gold_lost"))
    assert peak.low < 5.5**2 < peak.high
    assert budget.value == pytest.approx(peak.value - result.estimates["kl_now"].value)
    assert (budget.low, budget.high) < (0.0, 0.0)
    assert lost.low > 0
    assert result.sentence.startswith("Stop: the gold reward has passed its peak at KL ")
    assert result.sentence.endswith(" lost.")
    assert result.dataset["form"] == "bon"
    assert result.evidence.params["form"] == "auto"


def test_a_reward_that_still_rises_says_how_much_is_left_at_least():
    result = conclude(curves(run(2, most=4.0, sd=0.01)))
    assert result.verdict == "not_reached"
    peak, budget = result.estimates["peak_kl"], result.estimates["budget_left"]
    assert (peak.value, peak.high, budget.value, budget.high) == (None, None, None, None)
    assert peak.low >= result.estimates["kl_now"].value
    assert peak.low < 5.5**2
    assert result.sentence.startswith("Go on: the gold reward still rises at KL ")
    assert "not before KL" in result.sentence


def test_near_the_peak_and_without_one():
    near = conclude(curves(run(3, most=5.7, sd=0.02)))
    assert near.verdict == "near_peak"
    assert near.sentence.startswith("Take care: ")
    generator = np.random.default_rng(0)
    noise = conclude(curves({**run(4, n=60), "gold_reward": generator.normal(size=60).cumsum()}))
    assert noise.verdict == "unclear"
    assert noise.sentence.startswith("Unclear: 60 points do not tell where ")


def test_gold_that_falls_from_the_start_has_its_peak_there():
    d = path(100, 7.6)
    falling = -0.2 * d + np.random.default_rng(1).normal(0, 0.02, 100)
    result = conclude(curves({"objective/kl": d**2, "gold_reward": falling}))
    assert result.verdict == "passed"
    assert result.estimates["peak_kl"].low == 0.0


def test_a_valley_is_said_to_fit_neither_form():
    d = path(100, 7.6)
    valley = (d - 4) ** 2 + np.random.default_rng(1).normal(0, 0.05, 100)
    result = conclude(curves({"objective/kl": d**2, "gold_reward": valley}))
    assert result.verdict == "unclear"
    assert result.estimates["peak_kl"].value is None
    assert "rises_again" in [one.code for one in result.warnings]


def test_points_far_from_the_curve_are_said_to_be():
    """A parabola over the KL itself is of neither form: errors that hang together for long are made of it."""
    kl = np.arange(200) / 10
    gold = 1 - (kl / 10 - 1) ** 2 + np.random.default_rng(1).normal(0, 0.03, 200)
    far = conclude(curves({"objective/kl": kl, "gold_reward": gold}))
    near = [conclude(curves(run(seed))) for seed in range(20)]
    assert "far_from_curve" in [one.code for one in far.warnings]
    assert all("far_from_curve" not in [one.code for one in each.warnings] for each in near)


def test_a_proxy_alone_claims_no_peak():
    metrics_of = run(1)
    del metrics_of["gold_reward"]
    result = conclude(curves(metrics_of))
    assert result.verdict == "proxy_only"
    assert result.sentence.startswith("No peak is claimed: reward went from ")
    assert "Log a gold reward" in result.sentence
    assert {name for name, one in result.estimates.items() if one.value is not None} == {"kl_now", "runs"}
    lines = result.pictures["frontier"]["lines"]
    assert [line["role"] for line in lines] == ["proxy"]
    assert "fits" not in result.pictures["frontier"]


def test_conditions_of_a_pipeline_hold_on_its_estimates():
    passed, rising = conclude(curves(run(1))), conclude(curves(run(2, most=4.0, sd=0.01)))
    condition = fail_if.parse("budget_left.low < 5")
    assert fail_if.holds(condition, passed.estimates)
    assert not fail_if.holds(fail_if.parse("budget_left.low < 0"), rising.estimates)
    alone = run(1)
    del alone["gold_reward"]
    with pytest.raises(UsageError, match="null in this result"):
        fail_if.holds(condition, conclude(curves(alone)).estimates)


# ------------------------------------------------------------------ which metric is what


def test_an_evaluation_reward_stands_for_gold_with_a_warning():
    held = run(1)
    held["eval_reward"] = held.pop("gold_reward")
    result = conclude(curves(held))
    assert (result.dataset["gold"], result.dataset["proxy"]) == ("eval_reward", "reward")
    assert "evaluation_as_gold" in [one.code for one in result.warnings]
    assert result.sentence.startswith("Stop: eval_reward has passed")


def test_metrics_are_chosen_by_name():
    held = run(1)
    held["human"] = held.pop("gold_reward")
    assert conclude(curves(held)).verdict == "proxy_only"
    result = conclude(curves(held), gold="human", proxy="reward", kl="kl_ref")
    assert (result.verdict, result.dataset["gold"]) == ("passed", "human")
    for name in ("gold", "proxy", "kl"):
        with pytest.raises(NotFound, match="There is no metric 'nothing'"):
            conclude(curves(held), **{name: "nothing"})
    with pytest.raises(NotFound, match="There is no run"):
        conclude(curves(run(1)), run="two")


def test_gold_at_some_steps_only_takes_the_kl_between_its_neighbours():
    held = run(1, n=400)
    whole = conclude(curves(held))
    held["objective/kl"][1::2] = np.nan
    held["gold_reward"][np.arange(400) % 5 > 0] = np.nan
    result = conclude(curves(held))
    assert result.estimates["peak_kl"].n == 80
    assert result.estimates["peak_kl"].value == pytest.approx(whole.estimates["peak_kl"].value, rel=0.15)


def test_a_step_zero_before_the_first_kl_is_the_reference():
    held = run(1)
    held["objective/kl"][0] = np.nan
    lines = conclude(curves(held)).pictures["frontier"]["lines"]
    assert [(line["step"][0], line["d"][0]) for line in lines if line["role"] == "gold"] == [(0.0, 0.0)]


def test_components_are_those_of_the_reward():
    known = ("reward.format", "rewards/length/mean", "rewards/length/std", "rewards/margins", "reward", "gold")
    assert metrics.components(known, ("reward", "gold")) == {"format": "reward.format", "length": "rewards/length/mean"}
    held = run(1)
    held["rewards/format/mean"] = np.minimum(held["objective/kl"] / 20, 1.0)
    picture = conclude(curves(held)).pictures["components"]
    assert picture["name"] == ["format"]


# ------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("name", "unit", "code"),
    [
        ("actor/kl_loss", "", "kl_token_mean"),
        ("kl", "token mean, k3", "kl_token_mean"),
        ("actor/ppo_kl", "", "kl_step"),
        ("policy/approxkl_avg", "", "kl_step"),
        ("kl", "", "kl_unit_unknown"),
        ("grad_norm", "", "no_kl"),
        ("kl_coef", "", "no_kl"),
    ],
)
def test_another_kl_is_refused_by_name(name, unit, code):
    held = run(1)
    held[name] = held.pop("objective/kl")
    with pytest.raises(InputRefused) as refused:
        conclude(curves(held, unit=unit))
    assert refused.value.code == code
    if code not in ("no_kl", "kl_step"):
        assert "kl_unit=sequence" in refused.value.message


@pytest.mark.parametrize("unit", ["nats, sum over the answer", "sequence", "sequence k1"])
def test_a_kl_that_says_that_it_is_the_sum_is_taken(unit):
    held = run(1)
    held["kl"] = held.pop("objective/kl")
    assert conclude(curves(held, unit=unit)).verdict == "passed"
    assert conclude(curves(held), kl_unit="sequence").verdict == "passed"


def test_a_declared_mean_is_refused_whatever_the_log_says():
    with pytest.raises(InputRefused) as refused:
        conclude(curves(run(1)), kl_unit="token_mean")
    assert refused.value.code == "kl_token_mean"


def few(held: dict[str, np.ndarray]) -> None:
    held["gold_reward"][23:] = np.nan


def still(held: dict[str, np.ndarray]) -> None:
    held["objective/kl"][:] = 3.0


def constant(held: dict[str, np.ndarray]) -> None:
    held["gold_reward"][:] = 0.4


@pytest.mark.parametrize(
    ("change", "code"), [(few, "too_few_points"), (still, "constant_kl"), (constant, "constant_reward")]
)
def test_too_little_is_refused_by_name(change, code):
    held = run(1)
    change(held)
    with pytest.raises(NotEnoughData) as refused:
        conclude(curves(held))
    assert refused.value.code == code


def test_no_kl_at_all_is_constant_too():
    held = run(1)
    held["objective/kl"][:] = 0.0
    with pytest.raises(NotEnoughData, match="never moves"):
        conclude(curves(held))


def test_negative_and_huge_kls_are_taken_and_told():
    held = run(1)
    held["objective/kl"][:3] -= 2.0
    result = conclude(curves(held))
    assert result.verdict == "passed"
    assert next(one.message for one in result.warnings if one.code == "kl_negative").startswith("3 KLs below 0")
    held["objective/kl"] = np.exp(np.linspace(0, 200, 120))
    assert conclude(curves(held)).verdict in ("passed", "unclear", "near_peak", "not_reached")


@pytest.mark.parametrize(
    "params", [{"form": "line"}, {"kl_unit": "bits"}, {"level": 0.3}, {"seed": -1}, {"nothing": 1}]
)
def test_parameters_are_checked(params):
    with pytest.raises(UsageError):
        OveroptimisationParameters.parse(params)


# ------------------------------------------------------------------ several runs


def test_five_seeds_are_answered_together_by_their_spread():
    seeds = together({f"seed{seed}": run(seed, n=40, rho=0.9) for seed in range(6)})
    result = conclude(seeds)
    assert result.sentence.startswith("Stop: the gold reward (mean of 6 runs) has passed")
    assert result.estimates["peak_kl"].low < 5.5**2 < result.estimates["peak_kl"].high
    assert len(result.pictures["runs"]["name"]) == 6
    one = conclude(seeds, run="seed3")
    assert one.dataset["run"] == "seed3"
    alone = conclude(curves(run(3, n=40, rho=0.9), run="seed3"))
    assert numbers(one)["peak_kl"] == numbers(alone)["peak_kl"]


def test_short_runs_say_something_together_that_none_says_alone():
    short = {f"seed{seed}": run(seed, n=12) for seed in range(8)}
    result = conclude(together(short))
    assert result.verdict == "passed"
    assert len(result.pictures["runs"]["refused"]) == 8
    with pytest.raises(NotEnoughData):
        conclude(together(short), run="seed1")
    with pytest.raises(NotEnoughData):
        conclude(together({name: short[name] for name in list(short)[:4]}))


def test_of_a_few_runs_the_one_of_most_points_leads():
    result = conclude(together({"a": run(1, n=40), "b": run(2, n=90), "c": run(3, n=10)}))
    assert result.dataset["run"] == "b"
    assert result.pictures["runs"]["name"] == ["a", "b"]
    assert list(result.pictures["runs"]["refused"]) == ["c"]
    assert " of b " in result.sentence


def test_a_single_form_is_fitted_alone():
    result = conclude(curves(run(1, form="rl")), form="rl")
    assert result.dataset["form"] == "rl"
    assert "a_bon" not in result.estimates
    assert result.estimates["rl_evidence"].value == pytest.approx(1.0)
    assert conclude(curves(run(1, form="rl", n=200, sd=0.02))).estimates["rl_evidence"].value > 0.9


# ------------------------------------------------------------------ rollouts


def test_rollouts_are_means_by_step():
    result = conclude(rollouts())
    assert result.verdict == "passed"
    assert result.estimates["peak_kl"].low < 5.5**2 < result.estimates["peak_kl"].high
    assert result.dataset["prompts"] == 40
    assert {"kl_unit_assumed", "kl_negative"} & {one.code for one in result.warnings}
    assert result.pictures["components"]["name"] == ["format"]
    assert [line["name"] for line in result.pictures["beside"]["lines"]] == ["length", "entropy"]
    assert conclude(rollouts(gold=False)).verdict == "proxy_only"


def test_prompts_that_differ_widen_the_set_where_the_same_come_again():
    same, new = (conclude(rollouts(spread=1.0, same=same)).estimates["peak_kl"] for same in (True, False))
    assert same.high is None or same.high - same.low > 1.2 * (new.high - new.low)


def test_a_mean_over_tokens_becomes_the_sum_by_the_length_of_each_answer():
    rows = rollouts()
    length = rows.columns["length"]
    mean = Rows("rollout", {**rows.columns, "kl": rows.columns["kl"] / length}, numbers=rows.numbers)
    found = conclude(mean, kl_unit="token_mean")
    assert numbers(found)["peak_kl"] == pytest.approx(numbers(conclude(rows))["peak_kl"])
    without = Rows("rollout", {name: each for name, each in mean.columns.items() if name != "length"})
    with pytest.raises(InputRefused) as refused:
        conclude(without, kl_unit="token_mean")
    assert refused.value.code == "kl_token_mean"


# ------------------------------------------------------------------ properties


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 99), st.floats(0.1, 100), st.floats(-50, 50))
def test_the_unit_of_the_reward_moves_the_loss_alone(seed, scale, shift):
    held = run(seed, n=40)
    moved = {**held, "gold_reward": scale * held["gold_reward"] + shift}
    one, other = conclude(curves(held)), conclude(curves(moved))
    assert one.verdict == other.verdict
    assert numbers(one)["peak_kl"][1] == pytest.approx(numbers(other)["peak_kl"][1], rel=1e-3, abs=1e-6)
    lost, after = numbers(one)["gold_lost"], numbers(other)["gold_lost"]
    assert [each * scale for each in lost] == pytest.approx(list(after), rel=1e-2, abs=1e-6 * scale)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 99), st.integers(1, 400))
def test_neither_the_order_of_rows_nor_how_they_are_split_matters(seed, cut):
    rows = curves(run(seed, n=40))
    order = np.random.default_rng(seed).permutation(len(rows))
    cut = min(cut, len(rows) - 1)
    params = OveroptimisationParameters()
    parts = [ANALYSIS.observe(take(rows, order[part]), params) for part in (slice(cut), slice(cut, None))]
    whole = ANALYSIS.combine(*parts)
    assert numbers(ANALYSIS.conclude(whole, params)) == numbers(conclude(rows))


@pytest.mark.parametrize("seed", [0, 1])
def test_results_are_plain_and_finite(seed):
    held = run(seed)
    del held["reward"]
    for rows in (curves(run(seed)), curves(held), rollouts(seed), rollouts(seed, gold=False)):
        told = conclude(rows).to_dict()
        assert strange(told, "result") == []
        json.dumps(told, allow_nan=False)


def test_two_thousand_points_a_line_at_most():
    result = conclude(curves(run(1, n=9000)))
    assert all(len(line["d"]) <= 2000 for line in result.pictures["frontier"]["lines"])
    assert all(len(line["step"]) <= 2000 for line in result.pictures["steps"]["lines"])
    assert result.pictures["frontier"]["lines"][0]["step"][-1] == 89990.0


# ------------------------------------------------------------------ real logs


def real(*parts: str, **params: Any) -> Result:
    return analyse(Path(HOME, *parts), "overoptimisation", params)


@REAL
@pytest.mark.parametrize("noise", ["100_0", "80_20", "50_50"])
def test_a_real_ppo_log_has_a_proxy_only(noise):
    name = f"ppo_31m_training_logs_{noise}.csv"
    result = real("l101_dpo_vs_ppo", "notebooks", name)
    assert (result.verdict, result.dataset["kl"], result.dataset["proxy"]) == ("proxy_only", "kl_ref", "reward")
    assert len(result.pictures["frontier"]["lines"][0]["d"]) == 25
    as_gold = real("l101_dpo_vs_ppo", "notebooks", name, gold="reward")
    assert as_gold.verdict in ("unclear", "near_peak", "not_reached", "passed")
    assert "few_points" in [one.code for one in as_gold.warnings]


@REAL
def test_a_real_grpo_log_is_refused_for_its_mean_over_tokens():
    with pytest.raises(InputRefused) as refused:
        real("grpo_reasoning_logs", "ch07", "02_logs", "7_5_plus_kl_metrics.csv")
    assert refused.value.code == "kl_token_mean"
    with pytest.raises(InputRefused) as refused:
        real("grpo_reasoning_logs", "ch07", "02_logs", "7_4_plus_clip_ratio_metrics.csv")
    assert refused.value.code == "no_kl"
    with pytest.raises(NotEnoughData) as few_points:
        real("grpo_reasoning_logs", "ch07", "02_logs", "7_5_plus_kl_metrics.csv", kl_unit="sequence", gold="eval_acc")
    assert few_points.value.code == "too_few_points"
