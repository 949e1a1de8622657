"""New passwords: by a link from an administrator, or by somebody who knows the old one."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from engine.access.sessions import subjects
from engine.actions import passwords as actions
from engine.actions import people
from engine.queries.people import who_is
from engine.store.engine import fetch
from engine.store.tables import Lockout
from engine.store.times import now
from engine.store.transaction import transaction
from tests.web.conftest import Desk
from tests.web.serving import PASSWORD, register, visit
from web.gate import COOKIE

NEW = "seventeen calm herons"


def sign_in(client: TestClient, name: str, password: str) -> int:
    return int(client.post("/auth/session", data={"name": name, "password": password}).status_code)


def redeem(client: TestClient, token: str, password: str = NEW, name: str = "") -> Any:
    return client.post("/signin/link", data={"token": token, "password": password, "name": name})


def change(client: TestClient, old: str, new: str = NEW) -> Any:
    return client.post("/signin/password", data={"current": old, "password": new})


# ------------------------------------------------------------------ by a link


def test_a_link_sets_a_new_password_signs_in_and_ends_the_old_sessions(desk: Desk) -> None:
    admin, ben = register("root"), register("ben", "analyst")
    token = actions.reset(admin.who, ben.who.user_id)
    page = desk.visitor().get("/signin/link", params={"token": token})
    assert page.status_code == 200
    assert "For the account ben." in page.text
    assert 'name="name" value="ben"' in page.text
    assert who_is(ben.cookie) is not None
    answer = redeem(client := desk.visitor(), token, name="eve")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    me = who_is(client.cookies[COOKIE])
    assert me is not None
    assert (me.user_id, me.name, me.role) == (ben.who.user_id, "ben", "analyst")
    assert who_is(ben.cookie) is None
    assert (sign_in(desk.visitor(), "ben", PASSWORD), sign_in(desk.visitor(), "ben", NEW)) == (401, 303)
    assert redeem(desk.visitor(), token).status_code == 404
    assert fetch('SELECT count(*) FROM "user"') == [(2,)]


def test_a_link_to_a_password_makes_no_account(desk: Desk) -> None:
    admin, ben = register("root"), register("ben", "admin")
    token = actions.reset(admin.who, ben.who.user_id)
    with pytest.raises(Exception, match="Ask for a new one"):
        people.redeem_link(token, "eve", "hash")
    with pytest.raises(Exception, match="Ask for a new one"):
        actions.redeem(people.invite(admin.who, "admin"), "hash")


def test_a_newer_link_and_a_changed_password_void_older_links(desk: Desk) -> None:
    admin, ben = register("root"), register("ben", "viewer")
    older, newer = (actions.reset(admin.who, ben.who.user_id) for _ in range(2))
    assert redeem(desk.visitor(), older).status_code == 404
    client = desk.visitor()
    client.cookies.set(COOKIE, ben.cookie)
    assert change(client, PASSWORD).status_code == 303
    assert redeem(desk.visitor(), newer).status_code == 404


def test_a_disabled_account_gets_no_password(desk: Desk) -> None:
    admin, ben = register("root"), register("ben", "viewer")
    token = actions.reset(admin.who, ben.who.user_id)
    people.disable(admin.who, ben.who.user_id)
    assert desk.visitor().get("/signin/link", params={"token": token}).status_code == 404
    assert redeem(desk.visitor(), token).status_code == 404
    assert sign_in(desk.visitor(), "ben", PASSWORD) == 401
    people.enable(admin.who, ben.who.user_id)
    assert sign_in(desk.visitor(), "ben", PASSWORD) == 303


def test_a_weak_new_password_is_refused_and_the_link_stays(desk: Desk) -> None:
    admin, ben = register("root"), register("benjamin the second", "viewer")
    token = actions.reset(admin.who, ben.who.user_id)
    for weak in ("short", "aaaaaaaaaaaaaaa", "x" * 80, "Benjamin The Second"):
        assert redeem(desk.visitor(), token, weak).status_code == 422
    assert redeem(desk.visitor(), token).status_code == 303


def test_a_new_password_ends_a_lockout(desk: Desk) -> None:
    admin, ben = register("root"), register("ben", "viewer")
    for _ in range(8):
        people.record_failure("ben", "")
    assert sign_in(desk.visitor(), "ben", PASSWORD) == 429
    assert redeem(desk.visitor(), actions.reset(admin.who, ben.who.user_id)).status_code == 303
    assert sign_in(desk.visitor(), "ben", NEW) == 303


# ------------------------------------------------------------------ by its owner


def test_somebody_changes_their_password_and_stays_signed_in_here_only(desk: Desk) -> None:
    ben = register("ben")
    elsewhere = visit(ben.who.user_id)
    client = desk.visitor()
    client.cookies.set(COOKIE, ben.cookie)
    page = client.get("/signin/password")
    assert page.status_code == 200
    assert 'name="current"' in page.text
    answer = change(client, PASSWORD)
    assert (answer.status_code, answer.headers["location"]) == (303, "/settings?changed=password")
    assert who_is(ben.cookie) is not None
    assert who_is(elsewhere.cookie) is None
    assert (sign_in(desk.visitor(), "ben", PASSWORD), sign_in(desk.visitor(), "ben", NEW)) == (401, 303)
    told = fetch("SELECT body FROM event WHERE kind = 'session'")
    assert elsewhere.who.session in str(told)


def test_only_who_is_signed_in_and_knows_the_old_one(desk: Desk) -> None:
    assert desk.visitor().get("/signin/password").status_code in (303, 401)
    assert change(desk.visitor(), PASSWORD).status_code in (303, 401)
    client = desk.visitor("ben")
    assert change(client, "not the old password").status_code == 401
    assert change(client, PASSWORD, PASSWORD).status_code == 422, "the same again is no change"
    assert change(client, PASSWORD, "short").status_code == 422
    client.headers["origin"] = "http://evil.example"
    assert change(client, PASSWORD).status_code == 403
    assert sign_in(desk.visitor(), "ben", PASSWORD) == 303


def test_a_borrowed_browser_cannot_guess_on(desk: Desk) -> None:
    client = desk.visitor("ben")
    codes = [change(client, "not the old password").status_code for _ in range(7)]
    assert codes == [401] * 5 + [429] * 2
    assert change(client, PASSWORD).status_code == 429
    with transaction() as tx:
        entry = tx.session.get(Lockout, subjects("ben", "")[0])
        assert entry is not None
        entry.locked_until = now()
    assert change(client, PASSWORD).status_code == 303


def test_an_account_without_a_password_has_none_to_change_or_to_guess(desk: Desk) -> None:
    with transaction() as tx:
        who = people.add(tx, "ann", "viewer", subject="https://example|1")
    ann = visit(who.user_id)
    client = desk.visitor()
    client.cookies.set(COOKIE, ann.cookie)
    assert "identity provider" in client.get("/signin/password").text
    for guess in ("", "a password that nobody has", PASSWORD):
        assert sign_in(desk.visitor(), "ann", guess) == 401
