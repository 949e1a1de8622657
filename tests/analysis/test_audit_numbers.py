"""Every number of the audit and its interval, computed anew from the rows with numpy and scipy; words and warnings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import minimize
from scipy.special import expit

from engine.analysis import Audit, AuditParameters, records
from engine.analysis.audit.predict import _fit, auc, predicted
from engine.analysis.audit.rulers import Pairs, pairs_of, right, share
from engine.analysis.audit.sentence import sentence, verdict
from engine.analysis.audit.slope import picture, slopes
from engine.errors import InputRefused, NotEnoughData, NotFound, UsageError
from engine.types import Estimate, Rows
from tests.analysis.compare_worlds import apart
from tests.analysis.test_audit import ANALYSIS, conclude, rows_of, world

NOTHING = Estimate(None)


def rich(n: int = 500, prompts: int = 160) -> Rows:
    """Soft labels, gaps in margins and lengths, equal lengths, another feature, every order, several rows a prompt."""
    generator = np.random.default_rng(12)
    a, b = generator.integers(1, 12, (2, n)) * 40.0
    label = np.where(generator.random(n) < expit(0.004 * (a - b)), 1.0, 0.0)
    label[::9] = 0.7
    margin = 0.004 * (a - b) + label + generator.normal(0, 1, n)
    margin[::11] = np.nan
    a[5::17] = np.nan
    lists = generator.poisson(0.8, (2, n)) * 1.0
    rows = rows_of(a, b, label, margin, generator.integers(0, prompts, n))
    first = generator.integers(-1, 2, n).astype(np.int8)
    styles = {"length": (a, b), "headers": tuple(lists)}
    return replace(rows, columns={**rows.columns, "first": first}, styles=styles)


def jackknife(statistic: Any, bucket: np.ndarray, used: np.ndarray, level: float = 0.95) -> tuple[float, float, float]:
    """Value, low and high: the statistic of the rows that are left without each bucket."""
    value, filled = statistic(used), np.unique(bucket[used])
    left = np.array([statistic(used & (bucket != each)) for each in filled])
    groups = len(filled)
    error = np.sqrt((groups - 1) / groups * ((left - left.mean()) ** 2).sum())
    reach = stats.t.ppf(0.5 + level / 2, groups - 1) * error
    return value, value - reach, value + reach


def wilson(marks: np.ndarray, bucket: np.ndarray, level: float = 0.95) -> tuple[float, float, float]:
    """Wilson's interval of as many independent rows as have the jackknife's variance, at Student's quantile."""
    used = np.isfinite(marks)
    value, _, high = jackknife(lambda rest: marks[rest].mean(), bucket, used, level)
    quantile = stats.t.ppf(0.5 + level / 2, len(np.unique(bucket[used])) - 1)
    count = value * (1 - value) / ((high - value) / quantile) ** 2
    roots = np.roots([1 + quantile**2 / count, -2 * value - quantile**2 / count, value**2])
    return value, *np.sort(roots)


def bounds(one: Estimate) -> tuple[Any, ...]:
    return one.value, one.low, one.high


def parts(rows: Rows) -> tuple[np.ndarray, ...]:
    a, b = rows.styles["length"]
    return a - b, rows.columns["label"], rows.columns["margin"], rows.columns["bucket"]


def marks_of(difference: np.ndarray, label: np.ndarray) -> np.ndarray:
    return np.select([difference > 0, difference < 0, difference == 0], [label, 1 - label, 0.5 + 0 * label], np.nan)


# ------------------------------------------------------------------ rulers


@pytest.mark.parametrize("level", [0.95, 0.8])
def test_the_accuracy_of_each_ruler_and_its_interval(level):
    rows = rich()
    found = conclude(rows, level=level).estimates
    for feature, (a, b) in rows.styles.items():
        marks = marks_of(a - b, rows.columns["label"])
        one = found[f"{feature}_accuracy"]
        assert bounds(one) == pytest.approx(wilson(marks, rows.columns["bucket"], level)), feature
        assert (one.n, one.level) == (np.isfinite(marks).sum(), level)
    assert found["ruler_accuracy"] == found["length_accuracy"]


