"""Which statements a stream can bear, judged on its baseline alone, so that what is said of the rest stays valid.

Ranks of what comes later do not depend on the order of the baseline: choosing a conformal monitor by that order does
not spoil its guarantee.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats
from scipy.special import ndtr

from engine.analysis.arrays import Floats

LEAST = 30
"""Points below which nothing is said of a baseline."""

LEAST_EFFECTIVE = 15
"""Independent points that a baseline has to be worth: of fewer, neither level nor dependence is known."""

EXCHANGEABLE_AT, MOVES_AT = 0.01, 0.05
"""p-values below which order is taken to matter, and a baseline to be moving."""

MARGIN = 1.5
"""Standard errors by which dependence is taken to be stronger than found."""

UNIT_ROOT_T, NEEDED_T = -3.43, 1.645
"""1 % point of the Dickey-Fuller t with a constant (MacKinnon 2010); the t from which a lagged difference is needed."""


@dataclass(frozen=True)
class Check:
    """Whether a baseline passed, and what was seen, to follow "because"."""

    passed: bool
    said: str


def exchangeable(baseline: Floats) -> Check:
    """Whether the order of the baseline seems to be chance: rank autocorrelation at lags 1 to 3, trend of ranks."""
    if len(baseline) < LEAST:
        return Check(False, f"its baseline has {len(baseline)} points; {LEAST} are needed")
    if np.ptp(baseline) == 0:
        return Check(False, "its baseline never moves")
    size = len(baseline)
    ranks = stats.rankdata(baseline)
    ranks = (ranks - ranks.mean()) / ranks.std()
    correlations = [float(ranks[lag:] @ ranks[:-lag]) / size for lag in (1, 2, 3)]
    strongest = max(correlations, key=abs)
    p = min(1.0, 3 * two_sided(strongest * np.sqrt(size) + 1 / np.sqrt(size)))
    trend = float(ranks @ np.arange(size)) / size / np.arange(size).std()
    if p < EXCHANGEABLE_AT:
        return Check(False, f"neighbouring points depend on each other (rank autocorrelation {strongest:.2f})")
    if two_sided(trend * np.sqrt(size)) < EXCHANGEABLE_AT:
        return Check(False, f"its baseline has a trend (rank correlation with time {trend:.2f})")
    return Check(True, f"no order was found in its first {size:,} points")


def stationary(baseline: Floats) -> Check:
    """Whether the baseline seems to keep a level: no unit root left (Dickey and Fuller 1979), and no trend."""
    size = len(baseline)
    if size < LEAST:
        return Check(False, f"its baseline has {size} points; {LEAST} are needed")
    if np.ptp(baseline) <= 1e-12 * max(1.0, float(np.abs(baseline).max())):
        return Check(False, "its baseline never moves")
    rise, p = trend(baseline)
    if p < MOVES_AT:
        return Check(False, f"its baseline is still {'rising' if rise > 0 else 'falling'}")
    if unit_root(baseline) > UNIT_ROOT_T:
        return Check(False, "it may wander without a level of its own (a unit root is not excluded)")
    worth = effective(baseline)
    if worth < LEAST_EFFECTIVE:
        told = f"its {size:,} points are worth only {worth:.0f} independent ones; {LEAST_EFFECTIVE} are needed"
        return Check(False, told)
    return Check(True, f"its first {size:,} points keep a level")


def two_sided(z: float) -> float:
    """The p-value of a standard normal number."""
    return float(2 * ndtr(-abs(z)))


def unit_root(values: Floats) -> float:
    """The augmented Dickey-Fuller t with a constant.

    Of lagged differences as many as are needed: from ⌊4 (n / 100)^(1/4)⌋ down to the last whose own t is beyond 1.645
    (Hall 1994), since each that is not needed hides a level that is there.
    """
    values = values - values.mean()
    values = values / (float(np.abs(values).max()) or 1.0)
    steps = np.diff(values)
    for lags in range(int(4 * (len(values) / 100) ** 0.25), -1, -1):
        columns = [np.ones(len(steps) - lags), values[lags:-1]]
        columns += [steps[lags - lag : len(steps) - lag] for lag in range(1, lags + 1)]
        t = _t_values(np.stack(columns, axis=1), steps[lags:])
        if abs(t[-1]) > NEEDED_T or not lags:
            return float(t[1])
    raise AssertionError


def _t_values(design: Floats, answer: Floats) -> Floats:
    """The t of each coefficient of a regression; −∞ where nothing is left to explain, 0 where one is not determined."""
    inverse = np.linalg.pinv(design.T @ design)
    found = inverse @ design.T @ answer
    rest = answer - design @ found
    variance = float(rest @ rest) / max(len(answer) - design.shape[1], 1)
    if variance <= 1e-24 * max(float(answer @ answer), 1e-300):
        return np.full(len(found), -np.inf)
    errors = np.sqrt(variance * np.maximum(np.diag(inverse), 0.0))
    return np.asarray(np.divide(found, errors, out=np.zeros(len(found)), where=errors > 0))


def trend(values: Floats) -> tuple[float, float]:
    """Slope by place, and the p-value of there being none, with autocorrelation at lag 1 allowed for."""
    size = len(values)
    at = np.arange(size) - (size - 1) / 2
    slope = float(at @ values) / float(at @ at)
    rest = values - values.mean() - slope * at
    spread = float(rest @ rest)
    if spread == 0:
        return slope, 0.0 if slope else 1.0
    near = float(np.clip(corrected(float(rest[1:] @ rest[:-1]) / spread, size), 0.0, 0.98))
    error = np.sqrt(spread / (size - 2) / float(at @ at) * (1 + near) / (1 - near))
    return slope, float(2 * stats.t.sf(abs(slope) / error, max(size * (1 - near) / (1 + near) - 2, 2)))


def effective(values: Floats) -> float:
    """How many independent points have a mean as sure as that of these, by their autocorrelation at lag 1."""
    near = min(max(_near(values), 0.0), 0.99)
    return len(values) * (1 - near) / (1 + near)


def strength(values: Floats) -> float:
    """Autocorrelation at lag 1 as strong as it may be: one and a half standard errors above what is found.

    Runs that seem to depend on themselves less than they do are those that raise false alarms.
    """
    near = _near(values)
    return near + MARGIN * float(np.sqrt(max(1 - near**2, 0.0) / len(values)))


def _near(values: Floats) -> float:
    rest = values - values.mean()
    return corrected(float(rest[1:] @ rest[:-1]) / max(float(rest @ rest), 1e-300), len(values))


def corrected(near: float, size: int) -> float:
    """An autocorrelation at lag 1 without most of its bias downwards in few points (Kendall 1954)."""
    return near + (1 + 3 * near) / size
