"""Whatever fails, the browser learns an id and nothing else, and the id is found in the log (tests 17 and 18)."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.testclient import TestClient, WebSocketDenialResponse

import server
from engine.errors import StoreUnavailable
from engine.queries import people
from engine.settings import Settings
from tests.processes.conftest import installed
from tests.store.people import person
from tests.web.serving import visit
from web import logs
from web.gate import COOKIE
from web.routes import ROUTES

HIDDEN = ("SELECT password_hash", "/etc/secret/place", "pl_CANARYCANARY", "Traceback", "site-packages", "RuntimeError")
MESSAGE = "SELECT password_hash FROM user at /etc/secret/place with pl_CANARYCANARY"
HEADERS = {
    "content-security-policy": "frame-ancestors",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "x-frame-options": "",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=()",
    "cache-control": "",
    "x-request-id": "",
}


async def fail(*_args: object) -> None:
    raise RuntimeError(MESSAGE)


def failing(routes: list[BaseRoute]) -> list[BaseRoute]:
    """The same routes, each of which fails."""
    made: list[BaseRoute] = []
    for route in routes:
        if isinstance(route, Mount):
            made.append(Mount(route.path, routes=failing(list(route.routes))))
        elif isinstance(route, WebSocketRoute):
            made.append(WebSocketRoute(route.path, fail))
        else:
            assert isinstance(route, Route)
            made.append(Route(route.path, fail, methods=list(route.methods or ["GET"])))
    return made


def calls(routes: list[BaseRoute], before: str = "") -> Iterator[tuple[str, str]]:
    """Every method and address there is."""
    for route in routes:
        if isinstance(route, Mount):
            yield from calls(list(route.routes), before + route.path)
        elif isinstance(route, Route):
            address = before + route.path.translate(str.maketrans("", "", "{}")).replace(":path", "").replace(
                ":int", ""
            )
            for method in sorted((route.methods or {"GET"}) - {"HEAD"}):
                yield method, address.replace("extension", "csv").replace("dataset_id", "1").replace("run_id", "1")


CALLS = sorted(set(calls(ROUTES)))


@pytest.fixture(scope="module", autouse=True)
def logging_as_in_the_server() -> None:
    logs.hand_to_logging()


def client_of(cookie: str) -> TestClient:
    """A browser with this cookie, in front of the product whose every route fails."""
    app = Starlette(routes=failing(ROUTES), middleware=server.MIDDLEWARE, exception_handlers=server.HANDLERS)
    origin = "http://127.0.0.1"
    made = TestClient(app, origin, raise_server_exceptions=False, headers={"origin": origin})
    made.cookies.set(COOKIE, cookie)
    return made


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with installed(tmp_path_factory.mktemp("errors") / "home") as settings:
        yield settings


@pytest.fixture(scope="module")
def client(home: Settings) -> Iterator[TestClient]:
    with client_of(visit(person().user_id).cookie) as made:
        yield made


def assert_safe(text: str) -> None:
    assert not any(word in text for word in HIDDEN)


def logged(caplog: pytest.LogCaptureFixture, error_id: str) -> bool:
    return any(isinstance(record.msg, dict) and record.msg.get("error_id") == error_id for record in caplog.records)


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_a_route_that_fails_says_an_id_and_nothing_else(
    client: TestClient, caplog: pytest.LogCaptureFixture, method: str, path: str
) -> None:
    caplog.set_level(logging.INFO)
    if method not in ("GET", "HEAD", "OPTIONS") and path.startswith("/api/"):
        pytest.skip("a program changes things with a token: see the tests of the API")
    answer = client.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert_safe(answer.text + str(answer.headers))
    assert answer.headers["x-error-id"] == answer.json()["error_id"]
    assert logged(caplog, answer.json()["error_id"])
    for name, value in HEADERS.items():
        assert value in answer.headers[name]


def test_somebody_who_opens_a_page_gets_a_page(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    answer = client.get("/", headers={"accept": "text/html", "sec-fetch-mode": "navigate"})
    assert answer.status_code == 500
    assert answer.headers["content-type"].startswith("text/html")
    assert f"Error {answer.headers['x-error-id']}" in answer.text
    assert_safe(answer.text)
    assert logged(caplog, answer.headers["x-error-id"])


def test_a_socket_that_fails_closes_with_its_id(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with pytest.raises(WebSocketDenialResponse) as refused, client.websocket_connect("ws://127.0.0.1/live"):
        pass
    answer = refused.value
    assert answer.status_code == 500
    assert_safe(answer.text + str(answer.headers))
    assert logged(caplog, answer.headers["x-error-id"])
    for name, value in HEADERS.items():
        assert value in answer.headers[name]


@pytest.mark.parametrize("cookie", ["", "unknown"])
def test_a_socket_that_is_refused_carries_every_header(client: TestClient, cookie: str) -> None:
    with client_of(cookie) as nobody, pytest.raises(WebSocketDenialResponse) as refused:
        nobody.websocket_connect("ws://127.0.0.1/live").__enter__()
    assert refused.value.status_code == 403
    for name, value in HEADERS.items():
        assert value in refused.value.headers[name]


@pytest.mark.parametrize("path", ["/", "/signin", "/view/calibration?dataset=1", "/metrics"])
def test_a_store_that_is_away_at_the_gate_is_said_as_such(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    def away(_cookie: str) -> None:
        raise StoreUnavailable("The store is busy; nothing was saved.", code="store_busy") from OSError(MESSAGE)

    caplog.set_level(logging.INFO)
    monkeypatch.setattr(people, "who_is", away)
    answer = client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (503, "store_busy")
    assert_safe(answer.text)
    assert logged(caplog, answer.json()["error_id"])


def test_tls_is_insisted_on_where_it_is_there(monkeypatch: pytest.MonkeyPatch, client: TestClient) -> None:
    assert "strict-transport-security" not in client.get("/signin").headers
    from web import headers

    with monkeypatch.context() as patch:
        patch.setattr(headers, "get_settings", lambda: Settings(tls=True))
        app = Starlette(routes=ROUTES, middleware=server.MIDDLEWARE, exception_handlers=server.HANDLERS)
        with TestClient(app, "https://127.0.0.1") as secure:
            assert "max-age=31536000" in secure.get("/signin").headers["strict-transport-security"]
