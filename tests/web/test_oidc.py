"""Signing in through an identity provider: what is believed, and everything that is not."""

from __future__ import annotations

import logging
import random
import string
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest
from starlette.testclient import TestClient

from engine import logs
from engine.actions import people
from engine.queries import audit
from engine.settings import get_settings
from engine.store.engine import fetch
from tests.access.counts import times
from tests.web.conftest import Desk
from tests.web.provider import ACCESS, CLIENT, SECRET, Provider
from tests.web.redirects import AWAY
from tests.web.serving import register
from web import oidc
from web.gate import COOKIE


@pytest.fixture
def provider(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    with Provider() as running:
        monkeypatch.setenv("PLUMBLINE_OIDC_ISSUER", running.issuer)
        monkeypatch.setenv("PLUMBLINE_OIDC_CLIENT_ID", CLIENT)
        monkeypatch.setenv("PLUMBLINE_OIDC_CLIENT_SECRET", SECRET)
        monkeypatch.setenv("PLUMBLINE_OIDC_NAME", "Example Corp")
        get_settings.cache_clear()
        oidc._registered.cache_clear()
        yield running


def leave(client: TestClient, target: str = "/") -> dict[str, str]:
    """Go to the provider and be sent back: the query of the way back."""
    away = client.get("/auth/oidc/login", params={"next": target})
    assert away.status_code == 302, away.text
    back = httpx2.get(away.headers["location"], follow_redirects=False)
    assert urlsplit(back.headers["location"]).path == "/auth/oidc/callback"
    return dict(parse_qsl(urlsplit(back.headers["location"]).query))


def come_back(client: TestClient, query: dict[str, str]) -> Any:
    return client.get("/auth/oidc/callback", params=query)


def signs_in(client: TestClient, target: str = "/") -> Any:
    return come_back(client, leave(client, target))


def refused(answer: Any) -> bool:
    """Nobody is signed in, and the page says so in words of its own."""
    return answer.status_code in (400, 401, 403) and COOKIE not in answer.headers.get("set-cookie", "")


def test_somebody_new_gets_an_account_with_the_least_role(desk: Desk, provider: Provider) -> None:
    client = desk.visitor()
    done = signs_in(client, "/calibration?dataset=3")
    assert (done.status_code, done.headers["location"]) == (303, "/calibration?dataset=3")
    flags = done.headers["set-cookie"]
    assert all(flag in flags for flag in (f"{COOKIE}=", "HttpOnly", "SameSite=lax", "Path=/"))
    known = [("ann lee", "member", "", f"{provider.issuer}|u-1")]
    assert fetch('SELECT name, role, password_hash, subject FROM "user"') == known
    assert client.get("/signin").headers["location"] == "/"
    assert signs_in(desk.visitor()).status_code == 303
    assert len(fetch('SELECT * FROM "user"')) == 1
    actions = [row[0] for row in fetch("SELECT action FROM audit ORDER BY id")]
    assert actions == ["arrive", "sign_in", "sign_in"]


def test_what_is_asked_of_the_provider(desk: Desk, provider: Provider) -> None:
    client = desk.visitor()
    for _ in range(2):
        leave(client)
    first, second = provider.asked
    assert first["redirect_uri"] == "http://127.0.0.1/auth/oidc/callback"
    assert (first["response_type"], first["code_challenge_method"], first["client_id"]) == ("code", "S256", CLIENT)
    assert "openid" in first["scope"]
    for secret in ("state", "nonce", "code_challenge"):
        assert len(first[secret]) >= 20
        assert first[secret] != second[secret]


def test_the_button_is_there_only_where_it_leads_somewhere(desk: Desk, provider: Provider) -> None:
    page = desk.visitor().get("/signin", params={"next": "/runs?a=b"}).text
    assert 'href="/auth/oidc/login?next=/runs%3Fa%3Db"' in page
    assert "Continue with Example Corp" in page


def test_without_a_provider_there_is_nothing(desk: Desk) -> None:
    client = desk.visitor()
    assert "/auth/oidc" not in client.get("/signin").text
    for path in ("/auth/oidc/login", "/auth/oidc/callback?code=1&state=2"):
        assert client.get(path).status_code == 404


def test_a_name_that_is_taken_is_never_taken_over(desk: Desk, provider: Provider) -> None:
    ann = register("ann lee")
    assert signs_in(desk.visitor()).status_code == 303
    assert fetch('SELECT name, role FROM "user" ORDER BY id')[-2:] == [("ann lee", "admin"), ("ann lee (2)", "member")]
    provider.person = {"sub": f"{ann.who.user_id}", "email": "ann lee"}
    assert signs_in(desk.visitor()).status_code == 303
    assert fetch('SELECT name FROM "user" ORDER BY id DESC LIMIT 1') == [("ann lee (3)",)]


@pytest.mark.parametrize("name", [None, "", "\u200b", "a" * 5000, "<script>", "\x00", 7])
def test_any_name_makes_an_account(desk: Desk, provider: Provider, name: Any) -> None:
    provider.person = {"sub": "u-9", "preferred_username": name}
    assert signs_in(desk.visitor()).status_code == 303
    [(kept,)] = fetch('SELECT name FROM "user"')
    assert 0 < len(kept) <= 100


def test_a_disabled_person_stays_out(desk: Desk, provider: Provider) -> None:
    admin = register("root")
    signs_in(desk.visitor())
    [(user_id,)] = fetch('SELECT id FROM "user" WHERE subject IS NOT NULL')
    people.disable(admin.who, user_id)
    answer = signs_in(desk.visitor())
    assert refused(answer)
    assert "disabled" in answer.text
    assert "disable" in {line.action for line in audit.lines(admin.who)}


# ------------------------------------------------------------------ what is not believed

LIES: list[dict[str, Any]] = [
    {"nonce": "another"},
    {"nonce": None},
    {"aud": "another client"},
    {"aud": ["another client", "a third"]},
    {"aud": None},
    {"iss": "https://evil.example"},
    {"iss": None},
    {"exp": int(time.time()) - 3600},
    {"exp": None},
    {"iat": int(time.time()) + 3600},
    {"sub": None},
    {"sub": ""},
    {"azp": "another client"},
]


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: "-".join(lie))
def test_a_wrong_claim_is_refused(desk: Desk, provider: Provider, lie: dict[str, Any]) -> None:
    provider.bend = lie
    answer = signs_in(desk.visitor())
    assert refused(answer)
    assert fetch('SELECT count(*) FROM "user"') == [(0,)]
    provider.bend = {}
    assert signs_in(desk.visitor()).status_code == 303


