"""What stands at the address of a share, and what its token opens besides: nothing (test 5 of the catalogue)."""

from __future__ import annotations

import io
import json
import logging
import re
import secrets
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from starlette.testclient import TestClient

from engine import logs
from engine.access.shares import who_of
from engine.actions import datasets, shares
from engine.errors import NotEnoughData
from engine.queries import results
from engine.queries import shares as queries
from engine.store.engine import fetch
from tests.access.counts import times
from tests.web.conftest import ORIGIN, Desk
from tests.web.everything import METHODS, behind_the_gate, over_http
from tests.web.serving import Person, register
from tests.web.sharing import answered, share, work
from web import shares as served
from web.gate import COOKIE, OPEN, SHARED
from web.headers import loggable

HOSTILE = "<img src=x onerror=alert(1)>\"'&"
SITES = "https://wiki.example.com https://b.example:8443"


@pytest.fixture
def ann(desk: Desk) -> Person:
    served._views._made.clear()
    made = register("ann")
    answered(made.who)
    return made


@pytest.fixture
def reader(desk: Desk) -> TestClient:
    """Somebody without an account."""
    client = desk.visitor()
    del client.headers["origin"]
    return client


def bare(answer: Any) -> tuple[int, str, dict[str, str]]:
    """An answer without what is new each time."""
    varying = {"x-request-id", "date"}
    text = re.sub(r'"request_id":"[0-9a-f]+"', "", answer.text)
    return answer.status_code, text, {name: value for name, value in answer.headers.items() if name not in varying}


# ------------------------------------------------------------------ the page


def test_the_page_shows_the_answer_without_an_account(ann: Person, reader: TestClient) -> None:
    token = share(ann.who, 1, title=HOSTILE)
    page = reader.get(f"/share/{token}")
    told = json.loads(queries.shown(_who(token)))
    assert page.status_code == 200
    assert f'<h1 id="sentence">{told["sentence"]}</h1>' in page.text
    for said in ("Shared by ann", ", version 1", "The same as a table", "SHA-256", ">Live<"):
        assert said in page.text
    assert HOSTILE not in page.text
    assert len(page.content) < 60_000
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["x-robots-tag"] == "noindex, nofollow"
    assert "set-cookie" not in page.headers
    view = reader.get(f"/share/{token}/view")
    assert (view.json(), view.headers["cache-control"], view.headers["referrer-policy"]) == (
        told,
        "no-store",
        "no-referrer",
    )


def _who(token: str) -> Any:
    who = who_of(token)
    assert who is not None
    return who


def test_the_page_loads_what_it_may_and_nothing_else(ann: Person, reader: TestClient) -> None:
    page = reader.get(f"/share/{share(ann.who, 1)}").text
    named = re.findall(r'(?:src|href|data-plotly)="([^"]+)"', page)
    assert len(named) == 4
    for address in named:
        answer = reader.get(address)
        assert answer.status_code == 200, address
        assert address.startswith("/assets/icon") or "immutable" in answer.headers["cache-control"]
    assert "--pl-canvas:light-dark(" in reader.get("/share/assets/shared.css").text
    assert reader.get("/share/assets/plumb.js").headers["cache-control"] == "private, no-cache"
    for name in ("tools.js", "../tools.js", "", "shared.js/", "%2e%2e/plumb.css"):
        assert reader.get(f"/share/assets/{name}").status_code in (400, 401, 404), name


def test_a_live_page_is_told_of_newer_rows_only(ann: Person, reader: TestClient) -> None:
    live, frozen = share(ann.who, 1), share(ann.who, 1, mode="frozen")
    before = reader.get(f"/share/{frozen}").content, reader.get(f"/share/{frozen}/view").content
    assert reader.get(f"/share/{live}/view?version=1").status_code == 204
    datasets.set_mapping(ann.who, 1, {"slice": "prompt"})
    work()
    assert reader.get(f"/share/{live}/view?version=1").json()["version"] == 2
    assert "version 2" in reader.get(f"/share/{live}").text
    datasets.rename(ann.who, 1, "renamed")
    assert (reader.get(f"/share/{frozen}").content, reader.get(f"/share/{frozen}/view").content) == before
    assert "As it was on" in before[0].decode()


