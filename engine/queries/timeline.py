"""Frames of a timeline: the answer of an analysis for each step or day of a dataset, made once and remembered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

from engine import analysis as analyses
from engine.access.visible import VisibleDataset, visible_dataset
from engine.actions.queue import observe_once
from engine.analysis import TIMELINE
from engine.analysis.base import Analysis, Parameters
from engine.analysis.timed import TimedAnalysis
from engine.analysis.timeline import TimelineParameters, cells_of_records, frames_of
from engine.analysis.timeline.analysis import concluded
from engine.analysis.timeline.state import Cells
from engine.errors import StatePending
from engine.queries import events, results
from engine.queries.cache import Cache
from engine.queries.datasets import VersionOf, version_of
from engine.queries.states import Observed, StatesMissingError, folded, observed
from engine.store.datasets import manifest_hash
from engine.types import Frame, Result, Who

TIMELINES_REMEMBERED = 8


class Made(NamedTuple):
    """The frames in order, and what they say together."""

    frames: list[Frame]
    result: Result


@dataclass(frozen=True, slots=True)
class Framed:
    """The frames of one version. `of` is the analysis, `by` step or time, `event_id` as of which it was read."""

    frames: list[Frame]
    result: Result
    of: str
    by: str
    version: int
    event_id: int


class _Asked(NamedTuple):
    """What is shown: the analysis with its parameters, those of the timeline, and what has to be observed for it."""

    inner: Analysis[Any, Any]
    inner_params: Parameters
    params: TimelineParameters
    what: Observed
    cut: bool


_made: Cache[tuple[str, ...], Made] = Cache(TIMELINES_REMEMBERED)


def shown(who: Who, dataset_id: int) -> list[str]:
    """The analyses whose answers a timeline of this dataset can show, the leading one first; none without a place.

    Raises NotFound.
    """
    report = version_of(visible_dataset(who, dataset_id), None).report
    if TIMELINE.missing(report.get("kind"), report.get("fields") or ()) != ():
        return []
    return [one.name for one in analyses.applicable(report)]


def prepared(who: Who, dataset_id: int, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The parameters with everything named that was left open; nothing is missing then to make the frames.

    Raises NotFound, UsageError, NotEnoughData, and StatePending where segments have to be observed first.
    """
    dataset, version, asked = _asked(who, dataset_id, params, None)
    _state(who, dataset, version, asked)
    usual = asdict(TimelineParameters())
    return {name: value for name, value in asdict(asked.params).items() if value != usual[name]}


def frames(who: Who, dataset_id: int, params: Mapping[str, Any] | None = None, version: int | None = None) -> Framed:
    """The frames of a version, the newest where none is named. Raises as `prepared`."""
    as_of = events.cursor()
    dataset, found, asked = _asked(who, dataset_id, params, version)
    key = (manifest_hash(found.manifest), TIMELINE.version, json.dumps(asdict(asked.params), sort_keys=True))

    def make() -> Made:
        cells = _cells(_state(who, dataset, found, asked), asked)
        made = frames_of(cells, asked.inner, asked.inner_params, asked.params.windows, asked.params.span)
        return Made(made, concluded(cells, asked.inner.title, made, asked.params))

    made = _made.get(key, make)
    result = results.with_evidence(made.result, dataset, found, asked.params)
    return Framed(made.frames, result, asked.inner.name, asked.params.by, found.number, as_of)


def _asked(
    who: Who, dataset_id: int, params: Mapping[str, Any] | None, number: int | None
) -> tuple[VisibleDataset, VersionOf, _Asked]:
    dataset = visible_dataset(who, dataset_id)
    version = version_of(dataset, number)
    fields = version.report.get("fields") or analyses.UNKNOWN_FIELDS
    chosen = TimelineParameters.parse({**results.found_params(TIMELINE, version.report), **(params or {})})
    results.check_rows(TIMELINE, version)
    leading = next(iter(analyses.applicable(version.report)), None)
    if not chosen.of and leading is not None:
        chosen = replace(chosen, of=leading.name)
    if chosen.by == "auto":
        chosen = replace(chosen, by="step" if "step" in fields else "time")
    inner = TIMELINE.inner(chosen, version.report.get("kind"))
    results.check_rows(inner, version)
    inner_params = TIMELINE.inner_params(chosen, inner)
    cut = isinstance(inner, TimedAnalysis)
    what = observed(inner, replace(inner_params, where=chosen.where)) if cut else observed(TIMELINE, chosen)
    return dataset, version, _Asked(inner, inner_params, chosen, what, cut)


def _state(who: Who, dataset: VisibleDataset, version: VersionOf, asked: _Asked) -> Any:
    try:
        return folded(version.manifest, asked.what)
    except StatesMissingError as missing:
        name = asked.what.analysis.name
        run_id = observe_once(dataset.id, name, asked.what.observe, missing.segments, who.user_id)
        raise StatePending("The data are being observed for this view; it appears by itself.", run_id) from missing


def _cells(state: Any, asked: _Asked) -> Cells:
    """The state cut into cells, of one slice where one is asked for."""
    column, _, value = asked.params.slice.partition("=")
    if asked.cut:
        narrowed = state.narrow(column, value) if column else state
        return cells_of_records(narrowed, asked.inner.name, "step" if asked.params.by == "step" else "time")
    return TIMELINE.narrow(state, column, value) if column else state
