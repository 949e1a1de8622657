"""The mixture against the same worked out the long way, and its futures against what they are drawn from."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter

from engine.analysis.forecast import design
from engine.analysis.forecast.blocks import Blocks, blocks_of
from engine.analysis.forecast.mixture import fit
from engine.analysis.forecast.noise import MOST_BLOCKS, noise
from engine.analysis.forecast.paths import sample
from engine.analysis.forecast.shapes import changes, shapes, trends
from tests.analysis.curve_worlds import saturating, walk


def blocks(values: np.ndarray) -> Blocks:
    return blocks_of(np.arange(len(values), dtype=float), values)


@pytest.mark.parametrize("averaged", [True, False])
def test_whitening_makes_every_kind_of_noise_white(averaged: bool) -> None:
    kinds = noise(averaged)
    for place in range(len(kinds.keeps)):
        inverse = np.linalg.inv(kinds.whiten[place])
        covariance = inverse @ inverse.T
        sign, size = np.linalg.slogdet(covariance[:40, :40])
        assert (sign, kinds.logdet[place, 39]) == (1, pytest.approx(size, abs=1e-8))
        assert np.allclose(
            kinds.whiten[place, :40, :40] @ covariance[:40, :40] @ kinds.whiten[place, :40, :40].T, np.eye(40)
        )
    assert kinds.prior.sum() == pytest.approx(1)


def test_means_of_a_walk_over_blocks_have_the_covariance_that_is_said() -> None:
    """Two thirds of the variance of its steps is left of differences of its means (Working 1960)."""
    steps = np.random.default_rng(0).normal(size=(4000, 6 * 200)).cumsum(axis=1) / np.sqrt(200)
    means = steps.reshape(4000, 6, 200).mean(axis=2)
    kinds = noise(True)
    place = int(np.flatnonzero(kinds.walks & (kinds.white == 0))[0])
    inverse = np.linalg.inv(kinds.whiten[place, :6, :6])
    np.testing.assert_allclose(np.cov(means.T), inverse @ inverse.T, rtol=0.1, atol=0.08)
    assert np.diff(means, axis=1).var() == pytest.approx(2 / 3, rel=0.05)
    ends = steps.reshape(4000, 6, 200)[:, 3, -1]
    expected = np.array([np.cov(means[:, one], ends)[0, 1] for one in range(4)])
    np.testing.assert_allclose(kinds.now[place, 3, :4], expected, rtol=0.1)


def test_means_of_a_process_that_returns_have_the_covariance_that_is_said() -> None:
    keeps, points = 0.6, 100
    own = keeps ** (1 / points)
    drawn = np.random.default_rng(1).normal(0, np.sqrt(1 - own**2), (3000, 12 * points))
    path = lfilter([1.0], [1.0, -own], drawn, axis=1)[:, 6 * points :]
    means = path.reshape(3000, 6, points).mean(axis=2)
    kinds = noise(True)
    place = int(np.flatnonzero((kinds.keeps == keeps) & (kinds.white == 0))[0])
    inverse = np.linalg.inv(kinds.whiten[place, :6, :6])
    np.testing.assert_allclose(np.cov(means.T), inverse @ inverse.T, atol=0.06)


@pytest.mark.parametrize("points", [60, 900])
def test_what_is_left_unexplained_is_that_of_generalised_least_squares(points: int) -> None:
    found = blocks(saturating(points, 1))
    cut = len(found) * 3 // 4
    mixture = fit(found, (cut, len(found)))
    kinds, y = mixture.kinds, (found.mean - mixture.shift) / mixture.scale
    f, g = trends(found.time), changes(found.time)
    generator = np.random.default_rng(2)
    feasible = np.argwhere(np.isfinite(mixture.design.before[..., 0]) & (mixture.weights[..., 0] > 1e-12))
    for c, s, k in feasible[generator.choice(len(feasible), 40)].tolist():
        columns = [np.ones(len(found)), *([f[s]] if s else []), *([g[k]] if k else [])]
        whiten = kinds.whiten[c, :cut, :cut]
        x, own = whiten @ np.stack(columns, axis=1)[:cut], whiten @ y[:cut]
        left = own - x @ np.linalg.lstsq(x, own, rcond=None)[0]
        assert mixture.rest[c, s, k, 0] == pytest.approx(float(left @ left), rel=1e-6, abs=1e-9)
        assert mixture.design.freedom[s, k, 0] == cut - len(columns)


def test_every_origin_is_fitted_as_if_the_line_ended_there() -> None:
    found = blocks(saturating(100, 3))
    both = fit(found, (60, 100))
    short = fit(Blocks(found.at[:60], found.mean[:60], found.time[:60], found.starts[:61], found.around, found.first,
                       found.span, found.spacing), (60,))  # fmt: skip
    np.testing.assert_allclose(both.weights[..., 0], short.weights[..., 0], atol=1e-9)


def test_weights_do_not_depend_on_the_unit_of_the_line() -> None:
    value = saturating(300, 4)
    one, other = (fit(blocks(each), (64, 100)).weights for each in (value, 1e6 * value - 3e7))
    np.testing.assert_allclose(one, other, atol=1e-6)


def test_no_change_is_believed_of_which_little_is_seen() -> None:
    found = blocks(saturating(2000, 5))
    known, mixture = shapes(), fit(found, (64, len(found)))
    late = known.place > found.time[63]
    assert mixture.weights[:, :, np.flatnonzero(late)[1:], 0].sum() == 0
    assert np.isfinite(mixture.design.before[0, 0, 0]).all()


def test_futures_are_drawn_from_what_was_fitted() -> None:
    """Of white noise about a level nothing but the mean, its error and the noise is left."""
    value = np.random.default_rng(6).normal(2.0, 0.5, 128 * 20)
    found = blocks(value)
    mixture = fit(found, (len(found),))
    kind = np.zeros(20_000, np.int64)
    drawn = sample(mixture, 0, (kind, kind, kind), found.ahead(3), np.random.default_rng(1))
    spread = value.reshape(128, 20).mean(axis=1).std(ddof=1)
    assert drawn.mean.mean() == pytest.approx(value.mean(), abs=0.01)
    assert drawn.mean[:, 1].std() == pytest.approx(spread * np.sqrt(1 + 1 / 128), rel=0.03)
    assert drawn.level[:, 1].std() == pytest.approx(spread / np.sqrt(128), rel=0.05)


def test_futures_of_a_walk_go_on_from_its_end_and_spread_with_the_root_of_time() -> None:
    value = walk(6400, 7)
    found = blocks(value)
    mixture = fit(found, (len(found),))
    assert mixture.random_walk() > 0.5
    place = int(np.flatnonzero(mixture.kinds.walks & (mixture.kinds.white == 0))[0])
    none = np.zeros(20_000, np.int64)
    drawn = sample(mixture, 0, (none + place, none, none), found.ahead(40), np.random.default_rng(1))
    assert drawn.now.mean() == pytest.approx(value[-1], abs=0.03 * np.sqrt(50))
    assert drawn.level[:, -1].std() == pytest.approx(0.03 * np.sqrt(39.5 * 50), rel=0.15)


def test_blocks_hold_every_point_but_the_oldest_few() -> None:
    for size in (30, 100, 128, 129, 300, 511, 512, 700, 4500):
        value = np.random.default_rng(size).normal(size=size)
        found = blocks(value)
        assert len(found) <= MOST_BLOCKS
        assert found.starts[-1] == size
        assert found.starts[0] <= size / 60
        sizes = np.diff(found.starts)
        assert sizes.max() - sizes.min() <= 1
        assert found.mean @ sizes == pytest.approx(value[found.starts[0] :].sum())


def test_lines_of_the_same_places_share_a_design() -> None:
    one, other = (design.design_of(blocks(saturating(700, seed)), (64, 128)) for seed in (1, 2))
    assert one is other
