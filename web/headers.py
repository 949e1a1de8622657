"""The headers of every answer, whoever made it, and the id under which a request is logged."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from functools import lru_cache
from pathlib import Path
from typing import Final

import streamlit
import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_INLINE_SCRIPT: Final = re.compile(r"<script>(.*?)</script>", re.DOTALL)

FORM_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
"""What a page without script may do: show itself and send its form."""


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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on under a fresh id; complete the headers of its answer."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        with structlog.contextvars.bound_contextvars(request_id=request_id, path=scope["path"]):
            await self.app(scope, receive, lambda message: send(_completed(message, request_id)))


def _completed(message: Message, request_id: str) -> Message:
    if message["type"] not in ("http.response.start", "websocket.http.response.start"):
        return message
    headers = MutableHeaders(scope=message)
    headers["x-request-id"] = request_id
    headers["x-content-type-options"] = "nosniff"
    headers["referrer-policy"] = "same-origin"
    headers["cross-origin-opener-policy"] = "same-origin"
    headers["cross-origin-resource-policy"] = "same-origin"
    headers["permissions-policy"] = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
    headers.setdefault("content-security-policy", page_policy())
    headers.setdefault("cache-control", "no-store")
    if headers["content-security-policy"] == FORM_POLICY:
        headers["x-frame-options"] = "DENY"
    else:
        headers.setdefault("x-frame-options", "SAMEORIGIN")
    return message
