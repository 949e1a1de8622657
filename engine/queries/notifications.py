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
_OWN = "WHERE user_id = :user AND {seen}"
_LIST = _COLUMNS + _OWN + " AND id < :before AND :kind IN ('', kind) ORDER BY id DESC LIMIT :limit"
_ONE = _COLUMNS + _OWN + " AND id = :id"
_UNREAD = "SELECT count(*) FROM notification WHERE user_id = :user AND {seen} AND read_at IS NULL"


def list_notifications(who: Who, limit: int = 30, before: int | None = None, kind: str = "") -> list[NotificationView]:
    """What one is told, newest first, at most 200; of one kind where one is named. `before` is the last id seen."""
    asked = {"kind": kind if kind in KINDS else "", "before": earlier_than(before), "limit": min(max(limit, 0), MOST)}
    return [_view(who, *row) for row in _fetch_seen(who, _LIST, asked)]


def get_notification(who: Who, notification_id: int) -> NotificationView:
    """One notification of one's own. Raises NotFound."""
    found = _fetch_seen(who, _ONE, {"id": storable_id(notification_id)})
    if not found:
        raise NotFound("There is no such notification.", code="no_notification")
    return _view(who, *found[0])


def unread(who: Who) -> int:
    """How many one has not read."""
    return int(_fetch_seen(who, _UNREAD, {})[0][0])


def _offered(who: Who, project: str | None, action: Mapping[str, Any]) -> Mapping[str, Any]:
    """The action of a notification where this person may do it, else nothing."""
    known = registry.ACTIONS.get(action.get("name", ""))
    if known is None or not who.at_least(known.role, project if known.where == "project" else None):
        return {}
    return action


def _fetch_seen(who: Who, template: str, asked: Mapping[str, Any]) -> list[Any]:
    """What one may still see: a project that one was taken out of is not spoken of any more.

    Only names of parameters are put into the statement, as many as there are projects; what they stand for is bound.
    """
    places = {f"place_{number}": slug for number, slug in enumerate(slug for slug in who.roles if who.sees(slug))}
    within = f" OR project IN ({', '.join(f':{name}' for name in places)})" if places else ""
    if who.at_least("viewer"):
        places, seen = {}, "1 = 1"
    else:
        seen = f"(project IS NULL{within})"
    statement = template.format(seen=seen)
    return fetch(statement, {**asked, **places, "user": who.user_id})


def _view(
    who: Who, number: int, project: str | None, kind: str, level: str, title: str, *rest: Any
) -> NotificationView:
    (body, target, action, count, at, read_at) = rest
    offer = _offered(who, project, from_json(action))
    return NotificationView(
        number, project, kind, level, title, body, target, offer, count, from_store(at), read_at is not None
    )
