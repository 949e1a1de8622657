"""The cells of a timeline: stretches of steps or time whose edges depend on no data, so that segments add up.

A cell is 2^exponent units long: a unit is one step, or one day, and cells of time may be fractions of a day. Each set
of rows has the finest cells of which at most `MOST_CELLS` have rows; joining two sets coarsens them until that holds
again. A coarser cell is two finer ones, so the grid depends on the rows alone and not on how they were split.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from engine.analysis.arrays import Floats, Ints

By = Literal["step", "time"]

MOST_CELLS = 256
FEWEST_CELLS = 16
MANY_ROWS = 1 << 20
"""Rows up to which there are as many cells as may be; each doubling halves them, so that states stay small."""

DAY = 86_400.0
UNIT: dict[str, float] = {"step": 1.0, "time": DAY}
"""Steps, or seconds, of a cell of exponent 0."""

FINEST: dict[str, int] = {"step": 0, "time": -20}
"""Steps are whole; a day by 2^20 is a twelfth of a second."""


def finest(at: Floats, by: By, most: int) -> tuple[int, Ints]:
    """The smallest exponent with at most `most` cells that have rows, and the cell of each row.

    Args:
        at: finite steps, or seconds since 1970, shape (n,).
        by: which of them.
        most: how many cells may have rows.
    """
    exponent = FINEST[by]
    cell = np.floor(at / (UNIT[by] * 2.0**exponent)).astype(np.int64)
    known, place = np.unique(cell, return_inverse=True)
    shift = 0
    while len(np.unique(known >> shift)) > most:
        shift += 1
    return exponent + shift, (known >> shift)[place]


def most_cells(rows: int) -> int:
    """How many cells may have rows, by how many rows there are."""
    return max(MOST_CELLS >> max((rows - 1) // MANY_ROWS, 0).bit_length(), FEWEST_CELLS)


def start(cell: int, exponent: int, by: By) -> float:
    """Where a cell begins, in steps or seconds since 1970; it ends where the next one begins."""
    return float(cell * 2.0**exponent * UNIT[by])
