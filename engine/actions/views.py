"""Changes to saved views: a person's own named links to exact views."""

from __future__ import annotations

import re

from sqlmodel import Session as Rows
from sqlmodel import col, select

from engine.access import audit
from engine.access.names import clean, storable
from engine.access.roles import require_writing
from engine.access.scope import project_of
from engine.access.visible import storable_id
from engine.errors import Conflict, NotFound, UsageError
from engine.store.tables import SavedView
from engine.store.transaction import transaction
from engine.types import Who

_PAGE = re.compile(r"[a-z][a-z_-]{0,63}")


def save(who: Who, project: str, name: str, page: str, query: str) -> int:
    """Save a view under a name; the same name again replaces it. `query` is the part of the address after "?"."""
    if not _PAGE.fullmatch(page) or len(query) > 4000:
        raise UsageError("A view is a page of this product and a query of at most 4,000 characters.", code="view")
    require_writing(who)
    wanted = clean(name, 200, "A name")
    with transaction() as tx:
        home = project_of(tx.session, who, project)
        same = select(SavedView).where(
            col(SavedView.user_id) == who.user_id, col(SavedView.project_id) == home.id, col(SavedView.name) == wanted
        )
        view = tx.session.exec(same).first() or SavedView(
            user_id=who.user_id, project_id=home.id or 0, name=wanted, page=page, query=""
        )
        view.page, view.query = page, storable(query)
        tx.session.add(view)
        tx.session.flush()
        audit.record(tx.session, who, "save_view", f"view/{view.id}", project)
        tx.publish(None, f"user/{who.user_id}", "view", {"view": view.id, "change": "saved"})
        return view.id or 0


def rename(who: Who, view_id: int, name: str) -> str:
    """Give a view of one's own another name. Returns it. Raises NotFound for anybody else's, Conflict `name_taken`."""
    require_writing(who)
    wanted = clean(name, 200, "A name")
    with transaction() as tx:
        view = _own(tx.session, who, view_id)
        same = select(SavedView).where(
            col(SavedView.user_id) == who.user_id,
            col(SavedView.project_id) == view.project_id,
            col(SavedView.name) == wanted,
            col(SavedView.id) != view.id,
        )
        if tx.session.exec(same).first() is not None:
            raise Conflict(f"Another view of yours is called {wanted}.", code="name_taken")
        view.name = wanted
        audit.record(tx.session, who, "rename_view", f"view/{view.id}")
        tx.publish(None, f"user/{who.user_id}", "view", {"view": view.id, "change": "renamed"})
        return wanted


def delete(who: Who, view_id: int) -> None:
    """Delete a view of one's own. Raises NotFound for anybody else's."""
    require_writing(who)
    with transaction() as tx:
        view = _own(tx.session, who, view_id)
        audit.record(tx.session, who, "delete_view", f"view/{view.id}")
        tx.publish(None, f"user/{who.user_id}", "view", {"view": view.id, "change": "deleted"})
        tx.session.delete(view)


def _own(rows: Rows, who: Who, view_id: int) -> SavedView:
    own = select(SavedView).where(col(SavedView.id) == storable_id(view_id), col(SavedView.user_id) == who.user_id)
    view = rows.exec(own.with_for_update()).first()
    if view is None:
        raise NotFound("There is no such view.", code="no_view")
    return view
