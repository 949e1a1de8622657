"""Reads about the inbox: what lies in it and was not taken."""

from __future__ import annotations

import os
from datetime import datetime
from typing import Any, NamedTuple

from engine.access.visible import from_json, project_id
from engine.settings import get_settings
from engine.store.engine import fetch
from engine.store.times import from_store
from engine.types import Who

MOST = 50
_NEWEST = "SELECT body, at FROM event WHERE topic = :topic AND kind = 'inbox_refused' ORDER BY id DESC LIMIT :limit"
_TAKEN = """
SELECT source, updated_at FROM dataset WHERE project_id = :project AND source IS NOT NULL AND removed_at IS NULL
"""


class Refusal(NamedTuple):
    """A file in the inbox that was not taken: its name, why, when that was said last."""

    name: str
    reason: str
    at: datetime


def refusals(who: Who, project: str) -> list[Refusal]:
    """The files in a project's inbox folder that were not taken and have not been since, newest first; at most 50.

    They are told from the events that are kept. Raises NotFound, AccessDenied.
    """
    identity = project_id(who, project)
    told = fetch(_NEWEST, {"topic": f"project/{project}", "limit": MOST})
    newest: dict[str, Refusal] = {}
    for refusal in (_refusal(*row) for row in told):
        newest.setdefault(refusal.name, refusal)
    taken = {source: from_store(at) for source, at in fetch(_TAKEN, {"project": identity})}
    folder = get_settings().inbox / project
    waiting = [one for one in newest.values() if one.name not in taken or taken[one.name] < one.at]
    return [one for one in waiting if os.path.lexists(folder / one.name)]


def _refusal(body: Any, at: Any) -> Refusal:
    told = from_json(body)
    return Refusal(str(told["name"]), str(told["reason"]), from_store(at))
