"""Tokens at the gate: where they count, where they do not, and what a browser may do there."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from engine.actions import people, tokens
from engine.queries import tokens as queries
from engine.store.engine import fetch
from tests.web.conftest import ORIGIN, Desk
from tests.web.serving import Person, register
from web.gate import COOKIE, Gate

METHODS = ["GET", "POST", "PUT", "DELETE"]


async def echo(request: Request) -> Response:
    who = request.state.who
    return JSONResponse({"name": who.name, "role": who.role, "token": who.token is not None} if who else None)


@pytest.fixture
def ann(desk: Desk) -> Person:
    return register("ann")


@pytest.fixture
def client(desk: Desk) -> TestClient:
    """The gate alone, before routes that tell who came through."""
    paths = ("/api/v1", "/api/v1/projects", "/api/v10/projects", "/settings", "/upload", "/auth/signout")
    app = Starlette(
        routes=[Route(path, echo, methods=METHODS) for path in paths],
        middleware=[Middleware(Gate, settings=desk.settings)],
    )
    made = TestClient(app, ORIGIN, raise_server_exceptions=False, follow_redirects=False)
    desk.clients.append(made)
    return made


def bearer(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}


def test_a_token_is_its_owner_without_cookie_and_without_origin(client: TestClient, ann: Person) -> None:
    headers = bearer(tokens.create(ann.who, "one", "write"))
    for method in METHODS:
        answer = client.request(method, "/api/v1/projects", headers=headers)
        assert (answer.status_code, answer.json()) == (200, {"name": "ann", "role": "operator", "token": True})


@pytest.mark.parametrize("path", ["/settings", "/upload", "/auth/signout", "/api/v10/projects"])
def test_a_token_opens_nothing_else(client: TestClient, ann: Person, path: str) -> None:
    headers = bearer(tokens.create(ann.who, "one", "admin"))
    assert client.get(path, headers=headers).status_code == 401
    assert client.post(path, headers={**headers, "origin": ORIGIN}).status_code in (303, 401)


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Bearer x", "Bearer pl_x", "Basic YW5uOng=", "bearer null", "pl_x", "Token pl_x"],
)
def test_a_bad_token_is_not_made_good_by_a_cookie(client: TestClient, ann: Person, header: str) -> None:
    client.cookies.set(COOKIE, ann.cookie)
    answer = client.get("/api/v1/projects", headers={"authorization": header})
    assert (answer.status_code, answer.json()["code"]) == (401, "token_needed")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_nobody_gets_in(client: TestClient) -> None:
    for method in METHODS:
        assert client.request(method, "/api/v1/projects").status_code in (401, 403)


def test_a_browser_may_read_and_change_nothing(client: TestClient, ann: Person) -> None:
    client.cookies.set(COOKIE, ann.cookie)
    assert client.get("/api/v1/projects").json() == {"name": "ann", "role": "admin", "token": False}
    for method in METHODS[1:]:
        answer = client.request(method, "/api/v1/projects", headers={"origin": ORIGIN})
        assert (answer.status_code, answer.json()["code"]) == (403, "token_needed")


@pytest.mark.parametrize("method", METHODS)
def test_a_foreign_page_cannot_use_a_token_it_stole(client: TestClient, ann: Person, method: str) -> None:
    headers = bearer(tokens.create(ann.who, "one", "admin"))
    answer = client.request(method, "/api/v1/projects", headers={**headers, "origin": "http://evil.example"})
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")
    assert client.request(method, "/api/v1", headers={**headers, "host": "evil.example"}).status_code == 403


def test_a_revoked_token_and_a_disabled_owner_are_out_at_the_next_request(client: TestClient, ann: Person) -> None:
    ben = register("ben", "analyst")
    first, second = (tokens.create(ben.who, name, "read") for name in ("one", "two"))
    assert client.get("/api/v1", headers=bearer(first)).status_code == 200
    tokens.revoke(ben.who, queries.list_tokens(ben.who)[-1].id)
    assert client.get("/api/v1", headers=bearer(first)).status_code == 401
    assert client.get("/api/v1", headers=bearer(second)).status_code == 200
    people.disable(ann.who, ben.who.user_id)
    assert client.get("/api/v1", headers=bearer(second)).status_code == 401


def test_the_use_of_a_token_is_noted_once(client: TestClient, ann: Person) -> None:
    headers = bearer(tokens.create(ann.who, "one", "read"))
    client.get("/api/v1", headers=headers)
    [(first,)] = fetch("SELECT used_at FROM api_token")
    assert first is not None
    for _ in range(5):
        client.get("/api/v1", headers=headers)
    assert fetch("SELECT used_at FROM api_token") == [(first,)]
