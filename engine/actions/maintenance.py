"""What the foreman does now and then so that the store does not grow for ever. All of it is *system*.

Rows are deleted a few at a time, so that nobody who writes waits long. What lies on disk goes after its rows
(`jobs.upkeep`).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy import Select, delete, func, or_
from sqlmodel import col, select

from engine.access import sessions
from engine.settings import get_settings
from engine.store.datasets import segment_path
from engine.store.sweeping import still_there
from engine.store.tables import Dataset, Event, KeptForecast, Report, Run, Segment, SigninLink, Version
from engine.store.times import now
from engine.store.transaction import Transaction, reading, transaction

LINKS_KEPT = timedelta(days=1)
VERSIONS_KEPT = 1_000
LANDMARK = 100
"""Of versions older than the newest thousand every hundredth stays, so that a long history keeps its shape."""

FORECASTS_KEPT = 200
REPORTS_KEPT = timedelta(days=30)

AT_ONCE = 2_000
"""Rows that one transaction deletes."""


class Pruned(NamedTuple):
    """How many rows went."""

    events: int
    versions: int
    segments: int
    runs: int
    sessions: int
    links: int
    forecasts: int
    reports: int


def prune() -> Pruned:
    """Delete what is kept no longer: events, versions, lone segments, reports, runs, old sessions, links, forecasts."""
    reports = prune_reports()
    kept = prune_events(), prune_versions(), prune_segments(), prune_runs()
    return Pruned(*kept, *_prune_access(), prune_forecasts(), reports)


def prune_events() -> int:
    """Keep the newest `events_kept` events of the last `events_days`, at least one, so that ids never start over.

    Returns how many went.
    """
    settings = get_settings()
    with reading() as rows:
        newest = rows.exec(select(func.max(Event.id))).one() or 0
        aged = select(func.max(Event.id)).where(col(Event.at) < now() - timedelta(days=settings.events_days))
        oldest_kept = max(newest - settings.events_kept, rows.exec(aged).one() or 0) + 1
    return _delete_slowly(Event, select(Event.id).where(col(Event.id) < min(oldest_kept, newest)))


def prune_versions() -> int:
    """Delete most of the versions that are not among the newest thousand of their dataset. Returns how many went."""
    newest = select(Dataset.version).where(col(Dataset.id) == Version.dataset_id).scalar_subquery()
    old = select(Version.id).where(col(Version.number) <= newest - VERSIONS_KEPT, col(Version.number) % LANDMARK != 0)
    return _delete_slowly(Version, old)


def prune_runs() -> int:
    """Delete ended runs beyond `runs_kept` that no kept version or report came from and not their dataset's last.

    Returns how many went.
    """
    with reading() as rows:
        newest = rows.exec(select(func.max(Run.id))).one() or 0
    versions = select(Version.run_id).where(col(Version.run_id).is_not(None))
    reports = select(Report.run_id).where(col(Report.run_id).is_not(None))
    last = select(func.max(Run.id)).group_by(col(Run.dataset_id))
    old = select(Run.id).where(
        col(Run.id) <= newest - get_settings().runs_kept,
        col(Run.state).in_(("done", "failed", "cancelled")),
        col(Run.id).not_in(versions),
        col(Run.id).not_in(reports),
        col(Run.id).not_in(last),
    )
    return _delete_slowly(Run, old)


def prune_reports() -> int:
    """Delete the reports that were removed, and those older than thirty days. Returns how many went.

    Their files go after them (`jobs.upkeep`); one that is being made is left to its end.
    """
    gone = or_(col(Report.removed_at).is_not(None), col(Report.created_at) < now() - REPORTS_KEPT)
    making = select(Run.id).where(col(Run.kind) == "report", col(Run.state).in_(("queued", "running")))
    ended = or_(col(Report.run_id).is_(None), col(Report.run_id).not_in(making))
    return _delete_slowly(Report, select(Report.id).where(gone, ended))


def prune_forecasts() -> int:
    """Delete kept forecasts that are not among the newest two hundred of their dataset. Returns how many went."""
    place = func.row_number().over(partition_by=col(KeptForecast.dataset_id), order_by=col(KeptForecast.id).desc())
    ranked = select(col(KeptForecast.id).label("id"), place.label("place")).subquery()
    return _delete_slowly(KeptForecast, select(ranked.c.id).where(ranked.c.place > FORECASTS_KEPT))


def _delete_slowly(table: type[Any], which: Select[Any]) -> int:
    """Delete the rows with these ids, a transaction for each few; how many went."""
    total = 0
    while True:
        with transaction() as tx:
            some = delete(table).where(table.id.in_(which.limit(AT_ONCE)))
            gone = tx.session.connection().execute(some).rowcount
        total += gone
        if gone < AT_ONCE:
            return total


def _prune_access() -> tuple[int, int]:
    with transaction() as tx:
        ended = sessions.prune(tx.session)
        old = delete(SigninLink).where(col(SigninLink.expires_at) < now() - LINKS_KEPT)
        return ended, tx.session.connection().execute(old).rowcount


# ------------------------------------------------------------------ segments


def prune_segments() -> int:
    """Forget the segments that no kept version of their dataset holds. Returns how many went.

    Their files stay for a while (`unused_seconds`, from now on): somebody may be reading them.
    """
    with reading() as rows:
        counted = rows.exec(select(Segment.dataset_id, func.count()).group_by(col(Segment.dataset_id))).all()
    return sum(_forget_unused(dataset_id, count) for dataset_id, count in counted)


def _forget_unused(dataset_id: int, count: int) -> int:
    """What is unused is found beside the writers; under the lock only the versions that came since are looked at."""
    with reading() as rows:
        dataset = rows.get_one(Dataset, dataset_id)
        used = _held(rows, dataset_id, after=0)
        if len(used) >= count:
            return 0
        known = rows.exec(select(Segment.sha256).where(col(Segment.dataset_id) == dataset_id)).all()
    unused = set(known) - used
    with transaction() as tx:
        tx.session.get_one(Dataset, dataset_id, with_for_update=True)
        unused -= _held(tx.session, dataset_id, after=dataset.version)
        return _forget(tx, dataset_id, sorted(unused)[:AT_ONCE])


def _held(rows: Any, dataset_id: int, after: int) -> set[str]:
    """The segments of all versions after a number."""
    of_dataset = col(Version.dataset_id) == dataset_id
    manifests = rows.exec(select(Version.manifest).where(of_dataset, col(Version.number) > after))
    return {sha256 for manifest in manifests for sha256 in manifest}


def _forget(tx: Transaction, dataset_id: int, unused: Collection[str]) -> int:
    for sha256 in unused:
        still_there(segment_path(sha256))
    rows = delete(Segment).where(col(Segment.dataset_id) == dataset_id, col(Segment.sha256).in_(unused))
    return tx.session.connection().execute(rows).rowcount
