"""Parts of agreement by themselves: intervals, shares by rater, Dawid and Skene's steps, categories, rankings."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import minimize
from scipy.special import expit

from engine.analysis.agreement import crowd_bt, kappas, pictures, ranking
from engine.analysis.agreement import quality as model
from engine.analysis.agreement.by_rater import Shares, differences, shares
from engine.analysis.agreement.codec import _small
from engine.analysis.agreement.coefficients import distances, gwet, kappa
from engine.analysis.agreement.dawid_skene import Words, fit, refits
from engine.analysis.agreement.intervals import at_the_end, estimate, p_value, ratio
from engine.analysis.agreement.kappas import rater_pairs, weights
from engine.analysis.agreement.quality import quality
from engine.analysis.agreement.state import code, codes
from engine.analysis.agreement.view import MOST_VALUES, View
from engine.analysis.elo import ELO
from engine.types import Estimate, Rows
from tests.analysis.crowds import ANALYSIS, DEFAULTS, conclude, crowd, rows_of, scores_of


def view_of(rows: Rows) -> View:
    return View(ANALYSIS.observe(rows, DEFAULTS))


def bucketed(rows: Rows, bucket: np.ndarray) -> Rows:
    return Rows(rows.kind, {**rows.columns, "bucket": bucket.astype(np.uint16)}, rows.slices, rows.names)


# ------------------------------------------------------------------ intervals


def test_an_estimate_of_replicates():
    replicates = np.array([0.4, 0.5, 0.6])
    error = np.sqrt(2 / 3 * 0.02)
    found = estimate(0.5, replicates, 0.9, 7, (0.0, 1.0))
    reach = stats.t.ppf(0.95, 2) * error
    assert (found.low, found.high) == pytest.approx((0.5 - reach, 0.5 + reach))
    assert (found.value, found.level, found.method, found.n) == (0.5, 0.9, "delete-one-bucket jackknife", 7)
    wide = estimate(0.5, replicates * 10, 0.9, 7)
    assert (wide.low, wide.high) == (-1, 1)


@pytest.mark.parametrize("replicates", [[], [0.5], [0.5, np.nan], [0.5, np.inf, 0.4]])
def test_an_estimate_that_rests_on_one_bucket_has_no_interval(replicates):
    found = estimate(0.5, np.array(replicates), 0.95, 7)
    assert (found.value, found.low, found.high) == (0.5, None, None)
    assert "one bucket" in found.method


def test_two_replicates_are_enough_and_no_value_is_none():
    found = estimate(0.5, np.array([0.49, 0.51]), 0.9, 7)
    assert found.high - 0.5 == pytest.approx(stats.t.ppf(0.95, 1) * np.sqrt(0.5 * 0.0002))
    assert estimate(np.nan, np.array([0.4, 0.5]), 0.95, 7).value is None


def test_a_ratio_by_hand():
    above, below = np.array([3.0, 0.0, 1.0, 2.0]), np.array([4.0, 0.0, 3.0, 3.0])
    parts = np.array([3 / 6, 5 / 7, 4 / 7])
    reach = stats.t.ppf(0.975, 2) * np.sqrt(2 / 3 * np.square(parts - parts.mean()).sum())
    found = ratio(above, below, 0.95, 10)
    assert (found.value, found.low, found.high) == pytest.approx((0.6, 0.6 - reach, min(0.6 + reach, 1)))
    shifted = ratio(above, below, 0.95, 10, shift=0.5, bounds=(-0.5, 0.5))
    assert (shifted.value, shifted.low) == pytest.approx((0.1, max(0.1 - reach, -0.5)))
    nothing = ratio(np.zeros(3), np.zeros(3), 0.95, 0)
    assert (nothing.value, nothing.method) == (None, "nothing to count")


def test_shares_at_an_end_have_wilsons_interval():
    """Wilson's interval as it is printed, of as many trials as buckets."""
    for buckets, level in ((4, 0.95), (25, 0.8)):
        z = stats.norm.ppf(0.5 + level / 2)
        for share in (0.0, 1.0):
            centre = (share + z**2 / (2 * buckets)) / (1 + z**2 / buckets)
            half = z / (1 + z**2 / buckets) * np.sqrt(z**2 / (4 * buckets**2))
            found = at_the_end(share, buckets, level, 9)
            assert (found.low, found.high) == pytest.approx((centre - half, centre + half), abs=1e-12)
            assert (found.value, found.level, found.n) == (share, level, 9)
            same = ratio(np.full(buckets, share), np.ones(buckets), level, 9)
            assert (same.low, same.high) == (found.low, found.high)
            moved = ratio(np.full(buckets, share), np.ones(buckets), level, 9, shift=0.5, bounds=(-0.5, 0.5))
            assert moved.value == share - 0.5


