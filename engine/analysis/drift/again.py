"""The same answers scored in both windows: then a change of their scores is one of the scorer."""

from __future__ import annotations

import numpy as np

from engine.analysis.arrays import Floats, Hashes, Ints
from engine.analysis.drift.buckets import by_bucket
from engine.analysis.intervals import jackknife
from engine.analysis.records import Records, mixed
from engine.types import Estimate

LEAST = 30
LEAST_STYLES = 2
"""Counted features below which two answers could be alike by chance."""

METHOD = "mean difference of the same answers scored in both windows, jackknife by bucket"
_SCORED = ("margin", "label", "verdict", "value", "truth", "reward", "gold")
_WHO = ("judge", "annotator")
_OWN = ("step", "time", "first", "votes", "kl", "entropy", "advantage", "truncated")


def is_score(feature: str) -> bool:
    """Whether a feature is what somebody said of an answer."""
    return feature in _SCORED or feature.startswith("reward.")


def change_of_the_same(state: Records, values: Floats, code: Ints, window: int, level: float) -> Estimate | None:
    """Mean change of a score on answers that the reference and the window both have; None where it is not identified.

    Answers are the same where their prompt, their item and every counted feature of their style are; rows without a
    feature of style are left out. At least 30 prompts in ten buckets have to have some.
    """
    styles = [name for name, column in state.columns.items() if _is_style(name) and np.isfinite(column).any()]
    if len(styles) < LEAST_STYLES:
        return None
    known = np.isfinite(values) & ((code == 0) | (code == window))
    for name in styles:
        known &= np.isfinite(state.columns[name])
    key = _answers(state.where(known), styles)
    answers, at = np.unique(key, return_inverse=True)
    later = (code[known] == window).astype(np.int64)
    count, total = (
        np.bincount(at * 2 + later, weight, 2 * len(answers)).reshape(-1, 2) for weight in (None, values[known])
    )
    both = (count > 0).all(axis=1)
    first = np.zeros(len(answers), np.int64)
    first[at] = np.arange(len(at))
    prompts, bucket = state.unit[known][first], state.bucket[known][first]
    if len(np.unique(prompts[both])) < LEAST or len(np.unique(bucket[both])) < 10:
        return None
    difference = total[both, 1] / count[both, 1] - total[both, 0] / count[both, 0]
    sums = by_bucket(bucket[both], difference)
    found = jackknife(lambda part: np.asarray(part[1] / part[0]), sums, level)
    return Estimate(*found, level, METHOD, int(both.sum()))


def _is_style(name: str) -> bool:
    return not (is_score(name) or name in _OWN or name.startswith("config."))


def _answers(state: Records, styles: list[str]) -> Hashes:
    """A hash of what each row is about."""
    found = state.prompt.copy()
    for name in styles:
        bits = np.ascontiguousarray(state.columns[name] + 0.0).view(np.uint64)
        found = mixed(found ^ bits)
    for name, (codes, _) in state.names.items():
        if name.startswith("item"):
            found = mixed(found ^ codes.astype(np.uint64))
    return found
