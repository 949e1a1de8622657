"""Changes to channels: where somebody is told besides the bell. What the foreman sends goes through here as well.

An address is a secret: it is stored encrypted, and neither the audit nor an event nor the log ever holds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import func, or_
from sqlmodel import Session as Rows
from sqlmodel import col, select

from engine.access import addresses, audit, sealing
from engine.access.names import clean
from engine.access.roles import require_person
from engine.access.visible import storable_id
from engine.actions.concerned import people
from engine.errors import Conflict, LimitExceeded, NotFound, UsageError
from engine.notices import SENT
from engine.store.tables import Channel, Notification
from engine.store.times import now
from engine.store.transaction import Transaction, reading, transaction
from engine.types import Who

MOST: Final = 20
MOST_FAILURES: Final = 5
FIRST_WAIT: Final = timedelta(seconds=30)
STALE: Final = timedelta(days=1)
"""What was told longer ago is not sent any more."""

MOST_LINES: Final = 10


def add(who: Who, name: str, address: str, kinds: str = "") -> int:
    """Add a channel of one's own; `kinds` goes there, names with commas between, everything where empty.

    Raises UsageError for an address that is not taken, with what to do; LimitExceeded beyond twenty.
    """
    require_person(who)
    wanted, taken, chosen = clean(name, 100, "A name"), addresses.checked(address), _kinds(kinds or ",".join(SENT))
    with transaction() as tx:
        held = tx.session.exec(select(func.count()).where(col(Channel.user_id) == who.user_id)).one()
        if held >= MOST:
            raise LimitExceeded(f"There are {MOST} channels already. Remove one first.", code="channels")
        channel = Channel(
            user_id=who.user_id,
            name=wanted,
            shown=taken.shown,
            sealed=sealing.seal(taken.url),
            kinds=chosen,
            told=_newest(tx.session, who.user_id),
        )
        tx.session.add(channel)
        tx.session.flush()
        audit.record(tx.session, who, "add_channel", f"channel/{channel.id}", name=wanted)
        _say(tx, channel, "added")
        return channel.id or 0


def set_kinds(who: Who, channel_id: int, kinds: str) -> None:
    """Choose what goes to a channel from now on: names of kinds with commas between, empty for nothing."""
    require_person(who)
    chosen = _kinds(kinds)
    with transaction() as tx:
        channel = _own(tx, who, channel_id)
        channel.kinds, channel.told = chosen, max(channel.told, _newest(tx.session, who.user_id))
        audit.record(tx.session, who, "set_channel_kinds", f"channel/{channel.id}", name=channel.name)
        _say(tx, channel, "kinds")


def test(who: Who, channel_id: int) -> None:
    """Have a test sent to a channel; it says what came of it. A paused channel that it reaches goes on."""
    require_person(who)
    with transaction() as tx:
        channel = _own(tx, who, channel_id)
        if channel.asked_at is not None:
            raise Conflict("A test is on its way already.", code="testing")
        channel.asked_at = now()
        audit.record(tx.session, who, "test_channel", f"channel/{channel.id}", name=channel.name)
        _say(tx, channel, "testing")


def remove(who: Who, channel_id: int) -> None:
    """Remove a channel; its address is forgotten."""
    require_person(who)
    with transaction() as tx:
        channel = _own(tx, who, channel_id)
        audit.record(tx.session, who, "remove_channel", f"channel/{channel.id}", name=channel.name)
        _say(tx, channel, "removed")
        tx.session.delete(channel)


def _own(tx: Transaction, who: Who, channel_id: int) -> Channel:
    channel = tx.session.get(Channel, storable_id(channel_id), with_for_update=True)
    if channel is None or channel.user_id != who.user_id:
        raise NotFound("There is no such channel.", code="no_channel")
    return channel


def _kinds(given: str) -> list[str]:
    named = [kind.strip() for kind in given.split(",") if kind.strip()]
    unknown = [kind for kind in named if kind not in SENT]
    if unknown:
        raise UsageError(f"A kind is one of {', '.join(SENT)}.", code="notification_kind")
    return [kind for kind in SENT if kind in named]


def _newest(rows: Rows, user_id: int) -> int:
    return rows.exec(select(func.max(Notification.id)).where(col(Notification.user_id) == user_id)).one() or 0


def _say(tx: Transaction, channel: Channel, change: str) -> None:
    body = {"channel": channel.id, "change": change, "name": channel.name}
    tx.publish(None, f"user/{channel.user_id}", "channel", body)


# ------------------------------------------------------------------ sending


@dataclass(frozen=True, slots=True)
class Message:
    """Something to send: to which channel and address, in which words. `upto` is the last notification in it."""

    channel_id: int
    address: str
    title: str
    body: str
    level: str
    upto: int
    test: bool = False


def due(limit: int = 50) -> list[Message]:
    """*System.* What is to be sent now, a message a channel. A channel whose address cannot be read has failed."""
    wanted = select(Channel).where(
        or_(
            col(Channel.asked_at).is_not(None),
            col(Channel.paused_at).is_(None) & or_(col(Channel.due_at).is_(None), col(Channel.due_at) <= now()),
        )
    )
    with reading() as rows:
        everybody = {who.user_id: who for who in people()}
        found = [
            (channel, _waiting(rows, channel, everybody[channel.user_id]))
            for channel in rows.exec(wanted.order_by(col(Channel.id)))
            if channel.user_id in everybody
        ]
    messages = []
    for channel, waiting in [one for one in found if one[0].asked_at is not None or one[1]][:limit]:
        try:
            messages.append(_message(channel, sealing.unseal(channel.sealed), waiting))
        except NotFound as error:
            failed(channel.id or 0, error.message, test=channel.asked_at is not None)
    return messages


def _waiting(rows: Rows, channel: Channel, who: Who) -> list[Notification]:
    new = select(Notification).where(
        col(Notification.user_id) == channel.user_id,
        col(Notification.id) > channel.told,
        col(Notification.kind).in_(channel.kinds),
        col(Notification.at) > now() - STALE,
    )
    found = rows.exec(new.order_by(col(Notification.id)).limit(500))
    return [one for one in found if one.project is None or who.sees(one.project)]


def _message(channel: Channel, address: str, waiting: Sequence[Notification]) -> Message:
    number = channel.id or 0
    if channel.asked_at is not None:
        body = f"{channel.name} works. What you chose in Settings is sent here from now on."
        return Message(number, address, "Plumbline: this is a test", body, "good", channel.told, test=True)
    upto = waiting[-1].id or 0
    if len(waiting) == 1:
        (one,) = waiting
        where = f"\n\nProject {one.project}" if one.project else ""
        return Message(number, address, one.title, f"{one.body}{where}".strip() or one.title, one.level, upto)
    lines = [f"- {one.title}" for one in waiting[:MOST_LINES]]
    more = len(waiting) - len(lines)
    lines += [f"and {more} more"] if more > 0 else []
    level = next((level for level in ("bad", "warn", "good") if any(one.level == level for one in waiting)), "info")
    return Message(number, address, f"{len(waiting)} notifications", "\n".join(lines), level, upto)


def sent(channel_id: int, upto: int, *, test: bool = False) -> None:
    """*System.* A message arrived; the channel goes on."""
    with transaction() as tx:
        channel = tx.session.get(Channel, channel_id, with_for_update=True)
        if channel is None:
            return
        news = test or channel.error or channel.paused_at
        channel.told = max(channel.told, _newest(tx.session, channel.user_id) if channel.paused_at else upto)
        channel.failures, channel.error, channel.due_at, channel.paused_at = 0, "", None, None
        channel.tried_at = now()
        if test:
            channel.asked_at = None
        if news:
            _say(tx, channel, "sent")


def failed(channel_id: int, error: str, *, test: bool = False) -> None:
    """*System.* A message did not arrive, because of `error`: it is tried again, later each time, then paused.

    A test is not tried again.
    """
    with transaction() as tx:
        channel = tx.session.get(Channel, channel_id, with_for_update=True)
        if channel is None:
            return
        channel.tried_at, channel.error = now(), error[:500]
        change = "failed"
        if test:
            channel.asked_at = None
        else:
            channel.failures += 1
            channel.due_at = now() + FIRST_WAIT * 4 ** (channel.failures - 1)
            if channel.failures >= MOST_FAILURES and channel.paused_at is None:
                channel.paused_at, change = now(), "paused"
        _say(tx, channel, change)