def test_the_p_value_of_an_interval():
    error = 0.04
    reach = stats.t.ppf(0.975, 8) * error
    whole = Estimate(0.3, 0.3 - reach, 0.3 + reach, 0.95)
    assert p_value(whole, 9) == pytest.approx(2 * stats.t.sf(0.3 / error, 8))
    assert p_value(whole, 9, 0.2) == pytest.approx(2 * stats.t.sf(0.1 / error, 8))
    for cut in (Estimate(0.3, 0.25, 0.3 + reach, 0.95), Estimate(0.3, 0.3 - reach, 0.35, 0.95)):
        assert p_value(cut, 9, 0.2) == pytest.approx(2 * stats.t.sf(0.1 / error, 8)), "a cut end tells less"
    assert p_value(whole, 1) == 1
    assert p_value(whole, 2) < 1
    for nothing in (Estimate(None, 0.1, 0.2), Estimate(0.1, None, 0.2), Estimate(0.1, 0.1, None), Estimate(1, 1, 1)):
        assert p_value(nothing, 9) == 1


@pytest.mark.parametrize("fixed", [True, False])
def test_where_all_agree_a_coefficient_may_be_as_far_below_one_as_agreement_over_chance(fixed):
    """Wilson's end for the share of agreement, as kappa: 1 − (1 − low) / (1 − chance)."""
    unit, rater = np.repeat(np.arange(40), 2), np.tile([0, 1], 40)
    sides = (np.full(80, 3, np.uint64), np.full(80, 7, np.uint64)) if fixed else None
    alone = np.arange(100, 120), np.zeros(20, int), np.zeros(20)
    label = (unit % 4 > 0).astype(float)
    if fixed:
        unit, rater, label = (np.concatenate(both) for both in zip((unit, rater, label), alone, strict=True))
        sides = np.full(100, 3, np.uint64), np.full(100, 7, np.uint64)
    rows = bucketed(rows_of(unit, rater, label, ["x", "y"], sides=sides), unit % 20)
    estimates = conclude(rows).estimates
    square = stats.norm.ppf(0.975) ** 2
    below = square / (20 + square)
    chance = 0.25**2 + 0.75**2 if fixed else 0.5
    assert estimates["raw_agreement"].low == pytest.approx(1 - below)
    for name in ("krippendorff_alpha_nominal", "cohen_kappa", "fleiss_kappa", "gwet_ac1"):
        found = estimates[name]
        assert (found.value, found.high) == (pytest.approx(1), pytest.approx(1)), name
        if name in ("krippendorff_alpha_nominal", "fleiss_kappa", "gwet_ac1"):
            assert found.low == pytest.approx(1 - below / (1 - chance)), name


def test_a_coefficient_is_never_below_minus_one():
    unit, rater = np.repeat(np.arange(40), 2), np.tile([0, 1], 40)
    sides = np.full(80, 3, np.uint64), np.full(80, 7, np.uint64)
    rows = bucketed(rows_of(unit, rater, unit > 0, ["x", "y"], sides=sides), unit % 20)
    found = conclude(rows).estimates["krippendorff_alpha_nominal"]
    assert (found.value, found.low) == (1, -1)


# ------------------------------------------------------------------ shares by rater


def test_p_values_of_shares_beside_scipy():
    value, error = np.array([0.7, 0.4, 0.6, 0.5, np.nan]), np.array([0.1, 0.2, 0.1, 0.0, np.nan])
    buckets = np.array([12, 2, 1, 12, 0])
    found = Shares(value, value - 1, value + 1, error, buckets, buckets * 1.0).p_values(0.5)
    assert found[:2] == pytest.approx([2 * stats.t.sf(2, 11), 2 * stats.t.sf(0.5, 1)])
    assert found[2:].tolist() == [1, 1, 1]
    nulls = Shares(value, value - 1, value + 1, error, buckets, buckets * 1.0).p_values(np.array([0.8] * 5))
    assert nulls[0] == pytest.approx(2 * stats.t.sf(1, 11))


def one_each(rater: list[int], bucket: list[int]) -> View:
    """One judgment a unit, of these raters in these buckets."""
    rows = rows_of(np.arange(len(rater)), np.array(rater), np.ones(len(rater)), ["x", "y", "z"])
    return view_of(bucketed(rows, np.array(bucket)))


def test_shares_with_few_buckets_and_at_the_ends():
    view = one_each([0, 0, 1, 1, 2], [0, 1, 2, 3, 4])
    right = np.where(view.rater == 0, 1.0, 0.0)
    found = shares(view, right, np.ones(5), np.ones(5, bool), 0.95)
    square = stats.norm.ppf(0.975) ** 2
    assert found.value.tolist() == [1, 0, 0]
    assert found.low == pytest.approx([1 - square / (2 + square), 0, 0])
    assert found.high == pytest.approx([1, square / (2 + square), square / (1 + square)])
    assert found.buckets.tolist() == [2, 2, 1]
    assert found.n.tolist() == [2, 2, 1]
    assert found.error[:2].tolist() == [0, 0]
    assert np.isnan(found.error[2])
    single = shares(view, 1 - right, np.ones(5), np.ones(5, bool), 0.95)
    assert (single.low[2], single.high[2]) == (pytest.approx(1 - square / (1 + square)), 1)
    nobody = shares(view, right[:0], np.ones(0), np.zeros(5, bool), 0.95)
    assert np.isnan(nobody.value).all()


