"""Moves new rows of the event table to the hub: one asyncio task per web process.

On SQLite `PRAGMA data_version` tells in 2 µs whether any other connection committed, so it is asked every 10 ms.
Postgres sends a notice with each commit; the rows are asked for then, and every second in case a notice was lost.

A row that is appended is three commits within a tenth of a second: a run is queued, it begins, its answer is there.
To a thousand tabs that would be three thousand messages, so the first two wait a moment for the third.
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import aclosing
from typing import Any, Final

import anyio

from engine.queries import events
from engine.settings import Settings
from web.hub import Event, Hub
from web.logs import log

_SQLITE: Final = "sqlite:///"
_SQLITE_SECONDS: Final = 0.01
_BACKSTOP_SECONDS: Final = 1.0
_AFTER_FAILURE_SECONDS: Final = 1.0
_PAGE: Final = 500

PATIENT: Final = frozenset({"run"})
"""Kinds of events that may wait for others."""
PATIENCE_SECONDS: Final = 0.1
"""How long they wait."""


class Gathering:
    """Events on their way to the hub, in order."""

    def __init__(self, hub: Hub) -> None:
        self.read = hub.cursor
        self._hub = hub
        self._held: list[Event] = []
        self._timer: asyncio.TimerHandle | None = None

    def take(self, rows: list[dict[str, Any]]) -> None:
        """Hand rows of the table on, at once where one of them is awaited."""
        taken = [Event.of(row) for row in rows]
        self.read = taken[-1].id
        self._held += taken
        if any(event.kind not in PATIENT for event in taken):
            self.hand_over()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(PATIENCE_SECONDS, self.hand_over)

    def hand_over(self) -> None:
        """Publish what is held."""
        self.drop_timer()
        held, self._held = self._held, []
        if held:
            self._hub.publish(held)

    def drop_timer(self) -> None:
        """Let nothing happen later."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


async def tail(hub: Hub, settings: Settings) -> None:
    """Publish every event after the hub's cursor, in id order, until cancelled. A failing database is tried again."""
    while True:
        try:
            await _follow(hub, settings.url)
        except Exception:  # noqa: BLE001 - whatever the database raises, the pages must become live again
            log.exception("the event tailer failed; it starts again")
            await asyncio.sleep(_AFTER_FAILURE_SECONDS)


async def _follow(hub: Hub, url: str) -> None:
    gathering = Gathering(hub)
    try:
        if url.startswith(_SQLITE):
            await _follow_sqlite(gathering, url.removeprefix(_SQLITE))
        async with aclosing(events.commits(_BACKSTOP_SECONDS)) as commits:
            async for _commit in commits:
                while rows := await anyio.to_thread.run_sync(events.after, gathering.read, _PAGE):
                    gathering.take(rows)
    finally:
        gathering.drop_timer()


async def _follow_sqlite(gathering: Gathering, path: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        seen: int | None = None
        while True:
            (version,) = connection.execute("PRAGMA data_version").fetchone()
            while version != seen and (rows := events.after(gathering.read, _PAGE)):
                gathering.take(rows)
            seen = version
            await asyncio.sleep(_SQLITE_SECONDS)
    finally:
        connection.close()
