"""Every number of a judge and its interval, computed anew from the rows: buckets are left out one by one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from engine.analysis.judge.estimates import estimates
from engine.analysis.judge.view import View, most_verdicts
from engine.types import Estimate, Rows
from tests.analysis.judges import ANALYSIS, DEFAULTS, conclude, rows_of
from tests.analysis.worlds import hashes_of

Statistic = Callable[[np.ndarray], float]


def rich(n: int = 900, prompts: int = 300) -> Rows:
    """Soft and hard labels and verdicts, ties, gaps, lengths that are missing or nought, every order."""
    generator = np.random.default_rng(21)
    label = generator.choice([0, 0.2, 0.5, 0.9, 1, np.nan], n)
    verdict = np.where(
        generator.random(n) < 0.5, np.where(np.isnan(label), 0.7, label), generator.choice([0, 0.4, 0.5, 1], n)
    )
    verdict[:25] = np.nan
    a, b = generator.integers(0, 60, (2, n)).astype(float)
    a[generator.random(n) < 0.1] = np.nan
    a[100:120] = b[100:120] = 0
    first = generator.integers(-1, 2, n).astype(np.int8)
    return rows_of(label, verdict, prompt=generator.integers(0, prompts, n), first=first, lengths=(a, b))


def jackknife(statistic: Statistic, bucket: np.ndarray, used: np.ndarray, level: float = 0.95) -> tuple[float, ...]:
    """Value, low and high: the statistic of the rows that are left without each bucket that has any `used` row."""
    value = statistic(used)
    filled = np.unique(bucket[used])
    left = np.array([statistic(used & (bucket != each)) for each in filled])
    groups = len(filled)
    error = np.sqrt((groups - 1) / groups * ((left - left.mean()) ** 2).sum())
    reach = stats.t.ppf(0.5 + level / 2, groups - 1) * error
    return value, value - reach, value + reach


def kappa_of(human: np.ndarray, judge: np.ndarray) -> float:
    """Cohen's kappa from the table of −1, 0 and 1, with every pair in both orders."""
    human, judge = np.concatenate([human, -human]), np.concatenate([judge, -judge])
    table = np.array([[np.mean((human == one) & (judge == two)) for two in (-1, 0, 1)] for one in (-1, 0, 1)])
    chance = table.sum(axis=1) @ table.sum(axis=0)
    return (np.trace(table) - chance) / (1 - chance)


def bounds(one: Estimate) -> tuple[float, ...]:
    return one.value, one.low, one.high


# ------------------------------------------------------------------ values, intervals, counts


def reference(rows: Rows) -> dict[str, tuple[Statistic, np.ndarray]]:
    """By estimate the statistic of some of the rows, and the rows that it is of."""
    label, verdict = rows.columns["label"], rows.columns["verdict"]
    human, judge = np.sign(label - 0.5), np.sign(verdict - 0.5)
    told, labelled = np.isfinite(verdict), np.isfinite(verdict) & np.isfinite(label)
    first = rows.columns["first"]
    shown = np.where(first == 1, 1, -1)
    a, b = rows.styles["length"] if rows.styles else (label * 0, label * 0)
    z = (a - b) / np.where(a + b > 0, a + b, np.nan)
    lengths = labelled & np.isfinite(z) & (z != 0)
    return {
        "agreement": (lambda rest: np.mean((human == judge)[rest]), labelled),
        "agreement_decided": (lambda rest: np.mean((human == judge)[rest]), labelled & (human * judge != 0)),
        "cohen_kappa": (lambda rest: kappa_of(human[rest], judge[rest]), labelled),
        "tie_rate": (lambda rest: np.mean(judge[rest] == 0), told),
        "human_tie_rate": (lambda rest: np.mean(human[rest] == 0), labelled),
        "tie_rate_difference": (lambda rest: np.mean((judge == 0)[rest]) - np.mean((human == 0)[rest]), labelled),
        "position_bias": (lambda rest: np.mean((shown * (verdict - 0.5))[rest]), told & (first >= 0)),
        "human_position_bias": (lambda rest: np.mean((shown * (label - 0.5))[rest]), labelled & (first >= 0)),
        "length_bias": (lambda rest: np.sum((z * (verdict - label))[rest]) / np.sum((z * z)[rest]), lengths),
    }


@pytest.mark.parametrize("level", [0.95, 0.8])
def test_each_number_and_its_interval_are_those_of_the_rows(level):
    rows = rich()
    found = conclude(rows, level=level).estimates
    for name, (statistic, used) in reference(rows).items():
        expected = jackknife(statistic, rows.columns["bucket"], used, level)
        assert bounds(found[name]) == pytest.approx(expected, rel=1e-9, abs=1e-12), name
        assert found[name].level == level


def test_each_number_says_of_how_many_rows_it_is():
    rows = rich()
    found = conclude(rows).estimates
    for name, (_, used) in reference(rows).items():
        if name != "length_bias":
            assert found[name].n == used.sum(), name


