"""Sessions, secrets and lockout: what stands between a cookie and a name."""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, update
from sqlmodel import Session as Rows
from sqlmodel import col, select

from engine.access import audit
from engine.access.names import storable
from engine.settings import get_settings
from engine.store.engine import fetch
from engine.store.tables import Lockout, Session, User
from engine.store.times import now
from engine.types import Role, Who

FREE_FAILURES = {"account": 5, "address": 20}
"""Failed sign-ins before the first wait."""

FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=1)

_WHO = """
SELECT u.id, u.name, u.role, s.id, p.slug, m.role FROM session AS s JOIN "user" AS u ON u.id = s.user_id
LEFT JOIN membership AS m ON m.user_id = u.id LEFT JOIN project AS p ON p.id = m.project_id
WHERE s.sid_hash = :sid AND s.revoked_at IS NULL AND s.expires_at > :now AND u.disabled_at IS NULL
"""
_PERSON = """
SELECT u.id, u.name, u.role, p.slug, m.role FROM "user" AS u
LEFT JOIN membership AS m ON m.user_id = u.id LEFT JOIN project AS p ON p.id = m.project_id
WHERE u.id = :user AND u.disabled_at IS NULL
"""


def new_secret() -> str:
    """A random value of 256 bits for a cookie or a link."""
    return secrets.token_urlsafe(32)


def hashed(secret: str) -> str:
    """How a secret is stored. A plain hash is enough for 256 random bits."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def who_is(cookie: str) -> Who | None:
    """Whose session this cookie value is, or None: unknown, expired, revoked, disabled. Any text may be asked."""
    found = fetch(_WHO, {"sid": hashed(cookie), "now": now()}) if cookie else []
    if not found:
        return None
    user_id, name, role, session, *_membership = found[0]
    return Who(user_id, name, role, str(session), roles_of(row[-2:] for row in found))


def acting(user_id: int) -> Who | None:
    """*System.* A person with the rights they have now, for what is done on their behalf; None where disabled."""
    found = fetch(_PERSON, {"user": user_id})
    if not found:
        return None
    number, name, role, *_membership = found[0]
    return Who(number, name, role, roles=roles_of(row[-2:] for row in found))


def roles_of(memberships: Iterable[Sequence[Any]]) -> dict[str, Role]:
    """Roles by project, from rows of slug and role; a person without any has one row of nothing."""
    return {slug: role for slug, role in memberships if slug is not None}


def open_session(rows: Rows, user_id: int, address: str, agent: str) -> str:
    """Write a session and return the cookie value, which is stored nowhere."""
    cookie = new_secret()
    rows.add(
        Session(
            sid_hash=hashed(cookie),
            user_id=user_id,
            address=storable(address)[:64],
            agent=storable(agent)[:300],
            expires_at=now() + timedelta(days=get_settings().session_days),
        )
    )
    return cookie


def revoke(rows: Rows, user_id: int, session_id: int | None = None, *, but: int | None = None) -> list[int]:
    """End one session of a person, or all (but one). Returns the ids that were still open."""
    statement = update(Session).where(col(Session.user_id) == user_id, col(Session.revoked_at).is_(None))
    if session_id is not None:
        statement = statement.where(col(Session.id) == session_id)
    if but is not None:
        statement = statement.where(col(Session.id) != but)
    ended = statement.values(revoked_at=now()).returning(col(Session.id))
    return [row for row in rows.connection().execute(ended).scalars() if row is not None]


def prune(rows: Rows) -> int:
    """Delete sessions that ended a month ago and forgotten lockouts. Returns how many rows went."""
    moment = now()
    old_session = delete(Session).where(col(Session.expires_at) < moment - timedelta(days=30))
    old_lockout = delete(Lockout).where(col(Lockout.failed_at) < moment - timedelta(days=1))
    connection = rows.connection()
    return sum(connection.execute(statement).rowcount for statement in (old_session, old_lockout))


# ------------------------------------------------------------------ lockout


def subjects(name: str, address: str) -> list[str]:
    """What failures are counted against: the account's name, known or not, and the address they come from.

    The name is kept as a hash: people type passwords where the name belongs.
    """
    found = [f"account:{hashed(name.casefold())}"] if name else []
    return [*found, f"address:{_neighbours(storable(address)[:64])}"] if address else found


def _neighbours(address: str) -> str:
    """The address, or of IPv6 the network that one customer gets: there everybody has addresses without end."""
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(known, ipaddress.IPv4Address):
        return str(known)
    return str(known.ipv4_mapped or ipaddress.ip_network((known, 64), strict=False))


def locked_until(rows: Rows, name: str, address: str) -> datetime | None:
    """Until when no password of this name, or from this address, is checked; None where it may be checked now."""
    moments = []
    for subject in subjects(name, address):
        entry = rows.get(Lockout, subject)
        if entry is not None and entry.locked_until is not None and entry.locked_until > now():
            moments.append(entry.locked_until)
    return max(moments, default=None)


def record_failure(rows: Rows, name: str, address: str) -> None:
    """Count a failed sign-in; from the free failures on, each one doubles the wait. All of it is audited."""
    user_id = rows.exec(select(User.id).where(col(User.name) == name)).first()
    audit.record(rows, None, "sign_in_failed", f"user/{user_id}" if user_id else "nobody")
    for subject in subjects(name, address):
        kind, _, what = subject.partition(":")
        entry = _counted(rows, subject, FREE_FAILURES[kind])
        if entry.locked_until is not None and entry.locked_until > now():
            locked = what if kind == "address" else f"user/{user_id}" if user_id else "nobody"
            audit.record(rows, None, f"lock_{kind}", locked, failures=entry.failures)


def _counted(rows: Rows, subject: str, free: int) -> Lockout:
    moment = now()
    entry = rows.get(Lockout, subject, with_for_update=True)
    if entry is None or entry.failed_at < moment - FORGOTTEN_AFTER:
        return rows.merge(Lockout(subject=subject, failures=1, failed_at=moment))
    entry.failures += 1
    entry.failed_at = moment
    if entry.failures >= free:
        entry.locked_until = moment + min(FIRST_WAIT * 2 ** min(entry.failures - free, 10), LONGEST_WAIT)
    return entry


def forgive(rows: Rows, name: str) -> None:
    """Forget the failures of an account whose owner signed in. Those of the address stay: it may hold others."""
    connection = rows.connection()
    connection.execute(delete(Lockout).where(col(Lockout.subject) == subjects(name, "")[0]))
