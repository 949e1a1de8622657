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

from sqlalchemy import Row, and_, bindparam, exists, or_, text, update
from sqlalchemy import select as columns
from sqlmodel import col, select

from engine.access.names import storable
from engine.actions.queue import READS, TOLD, publish_run
from engine.actions.versions import NewSegment, add_version, lock_head, set_follow
from engine.errors import Conflict
from engine.settings import get_settings
from engine.store import blobs, room
from engine.store.tables import METADATA, Dataset, Project, Run
from engine.store.times import now
from engine.store.transaction import Transaction, transaction

__all__ = [
    "NewSegment",
    "Work",
    "beat",
    "claim",
    "describe",
    "fail",
    "fenced",
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
    """A claimed run with all that its work needs. `manifest`, `version`, `report` are the dataset's at the claim.

    A run that is of no single dataset, such as one that makes a report, has the `dataset_id` 0.
    """

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
    report: Mapping[str, Any]

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

_RUN, _DATASET, _PROJECT, _VERSION = (METADATA.tables[name] for name in ("run", "dataset", "project", "version"))
_OTHER = _RUN.alias()
_ALIKE = or_(_OTHER.c.kind == _RUN.c.kind, and_(_OTHER.c.kind.in_(READS), _RUN.c.kind.in_(READS)))
_BUSY = exists().where(_OTHER.c.dataset_id == _RUN.c.dataset_id, _ALIKE, _OTHER.c.state == "running")
_OLDEST = (
    columns(_RUN.c.id)
    .where(_RUN.c.state == "queued", _RUN.c.kind.in_(bindparam("kinds", expanding=True)), ~_BUSY)
    .order_by(_RUN.c.id)
    .limit(1)
)
_TAKE = (
    update(_RUN)
    .where(_RUN.c.id == _OLDEST.scalar_subquery(), _RUN.c.state == "queued")
    .values(attempt=_RUN.c.attempt + 1, state="running", progress=0.0, stage="", backend="", log="")
    .returning(_RUN.c.id)
)
_CLAIMED = (
    columns(*TOLD, _RUN.c.owner, _RUN.c.attempt, _RUN.c.kind, _RUN.c.params)
    .add_columns(_PROJECT.c.slug, _PROJECT.c.simulated)
    .add_columns(*(_DATASET.c[name] for name in ("name", "content", "source", "mapping", "follow", "version")))
    .add_columns(_VERSION.c.manifest, _VERSION.c.report)
    .select_from(_RUN.join(_PROJECT, _PROJECT.c.id == _RUN.c.project_id))
    .outerjoin(_DATASET, _DATASET.c.id == _RUN.c.dataset_id)
    .outerjoin(_VERSION, and_(_VERSION.c.dataset_id == _DATASET.c.id, _VERSION.c.number == _DATASET.c.version))
    .where(_RUN.c.id == bindparam("run"))
)


def claim(owner: str, kinds: Collection[str] = ("read", "observe")) -> Work | None:
    """Take the oldest waiting run of these kinds, or None. Of one dataset and kind only one runs at a time.

    On a disk that is nearly full nothing is taken: everything waits until there is space.
    """
    if room.disk_is_low():
        return None
    moment = now()
    with transaction() as tx:
        if tx.session.connection().dialect.name == "postgresql":
            tx.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _CLAIM_LOCK})
        mine = {"kinds": list(kinds), "owner": owner, "started_at": moment, "beat_at": moment}
        run_id = tx.execute(_TAKE, mine).scalar_one_or_none()
        if run_id is None:
            return None
        found = tx.execute(_CLAIMED, {"run": run_id}).one()
        publish_run(tx, found.slug, found)
        return _work(found)


def _work(found: Row[Any]) -> Work:
    return Work(
        run_id=found.id,
        owner=found.owner,
        attempt=found.attempt,
        kind=found.kind,
        params=found.params,
        project=found.slug,
        simulated=found.simulated,
        dataset_id=found.dataset_id or 0,
        name=found.name or "",
        content=found.content,
        source=found.source,
        mapping=found.mapping or {},
        follow=found.follow or {},
        version=found.version or 0,
        manifest=tuple(found.manifest or ()),
        report=found.report or {},
    )


# ------------------------------------------------------------------ while it runs

_MINE = (
    update(_RUN)
    .where(
        _RUN.c.id == bindparam("mine"),
        _RUN.c.owner == bindparam("holder"),
        _RUN.c.attempt == bindparam("trial"),
        _RUN.c.state == "running",
    )
    .returning(*TOLD)
)


def beat(work: Work) -> None:
    """Say that the owner lives. Raises Conflict where the run is not its any more."""
    with transaction() as tx:
        fenced(tx, work, beat_at=now())


