"""What is told of each annotator: quality, agreement with the others, habits, drift, and what leaving out changes."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from engine.analysis.agreement.crowd_bt import follows
from engine.analysis.elo import ELO
from engine.types import Result, Rows
from jobs.simulator import training
from jobs.simulator.truth import Truth
from tests.analysis.crowds import ANALYSIS, DEFAULTS, conclude, crowd, rows_of
from tests.analysis.test_plain_results import strange

QUALITY = [0.95, 0.9, 0.85, 0.75, 0.6]


def line(result: Result, name: str) -> dict:
    return next(one for one in result.items if one["item"] == name)


def of(rows: Rows, which: np.ndarray) -> Rows:
    columns = {name: column[which] for name, column in rows.columns.items()}
    return Rows(rows.kind, columns, {}, {name: (codes[which], values) for name, (codes, values) in rows.names.items()})


# ------------------------------------------------------------------ quality


@pytest.mark.parametrize("ties", [0.0, 0.3])
def test_quality_lies_inside_its_interval(ties):
    """Nominal 95 % of 40 crowds of five: at least 90 %."""
    inside = []
    for seed in range(40):
        result = conclude(crowd(250, QUALITY, seed=seed, ties=ties))
        inside += [one["low"] <= QUALITY[int(one["item"][-2:])] <= one["high"] for one in result.items]
    assert len(inside) == 200
    assert 0.9 <= np.mean(inside) <= 0.99


def votes(seed: int) -> Rows:
    """The simulator's votes: everybody on every item, answers a and b everywhere."""
    found = [
        json.loads(text)
        for tick in range(400)
        for text in training.lines(Truth(seed=seed), tick).get("votes.jsonl", [])
    ]
    items = sorted({one["item"] for one in found})
    names = sorted({one["annotator"] for one in found})
    unit = np.searchsorted(items, [one["item"] for one in found])
    rater = np.array([names.index(one["annotator"]) for one in found])
    zeros = np.zeros(len(found), np.uint64)
    label = np.array([one["label"] == "a" for one in found], float)
    return rows_of(unit + 10_000 * seed, rater, label, names, sides=(zeros + np.uint64(7), zeros + np.uint64(3)))


def test_the_simulators_annotators_are_found():
    """True quality lies inside its interval in at least 90 % of 25 seeds (of 100 in the benchmark)."""
    truth = Truth().annotators
    right = {
        name: truth.prevalence * sensitivity + (1 - truth.prevalence) * specificity
        for name, (sensitivity, specificity) in truth.quality.items()
    }
    inside = []
    for seed in range(25):
        result = conclude(votes(seed))
        inside += [one["low"] <= right[one["item"]] <= one["high"] for one in result.items]
    assert len(inside) == 150
    assert np.mean(inside) >= 0.9
    assert result.items[0]["shared"] >= 150


def test_the_confusion_of_answers_that_are_called_a_and_b():
    """Sensitivity and specificity come out under their own names."""
    picture = conclude(votes(3)).pictures["confusion"]
    dmitri = picture["matrices"][picture["raters"].index("dmitri")]
    a, b = (picture["categories"].index(name) for name in "ab")
    sensitivity, specificity = Truth().annotators.quality["dmitri"]
    assert dmitri[a][a] == pytest.approx(sensitivity, abs=0.08)
    assert dmitri[b][b] == pytest.approx(specificity, abs=0.12)


def test_the_best_and_the_worst_are_in_order():
    picture = conclude(crowd(800, QUALITY, per_unit=4, seed=2)).pictures["raters"]
    assert picture["measure"] == "quality"
    assert picture["rater"] == [f"rater 0{number}" for number in range(5)]


def test_two_words_a_unit_do_not_tell_who_is_right():
    result = conclude(crowd(300, QUALITY, per_unit=2))
    assert {one["value"] for one in result.items} == {None}
    assert result.estimates["consensus_accuracy"].value is None
    assert "quality_not_identified" in {notice.code for notice in result.warnings}
    assert result.pictures["raters"]["measure"] == "agreement"


def test_a_unit_that_a_crowd_judged_is_no_trouble():
    """More judgments of one unit than the model is fitted to: the fit goes by the others, or says that it cannot."""
    crowded = 13_000
    few = crowd(60, [0.9] * 3)
    raters = [*few.names["annotator"][1], *(f"visitor {number:05}" for number in range(crowded))]
    visits = rows_of(np.full(crowded, 10**6), np.arange(crowded) + 3, np.ones(crowded), raters)
    columns = {
        name: np.concatenate([few.columns[name], visits.columns.get(name, np.ones(crowded, np.int8))])
        for name in few.columns
    }
    codes = np.concatenate([few.names["annotator"][0], visits.names["annotator"][0]])
    result = conclude(Rows("comparison", columns, {}, {"annotator": (codes, raters)}))
    assert len(result.items) == 100
    assert result.dataset["annotators"] == crowded + 3
    told = {one["item"]: one["value"] for one in result.items}
    assert told["rater 00"] is None or told["rater 00"] > 0.7


