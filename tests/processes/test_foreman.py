"""The foreman tells of every whole file, once asked or by itself, and survives single files and chores."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from watchdog.observers import Observer

from engine.errors import LimitExceeded, StorageFull, StoreUnavailable, UsageError
from jobs import foreman as module
from jobs.foreman import Chore, Foreman
from jobs.inbox import Found, Inbox
from tests.processes.waiting import until

LINE = b'{"a": 1}\n'


@dataclass
class Listener:
    found: list[Found] = field(default_factory=list)
    refused: list[tuple[str, str, str]] = field(default_factory=list)
    trouble: dict[str, Exception] = field(default_factory=dict)

    def receive(self, found: Found) -> None:
        if error := self.trouble.pop(found.name, None):
            raise error
        self.found.append(found)

    def refuse(self, project: str, name: str, reason: str) -> None:
        self.refused.append((project, name, reason))

    def last(self, name: str) -> int:
        return max((found.offset for found in self.found if found.name == name), default=0)


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "p").mkdir()
    return tmp_path / "p"


@pytest.fixture
def foreman(folder: Path, listener: Listener) -> Foreman:
    return Foreman(Inbox(folder.parent, 10**6, time.monotonic), listener, [])


@pytest.fixture
def watching(foreman: Foreman, monkeypatch: pytest.MonkeyPatch) -> Iterator[Foreman]:
    """A foreman that hears of files by the kernel alone: it never walks but at its start."""
    monkeypatch.setattr(module, "WALK_SECONDS", 3600.0)
    stop, observer = threading.Event(), Observer()
    observer.schedule(module._Watch(foreman), str(foreman.inbox.root), recursive=True, event_filter=module.LOOKED_AT)
    observer.start()
    thread = threading.Thread(target=foreman.run, args=[stop])
    thread.start()
    until(lambda: foreman.chores and foreman.chores[0].due > 0)
    yield foreman
    stop.set()
    foreman.changed.put(None)
    thread.join(5)
    observer.stop()
    observer.join()
    assert not thread.is_alive()


def test_an_appended_line_is_told_within_milliseconds(watching, folder, listener):
    delays = []
    for number in range(1, 21):
        began = time.perf_counter()
        with (folder / "a.jsonl").open("ab") as file:
            file.write(LINE)
        until(lambda number=number: listener.last("a.jsonl") == number * len(LINE), every=0.0005)
        delays.append(time.perf_counter() - began)
    assert sorted(delays)[10] < 0.05


def test_a_new_project_folder_is_watched_at_once(watching, folder, listener):
    (folder.parent / "new").mkdir()
    (folder.parent / "new" / "b.jsonl").write_bytes(LINE)
    until(lambda: listener.last("b.jsonl") == len(LINE))


def test_a_moved_in_file_is_told_when_it_has_settled(watching, folder, listener, tmp_path):
    (tmp_path.parent / "c.json").write_bytes(b"[1]")
    (tmp_path.parent / "c.json").rename(folder / "c.json")
    until(lambda: listener.last("c.json") == 3)


def test_what_was_there_before_is_found_by_the_first_walk(foreman, folder, listener):
    (folder / "a.jsonl").write_bytes(LINE)
    foreman.walk()
    assert listener.last("a.jsonl") == len(LINE)


def test_a_thousand_small_files_at_once_are_all_told(watching, folder, listener):
    for number in range(1000):
        (folder / f"{number}.csv").write_bytes(b"a,b\n1,2\n")
    until(lambda: len({found.name for found in listener.found}) == 1000)


def test_a_refusal_is_told_once_and_the_watcher_lives(watching, folder, listener):
    os.mkfifo(folder / "pipe.jsonl")
    (folder / "link.jsonl").symlink_to("/etc/hostname")
    until(lambda: len(listener.refused) == 2, seconds=2)
    foreman_walks = watching.inbox.walk
    for path in [*foreman_walks(), folder / "pipe.jsonl"]:
        watching.changed.put(path)
    (folder / "fine.jsonl").write_bytes(LINE)
    until(lambda: listener.last("fine.jsonl"))
    assert len(listener.refused) == 2


@pytest.mark.parametrize(
    ("trouble", "told"),
    [(StorageFull("The disk is nearly full."), 0), (LimitExceeded("The project is full.", code="project_rows"), 1)],
)
def test_what_is_not_taken_for_want_of_room_is_taken_when_there_is_some(
    foreman, folder, listener, monkeypatch, trouble, told
):
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.0)
    monkeypatch.setattr(module, "LIMIT_SECONDS", 0.0)
    (folder / "a.jsonl").write_bytes(LINE)
    listener.trouble["a.jsonl"] = trouble
    foreman.walk()
    assert listener.last("a.jsonl") == 0
    for path in foreman._wait():
        foreman.look(path)
    assert listener.last("a.jsonl") == len(LINE)
    assert len(listener.refused) == told


def test_a_refused_name_is_told_and_a_busy_store_is_tried_again(foreman, folder, listener, monkeypatch):
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.0)
    listener.trouble = {
        "bad.jsonl": UsageError("no such name"),
        "busy.jsonl": StoreUnavailable("later"),
        "bug.jsonl": ZeroDivisionError("oops"),
    }
    for name in ("bad.jsonl", "bug.jsonl", "busy.jsonl", "good.jsonl"):
        (folder / name).write_bytes(LINE)
    foreman.walk()
    assert [found.name for found in listener.found] == ["good.jsonl"]
    assert listener.refused == [("p", "bad.jsonl", "no such name")]
    for path in foreman._wait():
        foreman.look(path)
    assert {found.name for found in listener.found} == {"good.jsonl", "busy.jsonl", "bug.jsonl"}


def test_a_failing_chore_is_tried_again_and_stops_nothing(foreman):
    calls: list[int] = []
    done = threading.Event()

    def fails() -> None:
        calls.append(1)
        if len(calls) == 3:
            done.set()
            foreman.changed.put(None)
        raise ZeroDivisionError

    foreman.chores.append(Chore(fails, every=0.01))
    foreman.run(done)
    assert len(calls) == 3


def test_an_idle_foreman_sleeps(foreman, folder):
    stop = threading.Event()
    thread = threading.Thread(target=foreman.run, args=[stop])
    thread.start()
    until(lambda: foreman.chores and foreman.chores[0].due > 0)
    before = time.process_time()
    time.sleep(1.0)
    used = time.process_time() - before
    stop.set()
    foreman.changed.put(None)
    thread.join(5)
    assert used < 0.02


def test_a_long_chore_runs_beside_the_others_and_never_twice_at_once(caplog: pytest.LogCaptureFixture) -> None:
    began, go_on, turns = threading.Event(), threading.Event(), []

    def work() -> None:
        turns.append(len(turns))
        began.set()
        assert go_on.wait(10)
        raise ZeroDivisionError

    aside = module.Aside(work)
    aside()
    assert began.wait(10)
    aside()
    go_on.set()
    until(lambda: "tried again" in caplog.text)
    until(lambda: not aside._thread.is_alive())
    aside()
    until(lambda: turns == [0, 1])
