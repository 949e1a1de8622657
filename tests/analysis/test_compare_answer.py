"""What the comparison concludes: differences, verdicts, families of tests, plans, slices, refusals."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from engine.analysis.compare.differences import with_two_more
from engine.analysis.compare.sentence import digits
from engine.errors import NotEnoughData, NotFound, UsageError
from engine.types import Result, Rows
from tests.analysis.compare_worlds import (
    ANALYSIS,
    DEFAULTS,
    apart,
    coins,
    conclude,
    identity,
    named,
    pairs_of,
    scores_of,
    take,
)

GOLDEN = json.loads(Path(__file__).with_name("golden").joinpath("compare.json").read_text())
SHARES = {"a": 0.6, "b": 0.7, "c": 0.5}


def value(result: Result, name: str) -> float:
    found = result.estimates[name].value
    assert found is not None
    return found


def table_rows(both: int, first: int, second: int, neither: int) -> Rows:
    """Judges `first` and `second` with this table of right and wrong."""
    n = both + first + second + neither
    one = np.repeat([1, 1, 0, 0], [both, first, second, neither])
    two = np.repeat([1, 0, 1, 0], [both, first, second, neither])
    return pairs_of({"first": one, "second": two}, apart(n))


# ------------------------------------------------------------------ two systems


@pytest.mark.parametrize(("table", "expected"), GOLDEN["tables"])
def test_the_interval_of_two_shares_is_bonett_and_prices(table, expected):
    result = conclude(table_rows(*table), candidate="first")
    found = result.estimates["difference"]
    n = sum(table)
    assert found.value == pytest.approx((table[1] - table[2]) / n)
    widened = stats.t.ppf(0.975, n - 1) / stats.norm.ppf(0.975)
    assert [found.low, found.high] == pytest.approx(expected, abs=3e-4)
    assert found.high - found.low == pytest.approx(widened * (expected[1] - expected[0]), rel=2e-3)
    assert value(result, "p_value") == pytest.approx(stats.binomtest(table[1], table[1] + table[2]).pvalue)
    assert (value(result, "wins"), value(result, "losses")) == (table[1], table[2])
    assert value(result, "p_mid") < value(result, "p_value")


def test_golden_mcnemar_through_the_whole_way():
    result = conclude(table_rows(60, 12, 25, 40))
    assert value(result, "p_value") == pytest.approx(0.04703102743951604, rel=1e-12)
    assert result.dataset["candidate"] == "second"
    assert value(result, "p_holm") == value(result, "p_value")


def test_ship_hold_and_need_more_by_delta():
    rows = table_rows(100, 60, 20, 120)
    ship = conclude(rows, baseline="second")
    assert (ship.verdict, ship.dataset["candidate"]) == ("ship", "first")
    assert ship.sentence.startswith("Ship first: accuracy .533 against .400 of second, difference .133 [")
    assert "on the same 300 prompts lies above −.02." in ship.sentence
    assert value(ship, "labels_needed") == 0
    hold = conclude(rows, baseline="first")
    assert hold.verdict == "hold"
    assert "Hold second: accuracy .400 against .533" in hold.sentence
    assert "lies below −.02." in hold.sentence
    more = conclude(rows, baseline="first", delta=0.13, cost_per_label=2.5)
    assert more.verdict == "need_more"
    assert "reaches across −.13" in more.sentence
    assert value(more, "cost") == value(more, "labels_needed") * 2.5
    assert conclude(rows, baseline="first", delta=0.3).verdict == "ship"
    assert conclude(rows, baseline="second", delta=0).verdict == "ship"


def test_an_interval_mirrors_when_the_two_are_exchanged():
    rows = pairs_of(coins(300, {"x": 0.6, "y": 0.66}, 4), np.arange(300) % 90)
    one = conclude(rows, baseline="x").estimates["difference"]
    two = conclude(rows, baseline="y").estimates["difference"]
    assert (one.value, one.low, one.high) == pytest.approx((-two.value, -two.high, -two.low))


def test_identical_systems_are_not_known_to_be_equal_for_ever():
    marks = coins(100, {"x": 0.7}, 1)["x"]
    found = conclude(pairs_of({"x": marks, "y": marks}, np.arange(100))).estimates["difference"]
    assert found.value == 0
    assert found.high == pytest.approx(1 - 0.025 ** (1 / 100))
    assert found.low == -found.high
    assert value(conclude(pairs_of({"x": marks, "y": marks}, np.arange(100))), "p_value") == 1


def test_only_prompts_that_both_have_count():
    rows = pairs_of(coins(120, {"x": 0.6, "y": 0.8}, 2), np.arange(120))
    lacking = take(rows, np.flatnonzero(~((np.arange(240) >= 120) & (np.arange(240) < 180))))
    result = conclude(lacking, baseline="x")
    shared = conclude(take(rows, np.tile(np.arange(120) >= 60, 2)), baseline="x")
    assert result.dataset["common_prompts"] == 60
    assert result.estimates["difference"] == shared.estimates["difference"]
    assert {item["item"]: item["prompts"] for item in result.items} == {"x": 120, "y": 60}
    assert "partial_overlap" in {notice.code for notice in result.warnings}


def test_clusters_widen_the_interval():
    generator = np.random.default_rng(6)
    prompt = np.repeat(np.arange(60), 20)
    lean = np.repeat(generator.normal(0, 0.3, 60), 20)
    marks = {"x": generator.random(1200) < 0.5, "y": generator.random(1200) < 0.5 + lean}
    rows = pairs_of(marks, prompt, side=np.arange(1200))
    clustered, apart = conclude(rows, baseline="x"), conclude(pairs_of(marks, np.arange(1200)), baseline="x")
    assert clustered.dataset["common_prompts"] == 60
    assert clustered.estimates["difference"].value == pytest.approx(value(apart, "difference"))
    width = [one.estimates["difference"].high - one.estimates["difference"].low for one in (clustered, apart)]
    by_prompt = np.array([np.mean(marks["y"][prompt == p] * 1.0 - marks["x"][prompt == p]) for p in range(60)])
    assert width[0] == pytest.approx(2 * stats.t.ppf(0.975, 59) * by_prompt.std(ddof=1) / np.sqrt(60), rel=0.01)
    assert width[0] > 1.3 * width[1]
    assert value(clustered, "design_effect") == pytest.approx((width[0] / width[1]) ** 2, rel=0.15)
    assert value(apart, "design_effect") == 1
    assert clustered.estimates["p_value"].method.startswith("random signs")
    assert apart.estimates["p_value"].method == "McNemar, exact"
    t_test = stats.ttest_1samp(by_prompt, 0).pvalue
    assert value(clustered, "p_value") == pytest.approx(t_test, abs=0.03)


# ------------------------------------------------------------------ several


def test_several_systems_hold_together():
    rows = pairs_of(coins(400, {**SHARES, "d": 0.7}, 3, same=0.8), np.arange(400))
    result = conclude(rows)
    assert result.dataset["candidate"] in ("b", "d")
    assert result.dataset["baseline"] in ("b", "d")
    assert {item["item"] for item in result.items if item["best"]} == {"b", "d"}
    assert "of 4 systems these may be the best: " in result.sentence
    assert "simultaneous over 6 pairs" in result.estimates["difference"].method
    fixed = conclude(rows, baseline="a")
    assert "simultaneous over 3 pairs" in fixed.estimates["difference"].method
    named_both = conclude(rows, baseline="a", candidate="b").estimates["difference"]
    assert "simultaneous" not in named_both.method
    three = fixed.estimates["difference"]
    assert fixed.dataset["candidate"] in ("b", "d")
    if fixed.dataset["candidate"] == "b":
        assert named_both.low > three.low
    table = result.pictures["pairs"]
    place = {name: at for at, name in enumerate(table["systems"])}
    assert table["difference"][place["b"]][place["a"]] == pytest.approx(
        result.items[place["b"]]["value"] - result.items[place["a"]]["value"]
    )
    assert table["difference"][place["a"]][place["a"]] is None
    assert table["low"][place["a"]][place["b"]] == pytest.approx(-table["high"][place["b"]][place["a"]])
    holm = [each for line in table["p_holm"] for each in line if each is not None]
    plain = [each for line in table["p"] for each in line if each is not None]
    assert all(adjusted >= p for adjusted, p in zip(holm, plain, strict=True))
    assert len(result.pictures["forest"]["difference"]) == 6
    assert result.pictures["matrix"]["metrics"] == ["accuracy", "brier", "log_loss"]


def test_a_clear_winner_is_named():
    rows = pairs_of(coins(400, {"a": 0.5, "b": 0.9, "c": 0.5}, 3), np.arange(400))
    result = conclude(rows)
    assert result.verdict == "ship"
    assert result.sentence.endswith("; b is the best of 3.")
    asked = conclude(rows, candidate="a")
    assert (asked.verdict, asked.dataset["baseline"]) == ("hold", "b")


def test_steps_are_compared_with_the_first():
    marks = coins(300, {"0": 0.55, "1000": 0.7, "200": 0.6}, 8)
    rows = pairs_of(marks, np.arange(300))
    step = np.repeat([0, 1000, 200], 300)
    result = conclude(replace(rows, columns={**rows.columns, "step": step}, names={}))
    assert (result.dataset["by"], result.dataset["baseline"], result.dataset["candidate"]) == ("step", "0", "1000")
    assert conclude(replace(rows, columns={**rows.columns, "step": step}, names={}), baseline="1000").verdict == "hold"


def test_datasets_of_the_same_prompts_are_systems():
    rows = pairs_of(coins(200, {"x": 0.6, "y": 0.75}, 2), np.arange(200))
    parts = [replace(take(rows, slice(a, a + 200)), names={}) for a in (0, 200)]
    states = [
        ANALYSIS.labelled(ANALYSIS.observe(part, DEFAULTS), name)
        for part, name in zip(parts, ("one", "two"), strict=True)
    ]
    result = ANALYSIS.conclude(ANALYSIS.combine(*states), DEFAULTS)
    assert (result.dataset["by"], result.dataset["candidate"], result.dataset["baseline"]) == ("dataset", "two", "one")
    named_result = conclude(rows)
    assert result.estimates["difference"] == named_result.estimates["difference"]
    with pytest.raises(NotEnoughData) as refused:
        ANALYSIS.conclude(states[0], DEFAULTS)
    assert refused.value.code == "one_system"
    far = replace(parts[1], columns={**parts[1].columns, **identity(np.arange(200) + 10**6)})
    with pytest.raises(NotEnoughData) as refused:
        ANALYSIS.conclude(
            ANALYSIS.combine(states[0], ANALYSIS.labelled(ANALYSIS.observe(far, DEFAULTS), "f")), DEFAULTS
        )
    assert refused.value.code == "no_common_prompts"


def test_judges_are_paired_on_the_same_answers():
    generator = np.random.default_rng(0)
    prompt, item = np.repeat(np.arange(50), 6), np.tile(np.arange(6), 50)
    truth = (generator.random(300) < 0.5).astype(float)
    good = np.where(generator.random(300) < 0.9, truth, 1 - truth)
    poor = np.where(generator.random(300) < 0.6, truth, 1 - truth)
    missing = np.append(np.ones(300, bool), generator.random(300) < 0.5)
    columns = {"value": np.append(good, poor), "truth": np.tile(truth, 2), **identity(np.tile(prompt, 2))}
    names = {"judge": named(np.repeat([0, 1], 300), ["good", "poor"]), "item": named(np.tile(item, 2), list("abcdef"))}
    rows = take(Rows("score", columns, {}, names), missing)
    result = conclude(rows)
    assert result.dataset["by"] == "judge"
    both = missing[300:]
    expected = np.mean((good == truth)[both] * 1.0 - (poor == truth)[both])
    assert value(result, "difference") == pytest.approx(expected)
    assert result.pictures["matrix"]["metrics"] == ["accuracy", "value", "truth"]


# ------------------------------------------------------------------ scores


def test_scores_without_truth_are_compared_by_value():
    generator = np.random.default_rng(1)
    shared = generator.normal(5, 2, 80)
    rows = scores_of({"m": shared + generator.normal(0, 0.5, 80), "n": shared + 1}, apart(80))
    result = conclude(rows)
    difference = rows.columns["value"][80:] - rows.columns["value"][:80]
    expected = stats.t.interval(0.95, 79, difference.mean(), stats.sem(difference))
    found = result.estimates["difference"]
    assert (result.dataset["metric"], result.dataset["candidate"], result.verdict) == ("value", "n", "ship")
    assert (found.low, found.high) == pytest.approx(expected)
    assert value(result, "p_value") == pytest.approx(1e-4)
    assert [item["item"] for item in result.items] == ["n", "m"]
    tenth = conclude(rows, scale=10).estimates["difference"]
    assert tenth.value == pytest.approx(found.value / 10)
    with pytest.raises(UsageError, match="needs a truth"):
        conclude(rows, metric="accuracy")
    with pytest.raises(UsageError, match="name it with scale"):
        conclude(rows, live="yes")
    assert conclude(rows, live="yes", scale=20).verdict in ("ship", "need_more")


def test_truth_can_be_what_is_compared():
    generator = np.random.default_rng(2)
    prompt = np.arange(60)
    rows = scores_of({"m": generator.random(60), "n": generator.random(60)}, prompt)
    truth = generator.random(120)
    rows = replace(rows, columns={**rows.columns, "truth": truth})
    result = conclude(rows, metric="truth")
    assert abs(value(result, "difference")) == pytest.approx(abs(np.mean(truth[:60] - truth[60:])))
    right = np.where(rows.columns["value"] > 0.5, truth, 1 - truth)
    assert abs(value(conclude(rows), "difference")) == pytest.approx(abs(np.mean(right[:60] - right[60:])))


# ------------------------------------------------------------------ plans, live, slices, rows


def test_so_many_more_prompts_settle_it_with_the_power_asked_for():
    shares = {"x": 0.60, "y": 0.64}
    result = conclude(pairs_of(coins(300, shares, 12), np.arange(300)), baseline="x")
    found = result.estimates["difference"]
    assert result.verdict == "need_more"
    prompts = 300 + value(result, "prompts_needed")
    error = np.std(_differences(coins(300, shares, 12)), ddof=1)
    expected = ((stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) * error / (found.value + 0.02)) ** 2
    assert prompts == pytest.approx(expected, rel=0.03)
    again = [
        conclude(
            pairs_of(coins(round(prompts), {"x": 0.6, "y": 0.6 + found.value}, seed), np.arange(round(prompts))),
            baseline="x",
        )
        for seed in range(60)
    ]
    assert np.mean([one.verdict == "ship" for one in again]) == pytest.approx(0.8, abs=0.13)


def _differences(marks: dict[str, np.ndarray]) -> np.ndarray:
    return marks["y"] - marks["x"]


def test_nothing_would_settle_a_difference_that_lies_on_the_line():
    result = conclude(table_rows(100, 30, 40, 130), baseline="second", delta=10 / 300)
    assert result.estimates["prompts_needed"].value is None
    assert "no number of prompts would settle it" in result.sentence


def test_live_intervals_are_wider_and_weigh_prompts_alike():
    rows = pairs_of(coins(300, {"x": 0.6, "y": 0.7}, 2), np.arange(300) % 100, side=np.arange(300))
    plain, live = (conclude(rows, baseline="x", live=live).estimates["difference"] for live in ("no", "yes"))
    assert plain.value == pytest.approx(live.value)
    assert live.low < plain.low < plain.high < live.high
    assert "confidence sequence" in live.method
    assert conclude(rows, live="yes").estimates["p_value"].method.startswith("inverse of the betting wealth")


def test_live_intervals_of_several_pairs_hold_together():
    rows = pairs_of(coins(300, SHARES, 2), np.arange(300))
    several = conclude(rows, baseline="a", live="yes")
    alone = conclude(rows, baseline="a", candidate=several.dataset["candidate"], live="yes")
    width = [one.estimates["difference"].high - one.estimates["difference"].low for one in (several, alone)]
    assert width[0] > width[1]
    again = conclude(rows, baseline="a", candidate=several.dataset["candidate"], live="yes", level=0.975)
    assert again.estimates["difference"].low == pytest.approx(several.estimates["difference"].low, abs=1e-8)


def test_a_slice_that_differs_is_found_and_confirmed():
    generator = np.random.default_rng(3)
    domain = generator.integers(0, 3, 1500)
    alike = generator.random(1500) < 0.6
    other = np.where(domain == 1, generator.random(1500) < 0.3, generator.random(1500) < 0.65)
    rows = pairs_of({"x": alike, "y": other}, np.arange(1500))
    rows = replace(rows, slices={"domain": (np.tile(domain, 2).astype(np.int32), ["art", "code", "math"])})
    result = conclude(rows, baseline="x")
    first = result.slices[0]
    assert (first["column"], first["value"], first["confirmed"]) == ("domain", "code", True)
    assert first["difference"] == pytest.approx(np.mean(other[domain == 1] * 1.0 - alike[domain == 1]))
    assert first["low"] < first["effect"] < first["high"] < 0
    assert first["prompts"] == np.count_nonzero(domain == 1)
    cohort = conclude(rows, baseline="x", slice="domain=code")
    assert value(cohort, "difference") == pytest.approx(first["difference"])
    assert cohort.slices == []


def test_slices_without_a_difference_are_confirmed_no_more_often_than_said():
    confirmed = 0
    for seed in range(150):
        generator = np.random.default_rng(seed)
        rows = pairs_of(coins(400, {"x": 0.6, "y": 0.6}, seed), np.arange(400))
        columns = {name: (np.tile(generator.integers(0, 3, 400), 2).astype(np.int32), list("abc")) for name in "uvw"}
        confirmed += any(one["confirmed"] for one in conclude(replace(rows, slices=columns)).slices)
    assert confirmed / 150 <= 0.09


def test_the_rows_are_the_candidates_on_which_the_two_differ():
    marks = coins(200, {"x": 0.5, "y": 0.6}, 5)
    rows = pairs_of(marks, np.arange(200))
    result = conclude(rows, baseline="x")
    rows_of_y = rows.columns["row_hash"][200:]
    differ = set(rows_of_y[marks["x"] != marks["y"]].tolist())
    assert {one.row_hash for one in result.worst} == differ
    assert {one.confidence for one in result.worst} == {1.0}
    strength = {int(row): abs(margin) for row, margin in zip(rows_of_y, rows.columns["margin"][200:], strict=True)}
    shown = [strength[one.row_hash] for one in result.worst]
    assert shown == sorted(shown, reverse=True)


# ------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    "wrong",
    [
        {"by": "model"},
        {"metric": "auc"},
        {"live": "maybe"},
        {"delta": -0.1},
        {"delta": "nan"},
        {"scale": 0},
        {"power": 0.2},
        {"level": 1},
        {"cost_per_label": -1},
        {"seed": -1},
        {"slice": "domain"},
        {"baseline": "x", "candidate": "x"},
        {"nonsense": 1},
    ],
)
def test_parameters_that_do_not_fit_are_refused(wrong):
    with pytest.raises(UsageError):
        conclude(pairs_of(coins(40, {"x": 0.6, "y": 0.6}), np.arange(40)), **wrong)


def test_refusals_name_what_is_missing():
    few = pairs_of(coins(29, {"x": 0.6, "y": 0.6}), np.arange(29))
    with pytest.raises(NotEnoughData, match="29 prompts"):
        conclude(few)
    rows = pairs_of(coins(60, SHARES), np.arange(60))
    with pytest.raises(NotFound, match="is called 'z'; there are a, b, c"):
        conclude(rows, baseline="z")
    with pytest.raises(UsageError, match="ranked"):
        conclude(rows, by="item")
    with pytest.raises(UsageError, match="one of comparisons"):
        conclude(rows, metric="value")
    with pytest.raises(NotFound, match="no slice column"):
        conclude(rows, slice="a=b")
    apart = take(rows, np.r_[0:40, 80:120])
    with pytest.raises(NotEnoughData) as refused:
        conclude(apart, baseline="a", candidate="b")
    assert refused.value.code == "few_common_prompts"
    many = scores_of({f"m{at}": np.arange(30.0) for at in range(101)}, np.arange(30))
    with pytest.raises(UsageError) as too_many:
        conclude(many)
    assert too_many.value.code == "too_many_systems"


def test_a_system_with_few_prompts_is_left_out_by_name():
    rows = take(pairs_of(coins(60, SHARES), np.arange(60)), np.r_[0:120, 120:140])
    result = conclude(rows)
    assert [item["item"] for item in result.items] in (["a", "b"], ["b", "a"])
    assert any(notice.code == "systems_left_out" and "c" in notice.message for notice in result.warnings)


def test_numbers_as_people_read_them():
    assert [digits(each) for each in (0.624, -0.011, 0, 1.5, -12.345, 0.9999, -0.0001, 1234.5)] == [
        ".624",
        "−.011",
        "0",
        "1.500",
        "−12.35",
        "1.000",
        "0",
        "1234",
    ]


def test_two_more_units_shift_no_mean():
    sums, counts = with_two_more(np.array([[1.0], [2.0]]), np.array([[1.0], [3.0]]))
    assert sums.sum() == 3
    assert counts.sum() == 6


def everything(result: Result) -> dict[str, Any]:
    told = result.to_dict()
    told["evidence"]["duration_ms"] = 0
    return told


def test_the_same_state_gives_the_same_result():
    rows = pairs_of(coins(300, SHARES), np.arange(300) % 80, side=np.arange(300))
    assert everything(conclude(rows, seed=3)) == everything(conclude(rows, seed=3))
    json.dumps(everything(conclude(rows)), allow_nan=False)