def test_where_there_is_no_answer_now_the_page_says_why(
    ann: Person, reader: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = share(ann.who, 1)
    with monkeypatch.context() as patch:
        patch.setattr(results, "answered", _too_few)
        page = reader.get(f"/share/{token}")
        assert (page.status_code, "Too few prompts by now." in page.text) == (200, True)
    assert "Too few prompts" not in reader.get(f"/share/{token}").text


def _too_few(*_given: object, **_more: object) -> Any:
    raise NotEnoughData("Too few prompts by now.")


def test_openings_are_counted_once_and_polls_are_none(ann: Person, reader: TestClient) -> None:
    token = share(ann.who, 1)
    reader.head(f"/share/{token}")
    reader.get(f"/share/{token}/view")
    assert [one.opened for one in queries.list_shares(ann.who)] == [0]
    for _ in range(3):
        reader.get(f"/share/{token}")
    assert [one.opened for one in queries.list_shares(ann.who)] == [1]


# ------------------------------------------------------------------ what opens nothing


def test_whatever_opens_nothing_is_answered_alike(
    ann: Person, desk: Desk, reader: TestClient, record_property: Callable[[str, object], None]
) -> None:
    link, embed = share(ann.who, 1), share(ann.who, 1, kind="embed", origins=SITES)
    ended = share(ann.who, 1)
    shares.revoke(ann.who, _who(ended).share.id)
    wrong = [secrets.token_urlsafe(32) for _ in range(times(60, 200))]
    wrong += [":token", "{token}", link.upper(), link[:-1], link + "x", ended, "null", "a" * 2_000, "%F0"]
    before = str([fetch(f"SELECT * FROM {table}") for table in ("audit", "event", "lockout", "share")])
    first = bare(reader.get(f"/share/{secrets.token_urlsafe(32)}"))
    assert (first[0], first[2]["x-frame-options"], first[2]["referrer-policy"]) == (404, "DENY", "no-referrer")
    assert "Ask who sent it" in first[1]
    for token in [*wrong, embed]:
        assert bare(reader.get(f"/share/{token}")) == first, token
    for token in [*wrong, link]:
        assert bare(reader.get(f"/embed/{token}")) == first, token
    view = bare(reader.get(f"/share/{wrong[0]}/view"))
    assert view[0] == 404
    assert all(bare(reader.get(f"/share/{token}/view")) == view for token in [*wrong, embed])
    assert str([fetch(f"SELECT * FROM {table}") for table in ("audit", "event", "lockout", "share")]) == before
    for path in ("/share/", "/embed/", f"/share/{link}/", f"/share/{link}/rows", f"/share/{link}/view/1"):
        assert reader.get(path).status_code == 404, path
    signed_in = desk.visitor("ben")
    assert bare(signed_in.get(f"/share/{wrong[0]}")) == first
    record_property("runs", 3 * len(wrong))


def test_a_token_opens_no_other_address(ann: Person, record_property: Callable[[str, object], None]) -> None:
    """As it is, as a cookie and as a bearer: nothing behind the gate is reached with it that is not without it."""
    token, runs = share(ann.who, 1), 0
    given = ({}, {"authorization": f"Bearer {token}"}, {"cookie": f"{COOKIE}={token}"}, {"x-share": token})
    with behind_the_gate(origin=ORIGIN) as client:
        for method, path in product(("GET", "POST"), over_http()):
            asked = f"{path}?token={token}&share={token}"
            plain, *others = (client.request(method, asked, headers=headers).status_code for headers in given)
            runs += len(given)
            assert {*others} <= {plain, 401}, (method, path)
            assert plain in (303, 401, 404) or (method, path) in OPEN or path.startswith(SHARED), (method, path)
    assert runs > 300
    record_property("runs", runs)


def test_nothing_is_written_through_a_share(ann: Person, desk: Desk, reader: TestClient) -> None:
    link, embed = share(ann.who, 1), share(ann.who, 1, kind="embed", origins=SITES)
    signed_in, stranger = desk.visitor(), desk.visitor()
    signed_in.cookies.set(COOKIE, ann.cookie)
    for method in set(METHODS) - {"GET", "HEAD"}:
        for path in (f"/share/{link}", f"/share/{link}/view", f"/embed/{embed}"):
            assert reader.request(method, path).status_code in (401, 403), (method, path)
            assert stranger.request(method, path).status_code in (303, 401, 403), (method, path)
            assert signed_in.request(method, path).status_code in (404, 405), (method, path)
    assert [one.opened for one in queries.list_shares(ann.who)] == [0, 0]


def test_a_revoked_link_is_dead_at_once(ann: Person, reader: TestClient) -> None:
    for mode in ("live", "frozen"):
        token = share(ann.who, 1, mode=mode)
        addresses = (f"/share/{token}", f"/share/{token}/view", f"/share/{token}/view?version=1")
        assert [reader.get(address).status_code for address in addresses] in ([200, 200, 204], [200, 200, 200])
        shares.revoke(ann.who, _who(token).share.id)
        assert [reader.get(address).status_code for address in addresses] == [404, 404, 404]


# ------------------------------------------------------------------ framing


def test_embeds_are_framed_by_their_sites_and_links_by_none(ann: Person, reader: TestClient) -> None:
    embed, link = share(ann.who, 1, kind="embed", origins=SITES), share(ann.who, 1)
    framed, alone = reader.get(f"/embed/{embed}"), reader.get(f"/share/{link}")
    policy = framed.headers["content-security-policy"]
    assert policy.endswith(f"; frame-ancestors {SITES}")
    assert policy.count("frame-ancestors") == 1
    assert "x-frame-options" not in framed.headers
    assert framed.headers["referrer-policy"] == "no-referrer"
    assert 'class="embedded"' in framed.text
    assert alone.headers["content-security-policy"] == policy.replace(SITES, "'none'")
    assert alone.headers["x-frame-options"] == "DENY"
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src")
    for path in ("/signin", "/share/nothing", "/embed/nothing"):
        assert reader.get(path).headers["x-frame-options"] == "DENY"


# ------------------------------------------------------------------ logs


def test_tokens_are_not_logged(ann: Person, reader: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    token = share(ann.who, 1)
    assert loggable(f"/share/{token}/view") == "/share/…/view"
    assert loggable(f"/embed/{token}") == "/embed/…"
    assert loggable("/share/assets/shared.js") == "/share/assets/shared.js"
    assert loggable("/view/calibration") == "/view/calibration"
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    handler.setFormatter(logs.formatter())
    logging.getLogger().addHandler(handler)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(served.shares, "shown", _failing)
            assert reader.get(f"/share/{token}").status_code == 500
        logging.getLogger("web").error("GET %s/share/%s/view refused", ORIGIN, token)
    finally:
        logging.getLogger().removeHandler(handler)
    assert "/share/…" in heard.getvalue()
    assert token not in heard.getvalue()


def _failing(*_given: object) -> bytes:
    raise RuntimeError("broken")