def test_a_half_in_one_bucket_has_no_interval():
    view = one_each([0, 0, 1, 1, 1], [0, 0, 2, 2, 3])
    order = np.lexsort((view.group, view.rater))
    right = np.zeros(5)
    right[order] = [1, 0, 1, 0, 1]
    found = shares(view, right, np.ones(5), np.ones(5, bool), 0.95)
    assert found.value[:2] == pytest.approx([1 / 2, 2 / 3])
    assert np.isnan(found.low[0])
    assert np.isnan(found.high[0])
    error = np.sqrt(0.5 * ((1 - 0.75) ** 2 + (0.5 - 0.75) ** 2))
    assert found.error[1] == pytest.approx(error)
    assert found.low[1] == 0
    assert np.isnan(found.value[2])


def test_a_difference_counts_buckets_of_either_half():
    """Two early words in one bucket, two late ones in two others, all of one rater."""
    view = one_each([0] * 8, [0, 0, 1, 1, 2, 2, 3, 3])
    order = np.argsort(view.group, kind="stable")
    right, later = np.zeros(8), np.zeros(8, bool)
    right[order] = [1, 0, 1, 1, 0, 0, 1, 0]
    later[order] = [0, 1, 0, 1, 0, 1, 0, 1]
    found = differences(view, right, np.ones(8), later, np.ones(8, bool), 0.95)
    early, late = np.array([1, 1, 0, 1]), np.array([0, 1, 0, 0])
    parts = np.array([np.delete(late, k).mean() - np.delete(early, k).mean() for k in range(4)])
    error = np.sqrt(3 / 4 * np.square(parts - parts.mean()).sum())
    assert found.value[0] == pytest.approx(-0.5)
    assert found.buckets[0] == 4
    assert found.error[0] == pytest.approx(error)
    assert (found.low[0], found.high[0]) == pytest.approx(
        (max(-0.5 - stats.t.ppf(0.975, 3) * error, -1), min(-0.5 + stats.t.ppf(0.975, 3) * error, 1))
    )
    assert found.n[0] == 8


# ------------------------------------------------------------------ coefficients


def test_ordinal_distances_by_hand():
    """Of counts 2, 3, 4: between neighbours half of both, from end to end half of the ends and all between."""
    found = distances("ordinal", np.arange(3.0), np.array([2.0, 3.0, 4.0]))
    assert found.tolist() == [[0, 2.5**2, 6**2], [2.5**2, 0, 3.5**2], [6**2, 3.5**2, 0]]
    assert distances("interval", np.array([1.0, 4.0]), np.ones(2)).tolist() == [[0, 9], [9, 0]]
    assert distances("nominal", np.array([1.0, 4.0]), np.ones((3, 2))).tolist() == [[[0, 1], [1, 0]]] * 3


def test_kappa_apart_takes_chance_from_other_units():
    x, y = np.array([0, 1, 1, 2, 0]), np.array([0, 1, 2, 2, 1])
    table = np.zeros((3, 3))
    np.add.at(table, (x, y), 1)
    weight = np.square(np.arange(3.0)[:, None] - np.arange(3.0))
    observed, expected = kappa(table, weight, apart=True)
    others = [(x[i] - y[j]) ** 2 for i in range(5) for j in range(5) if i != j]
    assert (observed, expected) == pytest.approx((np.square(x - y).sum(), np.sum(others) / 4))
    mirrored = kappa(table, weight, apart=True, mirrored=True)
    both = [((x[i] - y[j]) ** 2 + (x[i] - 2 + y[j]) ** 2) / 2 for i in range(5) for j in range(5) if i != j]
    assert mirrored == pytest.approx((np.square(x - y).sum(), np.sum(both) / 4))


def test_two_units_tell_something_of_a_pair_and_one_nothing():
    table = np.array([[1.0, 1.0], [0.0, 0.0]])
    assert kappa(table, 1 - np.eye(2), apart=True) == pytest.approx((1, 1))
    assert kappa(table / 2, 1 - np.eye(2), apart=True) == pytest.approx((0, 0))
    assert kappa(np.zeros((2, 2)), 1 - np.eye(2)) == pytest.approx((0, 0))


def test_gwets_coefficient_of_three_categories_by_hand():
    """Shares ½, ¼, ¼: chance is (¼ + 3/16 + 3/16) / 2 = 5/16."""
    found = gwet(np.array(6.0), np.array(10.0), np.array([5.0, 2.5, 2.5]), np.array(10.0))
    assert found == pytest.approx((0.6 - 5 / 16) / (11 / 16))


def test_weights_of_disagreement():
    assert weights(3, 0).tolist() == [[0, 1, 1], [1, 0, 1], [1, 1, 0]]
    assert weights(3, 2).tolist() == [[0, 1, 4], [1, 0, 1], [4, 1, 0]]


def test_pairs_are_those_of_the_busiest_raters(monkeypatch):
    monkeypatch.setattr(kappas, "MOST_RATERS", 2)
    unit, rater = np.repeat(np.arange(6), 2), np.array([2, 0, 2, 0, 2, 1, 2, 0, 1, 3, 2, 0])
    view = view_of(rows_of(unit, rater, np.ones(12), list("abcd")))
    found = rater_pairs(view)
    assert (found.low.tolist(), found.high.tolist(), found.count.tolist()) == ([0], [2], [4])
    monkeypatch.setattr(kappas, "MOST_RATERS", 3)
    found = rater_pairs(view)
    assert (found.low.tolist(), found.high.tolist(), found.count.tolist()) == ([0, 1], [2, 2], [4, 1])


# ------------------------------------------------------------------ Dawid and Skene


