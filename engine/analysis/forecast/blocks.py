"""A line in blocks: means of neighbouring points, as many as a fit needs and no more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.analysis.arrays import Floats, Ints
from engine.analysis.forecast.noise import MOST_BLOCKS

AVERAGED = 4
"""Points from which on a block's mean is taken for a mean over time."""
_RECENT = 0.5
"""Share of the blocks, the last ones, whose points say how points scatter within a block."""
_ROUNDED = 1e-6


@dataclass(frozen=True)
class Blocks:
    """Of B blocks the mean place and value, shape (B,), the first point of each, and how points lie about their mean.

    `time` is 0 at the first point and 1 at the last; `spacing` the usual distance of two points; `around` are
    deviations of points from the mean of their block, shape (any,).
    """

    at: Floats
    mean: Floats
    time: Floats
    starts: Ints
    around: Floats
    first: float
    span: float
    spacing: float

    def __len__(self) -> int:
        return len(self.mean)

    @property
    def points(self) -> float:
        """Points in a block, in the mean."""
        return float(np.diff(self.starts).mean())

    @property
    def averaged(self) -> bool:
        """Whether a block holds many points."""
        return self.points >= AVERAGED

    def ahead(self, count: int) -> Floats:
        """The middle of each of the next blocks, in the unit of the line."""
        return np.asarray(self.first + self.span + self.width * (np.arange(count) + 0.5 * (1 + 1 / self.points)))

    @property
    def width(self) -> float:
        """How far a block reaches."""
        return self.points * self.spacing

    def timed(self, at: Floats) -> Floats:
        """Places as times of the dictionary."""
        return np.asarray((at - self.first) / self.span)


def blocks_of(at: Floats, value: Floats) -> Blocks:
    """The blocks of a line of at least two points at growing places, shape (n,).

    Up to 128 points are their own blocks. Of more, the oldest few are left out where that gives equal blocks.
    """
    size = len(at)
    if size >= 4 * MOST_BLOCKS:
        starts = np.linspace(0, size, MOST_BLOCKS + 1).astype(np.int64)
    else:
        each = -(-size // MOST_BLOCKS)
        starts = np.arange(size % each, size + 1, each)
    counts = np.diff(starts).astype(float)
    used, begin = slice(int(starts[0]), size), starts[:-1] - starts[0]
    where, mean = (np.add.reduceat(values[used], begin) / counts for values in (at, value))
    first, span = float(at[starts[0]]), float(at[-1] - at[starts[0]])
    half = size // 2
    spacing = float(at[-1] - at[half]) / max(size - 1 - half, 1)
    time = np.round((where - first) / span / _ROUNDED) * _ROUNDED
    return Blocks(where, mean, time, starts, _around(value, starts, mean), first, span, spacing)


def _around(value: Floats, starts: Ints, mean: Floats) -> Floats:
    """Deviations from the means of the last blocks, as large as those of points from what they scatter about."""
    count = len(mean)
    begin = int(count * (1 - _RECENT))
    sizes = np.diff(starts)[begin:]
    if sizes.max() < 2:
        return np.zeros(1)
    return np.asarray(value[starts[begin] :] - np.repeat(mean[begin:], sizes))
