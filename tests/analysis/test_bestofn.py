"""Best of n against every choice of n answers, simulated truth, and its refusals."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from engine import analyse
from engine.analysis import BestOfN, BestOfNParameters
from engine.analysis.bestofn import analysis
from engine.analysis.bestofn.curve import CURVES, kl_bound, prompts_of, sizes, weights
from engine.analysis.records import Records
from engine.errors import NotEnoughData, NotFound, UsageError
from engine.types import Result, Rows
from tests.analysis.compare_worlds import apart, identity, named, take
from tests.analysis.test_plain_results import strange

GOLDEN = json.loads(Path(__file__).with_name("golden").joinpath("bestofn.json").read_text())
HOME = os.environ.get("PLUMBLINE_REAL_DATA", "")
ANALYSIS = BestOfN()


def rows_of(value: np.ndarray, prompt: np.ndarray, truth: np.ndarray | None = None) -> Rows:
    columns = {"value": value, "truth": np.full(len(value), np.nan) if truth is None else truth}
    return Rows("score", {**columns, **identity(prompt)})


def conclude(rows: Rows, **params: Any) -> Result:
    parameters = BestOfNParameters.parse(params)
    return ANALYSIS.conclude(ANALYSIS.observe(rows, parameters), parameters)


def number(result: Result, name: str) -> float:
    found = result.estimates[name].value
    assert found is not None
    return found


# ------------------------------------------------------------------ the curves


@pytest.mark.parametrize("case", GOLDEN["cases"])
def test_every_choice_of_n_answers(case):
    score, truth, n = np.array(case["score"]), np.array(case["truth"]), case["n"]
    rows = rows_of(score, np.zeros(len(score), np.int64), truth)
    found = prompts_of(ANALYSIS.observe(rows, BestOfNParameters()), n)
    assert found.values[:, 0, -1].tolist() == pytest.approx([case[curve] for curve in CURVES], rel=1e-12, abs=1e-12)


def test_published_values():
    """Golden values of the reference: 64 normal numbers at n = 1, 4, 16; the bound at 4 and 16."""
    score = np.array(GOLDEN["published"])
    found = [float(weights(64, n) @ score) for n in (1, 4, 16)]
    assert found == pytest.approx([0.1669530526587745, 1.3237464812152548, 2.1903859835246595], rel=1e-12)
    assert [kl_bound(n) for n in (1, 4, 16)] == pytest.approx([0, 0.6362943611198906, 1.8350887222397811], rel=1e-14)


@given(st.integers(1, 300), st.data())
def test_weights_are_chances(answers, data):
    n = data.draw(st.integers(1, answers))
    found = weights(answers, n)
    assert found.sum() == pytest.approx(1)
    exact = [comb(place - 1, n - 1) / comb(answers, n) for place in range(1, answers + 1)]
    assert found == pytest.approx(exact, rel=1e-10, abs=1e-300)


@given(st.integers(1, 60), st.integers(0, 60), st.data())
def test_best_of_n_of_right_and_wrong_is_pass_at_k(answers, right, data):
    right, n = min(right, answers), data.draw(st.integers(1, answers))
    score = np.repeat([0.0, 1.0], [answers - right, right])
    expected = 1 - comb(answers - right, n) / comb(answers, n)
    assert float(weights(answers, n) @ score) == pytest.approx(expected, abs=1e-12)


def test_sizes_are_powers_of_two_and_the_most():
    assert sizes(24) == [1, 2, 4, 8, 16, 24]
    assert sizes(16) == [1, 2, 4, 8, 16]
    assert sizes(2) == [1, 2]
    assert sizes(1) == [1]


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 9), st.integers(0, 99))
def test_curves_rise_and_the_oracle_is_best(most, seed):
    generator = np.random.default_rng(seed)
    prompt = np.repeat(np.arange(40), most)
    result = conclude(rows_of(generator.normal(size=40 * most).round(1), prompt, generator.random(40 * most)))
    curve = result.pictures["curve"]
    assert (np.diff(curve["best"]) >= -1e-12).all()
    assert (np.diff(curve["worst"]) <= 1e-12).all()
    assert (np.diff(curve["oracle"]) >= -1e-12).all()
    assert all(gold <= oracle + 1e-12 for gold, oracle in zip(curve["gold"], curve["oracle"], strict=True))
    assert curve["best"][0] == pytest.approx(curve["worst"][0])


# ------------------------------------------------------------------ the answer


def world(prompts: int, answers: int, seed: int, tilt: float = 1.0) -> Rows:
    """Answers of a quality; the value follows it, the truth as well up to a quality of 1, then falls by `tilt`."""
    generator = np.random.default_rng(seed)
    prompt = np.repeat(np.arange(prompts), answers)
    quality = generator.normal(size=len(prompt))
    value = quality + generator.normal(0, 0.2, len(prompt)) + generator.normal(0, 1, prompts)[prompt]
    truth = np.clip(0.4 + 0.2 * np.minimum(quality, 0.5) - tilt * np.maximum(quality - 0.5, 0), 0, 1)
    return rows_of(value, prompt, truth)


def test_a_mean_and_its_interval_are_those_of_the_t_test():
    generator = np.random.default_rng(4)
    values = generator.normal(2, 1, (50, 6))
    result = conclude(rows_of(values.ravel(), np.repeat(apart(50), 6)))
    best = values.max(axis=1)
    found = result.estimates["best_of_n"]
    assert found.value == pytest.approx(best.mean())
    assert (found.low, found.high) == pytest.approx(stats.t.interval(0.95, 49, best.mean(), stats.sem(best)))
    gain = best - values.mean(axis=1)
    found = result.estimates["gain"]
    assert (found.low, found.high) == pytest.approx(stats.t.interval(0.95, 49, gain.mean(), stats.sem(gain)))
    assert result.verdict == "proxy_only"
    assert result.sentence.startswith("Best of 6 by its own score: value ")
    assert "without truths no peak can be told" in result.sentence


def test_gains_losses_and_a_peak():
    gains = conclude(world(300, 8, 1, tilt=-0.2))
    assert gains.verdict == "gains"
    assert gains.sentence.startswith("Best of 8 gains: truth ")
    over = conclude(world(300, 16, 2, tilt=0.35))
    assert over.verdict == "over_optimised"
    assert 1 < number(over, "peak_n") < 16
    assert over.estimates["gold_loss_after_peak"].low > 0
    assert f"beyond best of {number(over, 'peak_n'):.0f}" in over.sentence
    assert conclude(world(300, 16, 3, tilt=1.5)).verdict == "loses"
    generator = np.random.default_rng(1)
    idle = rows_of(generator.normal(size=600), np.repeat(np.arange(60), 10), generator.random(600))
    assert conclude(idle).verdict == "no_gain_detected"


def test_prompts_with_fewer_answers_count_as_far_as_they_go():
    generator = np.random.default_rng(5)
    sizes_of = np.r_[np.full(40, 3), np.full(35, 8), np.full(10, 9), np.full(7, 1)]
    prompt = np.repeat(np.arange(92), sizes_of)
    value = generator.normal(size=len(prompt))
    result = conclude(rows_of(value, prompt))
    curve = result.pictures["curve"]
    assert curve["n"] == [1, 2, 4, 8]
    assert curve["best_prompts"] == [85, 85, 45, 45]
    codes = {notice.code for notice in result.warnings}
    assert {"answers_differ", "single_answers", "few_prompts"} == codes
    assert result.dataset["prompts"] == 85
    long = np.array([value[prompt == at].mean() for at in range(85) if sizes_of[at] >= 8])
    best = number(result, "best_of_n")
    assert number(result, "gain") == pytest.approx(best - long.mean())


def test_truths_that_are_missing_leave_their_prompts_out():
    rows = world(100, 4, 6)
    truth = rows.columns["truth"].copy()
    truth[: 4 * 40 : 4] = np.nan
    result = conclude(replace(rows, columns={**rows.columns, "truth": truth}))
    whole = conclude(take(rows, slice(160, None)))
    assert result.estimates["gold_best_of_n"] == whole.estimates["gold_best_of_n"]
    assert result.estimates["best_of_n"].n == 100
    few = replace(rows, columns={**rows.columns, "truth": np.where(np.arange(400) < 80, truth * 0 + 1, np.nan)})
    assert conclude(few).verdict == "proxy_only"


def test_judges_are_named_where_there_are_several():
    rows = world(60, 4, 7)
    rows = replace(rows, names={"judge": named(np.arange(240) // 120, ["j", "k"])})
    with pytest.raises(UsageError, match="judge=…; known are j, k"):
        conclude(rows)
    assert conclude(rows, judge="j").estimates == conclude(take(rows, slice(0, 120))).estimates
    with pytest.raises(NotFound, match="no judge 'x'"):
        conclude(rows, judge="x")


def test_refusals():
    with pytest.raises(NotEnoughData) as refused:
        conclude(rows_of(np.arange(50.0), np.arange(50)))
    assert refused.value.code == "one_answer"
    with pytest.raises(NotEnoughData, match="29 prompts with two answers or more"):
        conclude(rows_of(np.arange(58.0), np.repeat(np.arange(29), 2)))
    with pytest.raises(NotEnoughData):
        conclude(rows_of(np.full(50, np.nan), np.arange(50)))
    with pytest.raises(UsageError):
        ANALYSIS.observe(Rows("comparison", identity(np.arange(3))), BestOfNParameters())
    for wrong in ({"level": 1.0}, {"slice": "x"}, {"seed": -1}, {"bins": 3}):
        with pytest.raises(UsageError):
            conclude(world(40, 2, 0), **wrong)


def test_of_too_many_answers_some_are_taken(monkeypatch):
    rows = world(40, 12, 8)
    monkeypatch.setattr(analysis, "MOST_ANSWERS", 5)
    result = conclude(rows)
    assert number(result, "n") == 5
    assert "answers_sampled" in {notice.code for notice in result.warnings}
    state = ANALYSIS.observe(rows, BestOfNParameters())
    halves = [ANALYSIS.observe(take(rows, which), BestOfNParameters()) for which in (slice(0, 200), slice(200, None))]
    parts: Records = ANALYSIS.combine(*halves[::-1])
    assert ANALYSIS.to_bytes(parts) == ANALYSIS.to_bytes(state)
    assert ANALYSIS.conclude(parts, BestOfNParameters()).estimates == result.estimates


def test_slices_narrow():
    rows = world(100, 4, 9)
    code = (np.arange(400) // 4 % 2).astype(np.int32)
    rows = replace(rows, slices={"tone": (code, ["plain", "rude"])})
    assert conclude(rows, slice="tone=rude").estimates == conclude(take(rows, code == 1)).estimates
    with pytest.raises(NotFound):
        conclude(rows, slice="tone=sad")


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.integers(30, 120), st.integers(1, 9), st.sampled_from([0.0, 1.0, 1e-9, 1e6]), st.integers(0, 9))
def test_results_are_plain(prompts, most, spread, seed):
    generator = np.random.default_rng(seed)
    prompt = np.repeat(np.arange(prompts), generator.integers(1, most + 1, prompts))
    rows = rows_of(generator.normal(size=len(prompt)) * spread, prompt, generator.random(len(prompt)).round())
    try:
        told = conclude(rows).to_dict()
    except NotEnoughData:
        return
    assert strange(told, "result") == []
    json.dumps(told, allow_nan=False)


@pytest.mark.real_data
@pytest.mark.skipif(not HOME, reason="PLUMBLINE_REAL_DATA names no folder of public files")
def test_judge_goodhart():
    (file,) = Path(HOME, "judge_goodhart").rglob("*.jsonl")
    result = analyse(file, "bestofn")
    records = [json.loads(line) for line in file.read_text().splitlines()]
    answers: dict[str, list[tuple[float, float]]] = {}
    for record in records:
        answers.setdefault(record["task_id"], []).append((record["judge_score"], float(record["correct"])))
    assert number(result, "mean_truth") == pytest.approx(0.6684, abs=5e-5)
    assert number(result, "best_of_n") == pytest.approx(np.mean([max(each)[0] for each in answers.values()]))
    chosen = [np.mean([t for s, t in each if s == max(each)[0]]) for each in answers.values()]
    assert number(result, "gold_best_of_n") == pytest.approx(np.mean(chosen))
    assert result.verdict == "gains"
    assert number(result, "n") == 24
