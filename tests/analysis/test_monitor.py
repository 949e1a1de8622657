"""Alarms: which monitors are offered where, what the answer says, and its refusals."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import analyse
from engine.analysis import Monitor, MonitorParameters
from engine.analysis.monitor.offers import MONITORS, baseline_of
from engine.analysis.monitor.pictures import MOST_POINTS, thinned
from engine.analysis.monitor.streams import streams_of
from engine.errors import NotEnoughData, NotFound, UsageError
from engine.figures import charts
from engine.types import Result, Rows
from tests.analysis.compare_worlds import named
from tests.analysis.test_plain_results import strange
from tests.analysis.training_worlds import HEALTHY, curves, keys, rollouts, several, stream

HOME = os.environ.get("PLUMBLINE_REAL_DATA", "")
ANALYSIS = Monitor()
TRAINED = {"conformal", "mean", "rank_cusum"}


def conclude(rows: Rows, **params: Any) -> Result:
    parameters = MonitorParameters.parse(params)
    return ANALYSIS.conclude(ANALYSIS.observe(rows, parameters), parameters)


def offered(result: Result) -> set[str]:
    told = result.pictures["offers"]
    return {name for name, able in zip(told["monitor"], told["offered"], strict=True) if able}


def audit(prompts: int = 600, moved: int | None = None, seed: int = 0, right: float = 0.85, **also: Any) -> Rows:
    """A judge against labels, prompts at random; from prompt `moved` on it is right in half of the cases."""
    generator = np.random.default_rng(seed)
    label = generator.integers(0, 2, prompts).astype(float)
    chance = np.where(np.arange(prompts) >= (prompts if moved is None else moved), 0.5, right)
    judged = np.where(generator.random(prompts) < chance, label, 1 - label)
    columns = {
        "margin": (judged - 0.5) * generator.gamma(2, 1, prompts),
        "label": label,
        "time": 1.7e9 + 3600.0 * np.arange(prompts),
        **keys(generator.integers(0, 2**40, prompts)),
        **also,
    }
    return Rows("comparison", columns)


# ------------------------------------------------------------------ what is offered where


@pytest.mark.parametrize("kind", HEALTHY)
def test_no_alpha_and_no_run_length_is_ever_stated_on_training_curves(kind):
    result = conclude(curves({"loss": stream(kind, 800, np.random.default_rng(1))}))
    assert not offered(result) & TRAINED
    for monitor in sorted(TRAINED):
        refused = conclude(curves({"loss": stream(kind, 800, np.random.default_rng(1))}), monitor=monitor)
        assert refused.verdict == "not_watched"
        assert "neither alpha nor ARL0 holds" in refused.sentence


@pytest.mark.parametrize("kind", ["saturating", "random_walk"])
def test_what_has_no_level_is_not_watched_on_its_own(kind):
    """At alpha .01 a martingale rings on all healthy saturating curves: here nothing is said of them at all."""
    watched = 0
    for seed in range(20):
        result = conclude(curves({"reward": stream(kind, 1600, np.random.default_rng(seed))}))
        watched += result.verdict != "not_watched"
        if result.verdict == "not_watched":
            assert "No honest alarm for reward" in result.sentence
            assert result.warnings[0].code == "not_watched"
    assert watched <= 1


def test_what_keeps_a_level_is_watched_by_made_up_runs():
    result = conclude(curves({"loss": stream("ar_5", 800, np.random.default_rng(3))}))
    assert offered(result) == {"cusum", "page_hinkley"}
    assert result.verdict == "no_alarm"
    assert "made-up runs like its own first 200" in result.sentence


def test_an_audit_of_prompts_at_random_has_what_states_alpha():
    result = conclude(audit(), metric="agreement")
    assert offered(result) >= TRAINED
    assert "runs" not in offered(result)
    assert result.pictures["offers"]["chosen"] == "mean"
    sorted_rows = audit(time=1.7e9 + np.argsort(np.argsort(audit().columns["margin"])))
    refused = conclude(sorted_rows, metric="margin_size", monitor="conformal")
    assert refused.verdict == "not_watched"
    assert "prompts" in {notice.code.split("_")[0] for notice in conclude(audit()).warnings}


def test_other_runs_are_offered_from_three_on():
    def run(seed: int, name: str, lift: float = 0.0) -> Rows:
        values = stream("saturating", 300, np.random.default_rng(seed)) / 3
        values[150:] -= lift
        return curves({"reward": values}, name)

    runs = [run(seed, f"seed{seed}") for seed in range(4)]
    alone = conclude(runs[0]).pictures["offers"]
    assert alone["why"][-1].startswith("0 other runs")
    few = conclude(several(*runs[:3]), run="seed0")
    assert "runs" not in offered(few)
    healthy = conclude(several(*runs), run="seed0")
    assert offered(healthy) == {"runs"}
    assert healthy.verdict == "no_alarm"
    fallen = conclude(several(*runs[:3], run(9, "bad", 4.0), runs[3]), run="bad")
    assert fallen.verdict == "alarm"
    (item,) = [item for item in fallen.items if item["rang"]]
    assert item["direction"] == "fell"
    assert 151 <= item["alarm"] <= 165
    assert "about 1 in 5 healthy runs has one" in fallen.sentence


# ------------------------------------------------------------------ the answer


def jump(points: int = 600, at: int = 400, size: float = 2.0, seed: int = 2) -> np.ndarray:
    values = stream("ar_5", points, np.random.default_rng(seed))
    values[at:] += size
    return values


def test_an_alarm_names_metric_change_delay_and_statement():
    result = conclude(curves({"kl_ref": jump(), "entropy": stream("white", 600, np.random.default_rng(4))}))
    assert result.verdict == "alarm"
    assert result.sentence.startswith("1 alarm: kl_ref rose from step ")
    assert "false alarms per 1,000 points on 2 streams in all by made-up runs" in result.sentence
    found = result.estimates["change_at"]
    assert found.low is not None
    assert found.high is not None
    assert found.low <= 401 <= found.high
    first = result.items[0]
    assert first["change_low"] <= first["change"] <= first["change_high"] <= first["alarm"]
    assert first["delay"] == first["alarm"] - first["change"] == result.estimates["delay"].value
    assert result.estimates["false_alarms_per_1000"].value == pytest.approx(0.3, abs=0.02)
    assert result.pictures["stream"]["metric"] == "kl_ref"
    quiet = conclude(curves({"kl_ref": jump(), "entropy": jump(seed=7, at=600)}), metric="entropy")
    assert quiet.verdict == "no_alarm"
    assert quiet.sentence.startswith("No alarm on 1 stream; ")


def test_a_direction_that_is_not_asked_for_does_not_ring():
    rows = curves({"kl_ref": jump(size=3.0, seed=3)})
    assert conclude(rows, direction="up").verdict == "alarm"
    assert conclude(rows, direction="down").verdict == "no_alarm"
    fell = conclude(curves({"kl_ref": jump(size=-3.0, seed=3)}), direction="down")
    assert fell.items[0]["direction"] == "fell"


@pytest.mark.parametrize("monitor", ["mean", "conformal", "rank_cusum"])
def test_a_judge_that_breaks_is_found_by_each_monitor(monitor):
    result = conclude(audit(1500, moved=700, seed=1), metric="agreement", monitor=monitor, alpha=0.05, false_alarms=0.2)
    assert result.verdict == "alarm"
    (item,) = result.items
    assert item["direction"] == "fell"
    start = 1.7e9 + 3600.0 * 700
    assert item["change_low"] <= start <= item["change_high"]
    assert item["alarm"] > start
    assert ("false_alarm_chance" in result.estimates) == (monitor != "rank_cusum")
    assert "change_at" not in result.estimates, "seconds since 1970 are no number to read"
    assert "agreement fell from " in result.sentence


def test_an_audit_that_stays_seldom_rings():
    rang = sum(conclude(audit(seed=seed), alpha=0.1).verdict == "alarm" for seed in range(40))
    assert rang <= 9


def test_false_alarms_are_divided_among_streams():
    generator = np.random.default_rng(8)
    values = {f"m{place}": stream("white", 600, generator) for place in range(4)}
    result = conclude(curves(values), false_alarms=2.0)
    assert result.estimates["streams_watched"].value == 4
    assert result.estimates["false_alarms_per_1000"].value == pytest.approx(2.0, abs=0.05)
    one = conclude(curves(values), false_alarms=2.0, metric="m0")
    four = {item["metric"]: item for item in result.items}
    assert one.estimates["streams_watched"].value == 1
    assert float(four["m0"]["statement"].split()[0]) == pytest.approx(0.5, abs=0.05)


def test_rollouts_are_watched_by_the_mean_of_each_step():
    rows = rollouts(steps=200, prompts=8, lengthens=150)
    found = {one.metric: one for one in streams_of(ANALYSIS.observe(rows, MonitorParameters()), 1.0)}
    assert set(found) == {"reward", "gold", "length", "entropy", "truncated", "zero_variance"}
    step = rows.columns["step"]
    assert found["length"].value[9] == pytest.approx(rows.columns["length"][step == 10].mean())
    assert not found["length"].drawn
    result = conclude(rows, metric="length")
    assert result.verdict == "alarm"
    assert 150 <= result.items[0]["alarm"] <= 165
    flat = replace(rows, columns={**rows.columns, "reward": np.where(step < 100, rows.columns["reward"], 1.0)})
    zero = {one.metric: one for one in streams_of(ANALYSIS.observe(flat, MonitorParameters()), 1.0)}["zero_variance"]
    assert zero.value[:99].max() == 0
    assert zero.value[99:].min() == 1


def test_scores_are_watched_by_judge_and_against_their_truth():
    generator = np.random.default_rng(6)
    judge = np.arange(800) % 2
    value = np.clip(generator.normal(60, 10, 800), 0, 100)
    value[500:] = np.where(judge[500:] == 1, value[500:] + 25, value[500:]).clip(0, 100)
    columns = {"value": value, "truth": (value > 55) * 1.0, "step": np.arange(800), **keys(np.arange(800) // 2)}
    rows = Rows("score", columns, names={"judge": named(judge, ["calm", "moved"])})
    result = conclude(rows, metric="score")
    told = {item["run"]: item["rang"] for item in result.items}
    assert told == {"calm": False, "moved": True}
    assert set(result.dataset["metrics"]) == {"score"}, "100 is beyond a share: no error without the scale"
    assert set(conclude(rows, scale=100.0).dataset["metrics"]) == {"score", "error"}


def test_answers_to_one_prompt_are_one_value():
    rows = audit(500)
    twice = {name: np.repeat(values, 3) for name, values in rows.columns.items()}
    twice["row_hash"] = keys(np.arange(1500))["row_hash"]
    once, thrice = (
        streams_of(ANALYSIS.observe(each, MonitorParameters()), 1.0)[0] for each in (rows, Rows("comparison", twice))
    )
    assert len(once) == len(thrice) == 500
    assert once.value == pytest.approx(thrice.value)


def test_a_growing_stream_keeps_its_alarm():
    values = jump(700, 420, 3.0)
    alarms = {
        points: conclude(curves({"kl_ref": values[:points]})).items[0].get("alarm") for points in (480, 520, 600, 700)
    }
    assert len(set(alarms.values())) == 1
    assert [baseline_of(points, 0) for points in (10, 119, 200, 400, 799, 800, 1600, 9999)] == [
        30,
        30,
        50,
        100,
        100,
        200,
        400,
        400,
    ]


def test_a_later_start_leaves_out_what_came_before():
    values = np.r_[np.linspace(0, 20, 200), 20 + stream("white", 600, np.random.default_rng(9))]
    rows = curves({"reward": values})
    assert conclude(rows).verdict == "not_watched"
    later = conclude(rows, start=201)
    assert later.verdict == "no_alarm"
    assert later.pictures["stream"]["at"][0] == 201


def test_refusals():
    rows = curves({"loss": stream("white", 300, np.random.default_rng(0))})
    with pytest.raises(NotFound, match="no metric 'x'; known are loss"):
        conclude(rows, metric="x")
    with pytest.raises(NotFound, match="no run 'x'"):
        conclude(rows, run="x")
    with pytest.raises(NotEnoughData, match="39 points"):
        conclude(curves({"loss": np.arange(39.0)}))
    for wrong in (
        {"monitor": "tarot"},
        {"direction": "left"},
        {"baseline": 5},
        {"alpha": 0.5},
        {"false_alarms": 0.0},
        {"scale": 0.0},
        {"start": float("nan")},
        {"seed": -1},
    ):
        with pytest.raises(UsageError):
            conclude(rows, **wrong)


def test_a_constant_stream_is_never_watched():
    result = conclude(curves({"loss": np.zeros(200), "reward": np.full(200, 1e300)}))
    assert result.verdict == "not_watched"
    assert "never moves" in result.sentence


# ------------------------------------------------------------------ pictures


def test_pictures_are_thinned_and_keep_what_stands_out():
    values = np.random.default_rng(8).normal(size=50_000)
    values[[7, 33_333]] = 40, -40
    kept = thinned(values)
    assert len(kept) <= MOST_POINTS
    assert {0, 7, 33_333, 49_999} <= set(kept.tolist())
    assert (np.diff(kept) > 0).all()
    result = conclude(curves({"loss": values}))
    drawn = charts(result)
    assert set(drawn) == {"stream", "statistic"}
    for chart in drawn.values():
        assert all(len(trace["x"]) <= MOST_POINTS for trace in chart.figure["data"])
        assert len(chart.table.rows) <= MOST_POINTS


def test_pictures_show_baseline_change_and_alarm_with_words():
    result = conclude(curves({"<b>kl</b>": jump()}))
    chart = charts(result)["stream"]
    assert "<b>" not in json.dumps(chart.figure)
    assert "alarm at" in chart.alt
    assert sum(shape["type"] == "rect" for shape in chart.figure["layout"]["shapes"]) == 2
    assert charts(result)["statistic"].figure["layout"]["shapes"][-1]["y0"] == result.pictures["statistic"]["threshold"]


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    st.integers(1, 300),
    st.sampled_from([0.0, 1e-300, 1.0, 1e6, 1e200]),
    st.integers(0, 9),
    st.sampled_from(["", *MONITORS]),
)
def test_results_are_plain(points, spread, seed, monitor):
    values = stream("white", points, np.random.default_rng(seed)) * spread
    try:
        told = conclude(curves({"loss": values}), monitor=monitor).to_dict()
    except NotEnoughData:
        return
    assert strange(told, "result") == []
    json.dumps(told, allow_nan=False)


@pytest.mark.real_data
@pytest.mark.skipif(not HOME, reason="PLUMBLINE_REAL_DATA names no folder of public files")
def test_real_logs_are_watched_only_where_a_statement_holds():
    (collapsing,) = Path(HOME, "grpo_reasoning_logs").rglob("7_5_plus_kl_metrics.csv")
    result = analyse(collapsing, "monitor")
    assert result.verdict == "not_watched"
    assert "its baseline is still falling" in result.sentence
    (state,) = Path(HOME, "dpo_llama31_trainer_state").rglob("*.json")
    result = analyse(state, "monitor")
    told = {item["metric"]: item for item in result.items}
    assert not told["rm_margin"]["monitor"], "the margin rises from the first step on"
    assert "its baseline is still rising" in told["rm_margin"]["why"]
    assert result.estimates["streams_watched"].value is not None