def test_a_balance_is_relative_and_0_of_nothing():
    a, b = np.array([3.0, 0, 1, np.nan, -1, 0.5]), np.array([1.0, 0, 0, 1, 3, 0.25])
    rows = rows_of(a, b, np.ones(6), np.arange(6.0))
    state = ANALYSIS.observe(rows, AuditParameters())
    pairs = pairs_of(state)
    order = np.argsort(pairs.margin)
    assert pairs.balance["length"][order] == pytest.approx([0.5, 0, 1, np.nan, -1, 1 / 3], nan_ok=True)
    assert pairs.difference["length"][order] == pytest.approx([2, 0, 1, np.nan, -4, 0.25], nan_ok=True)
    assert list(pairs.balance) == ["length"]


@pytest.mark.parametrize("right_of", [0.5, 0.6, 0.7])
def test_the_p_value_of_a_ruler_is_that_of_the_t_test(right_of):
    """One row a bucket: the jackknife's error is the standard error of the mean."""
    marks = (np.random.default_rng(3).random(80) < right_of).astype(float)
    kept = np.arange(80) < 70
    found = share(marks, np.arange(80), kept, 70, 0.95)
    assert found.p_value == pytest.approx(stats.ttest_1samp(marks[:70], 0.5).pvalue)
    gaps = np.where(np.arange(80) % 7 == 0, np.nan, marks)
    expected = stats.ttest_1samp(gaps[:70], 0.5, nan_policy="omit").pvalue
    assert share(gaps, np.arange(80), kept, 60, 0.95).p_value == pytest.approx(expected)
    assert share(gaps, np.arange(80), kept, 60, 0.95).estimate.n == 60


def test_a_ruler_that_is_always_right_is_as_likely_as_so_many_coins():
    every = np.ones(30, bool)
    for prompts in (4, 30):
        assert share(np.ones(30), np.arange(30), every, prompts, 0.95).p_value == pytest.approx(2 * 0.5**prompts)
        assert share(np.zeros(30), np.arange(30), every, prompts, 0.95).p_value == pytest.approx(2 * 0.5**prompts)
    assert share(np.full(30, 0.5), np.arange(30), every, 30, 0.95).p_value == 1
    assert share(np.ones(30), np.arange(30), every, 0, 0.95).p_value == 1
    two = share(np.array([0.0, 0, 1]), np.array([0, 0, 1]), np.ones(3, bool), 3, 0.95)
    assert two.p_value == pytest.approx(2 * stats.t.sf((1 / 2 - 1 / 3) / (1 / 2), 1)), "left out, they make 0 and 1"


# ------------------------------------------------------------------ rewards


@pytest.mark.parametrize("level", [0.95, 0.8])
def test_slopes_and_their_intervals_are_those_of_least_squares_without_each_bucket(level):
    rows = rich()
    x, label, m, bucket = parts(rows)
    x, y = x / 100, 2 * label - 1
    used = np.isfinite(x) & np.isfinite(m)

    def slope(rest: np.ndarray) -> float:
        return np.linalg.lstsq(x[rest, None], m[rest])[0][0]

    def partial(rest: np.ndarray) -> float:
        return np.linalg.lstsq(np.stack([x[rest], y[rest]], axis=1), m[rest])[0][0]

    def correlation(rest: np.ndarray) -> float:
        return x[rest] @ m[rest] / np.linalg.norm(x[rest]) / np.linalg.norm(m[rest])

    found = conclude(rows, level=level).estimates
    names = ("reward_slope", "reward_slope_given_label", "reward_correlation")
    for name, statistic in zip(names, (slope, partial, correlation), strict=True):
        assert bounds(found[name]) == pytest.approx(jackknife(statistic, bucket, used, level), rel=1e-7), name
        assert (found[name].n, found[name].level) == (used.sum(), level)


