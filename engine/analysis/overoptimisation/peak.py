"""Where a fitted reward peaks, as the set of d at which the sign of its slope is not settled.

The set is Fieller's (1954): it holds every d at which "the slope is 0" is not rejected, so that it may have no upper
end, or none at all. For one form and one covariance it is his interval of the ratio a / 2b (or of exp(a / b − 1)).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.analysis.arrays import Floats
from engine.analysis.overoptimisation.fit import Fit

PLACES = 160
ROUNDS, FINER = 5, 16
"""How often the place of an end is looked for anew, each time among so many parts."""

BEYOND = 1.25
"""How far beyond the largest d a rise is followed, if the form holds: "not before"."""


@dataclass(frozen=True)
class Peak:
    """d of the peak: the most likely one, None where the data do not reach it; `low` (0: none), `high` (None: none).

    `valley` says that the reward surely falls and then surely rises, which is neither form.
    """

    value: float | None
    low: float
    high: float | None
    valley: bool = False

    @property
    def told(self) -> bool:
        """Whether anything is known of it."""
        return not self.valley and (self.low > 0 or self.high is not None)


def peak_of(fit: Fit, level: float) -> Peak:
    """The peak of a fit and its set."""
    places = np.linspace(0, BEYOND * fit.most, PLACES + 1)[1:]
    rising = fit.rising(places)
    rises, falls = rising > 0.5 + level / 2, rising < 0.5 - level / 2
    inside = places <= fit.most * (1 + 1e-9)
    fallen = np.flatnonzero(falls & inside)
    first_fall = int(fallen[0]) if len(fallen) else len(places)
    risen = np.flatnonzero(rises[:first_fall])
    low = _crossing(fit, 0.5 + level / 2, places, int(risen[-1])) if len(risen) else 0.0
    high = _crossing(fit, 0.5 - level / 2, places, first_fall - 1) if len(fallen) else None
    valley = bool(rises[first_fall:].any())
    start = int(risen[-1]) if len(risen) else 0
    turned = np.flatnonzero((rising < 0.5) & inside & (np.arange(len(places)) >= start))
    value = None
    if len(turned) and not valley:
        value = _crossing(fit, 0.5, places, int(turned[0]) - 1)
    return Peak(value, low, high, valley)


def _crossing(fit: Fit, chance: float, places: Floats, before: int) -> float:
    """Where the probability to rise falls through `chance` after the place `before` (−1: from 0 on)."""
    if before + 1 >= len(places):
        return float(places[-1])
    low, high = (float(places[before]) if before >= 0 else 0.0), float(places[before + 1])
    for _ in range(ROUNDS):
        finer = np.linspace(low, high, FINER + 1)
        above = np.flatnonzero(fit.rising(finer[1:-1]) >= chance)
        at = int(above[-1]) + 1 if len(above) else 0
        low, high = float(finer[at]), float(finer[at + 1])
    return (low + high) / 2
