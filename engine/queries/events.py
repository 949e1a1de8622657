"""Reads of the outbox, for whoever hands events on. *System*: who may see which event is decided there.

Raw SQL because they are asked every few milliseconds.
"""

from __future__ import annotations

import json
import threading
import time
from typing import Any, Final

from engine.store.engine import fetch
from engine.store.notices import commits
from engine.store.times import to_text
from engine.store.transaction import own_writes

__all__ = ["after", "commits", "cursor", "hold", "oldest"]

MOST = 5000
HELD_SECONDS: Final = 0.25


class _Held(threading.local):
    """What a thread that reads as of one event was told: after how many writes of its own, when, and the id."""

    begun = False
    writes = 0
    at = 0.0
    newest: int | None = None


_held = _Held()


def hold() -> None:
    """Let this thread read as of one event from now on: to be called where it begins something new, a rerun say.

    `cursor` then asks the store once, and again after a write by this thread or `HELD_SECONDS`.
    """
    _held.begun, _held.newest = True, None


def cursor() -> int:
    """The id of the newest event, 0 where there never was one."""
    if not _held.begun:
        return _cursor()
    moment, writes = time.monotonic(), own_writes()
    if _held.newest is None or _held.writes != writes or moment - _held.at > HELD_SECONDS:
        _held.writes, _held.at, _held.newest = writes, moment, _cursor()
    return _held.newest


def _cursor() -> int:
    return int(fetch("SELECT coalesce(max(id), 0) FROM event")[0][0])


def oldest() -> int:
    """The id of the oldest event that is kept, 0 where none is. Whoever resumes from before it has to start over."""
    return int(fetch("SELECT coalesce(min(id), 0) FROM event")[0][0])


def after(since: int, limit: int = 500) -> list[dict[str, Any]]:
    """The events after this id, oldest first: id, project, topic, kind, body, at (ISO 8601, UTC)."""
    found = fetch(
        "SELECT id, project, topic, kind, body, at FROM event WHERE id > :since ORDER BY id LIMIT :limit",
        {"since": since, "limit": min(max(limit, 0), MOST)},
    )
    return [_event(*row) for row in found]


def _event(event_id: int, project: str | None, topic: str, kind: str, body: Any, at: Any) -> dict[str, Any]:
    return {
        "id": event_id,
        "project": project,
        "topic": topic,
        "kind": kind,
        "body": json.loads(body) if isinstance(body, str) else body,
        "at": at if isinstance(at, str) else to_text(at),
    }
