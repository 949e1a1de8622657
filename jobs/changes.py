"""Waiting for somebody else's commit, cheaply: SQLite tells in 2 µs whether there was one."""

from __future__ import annotations

import sqlite3
import threading
import time

from sqlalchemy import make_url

QUICK_SECONDS = 0.005
QUIET_SECONDS = 0.01
OTHER_SECONDS = 0.05
QUIET_AFTER = 5.0


class Changes:
    """Looks whether the store changed. On other databases than SQLite every look says yes, at longer intervals."""

    def __init__(self, url: str) -> None:
        self._connection = None
        if url.startswith("sqlite"):
            self._connection = sqlite3.connect(make_url(url).database or "", isolation_level=None)
        self._seen = self._version()
        self._active = time.monotonic()

    def wait(self, wake: threading.Event, seconds: float) -> None:
        """Return when the store has changed, `wake` is set (it is cleared), or the time is over."""
        deadline = time.monotonic() + seconds
        while (now := time.monotonic()) < deadline:
            if wake.wait(self._pause(now)):
                wake.clear()
                return
            version = self._version()
            if version != self._seen or version is None:
                self._seen, self._active = version, time.monotonic()
                return

    def close(self) -> None:
        """Let the connection go."""
        if self._connection is not None:
            self._connection.close()

    def _pause(self, now: float) -> float:
        if self._connection is None:
            return OTHER_SECONDS
        return QUICK_SECONDS if now - self._active < QUIET_AFTER else QUIET_SECONDS

    def _version(self) -> int | None:
        if self._connection is None:
            return None
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])
