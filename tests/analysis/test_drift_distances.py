"""Distances from one sort against scipy, published values and what has to hold of any distance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from scipy.spatial.distance import jensenshannon

from engine.analysis.drift.distances import (
    chi_square,
    cliffs_delta,
    distances,
    jensen_shannon,
    psi,
    psi_sturges,
    reference_edges,
    sturges_shares,
    without_last_bit,
)

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False, width=32)
FEW = st.integers(-4, 4).map(lambda one: one / 4)
SAMPLES = st.one_of(
    arrays(np.float64, st.integers(1, 80), elements=NUMBERS), arrays(np.float64, st.integers(1, 80), elements=FEW)
)


def published() -> tuple[np.ndarray, np.ndarray]:
    """The samples on which the reference values were made."""
    generator = np.random.default_rng(20261123)
    generator.normal(0.6, 1.2, 2000)
    generator.random(2000)
    return generator.normal(0, 1, 1500), generator.normal(0.15, 1.1, 1200)


def test_values_of_other_packages_on_the_reference_samples():
    a, b = published()
    found = distances(a, b)
    assert found.ks == pytest.approx(0.065, rel=1e-12)
    assert found.wasserstein == pytest.approx(0.13813227021423202, rel=1e-12)  # scipy and POT
    assert found.energy == pytest.approx(0.10510312725721929, rel=1e-12)
    assert found.psi == pytest.approx(0.03829372669239543, rel=1e-12)
    assert psi_sturges(a, b) == pytest.approx(0.04478534408561222, rel=1e-12)  # Evidently's convention
    p, q = (np.where(share > 0, share, 1e-4) for share in sturges_shares(a, b))
    assert jensen_shannon(p, q) == pytest.approx(0.0882007476016124, rel=1e-12)
    assert jensen_shannon(p, q, np.e) == pytest.approx(0.07343193912327865, rel=1e-12)


def by_scipy(a: np.ndarray, b: np.ndarray) -> tuple[float, float, float]:
    with np.errstate(all="ignore"):  # its p-value of one row against one
        ks = stats.ks_2samp(a, b, method="asymp").statistic
    return float(ks), float(stats.wasserstein_distance(a, b)), float(stats.energy_distance(a, b))


@settings(max_examples=200, deadline=None)
@given(SAMPLES, SAMPLES)
def test_the_same_as_scipy(a, b):
    a, b = without_last_bit(a), without_last_bit(b)
    found = distances(a, b)
    ks, wasserstein, energy = by_scipy(a, b)
    assert found.ks == pytest.approx(ks, rel=1e-12, abs=1e-15)
    assert found.wasserstein == pytest.approx(wasserstein, rel=1e-11, abs=1e-12)
    assert found.energy == pytest.approx(energy, rel=1e-9, abs=1e-7)


@pytest.mark.parametrize("size", [70_000, 200_001])
def test_the_same_as_scipy_over_several_blocks(size):
    generator = np.random.default_rng(size)
    for a, b in (
        (generator.normal(size=size), generator.normal(0.1, 1.2, size // 2)),
        (generator.integers(0, 9, size) * 1.0, generator.integers(1, 9, size) * 1.0),
        (generator.normal(size=size).astype(np.float32), generator.normal(size=size).astype(np.float32)),
    ):
        found = distances(a, b)
        ks, wasserstein, energy = by_scipy(np.asarray(a, float), np.asarray(b, float))
        assert (found.ks, found.wasserstein) == pytest.approx((ks, wasserstein), rel=1e-12)
        assert found.energy == pytest.approx(energy, rel=1e-9)
        wide = [np.asarray(side, float) for side in (a, b)]
        if len(np.unique(wide[0])) > 99:  # numpy's own deciles and histogram; where rows share them it has no answer
            edges = np.quantile(wide[0], np.linspace(0, 1, 11)[1:-1])
            bins = np.concatenate([[-np.inf], edges, [np.inf]])
            p, q = (np.histogram(side, bins)[0] / len(side) for side in wide)
            assert found.psi == pytest.approx(float(((q - p) * np.log(q / p)).sum()), rel=1e-11)
            assert found.js == pytest.approx(float(jensenshannon(p, q, 2)), rel=1e-11)


@settings(max_examples=100, deadline=None)
@given(SAMPLES, SAMPLES, st.floats(0.01, 100), st.floats(-100, 100))
def test_symmetry_scale_and_order(a, b, scale, shift):
    found, turned = distances(a, b), distances(b, a)
    assert (found.ks, found.energy) == pytest.approx((turned.ks, turned.energy))
    assert found.wasserstein == pytest.approx(turned.wasserstein)
    assert distances(a[::-1], b[::-1]) == found
    assert 0 <= found.ks <= 1
    assert 0 <= found.js <= 1
    assert min(found.psi, found.wasserstein, found.energy) >= 0
    moved_a, moved_b = scale * a + shift, scale * b + shift
    assume(len(np.unique(np.concatenate([moved_a, moved_b]))) == len(np.unique(np.concatenate([a, b]))))
    moved = distances(moved_a, moved_b)
    assert moved.wasserstein == pytest.approx(scale * found.wasserstein, rel=1e-6, abs=1e-6)


@given(SAMPLES)
def test_a_sample_does_not_differ_from_itself(a):
    found = distances(a, a.copy())
    assert (found.ks, found.wasserstein, found.energy) == pytest.approx((0, 0, 0), abs=1e-9)
    assert (found.psi, found.js) == pytest.approx((0, 0), abs=1e-7)


def test_samples_are_left_as_they_were_and_refused_where_they_are_none():
    a, b = np.array([0.1, -0.0, 3.0]), np.array([0.3])
    distances(a, b)
    assert a.tolist() == [0.1, 0.0, 3.0]
    assert np.signbit(a[1])
    for bad in (np.zeros(0), np.array([np.nan]), np.array([np.inf, 1]), np.array([-np.inf])):
        with pytest.raises(ValueError, match="a distance needs"):
            distances(bad, b)
        with pytest.raises(ValueError, match="a distance needs"):
            distances(b, bad)


def test_constants_and_what_lies_apart():
    same = distances(np.full(5, 0.1), np.full(9, 0.1))
    assert (same.ks, same.wasserstein, same.psi, same.js) == (0, 0, 0, 0)
    apart = distances(np.full(50, 0.1), np.full(40, 0.3))
    assert (apart.ks, apart.wasserstein, apart.js) == pytest.approx((1, 0.2, 1))
    low = distances(np.full(50, 0.1), np.full(40, -0.3))
    assert (low.ks, low.js) == pytest.approx((1, 1))
    assert distances(np.array([0.0, -0.0]), np.array([-0.0])).ks == 0


@settings(max_examples=100, deadline=None)
@given(SAMPLES, SAMPLES)
def test_bins_of_rows_are_those_of_the_one_sort(a, b):
    """What is tallied row by row and what the sort counts are the same bins, whatever the last bit of a number."""
    edges = reference_edges(without_last_bit(a))
    sides = [np.searchsorted(edges, without_last_bit(side), "right") for side in (a, b)]
    p, q = (np.bincount(side, minlength=len(edges) + 1) / len(side) for side in sides)
    found = distances(a, b)
    assert found.psi == pytest.approx(psi(p, q, len(a), len(b)), rel=1e-9, abs=1e-12)
    assert found.js == pytest.approx(jensen_shannon(p, q), rel=1e-9, abs=1e-12)


def test_a_number_that_many_share_has_a_bin_of_its_own():
    reference = without_last_bit(np.repeat([0.0, 0.1, 0.7], [60, 30, 10]))
    edges = reference_edges(reference)
    later = without_last_bit(np.array([-1, 0, 0.05, 0.1, 0.2, 0.7, 2]))
    bins = np.searchsorted(edges, later, "right").tolist()
    assert bins[1] != bins[0]
    assert bins[1] != bins[2]
    assert bins[3] != bins[2]
    assert bins[3] != bins[4]


def test_an_empty_bin_counts_as_half_a_row():
    p, q = np.array([0.5, 0.5, 0.0, 0.0]), np.array([0.25, 0.5, 0.25, 0.0])
    expected = 0.25 * np.log(2) + (0.25 - 0.5 / 40) * np.log(0.25 / (0.5 / 40))
    assert psi(p, q, 40, 80) == pytest.approx(expected)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 50), min_size=4, max_size=4), st.lists(st.integers(0, 50), min_size=4, max_size=4))
def test_pearsons_statistic(one, two):
    assume(sum(one) and sum(two))
    table = np.array([one, two])
    table = table[:, table.sum(axis=0) > 0]
    expected = stats.chi2_contingency(table, correction=False).statistic
    assert chi_square(np.array(one, float), np.array(two, float)) == pytest.approx(expected, abs=1e-9)


@given(SAMPLES, SAMPLES)
def test_cliffs_delta_is_that_of_every_pair(a, b):
    value, of_a, of_b = cliffs_delta(a, b)
    signs = np.sign(b[:, None] - a[None, :])
    assert value == pytest.approx(signs.mean(), abs=1e-12)
    assert of_b == pytest.approx(signs.mean(axis=1), abs=1e-12)
    assert of_a == pytest.approx(signs.mean(axis=0), abs=1e-12)
    assert value == pytest.approx(2 * stats.mannwhitneyu(b, a).statistic / len(a) / len(b) - 1, abs=1e-12)