def test_three_buckets_have_a_slope_and_two_have_none():
    generator = np.random.default_rng(1)
    for buckets in (2, 3):
        bucket = np.arange(40) % buckets
        x, m = generator.normal(0, 100, (2, 40))
        label = generator.integers(0, 2, 40) * 1.0
        pairs = Pairs({"length": x}, {}, label, m, bucket)
        for name, one in slopes(pairs, "length", 0.9).items():
            assert (one.value is None) == (buckets == 2), name
            assert one.level == 0.9
        level = replace(pairs, difference={"length": 0 * x})
        assert {one.value for one in slopes(level, "length", 0.9).values()} == {None}


def test_a_preference_that_always_follows_the_ruler_cannot_be_held_fixed():
    x = np.tile([100.0, -100.0], 30)
    pairs = Pairs({"length": x}, {}, (x > 0) * 1.0, x / 50 + np.arange(60) % 3, np.arange(60))
    found = slopes(pairs, "length", 0.95)
    assert found["reward_slope"].value == pytest.approx(((x / 50 + np.arange(60) % 3) @ x) / (x @ x) * 100)
    given = found["reward_slope_given_label"]
    assert (given.value, given.method, given.n) == (None, "nothing to tell the two apart", 60)


def test_the_picture_of_a_slope_has_ten_bins_of_as_many_pairs():
    """Distances 1 to 100, either way: those up to 50 prefer the shorter answer, the others the longer one."""
    generator = np.random.default_rng(2)
    distance = generator.permutation(np.arange(1.0, 101))
    x = distance * generator.choice([-1, 1], 100)
    label = np.where((distance > 50) == (x > 0), 1.0, 0.0)
    margin = np.where(distance <= 10, np.nan, np.sign(x) * distance / 10)
    margin[distance == 11] = np.nan
    x, label, margin = np.append(x, [0, np.nan]), np.append(label, [1, 1]), np.append(margin, [3, 3])
    told = picture(Pairs({"length": x}, {}, label, margin, np.arange(102)), "length")
    assert told["count"] == [10] * 10
    assert told["nearest"] == [1, 11, 21, 31, 41, 51, 61, 71, 81, 91]
    assert told["farthest"] == [10, 20, 30, 40, 50, 60, 70, 80, 90, 100]
    assert told["distance"] == pytest.approx([5.5 + 10 * place for place in range(10)])
    assert told["preferred"] == [0] * 5 + [1] * 5
    assert told["margin"] == [None, pytest.approx(1.6), *(pytest.approx(0.55 + place) for place in range(2, 10))]


def test_a_picture_of_one_distance_has_one_bin_and_of_none_no_bin():
    x = np.array([7.0, -7, 7, 0])
    told = picture(Pairs({"length": x}, {}, np.array([1.0, 1, 1, 0]), np.array([1.0, 2, 3, 9]), np.arange(4)), "length")
    assert told == {
        "distance": [7], "nearest": [7], "farthest": [7], "count": [3],
        "preferred": [pytest.approx(2 / 3)], "margin": [pytest.approx(2 / 3)],
    }  # fmt: skip
    none = picture(Pairs({"length": 0 * x}, {}, x, x, np.arange(4)), "length")
    assert none == {name: [] for name in told}


# ------------------------------------------------------------------ all of style


