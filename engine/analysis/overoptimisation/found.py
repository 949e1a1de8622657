"""What a fit says of one run, or of several together: peak, budget, loss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from engine.analysis.arrays import Floats
from engine.analysis.overoptimisation import forms
from engine.analysis.overoptimisation.fit import Draws, Fit, fit, pooled
from engine.analysis.overoptimisation.peak import Peak, peak_of
from engine.analysis.overoptimisation.series import Points, Series
from engine.analysis.overoptimisation.steady import steadied
from engine.errors import NotEnoughData
from engine.types import Estimate
from engine.words import amount

LEAST_POINTS = 24
LEAST_RUNS = 5
LEAST_OF_A_RUN = 6
"""Points of a run that is one of several: their spread is between runs, so that each may be short."""

DRAWS = 4000
LEAST_DRAWS = 200
"""Curves of a form among the draws below which their quantiles say too little."""

ALL = "all runs"

PASSED, NOT_REACHED, NEAR, UNCLEAR, PROXY_ONLY = "passed", "not_reached", "near_peak", "unclear", "proxy_only"

SET = "KL at which the sign of the slope is not settled (Fieller's set), correlated errors and forms averaged over"
DRAWN = "quantiles of curves drawn from the fit, correlated errors and forms averaged over"


@dataclass(frozen=True)
class Found:
    """The fit of a reward, its peak, and where the run is (`kl_now`, in nats)."""

    run: str
    fit: Fit
    peak: Peak
    kl_now: float
    level: float
    seed: int

    @property
    def now(self) -> float:
        """√KL now, within the data."""
        return min(float(np.sqrt(self.kl_now)), self.fit.most)

    @cached_property
    def rising_now(self) -> float:
        """The probability that the reward still rises where the run is."""
        return float(self.fit.rising(np.array([max(self.now, 1e-6 * self.fit.most)]))[0])

    @property
    def code(self) -> str:
        """passed, not_reached, near_peak or unclear."""
        if not self.peak.told:
            return UNCLEAR
        if self.peak.high is not None and self.peak.high < self.now:
            return PASSED
        return NOT_REACHED if self.peak.low >= self.now else NEAR

    @cached_property
    def draws(self) -> Draws:
        """Curves at random."""
        return self.fit.draws(DRAWS, self.seed)

    def peak_kl(self) -> Estimate:
        """The KL of the peak with its set; no value where the data do not reach it, no upper end where none is told."""
        if self.peak.valley:
            return Estimate(None, level=self.level, method="the reward falls and rises again", n=self.fit.points)
        value, low, high = self.peak.value, self.peak.low, self.peak.high
        value, high = (None if each is None else each**2 for each in (value, high))
        return Estimate(value, low**2, high, self.level, SET, self.fit.points)

    def budget(self) -> Estimate:
        """The KL of the peak less the KL now: negative where it is passed."""
        peak = self.peak_kl()
        value, low, high = (None if each is None else each - self.kl_now for each in (peak.value, peak.low, peak.high))
        return Estimate(value, low, high, self.level, peak.method, peak.n)

    def levels(self) -> dict[str, Estimate]:
        """The reward at the peak and now, and what was lost on the way from one to the other, by the fit."""
        top = self.draws.peak(self.fit.most)
        at_top = self.draws.at(top[:, None])[:, 0]
        at_now = self.draws.at(np.array([self.now]))[:, 0]
        lost = np.where(top < self.now, at_top - at_now, 0.0)
        none = Estimate(None, level=self.level, method="the data do not reach the peak", n=self.fit.points)
        return {
            "gold_at_peak": self.drawn(at_top) if self.peak.value is not None else none,
            "gold_now": self.drawn(at_now),
            "gold_lost": self.drawn(lost),
        }

    def coefficients(self) -> dict[str, Estimate]:
        """The coefficients a and b of each form, and the intercept of the one that leads."""
        told: dict[str, Estimate] = {}
        for form in dict.fromkeys(self.fit.form):
            parts = self.draws.bon == (form == forms.BON)
            names = ("intercept", f"a_{form}", f"b_{form}")
            if np.count_nonzero(parts) < LEAST_DRAWS:
                plain = forms.unscaled(form, self.fit.mean(form), self.fit.scale).tolist()
                method = "mean of the fits; the other form leads"
                named = {name: self._plain(value, method) for name, value in zip(names, plain, strict=True)}
            else:
                drawn = forms.unscaled(form, self.draws.coefficient[parts], self.fit.scale).T
                named = {name: self.drawn(each) for name, each in zip(names, drawn, strict=True)}
            if form != self.fit.leading:
                del named["intercept"]
            told |= named
        return {**told, "rl_evidence": self._plain(self.fit.share(forms.RL), "restricted likelihood")}

    def _plain(self, value: float, method: str) -> Estimate:
        return Estimate(value, level=self.level, method=method, n=self.fit.points)

    def drawn(self, values: Floats) -> Estimate:
        """The median of drawn values with their quantiles."""
        low, value, high = np.quantile(values, [0.5 - self.level / 2, 0.5, 0.5 + self.level / 2]).tolist()
        return Estimate(value, low, high, self.level, DRAWN, self.fit.points)


@dataclass(frozen=True)
class Asked:
    """What of a run is fitted, and how."""

    forms: tuple[str, ...]
    level: float
    seed: int


def points_of(series: Series, metric: str, least: int = LEAST_POINTS) -> Points:
    """The points of a metric that a fit can rest on, at least so many, without the noise of the KL.

    Raises NotEnoughData: `too_few_points`, `constant_kl`, `constant_reward`.
    """
    points = series.rise(metric)
    count = 0 if points is None else len(points)
    if points is None or count < least:
        told = f"{amount(count, 'point')} of {metric} at a known KL; a peak that can be defended needs {least}."
        raise NotEnoughData(told, code="too_few_points")
    if np.ptp(points.d) <= 1e-3 * points.d.max():
        raise NotEnoughData("The KL never moves: nothing can be told of how the reward follows it.", code="constant_kl")
    if np.ptp(points.value) <= 1e-12 * max(float(np.abs(points.value).max()), 1e-300):
        raise NotEnoughData(f"{metric} never moves: it has no peak.", code="constant_reward")
    return replace(points, d=steadied(points.step, points.d))


def found_of(series: Series, metric: str, asked: Asked) -> Found:
    """What the fit of a metric of one run says. Raises NotEnoughData."""
    points = points_of(series, metric)
    whole = fit(points.step, points.d, points.value, asked.forms)
    spread = series.spread(metric, asked.forms, whole.scale) if series.spread is not None else None
    whole = whole if spread is None else whole.widened(spread)
    return Found(series.run, whole, peak_of(whole, asked.level), series.kl_now, asked.level, asked.seed)


def pooled_of(series: Mapping[str, Series], metric: str, asked: Asked) -> Found | None:
    """What the fits of all runs together say, runs being the clusters; None below five that can be fitted."""
    usable: dict[str, Points] = {}
    for run, one in series.items():
        try:
            usable[run] = points_of(one, metric, LEAST_OF_A_RUN)
        except NotEnoughData:
            continue
    if len(usable) < LEAST_RUNS:
        return None
    scale = max(float(points.d.max()) for points in usable.values())
    each = [fit(points.step, points.d, points.value, asked.forms, scale) for points in usable.values()]
    whole = pooled(each)
    now = float(np.mean([series[run].kl_now for run in usable]))
    return Found(ALL, whole, peak_of(whole, asked.level), now, asked.level, asked.seed)
