"""The two forms of Gao, Schulman and Hilton (2022) for a gold reward over d = √KL: linear in their coefficients.

Best of n: R(d) = d (a − b d), highest at d = a / 2b. Reinforcement learning: R(d) = d (a − b ln d), highest at
d = exp(a / b − 1). With a fitted intercept both have three coefficients (c, a, b).
"""

from __future__ import annotations

import math

import numpy as np

from engine.analysis.arrays import Floats

BON, RL = "bon", "rl"
TITLES = {BON: "best-of-n form", RL: "RL form"}


def design(form: str, d: Floats) -> Floats:
    """The columns that (c, a, b) multiply at each d ≥ 0, shape (n, 3)."""
    return np.stack([np.ones_like(d), d, -bend(form, d)], axis=1)


def bend(form: str, d: Floats) -> Floats:
    """What −b multiplies: d² or d ln d (0 at 0), shape of `d`."""
    if form == BON:
        return np.square(d)
    return d * np.log(np.where(d > 0, d, 1.0))


def slopes(form: str, d: Floats) -> Floats:
    """The rows that (c, a, b) are multiplied with for dR / dd at each d > 0, shape (n, 3)."""
    fall = 2 * d if form == BON else 1 + np.log(d)
    return np.stack([np.zeros_like(d), np.ones_like(d), -fall], axis=1)


def peak(form: str, a: float, b: float) -> float:
    """The d at which the form is highest; infinite where it never turns down (b ≤ 0)."""
    if b <= 0:
        return math.inf
    if form == BON:
        return max(a / (2 * b), 0.0)
    return math.exp(min(a / b - 1, 700.0))


def unscaled(form: str, coefficients: Floats, scale: float) -> Floats:
    """(c, a, b) over d from those over d / scale, shape (..., 3)."""
    c, a, b = np.moveaxis(coefficients, -1, 0)
    if form == BON:
        return np.stack([c, a / scale, b / scale**2], axis=-1)
    return np.stack([c, a / scale + b / scale * math.log(scale), b / scale], axis=-1)
