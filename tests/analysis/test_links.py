from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit, log_expit, logit

from engine.analysis.links import fit_beta, fit_platt, fit_power, fit_slope, log_loss, softplus

GENERATOR = np.random.default_rng(11)
MARGIN = GENERATOR.normal(0.4, 2.0, 400)
LABEL = (GENERATOR.random(400) < expit(0.6 * MARGIN + 0.3)).astype(float)
ONES = np.ones((1, 400))


def direct(curve, start) -> np.ndarray:
    """The optimum by a general minimiser."""
    loss = lambda theta: log_loss(curve(theta), np.ones(400), LABEL).sum()  # noqa: E731
    return minimize(loss, start, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 5000}).x


def test_softplus_and_loss_do_not_overflow():
    assert softplus(np.array([-800.0, 0.0, 800.0])).tolist() == pytest.approx([0, np.log(2), 800])
    assert log_loss(np.array([2.0]), np.array([3.0]), np.array([1.0]))[0] == pytest.approx(3 * np.log1p(np.exp(2)) - 2)


def test_slope_and_platt_are_the_optima():
    assert fit_slope(MARGIN, ONES, LABEL[None])[0] == pytest.approx(direct(lambda t: t[0] * MARGIN, [1.0]), abs=1e-6)
    best = direct(lambda t: t[0] * MARGIN + t[1], [1.0, 0.0])
    assert fit_platt(MARGIN, ONES, LABEL[None])[0] == pytest.approx(best, abs=1e-6)


def test_beta_is_the_optimum_where_both_slopes_are_positive():
    best = direct(lambda t: t[0] * log_expit(MARGIN) - t[1] * log_expit(-MARGIN) + t[2], [1.0, 1.0, 0.0])
    assert (best[:2] > 0).all()
    assert fit_beta(MARGIN, ONES, LABEL[None])[0] == pytest.approx(best, abs=1e-5)


@pytest.mark.parametrize(("a", "b", "held"), [(-0.3, 1.2, 0), (1.2, -0.3, 1)])
def test_beta_holds_a_negative_slope_at_zero(a, b, held):
    generator = np.random.default_rng(5)
    margin = generator.normal(0, 2, 4000)
    label = (generator.random(4000) < expit(a * log_expit(margin) - b * log_expit(-margin) + 0.2)).astype(float)
    free = [1 - held, 2]
    features = np.stack([log_expit(margin), -log_expit(-margin), np.ones(4000)], axis=1)
    fitted = fit_beta(margin, np.ones((2, 4000)), np.stack([label, expit(margin)]))
    assert fitted[0, held] == 0
    assert fitted[0, 1 - held] > 0.5
    assert features[:, free].T @ (expit(features @ fitted[0]) - label) == pytest.approx([0, 0], abs=1e-6)
    assert fitted[1] == pytest.approx([1, 1, 0], abs=1e-6)


def test_beta_of_reversed_labels_is_constant():
    label = (np.random.default_rng(6).random(400) < expit(-2 * MARGIN)).astype(float)
    assert fit_beta(MARGIN, ONES, label[None])[0] == pytest.approx([0, 0, logit(label.mean())])


def test_power_recovers_its_own_curve():
    generator = np.random.default_rng(8)
    margin = np.concatenate([np.abs(generator.normal(0, 2, 60_000)), [0.0]])
    label = (generator.random(60_001) < expit(0.8 * margin**0.6)).astype(float)
    a, g = fit_power(margin, np.ones((1, 60_001)), label[None])[0]
    assert (a, g) == pytest.approx((0.8, 0.6), abs=0.04)


def test_the_power_is_the_optimum_also_on_few_noisy_rows():
    generator = np.random.default_rng(3)
    for _ in range(20):
        margin = np.abs(generator.normal(0, 3, 60)) * generator.choice([1, 12], 60)
        label = generator.random(60) < 0.7
        a, g = fit_power(margin, np.ones((1, 60)), label[None].astype(float))[0]
        if np.isfinite(a):
            p = expit(a * margin**g)
            assert (p - label) @ (margin**g) == pytest.approx(0, abs=1e-4)
            assert (p - label) @ (a * margin**g * np.log(margin)) == pytest.approx(0, abs=1e-3)


def test_cells_of_equal_margin_give_the_same_as_rows_and_sets_do_not_mix():
    margin = np.array([0.5, 1.0, 2.0])
    count = np.array([[10.0, 20, 30], [30, 20, 10]])
    correct = np.array([[6.0, 13, 25], [16, 15, 7]])
    together = fit_slope(margin, count, correct)
    for index in range(2):
        rows = np.repeat(margin, count[index].astype(int))
        labels = np.concatenate([np.arange(n) < k for n, k in zip(count[index], correct[index], strict=True)])
        alone = fit_slope(rows, np.ones((1, 60)), labels.astype(float)[None])
        assert together[index] == pytest.approx(alone[0], abs=1e-9)


def test_separated_labels_give_nan():
    margin = np.array([-1.0, 1.0])
    assert np.isnan(fit_slope(margin, np.ones((1, 2)), np.array([[0.0, 1.0]]))).all()
    assert not np.isnan(fit_slope(margin, np.ones((1, 2)), np.array([[0.4, 1.0]]))).any()


def test_margins_that_are_right_already_are_left_exactly_as_they_are():
    margin, count = np.array([-3.0, -0.5, 0.2, 1.0, 4.0]), np.array([[3.0, 10, 7, 20, 5]])
    right = count * expit(margin)
    assert fit_slope(margin, count, right)[0] == pytest.approx([1], abs=1e-15)
    assert fit_platt(margin, count, right)[0] == pytest.approx([1, 0], abs=1e-15)
    assert fit_beta(margin, count, right)[0] == pytest.approx([1, 1, 0], abs=1e-14)
    assert fit_power(margin[2:], count[:, 2:], right[:, 2:])[0] == pytest.approx([1, 1], abs=1e-15)


@pytest.mark.parametrize("unit", [0.1, 10.0, 100.0])
def test_the_unit_of_the_margin_does_not_matter(unit):
    assert fit_slope(MARGIN * unit, ONES, LABEL[None]) * unit == pytest.approx(
        fit_slope(MARGIN, ONES, LABEL[None]), rel=1e-6
    )
    slope, intercept = fit_platt(MARGIN * unit, ONES, LABEL[None])[0]
    assert (slope * unit, intercept) == pytest.approx(tuple(fit_platt(MARGIN, ONES, LABEL[None])[0]), rel=1e-6)
