"""A forecast as it is kept until the points are there, and how it is graded then.

Kept are quantiles at a few places ahead, of the model that answered and of naive: some two kilobytes. What came is
held against them between these places by a straight line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.analysis.arrays import Floats
from engine.analysis.forecast.answering import Answer
from engine.analysis.forecast.models import NAIVE
from engine.analysis.forecast.scores import crps_quantiles, naive_scale, quantile
from engine.analysis.lines import Line

LEVELS = np.array([0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975])
_PLACES = 8
_GRADED = 500
"""Points that a forecast is held against, at most, evenly chosen."""
_DIGITS = 7


@dataclass(frozen=True)
class Grade:
    """How a forecast did on so many points: mean CRPS and absolute error, beside naive's, and how often 95 % held.

    `scaled` is the error by the step within the line as it was then (MASE); None where the line did not move.
    """

    points: int
    held: float
    crps: float
    crps_naive: float
    error: float
    error_naive: float
    scaled: float | None


def kept_of(answer: Answer, line: Line, by: str) -> dict[str, Any]:
    """What is kept of a forecast, as plain values."""
    chosen = np.unique(np.linspace(0, len(answer.ahead) - 1, min(_PLACES, len(answer.ahead))).astype(int))
    naive = np.sort(answer.future.draws[NAIVE].T[chosen], axis=-1)
    return {
        "by": by,
        "last": float(line.value[-1]),
        "scale": naive_scale(line.value),
        "at": answer.ahead[chosen].tolist(),
        "levels": LEVELS.tolist(),
        "quantiles": [_rounded(quantile(answer.draws[chosen], float(level))) for level in LEVELS],
        "naive": [_rounded(quantile(naive, float(level))) for level in LEVELS],
    }


def _rounded(values: Floats) -> list[float]:
    return [float(f"{value:.{_DIGITS}g}") for value in values]


def overwritten(line: Line, origin: float, kept: Mapping[str, Any]) -> bool:
    """Whether the point from which the forecast was made is not there any more: it was of another history."""
    place = int(np.searchsorted(line.at, origin))
    return place >= len(line) or line.at[place] != origin or line.value[place] != kept["last"]


def grade(line: Line, origin: float, until: float, kept: Mapping[str, Any]) -> Grade | None:
    """How a forecast of the line did on its points after `origin` up to `until`; None where there are none."""
    places = np.flatnonzero((line.at > origin) & (line.at <= until))
    if not len(places):
        return None
    places = places[np.unique(np.linspace(0, len(places) - 1, min(_GRADED, len(places))).astype(int))]
    at, value, levels = line.at[places], line.value[places], np.array(kept["levels"])
    own, naive = (_at(at, np.array(kept["at"]), np.array(kept[name])) for name in ("quantiles", "naive"))
    middle = int(np.argmin(np.abs(levels - 0.5)))
    error, error_naive = (float(np.abs(value - each[middle]).mean()) for each in (own, naive))
    scale = float(kept["scale"])
    return Grade(
        len(places),
        float(((own[0] <= value) & (value <= own[-1])).mean()),
        float(crps_quantiles(value, levels, own).mean()),
        float(crps_quantiles(value, levels, naive).mean()),
        error,
        error_naive,
        error / scale if scale > 0 else None,
    )


def _at(at: Floats, places: Floats, quantiles: Floats) -> Floats:
    return np.stack([np.interp(at, places, row) for row in quantiles])