def climbed(said: np.ndarray, size: int, smoothing: float, weight: np.ndarray, steps: int = 3000) -> tuple:
    """Plain steps of expectation and maximisation; `said` of shape (units, raters), −1 where nothing is."""
    truth = np.array([[(row == true).sum() for true in range(size)] for row in said], float)
    truth /= truth.sum(axis=1, keepdims=True)
    for _ in range(steps):
        prior = (weight[:, None] * truth).sum(axis=0) / weight.sum()
        confusion = np.empty((said.shape[1], size, size))
        for rater in range(said.shape[1]):
            for word in range(size):
                told = said[:, rater] == word
                confusion[rater, :, word] = (weight[told, None] * truth[told]).sum(axis=0) + smoothing / size
        confusion /= confusion.sum(axis=2, keepdims=True)
        truth = np.tile(prior, (len(said), 1))
        for rater in range(said.shape[1]):
            told = said[:, rater] >= 0
            truth[told] *= confusion[rater][:, said[told, rater]].T
        truth /= truth.sum(axis=1, keepdims=True)
    return truth, prior, confusion


def three_ways(units: int = 80) -> np.ndarray:
    generator = np.random.default_rng(6)
    truth = generator.choice(3, units, p=[0.5, 0.3, 0.2])
    said = np.where(generator.random((units, 4)) < 0.7, truth[:, None], generator.integers(0, 3, (units, 4)))
    return np.where(generator.random((units, 4)) < 0.15, -1, said)


def told(said: np.ndarray, size: int = 3) -> Words:
    unit, rater = np.nonzero(said >= 0)
    return Words(unit, rater, said[unit, rater], len(said), said.shape[1], size)


def test_the_fit_is_where_plain_steps_end():
    said = three_ways()
    found = fit(told(said), 1.0, 3000)
    truth, prior, confusion = climbed(said, 3, 1.0, np.ones(len(said)), 300)
    assert found.prior == pytest.approx(prior, abs=1e-4)
    assert found.confusion == pytest.approx(confusion, abs=1e-4)
    assert found.truth == pytest.approx(truth, abs=1e-3)
    assert found.certainty == pytest.approx(truth.max(axis=1).mean(), abs=1e-4)
    right = [sum(confusion[rater, true, true] * prior[true] for true in range(3)) for rater in range(4)]
    assert found.quality == pytest.approx(right, abs=1e-4)


def test_one_step_by_hand():
    """From majority shares: after one step the prior and confusions are those of the truth that it gives."""
    said = three_ways(12)
    for steps in (1, 2):
        found = fit(told(said), 1.0, steps)
        truth, _, _ = climbed(said, 3, 1.0, np.ones(12), steps)
        assert found.truth == pytest.approx(truth, rel=1e-9, abs=1e-12)
        assert found.prior == pytest.approx(truth.mean(axis=0))
        for rater in range(4):
            counts = np.stack([truth[said[:, rater] == word].sum(axis=0) + 1 / 3 for word in range(3)], axis=1)
            assert found.confusion[rater] == pytest.approx(counts / counts.sum(axis=1, keepdims=True))


def test_refits_with_weights_are_fits_of_what_is_left():
    said = three_ways()
    start = fit(told(said), 1.0)
    weight = np.ones((len(said), 2))
    weight[::3, 0] = weight[1::4, 1] = 0
    for place, part in enumerate(refits(told(said), start, weight, 1.0)):
        truth, prior, confusion = climbed(said, 3, 1.0, weight[:, place], 300)
        kept = weight[:, place] > 0
        assert part.prior == pytest.approx(prior, abs=2e-3)
        assert part.confusion == pytest.approx(confusion, abs=1e-2)
        assert part.truth.shape == (kept.sum(), 3)
        assert part.truth == pytest.approx(truth[kept], abs=2e-2)


def test_a_single_unit_has_a_prior_of_one():
    found = fit(Words(np.array([0]), np.array([0]), np.array([1]), 1, 1, 2))
    assert found.prior.sum() == pytest.approx(1)
    assert found.truth.tolist() == [[pytest.approx(0, abs=1e-6), pytest.approx(1)]]


def test_mirrored_words_are_named_from_both_sides():
    found = Words(np.array([0, 1]), np.array([0, 2]), np.array([0, 1]), 2, 3, 3).mirrored()
    assert found.unit.tolist() == [0, 1, 2, 3]
    assert found.rater.tolist() == [0, 2, 0, 2]
    assert found.category.tolist() == [0, 1, 2, 1]
    assert (found.units, found.raters, found.categories) == (4, 3, 3)


