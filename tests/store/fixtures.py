"""A fresh installation for one test: on SQLite always, on Postgres where its binaries are."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from engine.queries import datasets, results, several
from engine.settings import Settings, get_settings
from engine.store.engine import close_store
from engine.store.migrate import migrate

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
STORES = ("sqlite", pytest.param("postgres", marks=pytest.mark.postgres))
FRESH_STORES = ("sqlite", pytest.param("postgres of its own", marks=pytest.mark.postgres))
CHEAP = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "shared_buffers=32MB", "autovacuum=off")
EMPTY = """
DO $$ BEGIN EXECUTE 'TRUNCATE ' || (
    SELECT string_agg(quote_ident(tablename), ', ') FROM pg_tables
    WHERE schemaname = 'public' AND tablename <> 'alembic_version'
) || ' RESTART IDENTITY CASCADE'; END $$;
INSERT INTO project (slug, name, simulated, playing, created_at) VALUES ('main', 'Main', false, false, now());
"""


@dataclass(frozen=True)
class Installation:
    """Where a test's product lives."""

    settings: Settings
    kind: str


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty, migrated SQLite store, to be copied."""
    home = tmp_path_factory.mktemp("template")
    with pytest.MonkeyPatch.context() as patch:
        _settle(patch, home, "")
        migrate()
        close_store()
    get_settings.cache_clear()
    return home / "plumbline.db"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a private Postgres on loopback, stopped at the end."""
    if not BINARIES:
        pytest.skip("needs Postgres binaries in /usr/lib/postgresql/*/bin")
    # A short path of its own: Postgres refuses long socket folders, and its account cannot enter pytest's folders.
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    account = _account()
    if account is not None:
        shutil.chown(folder, account)
    server = _start(folder, account)
    try:
        yield f"postgresql://plumb@127.0.0.1:{server[1]}"
    finally:
        server[0].send_signal(signal.SIGQUIT)
        server[0].wait(20)
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres_database(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a migrated database that tests share, each finding it empty."""
    return _new_database(postgres_server, tmp_path_factory.mktemp("pg"))


@pytest.fixture(params=STORES)
def installation(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Installation]:
    """A home with an empty, migrated store; the settings of this process point at it."""
    url = ""
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_database")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute(EMPTY)
    elif request.param == "postgres of its own":
        url = _new_database(request.getfixturevalue("postgres_server"), tmp_path / "migrating")
    else:
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "plumbline.db")
    settings = _settle(monkeypatch, tmp_path, url)
    for folder in (settings.inbox, settings.uploads, settings.segments, settings.states, settings.blobs):
        folder.mkdir(parents=True)
    for remembered in (datasets._versions, datasets._lists, results._results, several._results):
        remembered.clear()  # tests share a database of Postgres one after the other, and its numbers begin anew
    yield Installation(settings, request.param.partition(" ")[0])
    close_store()
    get_settings.cache_clear()


def _new_database(server: str, home: Path) -> str:
    name = f"t{uuid.uuid4().hex}"
    _admin(server, f"CREATE DATABASE {name}")
    with pytest.MonkeyPatch.context() as patch:
        _settle(patch, home, f"{server}/{name}")
        migrate()
        close_store()
    get_settings.cache_clear()
    return f"{server}/{name}"


def _settle(patch: pytest.MonkeyPatch, home: Path, url: str) -> Settings:
    patch.setenv("PLUMBLINE_HOME", str(home))
    patch.setenv("PLUMBLINE_DATABASE_URL", url)
    get_settings.cache_clear()
    return get_settings()


def _account() -> str | None:
    """Postgres refuses to run as root."""
    if os.geteuid() != 0:
        return None
    return "postgres" if subprocess.run(["id", "postgres"], capture_output=True).returncode == 0 else "nobody"


def _start(folder: Path, account: str | None) -> tuple[subprocess.Popen[bytes], int]:
    data = folder / "data"
    shared = {"user": account, "cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    setup = [BINARIES[-1] / "initdb", "-D", data, "-U", "plumb", "-A", "trust", "-N", "-E", "UTF8", "--no-locale"]
    subprocess.run(setup, check=True, **shared)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = [
        "-p",
        str(port),
        "-k",
        str(folder),
        "-h",
        "127.0.0.1",
        *(part for option in CHEAP for part in ("-c", option)),
    ]
    process = subprocess.Popen([BINARIES[-1] / "postgres", "-D", data, *options], **shared)
    for _ in range(200):
        try:
            _admin(f"postgresql://plumb@127.0.0.1:{port}", "SELECT 1")
            break
        except psycopg.OperationalError:
            if process.poll() is not None:
                raise
            _wait(process)
    return process, port


def _wait(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(0.05)
    except subprocess.TimeoutExpired:
        return


def _admin(server: str, statement: str) -> None:
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(statement)
