from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from engine.actions import people
from engine.store.tables import Session
from engine.store.times import now
from engine.store.transaction import transaction
from tests.web.serving import Person, Served, register, visit
from tests.web.visitor import words_of
from web.assets import catalogue
from web.gate import COOKIE, OPEN, SHARED
from web.routes import ROUTES
from web.shares import ASSETS

PAGES = ("/", "/first", "/secret", "/failing", "/nosuch", "/secret/", "/secret?dataset=3&bins=20")
STREAMLIT = (
    "/_stcore/metrics",
    "/_stcore/host-config",
    "/_stcore/script-health-check",
    "/_stcore/upload_file/a/b",
    "/_stcore/bidi-components/a.js",
    "/_stcore/agent/openapi.json",
    "/_stcore/agent/mcp",
    "/_stcore/stream",
    "/_stcore/health/",
    "/_stcore/health/../metrics",
    "/media/0123.csv",
    "/component/a/index.html",
    "/static/js/index.js",
    "/app/static/a.txt",
    "/favicon.png",
    "/manifest.json",
    "/oauth2callback",
    "/auth/login",
    "/auth/logout",
    "//signin",
    "/signin/",
    "/SIGNIN",
    "/signin/link/x",
    "/assets/signin.css/../plotly.js",
    "/assets/fonts/",
)
OURS = tuple(
    route.path.replace("{extension}", "csv").replace("{name:path}", "plotly.js")
    for route in ROUTES
    if ("GET", route.path) not in OPEN and route.path not in ("/signin/link", "/auth/session")
    if not route.path.startswith(("/api/", *SHARED))
)
API = tuple(route.path for route in ROUTES if route.path.startswith("/api/"))
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE")
SOCKETS = ("/_stcore/stream", "/live", "/", "/nosuch", "/_stcore/health", "/signin")


@pytest.fixture(scope="module")
def ann(served: Served) -> Person:
    return register("gate ann")


# ------------------------------------------------------------------ anonymous


@pytest.mark.parametrize("path", [*PAGES, *STREAMLIT, *OURS])
def test_nobody_gets_anything_over_http(served: Served, path: str) -> None:
    with served.client() as client:
        for method in METHODS:
            if (method, path) in OPEN:
                continue
            answer = client.request(method, path)
            assert answer.status_code in (401, 404), (method, path, answer.status_code)
            assert answer.status_code == 401 or "/agent" in path
            page = client.request(method, path, headers={"accept": "text/html"})
            assert page.status_code == 303 or "/agent" in path
            assert page.headers.get("location", "/signin").startswith("/signin")


@pytest.mark.parametrize("path", API)
def test_nobody_gets_anything_of_the_api(served: Served, path: str) -> None:
    with served.client() as client:
        for method in METHODS:
            for accept in ("*/*", "text/html"):
                answer = client.request(method, path, headers={"accept": accept})
                assert answer.status_code == 401, (method, path, answer.status_code)
                assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("path", [route.path for route in ROUTES if route.path.startswith(SHARED)])
def test_nobody_gets_anything_shared_without_its_token(served: Served, path: str) -> None:
    asked = path.replace("{name}", "../plumb.js").replace("{token}", "a" * 43).replace("{rest:path}", "assets/../../")
    with served.client() as client:
        for method in METHODS:
            for accept in ("*/*", "text/html"):
                answer = client.request(method, asked, headers={"accept": accept})
                assert answer.status_code in (303, 401, 404, 405), (method, asked, answer.status_code)


def test_what_shares_are_drawn_with_is_exactly_this(served: Served) -> None:
    with served.client() as client:
        found = {name: client.get(f"/share/assets/{name}").status_code for name in catalogue()}
    assert {name for name, status in found.items() if status == 200} == set(ASSETS)
    assert set(found.values()) == {200, 404}


def test_what_is_open_is_exactly_this(served: Served) -> None:
    expected = {
        "/signin": 200,
        "/signin/link": 404,
        "/_stcore/health": 200,
        "/favicon.ico": 200,
        "/assets/icon.svg": 200,
        "/assets/signin.css": 200,
        "/assets/fonts/inter.ttf": 200,
        "/metrics": 401,
        "/metrics/probe": 401,
        "/auth/oidc/login": 404,
        "/auth/oidc/callback": 404,
    }
    with served.client() as client:
        assert {path: client.get(path).status_code for method, path in OPEN if method == "GET"} == expected
        assert {path for method, path in OPEN if method != "GET"} == {"/signin/link", "/auth/session"}


@pytest.mark.parametrize("path", SOCKETS)
@pytest.mark.parametrize("cookie", ["", f"{COOKIE}=", f"{COOKIE}=x", f"{COOKIE}={'a' * 43}", "plumbline=1"])
def test_nobody_gets_a_websocket(served: Served, path: str, cookie: str) -> None:
    with pytest.raises(InvalidStatus) as refused, served.socket(path, additional_headers={"Cookie": cookie}):
        pass
    assert refused.value.response.status_code == 403


def test_a_page_asked_for_is_remembered_with_its_query(served: Served) -> None:
    with served.client(accept="text/html") as client:
        answer = client.get("/secret?dataset=3&slice=a%3Db%26c")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/signin?next=/secret%3Fdataset%3D3%26slice%3Da%253Db%2526c"


