"""Who has a page of a project open now, as the web processes say it."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from engine.access.roles import require
from engine.access.visible import from_json
from engine.store.engine import fetch
from engine.store.times import now
from engine.types import Who

HEARD_WITHIN: Final = timedelta(seconds=15)
"""Silence after which a web process does not count: it says its figures every five seconds."""

_SAID = "SELECT figures FROM service WHERE name = 'web' AND state = 'running' AND at > :since"


def present(who: Who, project: str) -> dict[int, str]:
    """Names by id of the people who have a page of this project open. Raises NotFound, AccessDenied."""
    require(who, project, "viewer")
    said = [from_json(figures) for (figures,) in fetch(_SAID, {"since": now() - HEARD_WITHIN})]
    people = [figures.get("present", {}).get(project, {}) for figures in said]
    return {int(number): name for one in people for number, name in one.items()}
