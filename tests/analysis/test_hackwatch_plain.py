"""The parts of hack watch worked out again the long way: the promise, what is measured, each signal, every word."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.analysis import HackWatch, HackWatchParameters
from engine.analysis.hackwatch.analysis import _baseline, _item
from engine.analysis.hackwatch.gap import promise_of
from engine.analysis.hackwatch.measures import SIGNALS, Measured, run_of, runs_in
from engine.analysis.hackwatch.pictures import pictures
from engine.analysis.hackwatch.sentence import sentence, verdict
from engine.analysis.hackwatch.signals import Signal, bounded, planned, watch
from engine.analysis.monitor.betting import Betting
from engine.analysis.monitor.bootstrap import Baseline, statistic, threshold_of_chance
from engine.analysis.monitor.change import Changed, changed
from engine.analysis.sequences import confidence_sequence
from engine.errors import UsageError
from engine.types import Result, Rows
from tests.analysis.compare_worlds import named
from tests.analysis.training_worlds import curves, rollouts, several, stream

ANALYSIS = HackWatch()


def conclude(rows: Rows, **params: Any) -> Result:
    parameters = HackWatchParameters.parse(params)
    return ANALYSIS.conclude(ANALYSIS.observe(rows, parameters), parameters)


def observed(rows: Rows) -> Any:
    return ANALYSIS.observe(rows, HackWatchParameters())


def of_steps(values: np.ndarray, each: int, start: int = 1) -> Measured:
    steps = len(values) // each
    return Measured(np.arange(start, start + steps) * 1.0, values, np.full(steps, each))


# ------------------------------------------------------------------ the promise


def pooled(worth: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """The rising curve nearest to these, by pooling neighbours that fall (Ayer et al. 1955)."""
    groups = [[value, size, 1] for value, size in zip(worth, sizes, strict=True)]
    place = 0
    while place < len(groups) - 1:
        if groups[place][0] > groups[place + 1][0]:
            (one, size, many), (other, size_2, many_2) = groups[place], groups.pop(place + 1)
            groups[place] = [(one * size + other * size_2) / (size + size_2), size + size_2, many + many_2]
            place = max(place - 1, 0)
        else:
            place += 1
    return np.concatenate([np.full(many, value) for value, _, many in groups])


@pytest.mark.parametrize(("each", "steps", "parts"), [(3, 10, 3), (5, 40, 20), (7, 9, 6), (1, 9, 1), (2, 100, 20)])
def test_a_promise_is_a_rising_curve_through_parts_of_the_first_steps_alone(each, steps, parts):
    generator = np.random.default_rng(each)
    proxy = generator.normal(size=each * (steps + 20))
    gold = np.sin(2 * proxy) + generator.normal(0, 0.5, len(proxy))
    first = each * steps
    order = np.argsort(proxy[:first])
    cut = np.array_split(order, parts)
    at = np.array([np.mean(proxy[part]) for part in cut])
    worth = pooled(np.array([np.mean(gold[part]) for part in cut]), np.array([len(part) for part in cut]))
    asked = np.linspace(-3, 3, 80)
    told = promise_of(of_steps(proxy, each), of_steps(gold, each), steps, "promised")(asked)
    assert told == pytest.approx(np.interp(asked, at, worth))


# ------------------------------------------------------------------ what is measured


def test_rollouts_are_measured_by_prompt_and_step_where_both_rewards_are_known():
    rows = rollouts(steps=12, prompts=5, answers=3, seed=4)
    gold = np.where(np.arange(len(rows)) % 7 == 0, np.nan, rows.columns["gold"])
    rows = replace(rows, columns={**rows.columns, "gold": gold})
    run = run_of(observed(rows), "")
    assert (run.by, run.name) == ("step", "run")
    step, prompt = rows.columns["step"], rows.columns["prompt_hash"]
    groups = [(one, two) for one in np.unique(step) for two in np.unique(prompt[step == one])]
    known = np.isfinite(gold)
    for measured, values, kept in (
        (run.reward, rows.columns["reward"], known), (run.gold, gold, known),
        (run.signals["length"], rows.columns["length"], np.ones(len(rows), bool)),
        (run.signals["truncated"], rows.columns["truncated"], np.ones(len(rows), bool)),
    ):  # fmt: skip
        assert measured is not None
        means = [values[(step == one) & (prompt == two) & kept].mean() for one, two in groups]
        assert measured.values == pytest.approx(means)
        assert measured.sizes.tolist() == [sum(one == each for each, _ in groups) for one in np.unique(step)]
        assert measured.at.tolist() == np.unique(step).tolist()
        ends = np.cumsum(measured.sizes)
        by_step = [measured.values[end - size : end].mean() for end, size in zip(ends, measured.sizes, strict=True)]
        assert measured.means == pytest.approx(by_step)
    assert Measured(np.zeros(0), np.zeros(0), np.zeros(0, np.int64)).means.tolist() == []
    assert run.rows is not None
    assert len(run.rows) == known.sum()
    none = run_of(observed(replace(rows, columns={**rows.columns, "gold": np.full(len(rows), np.nan)})), "")
    assert none.gold is None
    assert none.reward is not None
    assert none.rows is not None
    assert len(none.rows) == len(rows)


def test_curves_are_measured_where_both_rewards_have_a_step_and_by_the_better_name():
    one, other = np.arange(60.0), np.arange(100, 150.0)
    rows = several(
        curves({"reward": one, "loss": one}, "a"), curves({"gold": other, "eval_reward": one}, "a", start=21),
        curves({"entropy": one}, "b"), curves({"entropy": one[:5]}, "0"), curves({"loss": np.r_[one, one]}, "c"),
    )  # fmt: skip
    state = observed(rows)
    assert runs_in(state) == ["c", "a", "b", "0"]
    run = run_of(state, "a")
    assert (run.reward.at.tolist(), run.gold.at.tolist()) == ([*range(21, 61)],) * 2
    assert run.reward.values.tolist() == [*range(20, 60)]
    assert run.gold.values.tolist() == [*range(100, 140)]
    assert run.reward.sizes.tolist() == [1] * 40 == run.gold.sizes.tolist()
    assert (dict(run.signals), run.rows, run.by) == ({}, None, "step")
    assert run_of(state, "b").signals["entropy"].values.tolist() == one.tolist()
    for name, there in (("reward", (True, False)), ("eval_reward", (False, True))):
        alone = run_of(observed(curves({name: one, "length": one})), "")
        assert (alone.reward is not None, alone.gold is not None) == there
        assert list(alone.signals) == ["length"]


def test_runs_of_rollouts_come_by_their_number_of_steps_then_by_name():
    rows = rollouts(steps=40, prompts=2, answers=2)
    step = rows.columns["step"]
    code = np.where(step <= 10, 0, np.where(step <= 30, 1, 2))
    state = observed(replace(rows, names={"run": named(code, ["z", "long", "a"])}))
    assert runs_in(state) == ["long", "a", "z"]
    assert run_of(state, "").name == "long"


@pytest.mark.parametrize(
    ("steps", "drawn", "expected"),
    [(20, True, 5), (39, True, 5), (40, True, 10), (80, True, 20), (119, True, 20), (120, True, 30), (200, True, 50),
     (5000, True, 400), (3, True, 5), (3, False, 30), (119, False, 30), (200, False, 50), (1600, False, 400)],
)  # fmt: skip
def test_the_beginning_is_within_a_quarter(steps, drawn, expected):
    assert _baseline(steps, 0, drawn) == expected
    assert _baseline(steps, 77, drawn) == 77


# ------------------------------------------------------------------ one signal


def test_values_are_cut_four_deviations_from_their_beginning():
    values = np.r_[np.random.default_rng(0).normal(7, 2, 60), 7 + 100.0, 7 - 100.0, 7.0, 9.0]
    measured = of_steps(values, 2)
    told, unit = bounded(Signal("length", measured, 30))
    first = values[:60]
    expected = 0.5 + np.clip((values - first.mean()) / first.std(), -4, 4) / 8
    assert told == pytest.approx(expected)
    assert (told.min(), told.max(), unit) == (0.0, 1.0, 0.125)
    told, unit = bounded(Signal("truncated", of_steps(np.clip(values - 6, -1, 2), 2), 30))
    assert told == pytest.approx(np.clip(values - 6, 0, 1))
    assert unit == pytest.approx(np.clip(values[:60] - 6, -1, 2).std())


@pytest.mark.parametrize("name", ["gap", "length", "entropy", "zero_variance", "truncated"])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("tolerance", [0.0, 0.5])
def test_a_drawn_signal_is_betting_beyond_what_its_beginning_allows(name, sign, tolerance):
    generator = np.random.default_rng(5)
    share = name in ("zero_variance", "truncated")
    values = (generator.random(480) < 0.3) * 1.0 if share else generator.normal(3, 2, 480)
    values[240:] = (generator.random(240) < (0.98 if sign > 0 else 0.02)) * 1.0 if share else values[240:] + 3.5 * sign
    signal = planned(name, of_steps(values, 8), 15, True)
    assert (signal.how, signal.watched, signal.baseline) == ("betting", True, 15)
    found = watch(signal, 0.06, tolerance, 0)
    told, unit = bounded(signal)
    low, high = confidence_sequence(told[:120], 1 - 0.03)
    side = {"length": 0, "entropy": -1}.get(name, 1)
    each = 0.03 if side else 0.015
    sizes = np.full(45, 8)
    up = Betting(mean=min(high + tolerance * unit, 1 - 1e-6)).feed(told[120:], sizes)[1]
    down = Betting(mean=1 - max(low - tolerance * unit, 1e-6)).feed(1 - told[120:], sizes)[1]
    wealth = {0: np.maximum(up, down), 1: up, -1: down}[side]
    assert found.alpha == 0.06
    assert found.evidence == pytest.approx(wealth / np.log(1 / each))
    rang = np.flatnonzero(wealth >= np.log(1 / each))
    assert found.alarm == (15 + rang[0] if len(rang) else None)
    assert (found.alarm is not None) == (side in (0, sign))
    if found.alarm is not None:
        means = values.reshape(60, 8).mean(axis=1)
        assert found.change == changed(means, found.alarm, 15)
        assert found.rose == (sign > 0)
        assert found.at(found.alarm) == found.alarm + 1


def test_a_side_is_a_sign():
    assert set(SIGNALS.values()) == {-1, 0, 1}
    assert next(iter(SIGNALS)) == "gap"


def test_a_bound_is_kept_off_its_ends():
    certain = Signal("truncated", of_steps(np.r_[np.ones(40), np.zeros(40)], 4), 10, how="betting")
    assert watch(certain, 0.05, 2.0, 0).alarm is None
    never = replace(certain, measured=of_steps(np.r_[np.zeros(40), np.ones(40)], 4))
    assert watch(never, 0.05, 0.0, 0).alarm is not None


@pytest.mark.parametrize("name", ["gap", "length", "entropy"])
def test_a_signal_of_means_alone_is_held_against_made_up_runs(name):
    values = stream("ar_5", 1300, np.random.default_rng(3)) * 20 + 300
    values[700:] += 60 if name != "entropy" else -60
    signal = Signal(name, of_steps(values, 1), 100, how="cusum")
    side = {"gap": 1, "length": 0, "entropy": -1}[name]
    found = watch(signal, 0.02, 0.1, 4)
    limit = threshold_of_chance(values[:100], "cusum", side, 0.02, 2000, 4).value
    assert found.evidence == pytest.approx(statistic(values[100:], Baseline.of(values[:100]), "cusum", side) / limit)
    assert found.alarm is not None
    assert found.alarm >= 700
    assert found.rose == (name != "entropy")
    short = Signal(name, of_steps(values[:1100], 1), 100, how="cusum")
    limit = threshold_of_chance(values[:100], "cusum", side, 0.02, 1000, 4).value
    expected = statistic(values[100:1100], Baseline.of(values[:100]), "cusum", side) / limit
    assert watch(short, 0.02, 0.1, 4).evidence == pytest.approx(expected)


def test_a_plan_says_why_a_signal_is_not_watched():
    noise = np.random.default_rng(4).normal(size=80)
    assert planned("gap", of_steps(noise[:58], 2), 30, True).why == "58 values in its baseline, and 0 steps beyond"
    assert planned("gap", of_steps(noise[:60], 2), 30, True).why == "60 values in its baseline, and 0 steps beyond"
    assert planned("gap", of_steps(noise[:62], 2), 30, True).watched
    assert planned("gap", of_steps(noise[:58], 2), 14, True).why == "28 values in its baseline, and 15 steps beyond"
    assert planned("gap", of_steps(noise[:62], 2), 15, True).watched
    still = of_steps(np.full(80, 0.5), 1)
    assert planned("length", still, 40, True).why == "its baseline never moves"
    assert planned("truncated", still, 40, True).how == "betting"
    assert planned("length", of_steps(noise, 1), 40, False).how == "betting"
    depends = stream("ar_5", 300, np.random.default_rng(1))
    assert planned("length", of_steps(depends, 1), 200, False).how == "cusum"
    refused = planned("length", of_steps(np.arange(80.0), 1), 40, False)
    assert (refused.how, refused.why) == ("", "its baseline is still rising")


# ------------------------------------------------------------------ words


def signal(name: str, alarm: int | None = None, rose: bool = True, why: str = "") -> Signal:
    change = None if alarm is None else Changed(alarm - 3, alarm - 5, alarm - 2)
    measured = of_steps(np.arange(60.0), 1, start=1000)
    evidence = None if why else np.linspace(0, 1, 50)
    return Signal(name, measured, 10, 0.01, "betting", why, evidence, alarm, rose, change)


def test_every_word_of_the_sentence():
    gap, length, entropy = signal("gap", 40), signal("length", 30), signal("entropy", 20, rose=False)
    odds = "The chance of any false alarm is at most 0.05."
    assert sentence([gap, length, entropy, signal("truncated")], "step", 0.05, " of x") == (
        "Onset of x at step 1,037 [1,035, 1,038]: entropy fell (alarm at step 1,020), then length rose (alarm at step "
        f"1,030), then the proxy–gold gap rose (alarm at step 1,040). {odds}"
    )
    assert sentence([signal("gap"), length], "step", 0.05, "") == (f"Watch: length rose (alarm at step 1,030). {odds}")
    unseen = " Without a gold reward only symptoms are seen, no hacking itself."
    assert sentence([signal("gap", why="x"), length], "step", 0.05, " of x") == (
        f"Watch of x: length rose (alarm at step 1,030). {odds}{unseen}"
    )
    quiet = [signal("gap"), signal("zero_variance"), signal("truncated"), signal("length", why="x")]
    assert sentence(quiet, "step", 0.05, " of x") == (
        "No onset of x: the proxy–gold gap, share of prompts without variance, truncation stayed within what the "
        f"beginning allows. {odds}"
    )
    assert sentence(quiet[1:], "step", 0.05, "") == (
        "No symptom: share of prompts without variance, truncation stayed within what the beginning allows. "
        f"{odds}{unseen}"
    )
    assert "at 01 Jan 1970 00:17 [01 Jan 1970 00:17" in sentence([gap], "time", 0.05, "")
    assert (verdict([gap, length]), verdict([length]), verdict([signal("gap")])) == ("onset", "watch", "no_onset")


def test_an_alarm_at_the_very_first_place_counts():
    assert verdict([signal("length", 0)]) == "watch"
    both = sentence([signal("length", 5), signal("entropy", 0)], "step", 0.05, "")
    assert both.index("entropy") < both.index("length")


# ------------------------------------------------------------------ the answer


@pytest.fixture(scope="module")
def onset() -> tuple[Rows, Result]:
    rows = rollouts(steps=130, prompts=8, answers=2, onset=80, slope=0.08, seed=3, lengthens=90)
    return rows, conclude(rows, alpha=0.08)


def test_alpha_is_divided_six_to_one(onset):
    _, found = onset
    shares = {item["signal"]: item["alpha"] for item in found.items}
    weights = {name: 6 if name == "gap" else 1 for name, each in shares.items() if each}
    assert shares == {
        name: pytest.approx(0.08 * weights[name] / sum(weights.values()) if name in weights else 0) for name in shares
    }
    rang = [item["alarm"] for item in found.items if item["rang"]]
    assert rang == sorted(rang)
    assert [item["rang"] for item in found.items] == sorted([item["rang"] for item in found.items], reverse=True)
    assert found.estimates["signals_fired"].value == len(rang)
    assert found.estimates["signals_watched"].value == sum(item["watched"] for item in found.items)
    assert found.estimates["false_alarm_chance"].value == 0.08


def test_the_gap_its_onset_and_its_answers_are_those_of_its_rows(onset):
    rows, found = onset
    run = run_of(observed(rows), "")
    steps = 30
    promise = promise_of(run.reward, run.gold, steps, "promised")
    means = (promise(run.reward.values) - run.gold.values).reshape(130, 8).mean(axis=1)
    gap = next(item for item in found.items if item["signal"] == "gap")
    assert (gap["baseline"], gap["steps"], gap["direction"]) == (steps, 130, "rose")
    change = changed(means, int(gap["alarm"]) - 1, steps)
    expected = (change.at + 1, change.low + 1, change.high + 1)
    assert (gap["change"], gap["change_low"], gap["change_high"]) == expected
    at = found.estimates["onset_at"]
    assert (at.value, at.low, at.high) == expected
    assert gap["delay"] == gap["alarm"] - gap["change"] == found.estimates["delay"].value
    moved = means[change.at :].mean() - means[:steps].mean()
    assert found.estimates["gap_moved"].value == pytest.approx(moved)
    away = promise(rows.columns["reward"]) - rows.columns["gold"]
    away = np.where(rows.columns["step"] >= change.low + 1, away, -np.inf)
    order = np.argsort(-away)[:50]
    assert [one.row_hash for one in found.worst] == [int(rows.columns["row_hash"][place]) for place in order]
    assert [one.confidence for one in found.worst] == pytest.approx(away[order])
    picture = found.pictures["rewards"]
    promised, gold = picture["lines"]
    assert gold["value"] == pytest.approx(run.gold.values.reshape(130, 8).mean(axis=1))
    assert np.array(promised["value"]) - gold["value"] == pytest.approx(means)
    assert (picture["baseline_end"], picture["alarm"], picture["change"]) == (steps, gap["alarm"], gap["change"])
    assert (picture["change_low"], picture["change_high"]) == (gap["change_low"], gap["change_high"])
    reached = found.pictures["reached"]
    assert reached["alarms"] == {item["signal"]: item["alarm"] for item in found.items if item["rang"]}
    assert reached["lines"][0]["at"] == [*range(steps + 1, 131)]
    assert {one["name"] for one in reached["lines"]} == {item["signal"] for item in found.items if item["watched"]}
    beyond = [place for place, value in zip(reached["lines"][0]["at"], reached["lines"][0]["value"], strict=True)
              if value >= 1]  # fmt: skip
    assert beyond[0] == gap["alarm"]


def test_a_quiet_gap_has_moved_by_what_followed_its_beginning():
    rows = rollouts(steps=100, prompts=8, answers=2, seed=2)
    found = conclude(rows, gap="plain", tolerance=2.0)
    means = (rows.columns["reward"] - rows.columns["gold"]).reshape(100, 16).mean(axis=1)
    assert found.verdict == "no_onset"
    assert found.estimates["gap_moved"].value == pytest.approx(means[20:].mean() - means[:20].mean())
    assert found.pictures["rewards"]["alarm"] is None
    assert found.worst == []
    assert "prompts_at_random" in [one.code for one in found.warnings]


def test_pictures_of_a_run_that_is_no_longer_than_its_beginning():
    run = run_of(observed(rollouts(steps=10, prompts=4, answers=1)), "")
    gap = replace(signal("gap", why="x"), measured=run.gold, baseline=10)
    assert pictures(run, [gap])["rewards"]["baseline_end"] == 10
    assert pictures(run, [replace(gap, baseline=11)])["rewards"]["baseline_end"] is None
    assert "rewards" not in pictures(run, [signal("length")])


def test_what_is_not_watched_and_how_is_said():
    generator = np.random.default_rng(5)
    found = conclude(
        curves({"length": stream("ar_5", 800, np.random.default_rng(3)), "entropy": stream("white", 500, generator),
                "truncated": np.linspace(0, 1, 400)})
    )  # fmt: skip
    told = {one.code: one.message for one in found.warnings}
    assert set(told) == {"only_symptoms", "not_watched", "made_up_runs"}
    assert told["not_watched"].endswith(" holds: truncated (its baseline is still rising).")
    betting = conclude(curves({"entropy": stream("white", 500, generator)}))
    assert [one.code for one in betting.warnings] == ["only_symptoms"]


@pytest.mark.parametrize(
    ("name", "inside", "outside"),
    [
        ("alpha", (0.001, 0.2), (0.0009, 0.21)), ("baseline", (0, 5, 100_000), (4, -1, 100_001)),
        ("tolerance", (0.0, 2.0), (-0.01, 2.01)), ("seed", (0, 2**32 - 1), (-1, 2**32)),
        ("gap", ("plain", "promised"), ("", "x")),
    ],
)  # fmt: skip
def test_parameters_have_ends(name, inside, outside):
    for value in inside:
        HackWatchParameters(**{name: value})
    for value in outside:
        with pytest.raises(UsageError, match=name):
            HackWatchParameters(**{name: value})


def test_only_what_rang_with_a_change_has_places():
    rang = signal("gap", 40)
    assert {"alarm", "change", "direction", "delay"} <= set(_item(rang))
    run = run_of(observed(rollouts(steps=60, prompts=4, answers=1)), "")
    for one in (replace(rang, alarm=None), replace(rang, change=None)):
        assert not {"alarm", "change", "direction", "delay"} & set(_item(one))
        told = pictures(run, [one])["rewards"]
        assert [told[name] for name in ("alarm", "change", "change_low", "change_high")] == [None] * 4
    assert _item(rang)["delay"] == 3.0
    assert _item(signal("entropy", 40, rose=False))["direction"] == "fell"
