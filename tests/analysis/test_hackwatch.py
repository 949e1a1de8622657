"""Hack watch against policies that begin to hack at a known step, healthy ones, and its refusals."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.analysis import HackWatch, HackWatchParameters
from engine.analysis.hackwatch.gap import gap_of, promise_of
from engine.analysis.hackwatch.measures import Measured, by_prompt
from engine.errors import NotEnoughData, NotFound, UsageError
from engine.figures import charts
from engine.figures.pairs import worst_rows
from engine.types import Result, Rows
from tests.analysis.compare_worlds import named
from tests.analysis.test_plain_results import strange
from tests.analysis.training_worlds import curves, rollouts, several, stream

ANALYSIS = HackWatch()


def conclude(rows: Rows, **params: Any) -> Result:
    parameters = HackWatchParameters.parse(params)
    return ANALYSIS.conclude(ANALYSIS.observe(rows, parameters), parameters)


def changed(rows: Rows, **columns: np.ndarray) -> Rows:
    return replace(rows, columns={**rows.columns, **columns})


# ------------------------------------------------------------------ the gap


def test_the_true_onset_lies_in_its_set_in_at_least_nine_of_ten_runs():
    held, late = 0, []
    for seed in range(100):
        result = conclude(rollouts(steps=130, prompts=8, answers=2, onset=80, slope=0.08, seed=seed))
        found = result.estimates.get("onset_at")
        if found is None or found.low is None or found.high is None:
            continue
        held += found.low <= 80 <= found.high
        late.append(result.items[0]["alarm"] - 80)
    assert held >= 90
    assert 0 < np.median(late) < 30


def test_healthy_policies_seldom_ring():
    rang = 0
    for seed in range(60):
        rang += (
            conclude(rollouts(steps=120, prompts=6, answers=2, seed=seed), tolerance=0.0, alpha=0.2).verdict
            != "no_onset"
        )
    assert rang <= 21, "a chance of .2 gives more than 21 of 60 once in a hundred times"


@pytest.mark.parametrize(("proxy", "gold"), [(0.2, 1.5), (1.5, 0.2), (1.0, 0.0)])
def test_a_policy_that_gets_better_does_not_ring_however_noisy_either_reward_is(proxy, gold):
    """Standardised rewards would part here: the noisier of the two rises less in its own standard deviations."""
    for seed in range(12):
        rows = rollouts(steps=120, prompts=8, answers=2, seed=seed)
        generator = np.random.default_rng(1000 + seed)
        count = len(rows)
        quality = 3 * (1 - np.exp(-rows.columns["step"] / 50)) + generator.normal(0, 0.9, count)
        true = quality + generator.normal(0, gold, count)
        true = true if gold else (generator.random(count) < 1 / (1 + np.exp(-2 * quality))) * 1.0
        reward = 5 * (quality + generator.normal(0, proxy, count)) - 20
        assert conclude(changed(rows, reward=reward, gold=true)).verdict == "no_onset"


def test_choosing_by_the_proxy_alone_does_not_ring():
    """The best of four by the proxy has more proxy than gold, but a proxy is worth what it was."""
    rows = rollouts(steps=120, prompts=8, answers=1, seed=1)
    generator = np.random.default_rng(2)
    quality = generator.normal(size=(len(rows), 4))
    proxy = quality + generator.normal(size=quality.shape)
    best = np.where(rows.columns["step"] > 60, proxy.argmax(axis=1), 0)
    place = np.arange(len(rows))
    result = conclude(changed(rows, reward=proxy[place, best], gold=quality[place, best]))
    assert result.verdict == "no_onset"


def test_what_a_proxy_promises_is_a_rising_curve_level_beyond_its_ends():
    generator = np.random.default_rng(3)
    proxy = generator.normal(size=400)
    gold = np.tanh(proxy) + generator.normal(0, 0.1, 400)
    ones = np.ones(400, np.int64)
    at = np.arange(400.0)
    promise = promise_of(Measured(at, proxy, ones), Measured(at, gold, ones), 400, "promised")
    asked = np.linspace(-3, 3, 200)
    assert (np.diff(promise(asked)) >= 0).all()
    assert promise(np.array([50.0])) == promise(np.array([5.0]))
    assert np.abs(promise(asked[60:140]) - np.tanh(asked[60:140])).max() < 0.2
    plain = promise_of(Measured(at, proxy, ones), Measured(at, gold, ones), 400, "plain")
    assert gap_of(Measured(at, proxy, ones), Measured(at, gold, ones), plain).values == pytest.approx(proxy - gold)


def test_answers_to_a_prompt_of_a_step_are_one_value():
    at, prompt = np.array([1.0, 1, 1, 2, 2]), np.array([7, 7, 8, 7, 7], np.uint64)
    found = by_prompt(at, prompt, np.array([1.0, 3.0, 10.0, 4.0, np.nan]))
    assert (found.at.tolist(), found.values.tolist(), found.sizes.tolist()) == ([1, 2], [2.0, 10.0, 4.0], [2, 1])
    assert found.means.tolist() == [6.0, 4.0]


# ------------------------------------------------------------------ the answer


def test_an_onset_says_since_when_in_which_order_and_how_often_it_is_false():
    result = conclude(rollouts(onset=100, lengthens=130))
    assert result.verdict == "onset"
    assert result.sentence.startswith("Onset at step ")
    assert [item["signal"] for item in result.items if item["rang"]] == ["gap", "length"]
    assert "length rose" in result.sentence
    assert result.sentence.endswith("The chance of any false alarm is at most 0.05.")
    assert sum(item["alpha"] for item in result.items) == pytest.approx(0.05)
    assert result.items[0]["alpha"] == pytest.approx(0.03)
    moved = result.estimates["gap_moved"].value
    assert moved is not None
    assert moved > 0.3
    assert set(charts(result)) == {"rewards", "reached"}
    assert "alarm at" in charts(result)["rewards"].alt
    assert charts(result)["reached"].figure["layout"]["yaxis"]["range"][1] == pytest.approx(4.2)


def test_the_responsible_answers_are_those_of_the_largest_gap_since_the_onset():
    rows = rollouts(onset=100)
    early = np.isin(np.arange(len(rows)), [70, 900, 3_000])
    rows = changed(rows, gold=np.where(early, rows.columns["gold"] - 50, rows.columns["gold"]))
    result = conclude(rows)
    found = result.estimates["onset_at"]
    assert len(result.worst) == 50
    gaps = [one.confidence for one in result.worst]
    assert gaps == sorted(gaps, reverse=True)
    place = {int(row): at for at, row in enumerate(rows.columns["row_hash"])}
    steps = rows.columns["step"][[place[one.row_hash] for one in result.worst]]
    assert steps.min() >= found.low
    assert np.median(steps) > 130
    assert conclude(rollouts()).worst == []


def test_a_responsible_answer_is_shown_with_its_rewards():
    row = {"reward": 3.5, "gold": -1.0, "step": 140, "confidence": 4.25, "text": "<b>x</b>", "prompt": "p1"}
    result = replace(conclude(rollouts()), pairs=[row])
    (shown,) = worst_rows(result)
    assert shown["said"] == "Promises 4.25 more than gold gives"
    assert ("Gold", "−1.00") in shown["facts"]
    assert shown["sides"][0]["text"] == "<b>x</b>"


def test_without_gold_only_symptoms_are_seen():
    result = conclude(rollouts(gold=False, lengthens=90))
    assert result.verdict == "watch"
    assert result.sentence.startswith("Watch: length rose (alarm at step ")
    assert "Without a gold reward only symptoms are seen" in result.sentence
    assert "only_symptoms" in {notice.code for notice in result.warnings}
    assert "onset_at" not in result.estimates
    quiet = conclude(rollouts(gold=False))
    assert quiet.verdict == "no_onset"
    assert quiet.sentence.startswith("No symptom: ")


def test_symptoms_alone_never_say_onset():
    rows = rollouts()
    step = rows.columns["step"]
    generator = np.random.default_rng(0)
    truncated = (generator.random(len(rows)) < np.where(step > 100, 0.5, 0.0)) * 1.0
    entropy = np.where(step > 110, rows.columns["entropy"] / 4, rows.columns["entropy"])
    result = conclude(changed(rows, truncated=truncated, entropy=entropy))
    assert result.verdict == "watch"
    assert [item["signal"] for item in result.items if item["rang"]] == ["truncated", "entropy"]
    assert result.items[1]["direction"] == "fell"


def test_prompts_without_variance_are_a_symptom():
    rows = rollouts()
    reward = np.where(rows.columns["step"] > 100, 5.0, rows.columns["reward"])
    result = conclude(changed(rows, reward=reward, gold=np.full(len(rows), np.nan)))
    assert "zero_variance" in [item["signal"] for item in result.items if item["rang"]]


def test_curves_are_watched_by_their_names():
    generator = np.random.default_rng(4)
    steps = np.arange(500)
    gold = generator.normal(0, 0.3, 500)
    reward = gold + generator.normal(0, 0.3, 500)
    reward[300:] += 0.03 * np.arange(200)
    length = stream("ar_5", 500, generator) * 10 + 200
    rows = curves({"reward": reward, "gold": gold - 0.02 * np.maximum(steps - 299, 0), "length": length, "loss": gold})
    result = conclude(rows)
    assert result.verdict == "onset"
    found = result.estimates["onset_at"]
    assert found.low <= 301 <= found.high
    ways = {item["signal"]: item["how"] for item in result.items}
    assert ways == {"gap": "betting", "length": "cusum"}
    assert result.worst == []


def test_a_symptom_of_a_curve_that_wanders_is_not_watched():
    generator = np.random.default_rng(5)
    result = conclude(
        curves({"length": stream("random_walk", 500, generator), "entropy": stream("white", 500, generator)})
    )
    told = {item["signal"]: item for item in result.items}
    assert not told["length"]["watched"]
    assert told["entropy"]["watched"]
    assert "length (" in next(one.message for one in result.warnings if one.code == "not_watched")


def test_the_longest_run_is_watched_unless_one_is_named():
    def run(name: str, points: int, seed: int) -> Rows:
        return curves({"entropy": stream("white", points, np.random.default_rng(seed))}, name)

    rows = several(run("a", 200, 0), run("b", 300, 1))
    assert conclude(rows).dataset["run"] == "b"
    named_run = conclude(rows, run="a")
    assert named_run.dataset["run"] == "a"
    assert " of a" in named_run.sentence
    with pytest.raises(NotFound, match="no run 'x'; known are b, a"):
        conclude(rows, run="x")


def test_runs_of_rollouts_are_kept_apart():
    rows = rollouts(steps=100)
    both = replace(rows, names={"run": named((rows.columns["step"] > 60).astype(np.int64), ["one", "two"])})
    assert conclude(both).dataset["run"] == "one"
    assert conclude(both, run="two").items[0]["steps"] == 40


def test_refusals():
    with pytest.raises(NotEnoughData, match="No signal can honestly be watched"):
        conclude(curves({"loss": np.arange(100.0)}))
    with pytest.raises(NotEnoughData, match="values in its baseline"):
        conclude(rollouts(steps=4, prompts=2, answers=1))
    with pytest.raises(NotEnoughData, match="No row has a step"):
        conclude(changed(rollouts(), step=np.full(len(rollouts()), -1)))
    for wrong in ({"alpha": 0.5}, {"baseline": 2}, {"gap": "wide"}, {"tolerance": -1.0}, {"seed": -1}):
        with pytest.raises(UsageError):
            conclude(rollouts(), **wrong)


def test_states_of_parts_are_the_state_of_all():
    rows = rollouts(steps=60, prompts=4, answers=2, onset=40)
    params = HackWatchParameters()

    def part(which: slice) -> Any:
        return ANALYSIS.observe(replace(rows, columns={k: v[which] for k, v in rows.columns.items()}), params)

    whole = ANALYSIS.observe(rows, params)
    joined = ANALYSIS.combine(part(slice(200, None)), part(slice(0, 200)))
    assert ANALYSIS.to_bytes(joined) == ANALYSIS.to_bytes(whole)
    again = ANALYSIS.conclude(ANALYSIS.from_bytes(ANALYSIS.to_bytes(whole)), params)
    assert again.sentence == ANALYSIS.conclude(joined, params).sentence


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.integers(1, 40), st.integers(1, 5), st.sampled_from([0.0, 1e-200, 1.0, 1e150]), st.integers(0, 9))
def test_results_are_plain(steps, prompts, spread, seed):
    rows = rollouts(steps=steps, prompts=prompts, answers=2, seed=seed)
    rows = changed(rows, reward=rows.columns["reward"] * spread)
    try:
        told = conclude(rows).to_dict()
    except NotEnoughData:
        return
    assert strange(told, "result") == []
    json.dumps(told, allow_nan=False)
