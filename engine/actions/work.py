"""What the runner does with runs: claim, beat, progress, finish, fail. All of it is *system*.

Every step after the claim is fenced: it only happens while the run is still running under the same owner and attempt.
Otherwise Conflict is raised, and the caller stops: somebody else has the run, or a person cancelled it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import and_, exists, or_, text, update
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from engine.access.names import storable
from engine.actions.queue import READS, publish_run
from engine.actions.versions import NewSegment, add_version, head_manifest
from engine.errors import Conflict
from engine.settings import get_settings
from engine.store import blobs, room
from engine.store.tables import Dataset, Project, Run
from engine.store.times import now
from engine.store.transaction import Transaction, transaction

__all__ = [
    "NewSegment",
    "Work",
    "beat",
    "claim",
    "describe",
    "fail",
    "finish",
    "give_back",
    "progress",
    "publish_partial",
    "requeue_lost",
]

MOST_LOSSES = 3
"""Times a run may lose its owner before it fails; failures of the work itself are never repeated unasked."""

PROGRESS_SECONDS = 0.2
"""At most one progress event of a run within this time, unless its stage changes."""

MOST_LOG = 64 * 1024
"""Most characters kept of what a run printed: the last ones."""

_CLAIM_LOCK = 7_105_114


@dataclass(frozen=True, slots=True)
class Work:
    """A claimed run with all that its work needs. `manifest` and `version` are the dataset's newest at the claim."""

    run_id: int
    owner: str
    attempt: int
    kind: str
    params: Mapping[str, Any]
    project: str
    simulated: bool
    dataset_id: int
    name: str
    content: str | None
    source: str | None
    mapping: Mapping[str, str]
    follow: Mapping[str, Any]
    version: int
    manifest: tuple[str, ...]

    @property
    def replace(self) -> bool:
        """Whether what is read takes the place of all that was read before."""
        return bool(self.params.get("replace"))

    @property
    def path(self) -> Path:
        """The file to read: the kept original, or the followed file. Raises NotFound where an original is gone."""
        if self.content is not None:
            return blobs.path_of(self.content)
        return get_settings().inbox / self.project / str(self.source)


# ------------------------------------------------------------------ claiming


def claim(owner: str, kinds: Collection[str] = ("read", "observe")) -> Work | None:
    """Take the oldest waiting run of these kinds, or None. Of one dataset and kind only one runs at a time.

    On a disk that is nearly full nothing is taken: everything waits until there is space.
    """
    if room.disk_is_low():
        return None
    other = aliased(Run)
    alike = or_(col(other.kind) == col(Run.kind), and_(col(other.kind).in_(READS), col(Run.kind).in_(READS)))
    busy = exists().where(col(other.dataset_id) == col(Run.dataset_id), alike, col(other.state) == "running")
    oldest = (
        select(Run.id)
        .where(col(Run.state) == "queued", col(Run.kind).in_(list(kinds)), ~busy)
        .order_by(col(Run.id))
        .limit(1)
    )
    take = (
        update(Run)
        .where(col(Run.id) == oldest.scalar_subquery(), col(Run.state) == "queued")
        .values(
            state="running",
            owner=owner,
            attempt=Run.attempt + 1,
            progress=0.0,
            stage="",
            backend="",
            log="",
            started_at=now(),
            beat_at=now(),
        )
        .returning(col(Run.id))
    )
    with transaction() as tx:
        connection = tx.session.connection()
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _CLAIM_LOCK})
        run_id = connection.execute(take).scalar_one_or_none()
        if run_id is None:
            return None
        found = select(Run, Dataset, Project).join(Dataset, col(Run.dataset_id) == Dataset.id)
        run, dataset, project = tx.session.exec(
            found.join(Project, col(Run.project_id) == Project.id).where(col(Run.id) == run_id)
        ).one()
        publish_run(tx, project.slug, run)
        return _work(tx, run, dataset, project)


