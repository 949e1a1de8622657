"""Reads about people: whose session a cookie is, their settings, their open sessions."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import col, select

from engine.access.sessions import hashed, who_is
from engine.store.engine import fetch
from engine.store.tables import Session, SigninLink
from engine.store.times import now
from engine.store.transaction import reading
from engine.types import SessionView, Who

__all__ = ["link_role", "preferences", "session_expiry", "sessions", "who_is"]


def preferences(who: Who) -> dict[str, str]:
    """The settings this person chose, by name; what was not chosen is absent."""
    return dict(fetch("SELECT key, value FROM preference WHERE user_id = :user", {"user": who.user_id}))


def sessions(who: Who) -> list[SessionView]:
    """The sessions of this person that are still open, newest first."""
    still_open = (
        select(Session)
        .where(col(Session.user_id) == who.user_id, col(Session.revoked_at).is_(None), col(Session.expires_at) > now())
        .order_by(col(Session.id).desc())
    )
    with reading() as rows:
        return [_view(who, session) for session in rows.exec(still_open)]


def session_expiry(who: Who) -> datetime | None:
    """When the session that asks ends by itself."""
    if not who.session:
        return None
    own = select(Session.expires_at).where(col(Session.id) == int(who.session), col(Session.user_id) == who.user_id)
    with reading() as rows:
        return rows.exec(own).first()


def link_role(token: str) -> str | None:
    """*System.* Which role a one-time link would give, without using it; None where it would be refused."""
    valid = select(SigninLink.role).where(
        col(SigninLink.token_hash) == hashed(token),
        col(SigninLink.used_at).is_(None),
        col(SigninLink.expires_at) > now(),
    )
    with reading() as rows:
        return rows.exec(valid).first()


def _view(who: Who, session: Session) -> SessionView:
    return SessionView(
        id=session.id or 0,
        address=session.address,
        agent=session.agent,
        created_at=session.created_at,
        expires_at=session.expires_at,
        current=str(session.id) == who.session,
    )
