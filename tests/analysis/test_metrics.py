"""Function-level metrics against golden values of established packages (see docs/analyses/calibration.md)."""

from __future__ import annotations

import numpy as np
import pytest

from engine.analysis import metrics
from engine.analysis.arrays import is_binary
from engine.analysis.isotonic import corp
from engine.analysis.smooth import smooth_ece_of, smooth_error_of


@pytest.fixture(scope="module")
def golden() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """2,000 over-confident pairs: margin, p, label."""
    generator = np.random.default_rng(20261123)
    logit = generator.normal(0.6, 1.2, 2000)
    label = (generator.random(2000) < 1 / (1 + np.exp(-logit))).astype(float)
    margin = 1.7 * logit
    return margin, 1 / (1 + np.exp(-margin)), label


def exact(expected: float) -> object:
    return pytest.approx(expected, rel=0, abs=1e-9)


def test_width_bins_equal_relplot_netcal_and_verified_calibration(golden):
    _, p, y = golden
    ten = metrics.width_bins(p, y, 10)
    assert ten.ece == exact(0.08171925271286642)
    assert ten.mce == exact(0.14836487657291664)
    assert ten.ace == exact(0.08598187788461571)
    assert metrics.width_bins(p, y).ece == exact(0.08598216366501707)


def test_mass_bins_equal_array_split_when_ties_are_split(golden):
    _, p, y = golden
    assert metrics.mass_bins(p, y, 10, split_ties=True).ece == exact(0.0841802250860848)
    assert metrics.mass_bins(p, y, split_ties=True).ece == exact(0.08190035624761595)


def test_debiased_l2_equals_verified_calibration(golden):
    _, p, y = golden
    assert metrics.debiased_l2(metrics.mass_bins(p, y, split_ties=True)) == exact(0.08016161790817228)


def test_smooth_error_equals_relplot(golden):
    _, p, y = golden
    assert smooth_ece_of(p, y) == exact(0.07816984459840355)
    assert smooth_error_of(p, y, 0.05) == exact(0.08067320310728199)


def test_proper_scores(golden):
    margin, p, y = golden
    assert metrics.brier(p, y) == exact(0.1878404448733009)
    assert metrics.nll_of_margin(margin, y) == exact(0.5738041087392667)
    assert metrics.nll(p, y) == exact(0.5738041087392667)
    assert metrics.spiegelhalter_z(p, y) == exact(12.663304488498971)


def test_corp_equals_model_diagnostics(golden):
    _, p, y = golden
    terms = corp(p, y)
    assert terms.miscalibration == exact(0.009923423299741718)
    assert terms.discrimination == exact(0.05177672842644079)
    assert terms.uncertainty == exact(0.22969374999999997)


def test_murphy_terms_and_their_identity(golden):
    _, p, y = golden
    terms = metrics.murphy(p, y, 10)
    assert terms.reliability == exact(0.007284521221485252)
    assert terms.resolution == exact(0.048675394614408604)
    assert terms.uncertainty == exact(0.22969375)
    assert terms.within_variance == exact(0.0008441331249987991)
    assert terms.within_covariance == exact(0.0006532824293872736)
    total = terms.reliability - terms.resolution + terms.uncertainty
    total += terms.within_variance - 2 * terms.within_covariance
    assert total == pytest.approx(metrics.brier(p, y), abs=1e-15)


def test_links(golden):
    margin, _, y = golden
    assert metrics.temperature(margin, y) == pytest.approx(1.6799126763433865, abs=1e-7)
    assert metrics.platt(margin, y) == pytest.approx((0.5739771652337586, 0.0996428358111945), abs=1e-7)
    a, b, _ = metrics.beta(margin, y)
    assert (a, b) == pytest.approx((0.5274, 0.6041), abs=2e-3)


def test_oriented_labels_do_not_change_the_error_on_confidence(golden):
    margin, _, y = golden
    strength = np.abs(margin)
    correct = (margin > 0) == (y == 1)
    assert metrics.width_bins(1 / (1 + np.exp(-strength)), correct.astype(float), 10).ece == exact(0.0817192527128664)


def test_per_bin_table_on_edges_zero_and_one():
    p = np.array([0.0, 1 / 15, 0.5, 14 / 15, 1.0])
    y = np.array([1.0, 0.0, 1.0, 1.0, 0.0])
    bins = metrics.width_bins(p, y)
    assert np.flatnonzero(bins.count).tolist() == [0, 1, 7, 14]
    assert bins.count[14] == 2
    assert bins.observed[[0, 1, 7, 14]].tolist() == [1, 0, 1, 1]
    assert bins.predicted[14] == pytest.approx(14 / 15 + 1)
    assert bins.weight.tolist() == pytest.approx([0.2, 0.2, 0.2, 0.4])


def test_soft_labels_and_many_blocks_give_the_same_sums():
    generator = np.random.default_rng(3)
    p, y = generator.random(70_001), generator.random(70_001)
    index = np.minimum((p * 20).astype(int), 19)
    for labels in (y, (y < 0.5).astype(float)):
        bins = metrics.width_bins(p, labels, 20)
        assert bins.count.tolist() == np.bincount(index, minlength=20).tolist()
        assert bins.observed == pytest.approx(np.bincount(index, labels), rel=1e-12)
        assert bins.predicted == pytest.approx(np.bincount(index, p), rel=1e-12)


@pytest.mark.parametrize("bins", [10, 12, 15, 20, 24, 30, 48, 96])
def test_round_values_lie_in_the_bin_of_their_fine_cell(bins):
    p = np.concatenate([np.arange(1001) / 1000, np.arange(961) / 960, np.arange(bins + 1) / bins])
    place = np.minimum((p * 960).astype(int), 959) // (960 // bins)
    assert metrics.width_bins(p, p, bins).count.tolist() == np.bincount(place, minlength=bins).tolist()


