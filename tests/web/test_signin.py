import inspect
from http.cookies import SimpleCookie
from typing import Any

import pytest
from starlette.testclient import TestClient

from engine import registry
from engine.access.sessions import subjects
from engine.actions import people
from engine.store.tables import Lockout
from engine.store.times import now
from engine.store.transaction import transaction
from jobs.command import run
from tests.web.conftest import ORIGIN, Desk
from tests.web.redirects import AWAY, STAYING
from tests.web.serving import PASSWORD, register
from web import passwords
from web.forms import safe_next
from web.gate import COOKIE

WRONG = "a plumb line hangs false"


def try_in(client: TestClient, name: str, password: str, target: str = "/") -> Any:
    return client.post("/auth/session", data={"name": name, "password": password, "next": target})


# ------------------------------------------------------------------ password


def test_the_form_works_without_script_and_keeps_where_to_go(desk: Desk) -> None:
    page = desk.visitor().get("/signin", params={"next": "/secret?a=1&b=2"})
    assert page.status_code == 200
    assert 'name="next" value="/secret?a=1&amp;b=2"' in page.text
    assert "<script" not in page.text
    assert "script-src" not in page.headers["content-security-policy"]
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_a_good_password_opens_a_session(desk: Desk) -> None:
    register("ann")
    client = desk.visitor()
    answer = try_in(client, " Ann ", PASSWORD, "/secret?a=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/secret?a=1")
    assert client.get("/signin").headers["location"] == "/"


@pytest.mark.parametrize(("origin", "secure"), [(ORIGIN, False), ("https://127.0.0.1", True)])
def test_the_cookie_is_out_of_reach(desk: Desk, monkeypatch: pytest.MonkeyPatch, origin: str, secure: bool) -> None:
    monkeypatch.setattr(desk.settings, "tls", secure)
    register("ann")
    cookie = SimpleCookie(try_in(desk.visitor(origin=origin), "ann", PASSWORD).headers["set-cookie"])[COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], bool(cookie["secure"])) == (
        True,
        "lax",
        "/",
        secure,
    )
    assert (cookie["domain"], int(cookie["max-age"])) == ("", 14 * 86_400)
    assert len(cookie.value) >= 43


def test_a_wrong_password_says_so_kindly_and_keeps_the_name(desk: Desk) -> None:
    register("ann")
    answer = try_in(desk.visitor(), "ann<b>", WRONG)
    assert answer.status_code == 401
    assert "do not belong together" in answer.text
    assert 'value="ann&lt;b&gt;"' in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("name", ["ann", "nobody", "", "a" * 5000, "\0", "ann\u202e", "' OR 1=1 --"])
