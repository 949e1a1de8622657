"""Signing in and out: forms that work without JavaScript, a server-side session in an HttpOnly cookie.

Every POST here passed the gate's Origin check, and the cookie is SameSite=Lax: together they are the CSRF protection.
"""

from __future__ import annotations

import asyncio
import math
from datetime import UTC, datetime
from typing import Final

import anyio
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from engine.actions import people
from engine.errors import NotFound, PlumblineError
from engine.queries import people as queries
from engine.settings import get_settings
from web import passwords
from web.forms import fields, page, safe_next
from web.gate import COOKIE
from web.logs import log

_one_by_one: Final = asyncio.Semaphore(2)
"""Tries under way at a time. The lock of an account is read inside, so many tries at once cannot slip past it."""

_USED: Final = "It was used already, or it is older than ten minutes."
_NEW_LINK: Final = (
    "An administrator can make you a new one: Ctrl+K, Invite somebody. Whoever runs Plumbline prints one for an "
    "administrator with: python -m jobs run --new-link"
)
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
    address = _address(request)
    async with _one_by_one:
        known = await anyio.to_thread.run_sync(people.credentials, name, address)
        if known.locked_until is not None:
            return _locked(target, name, known.locked_until)
        good = await passwords.matches(password, known.password_hash)
        if not good or known.user_id is None:
            await anyio.to_thread.run_sync(people.record_failure, name, address)
            log.warning("sign-in failed", address=address)
            return _form(target, name, _WRONG, 401)
    return await _signed_in(request, known.user_id, target)


async def sign_out(request: Request) -> Response:
    """`POST /auth/signout`: ends the session; every open tab of it closes at once."""
    await anyio.to_thread.run_sync(people.close_session, request.state.who)
    answer = RedirectResponse("/signin", 303)
    answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax", secure=get_settings().tls)
    return answer


async def link_form(request: Request) -> Response:
    """`GET /signin/link?token=…`: asks for a name and a password. Looking at a link never uses it up."""
    token = request.query_params.get("token", "")
    if await anyio.to_thread.run_sync(queries.link_role, token) is None:
        return _dead_link()
    return _link(token)


async def redeem(request: Request) -> Response:
    """`POST /signin/link`: makes the account that the link stands for, and signs it in."""
    sent = await fields(request)
    token, name, password = sent.get("token", ""), sent.get("name", "").strip(), sent.get("password", "")
    if await anyio.to_thread.run_sync(queries.link_role, token) is None:
        return _dead_link()
    if fault := passwords.fault(password, name):
        return _link(token, name, fault, 422)
    hashed = await passwords.hashed(password)
    try:
        who = await anyio.to_thread.run_sync(people.redeem_link, token, name, hashed)
    except NotFound:
        return _dead_link()
    except PlumblineError as error:
        return _link(token, name, error.message, error.http_status)
    return await _signed_in(request, who.user_id, "/")


# ------------------------------------------------------------------ answers


async def _signed_in(request: Request, user_id: int, target: str) -> Response:
    agent = request.headers.get("user-agent", "")
    cookie = await anyio.to_thread.run_sync(people.open_session, user_id, _address(request), agent)
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


def _form(target: str, name: str = "", error: str = "", status: int = 200) -> Response:
    return page(
        status,
        title="Sign in",
        action="/auth/session",
        button="Sign in",
        hidden={"next": target},
        name=name,
        error=error,
        foot="No account yet, or the password is lost? An administrator can send you a one-time link that makes a new "
        "account.",
    )


def _locked(target: str, name: str, until: datetime) -> Response:
    seconds = max(1, math.ceil((until - datetime.now(UTC)).total_seconds()))
    wait = f"{seconds} seconds" if seconds < 90 else f"{math.ceil(seconds / 60)} minutes"
    answer = _form(target, name, f"Too many tries. Wait {wait}, then try again; nothing else is needed.", 429)
    answer.headers["retry-after"] = str(seconds)
    return answer


def _dead_link() -> Response:
    return page(
        404, title="This link does not work any more", lead=_USED, foot=_NEW_LINK, way_out="Sign in with an account"
    )


def _link(token: str, name: str = "", error: str = "", status: int = 200) -> Response:
    return page(
        status,
        title="Welcome to Plumbline",
        lead="Choose a name and a password. They stay on this server.",
        action="/signin/link",
        button="Create account and enter",
        hidden={"token": token},
        name=name,
        choosing=True,
        error=error,
        foot="The link works once, within ten minutes of being made.",
    )


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
