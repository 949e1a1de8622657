"""Main effects: what each parameter does to the metric with the others held, by least squares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.analysis.arrays import Floats
from engine.analysis.intervals import critical

DECADE = 10.0
LEAST_DF = 4
"""Settings that have to be left over."""

BENT = 4
"""Different values of a parameter from which on it may be best in the middle."""
BENT_DF = 8
"""Settings that have to be left over where the model may bend."""

METHOD = "change from the least to the greatest value with the other parameters held; least squares, Student's t"
BEND = "height in the middle over the mean of both ends; least squares, Student's t"


@dataclass(frozen=True)
class Span:
    """A number with its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Effect:
    """What a parameter does from its least (`low_at`) to its greatest value (`high_at`).

    `change` is that of the metric from the one to the other, `bend` how far the middle (of logarithms where `log`)
    stands above the mean of both ends: None where too few values were tried.
    """

    name: str
    log: bool
    low_at: float
    high_at: float
    change: Span
    bend: Span | None = None


@dataclass(frozen=True)
class Effects:
    """Effects, the strongest first; noise of a trial and its degrees of freedom; parameters not told from others."""

    found: tuple[Effect, ...]
    sigma: float
    df: int
    confounded: tuple[str, ...]


@dataclass(frozen=True)
class _Column:
    name: str
    log: bool
    low: float
    high: float
    scaled: Floats


def effects_of(
    configs: Sequence[Mapping[str, float]], means: Floats, counts: Floats, names: Sequence[str], level: float
) -> Effects | None:
    """The effects of the parameters that all settings have; None where fewer than four settings are left over.

    Args:
        configs: the parameters of each setting.
        means: its mean, shape (n,).
        counts: of how many trials that is, shape (n,).
        names: parameters that differ between trials.
        level: of the intervals.
    """
    kept, confounded = _columns(configs, names, len(means))
    straight = [column.scaled for column in kept]
    bent = [at for at, column in enumerate(kept) if len(np.unique(column.scaled)) >= BENT]
    humps = [4 * straight[at] * (1 - straight[at]) for at in bent]
    whole = np.stack([np.ones(len(means)), *straight, *humps], axis=1)
    if len(means) - whole.shape[1] < BENT_DF or np.linalg.matrix_rank(whole, tol=1e-6) < whole.shape[1]:
        bent, whole = [], whole[:, : 1 + len(straight)]
    df = len(means) - whole.shape[1]
    if not kept or df < LEAST_DF:
        return None
    weight = np.sqrt(counts)
    design = whole * weight[:, None]
    found, *_ = np.linalg.lstsq(design, means * weight, rcond=None)
    rest = means * weight - design @ found
    sigma = float(np.sqrt(rest @ rest / df))
    half = critical(level, df + 1) * sigma * np.sqrt(np.diagonal(np.linalg.inv(design.T @ design)))
    spans = [Span(float(one), float(one - reach), float(one + reach)) for one, reach in zip(found, half, strict=True)]
    bends = dict(zip(bent, spans[1 + len(kept) :], strict=True))
    told = [
        Effect(column.name, column.log, column.low, column.high, spans[1 + at], bends.get(at))
        for at, column in enumerate(kept)
    ]
    return Effects(tuple(sorted(told, key=_strength)), sigma, df, tuple(confounded))


def _strength(effect: Effect) -> float:
    bend = 0.0 if effect.bend is None else abs(effect.bend.value)
    return -max(abs(effect.change.value), bend)


def _columns(
    configs: Sequence[Mapping[str, float]], names: Sequence[str], size: int
) -> tuple[list[_Column], list[str]]:
    """The parameters scaled to [0, 1], and those that follow from the ones before them."""
    kept: list[_Column] = []
    confounded = []
    for name in names:
        if not all(name in config for config in configs):
            continue
        values = np.array([config[name] for config in configs])
        low, high = float(values.min()), float(values.max())
        if low == high:
            continue
        log = low > 0 and high / low >= DECADE
        scaled = np.log(values / low) / np.log(high / low) if log else (values - low) / (high - low)
        tried = np.stack([np.ones(size), *(column.scaled for column in kept), scaled], axis=1)
        if np.linalg.matrix_rank(tried, tol=1e-6) < tried.shape[1]:
            confounded.append(name)
        else:
            kept.append(_Column(name, log, low, high, scaled))
    return kept, confounded
