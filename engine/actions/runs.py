"""Changes people make to runs: asking for one, cancelling it, trying again. What the runner does is in `work`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlmodel import col, select

from engine.access import audit
from engine.access.scope import dataset_of, run_of
from engine.actions.queue import enqueue, publish_run
from engine.actions.work import (
    NewSegment,
    Work,
    beat,
    claim,
    describe,
    fail,
    finish,
    give_back,
    progress,
    publish_partial,
    requeue_lost,
)
from engine.errors import Conflict, UsageError
from engine.store.tables import Run
from engine.store.times import now
from engine.store.transaction import transaction
from engine.types import Who

__all__ = [
    "NewSegment",
    "Work",
    "beat",
    "cancel",
    "claim",
    "describe",
    "fail",
    "finish",
    "give_back",
    "progress",
    "publish_partial",
    "request",
    "requeue_lost",
    "retry",
]

KINDS = ("read", "observe")
"""What can be asked for: reading the file again from its start, or observing segments with other parameters."""


def request(who: Who, dataset_id: int, kind: str, params: Mapping[str, Any] | None = None) -> int:
    """Ask for work on a dataset; the same work asked for twice while it waits is one run. Returns the run."""
    if kind not in KINDS:
        raise UsageError(f"A run is one of {', '.join(KINDS)}.", code="run_kind")
    with transaction() as tx:
        dataset, project = dataset_of(tx.session, who, dataset_id, "analyst")
        wanted = {"replace": True} if kind == "read" else dict(params or {})
        run_id = enqueue(tx, project, dataset, kind, wanted, who.user_id)
        audit.record(tx.session, who, "request", f"run/{run_id}", project.slug, kind=kind)
        return run_id


def cancel(who: Who, run_id: int) -> None:
    """Stop a run that waits or runs; its worker notices at its next beat and nothing of it is kept.

    Doing it twice changes nothing. Raises Conflict for a run that has ended otherwise.
    """
    with transaction() as tx:
        run, project = run_of(tx.session, who, run_id, "analyst")
        if run.state == "cancelled":
            return
        if run.state not in ("queued", "running"):
            raise Conflict(f"The run is {run.state} already.", code="run_ended")
        run.state, run.finished_at = "cancelled", now()
        audit.record(tx.session, who, "cancel", f"run/{run_id}", project.slug)
        publish_run(tx, project.slug, run)


def retry(who: Who, run_id: int) -> int:
    """Queue a failed or cancelled run again; one that waits or runs is left alone. Returns the run that will do it."""
    with transaction() as tx:
        run, project = run_of(tx.session, who, run_id, "analyst")
        if run.state in ("queued", "running"):
            return run_id
        if run.state == "done":
            raise Conflict("The run is done already. Ask for a new one.", code="run_ended")
        same = select(Run).where(
            col(Run.dataset_id) == run.dataset_id, col(Run.key) == run.key, col(Run.state) == "queued"
        )
        waiting = tx.session.exec(same).first()
        if waiting is not None:
            return waiting.id or 0
        if run.dataset_id is not None:
            dataset_of(tx.session, who, run.dataset_id, "analyst")
        run.state, run.error, run.finished_at = "queued", None, None
        run.losses, run.progress, run.stage = 0, 0.0, ""
        audit.record(tx.session, who, "retry", f"run/{run_id}", project.slug)
        publish_run(tx, project.slug, run)
        return run_id
