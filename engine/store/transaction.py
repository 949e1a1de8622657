"""The one way to write: a transaction whose events are inserted last, so that event ids are in commit order."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import CursorResult, Executable, insert, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlmodel import Session

from engine.store.engine import get_store
from engine.store.failures import halved, named
from engine.store.notices import NOTIFY
from engine.store.tables import METADATA
from engine.store.times import now

EVENT_LOCK = 7_105_113
"""Number of the Postgres advisory lock held from the first event of a transaction to its commit."""

_EVENT = METADATA.tables["event"]
_INSERT_EVENT = insert(_EVENT).returning(_EVENT.c.id)


class _Own(threading.local):
    """Of one thread."""

    writes = 0


_own = _Own()


class Transaction:
    """A write in progress: `session` for rows, `publish` for what others should hear of it."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.event_ids: list[int] = []
        self._events: list[dict[str, Any]] = []

    def publish(self, project: str | None, topic: str, kind: str, body: Mapping[str, Any]) -> None:
        """Announce a change; `project` is None for what concerns one person only."""
        self._events.append({"project": project, "topic": topic, "kind": kind, "body": dict(body), "at": now()})

    def execute(self, statement: Executable, values: Mapping[str, Any]) -> CursorResult[Any]:
        """A statement past the unit of work, several times as quick. What was not flushed it does not see."""
        return self.session.connection().execute(statement, values)

    def insert_events(self) -> None:
        """Insert the announced events; nothing may be written after them."""
        self.session.flush()
        if not self._events:
            return
        connection = self.session.connection()
        shared = connection.dialect.name == "postgresql"
        if shared:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": EVENT_LOCK})
        for row in self._events:
            self.event_ids.append(connection.execute(_INSERT_EVENT, row).scalar_one())
        if shared:
            connection.exec_driver_sql(NOTIFY)


@contextmanager
def transaction() -> Iterator[Transaction]:
    """All of it or nothing. On SQLite the write lock is taken before its first read, so that cannot go stale.

    Raises StoreUnavailable where the database cannot take it (busy, full, damaged, gone), UsageError
    for half a character in a text; then nothing was saved.
    """
    try:
        with _named_errors(), Session(get_store().writer, expire_on_commit=False) as session, session.begin():
            current = Transaction(session)
            yield current
            current.insert_events()
    finally:
        _own.writes += 1


def own_writes() -> int:
    """How many transactions of this thread have ended."""
    return _own.writes


@contextmanager
def reading() -> Iterator[Session]:
    """One view of the store for several reads; nothing can be changed through it."""
    with _named_errors(), Session(get_store().reader, autoflush=False) as session:
        yield session


@contextmanager
def _named_errors() -> Iterator[None]:
    try:
        yield
    except UnicodeEncodeError as error:
        raise halved() from error
    except (DatabaseError, PoolTimeoutError) as error:
        raise named(error) or error from error