def test_the_interval_of_quality_is_a_jackknife_over_buckets():
    generator = np.random.default_rng(8)
    unit, rater = np.repeat(np.arange(60), 3), np.tile([0, 1, 2], 60)
    value = np.where(generator.random(180) < np.array([0.95, 0.85, 0.7])[rater], unit % 2, 1 - unit % 2)
    rows = bucketed(scores_of(unit, rater, value, ["x", "y", "z"]), unit % 10)
    said = value.reshape(60, 3)
    parts = [climbed(said, 2, 1.0, (np.arange(60) % 10 != k).astype(float), 80) for k in range(10)]
    spread = np.array([[(confusion[r].diagonal() * prior).sum() for r in range(3)] for _, prior, confusion in parts])
    error = np.sqrt(9 / 10 * np.square(spread - spread.mean(axis=0)).sum(axis=0))
    found = quality(view_of(rows), 0.95)
    assert found is not None
    truth, prior, confusion = climbed(said, 2, 1.0, np.ones(60), 80)
    right = np.array([(confusion[r].diagonal() * prior).sum() for r in range(3)])
    reach = stats.t.ppf(0.975, 9) * error
    assert found.value == pytest.approx(right, abs=1e-4)
    assert found.low == pytest.approx(np.maximum(right - reach, 0), abs=3e-3)
    assert found.high == pytest.approx(np.minimum(right + reach, 1), abs=3e-3)
    assert found.certainty.value == pytest.approx(truth.max(axis=1).mean(), abs=1e-4)
    sure = np.array([part[0][np.arange(60) % 10 != k].max(axis=1).mean() for k, part in enumerate(parts)])
    reach = stats.t.ppf(0.975, 9) * np.sqrt(9 / 10 * np.square(sure - sure.mean()).sum())
    assert found.certainty.low == pytest.approx(truth.max(axis=1).mean() - reach, abs=3e-3)
    assert found.certainty.n == 180
    assert found.confusion(1) == pytest.approx(confusion[1], abs=1e-4)


def test_quality_ends_at_one_and_zero():
    found = quality(view_of(crowd(40, [0.97, 0.97, 0.97, 0.1], per_unit=4, fixed=True)), 0.999)
    assert found is not None
    assert (found.low[3], found.high[:3].tolist()) == (0, [1, 1, 1])
    assert (found.value > 0).all()
    assert (found.value < 1).all()


def test_units_of_one_rater_and_those_beyond_the_limit_stay_out_of_the_fit(monkeypatch):
    rows = crowd(40, [0.9, 0.8, 0.7], per_unit=3)
    alone = rows_of(np.arange(100, 150), np.arange(50) % 4, np.ones(50), ["rater 00", "rater 01", "rater 02", "solo"])
    columns = {
        name: np.concatenate([rows.columns[name], alone.columns.get(name, np.ones(50, np.int8))])
        for name in rows.columns
    }
    codes = np.concatenate([rows.names["annotator"][0], alone.names["annotator"][0]])
    both = Rows("comparison", columns, {}, {"annotator": (codes, alone.names["annotator"][1])})
    found, plain = quality(view_of(both), 0.95), quality(view_of(rows), 0.95)
    assert found is not None
    assert plain is not None
    assert found.certainty.n == 120
    assert found.raters.tolist() == [0, 1, 2]
    assert np.isnan(found.value[3])
    assert found.value[:3] == pytest.approx(plain.value, abs=1e-6)
    monkeypatch.setattr(model, "MOST_JUDGMENTS", 90)
    limited = quality(view_of(both), 0.95)
    assert limited is not None
    assert limited.certainty.n == 90, "thirty whole units of three"
    monkeypatch.setattr(model, "MOST_JUDGMENTS", 89)
    assert quality(view_of(both), 0.95) is None, "29 are too few"


def test_buckets_are_joined_to_so_many_groups(monkeypatch):
    seen = []
    monkeypatch.setattr(model, "refits", lambda *told: seen.append(told[2]) or refits(*told))
    quality(view_of(crowd(90, [0.9, 0.8, 0.7], per_unit=3)), 0.95)
    (weight,) = seen
    assert weight.shape == (180, 32)
    assert set(np.unique(weight)) == {0, 1}
    assert (weight[:90] == weight[90:]).all(), "a unit and its mirror are left out together"
    assert (weight.sum(axis=1) == 31).all()


# ------------------------------------------------------------------ categories and values


def test_the_majority_of_rows_is_the_category():
    labels = {
        0: [1, 1, 0],
        1: [1, 0],
        2: [0.5, 0.5, 1],
        3: [0, 0.5, 1],
        4: [0],
        5: [0.5, 0.5, 1, 1],
        6: [0.7, 0.2, 0.9],
    }
    unit = np.repeat(list(labels), [len(said) for said in labels.values()])
    sides = np.full(len(unit), 3, np.uint64), np.full(len(unit), 7, np.uint64)
    rows = rows_of(unit, np.zeros(len(unit), int), np.concatenate(list(labels.values())), ["x"], sides=sides)
    view = view_of(rows)
    prompt = {int(hashed) >> 32: number for hashed, number in zip(rows.columns["prompt_hash"], unit, strict=True)}
    found = {prompt[round(entry)]: int(side) for entry, side in zip(view.prompt, view.category, strict=True)}
    assert found == {0: 2, 1: 1, 2: 1, 3: 1, 4: 0, 5: 1, 6: 2}
    assert view.categories == 3
    assert not view.mirrored
    plain = view_of(rows_of(np.arange(4), np.zeros(4, int), np.array([1, 0, 1, 1]), ["x"]))
    assert (plain.categories, plain.mirrored) == (2, True)
    assert set(plain.category.tolist()) == {0, 1}


