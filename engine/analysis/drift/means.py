"""The mean of one feature in each window, and where it changed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.analysis.arrays import Floats, Hashes, Ints
from engine.analysis.drift.buckets import by_bucket
from engine.analysis.drift.change import Change, Series, changes_of, series_of
from engine.analysis.drift.features import SHARES, Feature
from engine.analysis.drift.windows import DATASET, Windows
from engine.analysis.intervals import jackknife
from engine.analysis.records import Records
from engine.analysis.sequences import confidence_sequence
from engine.types import Estimate

JACKKNIFE = "mean, jackknife by bucket"
SEQUENCE = "confidence sequence by betting, one value a prompt"
UNBOUNDED = "mean; without bounds no interval of it holds at every look"
LEAST_BUCKETS = 10


@dataclass(frozen=True)
class Measure:
    """What a feature is on average: its numbers, or of names the share of one of them. NaN where it is not known."""

    name: str
    values: Floats
    bounded: bool


def measure_of(feature: Feature, one: Floats, two: Floats) -> Measure:
    """The measure of a feature; `one` and `two` are shares of its names, of which the one that moved most is told."""
    if not feature.named:
        return Measure(feature.name, feature.values, feature.name in SHARES)
    place = int(np.argmax(np.abs(two - one)))
    values = np.where(feature.codes < 0, np.nan, feature.codes == place)
    return Measure(f"share of {feature.words[place]}", values, bounded=True)


def means_of(state: Records, windows: Windows, measure: Measure, level: float, *, live: bool) -> list[Estimate]:
    """The mean of each window; live, of shares one that holds at every look, of others without an interval."""
    told = []
    for window in range(len(windows)):
        rows = np.flatnonzero((windows.code == window) & np.isfinite(measure.values))
        values = measure.values[rows]
        if not len(rows):
            told.append(Estimate(None, level=level, method=JACKKNIFE))
        elif live:
            told.append(_at_every_look(state.unit[rows], values, measure.bounded, level))
        else:
            told.append(_mean(state.bucket[rows], values, level))
    return told


def _mean(bucket: Ints, values: Floats, level: float) -> Estimate:
    sums = by_bucket(bucket, values)
    if sums.shape[1] < LEAST_BUCKETS:
        return Estimate(float(values.mean()), level=level, method=JACKKNIFE, n=len(values))
    found = jackknife(lambda part: np.asarray(part[1] / part[0]), sums, level)
    return Estimate(*found, level, JACKKNIFE, len(values))


def _at_every_look(unit: Hashes, values: Floats, bounded: bool, level: float) -> Estimate:
    if not bounded:
        return Estimate(float(values.mean()), level=level, method=UNBOUNDED, n=len(values))
    _, place, rows = np.unique(unit, return_inverse=True, return_counts=True)
    by_prompt = np.clip(np.bincount(place, values) / rows, 0, 1)
    ends = confidence_sequence(by_prompt, level)
    return Estimate(float(by_prompt.mean()), *ends, level, SEQUENCE, len(values))


def course_of(windows: Windows, measure: Measure, level: float) -> tuple[Series | None, list[Change]]:
    """The means of fine cells over steps, reference and later, and the changes among them; none along datasets."""
    if windows.by == DATASET:
        return None, []
    known = (windows.code >= 0) & np.isfinite(measure.values)
    if not known.any():
        return None, []
    series = series_of(windows.at[known], measure.values[known])
    return series, changes_of(series.value, level)
