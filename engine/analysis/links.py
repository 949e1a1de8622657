"""Links from a margin to a probability: temperature, Platt, beta and an odd power, fitted by maximum likelihood.

Fits take sums by cell: `count` rows of mean margin `margin`, of which `correct` (a sum of labels in [0, 1]) came out;
a single row is a cell of count 1. `count` and `correct` have shape (sets, cells): several sets (folds) are fitted at
once. Results have shape (sets, parameters); a set without an optimum, as where the margin separates the labels, gives
nan.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import expit, log_expit, logit

from engine.analysis.arrays import Floats

Curve = Callable[[Floats], tuple[Floats, Floats, Floats]]
"""Parameters (sets, k) to logits f (sets, cells), their derivatives f' (sets, cells, k) and the bend b (sets, cells).

The second derivatives are b · f' f'ᵀ: b is 0 for linear curves and 1 / f for exponential ones.
"""

STEPS = 50
TOLERANCE = 1e-10
SETTLED = 1e-6
"""A last whole step, relative, beyond this means that there is no optimum."""

LONGEST_STEP = 2.0
RIDGE = 1e-13
SEPARATED = 1e-9
"""Mean log loss below which the labels count as separated by the margin."""


def softplus(x: Floats) -> Floats:
    """log(1 + eˣ) without overflow."""
    return np.asarray(-log_expit(-x))


def log_loss(logit: Floats, count: Floats, correct: Floats) -> Floats:
    """Log loss in nats of each cell: count · log(1 + e^f) − correct · f."""
    return np.asarray(count * softplus(logit) - correct * logit)


def newton(curve: Curve, count: Floats, correct: Floats, start: list[float]) -> Floats:
    """Minimise the log loss by Newton's method with step halving; Fisher scoring where it bends the wrong way."""
    theta = np.tile(np.array(start), (len(count), 1))
    logit, slope, bend = curve(theta)
    loss = log_loss(logit, count, correct).sum(axis=1)
    size, moved = np.ones(len(count)), np.full(len(count), np.inf)
    for _ in range(STEPS):
        whole = _step(logit, slope, bend, count, correct)
        moved = (np.abs(whole) / (1 + np.abs(theta))).max(axis=1)
        if (moved <= TOLERANCE).all():
            break
        step = size[:, None] * whole
        logit_new, slope_new, bend_new = curve(theta + step)
        loss_new = log_loss(logit_new, count, correct).sum(axis=1)
        better = loss_new <= loss
        theta = np.where(better[:, None], theta + step, theta)
        logit, bend = np.where(better[:, None], logit_new, logit), np.where(better[:, None], bend_new, bend)
        slope = np.where(better[:, None, None], slope_new, slope)
        loss = np.where(better, loss_new, loss)
        size = np.where(better, np.minimum(1.0, 2 * size), size / 4)
    found = (moved <= SETTLED) & (loss >= SEPARATED * count.sum(axis=1))
    return np.where(found[:, None], theta, np.nan)


def _step(logit: Floats, slope: Floats, bend: Floats, count: Floats, correct: Floats) -> Floats:
    p = expit(logit)
    downhill = ((correct - count * p)[:, None, :] @ slope)[:, 0]
    fisher = _information(count * p * (1 - p), slope)
    exact = _information(count * p * (1 - p) + (count * p - correct) * bend, slope)
    convex = np.linalg.eigvalsh(exact)[:, 0] > RIDGE * np.trace(fisher, axis1=1, axis2=2)
    information = np.where(convex[:, None, None], exact, fisher)
    step = np.linalg.solve(information, downhill[:, :, None])[:, :, 0]
    longest = np.abs(step).max(axis=1, keepdims=True)
    return np.asarray(step * (LONGEST_STEP / np.maximum(longest, LONGEST_STEP)))


def _information(weight: Floats, slope: Floats) -> Floats:
    """Σ weight · slope slopeᵀ over cells, made invertible by a trace of ridge."""
    information = (slope * weight[:, :, None]).transpose(0, 2, 1) @ slope
    ridge = RIDGE * np.trace(information, axis1=1, axis2=2).clip(0) + 1e-100
    return np.asarray(information + ridge[:, None, None] * np.eye(slope.shape[2]))


def linear(features: Floats) -> Curve:
    """The curve f = Σ θ_k · feature_k for features of shape (cells, k)."""

    def curve(theta: Floats) -> tuple[Floats, Floats, Floats]:
        logit = theta @ features.T
        return logit, np.broadcast_to(features, (len(theta), *features.shape)), np.zeros_like(logit)

    return curve


def fit_slope(margin: Floats, count: Floats, correct: Floats) -> Floats:
    """β of P = sigmoid(β · margin); the temperature is 1 / β (Guo et al. 2017, arXiv:1706.04599)."""
    return newton(linear(margin[:, None]), count, correct, [1.0])


def fit_platt(margin: Floats, count: Floats, correct: Floats) -> Floats:
    """a, b of P = sigmoid(a · margin + b) (Platt 1999), without a prior."""
    features = np.stack([margin, np.ones_like(margin)], axis=1)
    return newton(linear(features), count, correct, [1.0, 0.0])


def fit_beta(margin: Floats, count: Floats, correct: Floats) -> Floats:
    """a, b, c of logit P = a · log p − b · log(1 − p) + c with a, b ≥ 0 (Kull et al. 2017).

    p = sigmoid(margin). Where the free fit has a negative a or b, that one is held at 0; where the other then is
    negative, both are.
    """
    features = np.stack([log_expit(margin), -log_expit(-margin), np.ones_like(margin)], axis=1)
    theta = newton(linear(features), count, correct, [1.0, 1.0, 0.0])
    for negative, others in ((0, [1, 2]), (1, [0, 2])):
        broken = theta[:, negative] < 0
        if broken.any():
            held = np.zeros((int(broken.sum()), 3))
            held[:, others] = newton(linear(features[:, others]), count[broken], correct[broken], [1.0, 0.0])
            theta[broken] = held
    backward = (theta[:, :2] < 0).any(axis=1)
    theta[backward] = 0.0
    theta[backward, 2] = logit((correct.sum(axis=1) / count.sum(axis=1))[backward])
    return theta


def fit_power(margin: Floats, count: Floats, correct: Floats) -> Floats:
    """a, g of logit P = a · sign(d) · |d|^g, the odd link of a pair (margin d ≥ 0 here); a, g > 0."""
    known = margin > 0
    log_margin = np.log(np.where(known, margin, 1.0))

    def curve(theta: Floats) -> tuple[Floats, Floats, Floats]:
        exponent = np.clip(theta[:, :1] + theta[:, 1:] * log_margin, -40.0, 40.0)
        logit = np.where(known, np.exp(exponent), 0.0)
        bend = np.divide(1.0, logit, out=np.zeros_like(logit), where=known)
        return logit, np.stack([logit, logit * log_margin], axis=2), bend

    theta = newton(curve, count, correct, [0.0, 1.0])
    theta[~(theta[:, 1] > 0)] = np.nan
    return np.stack([np.exp(theta[:, 0]), theta[:, 1]], axis=1)
