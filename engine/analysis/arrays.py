"""Names of the array types that every analysis uses."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Hashes = NDArray[np.uint64]
Flags = NDArray[np.bool_]


def sum_by(key: Ints, values: Floats | Flags, size: int) -> Floats:
    """Sum `values` by `key` in [0, size): shape (size,)."""
    return np.asarray(np.bincount(key, values, minlength=size), dtype=float)


def is_binary(labels: Floats) -> bool:
    """Whether every label is exactly 0 or 1."""
    return bool(np.count_nonzero(labels == 0) + np.count_nonzero(labels == 1) == len(labels))
