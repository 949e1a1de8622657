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

METHOD = "change from the least to the greatest value with the other parameters held; least squares, Student's t"


@dataclass(frozen=True)
class Effect:
    """The change of the metric from the least (`low_at`) to the greatest value (`high_at`) of a parameter."""

    name: str
    log: bool
    low_at: float
    high_at: float
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Effects:
    """Effects, the strongest first; what is left, and parameters that cannot be told from others."""

    found: tuple[Effect, ...]
    sigma: float
    df: int
    confounded: tuple[str, ...]


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
    known = [name for name in names if all(name in config for config in configs)]
    columns: list[Floats] = [np.ones(len(means))]
    kept: list[tuple[str, bool, float, float]] = []
    confounded = []
    for name in known:
        values = np.array([config[name] for config in configs])
        low, high = float(values.min()), float(values.max())
        if low == high:
            continue
        log = low > 0 and high / low >= DECADE
        scaled = np.log(values / low) / np.log(high / low) if log else (values - low) / (high - low)
        if np.linalg.matrix_rank(np.stack([*columns, scaled], axis=1), tol=1e-6) == len(columns):
            confounded.append(name)
            continue
        columns.append(scaled)
        kept.append((name, log, low, high))
    df = len(means) - len(columns)
    if not kept or df < LEAST_DF:
        return None
    weight = np.sqrt(counts)
    design = np.stack(columns, axis=1) * weight[:, None]
    found, *_ = np.linalg.lstsq(design, means * weight, rcond=None)
    rest = means * weight - design @ found
    sigma = float(np.sqrt(rest @ rest / df))
    errors = sigma * np.sqrt(np.diagonal(np.linalg.inv(design.T @ design)))
    half = critical(level, df + 1) * errors
    told = [
        Effect(name, log, low, high, float(value), float(value - reach), float(value + reach))
        for (name, log, low, high), value, reach in zip(kept, found[1:], half[1:], strict=True)
    ]
    return Effects(tuple(sorted(told, key=lambda one: -abs(one.value))), sigma, df, tuple(confounded))
