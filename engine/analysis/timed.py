"""Rows with their step and time, of whatever kind: what drift, alarms, curves and forecasts observe, once for them all.

The state are records: at most so many rows, kept by whole prompts, or by whole steps of curves. What an analysis makes
of them (windows, lines of runs) is made from the records when it concludes.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Mapping
from typing import ClassVar

import numpy as np

from engine.analysis.arrays import Floats, Hashes
from engine.analysis.base import ParametersT, Shape
from engine.analysis.records import Records, RecordsAnalysis
from engine.types import Kind, Result, Rows

_NAMES: Mapping[Kind, tuple[str, ...]] = {
    "comparison": ("judge", "annotator", "item_a", "item_b"),
    "score": ("judge", "annotator", "item"),
    "curve": ("run", "metric", "source", "unit"),
    "rollout": ("run",),
}
_COLUMNS: Mapping[Kind, tuple[str, ...]] = {
    "comparison": ("margin", "label", "first", "verdict"),
    "score": ("value", "truth"),
    "curve": ("value", "source_line"),
    "rollout": ("reward", "gold", "advantage", "kl", "entropy", "length", "truncated"),
}
_UNKNOWN = ("first", "step")
"""Columns in which a negative number stands for: not known."""

READS = (
    *dict.fromkeys(name for names in _NAMES.values() for name in names),
    "verdict", "time", "source_line", "gold", "advantage", "entropy", "length", "truncated", "styles", "numbers",
)  # fmt: skip
"""What the rows have to have, as far as a file has it."""


def observe(rows: Rows) -> Records:
    """The records of all rows: `step` and `time` (seconds since 1970, UTC) with the columns of their kind, NaN unknown.

    Further columns: features of style as `<feature>.a` and `.b`, or `<feature>`; `config.<name>`, `reward.<name>`.
    Rows without a value (of curves) and without a step, a time or a parameter are kept too: who concludes says so.
    """
    columns: dict[str, Floats] = {}
    for name in (*_COLUMNS[rows.kind], "step", "time"):
        values = np.asarray(rows.columns.get(name, np.full(len(rows), np.nan)), float)
        columns[name] = np.where(values < 0, np.nan, values) if name in _UNKNOWN else values
    for feature, sides in rows.styles.items():
        ends = (".a", ".b") if len(sides) == 2 else ("",)
        columns.update({feature + end: values for end, values in zip(ends, sides, strict=True)})
    columns.update(rows.numbers)
    known = {name: np.where(np.isfinite(values), values, np.nan) for name, values in columns.items()}
    together = _moments(known) if rows.kind == "curve" else None
    return Records.of_rows(rows, np.ones(len(rows), np.bool_), known, _NAMES[rows.kind], together)


def _moments(columns: Mapping[str, Floats]) -> Hashes:
    """A hash of the step of each point, of its time where it has none: all points of a moment are kept or none."""
    step = columns["step"]
    return np.ascontiguousarray(np.where(np.isnan(step), columns["time"], step)).view(np.uint64)


class TimedAnalysis(RecordsAnalysis[ParametersT]):
    """Base of an analysis of rows with a step or a time: it only concludes."""

    shape: ClassVar[Shape] = "units"
    reads: ClassVar[tuple[str, ...]] = READS
    observation: ClassVar[tuple[str, str]] = ("timed", "1")

    def missing(self, kind: str | None, fields: Collection[str]) -> tuple[str, ...] | None:
        """As usual; besides, a step or a time."""
        missing = super().missing(kind, fields)
        return missing if missing is None or {"step", "time"} & set(fields) else (*missing, "step or time")

    def observe(self, rows: Rows, params: ParametersT) -> Records:  # noqa: ARG002 - no parameter counts
        """The state of one segment."""
        return observe(rows)

    @abstractmethod
    def answer(self, state: Records, params: ParametersT) -> Result:
        """The result of a state."""