def test_known_and_unknown_names_cost_one_check_each(desk: Desk, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    register("ann")
    checked: list[str] = []

    class Counting:
        @staticmethod
        def check_pw(password: str, stored: str) -> bool:
            checked.append(password)
            return False

        hash = staticmethod(lambda password: "hash")

    monkeypatch.setattr(passwords, "hasher", lambda: Counting)
    assert try_in(desk.visitor(), name, WRONG).status_code == 401
    assert checked == [WRONG]


@pytest.mark.parametrize("password", ["é" * 37, "x" * 73, "😀" * 19, "", "\0" * 12, "a\0b"])
def test_passwords_that_bcrypt_would_cut_or_refuse_never_match(desk: Desk, password: str) -> None:
    register("ann")
    assert try_in(desk.visitor(), "ann", password).status_code == 401


def test_a_form_that_is_none_of_ours_is_refused_unread(desk: Desk) -> None:
    client = desk.visitor()
    assert try_in(client, "ann", "x" * 20_000).status_code == 400
    assert client.post("/auth/session", json={"name": "ann"}).status_code == 401
    assert client.post("/auth/session", data={str(n): "x" for n in range(100)}).status_code == 401


# ------------------------------------------------------------------ lockout


def test_an_account_is_locked_after_a_few_tries_and_opens_again(desk: Desk) -> None:
    register("ann")
    client = desk.visitor()
    codes = [try_in(client, "ann", WRONG).status_code for _ in range(9)]
    assert codes == [401] * 5 + [429] * 4
    locked = try_in(client, "ann", PASSWORD)
    assert locked.status_code == 429
    assert 0 < int(locked.headers["retry-after"]) <= 30
    assert "Too many tries" in locked.text
    assert try_in(desk.visitor(), "ann", PASSWORD).status_code == 429  # kept in the store, not in this process
    with transaction() as tx:
        tx.session.get(Lockout, subjects("ann", "")[0]).locked_until = now()
    assert try_in(client, "ann", PASSWORD).status_code == 303


def test_an_address_that_tries_many_names_is_locked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    class Quick:
        check_pw = staticmethod(lambda password, stored: False)
        hash = staticmethod(lambda password: "hash")

    monkeypatch.setattr(passwords, "hasher", lambda: Quick)
    client = desk.visitor()
    codes = [try_in(client, f"person {n}", WRONG).status_code for n in range(25)]
    assert codes == [401] * 20 + [429] * 5


def test_good_passwords_never_lock_an_address(desk: Desk) -> None:
    register("ann")
    client = desk.visitor()
    assert {try_in(client, "ann", PASSWORD).status_code for _ in range(25)} == {303}


# ------------------------------------------------------------------ where to go


def test_there_are_fifty_ways_to_lead_away() -> None:
    assert len(set(AWAY)) >= 50


@pytest.mark.parametrize("target", AWAY)
def test_signing_in_never_leads_away(desk: Desk, target: str) -> None:
    """For who is signed in already, and for who signs in now."""
    assert safe_next(target) == "/"
    answer = desk.visitor("ann").get("/signin", params={"next": target})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    client = desk.visitor()
    assert 'name="next" value="/"' in client.get("/signin", params={"next": target}).text
    answer = try_in(client, "ann", PASSWORD, target)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "a" not in answer.cookies


@pytest.mark.parametrize("target", STAYING)
def test_our_own_pages_are_where_signing_in_leads(target: str) -> None:
    assert safe_next(target) == target


# ------------------------------------------------------------------ one-time link


def redeem(client: TestClient, token: str, name: str = "ada", password: str = PASSWORD) -> Any:
    return client.post("/signin/link", data={"token": token, "name": name, "password": password})


def test_a_dead_link_names_every_way_in_that_there_is(desk: Desk) -> None:
    page = desk.visitor().get("/signin/link", params={"token": "old"}).text
    assert '<a href="/signin">Sign in with an account</a>' in page
    assert "python -m jobs run --new-link" in page
    assert {action.title for action in registry.ACTIONS.values() if action.title in page} == {"Invite somebody"}
    assert "--new-link" in inspect.getsource(run.add)


def test_looking_at_a_link_does_not_use_it_up_and_using_it_does(desk: Desk) -> None:
    token = people.create_first_link()
    client = desk.visitor()
    for _ in range(3):
        assert client.get("/signin/link", params={"token": token}).status_code == 200
        assert client.head("/signin/link", params={"token": token}).status_code == 200
    answer = redeem(client, token)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert COOKIE in answer.headers["set-cookie"]
    assert redeem(desk.visitor(), token, "eve").status_code == 404
    used = desk.visitor().get("/signin/link", params={"token": token})
    assert (used.status_code, "<form" in used.text) == (404, False)


@pytest.mark.parametrize(
    "password", ["", "short", "12345678901", "aaaaaaaaaaaa", "abababababababab", "x" * 80, "é" * 40]
)
def test_a_weak_password_is_refused_with_the_reason_and_the_link_stays(desk: Desk, password: str) -> None:
    token = people.create_first_link()
    answer = redeem(desk.visitor(), token, "ada", password)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert redeem(desk.visitor(), token).status_code == 303


def test_a_name_that_is_taken_or_empty_leaves_the_link(desk: Desk) -> None:
    ann = register("ann")
    token = people.invite(ann.who, "viewer")
    assert redeem(desk.visitor(), token, "ANN").status_code == 409
    assert redeem(desk.visitor(), token, "\u200b").status_code == 400
    assert redeem(desk.visitor(), token, "ben").status_code == 303


@pytest.mark.parametrize("token", ["", "x", "a" * 43, ":token", "\ud800", "%00"])
def test_guessed_links_open_nothing(desk: Desk, token: str) -> None:
    people.create_first_link()
    assert redeem(desk.visitor(), token.encode("utf-8", "replace").decode()).status_code == 404


def test_a_link_from_elsewhere_cannot_be_posted(desk: Desk) -> None:
    token = people.create_first_link()
    client = desk.visitor()
    client.headers["origin"] = "http://evil.example"
    assert redeem(client, token).status_code == 403
    client.headers["origin"] = ORIGIN
    assert redeem(client, token).status_code == 303


# ------------------------------------------------------------------ signing out


def test_an_old_cookie_is_worth_nothing_after_signing_out(desk: Desk) -> None:
    client = desk.visitor("ann")
    cookie = client.cookies[COOKIE]
    assert client.post("/auth/signout").headers["location"] == "/signin"
    again = desk.visitor()
    again.cookies.set(COOKIE, cookie)
    assert again.get("/view/calibration?dataset=1").status_code == 401
    assert again.get("/signin").status_code == 200


def test_signing_out_twice_leads_to_the_form_again(desk: Desk) -> None:
    answer = desk.visitor().post("/auth/signout", headers={"sec-fetch-mode": "navigate"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/signin")


def test_signing_out_needs_a_post(desk: Desk) -> None:
    client = desk.visitor("ann")
    assert client.get("/auth/signout").status_code == 405
    assert client.get("/signin").status_code == 303