def _work(tx: Transaction, run: Run, dataset: Dataset, project: Project) -> Work:
    return Work(
        run_id=run.id or 0,
        owner=run.owner or "",
        attempt=run.attempt,
        kind=run.kind,
        params=run.params,
        project=project.slug,
        simulated=project.simulated,
        dataset_id=dataset.id or 0,
        name=dataset.name,
        content=dataset.content,
        source=dataset.source,
        mapping=dataset.mapping,
        follow=dataset.follow,
        version=dataset.version,
        manifest=tuple(head_manifest(tx, dataset)),
    )


# ------------------------------------------------------------------ while it runs


def beat(work: Work) -> None:
    """Say that the owner lives. Raises Conflict where the run is not its any more."""
    with transaction() as tx:
        _fenced(tx, work, beat_at=now())


def progress(work: Work, fraction: float, stage: str) -> None:
    """Say how far the work is, in [0, 1], and what it is doing; a beat as well. Too frequent calls change nothing."""
    if not _due(work, stage):
        return
    with transaction() as tx:
        run = _fenced(tx, work, beat_at=now(), progress=min(max(fraction, 0.0), 1.0), stage=stage[:200])
        publish_run(tx, work.project, run)


def describe(work: Work, backend: str, printed: str = "") -> None:
    """Say what executes the run, and keep the end of what it printed; a beat as well. Raises Conflict (fenced)."""
    with transaction() as tx:
        run = _fenced(tx, work, backend=backend, beat_at=now())
        run.log = (run.log + storable(printed))[-MOST_LOG:]


def publish_partial(work: Work, rows: int, of: int, answer: Mapping[str, Any]) -> None:
    """Show the answer of the `rows` seen so far, of `of`. Nothing of it is kept. Raises Conflict (fenced).

    Pages that wait for the run hear of it; where there is an answer already, those that show it do.
    """
    shown = work.kind != "observe" and work.version > 0
    body = {"run": work.run_id, "dataset": work.dataset_id, "rows": rows, "of": of, "answer": dict(answer)}
    with transaction() as tx:
        _fenced(tx, work, beat_at=now())
        tx.publish(work.project, f"dataset/{work.dataset_id}" if shown else f"run/{work.run_id}", "partial", body)


_progress_lock = threading.Lock()
_last_progress: dict[tuple[int, int], tuple[float, str]] = {}


def _due(work: Work, stage: str) -> bool:
    moment = time.monotonic()
    with _progress_lock:
        at, last_stage = _last_progress.get((work.run_id, work.attempt), (float("-inf"), ""))
        if stage == last_stage and moment - at < PROGRESS_SECONDS:
            return False
        _last_progress[(work.run_id, work.attempt)] = (moment, stage)
        return True


def _fenced(tx: Transaction, work: Work, **values: Any) -> Run:
    """Change the run if it still is this owner's and attempt's; the run as it is then. Raises Conflict."""
    mine = update(Run).where(
        col(Run.id) == work.run_id,
        col(Run.owner) == work.owner,
        col(Run.attempt) == work.attempt,
        col(Run.state) == "running",
    )
    if tx.session.connection().execute(mine.values(owner=work.owner, **values)).rowcount != 1:
        _forget_progress(work)
        raise Conflict("The run is not this worker's any more.", code="run_lost")
    return tx.session.get_one(Run, work.run_id, populate_existing=True)


def _forget_progress(work: Work) -> None:
    with _progress_lock:
        _last_progress.pop((work.run_id, work.attempt), None)


# ------------------------------------------------------------------ ending it