def held_out(rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    """By row the score of a penalised logistic model of the other four fifths of the buckets; and the known rows."""
    features = []
    for a, b in rows.styles.values():
        features.append(np.where(a + b > 0, (a - b) / np.where(a + b > 0, a + b, 1), 0 * a))
    known = np.isfinite(features).any(axis=0)
    x, label = np.nan_to_num(np.stack(features, axis=1)), rows.columns["label"]
    fold, score = rows.columns["bucket"] % 5, np.zeros(len(label))
    for each in range(5):
        rest = known & (fold != each)
        scale = np.sqrt((x[rest] ** 2).mean(axis=0))
        z, y = x[rest] / scale, label[rest]

        def loss(theta: np.ndarray, z: np.ndarray = z, y: np.ndarray = y) -> float:
            told = z @ theta
            return float((np.logaddexp(0, told) - y * told).sum() + 1e-3 * len(y) / 2 * (theta**2).sum())

        theta = minimize(loss, np.zeros(x.shape[1]), method="BFGS", options={"gtol": 1e-7}).x / scale
        score[fold == each] = x[fold == each] @ theta
    return score, known


def test_what_style_predicts_of_prompts_that_its_model_has_not_seen():
    rows = rich()
    both_gone = np.arange(len(rows)) % 50 == 5
    rows = replace(
        rows,
        styles={name: tuple(np.where(both_gone, np.nan, one) for one in pair) for name, pair in rows.styles.items()},
    )
    score, known = held_out(rows)
    label, bucket = rows.columns["label"], rows.columns["bucket"]
    found = conclude(rows).estimates
    marks = np.where(known, marks_of(score, label), np.nan)
    accuracy = found["style_accuracy"]
    assert bounds(accuracy) == pytest.approx(wilson(marks, bucket), abs=1e-4)
    assert (accuracy.n, found["style_auc"].n) == (known.sum(), known.sum())
    area, error = area_of(score[known], label[known], bucket[known])
    reach = stats.t.ppf(0.975, len(np.unique(bucket[known])) - 1) * error
    assert bounds(found["style_auc"]) == pytest.approx((area, area - reach, area + reach), abs=1e-4)
    assert accuracy.method.startswith("5 folds by bucket; ")


def test_two_fifths_of_the_buckets_predict_each_other_and_one_predicts_nothing():
    generator = np.random.default_rng(9)
    x, label = generator.uniform(-1, 1, 90), generator.integers(0, 2, 90) * 1.0
    for fifths in (1, 2):
        bucket = 5 * (np.arange(90) // 2) + np.arange(90) % fifths
        found = predicted(Pairs({"length": x}, {"length": x}, label, x, bucket), 90, 0.95)
        if fifths == 1:
            assert {one.method for one in found.values()} == {"needs differences of style"}
            continue
        models = [np.sign(x[bucket % 5 == other] @ (label[bucket % 5 == other] - 0.5)) for other in (1, 0)]
        marks = marks_of(x * np.array(models)[bucket % 5], label)
        assert found["style_accuracy"].value == pytest.approx(marks.mean()), "one feature: its sign decides"


def area_of(score: np.ndarray, label: np.ndarray, bucket: np.ndarray) -> tuple[float, float]:
    """Area of every pair in both orders, and its error, from comparisons of all rows with all."""
    score, label, bucket = np.r_[score, -score], np.r_[label, 1 - label], np.r_[bucket, bucket]
    beats = (score[:, None] > score) + 0.5 * (score[:, None] == score)
    ones, zeros = label / label.sum(), (1 - label) / (1 - label).sum()
    area = ones @ beats @ zeros
    influence = ones * (beats @ zeros - area) + zeros * (ones @ beats - area)
    by_bucket = [influence[bucket == each].sum() for each in np.unique(bucket)]
    return float(area), float(np.sqrt(len(by_bucket) / (len(by_bucket) - 1) * np.square(by_bucket).sum()))


def test_area_and_influence_of_ties_and_soft_labels():
    generator = np.random.default_rng(6)
    score, label = generator.integers(0, 5, 60) * 1.0, generator.choice([0, 0.3, 1], 60)
    area, influence = auc(score, label)
    beats = (score[:, None] > score) + 0.5 * (score[:, None] == score)
    ones, zeros = label / label.sum(), (1 - label) / (1 - label).sum()
    assert area == pytest.approx(ones @ beats @ zeros)
    expected = ones * (beats @ zeros - area) + zeros * (ones @ beats - area)
    assert influence == pytest.approx(expected)


def test_style_that_decides_everything_has_finite_coefficients_and_an_area_within_1():
    n = 200
    a = np.random.default_rng(0).integers(1, 90, n) * 1.0
    b = np.where(np.arange(n) % 2, a + 30, np.maximum(a - 30, 0))
    rows = rows_of(a, b, (a > b) * 1.0)
    found = conclude(rows).estimates
    assert bounds(found["style_auc"]) == (1, 1, 1)
    assert found["style_accuracy"].value == 1
    fitted = _fit(np.stack([(a - b) / (a + b), np.zeros(n)], axis=1), (a > b) * 1.0)
    assert np.isfinite(fitted).all()
    assert fitted[1] == 0
    almost = np.where(np.arange(n) < 1, a < b, a > b) * 1.0
    assert conclude(rows_of(a, b, almost)).estimates["style_auc"].high == 1


def test_answers_of_one_style_predict_nothing():
    rows = rows_of(np.full(60, 9.0), np.full(60, 9.0), np.arange(60) % 2 * 1.0)
    found = conclude(rows, level=0.9).estimates
    for name in ("style_accuracy", "style_auc"):
        assert found[name] == Estimate(None, level=0.9, method="needs differences of style")


def test_a_feature_known_in_one_bucket_only_has_no_accuracy():
    rows = world(80)
    few, some = np.full(80, np.nan), np.full(80, np.nan)
    few[3], some[[3, 4]] = 1.0, 1.0
    rows = replace(rows, styles={**rows.styles, "bold": (few, few), "lists": (some, 0 * some)})
    result = conclude(rows)
    assert "bold_accuracy" not in result.estimates
    assert result.estimates["lists_accuracy"].n == 2
    assert result.dataset["features"] == ["bold", "length", "lists"]
    assert result.pictures["rulers"]["feature"] == ["length", "lists"]
    one = result.estimates["length_accuracy"]
    assert [result.pictures["rulers"][name][0] for name in ("accuracy", "low", "high")] == list(bounds(one))


# ------------------------------------------------------------------ position


@pytest.mark.parametrize("level", [0.95, 0.8])
def test_position_bias_is_how_often_the_answer_shown_first_wins(level):
    rows = rich()
    first, label, bucket = rows.columns["first"], rows.columns["label"], rows.columns["bucket"]
    won = np.where(first == 1, label, 1 - label) - 0.5
    expected = jackknife(lambda rest: won[rest].mean(), bucket, first >= 0, level)
    found = conclude(rows, level=level).estimates["position_bias"]
    assert bounds(found) == pytest.approx(expected)
    assert found.n == (first >= 0).sum()


def test_a_bias_of_position_is_at_most_a_half_and_needs_two_buckets():
    rows = world(40)
    rows = replace(rows, columns={**rows.columns, "label": np.where(np.arange(40) == 3, 0.0, 1.0)})
    for first, end in ((1, "high"), (0, "low")):
        shown = replace(rows, columns={**rows.columns, "first": np.full(40, first, np.int8)})
        found = conclude(shown).estimates["position_bias"]
        assert abs(found.value) == pytest.approx(0.475)
        assert abs(getattr(found, end)) == 0.5
    for known in (1, 2):
        shown = replace(rows, columns={**rows.columns, "first": np.where(np.arange(40) < known, 1, -1)})
        assert (conclude(shown).estimates["position_bias"].value is None) == (known == 1)


# ------------------------------------------------------------------ subsets


def subsets_of(sizes: Mapping[str, tuple[int, int]], **params: Any) -> list[dict[str, Any]]:
    """Subsets of so many prompts, of which in so many the longer answer is preferred."""
    label = np.concatenate([np.arange(n) < longer for n, longer in sizes.values()]) * 1.0
    n = len(label)
    codes = np.repeat(np.arange(len(sizes)), [count for count, _ in sizes.values()]).astype(np.int32)
    rows = rows_of(np.full(n, 9.0), np.full(n, 5.0), label, prompt=apart(n))
    return conclude(replace(rows, slices={"part": (codes, list(sizes))}), **params).slices


def test_subsets_stand_degenerate_first_then_by_their_distance_from_a_half():
    found = subsets_of({"near": (60, 33), "far": (60, 15), "middle": (60, 40), "all": (60, 60), "none": (60, 1)})
    assert [one["value"] for one in found] == ["all", "none", "far", "middle", "near"]
    assert [one["degenerate"] for one in found] == [True, True, False, False, False]
    assert [one["effect"] for one in found] == pytest.approx([0.5, 1 / 60 - 0.5, -0.25, 1 / 6, 0.05])
    assert [one["accuracy"] for one in found] == pytest.approx([1, 1 / 60, 0.25, 2 / 3, 0.55])
    even = subsets_of({"b": (40, 30), "a": (40, 10)})
    assert [one["value"] for one in even] == ["a", "b"], "as far: by name"


def test_a_subset_of_30_prompts_is_told_and_of_29_is_not():
    found = subsets_of({"thirty": (30, 20), "fewer": (29, 20)})
    assert [(one["value"], one["prompts"], one["rows"]) for one in found] == [("thirty", 30, 30)]
    assert found[0]["prompts_approximate"] is False, "prompts are counted one by one"
    rows = world(60, prompts=20)
    rows = replace(rows, slices={"s": (np.zeros(60, np.int32), ["x"])})
    with pytest.raises(NotEnoughData, match="20 prompts"):
        conclude(rows)


def test_p_and_q_values_of_subsets():
    sizes = {"a": (40, 30), "b": (50, 27), "c": (60, 36), "d": (70, 20)}
    found = subsets_of(sizes)
    p_values = {
        name: stats.ttest_1samp(np.arange(n) < longer, 0.5).pvalue for name, (n, longer) in sizes.items()
    }  # fmt: skip
    q_values = dict(zip(sizes, stats.false_discovery_control(list(p_values.values())), strict=True))
    for one in found:
        assert one["p_value"] == pytest.approx(p_values[one["value"]])
        assert one["q_value"] == pytest.approx(q_values[one["value"]])
        assert one["confirmed"] == (q_values[one["value"]] <= 0.05)
    assert {one["value"]: one["confirmed"] for one in found} == {"a": True, "b": False, "c": False, "d": True}
    strict = {one["value"]: one["confirmed"] for one in subsets_of(sizes, level=0.999)}
    assert strict == {"a": False, "b": False, "c": False, "d": True}


def test_a_subset_is_degenerate_from_the_asked_share_on_if_that_is_sure():
    found = {one["value"]: one for one in subsets_of({"at": (60, 57), "below": (60, 56), "under": (60, 3)})}
    assert {name: one["degenerate"] for name, one in found.items()} == {"at": True, "below": False, "under": True}
    high = {one["value"]: one for one in subsets_of({"at": (60, 36), "other": (60, 50)}, degenerate=0.6)}
    assert high["at"]["q_value"] > 0.05
    assert not high["at"]["degenerate"]
    assert high["other"]["degenerate"]


def test_rows_of_which_the_ruler_is_not_known_are_in_no_subset():
    rows = world(100)
    a, b = rows.styles["length"]
    codes = np.where(np.arange(100) < 20, -1, np.arange(100) % 2).astype(np.int32)
    gone = np.arange(100) >= 90
    rows = replace(rows, styles={"length": (np.where(gone, np.nan, a), b)}, slices={"s": (codes, ["even", "odd"])})
    assert [(one["column"], one["rows"]) for one in conclude(rows).slices] == [("s", 35), ("s", 35)]


# ------------------------------------------------------------------ warnings, refusals


def codes_of(rows: Rows) -> set[str]:
    return {notice.code for notice in conclude(rows).warnings}


def test_few_prompts_are_fewer_than_200():
    assert codes_of(world(199)) == {"few_prompts"}
    assert codes_of(world(200)) == set()


@pytest.mark.parametrize(("equal", "told"), [(40, False), (41, True)])
def test_many_ties_are_more_than_a_fifth(equal, told):
    rows = world(200)
    a, b = rows.styles["length"]
    a = np.where(a == b, a + 1, a)
    rows = replace(rows, styles={"length": (np.where(np.arange(200) < equal, b, a), b)})
    assert ("many_ties" in codes_of(rows)) == told
    if told:
        (notice,) = (one for one in conclude(rows).warnings if one.code == "many_ties")
        assert notice.message.startswith("20% of the pairs")


def test_what_is_left_out_is_counted():
    rows = world(220)
    a, b = rows.styles["length"]
    rows = replace(rows, styles={"length": (np.where(np.arange(220) == 3, np.nan, a), b)})
    assert [notice.message for notice in conclude(rows).warnings] == [
        "1 pair without the ruler on both sides left out."
    ]
    without = replace(rows, columns={**rows.columns, "margin": np.full(220, np.nan)}, styles={"length": (a, b)})
    assert codes_of(without) == {"no_rewards"}


def test_a_sample_of_prompts_is_called_one(monkeypatch):
    rows = world(300)
    monkeypatch.setattr(records, "MOST_ROWS", 250)
    result = conclude(rows)
    assert {notice.code for notice in result.warnings} == {"sampled"}
    assert result.dataset["rows"] == 250
    assert result.evidence.rows == 300


def test_30_prompts_are_enough_and_rows_of_one_prompt_are_one():
    told = conclude(world(60, prompts=30)).dataset
    assert (told["rows"], told["prompts"], told["prompts_approximate"]) == (60, 30, False)
    with pytest.raises(NotEnoughData, match="29 prompts with length known of both answers"):
        conclude(world(58, prompts=29))


@pytest.mark.parametrize("value", [-0.01, 1.01])
def test_one_label_out_of_range_is_refused(value):
    rows = world(60)
    label = rows.columns["label"].copy()
    label[7] = value
    with pytest.raises(InputRefused) as refused:
        conclude(replace(rows, columns={**rows.columns, "label": label}))
    assert refused.value.field == "label"
    label[7] = np.nan
    assert conclude(replace(rows, columns={**rows.columns, "label": label})).dataset["rows"] == 59


def test_parameters_at_their_limits():
    assert asdict(AuditParameters()) == {"slice": "", "where": "", "feature": "", "degenerate": 0.95, "level": 0.95}
    for values in ({"level": 0.5}, {"level": 0.999}, {"degenerate": 1.0}, {"degenerate": 0.501}):
        assert AuditParameters.parse(values)
    for values in ({"level": 0.49}, {"level": 0.9991}, {"degenerate": 0.5}, {"degenerate": 1.01}):
        with pytest.raises(UsageError):
            AuditParameters.parse(values)


def test_the_ruler_is_length_then_characters_then_the_first_feature():
    rows = world(60)
    sides = rows.styles["length"]
    for styles, ruler in (
        ({"bold": sides, "characters": sides, "length": sides}, "length"),
        ({"bold": sides, "characters": sides}, "characters"),
        ({"links": sides, "bold": sides}, "bold"),
    ):
        assert conclude(replace(rows, styles=styles)).dataset["ruler"] == ruler
    with pytest.raises(NotFound):
        conclude(rows, feature="characters")
    assert Audit().title == "Length and style"
    assert ANALYSIS.missing("comparison", ["length_a", "length_b"]) == ("label",)
    assert ANALYSIS.missing("comparison", ["label", "length_a"]) == ("length_a", "length_b")


# ------------------------------------------------------------------ words


@pytest.mark.parametrize(
    ("low", "high", "code"),
    [
        (0.51, 0.6, "more_preferred"),
        (0.5, 0.6, "no_preference_detected"),
        (0.4, 0.49, "less_preferred"),
        (0.4, 0.5, "no_preference_detected"),
        (None, None, "no_preference_detected"),
    ],
)
def test_a_preference_is_told_where_the_interval_leaves_out_a_half(low, high, code):
    assert verdict(Estimate(0.5, low, high)) == code


def found_of(**changes: Estimate) -> dict[str, Estimate]:
    return {
        "ruler_accuracy": Estimate(0.62, 0.58, 0.66, n=1200),
        "reward_slope": NOTHING,
        "style_accuracy": Estimate(0.7, 0.65, 0.75),
        "length_accuracy": Estimate(0.62, 0.58, 0.66),
        **changes,
    }


def test_a_sentence_of_a_ruler_alone():
    assert sentence("length", found_of(), 1, []) == (
        "Length alone picks the preferred answer in 62 % [58, 66] of 1,200 pairs of 1 prompt."
    )
    assert sentence("bold_words", found_of(), 300, []).startswith("Bold words alone pick the preferred answer in 62 %")
    less = found_of(ruler_accuracy=Estimate(0.38, 0.33, 0.44, n=1))
    assert sentence("characters", less, 300, []) == (
        "The shorter answer is the preferred one in 62 % [56, 67] of 1 pair of 300 prompts."
    )
    assert sentence("bold_words", less, 300, []).startswith(
        "The answer with less bold words is the preferred one in 62"
    )
    unsure = found_of(ruler_accuracy=Estimate(0.45, 0.38, 0.52, n=9))
    assert sentence("characters", unsure, 300, []).startswith(
        "Length alone picks the preferred answer in 45 % [38, 52]"
    )


def test_all_of_style_is_told_beside_two_features_or_more():
    two = found_of(headers_accuracy=Estimate(0.5, 0.4, 0.6))
    assert "; all features of style together in 70 % [65, 75] on held-out prompts." in sentence("length", two, 9, [])
    assert "held-out" not in sentence("length", found_of(), 9, [])
    assert "held-out" not in sentence("length", {**two, "style_accuracy": NOTHING}, 9, [])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.034, ".034"),
        (-0.5, "−.5"),
        (9.96, "10"),
        (9.4, "9.4"),
        (10.0, "10"),
        (10.4, "10"),
        (123.4, "123"),
        (-12.6, "−13"),
        (0.0, "0"),
        (1.5, "1.5"),
        (-0.00001, "−1e−05"),
    ],
)
def test_how_the_reward_moves_is_written_in_two_digits(value, text):
    told = sentence("length", found_of(reward_slope=Estimate(value, value, None)), 9, [])
    assert told.endswith(f"; the reward moves by {text} [{text}, unknown] per 100 tokens.")