def test_a_slice_has_its_intervals_by_64_buckets():
    rows = rich()
    codes = np.random.default_rng(3).integers(-1, 3, len(rows)).astype(np.int32)
    rows = Rows(rows.kind, rows.columns, {"domain": (codes, ["y", "x", "z"])}, rows.names, rows.styles)
    for code, value in enumerate(["y", "x", "z"]):
        found = conclude(rows, slice=f"domain={value}").estimates
        for name, (statistic, used) in reference(rows).items():
            expected = jackknife(statistic, rows.columns["bucket"] % 64, used & (codes == code))
            assert bounds(found[name]) == pytest.approx(expected, rel=1e-9, abs=1e-12), (value, name)


# ------------------------------------------------------------------ ends of the scales


def apart_bucket(n: int) -> np.ndarray:
    """So many prompts of which no two share a bucket."""
    bucket = hashes_of(np.arange(8 * n)) % np.uint64(4096)
    return np.sort(np.unique(bucket, return_index=True)[1])[:n]


def test_intervals_end_where_the_scale_does():
    label = np.arange(40) % 2
    one_off = np.where(np.arange(40) == 3, 1 - label, label)
    prompt = apart_bucket(40)
    near, far = (conclude(rows_of(label, said, prompt=prompt)).estimates for said in (one_off, 1 - one_off))
    assert near["cohen_kappa"].value == pytest.approx(0.95)
    assert near["cohen_kappa"].high == 1
    assert far["cohen_kappa"].value == pytest.approx(-0.95)
    assert far["cohen_kappa"].low == -1
    assert near["agreement"].high == 1
    assert far["agreement"].low == 0
    tied = np.where(np.arange(40) == 3, label, 0.5)
    assert conclude(rows_of(label, tied, prompt=prompt)).estimates["tie_rate_difference"].high == 1
    assert conclude(rows_of(tied, label, prompt=prompt)).estimates["tie_rate_difference"].low == -1


def test_a_bias_of_position_is_at_most_a_half():
    label, prompt = np.arange(40) % 2, apart_bucket(40)
    mostly = np.where(np.arange(40) == 3, 0.0, 1.0)
    for first, end in ((np.ones(40, np.int8), "high"), (np.zeros(40, np.int8), "low")):
        found = conclude(rows_of(label, mostly, prompt=prompt, first=first)).estimates["position_bias"]
        assert abs(found.value) == pytest.approx(0.475)
        assert abs(getattr(found, end)) == 0.5
        always = conclude(rows_of(label, np.ones(40), prompt=prompt, first=first)).estimates["position_bias"]
        assert abs(always.value) == 0.5


@pytest.mark.parametrize("direction", [1, -1])
def test_a_bias_of_length_has_no_end(direction):
    """Lengths that hardly differ and a judge that always takes one of them: a slope far beyond 1, interval and all."""
    generator = np.random.default_rng(5)
    a = 100 + generator.integers(-4, 5, 300) * 1.0
    b = np.where(a == 100, 101.0, 100.0)
    verdict = np.where(direction * (a - b) > 0, 1.0, 0.0)
    rows = rows_of(generator.integers(0, 2, 300) * 1.0, verdict, lengths=(a, b))
    found = conclude(rows).estimates["length_bias"]
    expected = jackknife(reference(rows)["length_bias"][0], rows.columns["bucket"], np.ones(300, bool))
    assert bounds(found) == pytest.approx(expected)
    assert direction * found.value > 10
    assert min(abs(found.low), abs(found.high)) > 1


# ------------------------------------------------------------------ a kappa of 1


@pytest.mark.parametrize(("ties", "level"), [(0, 0.95), (10, 0.95), (30, 0.9), (39, 0.95)])
def test_how_far_below_1_a_kappa_of_1_may_be(ties, level):
    """Wilson's lower end of 40 agreements in 40 buckets, less what chance would agree on anyway."""
    label = np.where(np.arange(40) < ties, 0.5, np.arange(40) % 2)
    found = conclude(rows_of(label, label, prompt=apart_bucket(40)), level=level).estimates
    low = stats.binomtest(40, 40).proportion_ci(level, method="wilson").low
    assert found["agreement"].low == pytest.approx(low)
    shares = np.array([(40 - ties) / 80, ties / 40, (40 - ties) / 80])
    expected = 1 - (1 - low) / (1 - (shares**2).sum())
    assert expected > -1
    assert bounds(found["cohen_kappa"]) == pytest.approx((1, expected, 1))


def test_a_kappa_of_1_is_nowhere_below_minus_1():
    label = np.where(np.arange(40) < 39, 0.5, 1)
    found = conclude(rows_of(label, label, prompt=apart_bucket(40)), level=0.999).estimates["cohen_kappa"]
    assert bounds(found) == (1, -1, 1)


# ------------------------------------------------------------------ what there is nothing of


