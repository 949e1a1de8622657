"""Reads of how a person arranged pages."""

from __future__ import annotations

from engine.access.visible import from_json, project_id
from engine.store.engine import fetch
from engine.types import Who

_OWN = "SELECT layout FROM arrangement WHERE user_id = :user AND project_id = :project AND page = :page"


def arrangement(who: Who, project: str, page: str) -> dict[str, list[str]]:
    """Names of cards in the order chosen, wide, half and hidden ones; empty where nothing was arranged."""
    asked = {"user": who.user_id, "project": project_id(who, project), "page": page[:64]}
    found = fetch(_OWN, asked)
    return dict(from_json(found[0][0])) if found else {}
