"""Who did what to what. Only ever appended to: the database itself refuses anything else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

from sqlmodel import Session as Rows

from engine import usage
from engine.access.names import storable
from engine.store.tables import Audit
from engine.types import Who


class Asked(NamedTuple):
    """Where a request came from: the address and the id under which it is logged."""

    address: str = ""
    request: str = ""


_NOWHERE = Asked()
_asked: ContextVar[Asked] = ContextVar("asked", default=_NOWHERE)


@contextmanager
def asked_from(address: str, request: str) -> Iterator[None]:
    """What is recorded inside came by this request."""
    token = _asked.set(Asked(storable(address)[:64], storable(request)[:32]))
    try:
        yield
    finally:
        _asked.reset(token)


def record(rows: Rows, who: Who | None, action: str, subject: str, project: str | None = None, **detail: Any) -> None:
    """Append one line; `who` is None for the system, and without an id for the owner of the machine.

    `detail` holds no secrets and no data of users.
    The session or the token that asked is kept in `detail`, the address and the request where they are known.
    """
    by: dict[str, Any] = {}
    if who is not None and who.session:
        by["session"] = int(who.session)
    if who is not None and who.token is not None:
        by["token"] = who.token.id
    asked = _asked.get()
    usage.changed()
    rows.add(
        Audit(
            user_id=who.user_id or None if who else None,
            action=action,
            subject=subject[:200],
            project=project,
            address=asked.address,
            request=asked.request,
            detail={**by, **detail},
        )
    )
