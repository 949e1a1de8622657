"""Signing in and out: forms that work without JavaScript, a server-side session in an HttpOnly cookie.

Every POST here passed the gate's Origin check, and the cookie is SameSite=Lax: together they are the CSRF protection.
"""

from __future__ import annotations

import asyncio
import math
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

import anyio
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from engine.actions import people
from engine.errors import NotFound
from engine.settings import get_settings
from web import passwords
from web.forms import fields, page, safe_next
from web.gate import COOKIE
from web.logs import log

one_by_one: Final = asyncio.Semaphore(2)
"""Tries under way at a time. The lock of an account is read inside, so many tries at once cannot slip past it."""

_WRONG: Final = "That name and password do not belong together. Check both and try again."


async def form(request: Request) -> Response:
    """`GET /signin`: the form; somebody who is signed in goes straight on."""
    target = safe_next(request.query_params.get("next", "/"))
    if request.state.who is not None:
        return RedirectResponse(target, 303)
    return _form(target)


async def sign_in(request: Request) -> Response:
    """`POST /auth/session`: name and password in; the cookie and the page that was asked for out."""
    sent = await fields(request)
    name, password, target = sent.get("name", ""), sent.get("password", ""), safe_next(sent.get("next", "/"))
    where = address(request)
    async with one_by_one:
        known = await anyio.to_thread.run_sync(people.credentials, name, where)
        if known.locked_until is not None:
            return _locked(target, name, known.locked_until)
        good = await passwords.matches(password, known.password_hash)
        if not good or known.user_id is None:
            await anyio.to_thread.run_sync(people.record_failure, name, where)
            log.warning("sign-in failed", address=where)
            return _form(target, name, _WRONG, 401)
    try:
        return await signed_in(request, known.user_id, target, known.password_hash)
    except NotFound:
        return _form(target, name, _WRONG, 401)


async def sign_out(request: Request) -> Response:
    """`POST /auth/signout`: ends the session; every open tab of it closes at once."""
    await anyio.to_thread.run_sync(people.close_session, request.state.who)
    answer = RedirectResponse("/signin", 303)
    answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax", secure=get_settings().tls)
    return answer


async def signed_in(request: Request, user_id: int, target: str, checked: str | None = None) -> Response:
    """Open a session for somebody who has proved who they are: its cookie, and on to `target`.

    `checked` is the hash that a password was checked against. Raises NotFound where it does not hold any more.
    """
    agent = request.headers.get("user-agent", "")
    cookie = await anyio.to_thread.run_sync(people.open_session, user_id, address(request), agent, checked)
    settings = get_settings()
    answer = RedirectResponse(target, 303)
    answer.set_cookie(
        COOKIE,
        cookie,
        max_age=settings.session_days * 86_400,
        path="/",
        httponly=True,
        samesite="lax",
        secure=settings.tls,
    )
    return answer


def address(request: Request) -> str:
    """The address a request comes from, as the proxy that is trusted or the socket says."""
    return request.client.host if request.client else ""


def wait_for(until: datetime) -> str:
    """What somebody is told who tried too often."""
    seconds = _seconds_to(until)
    wait = f"{seconds} seconds" if seconds < 90 else f"{math.ceil(seconds / 60)} minutes"
    return f"Too many tries. Wait {wait}, then try again; nothing else is needed."


def _seconds_to(until: datetime) -> int:
    return max(1, math.ceil((until - datetime.now(UTC)).total_seconds()))


def _form(target: str, name: str = "", error: str = "", status: int = 200) -> Response:
    settings = get_settings()
    elsewhere = f"/auth/oidc/login?next={quote(target, safe='/')}" if settings.oidc_issuer else ""
    return page(
        status,
        title="Sign in",
        action="/auth/session",
        button="Sign in",
        hidden={"next": target},
        name=name,
        error=error,
        elsewhere=elsewhere,
        elsewhere_name=settings.oidc_name,
        foot="No account yet, or the password is lost? An administrator can send you a one-time link that makes a new "
        "account or sets a new password.",
    )


def _locked(target: str, name: str, until: datetime) -> Response:
    answer = _form(target, name, wait_for(until), 429)
    answer.headers["retry-after"] = str(_seconds_to(until))
    return answer
