"""The gate: whoever is not signed in gets the sign-in page and nothing else, over HTTP and over websockets.

An ASGI middleware in front of everything, Streamlit's own routes included. Its list of open addresses is exact; a route
that nobody thought of is closed. It also owns the open websockets: it hands the application a `receive` that ends when
the session does, so a sign-out, a revoked session, a changed role or an expiry closes sockets whatever the script does.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, urlsplit

import anyio
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from engine import logs
from engine.access import audit, tokens
from engine.queries import people
from engine.settings import Settings
from engine.types import Who
from web import frames
from web.errors import answer
from web.hosting import IDENTITY
from web.hub import hub
from web.logs import log
from web.sockets import Watched

COOKIE: Final = "plumbline_session"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
OPEN: Final = frozenset(
    {
        ("GET", "/signin"),
        ("GET", "/signin/link"),
        ("POST", "/signin/link"),
        ("POST", "/auth/session"),
        ("GET", "/auth/oidc/login"),
        ("GET", "/auth/oidc/callback"),
        ("GET", "/_stcore/health"),
        ("GET", "/favicon.ico"),
        ("GET", "/assets/icon.svg"),
        ("GET", "/assets/signin.css"),
        ("GET", "/assets/fonts/inter.ttf"),
        ("GET", "/metrics"),
        ("GET", "/metrics/probe"),
    }
)
"""What is answered without a session: methods and exact paths. What measures us brings a secret of its own."""

SHARED: Final = ("/share/", "/embed/")
"""Below these anything may be asked for without a session, and only that: the token in the address decides."""

API: Final = ("/api/v1", "/metrics")
"""Where programs come with a token. A browser's session may read there, and change nothing."""

CLOSED: Final = "/_stcore/agent"
"""Streamlit's agent interface answers even while it is off; nobody gets it."""


class Gate:
    """Default deny. Checks Host, Origin and session or token; leaves `request.state.who` for the routes behind it."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.hosts = frozenset(host.lower() for host in settings.hosts)
        self.schemes = ("https",) if settings.tls else ("http", "https")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, answer it with a refusal, or refuse the websocket before it is accepted."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await self._websocket(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = HTTPConnection(scope)
        bearer = _bearer(connection) if _is_api(scope["path"]) else None
        changes = scope["method"] not in SAFE_METHODS
        refusal = self._refusal(scope, connection.headers, origin_needed=changes and bearer is None)
        who = None if refusal else _who(connection, bearer)
        if refusal is None and who is None and not _is_open(scope):
            refusal = _sign_in_first(scope, connection.headers)
        if refusal is None and changes and bearer is None and _is_api(scope["path"]):
            refusal = answer(403, "token_needed", "Programs change things with a token: Authorization: Bearer pl_…")
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        scope.setdefault("state", {})["who"] = who
        if who is not None:
            logs.about(user_id=who.user_id)
        if who is not None and who.token is not None and who.token.due:
            await anyio.to_thread.run_sync(tokens.note_use, who)
        with audit.asked_from(connection.client.host if connection.client else "", logs.request_id()):
            await self.app(scope, receive, send)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = HTTPConnection(scope)
        who = None
        if self._refusal(scope, connection.headers, origin_needed=True) is None:
            who = _who(connection, None)
        if who is None:
            await receive()
            await send({"type": "websocket.close", "code": 4401})
            return
        scope.setdefault("state", {})["who"] = who
        logs.about(user_id=who.user_id)
        await self._watched(scope, receive, send, connection.cookies[COOKIE], who)

    async def _watched(self, scope: Scope, receive: Receive, send: Send, cookie: str, who: Who) -> None:
        """Serve a websocket until it ends or its session does."""
        socket = Watched(receive, send, frames.writer(scope))

        def recheck() -> None:
            now = people.who_is(cookie)
            if now is None:
                socket.end(4401)
            elif (now.role, now.roles) != (who.role, who.roles):
                socket.end(4403)

        stop = hub.watch(who.user_id, recheck)
        expiry = _call_at_expiry(who, recheck)
        try:
            await self.app(_identified(scope, who, socket.write), socket.receive, socket.send)
        finally:
            expiry.cancel()
            stop()
            await socket.finish()

    def _refusal(self, scope: Scope, headers: Headers, *, origin_needed: bool) -> Response | None:
        """A refusal for a foreign Host or Origin, or for Streamlit's agent interface."""
        host = headers.get("host", "")
        origin = headers.get("origin")
        if _hostname(f"//{host}") not in self.hosts:
            log.warning("foreign host refused", host=host[:200])
            return answer(403, "foreign_host", "This server does not answer under that name (PLUMBLINE_ALLOWED_HOSTS).")
        if origin is None and origin_needed:
            return answer(403, "no_origin", "A request that changes something must say where it comes from (Origin).")
        if origin is not None and not self._same_origin(origin, host):
            log.warning("foreign origin refused", origin=origin[:200])
            return answer(403, "foreign_origin", "This request comes from another site.")
        if (scope["path"] + "/").startswith(CLOSED + "/"):
            return answer(404, "http_404", "There is nothing at this address.")
        return None

    def _same_origin(self, origin: str, host: str) -> bool:
        scheme, _, name = origin.partition("://")
        return scheme in self.schemes and name.lower() == host.lower()


