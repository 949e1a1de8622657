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
_LIST = _COLUMNS + _OWN + " AND id < :before {kind} ORDER BY id DESC LIMIT :limit"
_ONE = _COLUMNS + _OWN + " AND id = :id"
_UNREAD = "SELECT count(*) FROM notification WHERE user_id = :user AND {seen} AND read_at IS NULL"


def list_notifications(who: Who, limit: int = 30, before: int | None = None, kind: str = "") -> list[NotificationView]:
    """What one is told, newest first, at most 200; of one kind where one is named. `before` is the last id seen."""
    seen, asked = _seen(who)
    asked |= {"before": earlier_than(before), "limit": min(max(limit, 0), MOST)}
    of_kind = "AND kind = :kind" if kind in KINDS else ""
    sql = _LIST.format(seen=seen, kind=of_kind)
    return [_view(who, *row) for row in fetch(sql, {**asked, **({"kind": kind} if of_kind else {})})]


def get_notification(who: Who, notification_id: int) -> NotificationView:
    """One notification of one's own. Raises NotFound."""
    seen, asked = _seen(who)
    found = fetch(_ONE.format(seen=seen), {**asked, "id": storable_id(notification_id)})
    if not found:
        raise NotFound("There is no such notification.", code="no_notification")
    return _view(who, *found[0])


def unread(who: Who) -> int:
    """How many one has not read."""
    seen, asked = _seen(who)
    return int(fetch(_UNREAD.format(seen=seen), asked)[0][0])


def _offered(who: Who, project: str | None, action: Mapping[str, Any]) -> Mapping[str, Any]:
    """The action of a notification where this person may do it, else nothing."""
    known = registry.ACTIONS.get(action.get("name", ""))
    if known is None or not who.at_least(known.role, project if known.where == "project" else None):
        return {}
    return action


def _seen(who: Who) -> tuple[str, dict[str, Any]]:
    """The condition for what one may still see: a project that one was taken out of is not spoken of any more."""
    asked: dict[str, Any] = {"user": who.user_id}
    if who.at_least("viewer"):
        return "1 = 1", asked
    places = {f"place_{number}": slug for number, slug in enumerate(slug for slug in who.roles if who.sees(slug))}
    within = f" OR project IN ({', '.join(f':{name}' for name in places)})" if places else ""
    return f"(project IS NULL{within})", {**asked, **places}


def _view(
    who: Who, number: int, project: str | None, kind: str, level: str, title: str, *rest: Any
) -> NotificationView:
    (body, target, action, count, at, read_at) = rest
    offer = _offered(who, project, from_json(action))
    return NotificationView(
        number, project, kind, level, title, body, target, offer, count, from_store(at), read_at is not None
    )
