"""What is forgotten in time: ended sessions, old lockouts, events nobody will resume from."""

from __future__ import annotations

from sqlalchemy import delete, func
from sqlmodel import col, select

from engine.access import sessions
from engine.settings import get_settings
from engine.store.tables import Event
from engine.store.transaction import transaction


def tidy() -> None:
    """*System.* Delete what has had its time; keeps the newest `events_kept` events."""
    with transaction() as tx:
        sessions.prune(tx.session)
        newest = tx.session.exec(select(func.max(Event.id))).one() or 0
        old = delete(Event).where(col(Event.id) <= newest - get_settings().events_kept)
        tx.session.connection().execute(old)
