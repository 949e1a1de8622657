"""A surface through every point: cubic interpolation on triangles, its triangulation remembered by the places.

Clough and Tocher (1965) with gradients after Nielson (1983) as scipy has them: the numbers of
`griddata(…, method="cubic")`. The places of a sweep stay what they are while values and metrics change, and the
triangulation is most of the work.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict

import numpy as np
from scipy.interpolate import CloughTocher2DInterpolator
from scipy.spatial import Delaunay

from engine.analysis.arrays import Floats

REMEMBERED = 8
_known: OrderedDict[bytes, Delaunay] = OrderedDict()
_lock = threading.Lock()


def merged(u: Floats, v: Floats, z: Floats) -> tuple[Floats, Floats]:
    """Places without repetitions, in their order, shape (m, 2), and the mean value at each."""
    given = np.stack([u, v], axis=1)
    places, first, of, count = np.unique(given, axis=0, return_index=True, return_inverse=True, return_counts=True)
    order = np.argsort(first)
    return places[order], (np.bincount(of.ravel(), z) / count)[order]


def triangulation(places: Floats) -> Delaunay:
    """The triangles of places, shape (m, 2): made once for the same places."""
    key = hashlib.sha256(places.tobytes()).digest()
    with _lock:
        if key in _known:
            _known.move_to_end(key)
            return _known[key]
    made = Delaunay(places)
    with _lock:
        _known[key] = made
        while len(_known) > REMEMBERED:
            _known.popitem(last=False)
    return made


def interpolate(places: Floats, z: Floats, u: Floats, v: Floats) -> Floats:
    """Values on the grid of u and v, shape (len(v), len(u)); NaN outside of the hull of the places."""
    across, up = np.meshgrid(u, v)
    return np.asarray(CloughTocher2DInterpolator(triangulation(places), z)(across, up))