def finish(
    work: Work,
    *,
    segment: NewSegment | None = None,
    report: Mapping[str, Any] | None = None,
    answer: Mapping[str, Any] | None = None,
    follow: Mapping[str, Any] | None = None,
    replace: bool | None = None,
    backend: str = "",
) -> int:
    """End a run as done. In the same transaction: its segment, the new version, the follow state, all events.

    `segment` and the state beside it must be on disk already. `report` is of this segment (or of rows that were all
    refused: `segment` None); without a report there is no new version. `answer` is that of the whole new version.
    `replace` overrides what the run asked for; `backend` says what executed it. Returns the dataset's version. Raises
    Conflict (fenced), InputRefused where the rows are of another kind than the dataset, LimitExceeded where the project
    may not hold so many.
    """
    replaces = work.replace if replace is None else replace
    if segment is not None:
        room.require_room(work.project, rows=segment.rows - (room.rows_of(work.dataset_id) if replaces else 0))
    with transaction() as tx:
        run = _fenced(tx, work, state="done", progress=1.0, stage="", finished_at=now())
        run.backend = backend or run.backend
        dataset = tx.session.get_one(Dataset, work.dataset_id, with_for_update=True)
        if follow is not None:
            dataset.follow = dict(follow)
        if report is not None:
            add_version(tx, work.project, dataset, segment, report, answer, run.id, replace=replaces)
        publish_run(tx, work.project, run)
        _forget_progress(work)
        return dataset.version


def fail(work: Work, error: Mapping[str, Any]) -> None:
    """End a run as failed. `error` has `code` and `message`, for people; what was read before is kept.

    A followed file that was refused is not tried again until it grows or is replaced.
    """
    with transaction() as tx:
        run = _fenced(tx, work, state="failed", error=dict(error), finished_at=now())
        dataset = tx.session.get_one(Dataset, work.dataset_id, with_for_update=True)
        if work.kind == "read" and "offset" in work.params:
            refused = {"offset": work.params["offset"], "inode": work.params.get("inode", 0)}
            dataset.follow = {**dataset.follow, "refused": refused}
        publish_run(tx, work.project, run)
        _forget_progress(work)


def give_back(work: Work) -> None:
    """Queue a run again whose worker vanished; its owner lives. Fails it after too many losses. Raises Conflict."""
    with transaction() as tx:
        run = _fenced(tx, work)
        if _waits_already(tx, run):
            run.state, run.finished_at = "cancelled", now()
        else:
            _give_back(run)
        publish_run(tx, work.project, run)
        _forget_progress(work)


def requeue_lost(
    living: Collection[str] | Callable[[str], bool], silent_for: timedelta = timedelta(seconds=60)
) -> list[int]:
    """Give back the runs whose owner is gone: not among the `living` (or not said to live), or silent for so long.

    A function is asked while nobody can claim, so it never judges a list from before a claim. A run that lost its owner
    three times before fails instead. Returns the runs concerned.
    """
    lives = living if callable(living) else living.__contains__
    running = select(Run, Project.slug).join(Project).where(col(Run.state) == "running")
    with transaction() as tx:
        concerned = []
        heard = now() - silent_for
        for run, slug in tx.session.exec(running.with_for_update(of=Run)):
            if run.owner is not None and lives(run.owner) and run.beat_at is not None and run.beat_at >= heard:
                continue
            if not _waits_already(tx, run):
                _give_back(run)
            else:
                run.state, run.finished_at = "cancelled", now()
            publish_run(tx, slug, run)
            concerned.append(run.id or 0)
        return concerned


def _give_back(run: Run) -> None:
    run.losses += 1
    run.owner = None
    if run.losses <= MOST_LOSSES:
        run.state, run.progress, run.stage = "queued", 0.0, ""
        return
    run.state, run.finished_at = "failed", now()
    message = f"The worker of this run ended unexpectedly {run.losses} times. Nothing of it was kept. Try it again."
    run.error = {"code": "worker_lost", "message": message}


def _waits_already(tx: Transaction, run: Run) -> bool:
    """Whether the same work waits as another run, which then replaces this one."""
    same = select(Run.id).where(
        col(Run.dataset_id) == run.dataset_id, col(Run.key) == run.key, col(Run.state) == "queued"
    )
    return tx.session.exec(same).first() is not None