@pytest.mark.parametrize(("values", "categories"), [(MOST_VALUES, 25), (MOST_VALUES + 1, 0)])
def test_many_values_are_a_continuous_scale(values, categories):
    unit = np.repeat(np.arange(120), 2)
    rows = scores_of(unit, np.tile([0, 1], 120), unit % values, ["x", "y"])
    assert view_of(rows).categories == categories
    estimates = conclude(rows).estimates
    names = "krippendorff_alpha_nominal", "krippendorff_alpha_ordinal", "fleiss_kappa", "gwet_ac1", "cohen_kappa"
    for name in (*names, "weighted_kappa"):
        assert estimates[name].n == (240 if categories == 0 or "kappa" not in name or name == "fleiss_kappa" else 120)
        assert (estimates[name].value is None) == (categories == 0), name
        assert ("more than 25 values" in estimates[name].method) == (categories == 0)
    assert estimates["krippendorff_alpha_interval"].value == pytest.approx(1)


def test_values_that_differ_by_rounding_are_one():
    view = view_of(scores_of(np.arange(4), np.zeros(4, int), np.array([1, 1 + 1e-10, 2, 2 + 1e-6]), ["x"]))
    assert view.values is not None
    assert len(view.values) == 3
    mirrored = view_of(rows_of(np.arange(3), np.zeros(3, int), np.array([0.2, 0.8, 0.4]), ["x"]))
    assert mirrored.values == pytest.approx([0.2, 0.4, 0.6, 0.8])


def test_two_words_of_a_unit_are_a_pair_and_only_those():
    rows = scores_of(np.array([0, 0, 0, 1, 2, 2]), np.array([0, 1, 2, 0, 1, 2]), np.ones(6), list("abc"))
    view = view_of(rows)
    every = view.pairs(np.arange(6))
    found = {(int(view.unit[i]), int(i), int(j)) for i, j in zip(every.one, every.other, strict=True)}
    expected = {(int(view.unit[i]), i, j) for i in range(6) for j in range(i + 1, 6) if view.unit[i] == view.unit[j]}
    assert found == expected
    assert len(found) == 4
    assert len(view.pairs(np.arange(0)).one) == 0


@pytest.mark.parametrize(("prompts", "buckets"), [(2048, 2048), (2049, 512)])
def test_buckets_are_coarse_where_there_are_many(prompts, buckets):
    rows = bucketed(scores_of(np.arange(prompts), np.zeros(prompts, int), np.ones(prompts), ["x"]), np.arange(prompts))
    assert view_of(rows).groups == buckets


def test_codes_are_never_zero_and_those_of_missing_names_are():
    assert 0 < code("blue") < 2**32
    assert code("blue") != code("red")
    assert codes(["blue", "red"]).tolist() == [code("blue"), code("red"), 0]


@pytest.mark.parametrize(
    ("sums", "form"),
    [
        ([0, 1, 255], np.uint8),
        ([0, 256], np.float32),
        ([0.5, -1], np.float32),
        ([2**24 + 1.0, 3], np.uint32),
        ([0.1], np.float64),
        ([2.0**33 + 1], np.float64),
    ],
)
def test_sums_are_kept_in_the_smallest_type_that_holds_them(sums, form):
    found = _small(np.array(sums, float))
    assert found.dtype == form
    assert found.astype(float).tolist() == sums


# ------------------------------------------------------------------ the ranking


def duels(strengths: list[float], n: int, seed: int = 0) -> tuple[np.ndarray, ...]:
    generator = np.random.default_rng(seed)
    items = len(strengths)
    a = generator.integers(0, items, n)
    b = (a + generator.integers(1, items, n)) % items
    won = generator.random(n) < expit(np.array(strengths)[a] - np.array(strengths)[b])
    return a, b, won.astype(float)


