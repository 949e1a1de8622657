"""What an analyst finds in the simulated files is what is true of the project."""

from __future__ import annotations

import json
from collections import defaultdict

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import expit

from jobs.simulator import preferences, training
from jobs.simulator.truth import TICK_SECONDS, Truth

TRUTH = Truth(seed=11)
DRIFTED = range(260, 760)


def pairs(ticks: range, truth: Truth = TRUTH) -> list[dict]:
    return [json.loads(line) for tick in ticks for line in preferences.lines(truth, tick)]


def background(name: str, ticks: range, truth: Truth = TRUTH) -> list[dict]:
    return [json.loads(line) for tick in ticks for line in training.lines(truth, tick).get(name, [])]


def temperature(rows: list[dict]) -> tuple[float, float]:
    """The fitted temperature and its standard error clustered by prompt, by way of the slope 1 / T."""
    margins = np.array([row["reward_chosen"] - row["reward_rejected"] for row in rows])
    slope = brentq(lambda value: float(np.sum(margins * expit(-value * margins))), 1e-3, 50)
    curvature = np.sum(margins**2 * expit(slope * margins) * expit(-slope * margins))
    scores: dict[str, float] = defaultdict(float)
    for row, score in zip(rows, margins * expit(-slope * margins), strict=True):
        scores[row["prompt_id"]] += float(score)
    error = np.sqrt(sum(score**2 for score in scores.values())) / curvature
    return 1 / slope, float(error / slope**2)


def test_the_temperature_after_the_drift_is_recovered_inside_its_interval():
    rows = [row for row in pairs(DRIFTED) if row["subset"] != TRUTH.preferences.worst_domain]
    found, error = temperature(rows)
    assert abs(found - TRUTH.preferences.temperature_end) < 1.96 * error
    assert error < 0.1


def test_the_worst_slice_is_much_worse():
    rows = [row for row in pairs(DRIFTED) if row["subset"] == TRUTH.preferences.worst_domain]
    found, error = temperature(rows)
    expected = TRUTH.preferences.temperature(10_000, TRUTH.preferences.worst_domain)
    assert expected == pytest.approx(1.9 * 1.7)
    assert abs(found - expected) < 1.96 * error


def test_the_reward_model_is_honest_at_first():
    honest = Truth(seed=11, preferences=type(TRUTH.preferences)(drift_minutes=1e9, worst_factor=1.0))
    found, error = temperature(pairs(range(300), honest))
    assert abs(found - 1.0) < 1.96 * error


def test_the_temperature_moves_through_the_first_minute_at_sixty_times_speed():
    path = [TRUTH.preferences.temperature(minute, "math") for minute in (0, 15, 30, 45, 60, 90)]
    assert path == pytest.approx([1.0, 1.225, 1.45, 1.675, 1.9, 1.9])
    early, late = (temperature(pairs(ticks))[0] for ticks in (range(40), range(200, 240)))
    assert late > early + 0.3


def test_choices_within_a_prompt_are_correlated_so_intervals_must_be_clustered():
    groups: dict[str, list[float]] = defaultdict(list)
    for row in pairs(DRIFTED):
        margin = (row["reward_chosen"] - row["reward_rejected"]) / TRUTH.preferences.temperature(999, row["subset"])
        groups[row["prompt_id"]].append(float(margin > 0) - expit(abs(margin)))
    products = [a * b for values in groups.values() for i, a in enumerate(values) for b in values[:i]]
    assert np.mean(products) > 2.5 * np.std(products) / np.sqrt(len(products))


def test_a_tick_holds_five_to_twenty_pairs_in_order_of_time():
    sizes = [len(preferences.lines(TRUTH, tick)) for tick in range(200)]
    assert 8 < np.mean(sizes) < 15
    assert min(sizes) >= preferences.MIN_PROMPTS
    assert max(sizes) <= preferences.MAX_PROMPTS * preferences.MAX_PAIRS_OF_PROMPT
    times = [row["timestamp"] for row in pairs(range(50))]
    assert times == sorted(times)
    assert len(set(times)) == len(times)


def test_the_same_seed_writes_the_same_bytes_and_another_seed_others():
    assert preferences.lines(Truth(seed=3), 17) == preferences.lines(Truth(seed=3), 17)
    assert training.lines(Truth(seed=3), 40) == training.lines(Truth(seed=3), 40)
    assert preferences.lines(Truth(seed=3), 17) != preferences.lines(Truth(seed=4), 17)


def test_texts_are_filled_in_and_differ_within_a_pair():
    for row in pairs(range(100)):
        assert row["chosen"] != row["rejected"]
        for text in (row["prompt"], row["chosen"], row["rejected"]):
            assert text
            assert "{" not in text


def test_gold_reward_peaks_where_the_policy_says():
    policy = TRUTH.policy
    steps = np.arange(1201)
    gold = np.array([policy.gold(step) for step in steps])
    assert steps[gold.argmax()] == pytest.approx(policy.peak_step, abs=1)
    assert gold[-1] < gold.max() - 0.5
    proxy = [policy.proxy(step) for step in steps]
    assert proxy == sorted(proxy)
    rows = background(training.GOLD_FILE, range(4800))
    distance = np.sqrt([row["kl"] for row in rows])
    bend, slope = np.polyfit(distance, [row["gold_reward"] for row in rows], 2)[:2]
    assert -slope / (2 * bend) == pytest.approx(policy.peak_distance, rel=0.05)


def test_prompt_mix_and_reward_scale_change_at_the_known_minute():
    per_minute = 60 / TICK_SECONDS
    change = int(TRUTH.drift.minute * per_minute)
    shares = []
    for ticks in (range(change - 400, change), range(change, change + 400)):
        rows = background(training.ROLLOUT_FILE, ticks)
        shares.append(np.mean([row["subset"] == "code" for row in rows]))
    assert shares[0] == pytest.approx(TRUTH.drift.mix_before["code"], abs=0.05)
    assert shares[1] == pytest.approx(TRUTH.drift.mix_after["code"], abs=0.05)
    scores = [row["objective/scores"] for row in background(training.TRAINER_FILE, range(change - 40, change + 40))]
    assert np.mean(scores[10:]) / np.mean(scores[:10]) == pytest.approx(TRUTH.drift.scale_after, rel=0.1)


def test_annotators_vote_by_their_quality():
    votes = background(training.VOTES_FILE, range(4800))
    by_item: dict[str, dict[str, str]] = defaultdict(dict)
    for vote in votes:
        by_item[vote["item"]][vote["annotator"]] = vote["label"]
    agreement = {
        name: np.mean([item["amara"] == item[name] for item in by_item.values()]) for name in ("bruno", "farid")
    }
    (good, strict), (fair, fair_b) = (TRUTH.annotators.quality[name] for name in ("amara", "bruno"))
    share = TRUTH.annotators.prevalence
    expected = share * (good * fair + (1 - good) * (1 - fair))
    expected += (1 - share) * (strict * fair_b + (1 - strict) * (1 - fair_b))
    assert agreement["bruno"] == pytest.approx(expected, abs=0.03)
    assert agreement["farid"] == pytest.approx(0.5, abs=0.05)
