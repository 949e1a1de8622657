"""Names of the array types that every analysis uses."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Hashes = NDArray[np.uint64]
Flags = NDArray[np.bool_]


def sum_by(key: Ints, values: Floats | Flags, size: int) -> Floats:
    """Sum `values` by `key` in [0, size): shape (size,)."""
    return np.asarray(np.bincount(key, values, minlength=size), dtype=float)


def quotient(above: Floats, below: Floats, empty: float = np.nan) -> Floats:
    """`above` by `below`, which broadcast; `empty` where the divisor is zero (or within 1e-12 of it)."""
    above, below = np.broadcast_arrays(above, below)
    divided = np.full(above.shape, empty)
    np.divide(above, below, out=divided, where=np.abs(below) > 1e-12)
    return divided


def sum_rows(values: Floats) -> Floats:
    """The sum of each column of (rows, columns), columns > 1, added row by row: `sum(axis=0)` in a fifth of its time.

    To the bit the same for arrays that lie in memory row by row.
    """
    return np.asarray(np.einsum("ij->j", values))


class Cells:
    """Sums of values by the cell that their row lies in, block after block of at most `length` rows.

    A product with a sparse matrix of one column: `bincount` looks for the least and largest cell anew for each sum.
    """

    def __init__(self, size: int, length: int) -> None:
        self._size = size
        rows, column = np.zeros((2, length), np.int32)
        self._matrix = coo_array((np.zeros(length), (rows, column)), shape=(size, 1))
        self._one = np.ones(1)

    def place(self, position: Floats, scale: float) -> None:
        """Row i lies in cell floor(scale * position[i]). Raises ValueError where that is none of the `size` cells."""
        rows, column = self._matrix.coords
        if len(position) != len(rows):
            self._matrix.coords = rows[: len(position)], column[: len(position)]
            rows = self._matrix.coords[0]
        np.multiply(position, scale, out=rows, casting="unsafe")
        if len(rows) and (rows.min() < 0 or rows.max() >= self._size):
            raise ValueError("a row lies outside of all cells")

    def sums(self, values: Floats) -> Floats:
        """Sum of `values`, one for each row that was placed, by cell: shape (size,)."""
        self._matrix.data = values
        return np.asarray(self._matrix @ self._one)


def is_binary(labels: Floats) -> bool:
    """Whether every label is exactly 0 or 1."""
    return bool(np.count_nonzero(labels == 0) + np.count_nonzero(labels == 1) == len(labels))
