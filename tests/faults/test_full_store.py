"""A runner outlives a store that cannot be written: the run it was at is done when it can, at the same attempt."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.faults import said
from engine.actions import datasets, runs
from engine.errors import StoreUnavailable
from engine.settings import Settings
from engine.store.engine import fetch
from jobs import runner as module
from jobs.owners import my_name
from jobs.runner import Runner
from tests.processes.conftest import installed
from tests.processes.here import Here
from tests.processes.waiting import until


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Settings]:
    with installed(tmp_path / "home") as settings:
        yield settings


def test_a_full_disk_costs_neither_the_runner_nor_an_attempt(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.01)
    tries: list[int] = []
    finish = runs.finish

    def full_twice(*args: Any, **named: Any) -> int:
        tries.append(1)
        if len(tries) <= 2:
            raise StoreUnavailable("The disk of the store is full; nothing was saved.", code="store_full")
        return finish(*args, **named)

    monkeypatch.setattr(runs, "finish", full_twice)
    crashed: list[int] = []
    runner = Runner(my_name(), Here, slots=1, crash=lambda: crashed.append(1))
    stop = threading.Event()
    thread = threading.Thread(target=runner.run, args=[stop])
    thread.start()
    path = home.inbox / "p" / "a.jsonl"
    path.parent.mkdir(parents=True)
    path.write_bytes(said.lines(0, 20))
    datasets.receive_inbox("p", path.name, path, path.stat().st_size, inode=path.stat().st_ino)
    until(lambda: fetch("SELECT state, attempt FROM run") == [("done", 1)])
    stop.set()
    runner.wake.set()
    thread.join(10)
    assert crashed == []
    assert len(tries) == 3
