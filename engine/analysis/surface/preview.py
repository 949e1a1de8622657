"""A coarse picture of very many points at once: bin averages, smoothed by a small spline. It has no intervals."""

from __future__ import annotations

import numpy as np

from engine.analysis.arrays import Floats
from engine.analysis.surface.basis import normal, penalties
from engine.analysis.surface.tensor import Tensor

BINS, SIZE = 32, 10
STRENGTHS = (0.003, 0.03, 0.3, 3.0, 30.0)


def fit_preview(u: Floats, v: Floats, z: Floats) -> Tensor:
    """The preview of points in the unit square, of the five strengths of smoothing the best by cross-validation."""
    across, up = (np.minimum((np.clip(one, 0, 1) * BINS).astype(np.int64), BINS - 1) for one in (u, v))
    key = across * BINS + up
    count = np.bincount(key, minlength=BINS**2).astype(float)
    kept = np.flatnonzero(count)
    means = [np.bincount(key, one, BINS**2)[kept] / count[kept] for one in (u, v, z)]
    sums = normal(means[0], means[1], means[2], SIZE, count[kept])
    both = np.add(*penalties(SIZE))
    scale = float(np.trace(sums.matrix)) / SIZE**2
    tried = [_tried(sums.matrix, sums.right, scale * strength * both) for strength in STRENGTHS]
    scores = [
        (sums.square - 2 * float(sums.right @ found) + float(found @ sums.matrix @ found))
        / max(len(kept) - 1.4 * freedom, 1e-9) ** 2
        for found, freedom in tried
    ]
    best = int(np.argmin(scores))
    return Tensor(tried[best][0].reshape(SIZE, SIZE) + sums.centre, freedom=tried[best][1])


def _tried(matrix: Floats, right: Floats, penalty: Floats) -> tuple[Floats, float]:
    """Coefficients and effective number of parameters with this penalty."""
    solved: Floats = np.asarray(np.linalg.solve(matrix + penalty, np.column_stack([right, matrix])), float)
    return solved[:, 0], float(np.trace(solved[:, 1:]))
