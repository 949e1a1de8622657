"""`/export/decision.json` and `/export/journal.md`: the journal as files, with the rights of whoever asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Final

import anyio
import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from engine.errors import UsageError
from engine.queries import decisions
from engine.reports.journal import to_markdown
from engine.types import DecisionView, Who
from engine.words import whole
from web.export import attachment

_PAGE: Final = 200
_OPTIONS: Final = orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE


async def decision(request: Request) -> Response:
    """`GET /export/decision.json?decision=…`: one record, whole."""
    who: Who = request.state.who
    number = whole(request.query_params.get("decision", ""))
    if number is None:
        raise UsageError("A decision is named by a number.", code="bad_argument")
    found = await anyio.to_thread.run_sync(decisions.get_decision, who, number)
    return attachment(orjson.dumps(asdict(found), option=_OPTIONS), "application/json", f"decision-{found.id}.json")


async def export(request: Request) -> Response:
    """`GET /export/journal.md?project=…`: every record of a project, newest first."""
    who: Who = request.state.who
    project = request.query_params.get("project", "")
    pages = _pages(who, project)
    first = await anyio.to_thread.run_sync(next, pages)
    written = (piece.encode("utf-8", "replace") for piece in to_markdown(project, _each(first, pages)))
    return StreamingResponse(
        written,
        headers={"content-disposition": 'attachment; filename="plumbline-journal.md"'},
        media_type="text/markdown",
    )


def _pages(who: Who, project: str) -> Iterator[list[DecisionView]]:
    before: int | None = None
    while True:
        page = decisions.list_decisions(who, project, _PAGE, before)
        yield page
        if len(page) < _PAGE:
            return
        before = page[-1].id


def _each(first: list[DecisionView], pages: Iterable[list[DecisionView]]) -> Iterator[DecisionView]:
    yield from first
    for page in pages:
        yield from page
