"""Every address there is, ours and Streamlit's, and a product behind the gate that only says that it was reached."""

from __future__ import annotations

import re
from collections.abc import Iterator
from unittest.mock import MagicMock

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket
from streamlit.web.server.starlette.starlette_app import create_streamlit_routes

import server
from tests.web.conftest import ORIGIN
from web.gate import COOKIE
from web.routes import ROUTES

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY")
REACHED = "reached behind the gate"
_PARAMETER = re.compile(r"{[^}]*}")


def streamlits() -> list[BaseRoute]:
    """What Streamlit adds to our routes; its runtime is not needed to name them."""
    return list(create_streamlit_routes(MagicMock()))


def addresses(routes: list[BaseRoute], before: str = "") -> Iterator[tuple[BaseRoute, str]]:
    """Every route with an address that it answers to."""
    for route in routes:
        if isinstance(route, Mount):
            yield route, f"{before}{route.path}/index.html"
            yield from addresses(list(route.routes), before + route.path)
        elif isinstance(route, Route | WebSocketRoute):
            yield route, before + _PARAMETER.sub("1", route.path)


def over_http() -> list[str]:
    """The addresses of HTTP."""
    routes = [*ROUTES, *streamlits()]
    return sorted({path for route, path in addresses(routes) if not isinstance(route, WebSocketRoute)})


def over_websockets() -> list[str]:
    """The addresses of websockets."""
    routes = [*ROUTES, *streamlits()]
    return sorted({path for route, path in addresses(routes) if isinstance(route, WebSocketRoute)})


async def _reached(_request: Request) -> Response:
    return PlainTextResponse(REACHED)


async def _reached_socket(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text(REACHED)
    await websocket.close()


def behind_the_gate(cookie: str = "", **headers: str) -> TestClient:
    """A browser in front of the product's own middleware; whatever passes it is told that it was reached."""
    routes = [Route("/{path:path}", _reached, methods=METHODS), WebSocketRoute("/{path:path}", _reached_socket)]
    app = Starlette(routes=routes, middleware=server.MIDDLEWARE, exception_handlers=server.HANDLERS)
    client = TestClient(app, ORIGIN, raise_server_exceptions=False, follow_redirects=False, headers=headers)
    if cookie:
        client.cookies.set(COOKIE, cookie)
    return client
