from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.web.server.starlette.starlette_app import create_streamlit_middleware

import server
from engine.settings import Settings, get_settings
from engine.store.engine import close_store
from engine.store.migrate import migrate
from tests.web.serving import Served, register
from web import logs
from web.gate import COOKIE
from web.routes import ROUTES

ORIGIN = "http://127.0.0.1"


@pytest.fixture(scope="package", autouse=True)
def logging_as_in_the_server() -> None:
    logs.hand_to_logging()


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The server as a process of its own, on a home that this process can write to as well."""
    with Served(tmp_path_factory.mktemp("home")) as running:
        yield running


@dataclass
class Desk:
    """Our routes behind gate, headers and what Streamlit puts before routes, without pages and without a process."""

    settings: Settings
    clients: list[TestClient] = field(default_factory=list)

    def visitor(self, name: str | None = None, role: str = "admin", origin: str = ORIGIN) -> TestClient:
        middleware = [*server.MIDDLEWARE, *create_streamlit_middleware()]
        app = Starlette(routes=ROUTES, middleware=middleware, exception_handlers=server.HANDLERS)
        client = TestClient(
            app, origin, raise_server_exceptions=False, follow_redirects=False, headers={"origin": origin}
        )
        if name is not None:
            client.cookies.set(COOKIE, register(name, role).cookie)
        self.clients.append(client)
        return client


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("PLUMBLINE_HOME", str(tmp_path))
    get_settings.cache_clear()
    migrate()
    made = Desk(get_settings())
    yield made
    for client in made.clients:
        client.close()
    close_store()
    get_settings.cache_clear()
