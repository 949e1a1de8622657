"""The dictionary of shapes that a curve may have: saturating or growing, with one change of level or of slope or none.

Power laws: Hestness et al. 2017, and with a change Caballero et al. 2022 (broken neural scaling laws). Time runs from 0
at the first point to 1 at the last one that was seen.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from engine.analysis.arrays import Flags, Floats

_SCALES = (0.008, 0.02, 0.05, 0.12, 0.3, 0.8)
_POWERS = (0.4, 0.9, 2.0)
_TIMES = (0.02, 0.035, 0.06, 0.1, 0.17, 0.3, 0.5)
_LOGS = (0.003, 0.03, 0.3)
_STEPS = np.linspace(0.05, 0.95, 42)
_KINKS = np.linspace(0.06, 0.86, 11)
PRIOR = {"constant": 0.2, "power": 0.3, "exponential": 0.2, "logarithm": 0.15, "line": 0.15}
CHANGES = {"none": 0.6, "step": 0.25, "kink": 0.15}


class Shapes(NamedTuple):
    """Family, scale, power and prior of each trend; place, whether it is a kink, and prior of each change."""

    family: tuple[str, ...]
    scale: Floats
    power: Floats
    prior: Floats
    place: Floats
    kink: Flags
    change_prior: Floats

    @property
    def saturating(self) -> Flags:
        """Which trends end on a plateau."""
        return np.array([name in ("constant", "power", "exponential") for name in self.family])


@cache
def shapes() -> Shapes:
    """The dictionary."""
    trends = [("constant", 1.0, 0.0)]
    trends += [("power", scale, power) for scale in _SCALES for power in _POWERS]
    trends += [("exponential", time, 0.0) for time in _TIMES]
    trends += [("logarithm", scale, 0.0) for scale in _LOGS]
    trends += [("line", 1.0, 0.0)]
    family = tuple(name for name, _, _ in trends)
    prior = np.array([PRIOR[name] / family.count(name) for name in family])
    place = np.concatenate([[np.inf], _STEPS, _KINKS])
    kink = np.arange(len(place)) > len(_STEPS)
    each = np.concatenate([[CHANGES["none"]], np.full(len(_STEPS), CHANGES["step"] / len(_STEPS))])
    change = np.concatenate([each, np.full(len(_KINKS), CHANGES["kink"] / len(_KINKS))])
    scale, power = (np.array([one[at] for one in trends]) for at in (1, 2))
    return Shapes(family, scale, power, prior, place, kink, change)


def trends(time: Floats) -> Floats:
    """The trends at these times, shape (trends, times); the constant is nought: every model has a level of its own."""
    known = shapes()
    family, scaled = np.array(known.family), time[None, :] / known.scale[:, None]
    power, log = family == "power", np.log1p(scaled)
    told = np.zeros_like(scaled)
    told[power] = np.exp(-known.power[power, None] * log[power])
    told[family == "exponential"] = np.exp(-scaled[family == "exponential"])
    told[family == "logarithm"] = log[family == "logarithm"]
    told[family == "line"] = time
    return told


def changes(time: Floats) -> Floats:
    """The changes at these times, shape (changes, times); the first is none."""
    known = shapes()
    after = np.maximum(time[None, :] - known.place[:, None], 0.0)
    return np.where(known.kink[:, None], after, (after > 0) * 1.0)
