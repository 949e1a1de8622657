"""One-time links: to a new account, or to a new password for one. Looking at a link never uses it up."""

from __future__ import annotations

from typing import Final

import anyio
from starlette.requests import Request
from starlette.responses import Response

from engine.actions import passwords as password_actions
from engine.actions import people
from engine.errors import NotFound, PlumblineError
from engine.queries import people as queries
from web import passwords, signin
from web.forms import fields, page

_USED: Final = "It was used already, or it is older than ten minutes."
_NEW_LINK: Final = (
    "An administrator can make you a new one: Ctrl+K, Invite somebody. Whoever runs Plumbline prints one for an "
    "administrator with: python -m jobs run --new-link"
)
_ONCE: Final = "The link works once, within ten minutes of being made."


async def form(request: Request) -> Response:
    """`GET /signin/link?token=…`: asks for a name and a password, or only for the password of a known account."""
    token = request.query_params.get("token", "")
    person = await anyio.to_thread.run_sync(queries.link_person, token)
    if person is not None:
        return _new_password(token, person)
    if await anyio.to_thread.run_sync(queries.link_role, token) is None:
        return _dead()
    return _new_account(token)


async def redeem(request: Request) -> Response:
    """`POST /signin/link`: makes the account, or sets the password, that the link stands for, and signs in."""
    sent = await fields(request)
    token, name, password = sent.get("token", ""), sent.get("name", "").strip(), sent.get("password", "")
    person = await anyio.to_thread.run_sync(queries.link_person, token)
    if person is None and await anyio.to_thread.run_sync(queries.link_role, token) is None:
        return _dead()
    if fault := passwords.fault(password, person or name):
        return _new_account(token, name, fault, 422) if person is None else _new_password(token, person, fault, 422)
    hashed = await passwords.hashed(password)
    try:
        if person is not None:
            who = await anyio.to_thread.run_sync(password_actions.redeem, token, hashed)
        else:
            who = await anyio.to_thread.run_sync(people.redeem_link, token, name, hashed)
    except NotFound:
        return _dead()
    except PlumblineError as error:
        return _new_account(token, name, error.message, error.http_status)
    return await signin.signed_in(request, who.user_id, "/")


def _dead() -> Response:
    return page(
        404, title="This link does not work any more", lead=_USED, foot=_NEW_LINK, way_out="Sign in with an account"
    )


def _new_account(token: str, name: str = "", error: str = "", status: int = 200) -> Response:
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
        foot=_ONCE,
    )


def _new_password(token: str, person: str, error: str = "", status: int = 200) -> Response:
    return page(
        status,
        title="A new password",
        lead=f"For the account {person}. Every place where it is signed in now is signed out.",
        action="/signin/link",
        button="Set password and enter",
        hidden={"token": token},
        fixed_name=person,
        choosing=True,
        error=error,
        foot=_ONCE,
    )
