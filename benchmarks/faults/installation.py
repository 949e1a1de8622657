"""The product under test: started by its launcher on a home of its own, looked at through its store and over HTTP."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import httpx
import psutil

from engine.settings import ROOT, get_settings
from engine.store.engine import close_store
from engine.store.migrate import migrate
from tests.product import free_port
from tests.web.serving import register

T = TypeVar("T")
LAUNCH = """
from jobs.__main__ import main
raise SystemExit(main(["run"]))
"""
IMPATIENT = """
from jobs import launcher
launcher.LONGEST_PAUSE = 1.0
"""
"""Put before LAUNCH where processes are killed again and again."""
PROGRAMS = {"web": "server.py", "foreman": "foreman", "runner": "runner"}


def until(condition: Callable[[], T], seconds: float = 60.0, what: str = "it", every: float = 0.02) -> T:
    """The first true value of a condition. Raises TimeoutError where it stays false."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(every)
    raise TimeoutError(f"{what} did not happen within {seconds:g} s")


class Installation:
    """A migrated home with one administrator, `cookie`; while it is entered, this process works on the same home."""

    def __init__(self, home: Path, launch: str = LAUNCH, **environment: str) -> None:
        self.home = home
        self.launch = launch
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            "PLUMBLINE_HOME": str(home),
            "PLUMBLINE_PORT": str(self.port),
            "PLUMBLINE_DATABASE_URL": "",
            "PLUMBLINE_DEMO": "false",
            "PLUMBLINE_RAY": "off",
            "PLUMBLINE_MIN_FREE_DISK_BYTES": "1000000",
            **environment,
        }
        self.before: Mapping[str, str] = {}
        self.process: subprocess.Popen[bytes] | None = None
        self.output = home.parent / f"{home.name}.out"

    def prepare(self) -> None:
        """Make the home and let this process work on it, without starting anything."""
        self.before = dict(os.environ)
        os.environ.update(self.environment)
        get_settings.cache_clear()
        migrate()
        person = register("fault")
        self.who, self.cookie = person.who, person.header
        self.client = httpx.Client(
            base_url=self.url, headers={"origin": self.url, "cookie": self.cookie}, timeout=30, trust_env=False
        )

    def __enter__(self) -> Installation:
        self.prepare()
        try:
            self.start()
        except BaseException:
            self.leave()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()

    def leave(self) -> None:
        """Stop everything; the settings of this process are as before."""
        self.stop()
        self.client.close()
        close_store()
        os.environ.clear()
        os.environ.update(self.before)
        get_settings.cache_clear()

    # ------------------------------------------------------------------ processes

    def start(self, *command: str) -> None:
        """Start the launcher, or another program in its place, and wait until the web process answers."""
        self.launch_only(*command)
        until(self.healthy, 90, "the start of the product", 0.1)

    def launch_only(self, *command: str) -> None:
        """Start the launcher, or another program in its place, and wait for nothing."""
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, *(command or ("-c", self.launch))], cwd=ROOT, stdout=output, stderr=output
            )

    def stop(self) -> float:
        """End it as Ctrl-C does; the seconds that took."""
        began = time.monotonic()
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return time.monotonic() - began

    def healthy(self) -> bool:
        """Whether the web process answers."""
        try:
            return httpx.get(f"{self.url}/_stcore/health", timeout=5, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def pid(self, name: str) -> int | None:
        """The process of this name that runs now."""
        assert self.process is not None
        for child in _children(self.process.pid):
            if _program(child) == PROGRAMS[name]:
                return child.pid
        return None

    def kill(self, name: str, number: int = signal.SIGKILL) -> int:
        """Signal the process of this name as soon as there is one; its id."""
        pid = until(lambda: self.pid(name), 90, f"a running {name}")
        os.kill(pid, number)
        return pid

    def wait_for_another(self, name: str, gone: int) -> float:
        """The seconds until another process of this name runs (and answers, if it is the web process)."""
        began = time.monotonic()
        until(lambda: self.pid(name) not in (None, gone), 90, f"another {name}")
        if name == "web":
            until(self.healthy, 90, "the web process", 0.05)
        return time.monotonic() - began

    def processes(self) -> list[psutil.Process]:
        """The launcher and everything below it."""
        assert self.process is not None
        return [psutil.Process(self.process.pid), *_children(self.process.pid, recursive=True)]

    # ------------------------------------------------------------------ what a person does

    def upload(self, name: str, content: Any, project: str = "faults", **query: str) -> httpx.Response:
        """PUT a file."""
        return self.client.put("/upload", params={"project": project, "name": name, **query}, content=content)

    def view(self, dataset: int, **query: str) -> httpx.Response:
        """The numbers of a dataset's page."""
        return self.client.get("/view/calibration", params={"dataset": dataset, **query})


def _children(pid: int, recursive: bool = False) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=recursive)
    except psutil.NoSuchProcess:
        return []


def _program(process: psutil.Process) -> str:
    try:
        return process.cmdline()[-1] if process.status() != psutil.STATUS_ZOMBIE else ""
    except (psutil.NoSuchProcess, IndexError):
        return ""