@pytest.mark.parametrize("forgery", ["other key", "changed payload", "none", "symmetric", "no id token"])
def test_a_wrong_signature_is_refused(desk: Desk, provider: Provider, forgery: str) -> None:
    provider.forge = forgery
    assert refused(signs_in(desk.visitor()))
    assert fetch('SELECT count(*) FROM "user"') == [(0,)]


def test_a_provider_with_weak_signatures_only_is_not_used(desk: Desk, provider: Provider) -> None:
    provider.metadata = {"id_token_signing_alg_values_supported": ["HS256", "none"]}
    for forgery in ("", "none", "symmetric"):
        provider.forge = forgery
        answer = signs_in(desk.visitor())
        assert refused(answer) or (forgery == "" and answer.status_code == 303)


def test_a_state_of_another_browser_is_refused(desk: Desk, provider: Provider) -> None:
    """Somebody lures a victim onto the end of a sign-in of their own."""
    luring, victim = desk.visitor(), desk.visitor()
    assert refused(come_back(victim, leave(luring)))
    leave(victim)
    assert refused(come_back(victim, leave(luring)))


def test_a_way_back_is_gone_once(desk: Desk, provider: Provider) -> None:
    client = desk.visitor()
    query = leave(client)
    assert come_back(client, query).status_code == 303
    client.cookies.delete(COOKIE)
    assert refused(come_back(client, query))


@pytest.mark.parametrize(
    "change",
    [
        {"state": "x"},
        {"state": ""},
        {"code": "x"},
        {"code": ""},
        {"error": "access_denied"},
        {"error": "<script>alert(1)</script>", "error_description": "<b>canary</b>"},
    ],
    ids=str,
)
def test_a_changed_way_back_is_refused(desk: Desk, provider: Provider, change: dict[str, str]) -> None:
    client = desk.visitor()
    answer = come_back(client, {**leave(client), **change})
    assert refused(answer)
    assert "<script>" not in answer.text
    assert "canary" not in answer.text


@pytest.mark.parametrize("cookie", ["", "x", "e30.x.y", "{}"])
def test_a_forged_flow_is_refused(desk: Desk, provider: Provider, cookie: str) -> None:
    client = desk.visitor()
    query = leave(client)
    client.cookies.clear()
    client.cookies.set("plumbline_oidc", cookie, path="/auth/oidc")
    assert refused(come_back(client, query))


