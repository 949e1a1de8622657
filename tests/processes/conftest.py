"""An installation of its own, and its processes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.settings import ROOT, Settings, get_settings
from engine.store.engine import close_store
from engine.store.migrate import migrate
from jobs import lately

Start = Callable[[str], "subprocess.Popen[bytes]"]


@contextmanager
def installed(folder: Path) -> Iterator[Settings]:
    """A migrated home in a folder; the settings of this process point at it meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLUMBLINE_HOME", str(folder))
        patch.setenv("PLUMBLINE_DATABASE_URL", "")
        get_settings.cache_clear()
        lately._asked.clear()
        migrate()
        yield get_settings()
        close_store()
    get_settings.cache_clear()


@contextmanager
def processes(log: Path) -> Iterator[Start]:
    """Starts processes of the product, ends them all at the end; what they say goes to `log`."""
    started: list[subprocess.Popen[bytes]] = []

    def start(name: str) -> subprocess.Popen[bytes]:
        with log.open("ab") as output:
            command = [sys.executable, "-m", "jobs", name]
            started.append(subprocess.Popen(command, cwd=ROOT, env={**os.environ}, stdout=output, stderr=output))
        return started[-1]

    yield start
    for process in started:
        process.send_signal(signal.SIGTERM)
    for process in started:
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Settings]:
    """An installation for one test."""
    with installed(tmp_path / "home") as settings:
        yield settings


@pytest.fixture
def start(home: Settings, tmp_path: Path) -> Iterator[Start]:
    """Starts foreman and runner on the installation."""
    with processes(tmp_path / "log") as begin:
        yield begin


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """One installation for a module, with its foreman and runner at work."""
    folder = tmp_path_factory.mktemp("running")
    with installed(folder / "home") as settings, processes(folder / "log") as begin:
        begin("foreman")
        begin("runner")
        yield settings
    shutil.rmtree(folder)
