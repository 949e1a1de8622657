"""A fitted surface, whatever the method, remembered by the points and the method it was fitted with."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from engine.analysis.arrays import Floats
from engine.analysis.surface.exact import interpolate, merged
from engine.analysis.surface.hull import Hull
from engine.analysis.surface.low_order import fit_low_order
from engine.analysis.surface.points import Points
from engine.analysis.surface.preview import fit_preview
from engine.analysis.surface.smooth import fit_smooth
from engine.analysis.surface.tensor import Tensor

PLACES = 16
"""Below so many different places a plane or a quadratic is fitted."""
REMEMBERED = 16


@dataclass(frozen=True)
class Fitted:
    """A surface over the hull of its points. `form`: "spline", "preview", "exact", or what a low order is called."""

    hull: Hull
    form: str
    tensor: Tensor | None = None
    places: Floats | None = None
    heights: Floats | None = None

    def values(self, u: Floats, v: Floats) -> Floats:
        """On the grid of u and v in [0, 1]: shape (len(v), len(u)); NaN outside of the hull."""
        if self.tensor is not None:
            found = self.tensor.values(u, v)
        else:
            assert self.places is not None
            assert self.heights is not None
            found = interpolate(self.places, self.heights, u, v)
        return np.where(self.hull.inside(u, v), found, np.nan)

    def errors(self, u: Floats, v: Floats) -> Floats | None:
        """Standard errors on the grid, NaN outside of the hull; None where there are none."""
        found = None if self.tensor is None else self.tensor.errors(u, v)
        return None if found is None else np.where(self.hull.inside(u, v), found, np.nan)


_known: OrderedDict[bytes, Fitted] = OrderedDict()
_lock = threading.Lock()


def fitted(points: Points, method: str) -> Fitted:
    """The surface of points by a method; made once for the same points.

    Raises InputRefused where the points lie on a line, NotEnoughData where they are too few for a plane.
    """
    key = hashlib.sha256(method.encode())
    for column in (points.u, points.v, points.z, points.run):
        key.update(column.tobytes())
    name = key.digest()
    with _lock:
        if name in _known:
            _known.move_to_end(name)
            return _known[name]
    made = _made(points, method)
    with _lock:
        _known[name] = made
        while len(_known) > REMEMBERED:
            _known.popitem(last=False)
    return made


def _made(points: Points, method: str) -> Fitted:
    u, v, z = points.u, points.v, points.z
    hull = Hull.of(u, v)
    places, heights = merged(u, v, z)
    if method == "exact":
        return Fitted(hull, "exact", places=places, heights=heights)
    if len(places) < PLACES:
        low_order, form = fit_low_order(u, v, z)
        return Fitted(hull, form, low_order)
    if method == "preview":
        return Fitted(hull, "preview", fit_preview(u, v, z))
    return Fitted(hull, "spline", fit_smooth(u, v, z, points.run if points.clustered else None))
