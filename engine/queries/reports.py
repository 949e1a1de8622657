"""Reads of reports: which there are, how far they are, and their files."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from engine.access.visible import earlier_than, from_json, project_id, storable_id
from engine.errors import NotFound
from engine.queries import events
from engine.reports.document import FORMATS
from engine.store import blobs
from engine.store.engine import fetch
from engine.store.times import from_store
from engine.types import ReportView, Who

MOST = 200

_COLUMNS = """
SELECT t.id, p.slug, t.name, t.format, t.asked, t.user_id, u.name, t.created_at, t.size, t.sha256, t.media_type,
       r.id, r.state, r.progress, r.stage, r.error
FROM report t JOIN project p ON p.id = t.project_id JOIN "user" u ON u.id = t.user_id
LEFT JOIN run r ON r.id = t.run_id
WHERE t.removed_at IS NULL AND
"""
_PAGE = _COLUMNS + " t.project_id = :project AND t.id < :before ORDER BY t.id DESC LIMIT :limit"
_ONE = _COLUMNS + " t.id = :id"


class ReportFile(NamedTuple):
    """The file of a report, as it is handed out."""

    path: Path
    name: str
    media_type: str
    sha256: str


def list_reports(who: Who, project: str, limit: int = 50, before: int | None = None) -> list[ReportView]:
    """The newest reports of a project, newest first, at most 200; those asked for before the one of id `before`."""
    as_of = events.cursor()
    asked = {"project": project_id(who, project), "before": earlier_than(before), "limit": min(max(limit, 0), MOST)}
    return [_view(row, as_of) for row in fetch(_PAGE, asked)]


def get_report(who: Who, report_id: int) -> ReportView:
    """One report. Raises NotFound where there is none, it was removed, or it is not theirs to see."""
    as_of = events.cursor()
    found = fetch(_ONE, {"id": storable_id(report_id)})
    if not found or not who.sees(found[0][1]):
        raise NotFound("There is no such report, or it was removed.", code="no_report")
    return _view(found[0], as_of)


def file_of(who: Who, report_id: int) -> ReportFile:
    """The file of a report. Raises NotFound, also where it is not made yet."""
    report = get_report(who, report_id)
    if not report.sha256:
        raise NotFound("This report is not made yet, or could not be made.", code="not_made")
    ending = FORMATS[report.format].ending
    return ReportFile(blobs.path_of(report.sha256), f"{report.name[:120]}{ending}", report.media_type, report.sha256)


def asked_of(report_id: int) -> tuple[int, str, str, dict[str, Any]] | None:
    """*System.* Who asked for a report (their id), its name, format and what was asked; None where it was removed."""
    found = fetch(
        "SELECT user_id, name, format, asked FROM report WHERE id = :id AND removed_at IS NULL", {"id": report_id}
    )
    if not found:
        return None
    user_id, name, file_format, asked = found[0]
    return int(user_id), name, file_format, from_json(asked)


def _view(row: Any, as_of: int) -> ReportView:
    (number, project, name, form, asked, user_id, person, at, size, sha256, media_type, run, state, *rest) = row
    progress, stage, error = rest
    return ReportView(
        id=number,
        project=project,
        name=name,
        format=form,
        asked=from_json(asked),
        user_id=user_id,
        person=person,
        at=from_store(at),
        size=size,
        sha256=sha256,
        media_type=media_type,
        run_id=run,
        state="done" if sha256 else state or "failed",
        progress=progress or 0.0,
        stage=stage or "",
        error=from_json(error),
        event_id=as_of,
    )
