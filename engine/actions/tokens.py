"""Changes to API tokens: made by the person they act for, shown once, revoked at any time."""

from __future__ import annotations

from sqlmodel import Session as Rows
from sqlmodel import col, select

from engine.access import audit, tokens
from engine.access.roles import require_person
from engine.access.scope import project_of
from engine.access.visible import storable_id
from engine.errors import NotFound
from engine.store.tables import ApiToken, Project
from engine.store.times import now
from engine.store.transaction import transaction
from engine.types import Scope, Who

DAYS = 90


def create(who: Who, name: str, scope: Scope, project: str = "", days: int = DAYS) -> str:
    """A token that acts for the person who asks, in one project where one is named. It is returned this once only.

    Raises UsageError, NotFound for a project they do not see, AccessDenied for a token that asks.
    """
    require_person(who)
    with transaction() as tx:
        home = project_of(tx.session, who, project) if project else None
        token, secret = tokens.create(tx.session, who, name, scope, home, days)
        audit.record(tx.session, who, "create_token", f"token/{token.id}", project or None, scope=scope, days=days)
        return secret


def revoke(who: Who, token_id: int) -> None:
    """End a token of one's own, or anybody's as administrator; at once, and twice changes nothing."""
    require_person(who)
    with transaction() as tx:
        token = tx.session.get(ApiToken, storable_id(token_id), with_for_update=True)
        if token is None or (token.user_id != who.user_id and not who.at_least("admin")):
            raise NotFound("There is no such token.", code="no_token")
        if token.revoked_at is None:
            token.revoked_at = now()
            audit.record(tx.session, who, "revoke_token", f"token/{token_id}", _project(tx.session, token))
            tx.publish(None, f"user/{token.user_id}", "session", {"change": "token", "session": None})


def _project(rows: Rows, token: ApiToken) -> str | None:
    bound = select(Project.slug).where(col(Project.id) == token.project_id)
    return rows.exec(bound).first() if token.project_id is not None else None
