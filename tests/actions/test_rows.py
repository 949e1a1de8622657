"""Rows that programs send are on disk once before they are acknowledged, whoever dies on the way."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from engine.actions import datasets, rows
from engine.errors import AccessDenied, Conflict, InputRefused, LimitExceeded, NotFound, PlumblineError, UsageError
from engine.errors import StoreUnavailable as Unavailable
from engine.queries import datasets as queries
from engine.settings import get_settings
from engine.store import appends
from engine.store.engine import fetch
from engine.store.times import now
from jobs.inbox import Inbox
from tests.store.fixtures import Installation
from tests.store.people import person

ONE, TWO = b'{"n": 1}\n', b'{"n": 2}\n{"n": 3}\n'


def path(name: str = "live.jsonl") -> Path:
    return get_settings().inbox / "main" / name


def journal(name: str = "live.jsonl") -> Path:
    return get_settings().home / "appending" / "main" / f"{name}.journal"


def in_a_child(work: Callable[[], object]) -> int:
    """Do this in a forked process that ends without tidying up; its exit code."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:  # noqa: BLE001 - the child must never return into pytest
            os._exit(3)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


# ------------------------------------------------------------------ taken


def test_rows_become_a_followed_file_and_a_reading(installation: Installation) -> None:
    who = person()
    first, second = rows.append(who, "main", "live", ONE), rows.append(who, "main", "live", TWO)
    assert path().read_bytes() == ONE + TWO
    assert (first.answer, second.rows) == ({"dataset": first.dataset_id, "name": "live.jsonl", "rows": 1}, 2)
    seen = {"offset": len(ONE + TWO), "inode": path().stat().st_ino}
    assert fetch("SELECT count(*) FROM run") == [(1,)]
    assert datasets.receive_inbox("main", "live.jsonl", path(), **seen).dataset_id == first.dataset_id
    assert fetch("SELECT count(*) FROM run") == [(1,)]
    assert queries.get_dataset(who, first.dataset_id).live
    assert journal().stat().st_size == 0


def test_the_foreman_takes_the_file_where_the_rows_end(installation: Installation) -> None:
    rows.append(person(), "main", "live", TWO)
    found = Inbox(get_settings().inbox.resolve(), 2**30, lambda: 0.0).look(path().resolve()).found
    assert found is not None
    assert found.offset == len(TWO)


def test_lines_are_made_whole(installation: Installation) -> None:
    taken = rows.append(person(), "main", "live", b'\n  {"a": 1}\r\n\r\n{"b":\r2}  ')
    assert (path().read_bytes(), taken.rows) == (b'{"a": 1}\n{"b": 2}\n', 2)


def test_what_somebody_else_left_without_a_line_end_costs_only_that_line(installation: Installation) -> None:
    path().parent.mkdir(exist_ok=True)
    path().write_bytes(b'{"half": ')
    rows.append(person(), "main", "live", ONE)
    assert path().read_bytes() == b'{"half": \n' + ONE


