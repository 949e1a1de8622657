"""How much is there and how much may be: rows and bytes of a project, files of a person, free disk."""

from __future__ import annotations

import shutil
import threading
import time
from datetime import timedelta
from typing import NamedTuple

from engine.errors import LimitExceeded, StorageFull
from engine.settings import get_settings
from engine.store.engine import fetch, get_store
from engine.store.times import now

KNOWN_SECONDS = 2.0
"""How long what a project holds is not counted again: a limit is noticed this much late."""

_HELD = """
SELECT coalesce(sum(CAST(v.report ->> 'accepted' AS BIGINT)), 0),
       coalesce(sum(d.size), 0) + coalesce(sum(CAST(d.follow ->> 'offset' AS BIGINT)), 0)
FROM dataset d JOIN project p ON p.id = d.project_id
LEFT JOIN version v ON v.dataset_id = d.id AND v.number = d.version
WHERE p.slug = :project AND d.removed_at IS NULL
"""
_SEGMENTS = """
SELECT coalesce(sum(s.size), 0) FROM segment s JOIN dataset d ON d.id = s.dataset_id
JOIN project p ON p.id = d.project_id WHERE p.slug = :project AND d.removed_at IS NULL
"""
_ROWS = """
SELECT CAST(v.report ->> 'accepted' AS BIGINT) FROM dataset d
JOIN version v ON v.dataset_id = d.id AND v.number = d.version WHERE d.id = :dataset
"""
_SENT = "SELECT count(*) FROM audit WHERE user_id = :user AND action = 'receive_upload' AND at > :since"


class Held(NamedTuple):
    """What the datasets of a project hold that were not removed: rows, and bytes of sources and segments."""

    rows: int
    size: int


_known: dict[tuple[str, str], tuple[float, Held]] = {}
_lock = threading.Lock()


def held(project: str) -> Held:
    """What a project holds, as of a moment ago."""
    key = (get_store().url, project)
    with _lock:
        at, known = _known.get(key, (float("-inf"), Held(0, 0)))
    if time.monotonic() - at < KNOWN_SECONDS:
        return known
    found = count(project)
    with _lock:
        _known[key] = (time.monotonic(), found)
    return found


def count(project: str) -> Held:
    """What a project holds now."""
    ((rows, sources),) = fetch(_HELD, {"project": project})
    ((segments,),) = fetch(_SEGMENTS, {"project": project})
    return Held(int(rows), int(sources) + int(segments))


def rows_of(dataset_id: int) -> int:
    """Rows of the newest version of a dataset."""
    found = fetch(_ROWS, {"dataset": dataset_id})
    return int(found[0][0] or 0) if found else 0


def forget() -> None:
    """Count anew at the next question."""
    with _lock:
        _known.clear()


def disk_is_low(size: int = 0) -> bool:
    """Whether `size` more bytes would leave less free than the installation keeps for its store."""
    settings = get_settings()
    return shutil.disk_usage(settings.home).free - size < settings.min_free_disk_bytes


def require_disk(size: int = 0) -> None:
    """Raise StorageFull where the disk is nearly full. Asked each time, so it passes again once there is space."""
    if disk_is_low(size):
        raise StorageFull(
            "The server's disk is nearly full, so no new data are taken; what is there can be read. "
            "They are taken again as soon as some space is free.",
        )


def require_room(project: str, *, rows: int = 0, size: int = 0) -> None:
    """Raise LimitExceeded where a project would hold more than it may with so many more rows or bytes."""
    settings, now_held = get_settings(), held(project)
    if now_held.rows + rows > settings.project_rows:
        raise LimitExceeded(
            f"This project may hold {settings.project_rows:,} rows and holds {now_held.rows:,}. Nothing was added. "
            "Remove datasets that are not needed, or have the limit raised.",
            code="project_rows",
        )
    if now_held.size + size > settings.project_bytes:
        raise LimitExceeded(
            f"This project may take {settings.project_bytes:,} bytes and takes {now_held.size:,}. Nothing was added. "
            "Remove datasets that are not needed, or have the limit raised.",
            code="project_bytes",
        )


def require_upload(user_id: int) -> None:
    """Raise LimitExceeded where a person has sent as many files within a day as one may."""
    most = get_settings().uploads_a_day
    ((sent,),) = fetch(_SENT, {"user": user_id, "since": now() - timedelta(days=1)})
    if sent >= most:
        raise LimitExceeded(
            f"You have sent {sent:,} files within 24 hours, the most that are taken from one person. "
            "Nothing was added; go on later.",
            code="uploads_a_day",
        )
