"""A backup made while others write is whole, and a restored home answers as the one it was made of."""

from __future__ import annotations

import stat
import subprocess
import sys
import tarfile
import threading
from pathlib import Path
from typing import Any

import pytest

from engine.access import sealing
from engine.actions import datasets, runs
from engine.errors import InputRefused, UsageError
from engine.queries.results import answer_of
from engine.settings import ROOT, Settings, get_settings
from engine.store.datasets import segment_path
from engine.store.engine import close_store, fetch
from engine.store.migrate import migrate
from engine.store.transaction import transaction
from jobs.backup import backup, restore
from jobs.work import perform
from tests.processes.conftest import installed
from tests.processes.here import Here
from tests.processes.scores import append, dataset, lines


def grow(home: Settings, tick: int) -> dict[str, Any]:
    path = home.inbox / "p" / "a.jsonl"
    append(path, lines(tick, tick + 1))
    datasets.receive_inbox("p", path.name, path, path.stat().st_size, inode=path.stat().st_ino)
    work = runs.claim("me")
    assert work is not None
    perform(work, Here())
    found = dataset("p", path.name)
    assert found is not None
    return found


def numbers() -> list[int]:
    return [row[0] for row in fetch("SELECT id FROM event WHERE topic = 'test' ORDER BY id")]


def test_a_backup_under_writes_holds_all_that_was_acknowledged_before(home: Settings, tmp_path: Path) -> None:
    answer = grow(home, 0)["answer"]
    acknowledged: list[int] = []
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            with transaction() as tx:
                tx.publish("main", "test", "number", {"text": "x" * 2000})
            acknowledged.extend(tx.event_ids)

    writer = threading.Thread(target=write)
    writer.start()
    before = []
    for turn in range(3):
        before.append(list(acknowledged))
        backup(home, tmp_path / f"{turn}.tar")
    stop.set()
    writer.join()
    close_store()
    for turn, known in enumerate(before):
        with installed_from(tmp_path / f"{turn}.tar", tmp_path / f"home {turn}") as again:
            assert set(known) <= set(numbers())
            found = dataset("p", "a.jsonl")
            assert found["answer"] == answer
            assert answer_of(found["manifest"], {"kind": "comparison"}) is not None
            grown = grow(again, 1)
            assert grown["version"] == found["version"] + 1, "the followed file goes on where it was"
            assert grown["report"]["accepted"] == len(lines(0, 2))


def test_what_was_encrypted_is_read_again_and_the_backup_is_its_owners(home: Settings, tmp_path: Path) -> None:
    sealed = sealing.seal("jsons://example.com/hook")
    backup(home, tmp_path / "whole.tar")
    close_store()
    assert stat.S_IMODE((tmp_path / "whole.tar").stat().st_mode) == 0o600
    with installed_from(tmp_path / "whole.tar", tmp_path / "again") as again:
        assert sealing.unseal(sealed) == "jsons://example.com/hook"
        assert stat.S_IMODE((again.home / sealing.FILE).stat().st_mode) == 0o600


def installed_from(file: Path, folder: Path) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLUMBLINE_HOME", str(folder))
        get_settings.cache_clear()
        restore(get_settings(), file)
    get_settings.cache_clear()
    return installed(folder)


def test_what_is_missing_or_damaged_is_refused(home: Settings, tmp_path: Path) -> None:
    sha256 = grow(home, 0)["manifest"][0]
    good = tmp_path / "good.tar"
    backup(home, good)
    content = good.read_bytes()
    segment = segment_path(sha256).read_bytes()
    damages = {
        "torn.tar": content[: len(content) // 2],
        "flipped.tar": content.replace(segment[-600:-300], bytes(300)),
        "no store.tar": content[content.index(b"plumbline.db") + (1 << 12) :],
        "text.tar": b"not a backup",
    }
    for name, damaged in damages.items():
        (tmp_path / name).write_bytes(damaged)
        fresh = Settings(home=tmp_path / "fresh")
        with pytest.raises(InputRefused):
            restore(fresh, tmp_path / name)
        assert not (fresh.home / "plumbline.db").exists()
        assert not list(fresh.home.glob(".restore-*"))
    with pytest.raises(UsageError, match="has a store already"):
        restore(home, good)
    with pytest.raises(UsageError, match="exists already"):
        backup(home, good)
    segment_path(sha256).unlink()
    with pytest.raises(InputRefused, match="datasets/segments"):
        backup(home, tmp_path / "incomplete.tar")
    assert not (tmp_path / "incomplete.tar").exists()


def test_a_backup_cannot_write_outside_the_home(home: Settings, tmp_path: Path) -> None:
    bad = tmp_path / "bad.tar"
    with tarfile.open(bad, "w") as archive:
        archive.add(__file__, "../outside.py")
    with pytest.raises(InputRefused):
        restore(Settings(home=tmp_path / "fresh"), bad)
    assert not (tmp_path / "outside.py").exists()


def test_postgres_has_its_own_tools(home: Settings, tmp_path: Path) -> None:
    shared = Settings(home=home.home, database_url="postgresql://plumb@127.0.0.1/plumbline")
    for command in (backup, restore):
        with pytest.raises(UsageError, match="pg_dump"):
            command(shared, tmp_path / "x.tar")


def test_the_commands(home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grow(home, 0)
    close_store()
    file = tmp_path / "plumbline.tar"

    def command(*words: str) -> str:
        done = subprocess.run([sys.executable, "-m", "jobs", *words], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "Every file the store needs is there" in command("backup", str(file))
    monkeypatch.setenv("PLUMBLINE_HOME", str(tmp_path / "again"))
    assert "files again" in command("restore", str(file))
    assert "expects" in command("migrate")
    get_settings.cache_clear()
    migrate()
    assert dataset("p", "a.jsonl")["report"]["accepted"] == len(lines(0, 1))
