"""The headers of every answer, whoever made it, and the id under which a request is logged."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Awaitable, Callable
from functools import lru_cache
from pathlib import Path
from typing import Final

import streamlit
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine import logs
from engine.settings import get_settings

_YEAR_SECONDS: Final = 31_536_000
_INLINE_SCRIPT: Final = re.compile(r"<script>(.*?)</script>", re.DOTALL)

BROKEN: Final = 1011
"""Code of a websocket that ends because something failed on our side."""

FORM_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
"""What a page without script may do: show itself and send its form."""


UNSEEN: Final = {"referrer-policy": "no-referrer", "x-robots-tag": "noindex, nofollow"}
"""Of an address that is a secret: it is told to no other site, and not looked for."""

_SHARED: Final = re.compile(r"^(/(?:share|embed)/)[^/]+")
_ANCESTORS: Final = re.compile(r"frame-ancestors ([^;]*)")


@lru_cache(maxsize=1)
def page_policy() -> str:
    """What a Streamlit page may do. Its own inline script is named by hash, so that no other one runs."""
    index = (Path(streamlit.__file__).parent / "static" / "index.html").read_text()
    hashes = " ".join(f"'sha256-{_sha256(script)}'" for script in _INLINE_SCRIPT.findall(index))
    return (
        "default-src 'self'; "
        f"script-src 'self' {hashes} 'wasm-unsafe-eval' blob:; "
        "style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
        "form-action 'self'; frame-ancestors 'self'; object-src 'none'; base-uri 'self'"
    )


def _sha256(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


class Headers:
    """ASGI middleware, outermost: security headers on all answers, `no-store` where nothing else was said."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.tls = get_settings().tls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on under a fresh id; complete the headers of its answer."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        request_id = logs.new_request_id()

        def complete(message: Message) -> Message:
            return _completed(message, request_id, self.tls)

        sending = _refusing(complete, send) if _may_refuse(scope) else lambda message: send(complete(message))
        with logs.bound(request_id=request_id, path=loggable(scope["path"])):
            await self.app(scope, receive, sending)


def loggable(path: str) -> str:
    """A path as it may be logged: without the token of a share."""
    return path if path.startswith("/share/assets/") else _SHARED.sub(r"\1…", path)


def _may_refuse(scope: Scope) -> bool:
    """Whether a websocket that is not accepted can be answered by us; the server's own refusal has no headers."""
    return scope["type"] == "websocket" and "websocket.http.response" in (scope.get("extensions") or {})


def _refusing(complete: Callable[[Message], Message], send: Send) -> Send:
    """Answers a websocket that is closed before it was accepted; once it is accepted all passes as it is."""
    accepted = False

    def sending(message: Message) -> Awaitable[None]:
        nonlocal accepted
        if accepted or message["type"] != "websocket.close":
            accepted = accepted or message["type"] == "websocket.accept"
            return send(message if accepted else complete(message))
        return _refuse(complete(_refusal(message)), send)

    return sending


def _refusal(closing: Message) -> Message:
    """403, or where opening it failed 500 with the id of the error."""
    broken = closing.get("code") == BROKEN
    headers = [(b"x-error-id", closing.get("reason", "").encode())] if broken else []
    return {"type": "websocket.http.response.start", "status": 500 if broken else 403, "headers": headers}


async def _refuse(start: Message, send: Send) -> None:
    await send(start)
    await send({"type": "websocket.http.response.body", "body": b""})


def _completed(message: Message, request_id: str, tls: bool) -> Message:
    if message["type"] not in ("http.response.start", "websocket.http.response.start"):
        return message
    headers = MutableHeaders(scope=message)
    headers["x-request-id"] = request_id
    headers["x-content-type-options"] = "nosniff"
    if headers.get("referrer-policy") != UNSEEN["referrer-policy"]:
        headers["referrer-policy"] = "same-origin"
    headers["cross-origin-opener-policy"] = "same-origin"
    headers["cross-origin-resource-policy"] = "same-origin"
    headers["permissions-policy"] = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
    if tls:
        headers["strict-transport-security"] = f"max-age={_YEAR_SECONDS}"
    headers.setdefault("content-security-policy", page_policy())
    headers.setdefault("cache-control", "no-store")
    _frame(headers)
    return message


def _frame(headers: MutableHeaders) -> None:
    """The older header of who may frame an answer says what its policy does; single sites it cannot name."""
    named = _ANCESTORS.search(headers["content-security-policy"])
    framed = named[1].strip() if named else "'self'"
    if framed == "'none'":
        headers["x-frame-options"] = "DENY"
    elif framed == "'self'":
        headers.setdefault("x-frame-options", "SAMEORIGIN")
