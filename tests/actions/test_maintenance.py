"""What is kept of events, runs and segments, and what goes."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.actions import maintenance, runs
from engine.queries import events
from engine.settings import get_settings
from engine.store.datasets import segment_path
from engine.store.engine import fetch
from engine.store.transaction import transaction
from jobs.upkeep import Upkeep
from tests.store.fixtures import Installation
from tests.store.people import digest, person, read, upload


def publish(count: int) -> None:
    for _ in range(count):
        with transaction() as tx:
            tx.publish("main", "test", "number", {})


def segments() -> set[str]:
    return {sha256 for (sha256,) in fetch("SELECT sha256 FROM segment")}


@pytest.fixture
def dataset(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> int:
    """A dataset that was read five times, each time anew, of which the newest two versions are kept."""
    monkeypatch.setattr(maintenance, "VERSIONS_KEPT", 2)
    who = person()
    number = upload(who).dataset_id
    for turn in range(5):
        if turn:
            runs.request(who, number, "read")
        read(runs.claim("worker"), f"segment {turn}", replace=True)
    return number


def test_events_go_by_age_too(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(3)
    monkeypatch.setattr(maintenance, "now", lambda: datetime.now(UTC) + timedelta(days=31))
    assert maintenance.prune_events() == 2, "the newest stays, so that numbers never start over"
    assert maintenance.prune_events() == 0
    assert events.oldest() == events.cursor() > 0


def test_many_rows_go_a_few_at_a_time(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "events_kept", 1)
    monkeypatch.setattr(maintenance, "AT_ONCE", 2)
    publish(8)
    assert maintenance.prune_events() == 7


def test_segments_of_no_kept_version_are_forgotten(dataset: int) -> None:
    assert len(segments()) == 5
    maintenance.prune()
    assert segments() == {digest("segment 3"), digest("segment 4")}
    assert maintenance.prune_segments() == 0


def test_a_forgotten_segment_stays_on_disk_and_its_time_begins_then(dataset: int) -> None:
    path: Path = segment_path(digest("segment 0"))
    path.write_text("rows")
    os.utime(path, (1, 1))
    maintenance.prune()
    assert time.time() - path.stat().st_mtime < 100


def test_a_version_that_comes_meanwhile_keeps_its_segments(dataset: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between looking and deleting, a reading brings back what was about to go."""
    maintenance.prune_versions()
    held = maintenance._held

    def held_and_read_again(rows: object, dataset_id: int, after: int) -> set[str]:
        found = held(rows, dataset_id, after)
        if after == 0:
            runs.request(person("ben"), dataset, "read")
            read(runs.claim("worker"), "segment 1", replace=True)
        return found

    monkeypatch.setattr(maintenance, "_held", held_and_read_again)
    maintenance.prune_segments()
    assert segments() == {digest("segment 1"), digest("segment 3"), digest("segment 4")}


def test_runs_are_kept_for_their_versions_and_as_the_last_word(dataset: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "runs_kept", 0)
    maintenance.prune()
    kept = [number for (number,) in fetch("SELECT number FROM version ORDER BY number")]
    assert kept == [4, 5]
    assert len(fetch("SELECT id FROM run")) == 2
    who = person("ben")
    queued = runs.request(who, dataset, "read")
    assert maintenance.prune_runs() == 0
    runs.cancel(who, queued)
    assert maintenance.prune_runs() == 0, "the last run of a dataset says what became of it"
    monkeypatch.setattr(get_settings(), "runs_kept", 100)
    runs.request(who, dataset, "observe", {"analysis": "calibration"})
    assert maintenance.prune_runs() == 0
    monkeypatch.setattr(get_settings(), "runs_kept", 0)
    assert maintenance.prune_runs() == 1


def test_upkeep_finds_what_the_rows_need_on_every_store(dataset: int, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = get_settings().segments
    for turn in range(5):
        path = segment_path(digest(f"segment {turn}"))
        path.write_text("rows")
    orphan = segment_path(digest("of nobody"))
    orphan.write_text("rows")
    runs.request(person("ben"), dataset, "observe", {"analysis": "calibration", "observe": {}, "segments": ["0" * 64]})
    monkeypatch.setattr(get_settings(), "unused_seconds", -3600)
    tidy = Upkeep()
    assert tidy().files == 0
    freed = tidy()
    assert (freed.files, freed.missing) == (4, 0)
    left = {path.stem for path in folder.glob("*.parquet")}
    assert left == {digest("segment 3"), digest("segment 4")}
