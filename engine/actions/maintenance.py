"""What the foreman does now and then so that the store does not grow for ever. All of it is *system*."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import delete, func
from sqlmodel import col, select

from engine.access import sessions
from engine.settings import get_settings
from engine.store.datasets import prune_folds
from engine.store.tables import Dataset, Event, SigninLink, Version
from engine.store.times import now
from engine.store.transaction import transaction

LINKS_KEPT = timedelta(days=1)


VERSIONS_KEPT = 1_000
LANDMARK = 100
"""Of versions older than the newest thousand every hundredth stays, so that a long history keeps its shape."""


class Pruned(NamedTuple):
    """How much went."""

    events: int
    versions: int
    sessions: int
    links: int
    folds: int


def prune() -> Pruned:
    """Delete events beyond `events_kept`, sessions and links long over, and folded states that nobody asks for."""
    return Pruned(prune_events(), prune_versions(), *_prune_access(), prune_folds())


def prune_events() -> int:
    """Keep the newest `events_kept` events, at least one, so that ids never start over. Returns how many went."""
    with transaction() as tx:
        newest = tx.session.exec(select(func.max(Event.id))).one() or 0
        old = delete(Event).where(col(Event.id) <= newest - max(get_settings().events_kept, 1))
        return tx.session.connection().execute(old).rowcount


def prune_versions() -> int:
    """Delete most of the versions that are not among the newest thousand of their dataset. Returns how many went."""
    newest = select(Dataset.version).where(col(Dataset.id) == Version.dataset_id).scalar_subquery()
    old = delete(Version).where(col(Version.number) <= newest - VERSIONS_KEPT, col(Version.number) % LANDMARK != 0)
    with transaction() as tx:
        return tx.session.connection().execute(old).rowcount


def _prune_access() -> tuple[int, int]:
    with transaction() as tx:
        ended = sessions.prune(tx.session)
        old = delete(SigninLink).where(col(SigninLink.expires_at) < now() - LINKS_KEPT)
        return ended, tx.session.connection().execute(old).rowcount
