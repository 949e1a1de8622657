"""Observing a segment part by part: what the limited child and Ray's workers have in common.

A state is the fold of the states of its parts in their order, wherever each was made, so both give the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from engine.analysis import ANALYSES, Analysis
from engine.errors import UsageError
from engine.formats.parts import FIRST_ROWS, Outline, outline, part_rows
from engine.formats.segments import segment_report

Partial = Callable[[bytes, int, int], None]
"""Told the state of what was observed so far, its rows and the rows of the whole segment."""


def checked(path: Path, analysis: str, where: str) -> tuple[Analysis[Any, Any], Outline]:
    """The analysis of this name and the outline of a segment it can observe, or of the rows of a cohort in it.

    Raises UsageError (unknown analysis, wrong kind), InputRefused (`nothing_to_calibrate`).
    """
    chosen = ANALYSES.get(analysis)
    if chosen is None:
        raise UsageError(f"no analysis is called {analysis!r}; there are {', '.join(ANALYSES)}")
    report = segment_report(path)
    if report.kind not in chosen.kinds:
        raise UsageError(f"{chosen.name} is not for rows of kind {report.kind}", code="wrong_kind")
    if chosen.name == "calibration":
        report.require_scores()
    return chosen, outline(path, chosen.reads, where)


class Fold:
    """Puts the states of parts together, in order, and tells of those before the last."""

    def __init__(self, analysis: Analysis[Any, Any], plan: Outline, partial: Partial | None) -> None:
        self._analysis = analysis
        self._plan = plan
        self._partial = partial
        self._state: Any = None
        self._parts = 0

    @property
    def previews(self) -> bool:
        """Whether a first impression is worth its time: somebody listens, and the first part is not small itself."""
        return self._partial is not None and len(self._plan.first) < len(self._plan.parts[0])

    def preview(self, state: Any, rows: int) -> None:
        """The state of the first rows; it is shown, and they are observed again with the first part."""
        self._tell(state, rows)

    def add(self, state: Any) -> None:
        """The state of the next part."""
        self._state = state if self._state is None else self._analysis.combine(self._state, state)
        self._parts += 1
        if self._parts < len(self._plan.parts):
            self._tell(self._state, sum(self._plan.part_rows[: self._parts]))

    def done(self) -> bytes:
        """The state of the segment."""
        return self._analysis.to_bytes(self._state)

    def _tell(self, state: Any, rows: int) -> None:
        if self._partial is not None:
            self._partial(self._analysis.to_bytes(state), rows, self._plan.rows)


def observe_here(
    path: Path, analysis: str, params: Mapping[str, Any], partial: Partial | None = None
) -> tuple[bytes, int]:
    """The state of a segment and its rows, observed in this process."""
    chosen, plan = checked(path, analysis, str(params.get("where", "")))
    parsed = chosen.parameters.parse(params)
    fold = Fold(chosen, plan, partial)
    with pq.ParquetFile(path) as file:
        if fold.previews:
            first = part_rows(file, plan, plan.first, FIRST_ROWS)
            fold.preview(chosen.observe(first, parsed), len(first))
        for groups in plan.parts:
            fold.add(chosen.observe(part_rows(file, plan, groups), parsed))
    return fold.done(), plan.rows
