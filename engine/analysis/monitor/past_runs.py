"""A run held against other runs of the same training that are taken for healthy, whatever course they take.

What a run is off the mean of the others at the same steps, smoothed, is measured in the spread of the others' own
distances from each other. The threshold is the greatest distance that any of the k others reached: if the run is one
like them, it goes beyond with a chance of about 1 / (k + 1), by the order of k + 1 exchangeable runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from engine.analysis.arrays import Floats
from engine.analysis.monitor.streams import Stream

LEAST_RUNS, LEAST_SHARED = 3, 30
SMOOTHING = 0.1


@dataclass(frozen=True)
class Past:
    """Other runs of a metric that go on for at least as long as the one that is watched, and begin no later."""

    runs: tuple[Stream, ...]

    @property
    def steps(self) -> int:
        """How many points they have together."""
        return sum(len(run) for run in self.runs)


@dataclass(frozen=True)
class Against:
    """What the run is off the others at its points; its signed distance: the same smoothed, in their own spread.

    The threshold is of the size of the distance.
    """

    away: Floats
    distance: Floats
    threshold: float


def past_of(stream: Stream, streams: Sequence[Stream]) -> Past:
    """The other runs that cover the steps of this one."""
    if not len(stream):
        return Past(())
    others = [one for one in streams if one.metric == stream.metric and one.run != stream.run]
    covering = [
        one for one in others if len(one) >= LEAST_SHARED and one.at[0] <= stream.at[0] and one.at[-1] >= stream.at[-1]
    ]
    return Past(tuple(covering))


def against(stream: Stream, past: Past) -> Against:
    """The run against the others, and these against each other."""
    size = max(one.size for one in (stream, *past.runs))
    own = [_smoothed(_off(one, [other for other in past.runs if other is not one], size)) for one in past.runs]
    spread = float(np.sqrt(np.mean(np.square(np.concatenate(own))))) or 1.0
    threshold = max(float(np.abs(distance).max()) for distance in own) / spread
    away = _off(stream, past.runs, size)
    return Against(away, _smoothed(away) / spread, threshold)


def _off(stream: Stream, others: Sequence[Stream], size: float) -> Floats:
    """What a run is off the mean of the others at its steps by `size`; 0 where no other is known."""
    known = [np.interp(stream.at, other.at, other.value / size, np.nan, np.nan) for other in others]
    count = np.isfinite(known).sum(axis=0)
    mean = np.nansum(known, axis=0) / np.maximum(count, 1)
    return np.asarray(np.where(count > 0, stream.value / size - mean, 0.0))


def _smoothed(away: Floats) -> Floats:
    return np.asarray(lfilter([SMOOTHING], [1.0, SMOOTHING - 1], away))
