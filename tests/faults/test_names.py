"""A name that is no text is refused once, with a reason that can be stored, and the watcher goes on."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from engine.settings import Settings
from engine.store.engine import fetch
from jobs.foreman import Foreman, Store
from jobs.inbox import Inbox
from tests.processes.conftest import installed


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Settings]:
    with installed(tmp_path / "home") as settings:
        yield settings


@pytest.mark.parametrize("name", [b"\xff\xfe.jsonl", b"caf\xe9.csv", b"\xed\xa0\x80.json"])
def test_bytes_that_are_no_text_are_refused_by_name(home: Settings, name: bytes) -> None:
    folder = home.inbox.resolve() / "p"
    folder.mkdir(parents=True)
    with open(os.path.join(os.fsencode(folder), name), "wb") as file:  # noqa: PTH118, PTH123 - a path of bytes
        file.write(b'{"a": 1}\n')
    foreman = Foreman(Inbox(folder.parent, 10**6, time.monotonic), Store(), [])
    for _ in range(2):
        foreman.walk()
        for path in folder.iterdir():
            foreman.look(path)
    assert foreman.again == {}
    ((body,),) = fetch("SELECT body FROM event WHERE kind = 'inbox_refused'")
    told = orjson.loads(body)
    assert "not UTF-8" in told["reason"]
    assert orjson.dumps(told)
