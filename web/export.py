"""`/export/…`: what is on the screen as a file, asked for again with the rights of whoever asks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final
from urllib.parse import quote

import anyio
import orjson
from starlette.requests import Request
from starlette.responses import Response

from engine.errors import NotFound
from engine.figures.view import charts
from engine.reports import html, tables
from engine.types import Concluded, Result
from web.view import concluded


async def analysis(request: Request) -> Response:
    """`GET /export/{analysis}.{html|csv|json}?dataset=…`, with `table=…` for CSV."""
    extension = request.path_params["extension"]
    if extension not in _WRITERS:
        raise NotFound(f"Exports are {', '.join(_WRITERS)}.")
    media_type, write = _WRITERS[extension]
    found, own = await concluded(request, "table", "mode")
    body = await anyio.to_thread.run_sync(write, found.result, own.get("table", ""))
    return attachment(body, media_type, _name(found, f"-v{found.version}.{extension}"))


async def recalibrator(request: Request) -> Response:
    """`GET /export/recalibrator.json?dataset=…&recalibrator=…`: the numbers that repair the scores."""
    found, _ = await concluded(request, "mode")
    wanted = found.result.evidence.params.get("recalibrator")
    chosen = next((one for one in found.result.recalibrators if one["kind"] == wanted), None)
    if chosen is None:
        raise NotFound("This result has no such recalibrator.", code="no_recalibrator")
    return attachment(_json(chosen), "application/json", _name(found, f"-v{found.version}-{wanted}.json"))


def _html(result: Result, _table: str) -> bytes:
    return html.render(result)


def _whole(result: Result, _table: str) -> bytes:
    return _json(result.to_dict())


def _csv(result: Result, table: str) -> bytes:
    return tables.to_csv(*_table_of(result, table))


def _table_of(result: Result, name: str) -> tuple[list[str], Iterable[Iterable[object]]]:
    if name == "worst":
        return tables.records(result.pairs or result.items)
    if name == "estimates":
        return tables.records([{"name": name, **one} for name, one in result.to_dict()["estimates"].items()])
    drawn = charts(result)
    name = name or next(iter(drawn), name)
    if name not in drawn:
        raise NotFound(f"Tables of this result are {', '.join([*drawn, 'worst', 'estimates'])}.", code="no_table")
    return drawn[name].table.columns, drawn[name].table.rows


def _json(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE)


def _name(found: Concluded, ending: str) -> str:
    dataset = str(found.result.dataset.get("name") or "dataset")
    return f"plumbline-{found.result.analysis}-{dataset[:80]}{ending}"


def attachment(body: bytes, media_type: str, name: str) -> Response:
    """A file to keep, under this name."""
    return Response(body, headers={"content-disposition": disposition(name)}, media_type=media_type)


def disposition(name: str) -> str:
    """The header by which a browser keeps a file under this name instead of showing it."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


_WRITERS: Final[dict[str, tuple[str, Callable[[Result, str], bytes]]]] = {
    "html": ("text/html", _html),
    "csv": ("text/csv", _csv),
    "json": ("application/json", _whole),
}
