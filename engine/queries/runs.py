"""Reads of runs."""

from __future__ import annotations

from typing import cast

from sqlmodel import Session as Rows
from sqlmodel import col, select

from engine.access.scope import project_of, run_of
from engine.queries import events
from engine.store.tables import Dataset, Project, Run, User
from engine.store.transaction import reading
from engine.types import RunState, RunView, Who

MOST_RUNS = 1000


def list_runs(who: Who, project: str, limit: int = 100) -> list[RunView]:
    """The newest runs of a project, newest first; at most 1,000."""
    with reading() as rows:
        home = project_of(rows, who, project)
        return _views(rows, col(Run.project_id) == home.id, min(max(limit, 0), MOST_RUNS))


def get_run(who: Who, run_id: int) -> RunView:
    """One run. Raises NotFound."""
    with reading() as rows:
        run, _project = run_of(rows, who, run_id)
        return _views(rows, col(Run.id) == run.id, 1)[0]


def _views(rows: Rows, condition: object, limit: int) -> list[RunView]:
    as_of = events.cursor()
    statement = (
        select(Run, Project.slug, Dataset.name, User.name)
        .join(Project, col(Run.project_id) == Project.id)
        .outerjoin(Dataset, col(Run.dataset_id) == Dataset.id)
        .outerjoin(User, col(Run.requested_by) == User.id)
        .where(condition)  # type: ignore[arg-type]
        .order_by(col(Run.id).desc())
        .limit(limit)
    )
    return [_view(*found, as_of) for found in rows.exec(statement)]


def _view(run: Run, project: str, dataset: str | None, person: str | None, as_of: int) -> RunView:
    return RunView(
        id=run.id or 0,
        project=project,
        dataset_id=run.dataset_id,
        dataset=dataset or "",
        kind=run.kind,
        state=cast("RunState", run.state),
        attempt=run.attempt,
        progress=run.progress,
        stage=run.stage,
        error=run.error,
        requested_by=person or "",
        requested_at=run.requested_at,
        started_at=run.started_at,
        finished_at=run.finished_at,
        event_id=as_of,
    )
