"""Reads of runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from engine.access.visible import earlier_than, from_json, project_id, storable_id
from engine.errors import NotFound
from engine.queries import events
from engine.store.engine import fetch
from engine.store.times import from_store
from engine.types import RunView, Who

MOST_RUNS = 1000
LOG_IN_LISTS = 4_000
LOG_OF_ONE = 64 * 1024

_COLUMNS = """
SELECT r.id, p.slug, r.dataset_id, coalesce(d.name, t.name), r.kind, r.state, r.attempt, r.progress, r.stage, r.error,
       u.name, r.requested_at, r.started_at, r.finished_at, r.backend,
       CASE WHEN length(r.log) > :log THEN substr(r.log, length(r.log) - :log + 1) ELSE r.log END
FROM run r
JOIN project p ON p.id = r.project_id
LEFT JOIN dataset d ON d.id = r.dataset_id
LEFT JOIN report t ON t.run_id = r.id
LEFT JOIN "user" u ON u.id = r.requested_by
WHERE
"""
_OF_PROJECT = _COLUMNS + "r.project_id = :project ORDER BY r.id DESC LIMIT :limit"
_PAGE = _COLUMNS + "r.project_id = :project AND r.id < :before ORDER BY r.id DESC LIMIT :limit"
_ONE = _COLUMNS + "r.id = :id"
_IN_STATE = """
SELECT * FROM (
    SELECT r.id, coalesce(d.name, t.name), r.state, r.stage
    FROM run r LEFT JOIN dataset d ON d.id = r.dataset_id LEFT JOIN report t ON t.run_id = r.id
    WHERE r.state = '{state}' AND +r.project_id = :project AND ({which}) ORDER BY r.id DESC LIMIT :limit
) AS {state}_runs
"""
"""The newest runs in one state. The plus keeps the project's index out of it, which leads through every run it had."""
_NEWEST = "d.removed_at IS NULL AND r.id = (SELECT max(id) FROM run WHERE dataset_id = d.id)"
_TO_ACT_ON = " UNION ALL ".join(
    [_IN_STATE.format(state=state, which="1 = 1") for state in ("running", "queued")]
    + [_IN_STATE.format(state=state, which=_NEWEST) for state in ("failed", "cancelled")]
)


_ACTIVE = """
SELECT id, state FROM run WHERE state IN ('queued', 'running') AND +project_id = :project ORDER BY id DESC LIMIT :limit
"""
MOST_ACTIVE = 200


class Actionable(NamedTuple):
    """A run that may be cancelled or tried again, and the name of its dataset."""

    id: int
    dataset: str
    state: str
    stage: str


def list_runs(who: Who, project: str, limit: int = 100) -> list[RunView]:
    """The newest runs of a project, newest first; at most 1,000."""
    as_of = events.cursor()
    asked = {"project": project_id(who, project), "limit": min(max(limit, 0), MOST_RUNS), "log": LOG_IN_LISTS}
    return [_listed(row, as_of) for row in fetch(_OF_PROJECT, asked)]


def page(who: Who, project: str, limit: int, before: int | None = None) -> list[RunView]:
    """The newest runs of a project, newest first; those asked for before the one of id `before`."""
    as_of = events.cursor()
    asked = {"project": project_id(who, project), "limit": limit, "before": earlier_than(before), "log": LOG_IN_LISTS}
    return [_listed(row, as_of) for row in fetch(_PAGE, asked)]


def to_act_on(who: Who, project: str, limit: int) -> list[Actionable]:
    """Runs under way or waiting, and the newest of each dataset where that failed or was cancelled.

    The newest first, at most `limit` in each state. Raises NotFound, AccessDenied.
    """
    found = fetch(_TO_ACT_ON, {"project": project_id(who, project), "limit": limit})
    return [Actionable(number, dataset or "", state, stage) for number, dataset, state, stage in found]


def active(who: Who, project: str) -> dict[int, str]:
    """Runs under way or waiting: their state by id, at most 200. Raises NotFound, AccessDenied."""
    found = fetch(_ACTIVE, {"project": project_id(who, project), "limit": MOST_ACTIVE})
    return {int(number): str(state) for number, state in found}


def get_run(who: Who, run_id: int) -> RunView:
    """One run. Raises NotFound."""
    as_of = events.cursor()
    found = fetch(_ONE, {"id": storable_id(run_id), "log": LOG_OF_ONE})
    if not found or not who.sees(found[0][1]):
        raise NotFound("There is no such run.", code="no_run")
    return _view(found[0], as_of)


def _listed(row: Any, as_of: int) -> RunView:
    """A run of a list, whose error is without the columns of the file."""
    run = _view(row, as_of)
    error = {name: value for name, value in (run.error or {}).items() if name != "source_columns"}
    return replace(run, error=error or None)


def _view(row: Any, as_of: int) -> RunView:
    (row_id, project, dataset_id, dataset, kind, state, attempt, progress, stage, error, person, *times) = row
    (requested, started, finished, backend, log) = times
    return RunView(
        id=row_id,
        project=project,
        dataset_id=dataset_id,
        dataset=dataset or "",
        kind=kind,
        state=state,
        attempt=attempt,
        progress=progress,
        stage=stage,
        error=from_json(error),
        requested_by=person or "",
        requested_at=from_store(requested),
        started_at=_maybe(started),
        finished_at=_maybe(finished),
        event_id=as_of,
        backend=backend,
        log=log,
    )


def _maybe(value: Any) -> datetime | None:
    return None if value is None else from_store(value)