def test_many_at_once_lose_and_mix_nothing(installation: Installation) -> None:
    who = person()

    def send(sender: int) -> None:
        for number in range(5):
            rows.append(who, "main", "live", b'{"s": %d, "n": %d}\n' % (sender, number), f"{sender}-{number}")

    threads = [threading.Thread(target=send, args=(sender,)) for sender in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = path().read_bytes().splitlines()
    assert sorted(lines) == sorted(b'{"s": %d, "n": %d}' % (s, n) for s in range(4) for n in range(5))


# ------------------------------------------------------------------ again


def test_the_same_key_is_answered_the_same_and_appended_once(installation: Installation) -> None:
    who = person()
    first = rows.append(who, "main", "live", TWO, "k")
    again = rows.append(who, "main", "live", TWO, "k")
    assert (again.answer, again.repeated, first.repeated) == (first.answer, True, False)
    assert path().read_bytes() == TWO
    with pytest.raises(Conflict) as refused:
        rows.append(who, "main", "live", ONE, "k")
    assert refused.value.code == "key_used"
    assert path().read_bytes() == TWO


def test_a_key_belongs_to_a_person_and_a_dataset(installation: Installation) -> None:
    ann, ben = person("ann"), person("ben")
    rows.append(ann, "main", "live", ONE, "k")
    rows.append(ben, "main", "live", ONE, "k")
    rows.append(ann, "main", "other", TWO, "k")
    assert (path().read_bytes(), path("other.jsonl").read_bytes()) == (ONE + ONE, TWO)


def test_keys_are_forgotten_after_a_week(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    rows.append(person(), "main", "live", ONE, "k")
    assert rows.prune() == 0
    later = now() + rows.KEYS_KEPT + timedelta(hours=1)
    monkeypatch.setattr(rows, "now", lambda: later)
    assert rows.prune() == 1


# ------------------------------------------------------------------ death on the way


def dies_in_the_journal(patch: pytest.MonkeyPatch) -> None:
    write = appends._write_all

    def torn(file: int, content: bytes, offset: int) -> None:
        write(file, content[: len(content) // 2], offset)
        os._exit(9)

    patch.setattr(appends, "_write_all", torn)


def dies_while_appending(patch: pytest.MonkeyPatch) -> None:
    write, calls = appends._write_all, []

    def torn(file: int, content: bytes, offset: int) -> None:
        calls.append(offset)
        write(file, content if len(calls) == 1 else content[:12], offset)
        if len(calls) == 2:
            os._exit(9)

    patch.setattr(appends, "_write_all", torn)


def dies_before_the_store(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rows, "_settle", lambda *_: os._exit(9))


def dies_after_the_store(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(appends.Appending, "settle", lambda self: os._exit(9) if self.pending() else None)


DEATHS = (dies_in_the_journal, dies_while_appending, dies_before_the_store, dies_after_the_store)


@pytest.mark.parametrize("death", DEATHS)
@pytest.mark.parametrize("helper", ["the sender", "the foreman"])
def test_a_batch_sent_again_after_any_death_is_there_once(
    installation: Installation,
    monkeypatch: pytest.MonkeyPatch,
    death: Callable[[pytest.MonkeyPatch], None],
    helper: str,
) -> None:
    who = person()
    rows.append(who, "main", "live", ONE)
    with monkeypatch.context() as patch:
        death(patch)
        assert in_a_child(lambda: rows.append(who, "main", "live", TWO, "k")) == 9
    if helper == "the foreman":
        rows.recover()
        assert path().read_bytes() == ONE + (b"" if death is dies_in_the_journal else TWO)
    rows.append(who, "main", "live", TWO, "k")
    assert path().read_bytes() == ONE + TWO
    assert fetch("SELECT count(*) FROM api_request") == [(1,)]
    assert rows.recover() == 0


def test_a_batch_that_nobody_sends_again_is_finished_before_the_next(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = person()
    with monkeypatch.context() as patch:
        dies_while_appending(patch)
        assert in_a_child(lambda: rows.append(who, "main", "live", TWO)) == 9
    assert path().read_bytes() == TWO[:12]
    rows.append(who, "main", "live", ONE)
    assert path().read_bytes() == TWO + ONE


def test_a_file_that_was_replaced_after_the_death_keeps_its_own_lines(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = person()
    rows.append(who, "main", "live", TWO)
    with monkeypatch.context() as patch:
        dies_before_the_store(patch)
        assert in_a_child(lambda: rows.append(who, "main", "live", ONE)) == 9
    path().write_bytes(b'{"m": 1}\n' * 5)
    assert rows.recover() == 1
    assert path().read_bytes() == b'{"m": 1}\n' * 5 + ONE


def test_recovery_leaves_alone_what_somebody_works_on(installation: Installation) -> None:
    with appends.appending("main", "live.jsonl") as file:
        file.begin(ONE, {"user": 1, "key": "", "digest": "", "rows": 1})
        assert rows.recover() == 0
    assert rows.recover() == 1


# ------------------------------------------------------------------ refused


REFUSED = (
    (b'{"a": 1}\nnot json\n', InputRefused, "invalid_json", 2),
    (b'{"a": NaN}\n', InputRefused, "invalid_json", 1),
    (b'{"a": 1}\n\n[1]\n', InputRefused, "not_an_object", 3),
    (b'{"a": "\xff"}\n', InputRefused, "invalid_json", 1),
    (b'{"a": "' + b"x" * rows.ROW_BYTES + b'"}', LimitExceeded, "row_too_long", 1),
    (b" \n\r\n", InputRefused, "no_rows", None),
    (b"[" * 100_000, InputRefused, "invalid_json", 1),
)


@pytest.mark.parametrize(("lines", "error", "code", "line"), REFUSED)
def test_a_batch_with_one_bad_line_is_refused_whole(
    installation: Installation, lines: bytes, error: type[InputRefused], code: str, line: int | None
) -> None:
    with pytest.raises(error) as refused:
        rows.append(person(), "main", "live", lines)
    assert (refused.value.code, refused.value.line) == (code, line)
    assert not path().exists()


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", ".hidden", "a" * 101, "näme", "a b", "a\n"])
def test_a_name_never_leaves_the_folder(installation: Installation, name: str) -> None:
    with pytest.raises(UsageError):
        rows.append(person(), "main", name, ONE)
    assert not (installation.settings.home / "appending").exists()


@pytest.mark.parametrize("key", ["a b", "ä", "k" * 201, "\n"])
def test_a_key_is_plain(installation: Installation, key: str) -> None:
    with pytest.raises(UsageError):
        rows.append(person(), "main", "live", ONE, key)


def test_only_who_may_add_data_adds_rows(installation: Installation) -> None:
    with pytest.raises(AccessDenied):
        rows.append(person(role="viewer"), "main", "live", ONE)
    with pytest.raises(NotFound):
        rows.append(person("ben"), "nowhere", "live", ONE)
    assert list(installation.settings.inbox.rglob("*.jsonl")) == []


def test_a_removed_dataset_takes_nothing(installation: Installation) -> None:
    who = person()
    datasets.remove(who, rows.append(who, "main", "live", ONE).dataset_id)
    with pytest.raises(Conflict) as refused:
        rows.append(who, "main", "live", TWO)
    assert refused.value.code == "dataset_removed"
    assert path().read_bytes() == ONE


def test_a_file_that_would_be_too_large_to_follow_takes_nothing(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = person()
    rows.append(who, "main", "live", ONE)
    monkeypatch.setattr(installation.settings, "max_upload_bytes", len(ONE) + len(TWO) - 1)
    with pytest.raises(LimitExceeded) as refused:
        rows.append(who, "main", "live", TWO)
    assert refused.value.code == "dataset_full"
    assert path().read_bytes() == ONE


@pytest.mark.parametrize("fails_at", [1, 2])
def test_a_full_disk_leaves_the_file_as_it_was(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, fails_at: int
) -> None:
    who = person()
    rows.append(who, "main", "live", ONE)
    write, calls = appends._write_all, []

    def full(file: int, content: bytes, offset: int) -> None:
        calls.append(offset)
        if len(calls) == fails_at:
            write(file, content[:5], offset)
            raise OSError(28, "No space left on device")
        write(file, content, offset)

    with monkeypatch.context() as patch:
        patch.setattr(appends, "_write_all", full)
        with pytest.raises(Unavailable) as refused:
            rows.append(who, "main", "live", TWO, "k")
    assert refused.value.code == "disk_full"
    assert path().read_bytes() == ONE
    rows.append(who, "main", "live", TWO, "k")
    assert path().read_bytes() == ONE + TWO


def linked(target: Path) -> None:
    target.write_bytes(ONE)
    path().symlink_to(target)


def hard_linked(target: Path) -> None:
    target.write_bytes(ONE)
    path().hardlink_to(target)


def a_pipe(_: Path) -> None:
    os.mkfifo(path())


def a_folder(_: Path) -> None:
    path().mkdir()


@pytest.mark.parametrize("put", [linked, hard_linked, a_pipe, a_folder])
def test_nothing_is_written_through_what_is_no_plain_file(
    installation: Installation, tmp_path: Path, put: Callable[[Path], None]
) -> None:
    path().parent.mkdir(exist_ok=True)
    target = tmp_path / "elsewhere"
    put(target)
    with pytest.raises(PlumblineError) as refused:
        rows.append(person(), "main", "live", TWO)
    assert refused.value.code == "not_a_file"
    assert not target.exists() or target.read_bytes() == ONE
