"""Answers of the API: JSON, and one shape for everything that is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from starlette.responses import Response

from engine.errors import PlumblineError, StatePending
from web.errors import request_id

JSON: Final = "application/json"
_OPTIONS: Final = orjson.OPT_UTC_Z | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
_SOON: Final = {"state_pending": "1", "store_unavailable": "1", "store_busy": "1", "disk_full": "30"}
"""Seconds after which it is worth asking again."""


def encoded(value: object) -> bytes:
    """A view, a list or a mapping as JSON; times are ISO 8601 in UTC, numbers finite or null."""
    return orjson.dumps(value, option=_OPTIONS, default=str)


def told(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(encoded(value), status, headers, JSON)


def paged(items: Sequence[Any], limit: int, key: str = "id") -> Response:
    """One page of a list that was asked for one row more than the page has: `next` is the `after` of the next page."""
    page = items[:limit]
    more = len(items) > limit
    return told({"items": page, "next": getattr(page[-1], key) if more else None})


def failure(status: int, code: str, message: str, headers: Mapping[str, str] | None = None, **more: object) -> Response:
    """A refusal: `code` for programs, `message` for people, the id for who runs this."""
    known = {name: value for name, value in more.items() if value is not None}
    return told({"code": code, "message": message, "request_id": request_id(), **known}, status, headers)


def refused(error: PlumblineError) -> Response:
    """The answer to an error that the product raised on purpose."""
    status = error.http_status
    headers = {"retry-after": _SOON[error.code]} if error.code in _SOON else {}
    if status == 503:
        headers.setdefault("retry-after", "1")
    run = error.run_id if isinstance(error, StatePending) else None
    where = {name: getattr(error, name, None) for name in ("field", "line")}
    return failure(status, error.code, error.message, headers, run=run, **where)
