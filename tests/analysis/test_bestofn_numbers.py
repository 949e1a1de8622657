"""Intervals of best of n computed anew with numpy and scipy, its verdicts and words, and its limits."""

from __future__ import annotations

from dataclasses import asdict, replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from scipy import stats

from engine.analysis import BestOfNParameters, records
from engine.analysis.bestofn.conclude import Found
from engine.analysis.bestofn.curve import kl_bound, prompts_of, weights
from engine.analysis.bestofn.sentence import interval, number, sentence, signed, verdict
from engine.errors import NotEnoughData, NotFound, UsageError
from engine.types import Estimate, Rows
from tests.analysis.compare_worlds import apart, named, take
from tests.analysis.test_bestofn import ANALYSIS, conclude, rows_of
from tests.analysis.worlds import hashes_of


def crowded(prompts: int = 260, answers: int = 4, seed: int = 3) -> tuple[Rows, np.ndarray, np.ndarray, np.ndarray]:
    """Answers of prompts that share 40 buckets, with values and truths by prompt and answer, and those buckets."""
    every = np.arange(200_000)
    chosen = every[hashes_of(every) % np.uint64(4096) < 40][:prompts]
    generator = np.random.default_rng(seed)
    bucket = (hashes_of(chosen) % np.uint64(4096)).astype(int)
    value = generator.normal(0, 1, (prompts, answers)) + generator.normal(0, 1, 40)[bucket][:, None]
    truth = generator.random((prompts, answers)).round(2)
    return rows_of(value.ravel(), np.repeat(chosen, answers), truth.ravel()), value, truth, bucket


def jackknife(values: np.ndarray, bucket: np.ndarray, level: float = 0.95) -> tuple[float, float, float]:
    """Mean, low and high from the means that are left without each bucket."""
    filled = np.unique(bucket)
    left = np.array([values[bucket != each].mean() for each in filled])
    error = np.sqrt((len(filled) - 1) / len(filled) * ((left - left.mean()) ** 2).sum())
    reach = stats.t.ppf(0.5 + level / 2, len(filled) - 1) * error
    return values.mean(), values.mean() - reach, values.mean() + reach


def wilson(values: np.ndarray, bucket: np.ndarray, level: float = 0.95) -> tuple[float, float, float]:
    """Wilson's interval of as many independent prompts as have the jackknife's variance, at Student's quantile."""
    value, _, high = jackknife(values, bucket, level)
    quantile = stats.t.ppf(0.5 + level / 2, len(np.unique(bucket)) - 1)
    count = value * (1 - value) / ((high - value) / quantile) ** 2
    roots = np.roots([1 + quantile**2 / count, -2 * value - quantile**2 / count, value**2])
    return value, *np.sort(roots)


def bounds(one: Estimate) -> tuple[Any, ...]:
    return one.value, one.low, one.high


def truth_of_best(value: np.ndarray, truth: np.ndarray, n: int) -> np.ndarray:
    """By prompt the mean truth of the best over all choices of n answers."""
    chosen = [list(each) for each in combinations(range(value.shape[1]), n)]
    rows = np.arange(len(value))
    return np.mean([truth[:, each][rows, value[:, each].argmax(axis=1)] for each in chosen], axis=0)


# ------------------------------------------------------------------ intervals


