"""Moves new rows of the event table to the hub: one asyncio task per web process.

On SQLite `PRAGMA data_version` tells in 2 µs whether any other connection committed, so it is asked every 10 ms.
Postgres sends a notice with each commit; the rows are asked for then, and every second in case a notice was lost.
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


async def tail(hub: Hub, settings: Settings) -> None:
    """Publish every event after the hub's cursor, in id order, until cancelled. A failing database is tried again."""
    while True:
        try:
            await _follow(hub, settings.url)
        except Exception:  # noqa: BLE001 - whatever the database raises, the pages must become live again
            log.exception("the event tailer failed; it starts again")
            await asyncio.sleep(_AFTER_FAILURE_SECONDS)


async def _follow(hub: Hub, url: str) -> None:
    if url.startswith(_SQLITE):
        await _follow_sqlite(hub, url.removeprefix(_SQLITE))
    async with aclosing(events.commits(_BACKSTOP_SECONDS)) as commits:
        async for _commit in commits:
            while rows := await anyio.to_thread.run_sync(events.after, hub.cursor, _PAGE):
                _hand_over(hub, rows)


async def _follow_sqlite(hub: Hub, path: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        seen: int | None = None
        while True:
            (version,) = connection.execute("PRAGMA data_version").fetchone()
            while version != seen and (rows := events.after(hub.cursor, _PAGE)):
                _hand_over(hub, rows)
            seen = version
            await asyncio.sleep(_SQLITE_SECONDS)
    finally:
        connection.close()


def _hand_over(hub: Hub, rows: list[dict[str, Any]]) -> None:
    if rows:
        hub.publish([Event.of(row) for row in rows])
