"""The numbers of a surface's pictures: a coarse grid, two cuts, the effect of either parameter."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.analysis.arrays import Floats
from engine.analysis.intervals import critical
from engine.analysis.surface.decide import Curve, Decision
from engine.analysis.surface.fitted import Fitted
from engine.analysis.surface.parameters import SurfaceParameters
from engine.analysis.surface.points import Axis, Points
from engine.analysis.trials import Trials

COARSE = 61
DIGITS = 6
"""Digits of a number of a picture that count."""
CUT = 101
NEAR = 0.06
"""Points within that part of the other axis are shown beside a cut."""
MOST_POINTS = 2000


def pictures(
    trials: Trials, points: Points, surface: Fitted, decision: Decision, params: SurfaceParameters
) -> dict[str, dict[str, Any]]:
    """Every picture by name, of plain numbers in the units of the parameters."""
    cut = _place(points.x, params.cut_x, decision.best[0]), _place(points.y, params.cut_y, decision.best[1])
    return {
        "surface": _surface(trials, points, surface, decision, spread_of(surface, params.level)),
        "cut_x": _cut(points, surface, 0, cut[1], params.level),
        "cut_y": _cut(points, surface, 1, cut[0], params.level),
        **({"effects": _effects(points, decision, params.level)} if decision.effects else {}),
    }


def spread_of(surface: Fitted, level: float) -> float:
    """How many standard errors the intervals of a surface reach to either side."""
    df = 0.0 if surface.tensor is None else surface.tensor.df
    return critical(level, int(max(df, 1)) + 1)


def _place(axis: Axis, asked: str, usual: float) -> float:
    """Where a cut lies in [0, 1]: what was asked for, moved into the observed range; else the best point."""
    if not asked or (axis.log and float(asked) <= 0):
        return usual
    return float(np.clip(axis.unit(np.array([float(asked)]))[0], 0.0, 1.0))


def _surface(trials: Trials, points: Points, surface: Fitted, decision: Decision, spread: float) -> dict[str, Any]:
    at = np.linspace(0.0, 1.0, COARSE)
    error = surface.errors(at, at)
    shown = _shown(len(points))
    corners = np.vstack([surface.hull.corners, surface.hull.corners[:1]])
    best, after = decision.best, decision.next
    return {
        "metric": trials.metric,
        "lower": trials.lower,
        "form": surface.form,
        "axes": [{"name": one.name, "log": one.log, "low": one.low, "high": one.high} for one in (points.x, points.y)],
        "x": points.x.value(at).tolist(),
        "y": points.y.value(at).tolist(),
        "value": _rows(surface.values(at, at)),
        "error": None if error is None else _rows(error),
        "spread": spread,
        "hull": {"x": points.x.value(corners[:, 0]).tolist(), "y": points.y.value(corners[:, 1]).tolist()},
        "points": {
            "x": points.x.value(points.u[shown]).tolist(),
            "y": points.y.value(points.v[shown]).tolist(),
            "value": points.z[shown].tolist(),
            "run": [points.runs[place] for place in points.run[shown].tolist()],
        },
        "best": {"x": _one(points.x, best[0]), "y": _one(points.y, best[1]), "value": decision.value.value},
        "next": None if after is None else {"x": _one(points.x, after[0]), "y": _one(points.y, after[1])},
    }


def _cut(points: Points, surface: Fitted, along: int, fixed: float, level: float) -> dict[str, Any]:
    """The surface along one axis at a place of the other, where it is known there."""
    at, other = np.linspace(0.0, 1.0, CUT), np.array([fixed])
    grid = (at, other) if along == 0 else (other, at)
    value, error = surface.values(*grid).ravel(), surface.errors(*grid)
    axes, places = (points.x, points.y), (points.u, points.v)
    near = np.flatnonzero(np.abs(places[1 - along] - fixed) <= NEAR)[:MOST_POINTS]
    half = None if error is None else spread_of(surface, level) * error.ravel()
    return {
        "axis": axes[along].name,
        "log": axes[along].log,
        "other": axes[1 - along].name,
        "fixed": _one(axes[1 - along], fixed),
        "at": axes[along].value(at).tolist(),
        "value": _plain(value),
        "low": None if half is None else _plain(value - half),
        "high": None if half is None else _plain(value + half),
        "points": {
            "at": axes[along].value(places[along][near]).tolist(),
            "value": points.z[near].tolist(),
            "run": [points.runs[place] for place in points.run[near].tolist()],
        },
    }


def _effects(points: Points, decision: Decision, level: float) -> dict[str, Any]:
    quantile = critical(level, 10_000)
    return {
        "x": _curve(points.x, decision.effects[0], quantile),
        "y": _curve(points.y, decision.effects[1], quantile),
    }


def _curve(axis: Axis, curve: Curve, quantile: float) -> dict[str, Any]:
    return {
        "axis": axis.name,
        "log": axis.log,
        "at": axis.value(curve.at).tolist(),
        "value": curve.value.tolist(),
        "low": (curve.value - quantile * curve.error).tolist(),
        "high": (curve.value + quantile * curve.error).tolist(),
    }


def _shown(count: int) -> Floats:
    return np.unique(np.linspace(0, count - 1, min(count, MOST_POINTS)).astype(np.int64))


def _one(axis: Axis, place: float) -> float:
    return float(axis.value(np.array([place]))[0])


def _rows(grid: Floats) -> list[list[float | None]]:
    return [_plain(row) for row in grid]


def _plain(values: Floats) -> list[float | None]:
    return [float(f"{value:.{DIGITS}g}") if np.isfinite(value) else None for value in values.tolist()]
