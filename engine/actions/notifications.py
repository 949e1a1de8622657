"""Changes to notifications: what people are told of the events, and what they have read of it.

Each event is told once: the rows and how far the events were followed are one transaction.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import delete, update
from sqlmodel import Session as Rows
from sqlmodel import col, select

from engine.access import audit
from engine.access.names import storable
from engine.access.roles import require_writing
from engine.access.visible import storable_id
from engine.actions.concerned import FOLLOWED, Told, people, told_of
from engine.errors import NotFound
from engine.notices import KINDS
from engine.store.engine import fetch
from engine.store.tables import Follower, Notification
from engine.store.times import now, to_text
from engine.store.transaction import Transaction, transaction
from engine.types import Who

KEPT: Final = timedelta(days=90)
TOGETHER: Final = timedelta(hours=1)
"""What comes within this time of the last of its kind and subject joins it, once enough of them came apart."""

AT_ONCE: Final = 500
"""Events that one transaction tells of."""

SAID_EVERY: Final = 1_000
"""Events of which nothing is told are passed over without writing so until there are so many."""

NAME: Final = "notifications"

_KINDS = ", ".join(f"'{kind}'" for kind in FOLLOWED)
_FOLLOW = f"""
SELECT id, project, topic, kind, body FROM event
WHERE id > :since AND id <= :upto AND kind IN ({_KINDS}) AND (kind <> 'run' OR topic NOT LIKE 'run/%')
ORDER BY id LIMIT :limit
"""  # noqa: S608 - the kinds are ours
_PLACE = "SELECT event FROM follower WHERE name = :name"
_NEWEST = "SELECT coalesce(max(id), 0) FROM event"


def read(who: Who, notification_id: int) -> None:
    """Say that one has read a notification; doing it twice changes nothing. Raises NotFound for anybody else's."""
    require_writing(who)
    with transaction() as tx:
        found = tx.session.get(Notification, storable_id(notification_id))
        if found is None or found.user_id != who.user_id or (found.project and not who.sees(found.project)):
            raise NotFound("There is no such notification.", code="no_notification")
        if found.read_at is None:
            found.read_at = now()
            audit.record(tx.session, who, "read_notification", f"notification/{found.id}")
            tx.publish(None, f"user/{who.user_id}", "notification", {"change": "read", "ids": [found.id]})


def read_all(who: Who) -> int:
    """Say that one has read everything there is. Returns how many that were."""
    require_writing(who)
    with transaction() as tx:
        unread = update(Notification).where(
            col(Notification.user_id) == who.user_id, col(Notification.read_at).is_(None)
        )
        done = tx.session.connection().execute(unread.values(read_at=now())).rowcount
        if done:
            audit.record(tx.session, who, "read_notifications", f"user/{who.user_id}", count=done)
            tx.publish(None, f"user/{who.user_id}", "notification", {"change": "read", "ids": None})
        return done


# ------------------------------------------------------------------ telling


def tell() -> bool:
    """*System.* Tell people of what happened since this was called last. Whether there is more to tell."""
    since = _place()
    upto = int(fetch(_NEWEST)[0][0])
    if upto <= since:
        return False
    found = fetch(_FOLLOW, {"since": since, "upto": upto, "limit": AT_ONCE})
    more = len(found) == AT_ONCE
    upto = found[-1][0] if more else upto
    told = told_of([_event(*row) for row in found], people()) if found else []
    if not told and upto - since < SAID_EVERY and not more:
        return False
    with transaction() as tx:
        if _moved(tx, since, upto):
            _tell(tx, told)
    return more


def _place() -> int:
    found = fetch(_PLACE, {"name": NAME})
    return int(found[0][0]) if found else 0


def _event(event_id: int, project: str | None, topic: str, kind: str, body: Any) -> dict[str, Any]:
    plain = json.loads(body) if isinstance(body, str) else body  # orjson refuses half characters
    return {"id": event_id, "project": project, "topic": topic, "kind": kind, "body": plain}


def _moved(tx: Transaction, since: int, upto: int) -> bool:
    """Go on to `upto`, unless another foreman did."""
    place = tx.session.get(Follower, NAME, with_for_update=True)
    if place is None:
        tx.session.add(Follower(name=NAME, event=upto))
        return since == 0
    if place.event != since:
        return False
    place.event = upto
    return True


def _tell(tx: Transaction, told: Sequence[Told]) -> None:
    by_subject: dict[tuple[int, str, str], list[Told]] = defaultdict(list)
    for one in told:
        for user_id in one.people:
            by_subject[user_id, one.kind, one.subject].append(one)
    for (user_id, kind, subject), ones in by_subject.items():
        rows = _recent(tx.session, user_id, kind, subject)
        apart = KINDS[kind].apart
        touched: dict[int, tuple[Notification, bool]] = {}
        for one in ones:
            if len(rows) < apart:
                row, fresh = _new(user_id, one), True
                tx.session.add(row)
                rows.insert(0, row)
            else:
                row, fresh = rows[0], rows[0].read_at is not None
                _join(row, one)
            fresh = fresh or touched.get(id(row), (row, False))[1]
            touched[id(row)] = (row, fresh)
        tx.session.flush()
        for row, fresh in touched.values():
            said = {"change": "told", "item": plain(row), "fresh": fresh}
            tx.publish(None, f"user/{user_id}", "notification", said)


def _recent(rows: Rows, user_id: int, kind: str, subject: str) -> list[Notification]:
    same = select(Notification).where(
        col(Notification.user_id) == user_id,
        col(Notification.kind) == kind,
        col(Notification.subject) == subject,
        col(Notification.at) > now() - TOGETHER,
    )
    return list(rows.exec(same.order_by(col(Notification.id).desc()).limit(KINDS[kind].apart)))


def _new(user_id: int, one: Told) -> Notification:
    return Notification(
        user_id=user_id,
        project=one.project,
        kind=one.kind,
        subject=one.subject[:100],
        level=one.level,
        title=storable(one.title)[:300],
        body=storable(one.body),
        target=one.target,
        action=dict(one.action),
        event=one.event,
    )


def _join(row: Notification, one: Told) -> None:
    """Of several there is one row, with the newest; what could be done about one of them is done where they are."""
    row.count += 1
    row.title = storable(one.many.replace("{count}", str(row.count)))[:300]
    row.body, row.target, row.event, row.action = storable(one.body), one.target, one.event, {}
    row.at, row.read_at = now(), None


def plain(row: Notification) -> dict[str, Any]:
    """*System.* A notification as its person's open pages are told of it."""
    told = {name: getattr(row, name) for name in ("id", "project", "kind", "level", "title", "body", "target", "count")}
    return {**told, "action": row.action, "at": to_text(row.at), "read": row.read_at is not None}


def prune() -> int:
    """*System.* Forget what was told ninety days ago. Returns how many went."""
    old = delete(Notification).where(col(Notification.at) < now() - KEPT)
    with transaction() as tx:
        return tx.session.connection().execute(old).rowcount
