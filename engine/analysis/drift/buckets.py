"""The filled buckets of some rows, numbered without gaps: buckets are few, so a count finds them faster than a sort."""

from __future__ import annotations

import numpy as np

from engine.analysis.arrays import Floats, Ints


def dense(bucket: Ints) -> tuple[int, Ints]:
    """How many buckets these rows fill, and the number of each row's among them."""
    filled = np.bincount(bucket) > 0
    return int(filled.sum()), (np.cumsum(filled) - 1)[bucket]


def by_bucket(bucket: Ints, *values: Floats) -> Floats:
    """Rows, and the sum of each of these values, by filled bucket: shape (1 + values, buckets)."""
    groups, place = dense(bucket)
    return np.stack([np.bincount(place, weight, groups) for weight in (np.ones(len(bucket)), *values)])
