"""Runs put together: seeds of one setting as a middle with a band."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from engine.analysis.arrays import Floats, Ints
from engine.analysis.curves.parameters import BY_NAME
from engine.analysis.lines import Line

MOST_PLACES = 500
FEWEST_FOR_MEAN = 3
"""Runs from which on a band says how sure the mean is; below, it says from where to where the runs reach."""

_SEED = re.compile(r"[-_/. ]*(?:seed|run|rep|trial|s)?[-_=:. ]*\d+$", re.IGNORECASE)


@dataclass(frozen=True)
class Track:
    """A line along the chosen axis: `at` in order, `value` as the trainer wrote it, `smooth` as it is looked at."""

    line: Line
    at: Floats
    value: Floats
    smooth: Floats

    @property
    def run(self) -> str:
        """Whose line it is."""
        return self.line.run


@dataclass(frozen=True)
class Band:
    """Several runs as one: `middle` at each place, from `low` to `high`, of `count` runs there.

    `of_mean` says that the band is the interval of the mean over runs, not the reach of the runs themselves.
    """

    name: str
    runs: int
    at: Floats
    middle: Floats
    low: Floats
    high: Floats
    count: Ints
    of_mean: bool


def group_name(line: Line, by: str) -> str:
    """What a run is put together by: its name without the number of its seed, or a parameter's value."""
    if by == BY_NAME:
        return _SEED.sub("", line.run) or line.run
    name = by.removeprefix("config.")
    value = line.config.get(name)
    return f"{name} = {value:.6g}" if value is not None else f"without {name}"


def grouped(tracks: Sequence[Track], by: str) -> dict[str, list[Track]]:
    """The lines of each group, the largest group first."""
    found: dict[str, list[Track]] = {}
    for track in tracks:
        found.setdefault(group_name(track.line, by), []).append(track)
    return dict(sorted(found.items(), key=lambda pair: (-len(pair[1]), pair[0])))


def band_of(name: str, tracks: Sequence[Track], middle: str, level: float) -> Band:
    """The middle of runs with its band, at up to `MOST_PLACES` places where a run has points.

    Between its own points a run is taken to be straight, before its first and after its last it does not count. Where
    three runs or more are there and the middle is their mean, the band is its interval by Student's t over runs (at
    `level`; runs of a setting are independent, points of a run are not), else it reaches from lowest to highest.
    """
    places = np.unique(np.concatenate([track.at for track in tracks]))
    if len(places) > MOST_PLACES:
        places = places[np.linspace(0, len(places) - 1, MOST_PLACES).round().astype(np.int64)]
    rows = np.array([np.interp(places, track.at, track.smooth, np.nan, np.nan) for track in tracks])
    count = np.isfinite(rows).sum(axis=0)
    rows, places, count = rows[:, count > 0], places[count > 0], count[count > 0]
    centre = np.nanmean(rows, axis=0) if middle == "mean" else np.nanmedian(rows, axis=0)
    of_mean = middle == "mean" and len(tracks) >= FEWEST_FOR_MEAN
    low, high = np.nanmin(rows, axis=0), np.nanmax(rows, axis=0)
    if of_mean:
        several = count >= FEWEST_FOR_MEAN
        spread = np.full(len(places), np.nan)
        deviation = np.nanstd(rows[:, several], axis=0, ddof=1) if several.any() else np.zeros(0)
        spread[several] = stdtrit(count[several] - 1, 0.5 + level / 2) * deviation / np.sqrt(count[several])
        low, high = centre - spread, centre + spread
    return Band(name, len(tracks), places, centre, low, high, count, of_mean)


def reach_of(tracks: Sequence[Track]) -> Band:
    """From the lowest to the highest of many runs, in up to `MOST_PLACES` stretches: no point lies outside."""
    at = np.concatenate([track.at for track in tracks])
    value = np.concatenate([track.smooth for track in tracks])
    order = np.argsort(at, kind="stable")
    at, value = at[order], value[order]
    span = float(at[-1] - at[0]) or 1.0
    number = np.minimum(((at - at[0]) / span * MOST_PLACES).astype(np.int64), MOST_PLACES - 1)
    starts = np.flatnonzero(np.append(True, number[1:] != number[:-1]))
    low, high = np.minimum.reduceat(value, starts), np.maximum.reduceat(value, starts)
    count = np.diff(starts, append=len(at))
    middle = np.add.reduceat(value, starts) / count
    return Band("", len(tracks), at[starts], middle, low, high, count, of_mean=False)
