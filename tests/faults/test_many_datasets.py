"""What a small file costs does not grow with the datasets that are there: ten thousand may arrive at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import event, text

from benchmarks.faults import said
from engine.actions import datasets, runs
from engine.queries import palette
from engine.queries.datasets import list_datasets
from engine.settings import Settings
from engine.store.engine import fetch, get_store
from engine.types import Who
from jobs import work
from tests.processes.conftest import installed
from tests.processes.here import Here

MANY = 2000
COPIES = """
INSERT INTO dataset (project_id, name, source, size, mapping, follow, version, created_at, updated_at)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :many)
SELECT project_id, 'copy' || i, 'copy' || i, size, mapping, follow, 1, created_at, updated_at
FROM dataset, n WHERE id = 1
"""
VERSIONS = """
INSERT INTO version (dataset_id, number, manifest, sha256, report, created_at)
SELECT d.id, 1, '[]', 'copy' || d.id, v.report, v.created_at FROM dataset d, version v WHERE d.id > 2 AND v.id = 1
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Settings]:
    with installed(tmp_path / "home") as settings:
        yield settings


def steps(do: Callable[[], object]) -> int:
    """Steps of SQLite's machine, in hundreds, that it takes."""
    store, counted = get_store(), 0

    def count() -> int:
        nonlocal counted
        counted += 1
        return 0

    fetch("SELECT 1")
    with store.writer.connect() as connection:
        own = connection.connection.driver_connection
    for each in (own, *store.bare):
        each.set_progress_handler(count, 100)
    do()
    for each in (own, *store.bare):
        each.set_progress_handler(None, 0)
    return counted


def drop(home: Settings, number: int) -> None:
    path = home.inbox / "faults" / f"{number}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(said.lines(number * 100, 5))
    datasets.receive_inbox("faults", path.name, path, path.stat().st_size, inode=path.stat().st_ino)


def read(number: int) -> None:
    claimed = runs.claim("me")
    assert claimed is not None
    assert claimed.source == f"{number}.jsonl"
    work.perform(claimed, Here())


def copy() -> None:
    with get_store().writer.begin() as connection:
        connection.execute(text(COPIES), {"many": MANY})
        connection.execute(text(VERSIONS))


def test_a_small_file_costs_the_same_among_thousands(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.store.room.KNOWN_SECONDS", 1e9)  # counted now and then, not for each file
    few = []
    for number in (1, 2):
        few = [steps(lambda n=number: drop(home, n)), steps(lambda n=number: read(n))]
    copy()
    many = [steps(lambda: drop(home, 3)), steps(lambda: read(3))]
    assert all(now <= before + 20 for now, before in zip(many, few, strict=True)), f"{few} became {many}"


def test_the_palette_of_a_project_with_thousands_stays_short_and_one_list_serves_everybody(home: Settings) -> None:
    for number in (1, 2):
        drop(home, number)
        read(number)
    copy()
    admin, viewer = Who(1, "a", "admin"), Who(2, "b", "viewer")
    offered = [entry for entry in palette.entries(admin, "faults") if entry.section == "Datasets"]
    assert len(offered) == palette.MOST_DATASETS
    assert len(list_datasets(admin, "faults")) == MANY + 2
    assert steps(lambda: list_datasets(viewer, "faults")) <= 2, "whoever asks next is not given what is known"
    drop(home, 3)
    assert len(list_datasets(viewer, "faults")) == MANY + 3


def test_a_small_reading_that_prints_nothing_writes_twice_to_the_store(
    home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "QUIET_SECONDS", 600.0)
    drop(home, 1)
    kept: list[object] = []
    event.listen(get_store().writer, "commit", kept.append)
    read(1)
    assert len(kept) == 2, "when it is claimed, and when it has ended"
    assert fetch("SELECT state, backend FROM run") == [("done", "child")]
