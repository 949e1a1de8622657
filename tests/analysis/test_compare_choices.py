"""What the comparison takes for a row, a unit, a system, a candidate; what it shows, and where it draws lines."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from engine.analysis import CompareParameters
from engine.analysis.compare import state as states
from engine.analysis.compare import systems
from engine.analysis.compare.observe import observe
from engine.analysis.compare.sentence import digits
from engine.analysis.compare.state import SCORE_FIELDS
from engine.analysis.compare.systems import grid_of, grid_of_metric
from engine.errors import NotEnoughData, UsageError
from engine.types import Result, Rows
from tests.analysis.compare_worlds import ANALYSIS, apart, coins, conclude, identity, named, pairs_of, scores_of, take
from tests.analysis.test_compare_numbers import from_pairs, judged, value


def codes(result: Result) -> list[str]:
    return [notice.code for notice in result.warnings]


def message(result: Result, code: str) -> str:
    return next(notice.message for notice in result.warnings if notice.code == code)


def with_columns(rows: Rows, **columns: np.ndarray) -> Rows:
    return replace(rows, columns={**rows.columns, **columns})


def without(rows: Rows, n: int, lacking: dict[int, np.ndarray]) -> Rows:
    """Rows of several systems on n prompts without those of some systems on some prompts."""
    place = np.arange(len(rows))
    gone = [(place // n == system) & np.isin(place % n, prompts) for system, prompts in lacking.items()]
    return take(rows, np.flatnonzero(~np.any(gone, axis=0)))


# ------------------------------------------------------------------ rows


def test_margins_are_judged_by_accuracy_brier_and_log_loss():
    generator = np.random.default_rng(0)
    margin, label = generator.normal(0, 2, 80), generator.random(80).round(2)
    margin[:5], margin[5], margin[6] = 0, 40, -800
    label[5], label[6] = 1, 0
    rows = pairs_of({"x": np.ones(40), "y": np.ones(40)}, np.arange(40))
    result = conclude(with_columns(rows, margin=margin, label=label))
    chance = stats.logistic.cdf(margin)
    right = np.where(margin > 0, label, np.where(margin < 0, 1 - label, 0.5))
    loss = -(label * stats.logistic.logcdf(margin) + (1 - label) * stats.logistic.logsf(margin))
    picture = result.pictures["matrix"]
    assert picture["metrics"] == ["accuracy", "brier", "log_loss"]
    for name, own in (("x", slice(0, 40)), ("y", slice(40, 80))):
        expected = [right[own].mean(), np.square(chance - label)[own].mean(), loss[own].mean()]
        assert picture["value"][picture["systems"].index(name)] == pytest.approx(expected)


def test_bare_verdicts_count_for_accuracy_alone():
    rows = pairs_of(coins(40, {"x": 0.5, "y": 0.8, "z": 0.8}), np.arange(40))
    margin, verdict = rows.columns["margin"].copy(), np.full(120, 0.2)
    margin[40:], verdict[80:] = np.nan, np.tile([1.0, 0.5, 0.4, 0.0], 10)
    label = np.tile([1.0, 0.0, 0.25, 0.25], 30)
    result = conclude(with_columns(rows, margin=margin, verdict=verdict, label=label))
    picture = result.pictures["matrix"]
    shown = dict(zip(picture["systems"], picture["value"], strict=True))
    assert shown["y"] == [pytest.approx(1 - label.mean()), None, None]
    assert shown["z"] == [pytest.approx(np.mean([1, 0.5, 0.75, 0.75])), None, None]
    assert shown["x"][1] > 0
    bare = take(with_columns(rows, margin=margin, verdict=verdict, label=label), slice(40, 120))
    assert conclude(bare).pictures["matrix"]["metrics"] == ["accuracy"]


def test_only_rows_with_a_truth_are_right_or_wrong():
    generator = np.random.default_rng(1)
    values = {name: generator.random(50) for name in "mn"}
    values["m"][:4] = 0.5
    truth = generator.integers(0, 2, 50).astype(float)
    told = scores_of(values, np.arange(50), truth=truth)
    untold = scores_of({name: each + 0.3 for name, each in values.items()}, np.arange(50))
    both = ANALYSIS.combine(observe(told, 1.0), observe(untold, 1.0))
    result = ANALYSIS.conclude(both, CompareParameters())
    picture = result.pictures["matrix"]
    assert picture["metrics"] == ["accuracy", "value", "truth"]
    for name, own in values.items():
        right = np.where(own > 0.5, truth, np.where(own < 0.5, 1 - truth, 0.5))
        expected = [right.mean(), own.mean() + 0.15, truth.mean()]
        assert picture["value"][picture["systems"].index(name)] == pytest.approx(expected)


def test_sums_of_scores_tell_what_lies_outside_of_the_scale():
    values = np.array([-0.1, 0.0, 2.0, 4.0, 4.1, np.nan])
    truth = np.array([1.0, np.nan, 0.25, 1.0, np.nan, 0.0])
    state = observe(scores_of({"x": values}, np.arange(6), truth=truth), 4.0)
    sums = dict(zip(SCORE_FIELDS, state.sums.sums.sum(axis=1), strict=True))
    assert sums == pytest.approx(
        {"count": 5, "value": 2.5, "outside": 2, "known": 3, "truth": 2.25, "correct": 0 + 0.5 + 1}
    )
    assert (state.rows, state.left_out) == (5, 1)
    assert sorted(state.sample.strength) == pytest.approx([-0.025, 0, 0.5, 1, 1.025])


def test_scores_are_halved_by_half_of_the_scale():
    truth = np.tile([1.0, 0.0], 20)
    rows = scores_of({"x": np.where(truth == 1, 6.0, 4.0), "y": np.full(40, 5.0)}, np.arange(40), truth=truth)
    result = conclude(rows, scale=10)
    assert {item["item"]: item["value"] for item in result.items} == {"x": 1.0, "y": 0.5}
    assert conclude(rows, metric="value", scale=10).items[0]["value"] == pytest.approx(0.5)


# ------------------------------------------------------------------ systems and units


def test_rows_that_name_no_judge_are_a_system_without_a_name():
    rows = pairs_of(coins(60, {"x": 0.5, "y": 0.9}), np.arange(60))
    judge = np.repeat([0, -1], 60).astype(np.int32), ["x"]
    result = conclude(replace(rows, names={"judge": judge}))
    assert [item["item"] for item in result.items] == ["unnamed", "x"]


def test_a_sign_that_parts_names_makes_no_new_system():
    rows = scores_of({"a\x1fb": np.arange(40.0), "c": np.arange(40.0)}, np.arange(40))
    twice = scores_of({"a b": np.arange(40.0) + 1, "c": np.arange(40.0)}, np.arange(40))
    both = ANALYSIS.combine(observe(rows, 1.0), observe(twice, 1.0))
    found = {item["item"]: item["value"] for item in ANALYSIS.conclude(both, CompareParameters()).items}
    assert found == pytest.approx({"a b": 20.0, "c": 19.5})
    names = np.repeat([0, 1, 2], 40).astype(np.int32), ["a b", "a\x1fb", "c"]
    three = scores_of({name: np.arange(40.0) for name in "xyz"}, np.arange(40))
    state = observe(replace(three, names={"item": names}), 1.0)
    assert [member.split("\x1f")[2] for member in state.sums.members] == ["a b", "c"]
    assert state.sums.sums[0].sum() == 120


def test_scores_of_items_are_paired_on_the_prompt_and_of_judges_on_the_answer():
    generator = np.random.default_rng(2)
    values = {name: generator.normal(0, 1, 120) for name in "jk"}
    rows = judged(values, np.repeat(np.arange(40), 3))
    by_judge = grid_of_metric(observe(rows, 1.0), "judge", "value")
    assert by_judge.value.shape == (120, 2)
    assert sorted(by_judge.value[:, 0]) == pytest.approx(sorted(values["j"]))
    assert by_judge.single.all()
    by_dataset = grid_of_metric(observe(rows, 1.0), "dataset", "value")
    assert by_dataset.value.shape == (40, 1)
    means = (values["j"] + values["k"]).reshape(40, 3).sum(axis=1) / 6
    assert sorted(by_dataset.value[:, 0]) == pytest.approx(sorted(means))
    assert not by_dataset.single.any()


@pytest.mark.parametrize(("prompts", "buckets"), [(4096, 4096), (4097, 512)])
def test_buckets_are_as_fine_as_the_number_of_prompts_allows(prompts, buckets):
    rows = scores_of({"m": np.arange(prompts) % 7.0, "n": np.zeros(prompts)}, np.arange(prompts))
    grid = grid_of(observe(rows, 1.0), CompareParameters())
    assert (grid.bucket == grid.prompt % np.uint64(buckets)).all()
    assert (np.diff(grid.bucket) >= 0).all()
    assert len(grid.bucket_starts) == len(np.unique(rows.columns["prompt_hash"] % np.uint64(buckets)))
    assert len(grid.prompt_starts) == prompts


def test_of_too_many_values_those_of_the_smallest_units_are_taken(monkeypatch):
    values = {"m": np.arange(80.0), "n": np.arange(80.0) + np.arange(80) % 3}
    rows = scores_of(values, np.arange(80))
    whole = grid_of(observe(rows, 1.0), CompareParameters())
    monkeypatch.setattr(systems, "MOST_VALUES", 2 * 80)
    assert "sampled" not in codes(conclude(rows))
    monkeypatch.setattr(systems, "MOST_VALUES", 2 * 50 + 1)
    few = grid_of(observe(rows, 1.0), CompareParameters())
    assert sorted(few.unit) == sorted(whole.unit)[:50]
    assert few.sampled
    assert not whole.sampled
    result = conclude(rows)
    assert "sampled" in codes(result)
    assert result.dataset["prompts"] == 50


def test_as_many_units_as_are_kept_are_no_sample(monkeypatch):
    rows = scores_of({"m": np.arange(60.0), "n": np.zeros(60)}, np.arange(60))
    for most, sampled in ((60, False), (59, True)):
        monkeypatch.setattr(states, "MOST_UNITS", most)
        parts = [observe(take(rows, part), 1.0) for part in (slice(0, 50), slice(50, 120))]
        for state in (observe(rows, 1.0), ANALYSIS.combine(*parts)):
            assert state.sampled is sampled
            assert len(np.unique(state.sums.unit)) == most


def test_rows_left_out_add_up_and_are_in_no_slice():
    rows = scores_of({"m": np.arange(60.0), "n": np.zeros(60)}, np.arange(60))
    blank = rows.columns["value"].copy()
    blank[[3, 70, 71]] = np.nan
    rows = replace(with_columns(rows, value=blank), slices={"part": (np.zeros(120, np.int32), ["all"])})
    joined = ANALYSIS.combine(*(observe(take(rows, part), 1.0) for part in (slice(0, 60), slice(60, 120))))
    assert (joined.rows, joined.left_out) == (117, 3)
    narrowed = ANALYSIS.narrow(joined, "part", "all")
    assert (narrowed.rows, narrowed.left_out) == (117, 0)


def test_a_hundred_systems_are_compared():
    generator = np.random.default_rng(3)
    values = {f"m{at:03}": generator.random(30) for at in range(100)}
    result = conclude(scores_of(values, np.arange(30)))
    assert result.dataset["systems"] == len(result.items) == 100


def test_systems_of_thirty_prompts_are_compared_and_the_second_largest_is_named():
    values = {"a": np.arange(50.0), "b": np.arange(50.0), "c": np.arange(50.0)}
    rows = scores_of(values, np.arange(50))
    some = without(rows, 50, {1: np.arange(20, 50), 2: np.arange(10, 50)})
    with pytest.raises(NotEnoughData, match="second largest system has 20 prompts"):
        conclude(some)
    result = conclude(without(rows, 50, {1: np.arange(30, 50), 2: np.arange(29, 50)}))
    assert {item["item"]: item["prompts"] for item in result.items} == {"a": 50, "b": 30}
    assert message(result, "systems_left_out") == "Left out, with fewer than 30 prompts: c."
    assert result.dataset["common_prompts"] == 30
    assert result.dataset["systems"] == 2


def test_two_systems_of_many_prompts_and_29_in_common_are_no_pair():
    values = {"a": np.arange(70.0), "b": np.arange(70.0) + np.arange(70) % 2, "c": np.arange(70.0)}
    rows = without(scores_of(values, np.arange(70)), 70, {0: np.arange(40, 70), 2: np.arange(11)})
    result = conclude(rows)
    assert from_pairs(result, "prompts", "a", "b") == 40
    assert from_pairs(result, "prompts", "b", "c") == 59
    assert from_pairs(result, "prompts", "a", "c") is None
    assert message(result, "pairs_left_out") == "1 of 3 pairs of systems have too few common prompts."


# ------------------------------------------------------------------ who is the candidate


def opponents(shift: float) -> Rows:
    """One system against a near one, known on all prompts, and one known on half of them with much noise."""
    generator = np.random.default_rng(4)
    one = generator.normal(0, 0.01, 80)
    rest = {"near": one + shift + generator.normal(0, 0.1, 80), "vague": one + shift + generator.normal(0, 1, 80)}
    return without(scores_of({"asked": one, **rest}, np.arange(80)), 80, {2: np.arange(40, 80)})


def test_a_candidate_is_held_by_the_one_that_surely_beats_it_and_shipped_past_the_closest():
    worse, better = opponents(1.0), opponents(-1.0)
    held = conclude(worse, candidate="asked")
    assert (held.verdict, held.dataset["baseline"]) == ("hold", "near")
    shipped = conclude(better, candidate="asked")
    assert (shipped.verdict, shipped.dataset["baseline"]) == ("ship", "vague")
    assert "simultaneous over 2 pairs" in shipped.estimates["difference"].method
    best = conclude(better)
    assert (best.dataset["candidate"], best.dataset["baseline"]) == ("asked", "vague")
    assert "simultaneous over 3 pairs" in best.estimates["difference"].method
    assert best.estimates["difference"].low == pytest.approx(from_pairs(best, "low", "asked", "vague"))


def test_a_candidate_that_nobody_surely_beats_has_to_hold_against_the_vaguest():
    result = conclude(opponents(0.0), candidate="asked", delta=0.15)
    bounds = {name: from_pairs(result, "high", "asked", name) for name in ("near", "vague")}
    assert -0.15 < bounds["near"] < 0.15 < bounds["vague"]
    assert (result.verdict, result.dataset["baseline"]) == ("need_more", "vague")


def test_against_a_baseline_the_one_that_differs_most_upwards_is_the_candidate():
    generator = np.random.default_rng(5)
    base = generator.normal(0, 1, 60)
    shifts = {"base": 0.0, "down": -5.0, "little": 0.1, "up": 0.5}
    rows = scores_of(
        {name: base + shift + generator.normal(0, 0.1, 60) for name, shift in shifts.items()}, np.arange(60)
    )
    result = conclude(rows, baseline="base")
    assert (result.dataset["candidate"], result.dataset["baseline"]) == ("up", "base")
    assert value(result, "difference") == pytest.approx(0.5, abs=0.1)
    worst = conclude(rows, baseline="up")
    assert (worst.verdict, worst.dataset["candidate"]) == ("hold", "little")
    assert value(worst, "difference") == pytest.approx(-0.4, abs=0.1)
    both = conclude(rows, baseline="up", candidate="down")
    assert value(both, "difference") == pytest.approx(-5.5, abs=0.1)
    assert "simultaneous" not in both.estimates["difference"].method


def test_who_may_be_best_is_not_surely_beaten_by_anybody():
    generator = np.random.default_rng(6)
    base = generator.normal(0, 1, 50)
    shifts = {"a": 0.0, "b": 0.01, "c": -0.5, "d": -0.01, "e": -0.8}
    rows = scores_of(
        {name: base + shift + generator.normal(0, 0.1, 50) for name, shift in shifts.items()}, np.arange(50)
    )
    result = conclude(rows)
    table = result.pictures["pairs"]
    for place, name in enumerate(table["systems"]):
        beaten = any(high is not None and high < 0 for high in table["high"][place])
        assert next(item["best"] for item in result.items if item["item"] == name) is not beaten
    assert {item["item"] for item in result.items if item["best"]} == {"a", "b", "d"}


# ------------------------------------------------------------------ pictures and words


def test_the_forest_shows_each_pair_as_better_minus_worse():
    result = conclude(pairs_of(coins(90, {"a": 0.4, "b": 0.8, "c": 0.5, "d": 0.7}, 7), np.arange(90)))
    forest = result.pictures["forest"]
    assert forest["difference"] == sorted(forest["difference"], reverse=True)
    assert min(forest["difference"]) >= 0
    for place, names in enumerate(zip(forest["candidate"], forest["baseline"], strict=True)):
        for field in ("difference", "low", "high", "p", "p_holm", "prompts"):
            assert forest[field][place] == from_pairs(result, field, *names)
    assert len({frozenset(names) for names in zip(forest["candidate"], forest["baseline"], strict=True)}) == 6


def test_pairs_are_told_from_both_sides():
    result = conclude(pairs_of(coins(90, {"a": 0.4, "b": 0.8, "c": 0.5}, 7), np.arange(90)))
    means = {item["item"]: item["value"] for item in result.items}
    for one in "abc":
        for two in set("abc") - {one}:
            assert from_pairs(result, "difference", one, two) == pytest.approx(means[one] - means[two])
            assert from_pairs(result, "low", one, two) == -from_pairs(result, "high", two, one)
            assert from_pairs(result, "low", one, two) < from_pairs(result, "high", one, two)
            for same in ("p", "p_holm", "p_bh", "prompts"):
                assert from_pairs(result, same, one, two) == from_pairs(result, same, two, one)
    assert result.pictures["pairs"]["systems"] == [item["item"] for item in result.items]
    assert list(means.values()) == sorted(means.values(), reverse=True)


def test_the_sentence_tells_the_values_on_the_prompts_in_common():
    marks = coins(100, {"x": 0.5, "y": 0.8}, 8)
    rows = without(pairs_of(marks, np.arange(100)), 100, {0: np.arange(60, 100)})
    result = conclude(rows, baseline="x", delta=0)
    own, other = marks["y"][:60].mean(), marks["x"][:60].mean()
    assert marks["y"].mean() != own
    assert f"accuracy {digits(own)} against {digits(other)} of x" in result.sentence
    assert "on the same 60 prompts lies above 0." in result.sentence
    wide = conclude(rows, baseline="x", delta=1.5)
    assert "lies above −1.5." in wide.sentence
    assert "may be" not in wide.sentence


def test_of_many_that_may_be_best_five_are_named():
    right = coins(40, {"a": 0.5})["a"]
    for number, end in ((5, "d, e."), (6, "d, e and 1 more."), (7, "d, e and 2 more.")):
        result = conclude(pairs_of(dict.fromkeys("abcdefg"[:number], right), np.arange(40)))
        assert result.sentence.endswith(f"; of {number} systems these may be the best: a, b, c, {end}")


def test_ten_and_more_have_four_digits():
    assert [digits(each) for each in (9.9994, 10, 10.00049, -10, 0.0005, 0.00049, 1, -0.25)] == [
        "9.999",
        "10",
        "10",
        "−10",
        ".001",
        "0",
        "1.000",
        "−.250",
    ]


# ------------------------------------------------------------------ warnings


@pytest.mark.parametrize(("prompts", "few"), [(199, True), (200, False)])
def test_fewer_than_200_prompts_are_few(prompts, few):
    result = conclude(pairs_of(coins(prompts, {"x": 0.6, "y": 0.7}), np.arange(prompts)))
    assert codes(result) == (["few_prompts"] if few else [])
    if few:
        assert message(result, "few_prompts") == "Only 199 common prompts: intervals are approximate."


@pytest.mark.parametrize(("lacking", "told"), [(29, True), (28, False)])
def test_less_than_nine_tenths_in_common_are_worth_a_word(lacking, told):
    rows = pairs_of(coins(280, {"x": 0.6, "y": 0.7}), np.arange(280))
    result = conclude(without(rows, 280, {1: np.arange(lacking)}))
    assert codes(result) == (["partial_overlap"] if told else [])
    if told:
        assert "251 prompts that both have; one of them has 280." in message(result, "partial_overlap")


@pytest.mark.parametrize(("small", "end"), [(5, "s0, s1, s2, s3, s4."), (7, "s0, s1, s2, s3, s4 ….")])
def test_systems_that_are_left_out_are_named(small, end):
    rows = scores_of(
        {"a": np.arange(40.0), "b": np.arange(40.0), **{f"s{at}": np.arange(40.0) for at in range(small)}},
        np.arange(40),
    )
    place = np.arange(len(rows))
    result = conclude(take(rows, np.flatnonzero((place < 80) | (place % 40 < 12))))
    assert message(result, "systems_left_out").endswith(end)


def test_rows_without_a_value_are_counted():
    rows = scores_of({"a": np.arange(40.0), "b": np.arange(40.0) + 1}, np.arange(40))
    blank = rows.columns["value"].copy()
    blank[[3, 70]] = np.nan
    assert message(conclude(with_columns(rows, value=blank)), "rows_left_out").startswith("2 rows without a verdict")
    assert "rows_left_out" not in codes(conclude(rows))


# ------------------------------------------------------------------ rows that are shown


def test_rows_of_prompts_that_are_not_compared_are_not_shown():
    """Neither those without a truth, where the others have one, nor those that only the candidate has."""
    generator = np.random.default_rng(10)
    values = {name: generator.random(120) for name in "mn"}
    truth = np.where(np.arange(120) % 3 == 0, np.nan, 1.0)
    rows = scores_of(values, np.arange(120), truth=truth)
    result = conclude(without(rows, 120, {0: np.arange(30)}), candidate="n", baseline="m")
    right = {name: own > 0.5 for name, own in values.items()}
    differ = (right["m"] != right["n"]) & np.isfinite(truth) & (np.arange(120) >= 30)
    hashes = rows.columns["row_hash"][120:]
    assert {one.row_hash for one in result.worst} == set(hashes[differ].tolist())


def test_the_greatest_differences_are_shown_first_and_at_most_200():
    generator = np.random.default_rng(11)
    values = {"m": generator.normal(0, 1, 230), "n": generator.normal(0, 1, 230)}
    values["n"][:20] = values["m"][:20]
    rows = scores_of(values, np.arange(230))
    result = conclude(rows, candidate="m", baseline="n")
    apart_by = np.abs(values["m"] - values["n"])
    order = np.argsort(-apart_by)
    assert len(result.worst) == 200
    assert [one.row_hash for one in result.worst] == rows.columns["row_hash"][:230][order[:200]].tolist()
    assert [one.confidence for one in result.worst] == pytest.approx(apart_by[order[:200]].tolist())


# ------------------------------------------------------------------ slices


def sliced(n: int, inside: np.ndarray, copies: int = 1) -> tuple[Rows, np.ndarray, np.ndarray]:
    """Rows of judges x and y on n prompts, each in a bucket of its own; differences, and buckets of the prompts."""
    prompt = np.repeat(apart(n), copies)
    marks = coins(n, {"x": 0.5, "y": 0.7}, n)
    whole = {name: np.repeat(each, copies) for name, each in marks.items()}
    rows = pairs_of(whole, prompt, side=np.arange(len(prompt)))
    column = np.tile(np.repeat(inside.astype(np.int32), copies), 2), ["out", "in"]
    buckets = rows.columns["bucket"][: len(prompt) : copies].astype(int)
    return replace(rows, slices={"part": column}), marks["y"] - marks["x"], buckets


@pytest.mark.parametrize("copies", [1, 3])
def test_the_effect_of_a_slice_is_tested_on_odd_buckets(copies):
    inside = np.arange(150) % 5 < 2
    rows, difference, bucket = sliced(150, inside, copies)
    result = conclude(rows, baseline="x", level=0.9)
    found = {one["value"]: one for one in result.slices}
    assert set(found) == {"in", "out"}
    odd = bucket % 2 == 1
    for name, here in (("in", inside), ("out", ~inside)):
        own, rest = difference[here & odd], difference[~here & odd]
        effect, n = own.mean() - rest.mean(), len(own)
        error = np.sqrt(n / (n - 1) * (own.var() / n + rest.var() / len(rest)))
        one = found[name]
        assert one["effect"] == pytest.approx(effect)
        assert (one["rows"], one["prompts"]) == (copies * here.sum(), here.sum())
        assert one["difference"] == pytest.approx(difference[here].mean())
        assert not one["confirmed"]
        spread = stats.t.ppf(0.95, n - 1) * error
        assert [one["low"], one["high"]] == pytest.approx([effect - spread, effect + spread])


@pytest.mark.parametrize(("prompts", "listed"), [(29, {"out"}), (30, {"in", "out"})])
def test_slices_need_thirty_prompts_in_common(prompts, listed):
    rows, *_ = sliced(120, np.arange(120) < prompts)
    assert {one["value"] for one in conclude(rows, baseline="x").slices} == listed


def test_slices_need_two_buckets_in_each_half_inside_and_outside():
    rows, _, bucket = sliced(120, np.zeros(120, bool))
    for few, listed in ((1, False), (2, True)):
        rest = np.concatenate([np.flatnonzero(bucket % 2 == 1)[:few], np.flatnonzero(bucket % 2 == 0)[:9]])
        codes_of = np.tile(np.where(np.isin(np.arange(120), rest), 0, 1).astype(np.int32), 2)
        result = conclude(replace(rows, slices={"part": (codes_of, ["out", "in"])}), baseline="x")
        assert [one["value"] for one in result.slices] == (["in"] if listed else [])


def test_slices_are_listed_by_size_and_rows_without_a_value_are_in_none():
    rows, *_ = sliced(150, np.zeros(150, bool))
    generator = np.random.default_rng(12)
    columns = {name: (np.tile(generator.integers(-1, 3, 150), 2).astype(np.int32), ["a", "b", "c"]) for name in "uvw"}
    result = conclude(replace(rows, slices=columns), baseline="x")
    sizes = [abs(one["effect"]) for one in result.slices]
    assert sizes == sorted(sizes, reverse=True)
    assert {(one["column"], one["value"]): one["rows"] for one in result.slices} == {
        (name, value): np.sum(codes_of[:150] == place)
        for name, (codes_of, values) in columns.items()
        for place, value in enumerate(values)
        if np.sum(codes_of[:150] == place) >= 30
    }


# ------------------------------------------------------------------ parameters and refusals


@pytest.mark.parametrize(
    ("name", "within", "beyond"),
    [
        ("level", (0.5, 0.999), (0.499, 0.9991)),
        ("power", (0.5, 0.999), (0.499, 0.9991)),
        ("delta", (0.0, 2.5), (-1e-9, np.inf)),
        ("scale", (1e-9, 1000.0), (0.0, np.inf)),
        ("cost_per_label", (0.0, 3.0), (-1e-9, np.inf)),
        ("seed", (0, 7), (-1,)),
    ],
)
def test_parameters_up_to_their_bounds(name, within, beyond):
    for each in within:
        assert getattr(CompareParameters(**{name: each}), name) == each
    for each in beyond:
        with pytest.raises(UsageError, match=name):
            CompareParameters(**{name: each})


@pytest.mark.parametrize(("add", "fine"), [(0.0, True), (0.01, False), (-0.01, False)])
def test_live_intervals_take_values_from_0_to_1(add, fine):
    values = np.linspace(0, 1, 40) + add
    rows = scores_of({"x": values, "y": values[::-1]}, np.arange(40))
    if fine:
        assert "confidence sequence" in conclude(rows, live="yes").estimates["difference"].method
    else:
        with pytest.raises(UsageError, match="name it with scale"):
            conclude(rows, live="yes")


def test_a_metric_that_was_asked_for_is_taken():
    generator = np.random.default_rng(13)
    truth = generator.integers(0, 2, 40).astype(float)
    rows = scores_of({"x": generator.random(40), "y": generator.random(40)}, np.arange(40), truth=truth)
    assert [conclude(rows, metric=each).dataset["metric"] for each in ("auto", "accuracy", "value", "truth")] == [
        "accuracy",
        "accuracy",
        "value",
        "truth",
    ]
    paired = pairs_of(coins(40, {"x": 0.5, "y": 0.6}), np.arange(40))
    assert conclude(paired, metric="accuracy").dataset["metric"] == "accuracy"
    with pytest.raises(UsageError, match="needs a truth"):
        conclude(scores_of({"x": np.zeros(40), "y": np.ones(40)}, np.arange(40)), metric="truth")


def test_what_was_asked_to_name_systems_does():
    rows = scores_of({"m": np.arange(60.0), "n": np.arange(60.0) + 1}, np.arange(60))
    judge = named(np.arange(120) // 30 % 2, ["j", "k"])
    both = replace(rows, names={**rows.names, "judge": judge})
    assert conclude(both, by="item").dataset["by"] == "item"
    assert conclude(both).dataset["by"] == "item"
    with pytest.raises(NotEnoughData) as refused:
        conclude(both, by="judge")
    assert refused.value.code == "no_common_prompts"
    assert "j and k have no prompt in common" in refused.value.message


def test_of_rows_that_share_a_cell_those_with_a_truth_count():
    prompts = np.arange(40)
    prompt = np.concatenate([np.repeat(prompts, 3), prompts])
    truth = np.concatenate([np.tile([1.0, np.nan, np.nan], 40), np.zeros(40)])
    columns = {"value": np.full(160, 0.9), "truth": truth, **identity(prompt)}
    judges = (np.repeat([0, 1], [120, 40]).astype(np.int32), ["j", "k"])
    rows = Rows("score", columns, {}, {"item": (np.zeros(160, np.int32), ["m"]), "judge": judges})
    grid = grid_of_metric(observe(rows, 1.0), "item", "accuracy")
    assert grid.value[:, 0] == pytest.approx(np.full(40, 0.5))
    assert not grid.single.any()
    assert grid_of_metric(observe(rows, 1.0), "item", "truth").value[:, 0] == pytest.approx(np.full(40, 0.5))
    by_judge = grid_of_metric(observe(rows, 1.0), "judge", "accuracy")
    assert dict(zip(by_judge.names, by_judge.value.T.tolist(), strict=True)) == {"j": [1.0] * 40, "k": [0.0] * 40}
    assert by_judge.single.all()


@pytest.mark.parametrize(("given", "said"), [(9.9994, "9.999"), (9.9996, "10"), (-9.9996, "−10"), (12.34, "12.34")])
def test_numbers_at_ten_are_rounded_alike(given, said):
    assert digits(given) == said
