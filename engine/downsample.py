"""Which points of a long line are drawn: so few that the screen cannot show more, chosen so that nothing is hidden.

`min_max` keeps both extremes of each of many bins: a spike of one step is still seen. `lttb` keeps the points that turn
most, for lines that are smooth already.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_POINTS = 2_000
"""Points of a line that are sent at once; a range that is looked at closely gets as many of its own."""

_AT_ONCE = 1 << 15
"""Values that are looked through for their lowest and then for their highest while they are at hand."""

Floats = NDArray[np.float64]
Places = NDArray[np.int64]


def min_max(y: NDArray[Any], most: int = MOST_POINTS) -> Places:
    """Places of the points to draw, in order: first, last, and of each bin of neighbours the lowest and the highest.

    NaN counts as neither, unless a whole bin is NaN: then one of them is kept, so that the gap stays.

    Args:
        y: values in order, shape (n,).
        most: how many points may be kept at most, from 4.
    """
    size = len(y)
    if most < 4:
        raise ValueError("fewer than four points are no line")
    if size <= most:
        return np.arange(size)
    bins = (most - 2) // 2
    width = -(-(size - 2) // bins)
    whole = (size - 2) // width
    inner = y[1 : 1 + whole * width].reshape(whole, width)
    base = 1 + np.arange(whole) * width
    together = max(_AT_ONCE // width, 1)
    parts = [
        one
        for first in range(0, whole, together)
        for one in _extremes(inner[first : first + together], base[first : first + together])
    ]
    if rest := (size - 2) - whole * width:
        parts += _extremes(y[1 + whole * width : 1 + whole * width + rest][None], np.array([1 + whole * width]))
    kept = np.sort(np.concatenate([[0, size - 1], *parts]))
    return np.asarray(kept[np.append(True, kept[1:] != kept[:-1])], np.int64)


def _extremes(rows: NDArray[Any], base: Places) -> tuple[Places, Places]:
    """Places of the lowest and the highest value of each row; NaN is neither."""
    lowest, highest = rows.argmin(axis=1), rows.argmax(axis=1)
    if np.isnan(rows[np.arange(len(rows)), lowest]).any():
        missing = np.isnan(rows)
        lowest = np.where(missing, np.inf, rows).argmin(axis=1)
        highest = np.where(missing, -np.inf, rows).argmax(axis=1)
    return base + lowest, base + highest


def lttb(x: Floats, y: Floats, most: int = MOST_POINTS) -> Places:
    """Places of the points to draw, in order, by largest triangles of three buckets (Steinarsson 2013).

    First and last are kept; of each of `most` − 2 buckets of neighbours the point whose triangle with the point kept
    before and the mean of the next bucket is the largest, the first of several.

    Args:
        x: places in increasing order, shape (n,).
        y: finite values at them, shape (n,).
        most: how many points are kept at most, from 3.
    """
    size = len(y)
    if most < 3:
        raise ValueError("fewer than three points are no line")
    if size <= most:
        return np.arange(size)
    edges = 1 + _split(size - 2, most - 2)
    starts = edges[:-1]
    sizes = np.diff(edges)
    mean_x = np.append(np.add.reduceat(x[1:-1], starts - 1) / sizes, x[-1])
    mean_y = np.append(np.add.reduceat(y[1:-1], starts - 1) / sizes, y[-1])
    kept = np.zeros(most, np.int64)
    kept[-1] = size - 1
    before = 0
    for bucket in range(most - 2):
        part = slice(edges[bucket], edges[bucket + 1])
        across, up = mean_x[bucket + 1] - x[before], mean_y[bucket + 1] - y[before]
        areas = np.abs((x[part] - x[before]) * up - (y[part] - y[before]) * across)
        before = int(edges[bucket] + areas.argmax())
        kept[bucket + 1] = before
    return kept


def _split(size: int, parts: int) -> Places:
    """The edges of `size` things in `parts` neighbouring parts, the longer ones first."""
    each, longer = divmod(size, parts)
    lengths = np.full(parts, each)
    lengths[:longer] += 1
    return np.concatenate([[0], np.cumsum(lengths)])
