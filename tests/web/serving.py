"""The server in a process of its own, and people who may use it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import bcrypt
import httpx2
import pytest
from websockets.sync.client import ClientConnection, connect

from engine.actions import people
from engine.queries.people import who_is
from engine.settings import ROOT, get_settings
from engine.store.engine import close_store
from engine.store.migrate import migrate
from engine.types import Who
from tests.product import free_port
from web.gate import COOKIE

PASSWORD = "a plumb line hangs true"
SERVE = Path(__file__).parent / "standin" / "serve.py"


@dataclass(frozen=True)
class Person:
    """Somebody with a session."""

    who: Who
    cookie: str

    @property
    def header(self) -> str:
        return f"{COOKIE}={self.cookie}"


def register(name: str, role: str = "admin") -> Person:
    """Make an account in the store of this process's settings and open a session for it."""
    token = people.create_first_link()
    if token is None:
        token = people.invite(Who(1, "first", "admin"), role)
    elif role != "admin":
        people.redeem_link(token, "first", "no password")
        token = people.invite(Who(1, "first", "admin"), role)
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    return visit(people.redeem_link(token, name, hashed).user_id)


def visit(user_id: int) -> Person:
    """One more session of somebody."""
    cookie = people.open_session(user_id, "127.0.0.1", "test")
    who = who_is(cookie)
    assert who is not None
    return Person(who, cookie)


class Served:
    """A running server. While it runs, this process works on the same home."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.home = home
        self.port = free_port()
        self.environment = {"PLUMBLINE_HOME": str(home), "PLUMBLINE_PORT": str(self.port), **environment}
        self.patch = pytest.MonkeyPatch()
        self.log = home / "server.log"
        self.patience = 60.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Served:
        for name, value in self.environment.items():
            self.patch.setenv(name, value)
        get_settings.cache_clear()
        migrate()
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        close_store()
        self.patch.undo()
        get_settings.cache_clear()

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, SERVE], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=log, stderr=log
            )
        deadline = time.monotonic() + self.patience
        while not self._answers():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def stop(self) -> float:
        """End it as the launcher does; the seconds that took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        return time.monotonic() - began

    def _answers(self) -> bool:
        try:
            return httpx2.get(f"{self.url}/_stcore/health", timeout=5).status_code == 200
        except httpx2.TransportError:
            return False

    def client(self, person: Person | None = None, **headers: str) -> httpx2.Client:
        cookie = {"cookie": person.header} if person else {}
        return httpx2.Client(base_url=self.url, headers={"origin": self.url, **cookie, **headers}, timeout=20)

    def socket(self, path: str, person: Person | None = None, **options: Any) -> ClientConnection:
        headers = {"Cookie": person.header} if person else {}
        options = {"origin": self.url, "additional_headers": headers, **options}
        return connect(self.url.replace("http", "ws", 1) + path, open_timeout=10, max_size=None, **options)
