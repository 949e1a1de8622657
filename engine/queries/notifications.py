"""Reads of what one is told: by the bell, and on the page of all notifications."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from engine import registry
from engine.access.visible import earlier_than, from_json, storable_id
from engine.errors import NotFound
from engine.notices import KINDS
from engine.store.engine import fetch
from engine.store.times import from_store
from engine.types import NotificationView, Who

MOST: Final = 200

_COLUMNS = "SELECT id, project, kind, level, title, body, target, action, count, at, read_at FROM notification "
_COUNT = "SELECT count(*) FROM notification "
_OWN = """
WHERE user_id = :user AND (project IS NULL OR CAST(:everywhere AS INTEGER) = 1
    OR replace(CAST(:places AS TEXT), '/' || project || '/', '') <> CAST(:places AS TEXT))
"""
_OF_KIND = "AND (CAST(:kind AS TEXT) = '' OR kind = CAST(:kind AS TEXT))"
_PAGE = " AND id < :before ORDER BY id DESC LIMIT :limit"
_LIST = _COLUMNS + _OWN + _OF_KIND + _PAGE
_ONE = _COLUMNS + _OWN + " AND id = :id"
_UNREAD = _COUNT + _OWN + " AND read_at IS NULL"


def list_notifications(who: Who, limit: int = 30, before: int | None = None, kind: str = "") -> list[NotificationView]:
    """What one is told, newest first, at most 200; of one kind where one is named. `before` is the last id seen."""
    asked = {"before": earlier_than(before), "limit": min(max(limit, 0), MOST), "kind": kind if kind in KINDS else ""}
    return [_view(who, *row) for row in fetch(_LIST, {**_seen(who), **asked})]


def get_notification(who: Who, notification_id: int) -> NotificationView:
    """One notification of one's own. Raises NotFound."""
    found = fetch(_ONE, {**_seen(who), "id": storable_id(notification_id)})
    if not found:
        raise NotFound("There is no such notification.", code="no_notification")
    return _view(who, *found[0])


def unread(who: Who) -> int:
    """How many one has not read."""
    return int(fetch(_UNREAD, _seen(who))[0][0])


def _offered(who: Who, project: str | None, action: Mapping[str, Any]) -> Mapping[str, Any]:
    """The action of a notification where this person may do it, else nothing."""
    known = registry.ACTIONS.get(action.get("name", ""))
    if known is None or not who.at_least(known.role, project if known.where == "project" else None):
        return {}
    return action


def _seen(who: Who) -> dict[str, Any]:
    """Whose notifications, and of which projects, each slug between slashes, which no slug has in it.

    A project that one was taken out of is not spoken of any more.
    """
    places = "".join(f"/{slug}/" for slug in who.roles if who.sees(slug))
    return {"user": who.user_id, "everywhere": int(who.at_least("viewer")), "places": places}


def _view(
    who: Who, number: int, project: str | None, kind: str, level: str, title: str, *rest: Any
) -> NotificationView:
    (body, target, action, count, at, read_at) = rest
    offer = _offered(who, project, from_json(action))
    return NotificationView(
        number, project, kind, level, title, body, target, offer, count, from_store(at), read_at is not None
    )