@pytest.mark.parametrize("level", [0.95, 0.8])
def test_each_mean_and_its_interval_are_those_of_the_prompts_by_bucket(level):
    rows, value, truth, bucket = crowded()
    result = conclude(rows, level=level)
    expected = {
        "mean_value": jackknife(value.mean(axis=1), bucket, level),
        "best_of_n": jackknife(value.max(axis=1), bucket, level),
        "worst_of_n": jackknife(value.min(axis=1), bucket, level),
        "gain": jackknife(value.max(axis=1) - value.mean(axis=1), bucket, level),
        "mean_truth": wilson(truth.mean(axis=1), bucket, level),
        "gold_best_of_n": wilson(truth_of_best(value, truth, 4), bucket, level),
        "oracle_best_of_n": wilson(truth.max(axis=1), bucket, level),
        "gold_gain": jackknife(truth_of_best(value, truth, 4) - truth.mean(axis=1), bucket, level),
    }
    for name, three in expected.items():
        assert bounds(result.estimates[name]) == pytest.approx(three, rel=1e-9), name
        assert (result.estimates[name].n, result.estimates[name].level) == (260, level)
    for name, exactly in (("n", 4), ("kl_bound", np.log(4) - 3 / 4)):
        assert bounds(result.estimates[name]) == (pytest.approx(exactly), None, None)
        assert (result.estimates[name].n, result.estimates[name].level) == (260, level)


def test_the_picture_holds_every_curve_with_its_interval():
    rows, value, truth, bucket = crowded()
    told = conclude(rows).pictures["curve"]
    assert told["n"] == [1, 2, 4]
    assert told["kl"] == pytest.approx([0, np.log(2) - 1 / 2, np.log(4) - 3 / 4])
    pairs = [list(each) for each in combinations(range(4), 2)]
    two = {
        "best": jackknife(np.mean([value[:, each].max(axis=1) for each in pairs], axis=0), bucket),
        "worst": jackknife(np.mean([value[:, each].min(axis=1) for each in pairs], axis=0), bucket),
        "gold": wilson(truth_of_best(value, truth, 2), bucket),
        "oracle": wilson(np.mean([truth[:, each].max(axis=1) for each in pairs], axis=0), bucket),
    }
    for curve, expected in two.items():
        assert [told[f"{curve}{end}"][1] for end in ("", "_low", "_high")] == pytest.approx(expected), curve
        assert told[f"{curve}_prompts"] == [260, 260, 260]


@pytest.mark.parametrize("level", [0.95, 0.8])
def test_a_loss_between_two_sizes_has_the_interval_of_its_t(level):
    """With two answers there is one size before the most: nothing to allow for in the choice of the peak."""
    rows, value, truth, bucket = crowded(answers=2)
    truth = np.clip(0.5 - 0.1 * (value - value.mean(axis=1, keepdims=True)) + 0.05 * truth, 0, 1)
    rows = replace(rows, columns={**rows.columns, "truth": truth.ravel()})
    result = conclude(rows, level=level)
    lost = truth.mean(axis=1) - truth_of_best(value, truth, 2)
    mean = lost.mean()
    filled = np.unique(bucket)
    influence = [(lost[bucket == each] - mean).sum() / len(lost) for each in filled]
    error = np.sqrt(len(filled) / (len(filled) - 1) * np.square(influence).sum())
    reach = stats.t.ppf(0.5 + level / 2, len(filled) - 1) * error
    found = result.estimates["gold_loss_after_peak"]
    assert bounds(found) == pytest.approx((mean, mean - reach, mean + reach))
    assert found.n == 260
    assert found.method.startswith("jackknife by bucket, ")
    assert result.estimates["peak_n"].value == 1
    assert result.verdict == "loses", "a peak at one answer is no peak"


