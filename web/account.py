"""Changing one's own password: a plain form, for somebody who is signed in and knows the old one."""

from __future__ import annotations

import anyio
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from engine.actions import passwords as actions
from engine.actions import people
from engine.queries import people as queries
from engine.types import Who
from web import passwords, signin
from web.forms import fields, page
from web.logs import log


async def form(request: Request) -> Response:
    """`GET /signin/password`."""
    who: Who = request.state.who
    if not await anyio.to_thread.run_sync(queries.password_hash, who):
        return page(
            title="No password here",
            lead="This account signs in through an identity provider. Change the password there.",
            way_out="Back to Plumbline",
        )
    return _form(who)


async def change(request: Request) -> Response:
    """`POST /signin/password`: the old password in; the new one holds, and every other session of theirs ends.

    Wrong old passwords count as failed sign-ins of the account, so that a borrowed browser cannot guess on.
    """
    who: Who = request.state.who
    sent = await fields(request)
    old, new, address = sent.get("current", ""), sent.get("password", ""), signin.address(request)
    async with signin.one_by_one:
        known = await anyio.to_thread.run_sync(people.credentials, who.name, address)
        if known.locked_until is not None:
            return _form(who, signin.wait_for(known.locked_until), 429)
        if not await passwords.matches(old, known.password_hash):
            await anyio.to_thread.run_sync(people.record_failure, who.name, address)
            log.warning("change of password refused", address=address)
            return _form(who, "That is not your present password.", 401)
    fault = "That is your present password. Choose another one." if new == old else passwords.fault(new, who.name)
    if fault:
        return _form(who, fault, 422)
    hashed = await passwords.hashed(new)
    await anyio.to_thread.run_sync(actions.change, who, hashed)
    return RedirectResponse("/settings?changed=password", 303)


def _form(who: Who, error: str = "", status: int = 200) -> Response:
    return page(
        status,
        title="Change password",
        lead="Every other place where you are signed in is signed out.",
        action="/signin/password",
        button="Change password",
        fixed_name=who.name,
        current=True,
        choosing=True,
        error=error,
        way_out="Back without a change",
        way_out_to="/settings",
    )
