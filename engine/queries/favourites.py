"""Reads of what a person wants at hand."""

from __future__ import annotations

from engine.access.visible import project_id
from engine.store.engine import fetch
from engine.types import Who

_OWN = """
SELECT f.dataset_id FROM favourite f JOIN dataset d ON d.id = f.dataset_id
WHERE f.user_id = :user AND d.project_id = :project AND d.removed_at IS NULL ORDER BY f.at DESC, f.dataset_id DESC
"""


def list_favourites(who: Who, project: str) -> list[int]:
    """The datasets of a project that this person wants at hand, by id, the newest choice first."""
    found = fetch(_OWN, {"user": who.user_id, "project": project_id(who, project)})
    return [int(number) for (number,) in found]
