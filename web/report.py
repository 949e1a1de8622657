"""`GET /report/<id>`: the file of a report, for whoever sees its project now."""

from __future__ import annotations

import anyio
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from engine.errors import NotFound
from engine.queries import reports
from engine.types import Who
from engine.words import whole
from web.export import disposition


async def download(request: Request) -> Response:
    """The whole file, as it was made; 304 where the browser has it."""
    who: Who = request.state.who
    number = whole(request.path_params["number"])
    if number is None:
        raise NotFound("There is no such report, or it was removed.", code="no_report")
    file = await anyio.to_thread.run_sync(reports.file_of, who, number)
    headers = {"etag": f'"{file.sha256}"', "cache-control": "private, no-cache"}
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    headers["content-disposition"] = disposition(file.name)
    return FileResponse(file.path, headers=headers, media_type=file.media_type)
