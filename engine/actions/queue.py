"""What actions on datasets and runs share: asking for work once, and telling what became of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlmodel import col, select

from engine.errors import Conflict
from engine.store.tables import Dataset, Project, Run
from engine.store.times import now
from engine.store.transaction import Transaction, transaction

READS = ("read", "job")
"""Kinds of runs that read a file; a job is a reading that was submitted to Ray."""


def work_key(kind: str, params: Mapping[str, Any]) -> str:
    """What makes two requests the same work: reading is one work a dataset, observing one for each parameter set."""
    described = ["read"] if kind in READS else [kind, dict(params)]
    return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()


def enqueue(
    tx: Transaction,
    project: Project,
    dataset: Dataset,
    kind: str,
    params: Mapping[str, Any],
    requested_by: int | None = None,
) -> Run:
    """The queued run of this work, with the newest parameters: the one that waits already, or a new one."""
    key = work_key(kind, params)
    waiting = select(Run).where(col(Run.dataset_id) == dataset.id, col(Run.key) == key, col(Run.state) == "queued")
    run = tx.session.exec(waiting).first()
    if run is not None:
        run.params = {**run.params, **params}
        return run
    run = Run(
        project_id=_saved(project.id),
        dataset_id=dataset.id,
        kind=kind,
        key=key,
        params=dict(params),
        requested_by=requested_by,
    )
    tx.session.add(run)
    tx.session.flush()
    publish_run(tx, project.slug, run)
    return run


def observe_once(
    dataset_id: int, analysis: str, observe: Mapping[str, Any], segments: Sequence[str], requested_by: int | None
) -> int:
    """The run that observes these segments with these parameters: the one that waits or runs already, or a new one.

    Raises Conflict where the last one failed: it says why, and a person has to try it again.
    """
    params = {"analysis": analysis, "observe": dict(observe), "segments": list(segments)}
    with transaction() as tx:
        dataset = tx.session.get_one(Dataset, dataset_id, with_for_update=True)
        project = tx.session.get_one(Project, dataset.project_id)
        same = select(Run).where(col(Run.dataset_id) == dataset_id, col(Run.key) == work_key("observe", params))
        last = tx.session.exec(same.order_by(col(Run.id).desc())).first()
        if last is not None and last.state == "running":
            return _saved(last.id)
        if last is not None and last.state == "failed":
            reason = (last.error or {}).get("message", "")
            raise Conflict(f"Observing the data for this view failed. {reason}", code="observe_failed")
        return _saved(enqueue(tx, project, dataset, "observe", params, requested_by).id)


def cancel_work(tx: Transaction, project: Project, dataset: Dataset) -> None:
    """Cancel what waits or runs for a dataset."""
    open_runs = select(Run).where(col(Run.dataset_id) == dataset.id, col(Run.state).in_(("queued", "running")))
    for run in tx.session.exec(open_runs.with_for_update()):
        run.state, run.finished_at = "cancelled", now()
        publish_run(tx, project.slug, run)


def publish_run(tx: Transaction, project: str, run: Run) -> None:
    """Tell the run's own page and its project what became of it."""
    body = {
        "run": run.id,
        "state": run.state,
        "progress": run.progress,
        "stage": run.stage,
        "dataset": run.dataset_id,
        "error": run.error,
    }
    tx.publish(project, f"run/{run.id}", "run", body)
    tx.publish(project, f"project/{project}", "run", body)


def publish_dataset(tx: Transaction, project: str, dataset: Dataset, kind: str) -> None:
    """Tell the project that a dataset came, changed or went."""
    tx.publish(project, f"project/{project}", kind, {"dataset": dataset.id})


def _saved(value: int | None) -> int:
    if value is None:
        raise ValueError("the row was not saved yet")
    return value
