"""Reads of API tokens."""

from __future__ import annotations

from typing import Any

from engine.access.roles import require
from engine.access.tokens import scope_of, who_of
from engine.store.engine import fetch
from engine.store.times import from_store, now
from engine.types import TokenView, Who

__all__ = ["every_token", "list_tokens", "who_of"]

_COLUMNS = """
SELECT t.id, t.user_id, u.name, t.name, t.prefix, t.scopes, p.slug, t.created_at, t.expires_at, t.used_at
FROM api_token AS t JOIN "user" AS u ON u.id = t.user_id LEFT JOIN project AS p ON p.id = t.project_id
WHERE t.revoked_at IS NULL AND t.expires_at > :now
"""
_OWN = _COLUMNS + " AND t.user_id = :user ORDER BY t.id DESC"
_ALL = _COLUMNS + " ORDER BY t.id DESC"


def list_tokens(who: Who) -> list[TokenView]:
    """The tokens of this person that still work, newest first."""
    return [_view(row) for row in fetch(_OWN, {"user": who.user_id, "now": now()})]


def every_token(who: Who) -> list[TokenView]:
    """Everybody's tokens that still work, newest first. Administrators only."""
    require(who, None, "admin")
    return [_view(row) for row in fetch(_ALL, {"now": now()})]


def _view(row: Any) -> TokenView:
    (token_id, user_id, person, name, prefix, scopes, project, created, expires, used) = row
    return TokenView(
        id=token_id,
        user_id=user_id,
        person=person,
        name=name,
        prefix=prefix,
        scope=scope_of(scopes),
        project=project,
        created_at=from_store(created),
        expires_at=from_store(expires),
        used_at=None if used is None else from_store(used),
    )