def _who(connection: HTTPConnection, bearer: str | None) -> Who | None:
    """Whose token this is where one was sent (a bad one is never made good by a cookie), else whose session."""
    if bearer is not None:
        return tokens.who_of(bearer)
    return people.who_is(connection.cookies.get(COOKIE, ""))


def _bearer(connection: HTTPConnection) -> str | None:
    """The token of the `Authorization` header; empty for a header of another kind, None without one."""
    sent = connection.headers.get("authorization")
    if sent is None:
        return None
    kind, _, secret = sent.partition(" ")
    return secret.strip() if kind.lower() == "bearer" else ""


def _is_api(path: str) -> bool:
    return any(path == place or path.startswith(place + "/") for place in API)


def _is_open(scope: Scope) -> bool:
    method = "GET" if scope["method"] == "HEAD" else scope["method"]
    return (method, scope["path"]) in OPEN or (method == "GET" and scope["path"].startswith(SHARED))


def _hostname(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").lower()
    except ValueError:
        return ""


def _sign_in_first(scope: Scope, headers: Headers) -> Response:
    """The sign-in page for somebody who opens a page; 401 for everything a script, a tag or a program asks for."""
    if _is_api(scope["path"]):
        refusal = answer(401, "token_needed", "Send a token that works: Authorization: Bearer pl_…")
        refusal.headers["www-authenticate"] = 'Bearer realm="Plumbline"'
        return refusal
    wants_page = "text/html" in headers.get("accept", "")
    if headers.get("sec-fetch-mode", "navigate" if wants_page else "") != "navigate":
        return answer(401, "signed_out", "You are signed out. Sign in and try again.")
    if scope["method"] not in SAFE_METHODS:
        return RedirectResponse("/signin", 303)
    query = scope["query_string"].decode("latin-1")
    path = quote(scope["path"], safe="/")
    return RedirectResponse("/signin?next=" + quote(path + (f"?{query}" if query else ""), safe="/"), 303)


def _identified(scope: Scope, who: Who, write: frames.Write) -> Scope:
    """The websocket with a header that says who opened it, by which Streamlit lets nobody else go on with their page.

    Somebody whose roles changed is somebody else: what their page kept was made for what they were. Frames are written
    past `send`, so the websocket gets a `write` that ends with the session too.
    """
    known = repr((who.user_id, who.session, who.role, sorted(who.roles.items())))
    name = IDENTITY.encode()
    others = [pair for pair in scope["headers"] if pair[0] != name]
    headers = [*others, (name, hashlib.sha256(known.encode()).hexdigest().encode())]
    return {**scope, "headers": headers, "extensions": {**scope.get("extensions", {}), frames.FRAMES: write}}


def _call_at_expiry(who: Who, recheck: Callable[[], None]) -> asyncio.TimerHandle:
    """Look at the session again when it is due to end (a moment after, so that it has)."""
    ends = people.session_expiry(who)
    left = (ends - datetime.now(UTC)).total_seconds() if ends else 0.0
    return asyncio.get_running_loop().call_later(max(left, 0.0) + 0.01, recheck)
