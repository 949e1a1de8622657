"""The KL of a run without the noise of its batches.

A KL is estimated on the answers of one batch, so that it jumps about the way that the policy takes. To a fit of what
follows the KL these jumps are movements that the reward does not follow: slopes become too flat (errors in variables),
most where the errors of the reward hang together, since then it is movements from step to step that count.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from engine.analysis.arrays import Floats
from engine.analysis.overoptimisation import noise

PENALTIES = np.geomspace(1e-3, 1e6, 28)
CAUTION = 1.4
"""How much a degree of freedom costs: plain cross-validation now and then follows the noise (Cummins et al. 2001)."""

NEGLIGIBLE = 0.2
"""Jumps by the movement from point to point below which a course is left as it is."""


def steadied(step: Floats, d: Floats) -> Floats:
    """The d of these steps as a smooth line, both of shape (n,), n ≥ 4; as it is where it hardly jumps.

    Of many points neighbours are averaged first, as in the fit.
    """
    block = noise.blocks(len(d))
    means = noise.averaged(block, np.stack([step, d], axis=1))
    line = _line(means[:, 1])
    return d if line is None else np.interp(step, means[:, 0], line)


def _line(d: Floats) -> Floats | None:
    """A smooth line of its own choice of smoothness through points in order; None where they hardly jump about it.

    The penalty on second differences (Whittaker 1923) is that of the least generalised cross-validation (Craven and
    Wahba 1979).
    """
    stiffness, basis = _second_differences(len(d))
    waves = basis.T @ d
    kept = 1 / (1 + PENALTIES[:, None] * stiffness)
    rest = np.square(waves * (1 - kept)).sum(axis=1)
    free = len(d) - CAUTION * kept.sum(axis=1)
    usable = free > 0
    if not usable.any():
        return None
    score = np.where(usable, rest / np.where(usable, free, 1.0) ** 2, np.inf)
    line = basis @ (waves * kept[int(np.argmin(score))])
    jumps, movement = float(np.sqrt(np.mean(np.square(d - line)))), float(np.mean(np.abs(np.diff(line))))
    return None if jumps < NEGLIGIBLE * movement else np.maximum(line, 0.0)


@lru_cache(maxsize=16)
def _second_differences(size: int) -> tuple[Floats, Floats]:
    """Eigenvalues and eigenvectors of the squared second differences of so many points."""
    differences = np.diff(np.eye(size), 2, axis=0)
    values, vectors = np.linalg.eigh(differences.T @ differences)
    return np.maximum(values, 0.0), vectors
