"""API tokens: what stands between an `Authorization` header and a name.

A token acts for its owner and never with more than its scope: `read` as a viewer, `write` up to an operator, `admin` as
whatever the owner is; in one project where it is bound to one, else wherever the owner may.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import or_, update
from sqlmodel import Session as Rows
from sqlmodel import col

from engine.access.names import clean
from engine.access.sessions import hashed, new_secret, roles_of
from engine.access.visible import from_json
from engine.errors import StoreUnavailable, UsageError
from engine.store.engine import fetch
from engine.store.tables import ApiToken, Project
from engine.store.times import from_store, now
from engine.store.transaction import transaction
from engine.types import ROLES, SCOPES, Role, Scope, ScopedToken, Who

MARK: Final = "pl_"
PREFIX_LENGTH: Final = len(MARK) + 6
MOST: Final[dict[Scope, Role]] = {"read": "viewer", "write": "operator", "admin": "admin"}
"""The greatest role that a token of each scope acts with."""

LONGEST_DAYS: Final = 366
USE_NOTED_EVERY: Final = timedelta(minutes=1)

_WHO: Final = """
SELECT t.id, t.scopes, t.used_at, b.slug, u.id, u.name, u.role, p.slug, m.role
FROM api_token AS t JOIN "user" AS u ON u.id = t.user_id
LEFT JOIN project AS b ON b.id = t.project_id
LEFT JOIN membership AS m ON m.user_id = u.id LEFT JOIN project AS p ON p.id = m.project_id
WHERE t.token_hash = :hash AND t.revoked_at IS NULL AND t.expires_at > :now AND u.disabled_at IS NULL
"""


def create(rows: Rows, who: Who, name: str, scope: Scope, project: Project | None, days: int) -> tuple[ApiToken, str]:
    """Write a token of `who` and return it with its secret, which is stored nowhere. Raises UsageError."""
    if scope not in SCOPES:
        raise UsageError(f"A scope is one of {', '.join(SCOPES)}.", code="scope")
    if not 1 <= days <= LONGEST_DAYS:
        raise UsageError(f"A token lives 1 to {LONGEST_DAYS} days.", code="token_days")
    secret = MARK + new_secret()
    token = ApiToken(
        user_id=who.user_id,
        project_id=project.id if project else None,
        name=clean(name, 100, "A name"),
        prefix=secret[:PREFIX_LENGTH],
        token_hash=hashed(secret),
        scopes=[scope],
        expires_at=now() + timedelta(days=days),
    )
    rows.add(token)
    rows.flush()
    return token, secret


def who_of(secret: str) -> Who | None:
    """*System.* For whom this token acts, or None: unknown, expired, revoked, its owner disabled.

    As quick as `sessions.who_is`; `who.token.due` asks the caller to call `note_use` away from the event loop.
    """
    if not secret.startswith(MARK):
        return None
    found = fetch(_WHO, {"hash": hashed(secret), "now": now()})
    if not found:
        return None
    (token_id, scopes, used_at, project, user_id, name, role, *_membership) = found[0]
    token = ScopedToken(token_id, scope_of(scopes), project, due=_is_due(used_at))
    owner = Who(user_id, name, role, roles=roles_of(row[-2:] for row in found))
    return _narrowed(owner, token)


def scope_of(stored: Any) -> Scope:
    """The greatest scope of those stored with a token."""
    named: list[Scope] = [scope for scope in SCOPES if scope in from_json(stored)]
    return named[-1] if named else "read"


def note_use(who: Who) -> None:
    """*System.* Remember that the token was used now; where the store is busy the next use will do."""
    if who.token is None:
        return
    moment = now()
    stale = or_(col(ApiToken.used_at).is_(None), col(ApiToken.used_at) < moment - USE_NOTED_EVERY)
    used = update(ApiToken).where(col(ApiToken.id) == who.token.id, stale).values(used_at=moment)
    with suppress(StoreUnavailable), transaction() as tx:
        tx.session.connection().execute(used)


def _narrowed(owner: Who, token: ScopedToken) -> Who:
    most = MOST[token.scope]

    def capped(role: Role) -> Role:
        return min(role, most, key=ROLES.index)

    if token.project is not None:
        roles = {token.project: capped(owner.role_in(token.project))}
        return Who(owner.user_id, owner.name, "member", roles=roles, token=token)
    roles = {slug: capped(role) for slug, role in owner.roles.items()}
    return Who(owner.user_id, owner.name, capped(owner.role), roles=roles, token=token)


def _is_due(used_at: Any) -> bool:
    last: datetime | None = None if used_at is None else from_store(used_at)
    return last is None or last < now() - USE_NOTED_EVERY
