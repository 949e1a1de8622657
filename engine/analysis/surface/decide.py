"""What a surface says to do: where it is best, how sure that is, what moves it, and where to try next."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.special import fdtrc

from engine.analysis.arrays import Flags, Floats
from engine.analysis.intervals import critical
from engine.analysis.surface.fitted import Fitted
from engine.analysis.surface.points import Points
from engine.types import Estimate

GRID = 61
DRAWS = 300
MANY = 300
ENOUGH = 0.25
"""Part of the widest place of the hull that is enough for a mean over the other parameter."""
EDGE = 0.05
"""A best point that near to the rim (as a part of the axis), with the surface still rising there, lies at the edge."""

AT_BEST = "height of the surface at its best point; Student's t with the covariance of the fitted surface"
ANYWHERE = "height of the surface at its highest point, which might be any: allows for all places at once"
WHERE = "places that are not surely worse than the best one, for all places at once"
EFFECT = "range of the mean over the other parameter; the interval allows for the largest error anywhere on the curve"
NEXT = "place with the best bound of its interval within the observed range"
NONE = "without an interval: this way of drawing a surface has none"


@dataclass(frozen=True)
class Curve:
    """The mean of the surface over the other parameter, with its band; places in [0, 1]."""

    at: Floats
    value: Floats
    error: Floats
    span: Estimate


@dataclass(frozen=True)
class Decision:
    """Places are (u, v) in the unit square. `edges` are (axis 0 or 1, −1 for smaller or 1 for larger).

    `region` marks the places of the grid `at` × `at` that may be the best; `told` says whether any surely is not.
    """

    at: Floats
    best: tuple[float, float]
    value: Estimate
    spans: tuple[tuple[float, float], tuple[float, float]] | None
    region: Flags
    told: bool
    edges: tuple[tuple[int, int], ...]
    next: tuple[float, float] | None = None
    next_value: Estimate | None = None
    effects: tuple[Curve, ...] = field(default=())


def decide(surface: Fitted, points: Points, lower: bool, level: float) -> Decision:
    """Decide on a grid of 61 × 61 places within the hull; `lower` where less is better."""
    at, n = np.linspace(0.0, 1.0, GRID), len(points)
    sign = -1.0 if lower else 1.0
    height = sign * surface.values(at, at)
    down, along = np.unravel_index(int(np.nanargmax(height)), height.shape)
    best = float(at[along]), float(at[down])
    edges = _edges(surface, best, sign)
    tensor = surface.tensor
    if tensor is None or tensor.covariance is None:
        value = Estimate(sign * float(height[down, along]), level=level, method=NONE, n=n)
        return Decision(at, best, value, None, np.isfinite(height), False, edges)
    error = surface.errors(at, at)
    assert error is not None
    spread = critical(level, int(max(tensor.df, 1)) + 1)
    middle = sign * float(height[down, along])
    inside = np.isfinite(height)
    drawn = np.where(inside, tensor.drawn(at, at, DRAWS, 0), 0.0)
    region = _region(height, sign * drawn, (int(down), int(along)), level) if moves(points, level) else inside
    told = bool((inside & ~region).any())
    half = (spread if told else _everywhere(drawn, error, inside, level)) * float(error[down, along])
    value = Estimate(middle, middle - half, middle + half, level, AT_BEST if told else ANYWHERE, n)
    held = np.flatnonzero(region.any(axis=0)), np.flatnonzero(region.any(axis=1))
    upper = np.where(inside, height + spread * error, -np.inf)
    row, column = np.unravel_index(int(np.argmax(upper)), upper.shape)
    centre, wide = sign * float(height[row, column]), spread * float(error[row, column])
    return Decision(
        at,
        best,
        value,
        ((float(at[held[0][0]]), float(at[held[0][-1]])), (float(at[held[1][0]]), float(at[held[1][-1]]))),
        region,
        told,
        edges,
        (float(at[column]), float(at[row])),
        Estimate(centre, centre - wide, centre + wide, level, NEXT, n),
        tuple(_effect(sign * height, drawn, axis, level, n) for axis in (0, 1)),
    )


def _everywhere(drawn: Floats, error: Floats, inside: Flags, level: float) -> float:
    """Standard errors within which the whole surface lies at this level."""
    scaled = np.abs(drawn[:, inside]) / np.maximum(error[inside], 1e-300)
    return float(np.quantile(scaled.max(axis=1), level))


def moves(points: Points, level: float) -> bool:
    """Whether the metric moves with the parameters at all: Fisher's test of a quadratic at 1 − `level`.

    Of few points the smoothing is sometimes chosen too weak, and a surface bends where there is noise alone; the test
    of a form that does not depend on the data keeps its level. Of many points, or of points by run, it is not asked.
    """
    if len(points) >= MANY or points.clustered:
        return True
    u, v = points.u, points.v
    columns = np.stack([np.ones(len(u)), u, v, u * v, u**2, v**2], axis=1)
    found, _, rank, _ = np.linalg.lstsq(columns, points.z, rcond=None)
    rest = float(np.square(points.z - columns @ found).sum())
    whole = float(np.square(points.z - points.z.mean()).sum())
    df = len(u) - int(rank)
    if df < 1 or rest <= 1e-12 * whole:
        return whole > 0
    return bool(fdtrc(rank - 1, df, (whole - rest) / (rank - 1) / (rest / df)) < 1 - level)


def _region(height: Floats, drawn: Floats, best: tuple[int, int], level: float) -> Flags:
    """Places whose distance below the best is within the level's quantile of the largest studentised error of all."""
    inside = np.isfinite(height)
    behind = height[best] - height
    errors = drawn[:, best[0], best[1]][:, None, None] - drawn
    spread = np.sqrt(np.square(errors).mean(axis=0))
    scaled = np.divide(errors, spread, out=np.zeros_like(errors), where=spread > 0)
    largest = float(np.quantile(scaled[:, inside].max(axis=1), level))
    return np.asarray(inside & (np.where(inside, behind, np.inf) <= largest * spread))


