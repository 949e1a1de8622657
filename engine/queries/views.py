"""Reads of saved views."""

from __future__ import annotations

from sqlmodel import col, select

from engine.access.scope import project_of
from engine.store import tables
from engine.store.transaction import reading
from engine.types import SavedView, Who


def list_views(who: Who, project: str) -> list[SavedView]:
    """The views of a project that this person saved, by name."""
    view = tables.SavedView
    with reading() as rows:
        home = project_of(rows, who, project)
        own = (
            select(view.id, view.name, view.page, view.query)
            .where(col(view.user_id) == who.user_id, col(view.project_id) == home.id)
            .order_by(col(view.name))
        )
        return [SavedView(view_id or 0, name, page, query) for view_id, name, page, query in rows.exec(own)]
