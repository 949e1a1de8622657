"""What a browser is told when something fails: a code, a sentence and an id; the rest goes to the log."""

from __future__ import annotations

import secrets

import streamlit as st
import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.errors import PlumblineError
from web.logs import log


def request_id() -> str:
    """The id under which the request being served is logged."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


def answer(status: int, code: str, message: str, **more: object) -> JSONResponse:
    """An error as JSON: `code` for programs, `message` for people, the id for who runs this."""
    return JSONResponse({"code": code, "message": message, "request_id": request_id(), **more}, status)


def refused(_request: Request, error: Exception) -> Response:
    """The answer to an error that the product raised on purpose."""
    assert isinstance(error, PlumblineError)
    return JSONResponse(error.to_dict(), error.http_status)


def not_served(_request: Request, error: Exception) -> Response:
    """The answer to Starlette's own errors: no such path, or not by this method."""
    assert isinstance(error, HTTPException)
    words = {404: "There is nothing at this address.", 405: "This address does not take that method."}
    message = words.get(error.status_code, str(error.detail))
    return JSONResponse({"code": f"http_{error.status_code}", "message": message}, error.status_code, error.headers)


def script_failed(error: Exception) -> bool:
    """Tell the reader of a page that failed, in place of Streamlit's own words. Runs inside the page's script."""
    if isinstance(error, PlumblineError):
        st.error(error.message, icon=":material/info:")
        return True
    error_id = secrets.token_hex(6)
    log.error("page failed", error_id=error_id, exc_info=error)
    st.error(
        f"This page failed; nothing you had was changed. Reload it, or quote **{error_id}**.", icon=":material/error:"
    )
    return True


class Errors:
    """ASGI middleware: an exception nobody expected is logged under an id, and only the id leaves the server."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; answer 500 with an error id, or close the socket, where it fails."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        started = False

        async def watched_send(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, watched_send)
        except ClientDisconnect:
            return
        except Exception:  # noqa: BLE001 - the last place where an error can be named
            error_id = secrets.token_hex(6)
            log.exception("request failed", error_id=error_id)
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1011, "reason": error_id})
            elif not started:
                message = "Something failed on our side. Nothing you sent was changed. Try again, or quote the id."
                await answer(500, "internal", message, error_id=error_id)(scope, receive, send)
