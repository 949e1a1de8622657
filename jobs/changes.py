"""Waiting for somebody else's commit, cheaply: SQLite tells in 2 µs whether there was one, Postgres sends a notice."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from typing import Protocol

from psycopg import OperationalError
from sqlalchemy import make_url

from engine.store.notices import Listener

LOOK_SECONDS = 0.01
NOTICE_SECONDS = 0.05

log = logging.getLogger("runner")


class _Source(Protocol):
    def heard(self, wake: threading.Event) -> bool:
        """Wait for a moment. True where the store changed or `wake` is set."""

    def close(self) -> None:
        """Let the connection go."""


class Changes:
    """Looks whether the store changed."""

    def __init__(self, url: str) -> None:
        self._source: _Source = _Sqlite(url) if url.startswith("sqlite") else _Postgres(url)

    def wait(self, wake: threading.Event, seconds: float) -> None:
        """Return when the store has changed, `wake` is set (it is cleared), or the time is over."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self._source.heard(wake):
            pass
        wake.clear()

    def close(self) -> None:
        """Let the connection go."""
        self._source.close()


class _Sqlite:
    """`PRAGMA data_version` grows with every commit of another connection."""

    def __init__(self, url: str) -> None:
        self._connection = sqlite3.connect(make_url(url).database or "", isolation_level=None)
        self._seen = self._version()

    def heard(self, wake: threading.Event) -> bool:
        if wake.wait(LOOK_SECONDS):
            return True
        before, self._seen = self._seen, self._version()
        return self._seen != before

    def close(self) -> None:
        self._connection.close()

    def _version(self) -> int:
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])


class _Postgres:
    """Notices of the other processes; while the server is away only the time passes."""

    def __init__(self, url: str) -> None:
        self._listener = Listener(url)

    def heard(self, wake: threading.Event) -> bool:
        if wake.is_set():
            return True
        try:
            return self._listener.heard(NOTICE_SECONDS)
        except OperationalError as error:
            log.warning("the database does not answer: %s", str(error).splitlines()[0])
            return wake.wait(1.0)

    def close(self) -> None:
        self._listener.close()