def test_the_loss_after_a_peak_allows_for_the_choice_of_it():
    """The interval is wider than Student's alone and no wider than Bonferroni's over all sizes."""
    rows, value, _, bucket = crowded(answers=8)
    centred = value - value.mean(axis=1, keepdims=True)
    truth = np.clip(0.6 + 0.1 * np.minimum(centred, 0.5) - 0.2 * np.maximum(centred - 0.5, 0), 0, 1)
    rows = replace(rows, columns={**rows.columns, "truth": truth.ravel()})
    result = conclude(rows)
    by_size = np.stack([truth_of_best(value, truth, n) for n in (1, 2, 4, 8)], axis=1)
    peak = int(by_size.mean(axis=0).argmax())
    assert 0 < peak < 3
    assert result.estimates["peak_n"].value == (1, 2, 4, 8)[peak]
    lost = by_size[:, peak] - by_size[:, 3]
    filled = np.unique(bucket)
    influence = [(lost[bucket == each] - lost.mean()).sum() / len(lost) for each in filled]
    error = np.sqrt(len(filled) / (len(filled) - 1) * np.square(influence).sum())
    found = result.estimates["gold_loss_after_peak"]
    assert found.value == pytest.approx(lost.mean())
    assert found.high - found.value == pytest.approx(found.value - found.low)
    quantile = (found.high - found.value) / error
    least, most = (stats.t.ppf(1 - 0.025 / kinds, len(filled) - 1) for kinds in (1, 3))
    assert least <= quantile <= most
    assert found.method == "jackknife by bucket, simultaneous over 3 sizes"
    assert result.verdict == "over_optimised"
    assert result.sentence.endswith(
        f"; {number(found.value)} {interval(found)} is lost from best of {(1, 2, 4, 8)[peak]} on."
    )


def test_a_truth_that_is_highest_at_the_most_loses_nothing():
    rows, value, _, _ = crowded()
    truth = stats.norm.cdf(value)
    found = conclude(replace(rows, columns={**rows.columns, "truth": truth.ravel()})).estimates
    assert found["peak_n"].value == 4
    assert bounds(found["gold_loss_after_peak"]) == (0, None, None)
    assert found["gold_loss_after_peak"].n == 260


def test_of_equal_truths_the_first_is_the_peak_and_nothing_is_lost():
    rows, *_ = crowded()
    result = conclude(replace(rows, columns={**rows.columns, "truth": np.full(len(rows), 0.3)}))
    assert result.estimates["peak_n"].value == 1
    assert result.estimates["gold_loss_after_peak"].value == pytest.approx(0)
    assert result.verdict == "no_gain_detected"


def test_a_truth_missing_among_few_answers_leaves_the_longer_prompts_in():
    """40 prompts of 4 answers with all truths, 35 of 2 without one: gold counts the 40 alone, at each n."""
    generator = np.random.default_rng(1)
    prompt = np.r_[np.repeat(np.arange(40), 4), np.repeat(np.arange(40, 75), 2)]
    truth = np.where(np.arange(len(prompt)) < 160, generator.random(len(prompt)), np.nan)
    told = conclude(rows_of(generator.normal(size=len(prompt)), prompt, truth)).pictures["curve"]
    assert told["best_prompts"] == [75, 75, 40]
    assert told["gold_prompts"] == [40, 40, 40]


# ------------------------------------------------------------------ curves


def test_answers_of_equal_value_share_their_truth():
    value, truth = np.array([1.0, 2, 2, 0, 2, 1]), np.array([0.2, 0.9, 0.3, 1.0, 0.6, 0.8])
    found = prompts_of(ANALYSIS.observe(rows_of(value, np.zeros(6, int), truth), BestOfNParameters()), 3)
    expected = []
    for n in (1, 2, 3):
        chosen = [list(each) for each in combinations(range(6), n)]
        expected.append(np.mean([truth[each][value[each] == value[each].max()].mean() for each in chosen]))
    assert found.n == [1, 2, 3]
    assert found.values[2, 0] == pytest.approx(expected)


def test_one_answer_and_all_of_them():
    assert weights(1, 1).tolist() == [1]
    assert weights(5, 5).tolist() == [0, 0, 0, 0, 1]
    assert weights(5, 1) == pytest.approx([0.2] * 5)
    assert kl_bound(1) == 0


def test_values_of_one_prompt_do_not_touch_those_of_another():
    """Prompts of several sizes, one of them with answers that tie across its border."""
    value = np.array([5.0, 5, 5, 1, 1, 9, 9, 2])
    prompt = np.array([0, 0, 1, 1, 2, 2, 2, 2])
    found = prompts_of(ANALYSIS.observe(rows_of(value, prompt, value / 10), BestOfNParameters()), 4)
    three = sorted((answers, best[0], best[1]) for best, answers in zip(found.values[0], found.answers, strict=True))
    pairs = [max(pair) for pair in combinations([1.0, 9, 9, 2], 2)]
    assert three == [(2, 3.0, 5.0), (2, 5.0, 5.0), (4, pytest.approx(5.25), pytest.approx(np.mean(pairs)))]


# ------------------------------------------------------------------ verdicts and words


def found_of(
    gain: tuple[float, float, float] = (0.1, 0.05, 0.15),
    peak: int = 2,
    loss: tuple[float, float | None, float | None] = (0.0, None, None),
    gold: bool = True,
) -> Found:
    """Best of 1, 2 and 8 answers of 1,234 prompts."""
    best = [Estimate(value, value - 0.25, value + 0.25, n=1234) for value in (0.5, 1.0, 2.0)]
    truth = [Estimate(value, value - 0.02, value + 0.02, n=1200) for value in (0.5, 0.75, 0.6)]
    gains = {"best": Estimate(1.5, 1.25, 1.75), **({"gold": Estimate(*gain)} if gold else {})}
    curves = {"best": best, **({"gold": truth} if gold else {})}
    return Found([1, 2, 8], curves, {"best": [1234, 1234, 1234]}, gains, peak, Estimate(*loss), 0.95)


@pytest.mark.parametrize(
    ("gain", "peak", "loss", "code"),
    [
        ((0.1, 0.01, 0.2), 2, (0.0, None, None), "gains"),
        ((0.1, 0.0, 0.2), 2, (0.0, None, None), "no_gain_detected"),
        ((-0.1, -0.2, 0.0), 2, (0.0, None, None), "no_gain_detected"),
        ((-0.1, -0.2, -0.01), 2, (0.0, None, None), "loses"),
        ((0.1, 0.01, 0.2), 1, (0.1, 0.05, 0.15), "over_optimised"),
        ((-0.1, -0.2, -0.01), 1, (0.1, 0.05, 0.15), "over_optimised"),
        ((0.1, 0.01, 0.2), 1, (0.1, 0.0, 0.2), "gains"),
        ((0.1, 0.01, 0.2), 1, (0.1, -0.1, 0.2), "gains"),
        ((-0.1, -0.2, -0.01), 0, (0.1, 0.05, 0.15), "loses"),
    ],
)
def test_what_is_sure_is_told_and_nothing_else(gain, peak, loss, code):
    assert verdict(found_of(gain, peak, loss)) == code
    assert verdict(found_of(gain, peak, loss, gold=False)) == "proxy_only"


def test_sentences():
    assert sentence("proxy_only", found_of(gold=False)) == (
        "Best of 8 by its own score: value 2 [1.75, 2.25], +1.5 [1.25, 1.75] on one answer, "
        "on 1,234 prompts, at most 1.2 nats away; without truths no peak can be told."
    )
    rest = ": truth .6 [.58, .62], +.1 [.05, .15] on one answer, on 1,234 prompts, at most 1.2 nats away"
    assert sentence("gains", found_of()) == f"Best of 8 gains{rest}."
    assert sentence("loses", found_of()) == f"Best of 8 loses{rest}."
    assert sentence("no_gain_detected", found_of()) == f"No gain detected from best of 8{rest}."
    over = found_of(peak=1, loss=(0.15, 0.1, 0.2))
    assert sentence("over_optimised", over) == (
        f"Over-optimised beyond best of 2{rest}; .15 [.1, .2] is lost from best of 2 on."
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "unknown"),
        (0.0, "0"),
        (0.1234, ".123"),
        (-0.05, "−.05"),
        (-0.5004, "−.5"),
        (0.001, ".001"),
        (0.0005, ".0005"),
        (0.00001, "1e−05"),
        (-0.0000123, "−1.23e−05"),
        (1.0, "1"),
        (10.06, "10.1"),
        (-999.4, "−999"),
        (1000.0, "1,000"),
        (1234.5, "1,234"),
        (-1234567.0, "−1,234,567"),
    ],
)
def test_numbers_have_three_digits_and_no_leading_nought(value, text):
    assert number(value) == text


def test_a_gain_has_its_sign():
    assert signed(Estimate(0.25, 0.1, 0.4)) == "+.25 [.1, .4]"
    assert signed(Estimate(2.5, 1, 4)) == "+2.5 [1, 4]"
    assert signed(Estimate(-0.25, -0.4, -0.1)) == "−.25 [−.4, −.1]"
    assert signed(Estimate(0.0, -1, 1)) == "0 [−1, 1]"
    assert signed(Estimate(None)) == "0 [unknown, unknown]"
    assert interval(Estimate(0.5, 0.25, 1200)) == "[.25, 1,200]"


# ------------------------------------------------------------------ warnings, limits


def answers_of(prompts: int, answers: int, seed: int = 0) -> Rows:
    value = np.random.default_rng(seed).normal(size=prompts * answers)
    return rows_of(value, np.repeat(np.arange(prompts), answers))


def test_few_prompts_are_fewer_than_200():
    assert {one.code for one in conclude(answers_of(199, 2)).warnings} == {"few_prompts"}
    assert conclude(answers_of(200, 2)).warnings == []


def test_30_prompts_are_enough_and_two_answers_each():
    result = conclude(answers_of(30, 2))
    told = result.dataset
    assert (told["prompts"], told["rows"], told["most_answers"], told["prompts_approximate"]) == (30, 60, 2, False)
    with pytest.raises(NotEnoughData) as refused:
        conclude(rows_of(np.full(50, np.nan), np.arange(50)))
    assert refused.value.code == "not_enough_data"
    assert str(refused.value).startswith("0 prompts with two answers or more; an honest interval needs at least 30")
    with pytest.raises(NotEnoughData, match="31 prompts with one answer each: nothing can be chosen among"):
        conclude(answers_of(31, 1))
    with pytest.raises(NotEnoughData, match="1 prompt with two answers or more"):
        conclude(take(answers_of(31, 2), np.r_[0, 1, 2, 4, 6, 8]))


def test_the_most_is_what_30_prompts_have():
    sizes_of = np.r_[np.full(30, 7), np.full(29, 9), np.full(20, 3), np.full(15, 5)]
    prompt = np.repeat(np.arange(94), sizes_of)
    result = conclude(rows_of(np.random.default_rng(0).normal(size=len(prompt)), prompt))
    assert result.dataset["most_answers"] == 7
    assert result.pictures["curve"]["best_prompts"] == [94, 94, 74, 59]
    told = {one.code: one.message for one in result.warnings}
    assert told["answers_differ"] == (
        "Prompts have from 3 to 9 answers: each n rests on those that have so many, 59 at n = 7."
    )
    assert result.estimates["n"].n == 59


def test_truths_of_30_prompts_are_enough():
    rows = answers_of(60, 3)
    for known, code in ((29, True), (30, False)):
        truth = np.where(np.arange(180) < 3 * known, np.arange(180) % 3 / 2, np.nan)
        result = conclude(replace(rows, columns={**rows.columns, "truth": truth}))
        assert (result.verdict == "proxy_only") == code
        assert ("gold_gain" in result.estimates) != code


def test_prompts_with_one_answer_are_left_out_and_counted():
    rows = rows_of(np.arange(403.0), np.r_[np.repeat(np.arange(200), 2), 200, 201, 202])
    (notice,) = conclude(rows).warnings
    assert (notice.code, notice.message) == (
        "single_answers", "3 prompts with one answer (or of another judge) left out.",
    )  # fmt: skip


def test_1024_answers_of_a_prompt_are_taken():
    for answers, cut in ((1024, False), (1026, True)):
        result = conclude(answers_of(30, answers))
        assert result.dataset["most_answers"] == 1024
        assert ("answers_sampled" in {one.code for one in result.warnings}) == cut
        assert result.dataset["rows"] == 30 * 1024
        assert result.evidence.rows == 30 * answers


def test_a_sample_of_prompts_is_called_one(monkeypatch):
    rows = answers_of(300, 2)
    monkeypatch.setattr(records, "MOST_ROWS", 500)
    result = conclude(rows)
    assert {notice.code for notice in result.warnings} == {"sampled"}
    assert (result.dataset["prompts"], result.evidence.rows) == (250, 600)


def test_rows_that_name_no_judge_are_of_none():
    rows = answers_of(80, 2)
    codes = np.where(np.arange(160) < 100, 0, -1)
    one = replace(rows, names={"judge": (codes.astype(np.int32), ["j"])})
    assert conclude(one).dataset["prompts"] == 80, "one name is no choice"
    assert conclude(one, judge="j").dataset["prompts"] == 50
    with pytest.raises(NotFound, match="no judge 'x'; known are j"):
        conclude(one, judge="x")
    with pytest.raises(NotFound, match="no judge 'x'; known are none"):
        conclude(rows, judge="x")
    spare = replace(rows, names={"judge": named(np.zeros(160, int), ["j", "k"])})
    assert conclude(spare).dataset["prompts"] == 80, "a name that no row has is none"
    with pytest.raises(NotFound, match="known are j"):
        conclude(spare, judge="k")


def test_ten_judges_are_named_where_there_are_more():
    names = [f"j{number:02}" for number in range(12)]
    rows = replace(answers_of(60, 2), names={"judge": named(np.arange(120) // 2 % 12, names)})
    with pytest.raises(UsageError) as refused:
        conclude(rows)
    assert str(refused.value).endswith(f"known are {', '.join(names[:10])}.")
    assert refused.value.code == "judge"


def test_parameters_at_their_limits():
    assert asdict(BestOfNParameters()) == {"slice": "", "where": "", "judge": "", "level": 0.95, "seed": 0}
    for values in ({"level": 0.5}, {"level": 0.999}, {"seed": 0}, {"seed": 7}):
        assert BestOfNParameters.parse(values)
    for values in ({"level": 0.49}, {"level": 0.9991}, {"seed": -1}):
        with pytest.raises(UsageError):
            BestOfNParameters.parse(values)
    assert conclude(answers_of(30, 2), seed=7).evidence.seed == 7
    assert ANALYSIS.title == "Best of n"


def test_a_mean_of_one_row_a_bucket_is_that_of_the_t_test_at_its_level():
    values = np.random.default_rng(4).normal(2, 1, (50, 2))
    found = conclude(rows_of(values.ravel(), np.repeat(apart(50), 2)), level=0.8).estimates["worst_of_n"]
    worst = values.min(axis=1)
    assert (found.low, found.high) == pytest.approx(stats.t.interval(0.8, 49, worst.mean(), stats.sem(worst)))


@pytest.mark.parametrize(("buckets", "enough"), [(10, True), (9, False)])
def test_prompts_in_few_buckets_are_refused(buckets, enough):
    prompt = np.repeat(np.arange(60), 4)
    rows = rows_of(np.random.default_rng(0).random(240), prompt)
    hashes = (hashes_of(prompt) // np.uint64(4096)) * np.uint64(4096) + (prompt % buckets).astype(np.uint64)
    mixed = replace(
        rows, columns={**rows.columns, "prompt_hash": hashes, "bucket": (prompt % buckets).astype(np.uint16)}
    )
    if enough:
        assert conclude(mixed).dataset["prompts"] == 60
    else:
        with pytest.raises(NotEnoughData, match="60 prompts lie in 9 buckets only"):
            conclude(mixed)
