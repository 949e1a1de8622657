"""The frames of a timeline: for each window the answer of its analysis."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import reduce
from typing import Any

from engine.analysis.base import Analysis, Parameters
from engine.analysis.timeline.grid import UNIT, By
from engine.analysis.timeline.state import Cells
from engine.analysis.timeline.windows import Window, label, spans, windows_of
from engine.errors import NotEnoughData, PlumblineError
from engine.types import Frame

LEAST_FRAMES = 2


def frames_of(cells: Cells, inner: Analysis[Any, Any], params: Parameters, windows: int, span: int) -> list[Frame]:
    """The frames in order. Where the rows of a window do not suffice, its frame says so and has no result.

    `span` 0 makes every frame of all rows up to the end of its window, else of the last `span` windows.

    Raises NotEnoughData where there are fewer than two windows, or where no window has an answer.
    """
    found = windows_of(cells, windows)
    if len(found) < LEAST_FRAMES:
        raise NotEnoughData(_too_few(cells))
    made = [
        _frame(window, state, cells, inner, params)
        for window, state in zip(found, _states(found, cells, inner, span), strict=True)
    ]
    if all(frame.result is None for frame in made):
        raise NotEnoughData(f"No window has an answer. Of the last one: {made[-1].missing}")
    return made


def _too_few(cells: Cells) -> str:
    if not cells.cells:
        return f"No row has a {cells.by}: a timeline needs one."
    return f"All rows are of one {cells.by if cells.by == 'step' else 'moment'}: a timeline needs two."


def _states(windows: list[Window], cells: Cells, inner: Analysis[Any, Any], span: int) -> Iterator[Any]:
    """The state of each frame; of everything up to it, each is the one before with one more window."""
    if span == 0:
        state = None
        for window in windows:
            for key in window.keys:
                state = cells.cells[key] if state is None else inner.combine(state, cells.cells[key])
            yield state
        return
    for chosen in spans(windows, span):
        yield reduce(inner.combine, [cells.cells[key] for window in chosen for key in window.keys])


def _frame(window: Window, state: Any, cells: Cells, inner: Analysis[Any, Any], params: Parameters) -> Frame:
    ends = (window.low, window.high - (1 if cells.by == "step" else 0))
    frame = Frame(label(window, cells.by), *ends)
    try:
        return replace(frame, result=inner.conclude(state, params))
    except PlumblineError as error:
        return replace(frame, missing=error.message)


def width_of(cells: Cells, frames: list[Frame], windows: int) -> str:
    """How long a window is, in words."""
    lengths = [frame.high - frame.low + (1 if cells.by == "step" else 0) for frame in frames]
    if windows:
        return "about " + _long((frames[-1].high - frames[0].low) / windows, cells.by)
    return ("" if min(lengths) == max(lengths) else "about ") + _long(sum(lengths) / len(lengths), cells.by)


def _long(length: float, by: By) -> str:
    if by == "step":
        return "a step" if length == 1 else f"{length:,.0f} steps"
    days = length / UNIT["time"]
    if days >= 1:
        return "a day" if days == 1 else f"{days:.3g} days"
    hours = 24 * days
    return f"{hours:.3g} hours" if hours >= 1 else f"{60 * hours:.3g} minutes"
