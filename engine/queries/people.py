"""Reads about people: whose session a cookie is, their settings, their open sessions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import col, select

from engine.access.roles import require, require_person
from engine.access.sessions import acting, hashed, who_is
from engine.access.visible import project_id, storable_id
from engine.store.engine import fetch
from engine.store.tables import Session, SigninLink, User
from engine.store.times import from_store, now
from engine.store.transaction import reading
from engine.types import MemberView, PersonView, Role, SessionView, Who

__all__ = [
    "acting",
    "link_person",
    "link_role",
    "list_people",
    "members",
    "password_hash",
    "preferences",
    "session_expiry",
    "sessions",
    "sessions_of",
    "who_is",
]

_PEOPLE = """
SELECT u.id, u.name, u.role, u.password_hash <> '', u.subject IS NOT NULL, u.created_at,
       (SELECT a.at FROM audit AS a WHERE a.user_id = u.id ORDER BY a.id DESC LIMIT 1), u.disabled_at,
       (SELECT count(*) FROM session AS s WHERE s.user_id = u.id AND s.revoked_at IS NULL AND s.expires_at > :now)
FROM "user" AS u ORDER BY u.disabled_at IS NOT NULL, u.name
"""
_MEMBERS = """
SELECT u.id, u.name, m.role, u.role, u.disabled_at IS NOT NULL
FROM "user" AS u LEFT JOIN membership AS m ON m.user_id = u.id AND m.project_id = :project
WHERE m.role IS NOT NULL OR u.role <> 'member' ORDER BY m.role IS NULL, u.name
"""
_SESSIONS = """
SELECT id, address, agent, created_at, expires_at FROM session
WHERE user_id = :user AND revoked_at IS NULL AND expires_at > :now ORDER BY id DESC
"""
_MEMBERSHIPS = (
    "SELECT m.user_id, p.slug, m.role FROM membership AS m JOIN project AS p ON p.id = m.project_id ORDER BY p.slug"
)


def preferences(who: Who) -> dict[str, str]:
    """The settings this person chose, by name; what was not chosen is absent."""
    return dict(fetch("SELECT key, value FROM preference WHERE user_id = :user", {"user": who.user_id}))


def list_people(who: Who) -> list[PersonView]:
    """Everybody with an account, the disabled last. For administrators, of the installation or of a project.

    Raises AccessDenied.
    """
    places = [slug for slug in who.roles if who.at_least("admin", slug)]
    if not places:
        require(who, None, "admin")
    memberships: dict[int, dict[str, Role]] = {}
    for user_id, slug, role in fetch(_MEMBERSHIPS):
        if who.at_least("admin", slug):
            memberships.setdefault(user_id, {})[slug] = role
    return [_person(row, memberships.get(row[0], {})) for row in fetch(_PEOPLE, {"now": now()})]


def members(who: Who, project: str) -> list[MemberView]:
    """Everybody who sees a project, those with a role given to them there first. For its operators.

    Raises NotFound, AccessDenied.
    """
    require(who, project, "operator")
    found = fetch(_MEMBERS, {"project": project_id(who, project)})
    return [MemberView(user_id, name, role, own, bool(disabled)) for user_id, name, role, own, disabled in found]


def sessions(who: Who) -> list[SessionView]:
    """The sessions of this person that are still open, newest first."""
    return _open_sessions(who, who.user_id)


def sessions_of(who: Who, user_id: int) -> list[SessionView]:
    """Anybody's sessions that are still open, newest first. Administrators only, but for one's own."""
    if user_id != who.user_id:
        require(who, None, "admin")
    return _open_sessions(who, storable_id(user_id))


def _open_sessions(who: Who, user_id: int) -> list[SessionView]:
    return [_view(who, *row) for row in fetch(_SESSIONS, {"user": user_id, "now": now()})]


def session_expiry(who: Who) -> datetime | None:
    """When the session that asks ends by itself."""
    if not who.session:
        return None
    own = select(Session.expires_at).where(col(Session.id) == int(who.session), col(Session.user_id) == who.user_id)
    with reading() as rows:
        return rows.exec(own).first()


def password_hash(who: Who) -> str:
    """*System.* What the password of the person who asks is checked against; empty where they have none."""
    require_person(who)
    return str(fetch('SELECT password_hash FROM "user" WHERE id = :user', {"user": who.user_id})[0][0])


def link_person(token: str) -> str | None:
    """*System.* Whose password a one-time link would set, without using it; None where it would set none."""
    valid = (
        select(User.name)
        .join(SigninLink, col(SigninLink.user_id) == col(User.id))
        .where(
            col(SigninLink.token_hash) == hashed(token),
            col(SigninLink.used_at).is_(None),
            col(SigninLink.expires_at) > now(),
            col(User.disabled_at).is_(None),
        )
    )
    with reading() as rows:
        return rows.exec(valid).first()


def link_role(token: str) -> str | None:
    """*System.* Which role a one-time link would give a new account, without using it; None where it gives none."""
    valid = select(SigninLink.role).where(
        col(SigninLink.token_hash) == hashed(token),
        col(SigninLink.user_id).is_(None),
        col(SigninLink.used_at).is_(None),
        col(SigninLink.expires_at) > now(),
    )
    with reading() as rows:
        return rows.exec(valid).first()


def _person(row: Any, memberships: Mapping[str, Role]) -> PersonView:
    (user_id, name, role, password, identity, created, seen, disabled, open_sessions) = row
    return PersonView(
        id=user_id,
        name=name,
        role=role,
        memberships=memberships,
        password=bool(password),
        identity=bool(identity),
        created_at=from_store(created),
        seen_at=None if seen is None else from_store(seen),
        disabled_at=None if disabled is None else from_store(disabled),
        sessions=open_sessions,
    )


def _view(who: Who, number: int, address: str, agent: str, created: Any, expires: Any) -> SessionView:
    return SessionView(
        id=number,
        address=address,
        agent=agent,
        created_at=from_store(created),
        expires_at=from_store(expires),
        current=str(number) == who.session,
    )
