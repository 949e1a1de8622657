"""What a browser is told when something fails: a code, a sentence and an id; the rest goes to the log."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

import streamlit as st
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.errors import PlumblineError
from engine.logs import new_error_id, request_id
from web import forms
from web.headers import BROKEN
from web.logs import log

__all__ = ["Errors", "answer", "not_served", "refused", "request_id", "script_failed"]

FAILED: Final = "Something failed on our side. Nothing you sent was changed. Try again, or quote the id."


def answer(status: int, code: str, message: str, **more: object) -> JSONResponse:
    """An error as JSON: `code` for programs, `message` for people, the id for who runs this."""
    return JSONResponse({"code": code, "message": message, "request_id": request_id(), **more}, status)


def refused(request: Request, error: Exception) -> Response:
    """The answer to an error that the product raised on purpose; one that is our fault is logged under an id."""
    assert isinstance(error, PlumblineError)
    if error.http_status < 500:
        return JSONResponse(error.to_dict(), error.http_status)
    return failed(request, error.http_status, error.code, error.message, _note("request refused", error))


def failed(request: Request, status: int, code: str, message: str, error_id: str) -> Response:
    """Our fault, with its id: a page for somebody who opens one, JSON for everything else."""
    made = _words(request, status, code, message, error_id)
    made.headers["x-error-id"] = error_id
    return made


def _words(request: Request, status: int, code: str, message: str, error_id: str) -> Response:
    opens = request.headers.get("sec-fetch-mode", "navigate") == "navigate"
    if opens and "text/html" in request.headers.get("accept", ""):
        return forms.page(status, title="Something failed", lead=message, foot=f"Error {error_id}")
    return answer(status, code, message, error_id=error_id)


def not_served(_request: Request, error: Exception) -> Response:
    """The answer to Starlette's own errors: no such path, or not by this method."""
    assert isinstance(error, HTTPException)
    words = {404: "There is nothing at this address.", 405: "This address does not take that method."}
    message = words.get(error.status_code, str(error.detail))
    return JSONResponse({"code": f"http_{error.status_code}", "message": message}, error.status_code, error.headers)


def script_failed(error: Exception) -> bool:
    """Tell the reader of a page that failed, in place of Streamlit's own words. Runs inside the page's script."""
    if isinstance(error, PlumblineError) and error.http_status < 500:
        st.error(error.message, icon=":material/info:")
        return True
    error_id = _note("page failed", error, page=_page())
    said = error.message if isinstance(error, PlumblineError) else "This page failed; nothing you had was changed."
    st.error(f"{said} Reload it, or quote **{error_id}**.", icon=":material/error:")
    return True


def _note(event: str, error: Exception, **about: str) -> str:
    """Log an error under an id, which is returned. One that was raised on purpose needs no traceback."""
    error_id = new_error_id()
    if isinstance(error, PlumblineError):
        log.error(event, error_id=error_id, code=error.code, cause=repr(error.__cause__)[:300], **about)
    else:
        log.error(event, error_id=error_id, exc_info=error, **about)
    return error_id


def _page() -> str:
    """The path of the page whose script runs."""
    return urlsplit(st.context.url or "").path


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
        except Exception as error:  # noqa: BLE001 - the last place where an error can be named
            response = _unexpected(scope, receive, error)
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": BROKEN, "reason": response.headers["x-error-id"]})
            elif not started:
                await response(scope, receive, send)


def _unexpected(scope: Scope, receive: Receive, error: Exception) -> Response:
    """Log what nobody expected; the answer for where one can still be given."""
    request = Request({**scope, "type": "http", "method": scope.get("method", "GET")}, receive)
    if isinstance(error, PlumblineError) and error.http_status >= 500:
        return refused(request, error)
    return failed(request, 500, "internal", FAILED, _note("request failed", error))
