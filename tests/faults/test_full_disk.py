"""A disk that is full while a file is read fails no run and blames no file: the run waits for space."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.faults import said
from engine.actions import datasets, runs
from engine.errors import StoreUnavailable
from engine.settings import Settings
from engine.store.engine import fetch
from jobs import child_work, disk, work
from tests.processes.conftest import installed
from tests.processes.here import Here


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Settings]:
    with installed(tmp_path / "home") as settings:
        yield settings


def full(*_: Any, **__: Any) -> None:
    try:
        raise OSError(errno.ENOSPC, "No space left on device")
    finally:
        raise ValueError("the writer cannot be closed")


def notice(home: Settings) -> None:
    path = home.inbox / "p" / "a.jsonl"
    path.parent.mkdir(parents=True)
    path.write_bytes(said.lines(0, 20))
    datasets.receive_inbox("p", path.name, path, path.stat().st_size, inode=path.stat().st_ino)


def test_the_child_names_the_disk_not_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(said.lines(0, 20))
    monkeypatch.setattr(child_work, "write_segment", lambda reading, *_: full(list(reading)))
    limits: dict[str, int] = {}
    request = {
        "do": "read",
        "path": str(path),
        "name": "a",
        "mapping": {},
        "saved": {},
        "out_dir": str(tmp_path),
        "limits": limits,
    }
    with (tmp_path / "out").open("w") as out:
        told = child_work.answer({**request, "follow": None, "until": None}, out)
    assert (told["type"], told["error"]["code"]) == ("StoreUnavailable", "store_full")


def test_the_run_goes_on_at_the_same_attempt(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    notice(home)
    claimed = runs.claim("me")
    assert claimed is not None
    with monkeypatch.context() as patch:
        patch.setattr(Here, "read", full)
        with pytest.raises(StoreUnavailable, match="disk is full"):
            work.perform(claimed, Here())
    assert fetch("SELECT state FROM run") == [("running",)]
    work.perform(claimed, Here())
    assert fetch("SELECT state, attempt FROM run") == [("done", 1)]


@pytest.mark.parametrize("error", [OSError(errno.EIO, "x"), ValueError("x"), None])
def test_other_failures_are_not_the_disks(error: BaseException | None) -> None:
    assert disk.full(error) is None
