"""`/export/trail.csv`: the audit as a file, line by line as it is read, with the rights of whoever asks."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Final

import anyio
import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from engine.errors import UsageError
from engine.queries import audit
from engine.reports.cells import cell
from engine.types import AuditView, Who
from engine.words import whole

_COLUMNS: Final = ("id", "at", "person", "action", "subject", "about", "project", "address", "request", "detail")


async def export(request: Request) -> Response:
    """`GET /export/trail.csv?project=…&person=…&action=…`: newest first; each of the three may be left out."""
    who: Who = request.state.who
    asked = request.query_params
    person = whole(asked.get("person", "0") or "0")
    if person is None:
        raise UsageError("A person is named by a number.", code="bad_argument")
    pages = _pages(who, asked.get("project", ""), person, asked.get("action", ""))
    first = await anyio.to_thread.run_sync(next, pages)
    return StreamingResponse(
        _written(first, pages),
        headers={"content-disposition": 'attachment; filename="plumbline-audit.csv"'},
        media_type="text/csv",
    )


def _pages(who: Who, project: str, person: int, action: str) -> Iterator[list[AuditView]]:
    before: int | None = None
    while True:
        page = audit.lines(who, project, person=person, action=action, before=before, limit=audit.MOST)
        yield page
        if len(page) < audit.MOST:
            return
        before = page[-1].id


def _written(first: list[AuditView], pages: Iterator[list[AuditView]]) -> Iterator[bytes]:
    yield "\ufeff".encode() + _rows([_COLUMNS])
    yield _rows([_line(line) for line in first])
    for page in pages:
        yield _rows([_line(line) for line in page])


def _line(line: AuditView) -> tuple[object, ...]:
    detail = orjson.dumps(dict(line.detail)).decode()
    named = (line.person, line.action, line.subject, line.about, line.project or "", line.address, line.request, detail)
    return (line.id, line.at.isoformat(), *named)


def _rows(rows: Iterable[Iterable[object]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows([cell(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8", "replace")
