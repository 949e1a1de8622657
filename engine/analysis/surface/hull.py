"""The convex hull of the observed points: outside of it nothing is said."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import ConvexHull, QhullError

from engine.analysis.arrays import Flags, Floats
from engine.errors import InputRefused

_NEAR = 1e-9
_FLAT = 1e-4
"""Area in units of the square below which points lie on a line."""


@dataclass(frozen=True)
class Hull:
    """Half-planes a·u + b·v + c ≤ 0, shape (m, 3), and the corners in order, shape (m, 2)."""

    planes: Floats
    corners: Floats

    @classmethod
    def of(cls, u: Floats, v: Floats) -> Hull:
        """The hull of points in the unit square. Raises InputRefused where they lie on a line."""
        try:
            found = ConvexHull(np.stack([u, v], axis=1))
        except (QhullError, ValueError):
            found = None
        if found is None or found.volume < _FLAT:
            told = "The two parameters change together: the points lie on a line, not on a plane. Choose other ones."
            raise InputRefused(told, code="on_a_line")
        return cls(found.equations, found.points[found.vertices])

    def inside(self, u: Floats, v: Floats) -> Flags:
        """Which points of the grid lie in it, its rim included: shape (len(v), len(u))."""
        low, high = self.span(u)
        return np.asarray((v[:, None] >= low - _NEAR) & (v[:, None] <= high + _NEAR))

    def span(self, u: Floats) -> tuple[Floats, Floats]:
        """From where to where v goes at each u; the first above the second where it goes nowhere."""
        a, b, c = (column[:, None] for column in self.planes.T)
        with np.errstate(divide="ignore", invalid="ignore"):
            at = -(a * u + c) / b
        upright = np.abs(b) < 1e-12
        high = np.where((b > 0) & ~upright, at, np.inf).min(axis=0)
        low = np.where((b < 0) & ~upright, at, -np.inf).max(axis=0)
        out = (upright & (a * u + c > _NEAR)).any(axis=0)
        return np.where(out, np.inf, low), np.where(out, -np.inf, high)

    def holds(self, u: float, v: float) -> bool:
        """Whether one point lies in it."""
        return bool(np.all(self.planes @ np.array([u, v, 1.0]) <= _NEAR))