def progress(work: Work, fraction: float, stage: str) -> None:
    """Say how far the work is, in [0, 1], and what it is doing; a beat as well. Too frequent calls change nothing."""
    if not _due(work, stage):
        return
    with transaction() as tx:
        run = fenced(tx, work, beat_at=now(), progress=min(max(fraction, 0.0), 1.0), stage=stage[:200])
        publish_run(tx, work.project, run)


def describe(work: Work, backend: str, printed: str = "") -> None:
    """Say what executes the run, and keep the end of what it printed; a beat as well. Raises Conflict (fenced)."""
    with transaction() as tx:
        fenced(tx, work, backend=backend, beat_at=now())
        if printed:
            run = tx.session.get_one(Run, work.run_id)
            run.log = (run.log + storable(printed))[-MOST_LOG:]


def publish_partial(work: Work, rows: int, of: int, answer: Mapping[str, Any]) -> None:
    """Show the answer of the `rows` seen so far, of `of`. Nothing of it is kept. Raises Conflict (fenced).

    Pages that wait for the run hear of it; where there is an answer already, those that show it do.
    """
    shown = work.kind != "observe" and work.version > 0
    body = {"run": work.run_id, "dataset": work.dataset_id, "rows": rows, "of": of, "answer": dict(answer)}
    with transaction() as tx:
        fenced(tx, work, beat_at=now())
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


def fenced(tx: Transaction, work: Work, **values: Any) -> Row[Any]:
    """Inside a transaction: change the run if it still is this owner's and attempt's; what is told of it then.

    Raises Conflict.
    """
    mine = {"mine": work.run_id, "holder": work.owner, "trial": work.attempt}
    run = tx.execute(_MINE, {**mine, "owner": work.owner, **values}).one_or_none()
    if run is None:
        forget_progress(work)
        raise Conflict("The run is not this worker's any more.", code="run_lost")
    return run


def forget_progress(work: Work) -> None:
    """A run has ended: nothing more is said of how far it is."""
    with _progress_lock:
        _last_progress.pop((work.run_id, work.attempt), None)


# ------------------------------------------------------------------ ending it

_KEEP = update(_DATASET).where(_DATASET.c.id == bindparam("of"))


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
        by = {"backend": backend} if backend else {}
        run = fenced(tx, work, state="done", progress=1.0, stage="", finished_at=now(), **by)
        if report is not None:
            report = _apart(tx, work, report)
            version = add_version(
                tx, work.project, work.dataset_id, segment, report, answer, work.run_id, replace=replaces
            )
        else:
            version = lock_head(tx, work.dataset_id).number
        if follow is not None:
            set_follow(tx, work.dataset_id, follow)
        publish_run(tx, work.project, run)
        forget_progress(work)
        return version


def fail(work: Work, error: Mapping[str, Any]) -> None:
    """End a run as failed. `error` has `code` and `message`, for people; what was read before is kept.

    A followed file that was refused is not tried again until it grows or is replaced.
    """
    with transaction() as tx:
        run = fenced(tx, work, state="failed", error=dict(error), finished_at=now())
        if work.dataset_id:
            _refused(tx, work, error)
        publish_run(tx, work.project, run)
        forget_progress(work)


def _refused(tx: Transaction, work: Work, error: Mapping[str, Any]) -> None:
    dataset = tx.session.get_one(Dataset, work.dataset_id, with_for_update=True)
    if error.get("source_columns"):
        dataset.source_columns = {"signature": error["signature"], "columns": error["source_columns"]}
    if work.kind == "read" and "offset" in work.params:
        refused = {"offset": work.params["offset"], "inode": work.params.get("inode", 0)}
        dataset.follow = {**dataset.follow, "refused": refused}


def _apart(tx: Transaction, work: Work, report: Mapping[str, Any]) -> dict[str, Any]:
    """Keep with the dataset what is not of a version: the columns of its file, and a saved mapping that was used.

    There may be very many versions. With the mapping a dataset is read again as it was, whatever is saved later, and
    its command says how.
    """
    told = {name: value for name, value in report.items() if name not in ("source_columns", "signature", "mapping")}
    found: dict[str, Any] = {}
    if report.get("source_columns"):
        found["source_columns"] = {"signature": report["signature"], "columns": report["source_columns"]}
    if report.get("mapping"):
        found["mapping"] = report["mapping"]
    if found:
        tx.execute(_KEEP, {"of": work.dataset_id, **found})
    return told


def give_back(work: Work) -> None:
    """Queue a run again whose worker vanished; its owner lives. Fails it after too many losses. Raises Conflict."""
    with transaction() as tx:
        fenced(tx, work)
        run = tx.session.get_one(Run, work.run_id)
        if _waits_already(tx, run):
            run.state, run.finished_at = "cancelled", now()
        else:
            _give_back(run)
        publish_run(tx, work.project, run)
        forget_progress(work)


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
