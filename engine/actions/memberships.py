"""Changes to who belongs to a project."""

from __future__ import annotations

from engine.access import audit
from engine.access.roles import require
from engine.access.scope import project_of
from engine.access.visible import storable_id
from engine.errors import NotFound, UsageError
from engine.store.tables import Membership, User
from engine.store.transaction import Transaction, transaction
from engine.types import ROLES, Role, Who

MEMBER_ROLES: tuple[Role, ...] = ROLES[1:]
"""What somebody can be in a project."""


def put(who: Who, project: str, user_id: int, role: Role) -> None:
    """Give somebody a role in a project, in place of the one they had there; it holds in their open pages at once.

    Raises NotFound, AccessDenied, UsageError for a role that there is not in projects.
    """
    if role not in MEMBER_ROLES:
        raise UsageError(f"A role in a project is one of {', '.join(MEMBER_ROLES)}.", code="role")
    require(who, project, "admin")
    with transaction() as tx:
        home = project_of(tx.session, who, project, "admin")
        if tx.session.get(User, storable_id(user_id)) is None:
            raise NotFound("There is no such person.", code="no_user")
        tx.session.merge(Membership(user_id=user_id, project_id=home.id or 0, role=role))
        audit.record(tx.session, who, "set_membership", f"user/{user_id}", project, role=role)
        _tell(tx, who, user_id, project, role)


def remove(who: Who, project: str, user_id: int) -> None:
    """Take somebody out of a project; what they are everywhere stays. Doing it twice changes nothing."""
    require(who, project, "admin")
    with transaction() as tx:
        home = project_of(tx.session, who, project, "admin")
        known = tx.session.get(Membership, (storable_id(user_id), home.id or 0))
        if known is not None:
            tx.session.delete(known)
            audit.record(tx.session, who, "remove_membership", f"user/{user_id}", project)
            _tell(tx, who, user_id, project, None)


def _tell(tx: Transaction, who: Who, user_id: int, project: str, role: Role | None) -> None:
    body = {"change": "role", "session": None, "project": project, "role": role, "by": who.user_id}
    tx.publish(None, f"user/{user_id}", "session", body)
