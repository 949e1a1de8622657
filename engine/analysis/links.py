"""Links from a margin to a probability: temperature, Platt, beta and an odd power, fitted by maximum likelihood.

Fits take sums by cell: `count` rows of mean margin `margin`, of which `correct` (a sum of labels in [0, 1]) came out;
a single row is a cell of count 1. `count` and `correct` have shape (sets, cells): several sets (folds) are fitted at
once. Results have shape (sets, parameters); a set without an optimum, as where the margin separates the labels, gives
nan.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.special import expit, log_expit, logit

from engine.analysis.arrays import Floats

Link = Callable[[Floats], tuple[Floats, Floats | float, Floats | float]]
"""A line η of shape (sets, cells) to logits f and their first and second derivatives in η."""

STEPS = 50
SETTLED = 1e-6
"""A relative step of this size is the last, as its error is of the order of its square; a larger last one means that
there is no optimum."""

LONGEST_STEP = 2.0
RIDGE = 1e-13
SEPARATED = 1e-9
"""Mean log loss below which the labels count as separated by the margin."""


def softplus(x: Floats) -> Floats:
    """log(1 + eˣ) without overflow."""
    return np.asarray(np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x))))


def log_loss(logit: Floats, count: Floats, correct: Floats) -> Floats:
    """Log loss in nats of each cell: count · log(1 + e^f) − correct · f."""
    return np.asarray(count * softplus(logit) - correct * logit)


def identity(line: Floats) -> tuple[Floats, float, float]:
    """The link of a logistic regression: the logit is the line itself."""
    return line, 1.0, 0.0


def newton(features: Floats, count: Floats, correct: Floats, start: list[float], link: Link = identity) -> Floats:
    """Minimise the log loss over θ of the logits link(features @ θ), features of shape (cells, parameters).

    Newton's method with step halving; Fisher scoring where the loss bends the wrong way.
    """
    theta = np.tile(np.array(start), (len(count), 1))
    products = (features[:, :, None] * features[:, None, :]).reshape(len(features), -1)
    curve = link(theta @ features.T)
    loss = log_loss(curve[0], count, correct).sum(axis=1)
    size = np.ones(len(count))
    for _ in range(STEPS):
        whole = _step(features, products, *curve, count, correct)
        moved = (np.abs(whole) / (1 + np.abs(theta))).max(axis=1)
        if (moved <= SETTLED).all():
            break
        tried = theta + size[:, None] * whole
        curve = link(tried @ features.T)
        loss_tried = log_loss(curve[0], count, correct).sum(axis=1)
        better = loss_tried <= loss
        theta, loss = np.where(better[:, None], tried, theta), np.where(better, loss_tried, loss)
        size = np.where(better, np.minimum(1.0, 2 * size), size / 4)
        if not better.all():
            curve = link(theta @ features.T)
    found = (moved <= SETTLED) & (loss >= SEPARATED * count.sum(axis=1))
    return np.where(found[:, None], theta + whole, np.nan)


def _step(
    features: Floats,
    products: Floats,
    logit: Floats,
    first: Floats | float,
    second: Floats | float,
    count: Floats,
    correct: Floats,
) -> Floats:
    p = expit(logit)
    excess, fisher = count * p - correct, count * p * (1 - p) * np.square(first)
    information = _information(fisher, products)
    if np.any(second):
        exact = _information(fisher + excess * second, products)
        convex = np.linalg.eigvalsh(exact)[:, 0] > RIDGE * np.trace(information, axis1=1, axis2=2)
        information = np.where(convex[:, None, None], exact, information)
    downhill = -(excess * first) @ features
    step = np.linalg.solve(information, downhill[:, :, None])[:, :, 0]
    longest = np.abs(step).max(axis=1, keepdims=True)
    return np.asarray(step * (LONGEST_STEP / np.maximum(longest, LONGEST_STEP)))


def _information(weight: Floats, products: Floats) -> Floats:
    """Σ weight · feature featureᵀ over cells, made invertible by a trace of ridge."""
    size = math.isqrt(products.shape[1])
    information = (weight @ products).reshape(-1, size, size)
    ridge = RIDGE * np.trace(information, axis1=1, axis2=2).clip(0) + 1e-100
    return np.asarray(information + ridge[:, None, None] * np.eye(size))


def fit_slope(margin: Floats, count: Floats, correct: Floats) -> Floats:
    """β of P = sigmoid(β · margin); the temperature is 1 / β (Guo et al. 2017, arXiv:1706.04599)."""
    return newton(margin[:, None], count, correct, [1.0])


def fit_platt(margin: Floats, count: Floats, correct: Floats) -> Floats:
    """a, b of P = sigmoid(a · margin + b) (Platt 1999), without a prior."""
    features = np.stack([margin, np.ones_like(margin)], axis=1)
    return newton(features, count, correct, [1.0, 0.0])


def fit_beta(margin: Floats, count: Floats, correct: Floats) -> Floats:
    """a, b, c of logit P = a · log p − b · log(1 − p) + c with a, b ≥ 0 (Kull et al. 2017).

    p = sigmoid(margin). Where the free fit has a negative a or b, that one is held at 0; where the other then is
    negative, both are.
    """
    features = np.stack([log_expit(margin), -log_expit(-margin), np.ones_like(margin)], axis=1)
    theta = newton(features, count, correct, [1.0, 1.0, 0.0])
    for negative, others in ((0, [1, 2]), (1, [0, 2])):
        broken = theta[:, negative] < 0
        if broken.any():
            held = np.zeros((int(broken.sum()), 3))
            held[:, others] = newton(features[:, others], count[broken], correct[broken], [1.0, 0.0])
            theta[broken] = held
    backward = (theta[:, :2] < 0).any(axis=1)
    theta[backward] = 0.0
    theta[backward, 2] = logit((correct.sum(axis=1) / count.sum(axis=1))[backward])
    return theta


def fit_power(margin: Floats, count: Floats, correct: Floats) -> Floats:
    """a, g of logit P = a · sign(d) · |d|^g, the odd link of a pair (margin d ≥ 0 here); a, g > 0."""
    known = margin > 0
    features = np.stack([np.ones_like(margin), np.log(np.where(known, margin, 1.0))], axis=1)

    def power(line: Floats) -> tuple[Floats, Floats, Floats]:
        logit = np.where(known, np.exp(np.clip(line, -40.0, 40.0)), 0.0)
        return logit, logit, logit

    theta = newton(features, count, correct, [0.0, 1.0], power)
    theta[~(theta[:, 1] > 0)] = np.nan
    return np.stack([np.exp(theta[:, 0]), theta[:, 1]], axis=1)
