"""The curves of best of n over all prompts, with intervals by bucket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.analysis.arrays import Floats
from engine.analysis.bestofn.curve import CURVES, Prompts, kl_bound, prompts_of
from engine.analysis.intervals import critical, jackknife
from engine.analysis.paired import largest_quantile, wilson_by_bucket
from engine.analysis.records import Records
from engine.types import Estimate
from engine.words import amount

JACKKNIFE = "jackknife by bucket"
WILSON = "Wilson at the number of independent prompts that the spread between buckets shows"
TRUTHS = ("gold", "oracle")
"""Curves of values in [0, 1]: near the ends, as of an oracle that nearly always hits, symmetric intervals miss."""

DRAWS = 4000


@dataclass(frozen=True)
class Found:
    """By curve the estimates at each of `n`, and how many prompts have so many answers (and truths, where needed).

    `gains`: best of the most minus one answer, on the same prompts. `peak` is the place in `n` of the highest truth,
    `loss` the truth there minus that at the most, on the prompts that have both, at a level that allows for the choice
    of the peak.
    """

    n: list[int]
    curves: dict[str, list[Estimate]]
    prompts: dict[str, list[int]]
    gains: dict[str, Estimate]
    peak: int
    loss: Estimate
    level: float

    @property
    def most(self) -> int:
        """The largest n."""
        return self.n[-1]

    @property
    def has_gold(self) -> bool:
        """Whether truths are known of enough prompts."""
        return "gold" in self.curves

    def estimate(self, curve: str, place: int) -> Estimate:
        """The estimate of a curve at a place of `n`, the first being one answer, of the prompts that have the most."""
        return self.curves[curve][place]

    def gain(self, curve: str) -> Estimate:
        """Best of the most minus one answer."""
        return self.gains[curve]

    def plain(self, value: float, method: str) -> Estimate:
        """A number without an interval."""
        return Estimate(value, level=self.level, method=method, n=self.prompts["best"][-1])

    def picture(self) -> dict[str, Any]:
        """One entry an n of each list."""
        told: dict[str, Any] = {"n": self.n, "kl": [kl_bound(n) for n in self.n]}
        for curve, estimates in self.curves.items():
            told[curve] = [one.value for one in estimates]
            told[f"{curve}_low"] = [one.low for one in estimates]
            told[f"{curve}_high"] = [one.high for one in estimates]
            told[f"{curve}_prompts"] = self.prompts[curve]
        return told


def found_of(records: Records, level: float, seed: int, least: int) -> Found:
    """The curves up to the largest n that `least` prompts have answers for."""
    prompts = prompts_of(records, int(np.sort(records.sizes)[-least]))
    known = {curve: int(np.isfinite(prompts.values[at, :, -1]).sum()) for at, curve in enumerate(CURVES)}
    curves = [curve for curve in CURVES if known[curve] >= least]
    gold = prompts.values[CURVES.index("gold")]
    peak, loss = (0, Estimate(None, level=level, method="needs truths"))
    if "gold" in curves:
        peak, loss = _peak(gold, prompts, level, seed)
    return Found(
        n=prompts.n,
        curves={curve: _estimates(curve, prompts, level) for curve in curves},
        prompts={curve: np.isfinite(prompts.values[CURVES.index(curve)]).sum(axis=0).tolist() for curve in curves},
        gains={
            curve: _mean(_difference(prompts.values[CURVES.index(curve)], -1, 0), prompts, level) for curve in curves
        },
        peak=peak,
        loss=loss,
        level=level,
    )


def _estimates(curve: str, prompts: Prompts, level: float) -> list[Estimate]:
    estimate = _share if curve in TRUTHS else _mean
    return [estimate(column, prompts, level) for column in prompts.values[CURVES.index(curve)].T]


def _difference(values: Floats, one: int, other: int) -> Floats:
    return np.asarray(values[:, one] - values[:, other])


def _mean(values: Floats, prompts: Prompts, level: float) -> Estimate:
    """The mean over the prompts that have a value."""
    sums = _by_bucket(values, prompts)
    low_high = jackknife(lambda part: np.asarray(part[1] / part[0]), sums, level)
    return Estimate(*low_high, level, JACKKNIFE, round(float(sums[0].sum())))


def _share(values: Floats, prompts: Prompts, level: float) -> Estimate:
    """The mean over the prompts that have a value, all of them in [0, 1]."""
    counts, sums = _by_bucket(values, prompts)
    value, low, high, _ = wilson_by_bucket(sums, counts, int(counts.sum()), level)
    return Estimate(value, low, high, level, WILSON, int(counts.sum()))


def _by_bucket(values: Floats, prompts: Prompts) -> Floats:
    """Prompts and sum of values by filled bucket."""
    known = np.isfinite(values)
    buckets, place = np.unique(prompts.bucket[known], return_inverse=True)
    return np.stack([np.bincount(place, minlength=len(buckets)), np.bincount(place, values[known], len(buckets))])


def _peak(gold: Floats, prompts: Prompts, level: float, seed: int) -> tuple[int, Estimate]:
    """Where the truth is highest on the prompts that have the most answers, and how much is lost from there on."""
    whole = np.isfinite(gold[:, -1])
    kept = gold[whole]
    peak = int(np.argmax(kept.mean(axis=0).round(12)))
    if peak == len(prompts.n) - 1:
        return peak, Estimate(0.0, level=level, method="the truth is highest at the most", n=len(kept))
    losses = kept[:, :-1] - kept[:, [-1]]
    mean = losses.mean(axis=0)
    buckets, place = np.unique(prompts.bucket[whole], return_inverse=True)
    influences = np.stack(
        [np.bincount(place, column, len(buckets)) / len(kept) for column in (losses - mean).T], axis=1
    )
    groups = len(buckets)
    quantile = max(largest_quantile(influences, level, DRAWS, seed), critical(level, groups))
    spread = quantile * float(np.sqrt(groups / (groups - 1) * np.square(influences[:, peak]).sum()))
    method = f"{JACKKNIFE}, simultaneous over {amount(len(mean), 'size')}"
    return peak, Estimate(
        float(mean[peak]), float(mean[peak]) - spread, float(mean[peak]) + spread, level, method, len(kept)
    )