def test_the_flow_lives_ten_minutes(desk: Desk, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    client = desk.visitor()
    query = leave(client)
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: time.time_ns() / 1e9 + 601)
    assert refused(come_back(client, query))


def test_metadata_of_another_issuer_are_not_used(desk: Desk, provider: Provider) -> None:
    provider.metadata = {"issuer": "https://evil.example"}
    assert refused(desk.visitor().get("/auth/oidc/login"))


def test_a_provider_that_is_away_leaves_the_password(desk: Desk, provider: Provider) -> None:
    provider.__exit__(None, None, None)
    answer = desk.visitor().get("/auth/oidc/login")
    assert refused(answer)
    assert '<a href="/signin">' in answer.text


def test_a_wrong_client_secret_is_told_as_a_failure(
    desk: Desk, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLUMBLINE_OIDC_CLIENT_SECRET", "w" + SECRET)
    get_settings.cache_clear()
    assert refused(signs_in(desk.visitor()))


def test_the_way_back_never_leads_away(desk: Desk, provider: Provider) -> None:
    client = desk.visitor()
    for target in AWAY[:: times(6, 1)]:
        assert signs_in(client, target).headers["location"] == "/"


# ------------------------------------------------------------------ forgeries by the thousand


def test_a_changed_state_or_flow_is_never_believed(
    desk: Desk, provider: Provider, record_property: Callable[[str, object], None]
) -> None:
    """The state in the address, the signed cookie, or both."""
    draw, client, tries = random.Random(20261123), desk.visitor(), times(150, 10_000)
    query = leave(client)
    flow = client.cookies["plumbline_oidc"]
    for _ in range(tries):
        client.cookies.clear()
        changes = draw.choice([(True, False), (False, True), (True, True)])
        client.cookies.set("plumbline_oidc", mutated(draw, flow) if changes[0] else flow, path="/auth/oidc")
        state = mutated(draw, query["state"]) if changes[1] else query["state"]
        assert refused(come_back(client, {**query, "state": state}))
    client.cookies.set("plumbline_oidc", flow, path="/auth/oidc")
    assert come_back(client, query).status_code == 303
    record_property("runs", tries)


def test_a_changed_identity_is_never_believed(
    desk: Desk, provider: Provider, record_property: Callable[[str, object], None]
) -> None:
    """A letter of the provider's signed answer changed, on its way to us."""
    draw, signed, tries = random.Random(20261123), provider.signed, times(12, 2_000)
    provider.signed = lambda claims: mutated(draw, signed(claims))
    client = desk.visitor()
    for _ in range(tries):
        assert refused(signs_in(client))
    assert fetch('SELECT count(*) FROM "user"') == [(0,)]
    provider.signed = signed
    assert signs_in(client).status_code == 303
    record_property("runs", tries)


def mutated(draw: random.Random, text: str) -> str:
    """The text with something changed that means something."""
    at = draw.randrange(len(text) - 1)
    letter = draw.choice([one for one in string.ascii_letters + string.digits + "-_." if one != text[at]])
    return draw.choice(
        [
            text[:at] + letter + text[at + 1 :],
            text[:at],
            text[at + 1 :],
            text[:at] + text[at + 1 :],
            text[:at] + letter + text[at:],
            letter + text,
            text[::-1],
            text.swapcase(),
        ]
    )


THEIRS = ("", "httpx2", "httpcore2", "uvicorn", "uvicorn.error", "uvicorn.access", "authlib")
"""Loggers of other packages, which speak from `warning` on (`engine.logs`). In a test the browser and the provider
log here as well, with their addresses: at the levels that another test may have left, those would be found.
"""


def test_nothing_secret_is_logged_or_kept(
    desk: Desk, provider: Provider, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    for name in THEIRS:
        caplog.set_level(logging.WARNING, name)
    for name in logs.OURS:
        caplog.set_level(logging.DEBUG, name)
    client = desk.visitor()
    query = leave(client)
    done = come_back(client, query)
    cookie = client.cookies[COOKIE]
    provider.forge = "other key"
    signs_in(desk.visitor())
    told = capsys.readouterr()
    places = {
        "printed": told.out + told.err,
        "logged": caplog.text,
        "answered": done.text,
        **{table: str(fetch(f'SELECT * FROM "{table}"')) for table in ("audit", "event", "user", "session")},
    }
    assert "BadSignatureError" in places["logged"]
    secrets = {"secret": SECRET, "code": query["code"], "state": query["state"], "cookie": cookie, "token": ACCESS}
    found = [(what, place) for what, secret in secrets.items() for place, text in places.items() if secret in text]
    assert found == []
