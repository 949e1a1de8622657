"""What actions on datasets and runs share: asking for work once, and telling what became of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, bindparam, insert, update
from sqlalchemy import select as columns
from sqlmodel import col, select

from engine.errors import Conflict
from engine.store.tables import METADATA, Dataset, Project, Run
from engine.store.times import now
from engine.store.transaction import Transaction, transaction

READS = ("read", "job")
"""Kinds of runs that read a file; a job is a reading that was submitted to Ray."""

_RUN = METADATA.tables["run"]
TOLD = (_RUN.c.id, _RUN.c.state, _RUN.c.progress, _RUN.c.stage, _RUN.c.dataset_id, _RUN.c.error)
"""What `publish_run` needs of a run."""

_WAITING = columns(_RUN.c.id, _RUN.c.params).where(
    _RUN.c.dataset_id == bindparam("of"), _RUN.c.key == bindparam("same"), _RUN.c.state == "queued"
)
_SET = update(_RUN).where(_RUN.c.id == bindparam("run"))
_INSERT = insert(_RUN).returning(*TOLD)


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
) -> int:
    """The queued run of this work, with the newest parameters: the one that waits already, or a new one."""
    key = work_key(kind, params)
    waiting = tx.execute(_WAITING, {"of": dataset.id, "same": key}).first()
    if waiting is not None:
        tx.execute(_SET, {"run": waiting.id, "params": {**waiting.params, **params}})
        return int(waiting.id)
    new = {
        "project_id": _saved(project.id),
        "dataset_id": dataset.id,
        "kind": kind,
        "key": key,
        "params": dict(params),
        "requested_by": requested_by,
        "requested_at": now(),
    }
    run = tx.execute(_INSERT, new).one()
    publish_run(tx, project.slug, run)
    return int(run.id)


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
        return enqueue(tx, project, dataset, "observe", params, requested_by)


def cancel_work(tx: Transaction, project: Project, dataset: Dataset) -> None:
    """Cancel what waits or runs for a dataset."""
    open_runs = select(Run).where(col(Run.dataset_id) == dataset.id, col(Run.state).in_(("queued", "running")))
    for run in tx.session.exec(open_runs.with_for_update()):
        run.state, run.finished_at = "cancelled", now()
        publish_run(tx, project.slug, run)


def publish_run(tx: Transaction, project: str, run: Run | Row[Any]) -> None:
    """Tell the run's own page and its project what became of it. `run` is one, or a row of `TOLD`."""
    body = {
        "run": run.id,
        "state": run.state,
        "progress": run.progress,
        "stage": run.stage,
        "dataset": run.dataset_id,
        "error": _said(run.error),
    }
    tx.publish(project, f"run/{run.id}", "run", body)
    tx.publish(project, f"project/{project}", "run", body)


def _said(error: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """An error without the columns of the file: every open page hears of it."""
    return None if error is None else {name: value for name, value in error.items() if name != "source_columns"}


def publish_dataset(tx: Transaction, project: str, dataset_id: int | None, kind: str) -> None:
    """Tell the project that a dataset came, changed or went."""
    tx.publish(project, f"project/{project}", kind, {"dataset": dataset_id})


def _saved(value: int | None) -> int:
    if value is None:
        raise ValueError("the row was not saved yet")
    return value
