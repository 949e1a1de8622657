"""How much of a file is whole, and what is not a file to take."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from jobs.inbox import Inbox

LINE = b'{"a": 1}\n'


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def inbox(tmp_path: Path, clock: Clock) -> Inbox:
    (tmp_path / "inbox" / "p").mkdir(parents=True)
    return Inbox(tmp_path / "inbox", 10_000, clock)


@pytest.fixture
def folder(inbox: Inbox) -> Path:
    return inbox.root / "p"


def offset(inbox: Inbox, path: Path) -> int | None:
    found = inbox.look(path).found
    return found.offset if found else None


def test_lines_are_taken_at_once_up_to_the_last_line_end(inbox, folder):
    path = folder / "a.jsonl"
    path.write_bytes(LINE * 2 + b'{"a"')
    look = inbox.look(path)
    assert (look.found.project, look.found.name, look.found.offset) == ("p", "a.jsonl", 2 * len(LINE))
    assert look.again is not None
    with path.open("ab") as file:
        file.write(b": 3}\n")
    assert offset(inbox, path) == 3 * len(LINE)
    assert inbox.look(path).again is None


def test_a_last_line_without_its_end_is_taken_after_a_pause_if_it_is_json(inbox, folder, clock):
    path = folder / "a.jsonl"
    path.write_bytes(LINE + b'{"a": 2}')
    assert offset(inbox, path) == len(LINE)
    clock.now = 1.9
    assert offset(inbox, path) == len(LINE)
    clock.now = 2.1
    assert offset(inbox, path) == len(LINE) * 2 - 1


def test_half_a_json_line_is_never_taken(inbox, folder, clock):
    path = folder / "a.jsonl"
    path.write_bytes(LINE + b'{"a": 2')
    inbox.look(path)
    clock.now = 1000
    look = inbox.look(path)
    assert look.found.offset == len(LINE)
    assert look.again is None


def test_a_long_last_line_is_not_read_again_and_again(inbox, folder):
    path = folder / "a.csv"
    path.write_bytes(b"a,b\n" + b"x" * 9000)
    assert offset(inbox, path) == 4
    path.write_bytes(b"a,b\n" + b"x" * 9000 + b"\n1")
    assert offset(inbox, path) == 9005


@pytest.mark.parametrize("name", ["a.json", "a.parquet", "a.jsonl.gz"])
def test_other_files_are_taken_when_they_stop_changing(inbox, folder, clock, name):
    path = folder / name
    path.write_bytes(b"[1")
    assert offset(inbox, path) is None
    clock.now = 0.9
    path.write_bytes(b"[1, 2]")
    look = inbox.look(path)
    assert look.found is None
    assert look.again == pytest.approx(1.0)
    clock.now = 2.0
    assert offset(inbox, path) == 6


def test_truncation_and_replacement_are_noticed(inbox, folder):
    path = folder / "a.jsonl"
    path.write_bytes(LINE * 3)
    first = inbox.look(path).found
    with path.open("r+b") as file:
        file.truncate(len(LINE))
    assert offset(inbox, path) == len(LINE)
    (folder / ".new").write_bytes(LINE * 3)
    (folder / ".new").rename(path)
    second = inbox.look(path).found
    assert second.offset == first.offset
    assert second.identity != first.identity


def test_a_whole_file_written_again_with_the_same_size_is_another_one(inbox, folder, clock):
    path = folder / "a.json"
    path.write_bytes(b"[1]")
    inbox.look(path)
    clock.now = 5
    first = inbox.look(path).found
    path.write_bytes(b"[2]")
    os.utime(path, ns=(1, 1))
    inbox.look(path)
    clock.now = 10
    assert inbox.look(path).found.identity != first.identity


def test_only_regular_files_with_one_name_are_taken(inbox, folder, tmp_path):
    (tmp_path / "secret.jsonl").write_bytes(LINE)
    (folder / "link.jsonl").symlink_to(tmp_path / "secret.jsonl")
    os.link(tmp_path / "secret.jsonl", folder / "hard.jsonl")
    os.mkfifo(folder / "pipe.jsonl")
    (folder / "deep.jsonl").mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "s.jsonl"))
    (inbox.root / "loose.jsonl").write_bytes(LINE)
    (inbox.root / "Bad Name").mkdir()
    (inbox.root / "Bad Name" / "a.jsonl").write_bytes(LINE)
    (folder / "large.jsonl").write_bytes(b"x" * 10_001)
    reasons = {path.name: inbox.look(path).refused for path in inbox.walk()}
    assert set(reasons) == {
        "link.jsonl", "hard.jsonl", "pipe.jsonl", "deep.jsonl", "s.jsonl", "loose.jsonl", "a.jsonl", "large.jsonl",
    }  # fmt: skip
    expected = {
        "link.jsonl": "symbolic link",
        "hard.jsonl": "several names",
        "pipe.jsonl": "pipe",
        "deep.jsonl": "folder",
        "s.jsonl": "socket",
        "loose.jsonl": "outside a project's folder",
        "a.jsonl": "project folder's name",
        "large.jsonl": "larger than",
    }
    assert {name for name, part in expected.items() if part not in (reasons[name] or "")} == set()


def test_a_linked_project_folder_is_not_followed(inbox, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.jsonl").write_bytes(LINE)
    (inbox.root / "linked").symlink_to(tmp_path / "elsewhere")
    looks = {path.name: inbox.look(path) for path in inbox.walk()}
    assert set(looks) == {"linked"}
    assert looks["linked"].found is None
    assert inbox.look(inbox.root / "linked" / "a.jsonl").found is None


@pytest.mark.parametrize("name", [".hidden.jsonl", "a.jsonl.tmp", "a.csv~", "a.part", ".a.csv.swp", "A.CRDOWNLOAD"])
def test_hidden_and_unfinished_files_are_left_alone(inbox, folder, name):
    (folder / name).write_bytes(LINE)
    look = inbox.look(folder / name)
    assert (look.found, look.refused) == (None, None)


def test_a_walk_names_what_changed_since_the_last_look(inbox, folder):
    path = folder / "a.jsonl"
    path.write_bytes(LINE)
    assert list(inbox.walk()) == [path]
    inbox.look(path)
    assert list(inbox.walk()) == []
    path.write_bytes(LINE * 2)
    assert list(inbox.walk()) == [path]
    inbox.look(path)
    path.unlink()
    assert list(inbox.walk()) == []
    path.write_bytes(LINE)
    assert list(inbox.walk()) == [path]


def test_a_file_that_vanishes_is_no_trouble(inbox, folder):
    assert inbox.look(folder / "gone.jsonl").found is None


def test_event_files_are_taken_as_far_as_they_go_and_logs_by_lines(inbox, folder, clock):
    events = folder / "events.out.tfevents.1756441037.host.1.0"
    events.write_bytes(b"\x18" + bytes(40))
    look = inbox.look(events)
    assert (look.found.offset, look.again) == (41, None)
    log = folder / "train.log"
    log.write_bytes(b"step 1 loss: 2\nstep 2 lo")
    assert offset(inbox, log) == 15
    clock.now = 3.0
    assert offset(inbox, log) == 24


def test_an_event_file_stays_itself_while_it_grows(inbox, folder):
    events = folder / "events.out.tfevents.1756441037.host.1.0"
    events.write_bytes(b"1234")
    first = inbox.look(events).found.identity
    with events.open("ab") as file:
        file.write(b"5678")
    assert inbox.look(events).found.identity == first


@pytest.mark.parametrize("name", ["p.db-wal", "p.db-shm", "p.db-journal"])
def test_what_sqlite_keeps_beside_a_database_is_left_alone(inbox, folder, name):
    path = folder / name
    path.write_bytes(b"x")
    assert inbox.look(path).ignored
