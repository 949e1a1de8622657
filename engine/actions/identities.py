"""People who come from an identity provider."""

from __future__ import annotations

from itertools import count

from sqlmodel import col, select

from engine.access import audit
from engine.access.names import account_name, storable
from engine.actions import people
from engine.errors import AccessDenied, UsageError
from engine.store.tables import User
from engine.store.transaction import Transaction, transaction
from engine.types import Role

LONGEST_SUBJECT = 500


def arrive(issuer: str, subject: str, name: str, role: Role) -> int:
    """*System.* The account of an identity, made with this name and role where it comes for the first time.

    An account is found by issuer and subject only, never by a name or an address that a provider tells: whoever can
    choose those must not become somebody else. Raises AccessDenied for a disabled account, UsageError for an identity
    that cannot be kept.
    """
    identity = storable(f"{issuer}|{subject}")
    if not subject or len(identity) > LONGEST_SUBJECT:
        raise UsageError("The identity provider did not say who this is.", code="identity")
    with transaction() as tx:
        user = tx.session.exec(select(User).where(col(User.subject) == identity)).first()
        if user is None:
            who = people.add(tx, _free_name(tx, name), role, subject=identity)
            audit.record(tx.session, who, "arrive", f"user/{who.user_id}", role=role)
            return who.user_id
        if user.disabled_at is not None:
            raise AccessDenied("This account is disabled. Ask an administrator.", code="disabled")
        return user.id or 0


def _free_name(tx: Transaction, name: str) -> str:
    try:
        wanted = account_name(name)[:90]
    except UsageError:
        wanted = "somebody"
    tries = (wanted if number == 1 else f"{wanted} ({number})" for number in count(1))
    return next(one for one in tries if tx.session.exec(select(User.id).where(col(User.name) == one)).first() is None)
