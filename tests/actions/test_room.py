"""Limits of projects and people, and the watermark of the disk: refused by name, and taken again when there is room."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine.actions import datasets, rows, runs
from engine.errors import LimitExceeded, StorageFull
from engine.queries import datasets as reads
from engine.settings import get_settings
from engine.store import room
from engine.store.engine import fetch
from tests.store.fixtures import Installation
from tests.store.people import person, read, report, upload


@pytest.fixture(autouse=True)
def counted_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "KNOWN_SECONDS", 0.0)


def limit(monkeypatch: pytest.MonkeyPatch, **values: int) -> None:
    for name, value in values.items():
        monkeypatch.setattr(get_settings(), name, value)


def fill_the_disk(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=free))


def follow(installation: Installation, text: str) -> datasets.Received:
    path: Path = installation.settings.inbox / "main" / "log.jsonl"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return datasets.receive_inbox("main", "log.jsonl", path, len(text), inode=1)


def test_a_project_holds_what_its_datasets_hold(installation: Installation) -> None:
    who = person()
    assert room.held("main") == (0, 0)
    one = upload(who, "one").dataset_id
    read(runs.claim("me"), "segment", rows=3)
    upload(who, "three", "b.jsonl")
    assert room.held("main") == (3, len("one") + 100 + len("three"))
    assert room.held("nowhere") == (0, 0)
    datasets.remove(who, one)
    assert room.held("main") == (0, len("three"))


def test_more_bytes_than_a_project_may_take_are_refused_and_leave_nothing(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = person()
    first = upload(who, "x" * 60).dataset_id
    limit(monkeypatch, project_bytes=100)
    with pytest.raises(LimitExceeded, match="100 bytes and takes 60") as refused:
        upload(who, "y" * 60, "second.jsonl")
    assert (refused.value.code, refused.value.http_status) == ("project_bytes", 413)
    assert len(list(installation.settings.blobs.iterdir())) == 1
    with pytest.raises(LimitExceeded):
        rows.append(who, "main", "log", b'{"a": "%s"}' % (b"z" * 60))
    assert not (installation.settings.inbox / "main" / "log.jsonl").exists()
    assert rows.append(who, "main", "log", b'{"a": 1}').rows == 1
    datasets.remove(who, first)
    upload(who, "y" * 60, "second.jsonl")


def test_more_rows_than_a_project_may_hold_fail_the_reading_by_name(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = person()
    dataset = upload(who).dataset_id
    read(runs.claim("me"), "one", rows=6)
    limit(monkeypatch, project_rows=10)
    upload(who, "two", "b.jsonl")
    with pytest.raises(LimitExceeded, match="10 rows and holds 6") as refused:
        read(runs.claim("me"), "two", rows=5)
    assert refused.value.code == "project_rows"
    runs.request(who, dataset, "read")
    other = runs.claim("me")
    assert other is not None
    assert read(other, "three", rows=10, replace=True) == 2, "what it takes the place of does not count"
    with pytest.raises(LimitExceeded):
        rows.append(who, "main", "log", b'{"a": 1}')


def test_followed_files_wait_where_they_lie(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    received = follow(installation, "{}\n")
    work = runs.claim("me")
    assert work is not None
    runs.finish(work, segment=None, report=report(5), follow={"offset": 3, "inode": 1})
    limit(monkeypatch, project_rows=4)
    with pytest.raises(LimitExceeded):
        follow(installation, "{}\n{}\n")
    limit(monkeypatch, project_rows=40)
    assert follow(installation, "{}\n{}\n").dataset_id == received.dataset_id


def test_files_of_one_person_within_a_day(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    ann, ben = person("ann"), person("ben")
    limit(monkeypatch, uploads_a_day=2)
    for number in range(2):
        upload(ann, str(number), f"{number}.jsonl")
    with pytest.raises(LimitExceeded, match="2 files within 24 hours") as refused:
        upload(ann, "3", "3.jsonl")
    assert refused.value.code == "uploads_a_day"
    upload(ben, "3", "3.jsonl")
    monkeypatch.setattr(room, "now", lambda: datetime.now(UTC) + timedelta(days=1, minutes=1))
    upload(ann, "4", "4.jsonl")


def test_a_nearly_full_disk_takes_nothing_new_and_goes_on_by_itself(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = person()
    dataset = upload(who).dataset_id
    with monkeypatch.context() as patch:
        fill_the_disk(patch, get_settings().min_free_disk_bytes - 1)
        for take in (
            lambda: upload(who, "two", "b.jsonl"),
            lambda: rows.append(who, "main", "log", b'{"a": 1}'),
            lambda: follow(installation, "{}\n"),
        ):
            with pytest.raises(StorageFull, match="nearly full") as refused:
                take()
            assert (refused.value.code, refused.value.http_status) == ("disk_full", 507)
        assert runs.claim("me") is None, "work waits"
        assert [one.id for one in reads.list_datasets(who, "main")] == [dataset]
        datasets.rename(who, dataset, "small changes go on")
    upload(who, "two", "b.jsonl")
    assert rows.append(who, "main", "log", b'{"a": 1}').rows == 1
    assert runs.claim("me") is not None


def test_the_watermark_counts_what_is_announced(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    fill_the_disk(monkeypatch, get_settings().min_free_disk_bytes + 1000)
    room.require_disk(1000)
    with pytest.raises(StorageFull):
        room.require_disk(1001)


def test_what_a_project_holds_is_not_counted_at_every_row(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "KNOWN_SECONDS", 60.0)
    assert room.held("main") == (0, 0)
    upload(person(), "one")
    assert room.held("main") == (0, 0)
    room.forget()
    assert room.held("main") == (0, 3)
    assert fetch("SELECT count(*) FROM dataset")[0][0] == 1
