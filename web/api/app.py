"""The API as routes: finds the operation, asks whether the caller may and how much, and answers whatever happens.

Who calls has been settled by the gate before: `request.state.who` acts by a token or, for reads, by a session.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from engine.errors import AccessDenied, PlumblineError
from engine.settings import get_settings
from engine.types import SCOPES, Who
from web.api import parameters
from web.api.answers import JSON, encoded, failure, refused
from web.api.limits import buckets, caller_of
from web.api.openapi import ROOT, describe
from web.api.operations import Answer, Asked, Operation
from web.api.table import OPERATIONS
from web.encoded import ASK_AGAIN, Encoded
from web.logs import log


class Endpoint:
    """One path of the API with all its methods."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._operations = {operation.method: operation for operation in operations}
        if "GET" in self._operations:
            self._operations["HEAD"] = self._operations["GET"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive, send)
        response = await self._answer(request)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        try:
            return _too_often(request) or await self._do(request)
        except ClientDisconnect:
            raise
        except PlumblineError as error:
            return refused(error)
        except Exception:  # noqa: BLE001 - the last place where it gets the shape that programs know
            log.exception("an API request failed")
            return failure(500, "internal", "Something failed on our side. Try again, or quote the request's id.")

    async def _do(self, request: Request) -> Response:
        operation = self._operations.get(request.method)
        if operation is None:
            allowed = ", ".join(sorted(self._operations))
            return failure(405, "http_405", f"This address takes {allowed}.", {"allow": allowed})
        who: Who = request.state.who
        _require_scope(who, operation)
        parameters.header_of(operation, request.headers)
        path, query = parameters.path_of(operation, request), parameters.query_of(operation, request)
        return await operation.handler(Asked(request, who, path, query))


class Nowhere:
    """Whatever else lies below `/api/v1`."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Say that nothing is there."""
        await failure(404, "http_404", "There is nothing at this address.")(scope, receive, send)


def _too_often(request: Request) -> Response | None:
    wait = buckets.take(caller_of(request.state.who), get_settings().api_requests_a_second)
    if not wait:
        return None
    headers = {"retry-after": str(math.ceil(wait))}
    return failure(429, "too_many_requests", "This token asks too often. Wait as long as Retry-After says.", headers)


def _require_scope(who: Who, operation: Operation) -> None:
    if who.token is not None and SCOPES.index(who.token.scope) < SCOPES.index(operation.scope):
        message = f"This needs a token of the scope {operation.scope}; the scope of yours is {who.token.scope}."
        raise AccessDenied(message, code="scope")


async def document(asked: Asked) -> Response:
    """`GET /openapi.json`."""
    return _document().respond(asked.request, ASK_AGAIN)


@lru_cache(maxsize=1)
def _document() -> Encoded:
    return Encoded.of(encoded(describe(ALL)), JSON)


_DOCUMENT: Final = Operation(
    "GET",
    "/openapi.json",
    "getDocument",
    "This description",
    "read",
    document,
    {200: Answer("An OpenAPI 3.1 document.", {JSON: {"type": "object"}}), 304: Answer("You have it already.")},
)
ALL: Final = (*OPERATIONS, _DOCUMENT)


def _routes(operations: Iterable[Operation]) -> list[BaseRoute]:
    paths: dict[str, list[Operation]] = {}
    for operation in operations:
        paths.setdefault(operation.path, []).append(operation)
    nowhere: Callable[..., object] = Nowhere()
    own: list[BaseRoute] = [Route(f"{ROOT}{path}", Endpoint(found)) for path, found in paths.items()]
    return [*own, Route(ROOT, nowhere), Route(f"{ROOT}/{{rest:path}}", nowhere)]


ROUTES: Final[list[BaseRoute]] = _routes(ALL)
