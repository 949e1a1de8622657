"""The API behind gate and headers, without a process: people with tokens, and data that were read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select
from starlette.applications import Starlette
from starlette.testclient import TestClient

import server
from engine.access.sessions import who_is
from engine.actions import datasets, people, runs, tokens
from engine.queries import results
from engine.settings import get_settings
from engine.store.tables import Membership, Project, User
from engine.store.transaction import transaction
from engine.types import Role, Scope, Who
from jobs.work import perform
from tests.processes.conftest import installed
from tests.processes.here import Here
from web import logs
from web.api import app as api
from web.api import read
from web.api.limits import Buckets, streams
from web.gate import COOKIE
from web.routes import ROUTES
from web.view import Shared

ORIGIN = "http://127.0.0.1"
PAIRS = "\n".join(f"p{n},{n % 7 - 3},{(n * 5) % 3 > 0:d},{'en' if n % 2 else 'de'}" for n in range(400))
CSV = f"prompt,margin,label,language\n{PAIRS}\n"


@dataclass(frozen=True)
class Caller:
    """Somebody with a token and a session."""

    who: Who
    secret: str
    cookie: str
    client: TestClient

    def get(self, path: str, **more: Any) -> Any:
        return self.client.get(f"/api/v1{path}", **more)

    def post(self, path: str, **more: Any) -> Any:
        return self.client.post(f"/api/v1{path}", **more)


@dataclass
class House:
    """An installation and who comes to it."""

    clients: list[TestClient]

    def caller(self, name: str = "ann", role: Role = "admin", scope: Scope = "admin", project: str = "") -> Caller:
        with transaction() as tx:
            user = User(name=name, password_hash="opaque", role=role)
            tx.session.add(user)
            tx.session.flush()
            user_id = user.id or 0
        cookie = people.open_session(user_id, "127.0.0.1", "test")
        who = who_is(cookie)
        assert who is not None
        return self.with_token(who, cookie, scope, project)

    def with_token(self, who: Who, cookie: str, scope: Scope, project: str = "") -> Caller:
        secret = tokens.create(who, "test", scope, project)
        client = self.visitor({"authorization": f"Bearer {secret}"})
        return Caller(who, secret, cookie, client)

    def visitor(self, headers: dict[str, str] | None = None) -> TestClient:
        app = Starlette(routes=ROUTES, middleware=server.MIDDLEWARE, exception_handlers=server.HANDLERS)
        client = TestClient(
            app,
            ORIGIN,
            raise_server_exceptions=False,
            follow_redirects=False,
            headers={"accept": "*/*", **(headers or {})},
        )
        self.clients.append(client)
        return client

    def browser(self, caller: Caller) -> TestClient:
        client = self.visitor()
        client.cookies.set(COOKIE, caller.cookie)
        return client

    def member(self, name: str, project: str, role: Role) -> None:
        with transaction() as tx:
            home = tx.session.exec(select(Project).where(col(Project.slug) == project)).one()
            user = tx.session.exec(select(User).where(col(User.name) == name)).one()
            tx.session.add(Membership(user_id=user.id or 0, project_id=home.id or 0, role=role))

    def project(self, slug: str) -> None:
        with transaction() as tx:
            tx.session.add(Project(slug=slug, name=slug.title()))

    def dataset(self, who: Who, text: str = CSV, name: str = "scores.csv", project: str = "main") -> int:
        path = get_settings().uploads / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        digest = hashlib.sha256(text.encode()).hexdigest()
        found = datasets.receive_upload(who, project, name, path, digest, len(text)).dataset_id
        self.work()
        return found

    def work(self) -> None:
        """What the runner would do."""
        while work := runs.claim("test", ("read", "observe")):
            perform(work, Here())


@pytest.fixture(scope="package", autouse=True)
def logging_as_in_the_server() -> None:
    logs.hand_to_logging()


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    with installed(tmp_path / "home"):
        monkeypatch.setattr(api, "buckets", Buckets())
        monkeypatch.setattr(read, "_results", Shared(256))
        streams.clear()
        results._results.clear()
        results._with_rows.clear()
        made = House([])
        yield made
        for client in made.clients:
            client.close()


@pytest.fixture
def ann(house: House) -> Caller:
    return house.caller()