def test_a_judge_without_labels_has_no_agreement_but_ties():
    label = np.where(np.arange(80) < 40, np.arange(80) % 2, np.nan)
    verdict = np.where(np.arange(80) % 4 == 0, 0.5, 1.0)
    judge = (np.arange(80) >= 40).astype(int)
    state = ANALYSIS.observe(rows_of(label, verdict, names={"judge": (judge, ["known", "other"])}), DEFAULTS)
    found = estimates(View(state, 1), 0.9)
    for name in ("agreement", "agreement_decided", "cohen_kappa", "human_tie_rate", "tie_rate_difference"):
        assert found[name] == Estimate(None, level=0.9, method="no labelled rows"), name
    assert found["length_bias"] == Estimate(None, level=0.9, method="lengths are not known")
    assert found["tie_rate"].value == pytest.approx(0.25)
    assert found["tie_rate"].n == 40
    assert found["tie_rate"].method == "delete-one-bucket jackknife"
    assert found["human_position_bias"].method == "the order shown is not known"


# ------------------------------------------------------------------ both orders


def test_units_in_one_order_only_say_nothing_of_consistency():
    """40 units in both orders, 8 of which turn; 30 in one order, however often, either of them."""
    twice = np.repeat(np.arange(40), 2)
    once = np.repeat(np.arange(40, 70), 3)
    first = np.r_[np.tile([1, 0], 40), np.where(once % 2, 1, 0)].astype(np.int8)
    verdict = np.r_[np.where(twice < 8, np.tile([1, 0], 40), 1), np.ones(90)]
    prompt = np.r_[twice, once]
    label = np.arange(len(prompt)) % 2
    one = conclude(rows_of(label, verdict, prompt=prompt, first=first)).estimates["order_consistency"]
    assert (one.value, one.n) == (pytest.approx(32 / 40), 40)
    turned = np.where(twice < 8, 0.0, 1.0)
    bucket = hashes_of(prompt) % np.uint64(4096)
    both = np.arange(len(prompt)) < 80
    expected = jackknife(lambda rest: turned[rest[:80]].mean(), bucket, both)
    assert bounds(one) == pytest.approx(expected)


def test_the_verdict_of_a_unit_in_one_order_is_that_of_most_of_its_rows():
    """Low side first: 1, 0, 0. The other order: once 0 (the same), or once 1 (it turns), or a tie of two (it turns)."""
    shown = np.repeat([1, 1, 1, 0, 0], 40)
    unit = np.tile(np.arange(40), 5)
    second = np.choose(np.arange(40) % 4, [0.0, 1.0, 0.5, 0.0])
    other = np.choose(np.arange(40) % 4, [0.0, 1.0, 0.5, 1.0])
    verdict = np.concatenate([np.ones(40), np.zeros(80), second, other])
    rows = rows_of(np.tile(np.arange(40) % 2, 5), verdict, prompt=unit, first=shown.astype(np.int8))
    found = conclude(rows).estimates["order_consistency"]
    assert (found.value, found.n) == (pytest.approx(10 / 40), 40)


def test_a_verdict_that_holds_in_both_orders_is_of_each_judge_alone():
    unit = np.tile(np.arange(40), 4)
    first = np.repeat([1, 0, 1, 0], 40).astype(np.int8)
    judge = np.repeat([0, 0, 1, 1], 40)
    verdict = np.where(judge == 0, 1.0, np.where(unit < 10, first, 0.0))
    rows = rows_of(np.tile(np.arange(40) % 2, 4), verdict, prompt=unit, first=first,
                   names={"judge": (judge, ["firm", "other"])})  # fmt: skip
    assert conclude(rows, judge="firm").estimates["order_consistency"].value == 1
    assert conclude(rows, judge="other").estimates["order_consistency"].value == pytest.approx(30 / 40)
    silent = np.where(judge == 1, -1, first).astype(np.int8)
    rows = rows_of(rows.columns["label"], verdict, prompt=unit, first=silent, names=rows.names)
    assert conclude(rows, judge="firm").estimates["order_consistency"].n == 40
    assert conclude(rows, judge="other").estimates["order_consistency"].value is None


# ------------------------------------------------------------------ which judge


@pytest.mark.parametrize(
    ("labelled", "verdicts", "expected"),
    [((40, 41, 30), (90, 50, 99), "b"), ((40, 40, 30), (50, 60, 99), "b"), ((40, 40, 40), (60, 50, 60), "a")],
)
def test_the_judge_with_the_most_labels_then_verdicts_then_the_first_by_name(labelled, verdicts, expected):
    judge = np.repeat([0, 1, 2], verdicts)
    place = np.concatenate([np.arange(count) for count in verdicts])
    known = place < np.repeat(labelled, verdicts)
    label = np.where(known, place % 2, np.nan)
    rows = rows_of(label, np.arange(len(judge)) % 3 / 2, names={"judge": (judge, ["a", "b", "c"])})
    state = ANALYSIS.observe(rows, DEFAULTS)
    assert state.judges[most_verdicts(state)] == expected
    assert conclude(rows).dataset["judge"] == expected