def _effect(height: Floats, drawn: Floats, axis: int, level: float, n: int) -> Curve:
    """Mean over the other parameter, where enough of it lies in the hull.

    |range(f) − range(g)| never exceeds the range of f − g: the interval is of the largest range of errors.
    """
    inside = np.isfinite(height)
    count = inside.sum(axis=axis)
    known = count >= ENOUGH * count.max()
    value = np.where(inside, height, 0.0).sum(axis=axis)[known] / count[known]
    errors = drawn.sum(axis=axis + 1)[:, known] / count[known]
    width = float(value.max() - value.min())
    reach = float(np.quantile(errors.max(axis=1) - errors.min(axis=1), level))
    span = Estimate(width, max(width - reach, 0.0), width + reach, level, EFFECT, n)
    at = np.linspace(0.0, 1.0, GRID)[known]
    return Curve(at, value, np.sqrt(np.square(errors).mean(axis=0)), span)


def _edges(surface: Fitted, best: tuple[float, float], sign: float) -> tuple[tuple[int, int], ...]:
    """In which directions the rim is near while the surface still rises towards it, the steepest of them first.

    At a slanting rim both directions may lead out: only those count that rise a third as much as the steepest.
    """
    risen: dict[tuple[int, int], float] = {}
    for axis in (0, 1):
        for side in (-1, 1):
            beyond, back = list(best), list(best)
            beyond[axis] += side * EDGE
            back[axis] -= side * EDGE
            if surface.hull.holds(*beyond) or not surface.hull.holds(*back):
                continue
            here, there = (float(surface.values(np.array([u]), np.array([v]))[0, 0]) for u, v in (best, back))
            risen[axis, side] = sign * (here - there)
    steepest = max(risen.values(), default=0.0)
    kept = [way for way, rise in risen.items() if rise > 0 and rise >= steepest / 3]
    return tuple(sorted(kept, key=lambda way: -risen[way]))
