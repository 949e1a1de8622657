"""The whole product on Postgres, started as a person starts it: a file in the inbox becomes an answer on open pages.

And what the launcher started ends with it, also when it is killed: the processes' own children included.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from websockets.sync.client import connect

from engine.actions import people
from engine.settings import get_settings
from engine.store.engine import close_store
from jobs.simulator import preferences
from jobs.simulator.truth import Truth
from tests.processes.waiting import until
from tests.product import Product, free_port
from tests.store.fixtures import _admin
from web.gate import COOKIE

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(300)]
TRUTH = Truth(seed=4)
ANSWER = "SELECT v.answer FROM version v JOIN dataset d ON d.id = v.dataset_id AND d.version = v.number"


@pytest.fixture
def url(postgres_server: str) -> str:
    name = f"product{uuid.uuid4().hex}"
    _admin(postgres_server, f"CREATE DATABASE {name}")
    return f"{postgres_server}/{name}"


@pytest.fixture
def product(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Product]:
    environment = {"PLUMBLINE_DATABASE_URL": url, "PLUMBLINE_DEMO": "false", "PLUMBLINE_RAY": "off"}
    for name, value in {**environment, "PLUMBLINE_HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    with Product(tmp_path, free_port(), environment, patience=180.0) as running:
        yield running
    close_store()
    get_settings.cache_clear()


def write(path: Path, first: int, end: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.writelines(f"{line}\n" for tick in range(first, end) for line in preferences.lines(TRUTH, tick))


def answer(url: str) -> dict[str, Any] | None:
    with psycopg.connect(url) as connection:
        found = connection.execute(ANSWER).fetchone()
    return found[0] if found else None


def heard(socket: Any, kind: str) -> dict[str, Any]:
    """The next event of a kind."""
    while True:
        for event in json.loads(socket.recv(timeout=60)).get("events", []):
            if event["kind"] == kind:
                return dict(event)


def cut_connections(url: str) -> None:
    """What a restart of the database does to everybody."""
    with psycopg.connect(url, autocommit=True) as connection:
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        connection.execute(f"{others} AND pid <> pg_backend_pid()")


def processes_of(product: Product) -> list[psutil.Process]:
    assert product.process is not None
    launcher = psutil.Process(product.process.pid)
    return [launcher, *launcher.children(recursive=True)]


def test_a_file_becomes_an_answer_on_open_pages(product: Product, url: str) -> None:
    token = product.link.rpartition("token=")[2]
    who = people.redeem_link(token, "ann", "opaque")
    cookie = people.open_session(who.user_id, "127.0.0.1", "test")
    followed = product.home / "inbox" / "main" / "scores.jsonl"
    headers = {"Cookie": f"{COOKIE}={cookie}"}
    live = product.url.replace("http", "ws", 1) + "/live"
    with connect(live, origin=product.url, additional_headers=headers, open_timeout=30) as socket:
        socket.send('{"since": null}')
        write(followed, 0, 8)
        first = heard(socket, "version")
        write(followed, 8, 9)
        began = time.monotonic()
        second = heard(socket, "version")
        took = time.monotonic() - began
        cut_connections(url)
        write(followed, 9, 10)
        third = heard(socket, "version")
    rows = sum(1 for tick in range(8) for _ in preferences.lines(TRUTH, tick))
    assert first["body"]["accepted"] == rows
    assert second["id"] > first["id"]
    assert second["body"]["version"] == first["body"]["version"] + 1
    assert third["body"]["version"] == second["body"]["version"] + 1, "connections that were cut are made anew"
    kept = until(lambda: answer(url))
    assert kept["rows"] == third["body"]["answer"]["rows"] > rows
    assert kept["estimates"]["calibration_error"]["value"] is not None
    assert took < 20
    running = processes_of(product)
    assert len(running) >= 5, "launcher, web, foreman, runner and a child that reads"
    assert product.stop() < 3.5
    assert not [process for process in running if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


def test_nothing_outlives_a_launcher_that_is_killed(product: Product) -> None:
    write(product.home / "inbox" / "main" / "scores.jsonl", 0, 2)
    until(lambda: len(processes_of(product)) >= 5, seconds=60)
    running = processes_of(product)
    running[0].kill()
    _gone, alive = psutil.wait_procs(running[1:], timeout=5)
    assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []
