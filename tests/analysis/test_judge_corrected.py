"""The corrected win rate, the test of a random subset and the plan, computed anew row by row."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import minimize_scalar

from engine.analysis.intervals import critical
from engine.analysis.judge.corrected import Corrected, Sums, corrected, random_subset
from engine.analysis.judge.view import View
from engine.analysis.judge.win_rate import WinRate, _reason, labels_needed, plan, win_rate
from engine.types import Estimate, Rows
from tests.analysis.judges import ANALYSIS, DEFAULTS, conclude, rows_of


@dataclass(frozen=True)
class Drawn:
    """Rows in buckets, some of which have rows of one kind only and some none."""

    label: np.ndarray
    verdict: np.ndarray
    known: np.ndarray
    bucket: np.ndarray
    buckets: int

    def by_bucket(self, values: np.ndarray) -> np.ndarray:
        return np.bincount(self.bucket, values, self.buckets)

    @property
    def sums(self) -> Sums:
        known, rest = self.known * 1.0, 1.0 - self.known
        parts = known, known * self.label, known * self.verdict, rest, rest * self.verdict
        return Sums(*(self.by_bucket(part) for part in parts))

    def parts(self, weight: float) -> tuple[float, np.ndarray, np.ndarray]:
        """The estimate at a weight, and each row's influence on it: through its label's part, and the verdicts'."""
        known, n, rest = self.known, self.known.sum(), (~self.known).sum()
        first, second = self.verdict[known].mean(), self.verdict[~known].mean()
        mean = self.label[known].mean()
        value = mean + weight * (second - first)
        rectified = np.where(known, (self.label - mean) - weight * (self.verdict - first), 0) / n
        return value, rectified, np.where(known, 0, weight * (self.verdict - second)) / rest

    def error(self, influence: np.ndarray) -> float:
        groups = len(np.unique(self.bucket[self.known]))
        return float(np.sqrt(groups / (groups - 1) * (self.by_bucket(influence) ** 2).sum()))


def drawn(rows: int = 400, buckets: int = 60, seed: int = 1, right: float = 0.75, share: float = 0.4) -> Drawn:
    generator = np.random.default_rng(seed)
    bucket = generator.integers(0, buckets, rows)
    likely = generator.random(buckets)[bucket]
    label = (generator.random(rows) < likely).astype(float)
    verdict = np.where(generator.random(rows) < right, label, generator.choice([0, 0.5, 1], rows))
    known = generator.random(rows) < np.where(bucket % 5 == 0, 0, np.where(bucket % 5 == 1, 1, share))
    return Drawn(label, verdict, known, bucket * 2, 2 * buckets + 3)


# ------------------------------------------------------------------ value and error


@pytest.mark.parametrize("weight", [0.0, 0.4, 1.0])
@pytest.mark.parametrize(("rows", "buckets"), [(400, 60), (60, 7), (300, 300)])
def test_errors_are_those_of_the_rows_influences_by_bucket(rows, buckets, weight):
    world = drawn(rows, buckets)
    found = corrected(world.sums, weight)
    value, rectified, rest = world.parts(weight)
    assert found.value == pytest.approx(value)
    assert found.weight == weight
    assert found.error == pytest.approx(world.error(rectified + rest))
    assert found.label_error == pytest.approx(world.error(rectified))
    assert found.human_error == pytest.approx(world.error(world.parts(0.0)[1]))
    beyond = max(found.error**2 - found.label_error**2, 0)
    assert found.verdict_error == pytest.approx(np.sqrt(beyond), abs=1e-9)
    assert found.buckets == len(np.unique(world.bucket[world.known]))


@pytest.mark.parametrize("seed", range(6))
def test_no_weight_makes_a_smaller_error_than_the_tuned_one(seed):
    world = drawn(seed=seed, right=0.5, share=0.2)
    found = corrected(world.sums)

    def error(weight: float) -> float:
        _, rectified, rest = world.parts(weight)
        return world.error(rectified + rest)

    best = minimize_scalar(error, bounds=(0, 1), method="bounded", options={"xatol": 1e-9})
    assert found.weight == pytest.approx(best.x, abs=1e-5)
    assert found.error == pytest.approx(best.fun, rel=1e-9)


def test_the_weight_stays_between_0_and_1():
    world = drawn(right=1.0)
    against, timid, still = (
        replace(world, verdict=verdict) for verdict in (1 - world.label, 0.4 + 0.2 * world.label, 0 * world.label + 0.5)
    )
    assert corrected(against.sums).weight == 0
    assert corrected(timid.sums).weight == 1
    assert corrected(still.sums).weight == 0, "a judge that always says the same tells nothing"
    assert corrected(still.sums).value == pytest.approx(world.label[world.known].mean())


def test_two_buckets_have_one_degree_of_freedom():
    world = Drawn(
        np.array([1, 0, 0, 1, 1.0, 0.0]), np.array([1, 0, 1, 1, 0.0, 1.0]),
        np.array([True, True, True, True, False, False]), np.array([0, 0, 1, 1, 0, 1]), 2,
    )  # fmt: skip
    found = corrected(world.sums, 0.5)
    _, rectified, rest = world.parts(0.5)
    assert found.error == pytest.approx(world.error(rectified + rest))
    assert found.human_error == 0


def test_verdicts_that_make_up_for_the_labels_leave_no_error_of_their_own():
    """In each bucket the unlabelled verdicts lie as far above their mean as the labels below theirs."""
    known = np.tile([True, True, False, False], 20)
    high = np.repeat(np.arange(20) % 2, 4)
    label = np.where(high == 1, 1.0, 0.0)
    verdict = np.where(known, 0.5, 1 - high)
    found = corrected(Drawn(label, verdict, known, np.repeat(np.arange(20), 4), 20).sums, 1.0)
    assert found.error == pytest.approx(0, abs=1e-12)
    assert found.label_error > 0.1
    assert found.verdict_error == 0


def test_an_interval_is_students_and_ends_at_0_and_1():
    one = Corrected(0.6, 0.1, 1.0, 25, 0.1, 0.0, 0.1)
    assert one.interval(0.9) == pytest.approx(stats.t.interval(0.9, 24, 0.6, 0.1))
    assert replace(one, value=0.95).interval(0.95)[1] == 1
    assert replace(one, value=0.05).interval(0.95)[0] == 0


# ------------------------------------------------------------------ a random subset


def hotelling(known: np.ndarray, features: np.ndarray, bucket: np.ndarray) -> float:
    """p of equal means of labelled and unlabelled rows, from each bucket's influence on their difference."""
    means = [features[:, side].mean(axis=1, keepdims=True) for side in (known, ~known)]
    rows = np.where(known, (features - means[0]) / known.sum(), -(features - means[1]) / (~known).sum())
    filled = np.unique(bucket)
    groups, kinds = len(filled), len(features)
    by_bucket = np.stack([rows[:, bucket == each].sum(axis=1) for each in filled], axis=1)
    spread = groups / (groups - 1) * by_bucket @ by_bucket.T
    difference = (means[0] - means[1])[:, 0]
    square = difference @ np.linalg.solve(spread, difference)
    return float(stats.f.sf(square * (groups - kinds) / (kinds * (groups - 1)), kinds, groups - kinds))


def p_of_sums(known: np.ndarray, features: np.ndarray, bucket: np.ndarray) -> float:
    def summed(values: np.ndarray) -> np.ndarray:
        return np.bincount(bucket, values, bucket.max() + 3)

    inside, outside = ([summed(np.where(side, one, 0)) for one in features] for side in (known, ~known))
    return random_subset(summed(known * 1.0), inside, summed(~known * 1.0), outside)


@pytest.mark.parametrize(
    ("rows", "buckets", "kinds"), [(200, 60, 2), (200, 60, 1), (300, 300, 3), (12, 2, 1), (30, 3, 2), (30, 4, 2)]
)
def test_the_test_of_a_random_subset_is_hotellings_by_bucket(rows, buckets, kinds):
    generator = np.random.default_rng(rows + kinds)
    bucket = 2 * generator.integers(0, buckets, rows)
    known = generator.random(rows) < np.where(bucket % 10 == 4, 0.0, np.where(bucket % 10 == 6, 1.0, 0.5))
    features = generator.random((kinds, rows)) + 0.1 * known + 0.3 * generator.random(2 * buckets)[bucket]
    features[-1] += features[0]
    assert p_of_sums(known, features, bucket) == pytest.approx(hotelling(known, features, bucket), rel=1e-6)


def test_a_feature_said_twice_counts_once_and_in_any_unit():
    generator = np.random.default_rng(4)
    bucket, known = generator.integers(0, 200, 3000), generator.random(3000) < 0.3
    features = generator.random((2, 3000)) + 0.02 * known
    alone = p_of_sums(known, features[:1], bucket)
    assert p_of_sums(known, features[[0, 0]], bucket) == pytest.approx(alone, rel=1e-6)
    assert p_of_sums(known, np.stack([features[0], 0.001 * features[0]]), bucket) == pytest.approx(alone, rel=1e-6)
    assert p_of_sums(known, np.stack([features[0], 0 * features[0] + 2]), bucket) == pytest.approx(alone, rel=1e-6)
    both = hotelling(known, features, bucket)
    assert p_of_sums(known, features * 0.001, bucket) == pytest.approx(both, rel=1e-6)
    assert p_of_sums(known, features * 1000, bucket) == pytest.approx(both, rel=1e-6)


def test_where_nothing_differs_from_row_to_row_the_subset_is_random():
    known = np.arange(90) % 3 == 0
    assert p_of_sums(known, np.ones((2, 90)), np.arange(90)) == 1


# ------------------------------------------------------------------ the win rate of an item


def named(rows: int = 900, share: float = 0.3) -> Rows:
    """Three items, some rows that name one of them twice or not at all, soft verdicts and ties."""
    generator = np.random.default_rng(8)
    wanted = generator.choice([0, 0.5, 1, 1], rows)
    label = np.where(generator.random(rows) < share, wanted, np.nan)
    verdict = np.where(generator.random(rows) < 0.6, wanted, generator.choice([0, 0.3, 0.5, 1], rows))
    items = generator.integers(-1, 3, (2, rows))
    names = {"item_a": (items[0], ["x", "y", "z"]), "item_b": (items[1], ["x", "y", "z"])}
    return rows_of(label, verdict, prompt=generator.integers(0, 400, rows), names=names)


def sides_of(rows: Rows, item: int) -> Drawn:
    """The rows that name this item and another, turned so that it is answer a."""
    a, b = rows.names["item_a"][0], rows.names["item_b"][0]
    used = (a >= 0) & (b >= 0) & (a != b) & ((a == item) | (b == item))
    label, verdict = (np.where(a == item, rows.columns[name], 1 - rows.columns[name]) for name in ("label", "verdict"))
    bucket = rows.columns["bucket"][used].astype(int)
    return Drawn(np.nan_to_num(label[used]), verdict[used], np.isfinite(label[used]), bucket, 4096)


def p_of_item(rows: Rows, mine: Drawn) -> float:
    """Twice the lesser p: of the item's verdicts, of the judge's ties and sureness over all of its rows."""
    verdict, known = rows.columns["verdict"], np.isfinite(rows.columns["label"])
    sure = np.stack([verdict == 0.5, np.abs(verdict - 0.5)]).astype(float)
    p_values = hotelling(mine.known, mine.verdict[None], mine.bucket), hotelling(known, sure, rows.columns["bucket"])
    return min(1.0, 2 * min(p_values))


@pytest.mark.parametrize("item", [0, 1, 2])
def test_win_rates_are_those_of_the_rows_that_name_the_item_and_another(item):
    rows = named()
    view, mine = View(ANALYSIS.observe(rows, DEFAULTS), 0), sides_of(rows, item)
    won = win_rate(view, item, 0.05, 0.9)
    expected = corrected(mine.sums)
    assert won.item == "xyz"[item]
    assert won.found == expected
    assert won.p_random == pytest.approx(p_of_item(rows, mine), rel=1e-6)
    assert 0.01 < won.p_random < 0.99
    told = won.estimates
    assert told["win_rate_human"].value == pytest.approx(mine.label[mine.known].mean())
    assert told["win_rate_human"].n == mine.known.sum()
    assert told["win_rate_judge"].value == pytest.approx(mine.verdict.mean())
    assert told["win_rate_judge"].n == len(mine.verdict)
    ppi = told["win_rate_ppi"]
    groups = len(np.unique(mine.bucket[mine.known]))
    interval = stats.t.interval(0.9, groups - 1, expected.value, expected.error)
    assert (ppi.value, ppi.low, ppi.high) == pytest.approx((expected.value, *interval))
    assert (ppi.level, ppi.n, told["ppi_weight"].n) == (0.9, len(mine.verdict), len(mine.verdict))
    assert told["ppi_weight"].value == expected.weight
    needed = labels_needed(expected, mine.known.sum(), (~mine.known).sum(), 0.05, 0.9)
    assert told["labels_needed"] == needed


def test_labels_drawn_by_ties_and_sureness_are_no_random_subset_either():
    """Verdicts win as often among labelled rows as among others; but labels were asked for where the judge ties."""
    generator = np.random.default_rng(3)
    verdict = generator.choice([0, 0.5, 1], 1200, p=[0.3, 0.4, 0.3])
    known = generator.random(1200) < np.where(verdict == 0.5, 0.5, 0.2)
    label = np.where(known, generator.integers(0, 2, 1200), np.nan)
    rows = rows_of(label, verdict)
    result = conclude(rows)
    alone = hotelling(known, verdict[None], rows.columns["bucket"])
    assert alone > 0.05
    assert result.estimates["win_rate_ppi"].value is None
    assert result.warnings[0].code == "labelled_not_random"


def test_a_p_value_is_at_most_1():
    label = np.where(np.arange(200) % 2, 1.0, np.nan)
    view = View(ANALYSIS.observe(rows_of(label, np.arange(200) // 2 % 2), DEFAULTS), 0)
    assert win_rate(view, 0, 0.03, 0.95).p_random == 1
    whole = View(ANALYSIS.observe(rows_of(np.ones(90), np.arange(90) % 2), DEFAULTS), 0)
    assert win_rate(whole, 0, 0.03, 0.95).p_random == 1


def test_labels_in_20_buckets_are_enough():
    prompt = np.repeat(np.arange(60), 10)
    generator = np.random.default_rng(2)
    verdict = generator.integers(0, 2, 600) * 1.0
    buckets = rows_of(verdict, verdict, prompt=prompt).columns["bucket"]
    order = np.unique(buckets, return_inverse=True)[1]
    judge = (order >= 40).astype(int)
    for most in (19, 20):
        known = ((order < most) | (order >= 40)) & (np.arange(600) % 10 < 5)
        label = np.where(known, generator.integers(0, 2, 600), np.nan)
        rows = rows_of(label, verdict, prompt=prompt, names={"judge": (judge, ["mine", "other"])})
        told = conclude(rows, judge="mine").estimates["win_rate_ppi"]
        reason = "labels in 19 buckets of prompts, fewer than 20"
        assert told.method == (reason if most == 19 else "PPI++, by bucket")
        assert (told.n, told.level) == ((judge == 0).sum(), 0.95)


def test_labels_are_refused_below_a_p_of_one_in_a_hundred():
    assert _reason(np.ones(20), 5, 0.01) == ""
    assert _reason(np.ones(20), 5, 0.0099) == "the labelled rows are not a random subset"
    assert _reason(np.r_[np.ones(19), 0, 0], 5, 1.0) == "labels in 19 buckets of prompts, fewer than 20"
    assert _reason(np.ones(20), 0, 1.0) == "every row is labelled"


# ------------------------------------------------------------------ labels to come


def made(**changes: float) -> Corrected:
    """100 labels in 31 buckets, whose error is theirs alone."""
    return replace(Corrected(0.5, 0.05, 1.0, 31, 0.05, 0.0, 0.08), **changes)


@pytest.mark.parametrize(("more", "told"), [(0.4, 1), (7.3, 8), (12.2, 13), (123.4, 130), (5678, 5700), (99_990, 1e5)])
def test_labels_needed_are_rounded_up_to_two_digits(more, told):
    """Labels make the whole variance, .05²: with `more` beside 100, a half-width of t · .05 · √(100 / (100 + more))."""
    half_width = stats.t.ppf(0.975, 30) * 0.05 * np.sqrt(100 / (100 + more))
    found = labels_needed(made(), 100, 10**6, half_width, 0.95)
    assert found.value == told
    assert (found.n, found.level, found.low) == (100, 0.95, None)


def test_what_verdicts_leave_of_the_error_no_label_takes_away():
    reach = stats.t.ppf(0.95, 30)
    two = made(verdict_error=0.03, label_error=0.04)
    half_width = reach * np.sqrt(0.03**2 + 0.04**2 * 100 / 400)
    found = labels_needed(two, 100, 310, half_width * 1.00001, 0.9)
    assert found.value == 300
    assert "only" not in found.method
    few = labels_needed(two, 100, 250, half_width * 1.00001, 0.9)
    assert few.value == 300
    assert few.method.endswith("; only 250 rows are unlabelled")
    exactly = made(verdict_error=0.03 / critical(0.95, 31))
    for width in (0.03, 0.02):
        none = labels_needed(exactly, 100, 300, width, 0.95)
        assert (none.value, none.n) == (None, 100)
        assert none.method == f"± {width:g} needs more verdicts, not more labels"
    enough = labels_needed(made(), 100, 0, 0.3, 0.95)
    assert enough.value == 0
    assert "only" not in enough.method


def won_of(n: int, rows: int, found: Corrected | None) -> WinRate:
    return WinRate("x", {"win_rate_human": Estimate(0.5, n=n), "win_rate_judge": Estimate(0.5, n=rows)}, 1.0, found)


def test_the_plan_goes_from_as_many_labels_to_100_times_as_many():
    found = made(label_error=0.04, verdict_error=0.03)
    told = plan(won_of(30, 3000, found), 0.9)
    labels = np.array(told["labels"])
    assert labels.tolist() == [30, 60, 90, 150, 240, 300, 450, 600, 900, 1500, 3000]
    reach = stats.t.ppf(0.95, 30)
    assert told["half_width"] == pytest.approx(reach * np.sqrt(0.04**2 * 30 / labels + 0.03**2))
    assert told["half_width_without"] == pytest.approx(reach * 0.08 * np.sqrt(30 / labels))
    assert plan(won_of(30, 2999, found), 0.9)["labels"] == told["labels"][:-1]
    assert plan(won_of(30, 30, found), 0.9)["labels"] == [30]
    assert plan(won_of(30, 3000, None), 0.9) == {"labels": [], "half_width": [], "half_width_without": []}
