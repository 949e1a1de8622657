"""Rollouts as runs: the mean over the answers of each step, and how much it owes to which prompts were drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engine.analysis.arrays import Flags, Floats, Ints
from engine.analysis.lines import RUN
from engine.analysis.overoptimisation import forms
from engine.analysis.overoptimisation.metrics import STEP, TOKEN, refuse
from engine.analysis.overoptimisation.series import Course, Series, of_kl
from engine.analysis.records import Records

GROUPS = 64
"""Groups of prompts whose leaving out shows the spread between prompts."""

LEAST_GROUPS = 10
NOT_METRICS = ("step", "time", "kl", "truncated", "advantage")


def series_of_rollouts(records: Records, kl_unit: str) -> list[Series]:
    """The runs of rollouts with a step and a KL. Raises InputRefused for a KL that cannot be summed over the answer.

    A mean over tokens becomes the sum by the answer's own length, where that is known.
    """
    kl = records.columns["kl"]
    if kl_unit == TOKEN:
        length = records.columns.get("length", np.full(len(records), np.nan))
        if not np.isfinite(length[np.isfinite(kl)]).any():
            refuse(TOKEN, "kl")
        kl = kl * length
    elif kl_unit == STEP:
        refuse(STEP, "kl")
    usable = np.isfinite(records.columns["step"]) & np.isfinite(kl)
    codes, words = records.names.get("run", (np.full(len(records), -1, np.int64), ()))
    found = []
    for code in np.unique(codes[usable]).tolist():
        rows = usable & (codes == code)
        found.append(_series(records, kl, rows, words[code] if code >= 0 else RUN))
    return sorted(found, key=lambda series: series.run)


def _series(records: Records, kl: Floats, rows: Flags, run: str) -> Series:
    steps, place = np.unique(records.columns["step"][rows], return_inverse=True)
    values = {name: column[rows] for name, column in records.columns.items() if name not in NOT_METRICS}
    groups = Groups.of(records, rows, place, kl[rows], values)
    courses = {}
    for name, value in values.items():
        known = np.isfinite(value)
        count = np.bincount(place[known], minlength=len(steps))
        mean = np.bincount(place[known], value[known], len(steps))[count > 0] / count[count > 0]
        if len(mean):
            courses[name] = Course(steps[count > 0], mean)
    means = np.bincount(place, kl[rows], len(steps)) / np.bincount(place, minlength=len(steps))
    return of_kl(run, Course(steps, means), courses, groups.spread if groups is not None else None)


@dataclass(frozen=True)
class Groups:
    """Rows by step and group of prompts, where most prompts come again at other steps.

    Where each prompt comes once, the draw of prompts shows in how steps differ; where the same come again, it does not.
    """

    place: Ints
    group: Ints
    kl: Floats
    values: Mapping[str, Floats]

    @classmethod
    def of(cls, records: Records, rows: Flags, place: Ints, kl: Floats, values: Mapping[str, Floats]) -> Groups | None:
        """The groups; None where prompts hardly come again, or are too few."""
        prompts, unit = np.unique(records.unit[rows], return_inverse=True)
        seen = np.unique(unit * (int(place.max()) + 1) + place)
        again = np.bincount(seen // (int(place.max()) + 1), minlength=len(prompts)) > 1
        group = (records.prompt[rows] % np.uint64(GROUPS)).astype(np.int64)
        if again.mean() < 0.5 or len(np.unique(group)) < LEAST_GROUPS:
            return None
        return cls(place, group, kl, values)

    def spread(self, metric: str, fitted: tuple[str, ...], scale: float) -> Mapping[str, Floats] | None:
        """By form the covariance of (c, a, b) over d / scale by leaving out each group of prompts in turn."""
        value = self.values.get(metric)
        if value is None:
            return None
        known = np.isfinite(value)
        steps = int(self.place.max()) + 1
        cell = self.group[known] * steps + self.place[known]
        sums = np.stack(
            [
                np.bincount(cell, weights, GROUPS * steps).reshape(GROUPS, steps)
                for weights in (np.ones(len(cell)), self.kl[known], value[known])
            ]
        )
        filled = sums[0].sum(axis=1) > 0
        sums = sums[:, filled]
        left = sums.sum(axis=1, keepdims=True) - sums
        usable = (left[0] > 0).all(axis=0)
        counts, kl, totals = left[:, :, usable]
        d = np.sqrt(np.maximum(kl / counts, 0.0)) / scale
        return {form: _jackknife(form, d, totals / counts) for form in fitted}


def _jackknife(form: str, d: Floats, value: Floats) -> Floats:
    """The jackknife covariance of least-squares coefficients, from what each leaving out gives, (groups, steps)."""
    found = np.stack(
        [np.linalg.lstsq(forms.design(form, at), one, rcond=None)[0] for at, one in zip(d, value, strict=True)]
    )
    rest = found - found.mean(axis=0)
    return np.asarray((len(found) - 1) / len(found) * rest.T @ rest)
