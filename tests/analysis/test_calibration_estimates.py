"""Estimates of a conclusion against slow, direct computations from the rows."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import brentq
from scipy.special import expit

from engine.analysis import metrics
from engine.analysis.calibration.error import calibration_error
from engine.analysis.calibration.estimates import _temperature
from engine.analysis.calibration.null import SMOOTH_DRAWS, bin_nulls, null_residual, smooth_null
from engine.analysis.calibration.view import SMOOTH_POINTS, View
from engine.analysis.isotonic import corp
from engine.analysis.metrics import equal_mass_groups
from engine.analysis.smooth import smooth_ece_of
from engine.types import Rows
from tests.analysis.worlds import ANALYSIS, DEFAULTS, changed, conclude, identity, pairs, scores, value

DIVISORS = [2, 3, 4, 5, 6, 8, 10, 12, 15, 16, 20, 24, 30, 32, 40, 48, 60, 64, 80, 96, 120]


def confidence_and_correct(rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    margin, label = rows.columns["margin"], rows.columns["label"]
    correct = np.where(margin > 0, label, np.where(margin < 0, 1 - label, 0.5))
    return expit(np.abs(margin)), correct


@pytest.fixture(scope="module")
def some_pairs() -> Rows:
    rows = pairs(900, stretch=1.7, prompts=150, seed=2)
    margin = rows.columns["margin"].copy()
    margin[:3] = 0
    return changed(rows, margin=margin)


@pytest.fixture(scope="module")
def some_scores() -> Rows:
    return scores(900, stretch=1.5, shift=0.3, prompts=150, seed=3)


@pytest.mark.parametrize("bins", DIVISORS)
def test_equal_width_bins_of_the_state_equal_those_of_rows_for_every_divisor(bins, some_pairs, some_scores):
    for rows, p, y in (
        (some_pairs, *confidence_and_correct(some_pairs)),
        (some_scores, some_scores.columns["value"], some_scores.columns["truth"]),
    ):
        view = View(ANALYSIS.observe(rows, DEFAULTS), bins)
        ours, direct = metrics.Bins(*view.by_bin(view.width)), metrics.width_bins(p, y, bins)
        assert ours.count.tolist() == direct.count.tolist()
        assert ours.predicted == pytest.approx(direct.predicted, rel=1e-12)
        assert ours.observed == pytest.approx(direct.observed, rel=1e-12)


@pytest.mark.parametrize("bins", [10, 15])
def test_equal_width_errors_are_those_of_rows(bins, some_pairs):
    direct = metrics.width_bins(*confidence_and_correct(some_pairs), bins)
    result = conclude(some_pairs, bins=bins)
    assert value(result, f"ece_width_{bins}") == pytest.approx(direct.ece, abs=1e-12)
    assert value(result, f"mce_width_{bins}") == pytest.approx(direct.mce, abs=1e-12)


def test_proper_scores_are_exact(some_pairs, some_scores):
    margin, label = some_pairs.columns["margin"], some_pairs.columns["label"]
    c, a = confidence_and_correct(some_pairs)
    result = conclude(some_pairs)
    assert value(result, "accuracy") == pytest.approx(a.mean(), abs=1e-12)
    assert value(result, "mean_confidence") == pytest.approx(c.mean(), abs=1e-12)
    assert value(result, "base_rate") == pytest.approx(label.mean(), abs=1e-12)
    assert value(result, "mean_score") == pytest.approx(expit(margin).mean(), abs=1e-12)
    assert value(result, "brier") == pytest.approx(metrics.brier(expit(margin), label), abs=1e-12)
    assert value(result, "nll") == pytest.approx(metrics.nll_of_margin(margin, label), abs=1e-12)
    assert value(result, "spiegelhalter_z") == pytest.approx(metrics.spiegelhalter_z(expit(margin), label), abs=1e-9)
    p, y = some_scores.columns["value"], some_scores.columns["truth"]
    result = conclude(some_scores)
    assert value(result, "accuracy") == pytest.approx(((p > 0.5) == y).mean(), abs=1e-12)
    assert value(result, "base_rate") == pytest.approx(y.mean(), abs=1e-12)
    assert value(result, "mean_score") == pytest.approx(p.mean(), abs=1e-12)
    assert value(result, "brier") == pytest.approx(metrics.brier(p, y), abs=1e-12)
    assert value(result, "nll") == pytest.approx(metrics.nll(p, y), abs=1e-12)
    assert value(result, "spiegelhalter_z") == pytest.approx(metrics.spiegelhalter_z(p, y), abs=1e-9)


def test_intervals_of_means_are_the_jackknife_over_prompts(some_pairs):
    _, a = confidence_and_correct(some_pairs)
    bucket = some_pairs.columns["bucket"]
    groups = np.unique(bucket)
    without = np.array([a[bucket != group].mean() for group in groups])
    n = len(groups)
    spread = np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum())
    for level in (0.9, 0.95):
        estimate = conclude(some_pairs, level=level).estimates["accuracy"]
        reach = stats.t.ppf(0.5 + level / 2, n - 1) * spread
        assert (estimate.low, estimate.high) == pytest.approx((a.mean() - reach, a.mean() + reach), abs=1e-12)
        assert (estimate.level, estimate.n) == (level, 900)


def test_murphy_terms_equal_those_of_rows(some_scores, some_pairs):
    p, y = some_scores.columns["value"], some_scores.columns["truth"]
    result, terms = conclude(some_scores, bins=20), metrics.murphy(p, y, 20)
    assert value(result, "brier_reliability") == pytest.approx(terms.reliability, abs=1e-12)
    assert value(result, "brier_resolution") == pytest.approx(terms.resolution, abs=1e-12)
    assert value(result, "brier_uncertainty") == pytest.approx(terms.uncertainty, abs=1e-12)
    margin, label = some_pairs.columns["margin"][3:], some_pairs.columns["label"][3:]
    rows = Rows("comparison", {"margin": margin, "label": label, **identity(897, 150, 3)})
    both, labels = np.concatenate([expit(margin), expit(-margin)]), np.concatenate([label, 1 - label])
    result, terms = conclude(rows, bins=20), metrics.murphy(both, labels, 20)
    assert value(result, "brier_reliability") == pytest.approx(terms.reliability, abs=1e-12)
    assert value(result, "brier_resolution") == pytest.approx(terms.resolution, abs=1e-12)
    assert value(result, "brier_uncertainty") == pytest.approx(0.25, abs=1e-12)


def test_soft_labels_have_their_own_uncertainty():
    rows = pairs(300)
    soft = changed(rows, label=np.where(rows.columns["label"] == 1, 0.8, 0.2))
    assert value(conclude(soft), "brier_uncertainty") == pytest.approx(0.09)


def test_resolution_is_centred_on_its_bias_corrected_value(some_scores):
    estimate = conclude(some_scores).estimates["brier_resolution"]
    p, y, bucket = (some_scores.columns[name] for name in ("value", "truth", "bucket"))
    groups = np.unique(bucket)
    without = np.array([metrics.murphy(p[bucket != g], y[bucket != g]).resolution for g in groups])
    n = len(groups)
    centre = n * estimate.value - (n - 1) * without.mean()
    reach = stats.t.ppf(0.975, n - 1) * np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum())
    assert (estimate.low, estimate.high) == pytest.approx((centre - reach, centre + reach), abs=1e-9)


def test_smooth_error_from_cells_is_that_of_rows(some_scores, some_pairs):
    p, y = some_scores.columns["value"], some_scores.columns["truth"]
    assert value(conclude(some_scores), "smooth_ece") == pytest.approx(smooth_ece_of(p, y), abs=2e-4)
    c, a = confidence_and_correct(some_pairs)
    both = smooth_ece_of(np.concatenate([c, 1 - c]), np.concatenate([a, 1 - a]))
    assert value(conclude(some_pairs), "smooth_ece") == pytest.approx(both, abs=2e-4)


def test_slopes_and_temperature_are_those_of_rows(some_pairs, some_scores):
    margin, label = some_pairs.columns["margin"], some_pairs.columns["label"]
    result = conclude(some_pairs)
    assert value(result, "temperature") == pytest.approx(metrics.temperature(margin, label), rel=1e-3)
    assert value(result, "platt_slope") == pytest.approx(1 / value(result, "temperature"), rel=1e-12)
    p, y = some_scores.columns["value"], some_scores.columns["truth"]
    logit = np.log(p / (1 - p))
    result = conclude(some_scores)
    assert value(result, "temperature") == pytest.approx(metrics.temperature(logit, y), rel=1e-3)
    assert value(result, "platt_slope") == pytest.approx(metrics.platt(logit, y)[0], rel=1e-3)


@pytest.mark.parametrize("kind", ["pairs", "scores"])
def test_slope_intervals_are_the_jackknife(kind, some_pairs, some_scores):
    rows = some_pairs if kind == "pairs" else some_scores
    bucket = rows.columns["bucket"]
    if kind == "pairs":
        margin, label = rows.columns["margin"], rows.columns["label"]
        fit = lambda keep: 1 / metrics.temperature(margin[keep], label[keep])  # noqa: E731
    else:
        p, label = rows.columns["value"], rows.columns["truth"]
        margin = np.log(p / (1 - p))
        fit = lambda keep: metrics.platt(margin[keep], label[keep])[0]  # noqa: E731
    without = np.array([fit(bucket != group) for group in np.unique(bucket)])
    n = len(without)
    reach = stats.t.ppf(0.975, n - 1) * np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum())
    estimates = conclude(rows).estimates
    slope = estimates["platt_slope"]
    assert (slope.high - slope.value, slope.value - slope.low) == pytest.approx((reach, reach), rel=1e-2)
    if kind == "pairs":
        temperature = estimates["temperature"]
        assert (temperature.low, temperature.high) == pytest.approx((1 / slope.high, 1 / slope.low), rel=1e-9)


def test_equal_mass_errors_are_close_to_those_of_rows(some_scores):
    p, y = some_scores.columns["value"], some_scores.columns["truth"]
    result = conclude(some_scores)
    assert value(result, "ece_mass_15") == pytest.approx(metrics.mass_bins(p, y).ece, abs=0.01)
    assert value(result, "ece_debiased_l2") == pytest.approx(metrics.debiased_l2(metrics.mass_bins(p, y)), abs=0.01)
    ten = conclude(some_scores, bins=10)
    assert value(ten, "ece_mass_10") == pytest.approx(metrics.mass_bins(p, y, 10).ece, abs=0.01)
    assert value(ten, "ece_debiased_l2") == value(result, "ece_debiased_l2")
    assert value(ten, "calibration_error") == value(result, "calibration_error")


# ------------------------------------------------------------------ the cluster-debiased error


def slow_square(count: np.ndarray, residual: np.ndarray) -> float:
    """The formula of the module, in loops over pairs of different buckets."""
    total, n = 0.0, count.sum()
    for b in range(count.shape[1]):
        products = weights = 0.0
        for g in range(len(count)):
            for h in range(len(count)):
                if g != h:
                    products += residual[g, b] * residual[h, b]
                    weights += count[g, b] * count[h, b]
        if weights:
            total += count[:, b].sum() / n * products / weights
    return total


def test_the_error_leaves_out_products_within_a_bucket():
    generator = np.random.default_rng(0)
    count = generator.integers(0, 4, (12, 3)).astype(float)
    count[:, 2] = 0
    count[4, 2] = 5
    residual = count * generator.normal(0.3, 0.2, (12, 3))
    found = calibration_error(count, residual, 0.95)
    assert found.square == pytest.approx(slow_square(count, residual) * count.sum() / count[:, :2].sum())
    assert found.value == pytest.approx(np.sqrt(found.square))


def test_the_interval_holds_what_the_estimate_does_not_contradict():
    generator = np.random.default_rng(1)
    count = np.full((60, 2), 2.0)
    residual = count * generator.normal(0.2, 0.5, (60, 2))
    found = calibration_error(count, residual, 0.9)
    n, total = count.sum(), residual.sum(axis=0)
    weight = count.sum(axis=0) / n / (count.sum(axis=0) ** 2 - (count**2).sum(axis=0))
    centred = residual - residual.mean(axis=0)
    covariance = centred.T @ centred
    noise = 2 * sum(weight[b] * weight[c] * covariance[b, c] ** 2 for b in (0, 1) for c in (0, 1))
    pull = weight * total
    slope = 4 * pull @ covariance @ pull / (pull @ total)
    t = stats.t.ppf(0.95, 59)
    for bound in (found.low**2, found.high**2):
        assert (bound - found.square) ** 2 == pytest.approx(t**2 * (noise + slope * bound), rel=1e-9)
    assert 0 < found.low < found.value < found.high < 1
    assert found.detected


def test_pure_noise_reaches_down_to_zero():
    generator = np.random.default_rng(2)
    count = np.ones((200, 5))
    found = calibration_error(count, generator.choice([-0.5, 0.5], (200, 5)), 0.95)
    assert found.low == 0
    assert found.high < 0.15
    assert not found.detected
    steady = calibration_error(np.ones((50, 1)), np.full((50, 1), 0.9), 0.95)
    assert (steady.low, steady.high) == pytest.approx((0.9, 0.9))
    certain = calibration_error(np.ones((5, 1)), np.array([[1.0], [1], [1], [1], [-1]]), 0.95)
    assert certain.high == 1.0


def test_without_a_gap_only_noise_is_left_and_single_rows_tell_nothing():
    """One bin of four rows with residuals ± ½: N² − Σ N_g² = 12, the covariance is 4 · ¼ = 1."""
    residual = np.array([[0.5, 0.8], [-0.5, 0], [0.5, 0], [-0.5, 0]])
    count = np.array([[1.0, 1], [1, 0], [1, 0], [1, 0]])
    found = calibration_error(count, residual, 0.95)
    assert (found.square, found.noise, found.slope) == pytest.approx((-1 / 12, 2 / 144, 0))
    assert found.high**2 == pytest.approx(-1 / 12 + stats.t.ppf(0.975, 3) * np.sqrt(2 / 144))
    assert (found.value, found.low) == (0, 0)


def test_noise_may_be_measured_on_other_residuals():
    generator = np.random.default_rng(3)
    count = np.ones((80, 2))
    residual = generator.normal(0.3, 0.5, (80, 2))
    calm = calibration_error(count, residual, 0.95, residual * 0.1)
    loud = calibration_error(count, residual, 0.95)
    assert calm.value == loud.value
    assert calm.high - calm.low < (loud.high - loud.low) / 5


def test_the_conclusion_uses_fifteen_equal_mass_bins_by_bucket(some_scores):
    p, y, bucket = (some_scores.columns[name] for name in ("value", "truth", "bucket"))
    result = conclude(some_scores)
    order = np.argsort(p)
    groups = np.empty(900, int)
    groups[order] = equal_mass_groups(np.ones(900), 15)
    buckets = np.unique(bucket, return_inverse=True)[1]
    count, residual = np.zeros((buckets.max() + 1, 15)), np.zeros((buckets.max() + 1, 15))
    np.add.at(count, (buckets, groups), 1)
    np.add.at(residual, (buckets, groups), p - y)
    direct = calibration_error(count, residual, 0.95)
    estimate = result.estimates["calibration_error"]
    assert (estimate.value, estimate.low, estimate.high) == pytest.approx(
        (direct.value, direct.low, direct.high), abs=0.006
    )


# ------------------------------------------------------------------ nulls


def simulated_null(p: np.ndarray, prompt: np.ndarray, statistic, draws: int = 300) -> float:
    """95 % quantile over calibrated labels that are shared within a prompt."""
    generator = np.random.default_rng(0)
    uniform = generator.random((draws, prompt.max() + 1))[:, prompt]
    return float(np.quantile([statistic(p, (u < p).astype(float)) for u in uniform], 0.95))


@pytest.mark.parametrize("copies", [1, 4])
def test_null_quantiles_are_those_of_calibrated_labels_also_within_prompts(copies):
    generator = np.random.default_rng(5)
    p = np.repeat(generator.random(500), copies)
    prompt = np.repeat(np.arange(500), copies)
    y = (np.repeat(generator.random(500), copies) < p).astype(float)
    rows = Rows("score", {"value": p, "truth": y, **identity(500 * copies)})
    where = {name: column[prompt] for name, column in identity(500).items() if name != "row_hash"}
    estimates = conclude(changed(rows, **where)).estimates
    expected = {
        "ece_width_15": simulated_null(p, prompt, lambda p, y: metrics.width_bins(p, y).ece),
        "mce_width_15": simulated_null(p, prompt, lambda p, y: metrics.width_bins(p, y).mce),
        "ece_mass_15": simulated_null(p, prompt, lambda p, y: metrics.mass_bins(p, y).ece),
        "smooth_ece": simulated_null(p, prompt, smooth_ece_of, 60),
        "brier_reliability": simulated_null(p, prompt, lambda p, y: metrics.murphy(p, y).reliability),
        "spiegelhalter_z": simulated_null(p, prompt, lambda p, y: abs(metrics.spiegelhalter_z(p, y))),
    }
    if copies == 1:
        expected["ece_debiased_l2"] = simulated_null(
            p, prompt, lambda p, y: metrics.debiased_l2(metrics.mass_bins(p, y))
        )
    for name, null in expected.items():
        assert estimates[name].null_95 == pytest.approx(null, rel=0.17), name
        assert estimates[name].low is None


def test_nulls_are_seeded(some_pairs):
    one, two, other = (conclude(some_pairs, seed=seed).estimates["ece_width_15"].null_95 for seed in (0, 0, 1))
    assert one == two
    assert one != other


def test_draws_of_the_null_spread_as_its_deviation_says():
    p = np.concatenate([np.full(40, 0.3), np.linspace(0.51, 0.59, 60), [0.95]])
    truth = (np.random.default_rng(1).random(101) < p).astype(float)
    view = View(ANALYSIS.observe(Rows("score", {"value": p, "truth": truth, **identity(101)}), DEFAULTS), 10)
    nulls = bin_nulls(view, null_residual(view), view.width, 0)
    assert nulls.share[:, 0] == pytest.approx(np.array([40, 60, 1]) / 101)
    assert nulls.rate[:, 0] == pytest.approx([0.3, 0.55, 0.95])
    assert nulls.noise[:, 0] == pytest.approx([0.3 * 0.7 / 39, 0.55 * 0.45 / 59, 0])
    assert np.flatnonzero(nulls.deviation).tolist() == [3, 5, 9]
    assert nulls.draws.std(axis=1) == pytest.approx(nulls.deviation[[3, 5, 9]], rel=0.05)
    assert nulls.deviation[3] == pytest.approx(np.sqrt(0.3 * 0.7 / 40), rel=0.03)


@pytest.mark.parametrize(("make", "n"), [(pairs, 40), (scores, 40), (scores, 200)])
def test_the_smooth_null_is_the_width_at_which_smoothed_draws_reach_it(make, n):
    """By direct smoothing with mirror images on the grid, no cosines; the search for the width ends within 1.3 %."""
    view = View(ANALYSIS.observe(make(n, stretch=2.0, seed=6), DEFAULTS), 15)
    residual = null_residual(view)
    sums = view.by_bucket_and_bin(residual / view.rows, view.points)
    if view.paired:
        sums = (sums - sums[:, ::-1]) / 2
    draws = np.random.default_rng(7).standard_normal((SMOOTH_DRAWS, len(sums))) @ sums
    at = (np.arange(SMOOTH_POINTS) + 0.5) / SMOOTH_POINTS

    def reached(width: float) -> float:
        images = [at[:, None] - sign * at + shift for sign in (1, -1) for shift in (-2, 0, 2)]
        kernel = sum(np.exp(-np.square(image / width) / 2) for image in images) / (np.sqrt(2 * np.pi) * width)
        return float(np.quantile(np.abs(draws @ kernel).mean(axis=1), 0.95))

    width = brentq(lambda width: reached(width) - width, 1e-3, 0.5, xtol=1e-6)
    assert smooth_null(view, residual, 7) == pytest.approx(width, rel=0.013)


# ------------------------------------------------------------------ side counts


def test_position_bias_is_the_share_of_wins_of_the_first_shown():
    rows = pairs(400)
    first = np.tile(np.array([1, 0, -1, 1], np.int8), 100)
    label = np.where(first == 1, 0.7, 0.3)
    estimate = conclude(changed(rows, first=first, label=label)).estimates["position_bias"]
    assert estimate.value == pytest.approx(0.2)
    assert estimate.n == 300
    assert (estimate.low, estimate.high) == pytest.approx((0.2, 0.2), abs=1e-9)
    assert conclude(rows).estimates["position_bias"].value is None


def test_the_ceiling_of_noisy_labels_is_found_from_agreement():
    generator = np.random.default_rng(0)
    q = 0.8
    label = generator.binomial(5, np.where(generator.random(3000) < 0.5, q, 1 - q)) / 5
    rows = changed(pairs(3000), label=label, votes=np.full(3000, 5, np.int32))
    estimate = conclude(rows).estimates["label_noise_ceiling"]
    assert estimate.value == pytest.approx(q, abs=0.01)
    assert estimate.low < q < estimate.high
    assert conclude(pairs(300)).estimates["label_noise_ceiling"].value is None


def test_corp_of_cells_is_that_of_rows(some_scores):
    p, y = some_scores.columns["value"], some_scores.columns["truth"]
    picture = conclude(some_scores).pictures["corp"]
    curve = np.interp(p, picture["x"], picture["y"])
    assert np.mean((curve - y) ** 2) == pytest.approx(corp(p, y).uncertainty - corp(p, y).discrimination, abs=0.002)


@pytest.mark.parametrize(("make", "seed"), [(pairs, 1), (pairs, 4), (scores, 2), (scores, 3)])
@pytest.mark.parametrize("n", [30, 40, 100])
def test_null_quantiles_stay_in_the_range_of_what_they_are_of(make, seed, n):
    found = conclude(make(n, stretch=3.0, seed=seed)).estimates
    for name in ("ece_width_15", "ece_mass_15", "mce_width_15", "smooth_ece", "ece_debiased_l2", "brier_reliability"):
        assert 0 <= found[name].null_95 <= 1, name


def test_the_null_of_the_largest_gap_is_that_of_calibrated_outcomes():
    """Against outcomes drawn from the probabilities themselves: without bounds on single rows it was 25 % too high."""
    generator = np.random.default_rng(0)
    ratios = []
    for seed in range(6):
        rows = pairs(100, stretch=3.0, seed=seed)
        confidence = expit(np.abs(rows.columns["margin"]))
        drawn = [metrics.width_bins(confidence, (generator.random(100) < confidence) * 1.0).mce for _ in range(600)]
        ratios.append(conclude(rows).estimates["mce_width_15"].null_95 / np.quantile(drawn, 0.95))
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.12)


@pytest.mark.parametrize(("buckets", "told"), [(0, False), (1, False), (2, True)])
def test_side_counts_need_two_buckets(buckets, told):
    rows = pairs(200)
    known = np.isin(rows.columns["bucket"], np.unique(rows.columns["bucket"])[:buckets])
    rows = changed(
        rows,
        first=np.where(known, 1, -1).astype(np.int8),
        votes=np.where(known, 4, 1).astype(np.int32),
        label=np.where(known, 0.75, rows.columns["label"]),
    )
    estimates = conclude(rows).estimates
    assert (estimates["position_bias"].value is not None) == told
    assert (estimates["label_noise_ceiling"].value is not None) == told
    if told:
        assert estimates["position_bias"].value == pytest.approx(0.25)
        assert estimates["label_noise_ceiling"].value == pytest.approx(0.5)
        assert estimates["label_noise_ceiling"].n == estimates["position_bias"].n == known.sum()


def test_intervals_end_where_the_estimate_can_no_longer_lie():
    rows = pairs(40, seed=1)
    margin = np.abs(rows.columns["margin"])
    first = np.tile(np.array([1, 0], np.int8), 20)
    for wrong, side in ((1, "high"), (39, "low")):
        label = (np.arange(40) >= wrong).astype(float)
        turned = np.where(first == 1, 1, -1)
        told = changed(rows, margin=margin * turned, label=np.where(first == 1, label, 1 - label), first=first)
        estimates = conclude(told).estimates
        accuracy, bias = estimates["accuracy"], estimates["position_bias"]
        assert accuracy.value == pytest.approx(1 - wrong / 40)
        assert bias.value == pytest.approx(0.5 - wrong / 40)
        assert getattr(accuracy, side) == (1 if side == "high" else 0)
        assert getattr(bias, side) == (0.5 if side == "high" else -0.5)
    balanced = changed(scores(40), truth=np.tile([0.0, 1.0], 20))
    uncertainty = conclude(balanced).estimates["brier_uncertainty"]
    assert (uncertainty.value, uncertainty.high) == pytest.approx((0.25, 0.25))
    assert conclude(balanced).estimates["brier_resolution"].low >= 0


def test_the_temperature_is_open_above_where_the_slope_may_be_zero():
    view = View(ANALYSIS.observe(pairs(50), DEFAULTS), 15)
    told = [_temperature(view, 0.5, spread, 0.95) for spread in (0.25, 0.5, 0.6)]
    assert [(one.value, one.high) for one in told] == [(2, 4), (2, None), (2, None)]
    assert [one.low for one in told] == pytest.approx([1 / 0.75, 1, 1 / 1.1])
    assert _temperature(view, 0.0, 0.1, 0.95).value is None