def test_the_unit_of_a_ruler():
    slope = found_of(reward_slope=Estimate(1.0, 0.5, 1.5))
    assert sentence("characters", slope, 9, []).endswith(" per 100 characters.")
    assert sentence("bold_words", slope, 9, []).endswith(" per 100 bold words.")


def test_at_most_three_subsets_are_named():
    def part(value: str, degenerate: bool = True) -> dict[str, Any]:
        return {"value": value, "degenerate": degenerate}

    three = [part("a"), part("b"), part("c"), part("d", False)]
    assert sentence("length", found_of(), 9, three).endswith("; it decides 3 of 4 subsets: a, b, c.")
    four = [part(each) for each in "abcd"]
    assert sentence("length", found_of(), 9, four).endswith("; it decides 4 of 4 subsets: a, b, c ….")
    assert "decides" not in sentence("length", found_of(), 9, [part("a", False)])


def test_half_a_mark_of_equal_answers_and_none_of_unknown_ones():
    difference, label = np.array([2.0, -2, 0, np.nan, 1, -1]), np.array([0.7, 0.7, 0.7, 0.7, 0, 0])
    assert right(difference, label) == pytest.approx([0.7, 0.3, 0.5, np.nan, 0, 1], nan_ok=True)


@pytest.mark.parametrize(("buckets", "enough"), [(10, True), (9, False)])
def test_prompts_in_few_buckets_are_refused(buckets, enough):
    rows = world(120, prompts=60)
    prompt = np.arange(120) % 60
    hashes = (rows.columns["prompt_hash"] // np.uint64(4096)) * np.uint64(4096) + (prompt % buckets).astype(np.uint64)
    mixed = replace(
        rows, columns={**rows.columns, "prompt_hash": hashes, "bucket": (prompt % buckets).astype(np.uint16)}
    )
    if enough:
        assert conclude(mixed).estimates["ruler_accuracy"].low is not None
    else:
        with pytest.raises(NotEnoughData, match="60 prompts lie in 9 buckets only"):
            conclude(mixed)
