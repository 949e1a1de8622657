"""Rules that hold for every address there is: found by reflection, so that none is forgotten (tests 2, 11, 17)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice, product
from urllib.parse import unquote

import pytest
from starlette.routing import Match, Route
from starlette.testclient import TestClient, WebSocketDenialResponse

from engine.actions import tokens
from tests.access.counts import times
from tests.web.conftest import ORIGIN, Desk
from tests.web.everything import METHODS, REACHED, addresses, behind_the_gate, over_http, over_websockets
from tests.web.serving import register
from web.assets import catalogue
from web.gate import CLOSED, OPEN, SAFE_METHODS, SHARED
from web.routes import ROUTES

Record = Callable[[str, object], None]
HEADERS = ("content-security-policy", "cache-control", "x-frame-options", "x-request-id")


@pytest.fixture
def cookie(desk: Desk) -> str:
    return register("ann").cookie


def is_open(method: str, path: str) -> bool:
    method = "GET" if method == "HEAD" else method
    return (method, path) in OPEN or (method == "GET" and path.startswith(("/share/", "/embed/")))


def test_reflection_finds_what_is_known_to_be_there() -> None:
    known = {"/", "/signin", "/auth/session", "/upload", "/api/v1/projects", "/_stcore/health", "/_stcore/metrics"}
    assert known <= set(over_http())
    assert any(path.startswith("/media/") for path in over_http())
    assert over_websockets() == ["/_stcore/stream", "/live"]
    assert len(over_http()) > 40


def test_without_a_session_the_open_addresses_answer_and_no_other(desk: Desk, record_property: Record) -> None:
    runs, reached = 0, set()
    with behind_the_gate(origin=ORIGIN) as client:
        for method, path in product(METHODS, over_http()):
            accept = "text/html" if method == "POST" else "*/*"
            answer = client.request(method, path, headers={"accept": accept})
            runs += 1
            if answer.status_code == 200:
                reached.add((method, path))
            elif answer.status_code == 303:
                assert answer.headers["location"].startswith("/signin")
            else:
                assert answer.status_code == (404 if path.startswith(CLOSED) else 401), (method, path)
    assert reached == {(method, path) for method, path in product(METHODS, over_http()) if is_open(method, path)}
    record_property("runs", runs)


BELOW = ("", "1", "1/", "1/view", "1/view/", "1/2", "../people", "%2e%2e/people", "1/../../people", "assets", "assets/")


@pytest.mark.parametrize("place", SHARED)
def test_whatever_is_asked_for_below_a_share_is_answered_by_us(desk: Desk, place: str) -> None:
    """The gate opens all of it: nothing there may fall through to Streamlit, which answers any path with its page."""
    with desk.visitor() as client:
        for rest in BELOW:
            path = f"{place}{rest}"
            assert any(route.matches(scope_of(path))[0] == Match.FULL for route in ROUTES), path
            assert client.get(path).status_code in (303, 400, 401, 404), path


def scope_of(path: str) -> dict[str, object]:
    return {"type": "http", "method": "GET", "path": unquote(path), "headers": []}


def test_every_open_address_is_one_of_ours_and_takes_that_method() -> None:
    """An exception for an address that is not there would be one for whatever comes there next."""
    routes = [(route, path) for route, path in addresses(ROUTES) if isinstance(route, Route)]
    ours = {(method, path) for route, path in routes for method in route.methods or ()}
    assets = {("GET", f"/assets/{name}") for name in catalogue()}
    assert {pair for pair in OPEN if pair[1] != "/_stcore/health"} <= ours | assets


@pytest.mark.parametrize("cookie", ["", "x", "a" * 43, "%00", "plumbline_session=1; plumbline_session=2"])
def test_without_a_session_no_address_opens_a_websocket(desk: Desk, record_property: Record, cookie: str) -> None:
    paths = [*over_http(), *over_websockets()]
    with behind_the_gate(cookie, origin=ORIGIN) as client:
        for path in paths:
            assert refused_socket(client, path), path
    record_property("runs", len(paths))


def refused_socket(client: TestClient, path: str, **headers: str) -> bool:
    """Whether a websocket is refused before it is accepted, with every header."""
    try:
        with client.websocket_connect(f"ws://127.0.0.1{path}", headers=headers) as socket:
            assert socket.receive_text() == REACHED
            return False
    except WebSocketDenialResponse as refusal:
        return refusal.status_code == 403 and set(HEADERS) <= set(refusal.headers)


# ------------------------------------------------------------------ other sites

ELSEWHERE = (
    {"origin": "http://evil.example"},
    {"origin": "null"},
    {"origin": ""},
    {"origin": "http://127.0.0.1:8501"},
    {"origin": "http://127.0.0.1.evil.example"},
    {"origin": "http://evil.example/127.0.0.1"},
    {"origin": "http://127.0.0.1@evil.example"},
    {"origin": "ftp://127.0.0.1"},
    {"origin": "127.0.0.1"},
    {"origin": "http://localhost"},
    {"origin": "http://evil.example", "host": "evil.example"},
    {"origin": "http://127.0.0.1.evil.example", "host": "127.0.0.1.evil.example"},
    {"origin": ORIGIN, "host": "evil.example"},
    {"origin": ORIGIN, "host": "evil.example", "x-forwarded-host": "127.0.0.1"},
    {"origin": ORIGIN, "host": "localhost@evil.example"},
    {"origin": ORIGIN, "host": "2130706433"},
    {"origin": ORIGIN, "host": "0.0.0.0"},
    {"origin": ORIGIN, "host": ""},
    {},
)
"""What a page elsewhere, a name that points here, or a program without an Origin sends with somebody's cookie."""


def is_program(path: str) -> bool:
    return path.startswith(("/api/v1", "/metrics"))


def test_no_other_site_changes_anything(cookie: str, record_property: Record) -> None:
    every = product(sorted(set(METHODS) - SAFE_METHODS), over_http(), ELSEWHERE)
    tried = list(islice(every, 0, None, times(16, 1)))
    with behind_the_gate(cookie) as client:
        for method, path, headers in tried:
            assert client.request(method, path, headers=headers).status_code == 403, (method, path, headers)
    assert all(headers in [one for _, _, one in tried] for headers in ELSEWHERE)
    record_property("runs", len(tried))


def test_no_other_site_opens_a_websocket(cookie: str, record_property: Record) -> None:
    with behind_the_gate(cookie) as client:
        for path, headers in product(over_websockets(), ELSEWHERE):
            assert refused_socket(client, path, **headers), (path, headers)
        for path in over_websockets():
            assert not refused_socket(client, path, origin=ORIGIN)
    record_property("runs", len(ELSEWHERE) * len(over_websockets()))


def test_our_own_pages_and_tokens_pass(desk: Desk, cookie: str) -> None:
    """The rules above refuse something; they do not refuse everything."""
    person = register("ben")
    secret = tokens.create(person.who, "one", "admin")
    with behind_the_gate(cookie, origin=ORIGIN) as client:
        for path in over_http():
            expected = 404 if path.startswith(CLOSED) else 403 if is_program(path) else 200
            assert client.post(path).status_code == expected, path
    with behind_the_gate(authorization=f"Bearer {secret}") as client:
        for path in filter(is_program, over_http()):
            assert client.post(path).text == REACHED
            for headers in ELSEWHERE[:-1]:
                assert client.post(path, headers=headers).status_code == 403
