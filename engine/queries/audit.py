"""Reads of the audit."""

from __future__ import annotations

from typing import Any

from engine.access.names import storable
from engine.access.roles import require
from engine.access.visible import earlier_than, from_json, storable_id
from engine.store.engine import fetch
from engine.store.times import from_store
from engine.types import AuditView, Who

MOST = 500

_LINES = """
SELECT a.id, a.at, u.name, a.action, a.subject, a.project, a.address, a.request, a.detail
FROM audit AS a LEFT JOIN "user" AS u ON u.id = a.user_id
WHERE a.id < :before AND (:project = '' OR a.project = :project) AND (:person = 0 OR a.user_id = :person)
      AND (:action = '' OR a.action = :action)
ORDER BY a.id DESC LIMIT :limit
"""


def lines(
    who: Who, project: str = "", *, person: int = 0, action: str = "", before: int | None = None, limit: int = 100
) -> list[AuditView]:
    """The newest lines of the audit, newest first, at most 500: of a project where one is named, else of everything.

    `person` and `action` narrow it, `before` is the id of the last line seen. For operators there. Raises NotFound,
    AccessDenied.
    """
    require(who, project or None, "operator")
    asked = {
        "project": storable(project),
        "person": storable_id(person),
        "action": storable(action),
        "before": earlier_than(before),
        "limit": min(max(limit, 0), MOST),
    }
    return [_view(row) for row in fetch(_LINES, asked)]


def _view(row: Any) -> AuditView:
    (line_id, at, person, action, subject, project, address, request, detail) = row
    return AuditView(
        id=line_id,
        at=from_store(at),
        person=person or "",
        action=action,
        subject=subject,
        project=project,
        address=address,
        request=request,
        detail=from_json(detail),
    )
