"""How the errors of successive points may hang together: a grid of covariances that the fit weighs and averages over.

Each is white noise beside noise whose correlation falls off exponentially with the distance in steps. Lengths are
spread evenly in their logarithm from one gap between points to far beyond the series, where the noise is a random walk
to all intents: no single length has to be estimated well, which short series do not allow.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from engine.analysis.arrays import Floats, Ints

LENGTHS = np.geomspace(1.0, 200.0, 16)
"""Gaps between points over which a correlation falls to 1 / e."""

WHITE = (0.0, 0.5, 0.8)
"""Shares of white noise in the variance."""

MOST_POINTS = 80
"""Points of a fit: of more, neighbours are averaged, so that what hangs together over few steps is within a point."""


def blocks(count: int) -> Ints:
    """To which averaged point each of `count` points in order belongs, shape (count,)."""
    size = -(-count // MOST_POINTS)
    return np.arange(count) // size


def averaged(block: Ints, values: Floats) -> Floats:
    """The means by block of columns, shape (n, k) to (blocks, k)."""
    sums = np.zeros((int(block[-1]) + 1, values.shape[1]))
    np.add.at(sums, block, values)
    return np.asarray(sums / np.bincount(block)[:, None])


def covariances(step: Floats, size: Ints) -> tuple[Floats, Floats, Floats]:
    """Covariances up to a factor, shape (grid, m, m); the logarithms of their determinants and of their prior weights.

    Args:
        step: where each averaged point lies, rising, shape (m,).
        size: how many points it averages, shape (m,).
    """
    return _covariances(step.tobytes(), size.tobytes())


@lru_cache(maxsize=8)
def _covariances(step: bytes, size: bytes) -> tuple[Floats, Floats, Floats]:
    at, counts = np.frombuffer(step), np.frombuffer(size, np.int64)
    distance = np.abs(at[:, None] - at[None, :]) * (len(at) - 1) / (at[-1] - at[0])
    alone = np.diag(counts.max() / counts)
    together = np.exp(-distance[None] / LENGTHS[:, None, None])
    mixed = [(1 - share) * together + share * alone for share in WHITE]
    found = np.concatenate([alone[None], *mixed])
    weight = np.concatenate([[0.0], np.full(len(WHITE) * len(LENGTHS), -np.log(len(WHITE)))])
    return found, np.linalg.slogdet(found)[1], weight
