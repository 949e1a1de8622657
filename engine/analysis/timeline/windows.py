"""Windows of a timeline: which cells each frame is of, and what its stretch is called."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from engine.analysis.records import Records
from engine.analysis.timeline.grid import MOST_CELLS, By, finest, start
from engine.analysis.timeline.parameters import MOST_FRAMES
from engine.analysis.timeline.state import Cells

FEWEST_WINDOWS = 12
"""Windows of less than a day are taken where there would be fewer of whole days."""


@dataclass(frozen=True)
class Window:
    """Neighbouring cells: from `low` up to but not including `high`, steps or seconds since 1970."""

    low: float
    high: float
    keys: tuple[int, ...]


def cells_of_records(records: Records, of: str, by: By) -> Cells:
    """The cells of records that keep step and time themselves (`engine.analysis.timed`): cut, not observed again."""
    at = records.columns[by]
    known = np.isfinite(at)
    kept = records.where(known)
    without = len(records) - len(kept)
    if not len(kept):
        return Cells(of, by, 0, {}, records.rows, without)
    exponent, cell = finest(at[known], by, MOST_CELLS)
    found = {}
    for one in np.unique(cell):
        part = kept.where(cell == one)
        found[int(one)] = replace(part, rows=len(part))
    return Cells(of, by, exponent, found, records.rows, without, records.narrowed)


def windows_of(cells: Cells, count: int) -> list[Window]:
    """`count` windows of equal length, or with 0 each step or day, in order; those without rows are left out."""
    keys = np.array(list(cells.cells), np.int64)
    if not len(keys):
        return []
    if count:
        size = int(keys[-1] - keys[0]) + 1
        number = (keys - keys[0]) * count // size
        return [_window(cells, keys[number == one]) for one in np.unique(number)]
    shift = _natural(keys, cells)
    group = keys >> shift
    if cells.by == "step":
        return [_window(cells, keys[group == one]) for one in np.unique(group)]
    edges = [(int(one) << shift, ((int(one) + 1) << shift) - 1) for one in np.unique(group)]
    return [_window(cells, keys[group == one], edge) for one, edge in zip(np.unique(group), edges, strict=True)]


def _natural(keys: Any, cells: Cells) -> int:
    """By how many powers of two cells are joined: to days while there are enough, and to `MOST_FRAMES` at most."""
    shift = 0
    if cells.by == "time":
        shift = max(-cells.exponent, 0)
        while shift and len(np.unique(keys >> shift)) < FEWEST_WINDOWS:
            shift -= 1
    while len(np.unique(keys >> shift)) > MOST_FRAMES:
        shift += 1
    return shift


def _window(cells: Cells, keys: Any, ends: tuple[int, int] | None = None) -> Window:
    """The window of these cells: from the first to the last that has rows, or between given cells."""
    first, last = ends or (int(keys[0]), int(keys[-1]))
    low, high = (start(edge, cells.exponent, cells.by) for edge in (first, last + 1))
    return Window(low, high, tuple(keys.tolist()))


def label(window: Window, by: By) -> str:
    """The stretch in words: `step 120`, `steps 100 to 199`, `3 Jan 2026`, `3 Jan 2026, 06:00`."""
    if by == "step":
        first, last = int(np.ceil(window.low)), int(np.ceil(window.high)) - 1
        return f"step {first:,}" if first == last else f"steps {first:,} to {last:,}"
    begin, end = (datetime.fromtimestamp(edge, UTC) for edge in (window.low, window.high))
    whole = (begin.hour, begin.minute, end.hour, end.minute) == (0, 0, 0, 0)
    days = (end - begin).total_seconds() / 86_400
    day = f"{begin.day} {begin:%b %Y}"
    if whole:
        return day if days == 1 else f"{day}, {days:.0f} days"
    return f"{day}, {begin:%H:%M:%S}" if begin.second else f"{day}, {begin:%H:%M}"


def spans(windows: list[Window], span: int) -> Iterator[list[Window]]:
    """For each window those that its frame is of: all up to it with 0, else the last `span`."""
    for place in range(len(windows)):
        yield windows[: place + 1] if span == 0 else windows[max(place + 1 - span, 0) : place + 1]