def test_a_crowd_of_whom_each_judged_once():
    unit = np.repeat(np.arange(500), 2)
    said = (np.random.default_rng(1).random(1000) < 0.5).astype(float)
    result = conclude(rows_of(unit, np.arange(1000), said, [f"visitor {number:03}" for number in range(1000)]))
    assert result.estimates["cohen_kappa"].method == "no two annotators share two units"
    assert result.estimates["krippendorff_alpha_nominal"].value == pytest.approx(0, abs=0.15)
    assert strange(result.to_dict(), "result") == []


def test_consensus_is_better_than_the_best():
    result = conclude(crowd(2000, [0.8] * 5, per_unit=5, seed=1))
    expected = sum(math.comb(5, k) * 0.8**k * 0.2 ** (5 - k) for k in (3, 4, 5))
    assert result.estimates["consensus_accuracy"].value == pytest.approx(expected, abs=0.01)


# ------------------------------------------------------------------ the others, habits


def test_agreement_with_the_others_by_hand():
    unit, rater = np.repeat(np.arange(60), 3), np.tile([0, 1, 2], 60)
    label = np.ones(180)
    label[2::3] = np.where(np.arange(60) < 15, 0, 1)
    result = conclude(rows_of(unit, rater, label, ["x", "y", "z"]))
    odd, even = line(result, "z"), line(result, "x")
    assert (odd["agreement"], odd["shared"]) == (0.75, 60)
    assert even["agreement"] == 1, "where the others differ, nobody is right: those units are left out"
    assert result.estimates["raw_agreement"].value == pytest.approx((60 + 45 * 2) / 180)
    pairs = result.pictures["pairs"]
    assert pairs["agreement"][0][2] == 0.75
    assert pairs["count"][0] == [0, 60, 60]
    # two answers, chosen alike on 45 of 60; chance is ½ where sides are anybody's
    assert pairs["kappa"][0][2] == pytest.approx(0.5)


def test_ones_own_word_is_not_among_the_others():
    unit, rater = np.repeat(np.arange(60), 2), np.tile([0, 1], 60)
    label = np.where((rater == 1) & (unit < 15), 0.0, 1.0)
    result = conclude(rows_of(unit, rater, label, ["x", "y"]))
    assert [one["agreement"] for one in result.items] == [0.75, 0.75]


def test_leaving_out_equals_never_having_been():
    rows = crowd(300, QUALITY, per_unit=3, seed=5)
    whole = conclude(rows)
    for number in range(5):
        rest = of(rows, rows.names["annotator"][0] != number)
        fewer = ANALYSIS.conclude(ANALYSIS.observe(rest, DEFAULTS), DEFAULTS).estimates["krippendorff_alpha_nominal"]
        assert line(whole, f"rater 0{number}")["alpha_without"] == pytest.approx(fewer.value, abs=1e-9)


def test_the_sentence_names_who_spoils_agreement():
    result = conclude(crowd(400, [0.95, 0.95, 0.95, 0.5], per_unit=4))
    assert "leaving out rater 03 would raise it to" in result.sentence
    assert result.sentence.startswith("Fair agreement: Krippendorff's alpha .40 [.")
    assert " on 400 pairs judged by two or more of 4 annotators" in result.sentence
    assert "leaving out" not in conclude(crowd(400, [0.8] * 4, per_unit=4)).sentence
    assert line(result, "rater 03")["flags"] == ["low_agreement"]
    assert line(result, "rater 00")["flags"] == []


def test_who_prefers_what_stands_first():
    rows = crowd(400, [0.9, 0.9, 0.9], seed=3)
    biased = (rows.names["annotator"][0] == 1) & (np.random.default_rng(0).random(len(rows)) < 0.4)
    label = np.where(biased, 1.0, rows.columns["label"])
    result = conclude(Rows("comparison", {**rows.columns, "label": label}, {}, rows.names))
    found = line(result, "rater 01")
    assert found["position_bias"] == pytest.approx(0.2, abs=0.06)
    assert found["position_bias_low"] > 0
    assert "position_bias" in found["flags"]
    assert "position_bias" not in line(result, "rater 00")["flags"]
    unknown = conclude(Rows("comparison", {**rows.columns, "first": np.full(len(rows), -1, np.int8)}, {}, rows.names))
    assert line(unknown, "rater 01")["position_bias"] is None
    assert unknown.estimates["position_bias"].method == "the order shown is not known"


def test_flags_of_a_healthy_crowd_are_rare():
    flagged = [bool(one["flags"]) for seed in range(40) for one in conclude(crowd(200, [0.8] * 5, seed=seed)).items]
    assert np.mean(flagged) < 0.05


# ------------------------------------------------------------------ time