def test_a_tag_or_a_fetch_gets_401_and_no_redirect(served: Served) -> None:
    with served.client(**{"accept": "text/html", "sec-fetch-mode": "no-cors"}) as client:
        answer = client.get("/secret")
    assert answer.status_code == 401
    assert answer.json()["code"] == "signed_out"


# ------------------------------------------------------------------ the router is never passed by


def test_deep_links_run_the_router_also_right_after_a_start(tmp_path_factory: pytest.TempPathFactory) -> None:
    with Served(tmp_path_factory.mktemp("fresh")) as served:
        ann = register("ann", "viewer")
        for _ in range(2):
            for page in ("secret", "first"):
                assert words_of(served, ann, page)[:2] == ["the router ran", f"the {page} page"]
            with pytest.raises(InvalidStatus), served.socket("/_stcore/stream", subprotocols=["streamlit"]):
                pass
            served.stop()
            served.start()


def test_a_failing_page_shows_an_id_that_the_log_explains(served: Served, ann: Person) -> None:
    shown = words_of(served, ann, "failing")
    assert not any(word in " ".join(shown) for word in ("SELECT", "/etc", "Traceback", "RuntimeError"))
    error_id = shown[-1].split("**")[1]
    assert error_id in served.log.read_text()


# ------------------------------------------------------------------ foreign hosts and origins


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[::ffff:7f00:1]", "localhost@evil"])
def test_foreign_hosts_are_refused(served: Served, ann: Person, host: str) -> None:
    with served.client(ann, host=host, origin=f"http://{host}") as client:
        for path in ("/", "/signin", "/_stcore/health", "/view/calibration?dataset=1"):
            assert client.get(path).status_code in (400, 403)


ORIGINS = (
    "http://evil.example",
    "null",
    "http://127.0.0.1:1",
    "http://127.0.0.1",
    "https://127.0.0.1.evil",
    "file://",
    "",
)


@pytest.mark.parametrize("origin", ORIGINS)
def test_foreign_origins_are_refused(served: Served, ann: Person, origin: str) -> None:
    with served.client(ann, origin=origin) as client:
        assert client.get("/view/calibration?dataset=1").status_code == 403
        assert client.put("/upload?project=main&name=a", content=b"x").status_code == 403
        assert client.post("/auth/session", data={"name": "a", "password": "b"}).status_code == 403
        assert client.post("/auth/signout").status_code == 403
    for path in ("/_stcore/stream", "/live"):
        with pytest.raises(InvalidStatus) as refused, served.socket(path, ann, origin=origin):
            pass
        assert refused.value.response.status_code == 403


def test_a_missing_origin_is_refused_where_something_could_change(served: Served, ann: Person) -> None:
    with served.client(ann) as client:
        del client.headers["origin"]
        assert client.get("/_stcore/metrics").status_code == 200
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            answer = client.request(method, "/upload?project=main&name=a")
            assert (answer.status_code, answer.json()["code"]) == (403, "no_origin")
    for path in ("/_stcore/stream", "/live"):
        with pytest.raises(InvalidStatus), served.socket(path, ann, origin=None):
            pass


# ------------------------------------------------------------------ open sockets end with their session


def code_when_closed(socket: ClientConnection) -> int:
    try:
        while True:
            socket.recv(timeout=30)
    except ConnectionClosed as closed:
        return closed.rcvd.code


def code_after(served: Served, person: Person, change: Callable[[], object]) -> int:
    """Open both sockets, make the change, and wait until both are closed: the code."""
    with (
        served.socket("/_stcore/stream", person, subprotocols=["streamlit"]) as stream,
        served.socket("/live", person) as live,
    ):
        live.send('{"since": null}')
        assert "hello" in live.recv(timeout=10)
        change()
        codes = {code_when_closed(socket) for socket in (live, stream)}
    assert len(codes) == 1
    return codes.pop()


def test_signing_out_closes_every_socket_of_the_session_and_no_other(served: Served) -> None:
    ben = register("ben", "analyst")
    other = visit(ben.who.user_id)

    def sign_out() -> None:
        with served.client(ben, accept="text/html") as client:
            answer = client.post("/auth/signout")
        assert (answer.status_code, answer.headers["location"]) == (303, "/signin")

    with served.socket("/live", other) as kept:
        kept.send('{"since": null}')
        assert code_after(served, ben, sign_out) == 4401
        assert "hello" in kept.recv(timeout=10)
        kept.ping().wait(5)
    with served.client(ben) as client:
        assert client.get("/view/calibration?dataset=1").status_code == 401


def test_a_changed_role_closes_the_sockets_so_that_they_come_back_with_it(served: Served, ann: Person) -> None:
    dora = register("dora", "viewer")
    admin = register("another admin")
    assert code_after(served, dora, lambda: people.set_role(admin.who, dora.who.user_id, "operator")) == 4403
    with served.socket("/live", dora) as again:
        again.send('{"since": null}')
        assert "hello" in again.recv(timeout=10)


def test_an_expired_session_closes_its_sockets_by_itself(served: Served) -> None:
    eve = register("eve", "viewer")
    with transaction() as tx:
        row = tx.session.get(Session, int(eve.who.session))
        row.expires_at = now() + timedelta(seconds=3)
    assert code_after(served, eve, lambda: None) == 4401


def test_the_log_holds_no_cookie(served: Served, ann: Person) -> None:
    with served.client(ann) as client:
        client.get("/_stcore/metrics")
    assert ann.cookie not in Path(served.log).read_text()
