"""Reads of saved views."""

from __future__ import annotations

from engine.access.visible import project_id
from engine.store.engine import fetch
from engine.types import SavedView, Who

_OWN = """
SELECT id, name, page, query FROM saved_view WHERE user_id = :user AND project_id = :project ORDER BY name, id
"""


def list_views(who: Who, project: str) -> list[SavedView]:
    """The views of a project that this person saved, by name."""
    return [SavedView(*row) for row in fetch(_OWN, {"user": who.user_id, "project": project_id(who, project)})]


def default_view(page: str) -> str:
    """*System.* The preference that holds the id of the view with which somebody opens a page."""
    return f"default_view_{page}"
