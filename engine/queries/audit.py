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
SELECT a.id, a.at, u.name, a.action, a.subject, a.project, a.address, a.request, a.detail,
       coalesce(p.name, d.name, o.name, t.name, c.title, h.title)
FROM audit AS a LEFT JOIN "user" AS u ON u.id = a.user_id
LEFT JOIN "user" AS p ON p.id = CASE WHEN a.subject LIKE 'user/%' THEN CAST(substr(a.subject, 6) AS INTEGER) END
LEFT JOIN dataset AS d ON d.id = CASE WHEN a.subject LIKE 'dataset/%' THEN CAST(substr(a.subject, 9) AS INTEGER) END
LEFT JOIN session AS s ON s.id = CASE WHEN a.subject LIKE 'session/%' THEN CAST(substr(a.subject, 9) AS INTEGER) END
LEFT JOIN "user" AS o ON o.id = s.user_id
LEFT JOIN api_token AS t ON t.id = CASE WHEN a.subject LIKE 'token/%' THEN CAST(substr(a.subject, 7) AS INTEGER) END
LEFT JOIN decision AS c ON c.id = CASE WHEN a.subject LIKE 'decision/%' THEN CAST(substr(a.subject, 10) AS INTEGER) END
LEFT JOIN share AS h ON h.id = CASE WHEN a.subject LIKE 'share/%' THEN CAST(substr(a.subject, 7) AS INTEGER) END
WHERE a.id < :before AND (:project = '' OR a.project = :project) AND (:person = 0 OR a.user_id = :person)
      AND (:action = '' OR a.action = :action)
ORDER BY a.id DESC LIMIT :limit
"""
_PEOPLE = """
SELECT u.id, u.name FROM "user" AS u
WHERE EXISTS (SELECT 1 FROM audit AS a WHERE a.user_id = u.id AND (:project = '' OR a.project = :project))
ORDER BY u.name
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


def actors(who: Who, project: str = "") -> dict[int, str]:
    """The names of those who did something, by id, in the order of their names. For operators there.

    Raises NotFound, AccessDenied.
    """
    require(who, project or None, "operator")
    return dict(fetch(_PEOPLE, {"project": storable(project)}))


def _view(row: Any) -> AuditView:
    (line_id, at, person, action, subject, project, address, request, detail, about) = row
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
        about=about or "",
    )