def test_murphy_takes_certain_predictions():
    terms = metrics.murphy(np.array([1.0, 0.0, 1.0, 0.0]), np.array([1.0, 0.0, 0.0, 0.0]))
    assert terms.reliability == pytest.approx(0.125)
    assert terms.resolution == pytest.approx(0.0625)
    assert terms.within_variance == 0


@pytest.mark.parametrize("n", [3, 20, 300])
def test_murphys_terms_add_up_to_the_brier_score_also_with_a_row_a_bin(n):
    generator = np.random.default_rng(n)
    p, y = generator.random(n), (generator.random(n) < 0.6).astype(float)
    terms = metrics.murphy(p, y, 15)
    added = (
        terms.reliability - terms.resolution + terms.uncertainty + terms.within_variance - 2 * terms.within_covariance
    )
    assert added == pytest.approx(metrics.brier(p, y), abs=1e-14)
    single = metrics.murphy(np.array([0.1, 0.9]), np.array([0.0, 1.0]))
    assert (single.reliability, single.resolution, single.within_variance) == pytest.approx((0.01, 0.25, 0))


@pytest.mark.parametrize(
    ("labels", "binary"),
    [([0, 1, 1, 0], True), ([1, 1], True), ([0], True), ([0, 0.5, 1], False), ([2, 0], False), ([0.5], False)],
)
def test_labels_are_binary_where_each_is_0_or_1(labels, binary):
    assert is_binary(np.array(labels, float)) is binary


def test_bin_count_that_does_not_divide_960():
    generator = np.random.default_rng(4)
    p, y = generator.random(500), generator.random(500)
    bins = metrics.width_bins(p, y, 7)
    assert bins.count.tolist() == np.bincount((p * 7).astype(int), minlength=7).tolist()


def test_equal_mass_never_splits_ties():
    p = np.repeat([0.1, 0.4, 0.6, 0.9], [50, 3, 3, 44])
    y = np.tile([1.0, 0.0], 50)
    generator = np.random.default_rng(0)
    first = metrics.mass_bins(p, y, 10)
    for _ in range(3):
        order = generator.permutation(100)
        again = metrics.mass_bins(p[order], y[order], 10)
        assert again.count.tolist() == first.count.tolist()
        assert again.ece == pytest.approx(first.ece, abs=1e-12)
    assert sorted(first.count[first.count > 0].tolist()) == [6.0, 44.0, 50.0]


def test_equal_mass_groups_put_the_middle_rank_in_its_bin():
    assert metrics.equal_mass_groups(np.array([1.0, 1, 1, 1]), 2).tolist() == [0, 0, 1, 1]
    assert metrics.equal_mass_groups(np.array([3.0, 1]), 2).tolist() == [0, 1]
    assert metrics.equal_mass_groups(np.array([1.0]), 3).tolist() == [1]
    assert metrics.equal_mass_groups(np.array([10.0, 0]), 2).tolist() == [1, 1]


def test_debiased_l2_leaves_out_single_rows_and_never_is_negative():
    calibrated = metrics.Bins(np.array([4.0, 1.0]), np.array([2.0, 0.9]), np.array([2.0, 0.0]))
    assert metrics.debiased_l2(calibrated) == 0
    apart = metrics.Bins(np.array([4.0, 1.0]), np.array([4.0, 0.9]), np.array([0.0, 0.0]))
    assert metrics.debiased_l2(apart) == pytest.approx(np.sqrt(4 / 5))
    two_rows = metrics.Bins(np.array([2.0, 6.0]), np.array([2.0, 3.0]), np.array([0.0, 3.0]))
    assert metrics.debiased_l2(two_rows) == pytest.approx(np.sqrt((2 - 6 * 0.25 / 5) / 8))
    noisy = metrics.Bins(np.array([4.0]), np.array([3.0]), np.array([1.0]))
    assert metrics.debiased_l2(noisy) == pytest.approx(np.sqrt(0.25 - 0.25 * 0.75 / 3))


def test_nll_of_impossible_rows_is_infinite_and_of_certain_ones_zero():
    assert metrics.nll(np.array([1.0, 0.0]), np.array([1.0, 0.0])) == 0
    assert metrics.nll(np.array([1.0]), np.array([0.0])) == np.inf
    assert metrics.nll_of_margin(np.array([800.0, -800.0]), np.array([0.0, 0.0])) == pytest.approx(400)


def test_separated_labels_have_no_temperature():
    margin = np.array([-2.0, -1.0, 1.0, 2.0])
    assert np.isnan(metrics.temperature(margin, (margin > 0).astype(float)))


@pytest.mark.parametrize("wrong", [-0.2, 1.2, 1e12])
def test_a_probability_that_is_none_is_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match="outside of all cells"), np.errstate(invalid="ignore"):
        metrics.width_bins(np.array([0.5, wrong]), np.ones(2))


def test_blocks_of_rows_sum_like_all_rows_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    p, y = rng.random(1000), rng.random(1000)
    whole = [metrics.width_bins(p, labels, 15) for labels in (y, y.round())]
    monkeypatch.setattr(metrics, "BLOCK", 300)
    blocks = [metrics.width_bins(p, labels, 15) for labels in (y, y.round())]
    for one, other in zip(whole, blocks, strict=True):
        assert one.count.tolist() == other.count.tolist()
        np.testing.assert_allclose(one.predicted, other.predicted, rtol=1e-12)
        np.testing.assert_allclose(one.observed, other.observed, rtol=1e-12)