def timed(seed: int = 0) -> Rows:
    """Rater 0 grows careless halfway; rater 1 takes 30 seconds a pair, the others 60."""
    rows = crowd(600, [0.95] * 4, per_unit=4, seed=seed)
    rater, unit = rows.names["annotator"][0], np.repeat(np.arange(600), 4)
    careless = (rater == 0) & (unit >= 300) & (np.random.default_rng(seed).random(len(rows)) < 0.6)
    label = np.where(careless, 1 - rows.columns["label"], rows.columns["label"])
    time = 1.75e9 + unit * np.where(rater == 1, 30.0, 60.0)
    return Rows("comparison", {**rows.columns, "label": label, "time": time}, {}, rows.names)


def test_drift_and_pace():
    result = conclude(timed())
    careless, quick = line(result, "rater 00"), line(result, "rater 01")
    assert careless["drift"] == pytest.approx(-0.53, abs=0.1)
    assert careless["drift_high"] < -0.3
    assert "drift" in careless["flags"]
    assert abs(quick["drift"]) < 0.15, "the others' majority is a little worse, too"
    assert (careless["median_seconds"], quick["median_seconds"]) == (60, 30)
    assert conclude(crowd(100, QUALITY)).items[0]["median_seconds"] is None


def test_weeks_begin_on_mondays():
    rows = crowd(100, [0.9] * 3, ties=0.3)
    unit = np.repeat(np.arange(100), 3)
    monday = 1_684_108_800.0  # 2023-05-15
    time = np.where(unit < 40, monday - 1, monday)
    weeks = conclude(Rows("comparison", {**rows.columns, "time": time}, {}, rows.names)).pictures["weeks"]
    assert weeks["start"] == [monday - 7 * 86400, monday]
    assert weeks["count"] == [120, 180]
    tied = rows.columns["label"] == 0.5
    assert weeks["tie_rate"] == pytest.approx([tied[:120].mean(), tied[120:].mean()])


# ------------------------------------------------------------------ ranking


def test_leaving_out_a_partisan_moves_their_item_most():
    generator = np.random.default_rng(2)
    rows_each, systems = 300, ["blue", "green", "red"]
    unit, rater = np.repeat(np.arange(rows_each), 3), np.tile([0, 1, 2], rows_each)
    a = np.repeat(generator.integers(0, 3, rows_each), 3)
    b = (a + np.repeat(generator.integers(1, 3, rows_each), 3)) % 3
    label = (generator.random(len(unit)) < 0.5).astype(float)
    partisan = rater == 2
    label = np.where(partisan & (a == 2), 1.0, np.where(partisan & (b == 2), 0.0, label))
    result = conclude(rows_of(unit, rater, label, ["x", "y", "fan of red"], items=(a, b, systems)))
    fan, fair = line(result, "fan of red"), line(result, "x")
    assert fan["effect_item"] == "red"
    assert fan["effect_on_ranking"] < -40, "without the fan, red falls"
    assert abs(fair["effect_on_ranking"]) < abs(fan["effect_on_ranking"])
    assert fan["effect_ranks"] >= 0
    assert 0 < fair["follows_ranking"] < 1


def test_who_follows_the_ranking():
    """Three honest raters, one who guesses and one who takes the question the wrong way round (Crowd-BT)."""
    generator = np.random.default_rng(4)
    n, strengths, share = 4000, np.array([1.5, 0.7, 0.0, -0.7, -1.5]), np.array([0.95, 0.95, 0.95, 0.5, 0.1])
    a = generator.integers(0, 5, n)
    b = (a + generator.integers(1, 5, n)) % 5
    rater = generator.integers(0, 5, n)
    ahead = 1 / (1 + np.exp(strengths[b] - strengths[a]))
    meant = generator.random(n) < ahead
    label = np.where(generator.random(n) < share[rater], meant, ~meant).astype(float)
    found = follows(5, a, b, label, rater, 6)
    assert found[:5] == pytest.approx(share, abs=0.08)
    assert np.isnan(found[5])
    assert follows(5, b, a, 1 - label, rater, 6)[:5] == pytest.approx(found[:5], abs=1e-3)


def test_following_needs_named_items():
    assert {one["follows_ranking"] for one in conclude(crowd(100, QUALITY)).items} == {None}


def test_the_effect_in_elo_by_hand():
    """Two items, 3 : 1 with and 1 : 1 without one rater: strengths are half the log odds, in Elo."""
    unit, rater = np.repeat(np.arange(40), 2), np.tile([0, 1], 40)
    label = np.where(rater == 1, 1.0, unit % 2)
    zeros = np.zeros(80, int)
    result = conclude(rows_of(unit, rater, label, ["fair", "fan"], items=(zeros, zeros + 1, ["one", "two"])))
    assert abs(line(result, "fan")["effect_on_ranking"]) == pytest.approx(ELO * math.log(3) / 2, rel=1e-6)


# ------------------------------------------------------------------ plain values


@pytest.mark.parametrize(
    "rows", [timed(), crowd(120, [0.5] * 3), crowd(60, [1.0, 1.0], per_unit=2), crowd(100, [0.9] * 3, ties=1.0)]
)
def test_results_are_plain(rows):
    told = conclude(rows).to_dict()
    assert strange(told, "result") == []
    assert json.loads(json.dumps(told, allow_nan=False)) == told
