"""Timeline: what it observes, and what it concludes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, replace
from typing import Any, ClassVar

import numpy as np

from engine.analysis.base import Analysis, Parameters, Shape
from engine.analysis.timeline import state as states
from engine.analysis.timeline.frames import frames_of, width_of
from engine.analysis.timeline.grid import By
from engine.analysis.timeline.parameters import TimelineParameters
from engine.analysis.timeline.state import Cells
from engine.errors import NotFound, UsageError
from engine.types import Estimate, Evidence, Frame, Kind, Notice, Result, Rows
from engine.words import amount


class Timeline(Analysis[Cells, TimelineParameters]):
    """The answer of another analysis for every step or day."""

    name: ClassVar[str] = "timeline"
    version: ClassVar[str] = "1"
    shape: ClassVar[Shape] = "units"
    needs: ClassVar[Mapping[Kind, tuple[str, ...]]] = {"comparison": (), "score": (), "curve": (), "rollout": ()}
    parameters = TimelineParameters

    def __init__(self, known: Mapping[str, Analysis[Any, Any]]) -> None:
        self.known = known
        read = dict.fromkeys(name for one in known.values() for name in one.reads)
        self.reads: tuple[str, ...] = tuple({**read, "time": None})  # type: ignore[misc]

    def missing(self, kind: str | None, fields: Collection[str]) -> tuple[str, ...] | None:
        """A step or a time."""
        missing = super().missing(kind, fields)
        return missing if missing is None or {"step", "time"} & set(fields) else ("step or time",)

    def applies(self, kind: str | None, fields: Collection[str]) -> bool:  # noqa: ARG002 - said on its own page
        """Never by itself: it shows the answers of others, and is observed when somebody asks."""
        return False

    def inner(self, params: TimelineParameters, kind: str | None) -> Analysis[Any, Any]:
        """The analysis whose answers are shown, the first for such rows where none is named. Raises UsageError."""
        able = {name: one for name, one in self.known.items() if kind in one.kinds}
        if not params.of and able:
            return next(iter(able.values()))
        if params.of not in able:
            raise UsageError(f"of={params.of!r} is none of {', '.join(able)}.")
        return able[params.of]

    def inner_params(self, params: TimelineParameters, inner: Analysis[Any, Any]) -> Parameters:
        """The parameters of that analysis. Raises UsageError."""
        scale = {"scale": params.scale} if hasattr(inner.parameters, "scale") else {}
        found: Parameters = inner.parameters.parse({**scale, **params.inner})
        if found.slice or found.where:
            raise UsageError("slice and where belong to the timeline itself.")
        return found

    def observe(self, rows: Rows, params: TimelineParameters) -> Cells:
        """The state of one segment."""
        inner = self.inner(params, rows.kind)
        return states.cells_of_rows(rows, inner, self.inner_params(params, inner), by_of(rows, params))

    def combine(self, left: Cells, right: Cells) -> Cells:
        """The cells of both; of a segment without any step or time there is nothing to combine."""
        if left.by != right.by and not (left.cells and right.cells):
            empty, full = (left, right) if right.cells else (right, left)
            return replace(full, rows=left.rows + right.rows, without=full.without + empty.rows)
        return states.joined(left, right, self.known[left.of])

    def narrow(self, state: Cells, column: str, value: str) -> Cells:
        """The same of the rows of one slice value; raises NotFound where no cell has it."""
        inner = self.known[state.of]
        found: dict[int, Any] = {}
        error: NotFound | None = None
        for key, cell in state.cells.items():
            try:
                found[key] = inner.narrow(cell, column, value)
            except NotFound as missing:
                error = missing
        if not found and error is not None:
            raise error
        return replace(state, cells=found, narrowed=f"{column}={value}")

    def answer(self, state: Cells, params: TimelineParameters) -> Result:
        """The leading number frame by frame. Raises NotEnoughData below two windows or without an answer in any."""
        inner = self.known[state.of]
        found = frames_of(state, inner, self.inner_params(params, inner), params.windows, params.span)
        return concluded(state, inner.title, found, params)

    def to_bytes(self, state: Cells) -> bytes:
        """Npz without pickles."""
        return states.to_bytes(state, self.known[state.of])

    def from_bytes(self, data: bytes) -> Cells:
        """The state from `to_bytes`."""
        return states.from_bytes(data, self.known)


def by_of(rows: Rows, params: TimelineParameters) -> By:
    """Step or time: what was asked for, else step where a row has one."""
    if params.by != "auto":
        return "step" if params.by == "step" else "time"
    steps = np.asarray(rows.columns.get("step", np.full(len(rows), -1)), float)
    return "step" if np.any(steps >= 0) else "time"


def concluded(state: Cells, title: str, frames: list[Frame], params: TimelineParameters) -> Result:
    """The result of frames: how the verdict moved, and the first number of each frame with its interval."""
    told = [(frame, frame.result) for frame in frames if frame.result is not None]
    verdicts = [result.verdict for _, result in told]
    changes = [place for place in range(1, len(told)) if verdicts[place] != verdicts[place - 1]]
    name = next((key for key, one in told[-1][1].estimates.items() if one.value is not None), "")
    line = [result.estimates.get(name, Estimate(None)) for _, result in told]
    moved = f"the verdict changes {amount(len(changes), 'time')}" if changes else "the verdict never changes"
    last = f", last at {told[changes[-1]][0].label}" if changes else ""
    kind = "each of all before it too" if params.span == 0 else f"each of the last {amount(params.span, 'window')}"
    width = width_of(state, frames, params.windows)
    sentence = f"{title} over {amount(len(frames), 'window')} of {width}, {kind}: {moved}{last}."
    estimates = {"frames": float(len(frames)), "changes": float(len(changes))}
    return Result(
        analysis=Timeline.name,
        verdict="changes" if changes else "steady",
        sentence=sentence,
        estimates={key: Estimate(value, method="count", n=state.rows) for key, value in estimates.items()},
        evidence=Evidence(Timeline.name, Timeline.version, params=asdict(params), rows=state.rows),
        dataset={"of": state.of, "by": state.by, "prompts": told[-1][1].dataset.get("prompts")},
        warnings=_warnings(state, frames),
        pictures={
            "timeline": {
                "number": name,
                "by": state.by,
                "label": [frame.label for frame, _ in told],
                "at": [frame.high for frame, _ in told],
                "value": [one.value for one in line],
                "low": [one.low for one in line],
                "high": [one.high for one in line],
                "verdict": verdicts,
            }
        },
    )


def _warnings(state: Cells, frames: list[Frame]) -> list[Notice]:
    found = []
    if state.without:
        found.append(Notice("without_place", f"{amount(state.without, 'row')} without a {state.by} are left out."))
    if missing := [frame for frame in frames if frame.result is None]:
        said = f"{amount(len(missing), 'window')} without an answer, the first at {missing[0].label}: "
        found.append(Notice("without_answer", said + missing[0].missing))
    return found