def fitted(items: int, a: np.ndarray, b: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Bradley-Terry strengths by a general minimiser, in logits around 0."""

    def loss(strengths: np.ndarray) -> float:
        ahead = strengths[a] - strengths[b]
        return float((np.logaddexp(0, ahead) - label * ahead).sum() + 1e-9 * np.square(strengths).sum())

    found = minimize(loss, np.zeros(items), method="BFGS", options={"gtol": 1e-7}).x
    return found - found.mean()


def test_effects_on_the_ranking_beside_a_general_minimiser():
    a, b, label = duels([1.0, 0.4, 0.1, -0.3], 240)
    rater = np.arange(240) % 3
    fan = (rater == 2) & ((a == 3) | (b == 3))
    label = np.where(fan, (a == 3).astype(float), label)
    names = ["blue", "green", "red", "white"]
    rows = rows_of(np.arange(240), rater, label, ["x", "y", "fan"], items=(a, b, names))
    found = ranking.ranked(view_of(rows), np.arange(3))
    order = ["fan", "x", "y"]
    whole = fitted(4, a, b, label)
    for place, name in enumerate(order):
        left = rater != ["x", "y", "fan"].index(name)
        part = fitted(4, a[left], b[left], label[left])
        moved = ELO * (part - whole)
        most = int(np.abs(moved).argmax())
        ranks = [np.argsort(np.argsort(-strengths)) for strengths in (whole, part)]
        assert found.effects[place].item == names[most]
        assert found.effects[place].elo == pytest.approx(moved[most], abs=0.05)
        assert found.effects[place].ranks == np.abs(ranks[0] - ranks[1]).max()
    assert found.effects[0].item == "white"
    assert found.effects[0].ranks >= 1


def test_comparisons_without_two_names_are_no_part_of_the_ranking():
    """A third of the rows name only one item or the same one twice: the ranking is that of the others."""
    a, b, label = duels([0.5, 0.0, -0.5], 150, seed=3)
    rater = np.arange(150) % 3
    names, raters = ["blue", "green", "red"], ["x", "y", "z"]
    odd = np.arange(150) % 7 == 0
    kept = ranking.ranked(view_of(rows_of(np.arange(150)[~odd], rater[~odd], label[~odd], raters,
                                          items=(a[~odd], b[~odd], names))), np.arange(3))  # fmt: skip
    for other in (np.where(odd, -1, b), np.where(odd, a, b)):
        rows = rows_of(np.arange(150), rater, label, raters, items=(a, b, names))
        named = {**rows.names, "item_b": (other.astype(np.int32), names)}
        found = ranking.ranked(view_of(Rows("comparison", rows.columns, {}, named)), np.arange(3))
        assert found.follows == pytest.approx(kept.follows, abs=1e-6)
        assert {key: one.elo for key, one in found.effects.items()} == pytest.approx(
            {key: one.elo for key, one in kept.effects.items()}, abs=1e-4
        )


@pytest.mark.parametrize(("items", "there"), [(5, True), (6, False)])
def test_too_many_items_have_no_ranking(items, there, monkeypatch):
    monkeypatch.setattr(ranking, "MOST_ITEMS", 5)
    a, b = np.repeat(np.arange(items), 2), np.repeat(np.roll(np.arange(items), 1), 2)
    label, rater = np.tile([0.0, 1.0], items), np.tile([0, 1], items)
    rows = rows_of(np.arange(2 * items), rater, label, ["x", "y"], items=(a, b, [f"m{k}" for k in range(items)]))
    found = ranking.ranked(view_of(rows), np.arange(2))
    assert np.isfinite(found.follows).all() == there


def test_items_outside_the_ranking_do_not_count_for_it():
    """An item that lost every time has no strength: everything is as without its comparisons."""
    a, b, label = duels([0.5, 0.0, -0.5], 150, seed=3)
    a, b, label = np.append(a, [0, 1, 2] * 10), np.append(b, [3] * 30), np.append(label, np.ones(30))
    rater = np.arange(180) % 3
    names = ["blue", "green", "red", "the last"]
    found = ranking.ranked(
        view_of(rows_of(np.arange(180), rater, label, ["x", "y", "z"], items=(a, b, names))), np.arange(3)
    )
    few = rows_of(np.arange(150), rater[:150], label[:150], ["x", "y", "z"], items=(a[:150], b[:150], names))
    kept = ranking.ranked(view_of(few), np.arange(3))
    assert found.follows == pytest.approx(kept.follows, abs=1e-6)
    assert {one.item for one in found.effects.values()} <= set(names[:3])
    for key, one in kept.effects.items():
        assert found.effects[key].elo == pytest.approx(one.elo, abs=1e-4)


def test_who_follows_is_where_the_likelihood_is_largest():
    """η and strengths maximise Chen et al.'s likelihood with the made-up words, here by a general minimiser."""
    a, b, label = duels([1.2, 0.0, -1.2], 400, seed=5)
    rater = np.arange(400) % 3
    label = np.where((rater == 2) & (np.arange(400) % 4 < 2), 1 - label, label)
    words, start = crowd_bt.WORDS, crowd_bt.START

    def loss(at: np.ndarray) -> float:
        strengths, share = at[:3], expit(at[3:])
        ahead = expit(strengths[a] - strengths[b])
        chosen = share[rater] * ahead + (1 - share[rater]) * (1 - ahead)
        made_up = words * (start * np.log(share) + (1 - start) * np.log(1 - share))
        told = label * np.log(chosen) + (1 - label) * np.log(1 - chosen)
        return float(-told.sum() - made_up.sum() + 1e-6 * np.square(strengths).sum())

    best = minimize(loss, np.array([1, 0, -1, 2, 2, 0.1]), method="BFGS").x
    found = crowd_bt.follows(3, a, b, label, rater, 3)
    assert found == pytest.approx(expit(best[3:]), abs=0.01)


def test_raters_of_few_words_leave_the_strengths_bounded():
    """Four judgments each can be explained by strengths without bound and a few raters who mistake the question."""
    pairs = np.random.default_rng(1).permuted(np.tile(np.arange(12), (300, 1)), axis=1)[:, :2]
    ahead = expit(0.4 * (pairs[:, 1] - pairs[:, 0]))
    label = (np.random.default_rng(2).random(300) < ahead).astype(float)
    found = crowd_bt.follows(12, pairs[:, 0], pairs[:, 1], label, np.arange(300) % 77, 77)
    assert np.all((found > 0) & (found < 1))


# ------------------------------------------------------------------ pictures


def test_a_matrix_of_forty_raters():
    unit = np.repeat(np.arange(90), 3)
    rater = np.concatenate([[k % 41, (k + 1) % 41, (k + 2) % 41] for k in range(90)])
    label = (np.random.default_rng(0).random(270) < 0.7).astype(float)
    result = conclude(rows_of(unit, rater, label, [f"r{number:02}" for number in range(41)]))
    assert len(result.items) == 41
    assert len(result.pictures["pairs"]["raters"]) == pictures.MOST_IN_MATRIX == 40
    assert len(result.pictures["confusion"]["raters"]) == 40
    assert result.pictures["pairs"]["raters"] == [line["item"] for line in result.items][:40]
    assert len(result.pictures["raters"]["rater"]) == 41


@pytest.mark.parametrize(("weeks", "shown"), [(520, 520), (521, 0)])
def test_ten_years_of_weeks(weeks, shown):
    rows = crowd(200, [0.9] * 3)
    time = 1_000_000_000.0 + 7 * 86_400.0 * (np.arange(600) % weeks)
    result = conclude(Rows("comparison", {**rows.columns, "time": time}, {}, rows.names))
    assert len(result.pictures["weeks"]["start"]) == shown


@pytest.mark.parametrize("tied", [False, True])
def test_what_the_categories_are_called(tied):
    unit, rater = np.repeat(np.arange(40), 2), np.tile([0, 1], 40)
    label = np.where(unit % 4 == 0, 0.5 if tied else 0.0, 1.0)
    free = conclude(rows_of(unit, rater, label, ["x", "y"]))
    between = ["tie"] if tied else []
    assert free.pictures["categories"]["categories"] == ["one side", *between, "other side"]
    sides = np.full(80, 3, np.uint64), np.full(80, 7, np.uint64)
    for low, high, turn in ((sides[0], sides[1], False), (sides[1], sides[0], True)):
        fixed = conclude(rows_of(unit, rater, label, ["x", "y"], sides=(low, high))).pictures["categories"]
        count = dict(zip(fixed["categories"], fixed["count"], strict=True))
        assert count == {"a": 60, "b": 0 if tied else 20, **({"tie": 20} if tied else {})}, turn
    zeros = np.zeros(80, int)
    named = conclude(rows_of(unit, rater, label, ["x", "y"], items=(zeros, zeros + 1, ["new", "old"])))
    count = dict(zip(*(named.pictures["categories"][name] for name in ("categories", "count")), strict=True))
    assert count == {"new": 60, "old": 0 if tied else 20, **({"tie": 20} if tied else {})}


def test_pictures_of_a_continuous_scale_show_no_categories():
    unit, rater = np.repeat(np.arange(60), 2), np.tile([0, 1], 60)
    rows = scores_of(unit, rater, unit + rater * 0.1, ["x", "y"])
    time = 1_684_108_800.0 + 7 * 86_400.0 * (unit >= 20)
    result = conclude(Rows("score", {**rows.columns, "time": time}, {}, rows.names))
    assert result.pictures["pairs"] == {"raters": ["x", "y"], "agreement": [], "kappa": [], "count": []}
    assert result.pictures["categories"] == {"categories": [], "count": [], "shared": []}
    assert result.pictures["confusion"] == {"categories": [], "raters": [], "matrices": [], "shares": []}
    assert result.pictures["raters"]["rater"] == []
    weeks = result.pictures["weeks"]
    assert weeks["count"] == [40, 80]
    assert (weeks["compared"], weeks["agreement"], weeks["tie_rate"]) == ([0, 0], [None, None], [None, None])


def test_a_share_that_never_varies_is_as_surprising_as_so_many_buckets():
    buckets = np.array([12, 12, 3, 12])
    value, none = np.array([0.5, -0.5, 0.5, 0.1]), np.zeros(4)
    found = Shares(value, value, value, none, buckets, buckets * 1.0, 0.5).p_values(0.0)
    assert found == pytest.approx([2 * 0.5**12, 2 * 0.5**12, 0.25, 1])
    of_others = Shares(np.array([0.0]), none[:1], none[:1], none[:1], np.array([30]), np.array([60.0]), 0.0)
    assert of_others.p_values(np.array([0.9])) == pytest.approx([2 * 0.1**30])


def test_who_always_prefers_what_stands_first_is_flagged():
    rows = crowd(120, [0.9, 0.9, 0.9, 0.9], per_unit=3, seed=4)
    rater = rows.names["annotator"][0] == 3
    label = np.where(rater, 1.0, rows.columns["label"])
    items = conclude(Rows(rows.kind, {**rows.columns, "label": label}, {}, rows.names)).items
    found = {item["item"]: item["flags"] for item in items}
    assert "position_bias" in found["rater 03"]
    assert all("position_bias" not in flags for name, flags in found.items() if name != "rater 03")


def test_a_kappa_of_one_has_the_lower_end_that_alpha_has():
    found = conclude(crowd(200, [1.0, 1.0], per_unit=2)).estimates
    assert found["cohen_kappa"].value == found["krippendorff_alpha_nominal"].value == 1
    assert found["cohen_kappa"].low == pytest.approx(found["krippendorff_alpha_nominal"].low)
    assert 0.8 < found["cohen_kappa"].low < 1


def test_large_scores_that_differ_are_not_the_same_again():
    unit, rater = np.repeat(np.arange(40), 4), np.tile([0, 0, 1, 1], 40)
    same = scores_of(unit, rater, np.full(160, 100_000.0), ["x", "y"])
    other = scores_of(unit, rater, 100_000.0 + np.tile([0, 1], 80), ["x", "y"])
    assert conclude(same).estimates["repeat_agreement"].value == 1
    assert conclude(other).estimates["repeat_agreement"].value == 0
