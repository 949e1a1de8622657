from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from engine.analysis.intervals import (
    benjamini_hochberg,
    bucket_bootstrap,
    critical,
    jackknife,
    leave_one_out,
    normal_quantile,
    standard_error,
)

SUMS = np.array([[2.0, 3, 1, 4], [1.0, 2, 0, 3]])


def mean(sums: np.ndarray) -> np.ndarray:
    return sums[1] / sums[0]


def test_quantiles():
    assert critical(0.95, 11) == pytest.approx(stats.t.ppf(0.975, 10))
    assert critical(0.9, 1) == pytest.approx(stats.t.ppf(0.95, 1))
    assert normal_quantile(0.9) == pytest.approx(stats.norm.ppf(0.95))


def test_leave_one_out_leaves_one_out():
    assert leave_one_out(SUMS).tolist() == [[8, 7, 9, 6], [5, 4, 6, 3]]


def test_standard_error_of_a_mean_is_the_usual_one():
    values = np.array([1.0, 4, 2, 7, 3])
    without = (values.sum() - values) / 4
    assert standard_error(without) == pytest.approx(values.std(ddof=1) / np.sqrt(5))
    assert standard_error(np.array([1.0])) == np.inf
    assert standard_error(np.array([1.0, 2.0])) == pytest.approx(0.5)


def test_jackknife_by_hand():
    value, low, high = jackknife(mean, SUMS, 0.9)
    replicates = np.array([5 / 8, 4 / 7, 6 / 9, 3 / 6])
    spread = stats.t.ppf(0.95, 3) * np.sqrt(3 / 4 * ((replicates - replicates.mean()) ** 2).sum())
    assert (value, low, high) == pytest.approx((0.6, 0.6 - spread, 0.6 + spread))


def test_bucket_bootstrap_agrees_with_the_jackknife_on_a_mean():
    generator = np.random.default_rng(0)
    count = generator.integers(1, 9, 300).astype(float)
    sums = np.stack([count, generator.binomial(count.astype(int), 0.3).astype(float)])
    sums = np.concatenate([sums, np.zeros((2, 5))], axis=1)
    low, high = bucket_bootstrap(mean, sums, 0.95, 2000, seed=1)
    _, expected_low, expected_high = jackknife(mean, sums[:, :300], 0.95)
    assert (low, high) == pytest.approx((expected_low, expected_high), abs=0.002)
    assert bucket_bootstrap(mean, sums, 0.95, 200, seed=1) == bucket_bootstrap(mean, sums, 0.95, 200, seed=1)
    assert bucket_bootstrap(mean, sums, 0.5, 2000, seed=1)[0] > low


def test_buckets_without_rows_do_not_change_the_bootstrap():
    sums = np.array([[2.0, 0, 3, 1, 0, 4], [1.0, 0, 2, 0, 0, 3]])
    assert bucket_bootstrap(mean, sums, 0.9, 100, seed=3) == bucket_bootstrap(mean, SUMS, 0.9, 100, seed=3)


def test_bucket_bootstrap_takes_binned_sums():
    sums = np.ones((2, 40, 3))
    low, high = bucket_bootstrap(lambda part: part[1].sum(axis=-1) / part[0].sum(axis=-1), sums, 0.95, 50, seed=0)
    assert (low, high) == (1, 1)


def test_benjamini_hochberg_equals_scipy():
    p = np.array([0.041, 0.001, 0.042, 0.008, 0.06, 0.9, 0.039])
    assert benjamini_hochberg(p) == pytest.approx(stats.false_discovery_control(p))
    assert benjamini_hochberg(np.array([0.7])).tolist() == [0.7]
