"""The best window of steps, and those that are not told apart from it.

A window's mean has the error of neighbouring steps that move together (Newey and West 1987). A window may be the best
unless some other is surely better: multiple comparisons with the best (Hsu 1984), each pair at the level that as many
pairs as there are windows leave it (Bonferroni).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from engine.analysis.arrays import Flags, Floats, Ints
from engine.analysis.curves.change import mean_error

LEAST_POINTS = 5
"""Points of a window, below which its mean has no error."""

LEAST_STEPS = 15
"""Steps that three windows need."""


@dataclass(frozen=True)
class Windows:
    """Neighbouring steps together: first and last step, mean step, points."""

    edges: Ints
    first: Floats
    last: Floats
    middle: Floats


def windows_of(step: Floats, count: int) -> Windows:
    """At most `count` windows of nearly as many points each, at least five: two windows of ten steps."""
    parts = min(count, len(step) // LEAST_POINTS)
    edges = np.round(np.linspace(0, len(step), parts + 1)).astype(np.int64)
    starts, ends = edges[:-1], edges[1:]
    middle = np.add.reduceat(step, starts) / (ends - starts)
    return Windows(edges, step[starts], step[ends - 1], middle)


@dataclass(frozen=True)
class Weighed:
    """Means of windows with their errors; the `best` of them; which `may` be the best."""

    mean: Floats
    error: Floats
    best: int
    may: Flags


def weighed(objective: Floats, windows: Windows, level: float) -> Weighed:
    """The windows of an objective, one value a step, held against each other; two windows or more."""
    parts = [objective[start:end] for start, end in zip(windows.edges[:-1], windows.edges[1:], strict=True)]
    mean = np.array([part.mean() for part in parts])
    error = np.array([mean_error(part) for part in parts])
    best = int(np.argmax(mean))
    points = float(np.diff(windows.edges).min())
    quantile = float(stdtrit(2 * points - 4, 1 - (1 - level) / (len(parts) - 1)))
    apart = quantile * np.hypot(error[:, None], error[None, :])
    beaten = mean[None, :] - mean[:, None] > apart
    return Weighed(mean, error, best, ~beaten.any(axis=1))
