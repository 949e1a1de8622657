"""Windows: which rows are the reference, and which belong to each later window."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from engine import cohort
from engine.analysis.arrays import Flags, Floats, Ints
from engine.analysis.drift.parameters import DriftParameters
from engine.analysis.records import Records
from engine.errors import NotEnoughData, NotFound, UsageError

DATASET = "dataset"
"""The name under which records know which dataset they are of."""

USUAL, USUAL_PROMPTS = 8, 60


@dataclass(frozen=True)
class Windows:
    """The window of each row: 0 the reference, −1 none. `at` is its step, or seconds since 1970; NaN along datasets.

    `low` and `high` are the first and last step (or moment) of each window, both of them rows of it. `unknown` counts
    rows without a step or a time, `outside` those before the end of a chosen reference that are not in it.
    """

    by: str
    code: Ints
    at: Floats
    names: tuple[str, ...]
    low: Floats
    high: Floats
    unknown: int = 0
    outside: int = 0

    def __len__(self) -> int:
        return len(self.names)

    def where(self, window: int) -> str:
        """The rows of a window as `engine.cohort` writes them; empty along datasets, which no column tells apart."""
        if self.by == DATASET:
            return ""
        return cohort.within(self.by, float(self.low[window]), float(self.high[window]))

    def began(self, window: int) -> str:
        """Where a window begins, in words."""
        return self.names[window] if self.by == DATASET else spoken(self.by, float(self.low[window]))


def spoken(by: str, at: float) -> str:
    """A step or a moment in words: `step 1,200`, `2026-03-02 09:00`."""
    return f"step {at:,.0f}" if by == "step" else f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M}"


def windows_of(state: Records, params: DriftParameters) -> Windows:
    """The windows. Raises UsageError, NotFound, and NotEnoughData where there is nothing after the reference."""
    by = _chosen(state, params.by)
    if by == DATASET:
        return _by_dataset(state, params.reference)
    at = state.columns[by]
    known = np.isfinite(at)
    first = _reference(by, at, params.reference)
    later = known & (at > at[first].max()) if params.reference else known
    count = params.windows or _usual(state, known)
    edges = _edges(at[later], count - bool(params.reference), params.cut)
    code = np.where(later, np.searchsorted(edges, at, "right") + bool(params.reference), -1)
    code[first if params.reference else np.zeros(len(at), np.bool_)] = 0
    places, code[code >= 0] = np.unique(code[code >= 0], return_inverse=True)
    if len(places) < 2:
        raise NotEnoughData(f"All rows are of one {by}: nothing comes after the reference.", code="one_window")
    low, high = (np.array([end(at[code == place]) for place in range(len(places))], float) for end in (np.min, np.max))
    names = tuple(_called(by, *ends) for ends in zip(low.tolist(), high.tolist(), strict=True))
    return Windows(by, code, at, names, low, high, int((~known).sum()), int((known & (code < 0)).sum()))


def _chosen(state: Records, asked: str) -> str:
    datasets = len(state.names.get(DATASET, ((), ()))[1])
    able = {
        DATASET: datasets > 1,
        "step": bool(np.isfinite(state.columns["step"]).any()),
        "time": bool(np.isfinite(state.columns["time"]).any()),
    }
    if asked != "auto":
        if not able[asked]:
            raise UsageError(f"These rows cannot be cut by {asked}: none has one that tells them apart.", code="by")
        return asked
    found = next((name for name, there in able.items() if there), None)
    if found is None:
        told = "No row has a step or a time; name the column that holds it, or put an earlier dataset beside this one."
        raise NotEnoughData(told, code="no_time")
    return found


def _by_dataset(state: Records, reference: str) -> Windows:
    codes, values = state.names[DATASET]
    if reference and reference not in values:
        raise NotFound(f"There is no dataset {reference!r} among these; there are {', '.join(values)}.")
    first = values.index(reference) if reference else 0
    order = [first, *(place for place in range(len(values)) if place != first)]
    window = np.argsort(order)
    nowhere = np.full(len(values), np.nan)
    names = tuple(values[place] for place in order)
    return Windows(DATASET, window[codes], np.full(len(state), np.nan), names, nowhere, nowhere)


def _reference(by: str, at: Floats, written: str) -> Flags:
    """Which rows a range in words means; none where nothing was written."""
    if not written:
        return np.zeros(len(at), np.bool_)
    if ".." not in written:
        raise UsageError(f"reference={written!r} is not of the form from..to.")
    parsed = cohort.parse(f"{by}={written}")
    assert parsed is not None
    condition = parsed.groups[0].conditions[0]
    inside = np.asarray((at >= condition.low) & (at <= condition.high))
    if not inside.any():
        raise NotEnoughData(f"No row lies in the reference {written}.")
    return inside


def _usual(state: Records, known: Flags) -> int:
    """As many windows as have some 60 prompts each, from 2 to 8."""
    prompts = prompts_among(state, known)
    return int(np.clip(prompts // USUAL_PROMPTS, 2, USUAL))


def prompts_among(state: Records, kept: Flags) -> int:
    """How many prompts have one of these rows."""
    return int(np.logical_or.reduceat(kept, state.starts).sum()) if len(kept) else 0


def _edges(at: Floats, count: int, cut: str) -> Floats:
    """The first step of each window but the first; rows of one step are never parted."""
    if count < 2 or not len(at) or at.min() == at.max():
        return np.zeros(0)
    if cut == "span":
        return np.linspace(at.min(), at.max(), count + 1)[1:-1]
    ordered = np.sort(at)
    starts = np.append(0, np.flatnonzero(ordered[1:] > ordered[:-1]) + 1)
    wanted = len(ordered) * np.arange(1, count) / count
    after = np.clip(np.searchsorted(starts, wanted), 1, len(starts) - 1)
    nearest = after - (wanted - starts[after - 1] < starts[after] - wanted)
    return np.unique(ordered[starts[np.maximum(nearest, 1)]])


def _called(by: str, low: float, high: float) -> str:
    """A window in words: `1,200–1,390`, `03-02 09:00–11:30`, `03-02–03-09`."""
    if by == "step":
        return f"{low:,.0f}–{high:,.0f}" if high > low else f"{low:,.0f}"
    first, last = (datetime.fromtimestamp(one, UTC) for one in (low, high))
    if first.date() == last.date():
        return f"{first:%m-%d %H:%M}–{last:%H:%M}"
    short = "%m-%d" if (last - first).days >= 2 else "%m-%d %H:%M"
    return f"{first:{short}}–{last:{short}}"
