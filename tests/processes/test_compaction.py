"""Many small segments become few: the same rows in the same order, the same answer, while rows keep coming."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from engine.actions import datasets, runs, versions
from engine.formats.segments import segment_report
from engine.queries.results import answer_of
from engine.store.datasets import existing_segment
from jobs import compaction
from jobs.compaction import compact, neighbours
from jobs.work import observe_found, perform
from tests.processes.here import Here
from tests.processes.scores import append, dataset, lines


@pytest.fixture
def path(home) -> Path:
    return home.inbox / "p" / "a.jsonl"


def observe(sha256: str, report: Any, folder: Path) -> None:
    observe_found(sha256, report, Here(), folder)


def grow(path: Path, rows: list[bytes]) -> dict[str, Any]:
    append(path, rows)
    datasets.receive_inbox("p", path.name, path, path.stat().st_size, inode=path.stat().st_ino)
    work = runs.claim("me")
    assert work is not None
    perform(work, Here())
    found = dataset("p", path.name)
    assert found is not None
    return found


def texts(manifest: list[str]) -> list[str]:
    return [row for sha256 in manifest for row in pq.read_table(existing_segment(sha256))["text_a"].to_pylist()]


def test_a_long_manifest_becomes_short_and_says_the_same(path, monkeypatch):
    monkeypatch.setattr(compaction, "to_compact", partial(versions.to_compact, longest=4))
    for tick in range(12):
        before = grow(path, lines(tick, tick + 1))
    assert len(before["manifest"]) == 12
    assert compact(observe) == 1
    after = dataset("p", "a.jsonl")
    assert len(after["manifest"]) == 1
    assert after["version"] == before["version"] + 1
    assert (after["report"], after["answer"]) == (before["report"], before["answer"])
    assert texts(after["manifest"]) == texts(before["manifest"])
    assert segment_report(existing_segment(after["manifest"][0])).accepted == after["report"]["accepted"]
    again = answer_of(after["manifest"], "comparison")
    for name, estimate in before["answer"]["estimates"].items():
        if estimate["value"] is not None:
            assert again["estimates"][name]["value"] == pytest.approx(estimate["value"], rel=1e-9, abs=1e-12), name
    assert compact(observe) == 0
    grown = grow(path, lines(12, 13))
    assert grown["manifest"][0] == after["manifest"][0]
    assert len(grown["manifest"]) == 2


def test_rows_that_come_meanwhile_stay_behind_the_compacted_ones(path, monkeypatch):
    monkeypatch.setattr(compaction, "to_compact", partial(versions.to_compact, longest=2))
    for tick in range(4):
        grow(path, lines(tick, tick + 1))

    def observe_and_grow(sha256: str, report: Any, folder: Path) -> None:
        observe(sha256, report, folder)
        grow(path, lines(4, 5))

    assert compact(observe_and_grow) == 1
    found = dataset("p", "a.jsonl")
    assert len(found["manifest"]) == 2
    assert found["report"]["accepted"] == len(lines(0, 5))
    assert len(texts(found["manifest"])) == len(lines(0, 5))


def test_a_file_that_starts_over_meanwhile_wins(path, monkeypatch):
    monkeypatch.setattr(compaction, "to_compact", partial(versions.to_compact, longest=2))
    for tick in range(4):
        grow(path, lines(tick, tick + 1))

    def observe_and_cut(sha256: str, report: Any, folder: Path) -> None:
        observe(sha256, report, folder)
        path.unlink()
        grow(path, lines(7, 9))

    assert compact(observe_and_cut) == 0
    assert dataset("p", "a.jsonl")["report"]["accepted"] == len(lines(7, 9))


@pytest.mark.parametrize(
    ("rows", "taken"),
    [
        ([10] * 33, 33),
        ([330, *[10] * 32], 32),
        ([320, *[10] * 32], 33),
        ([10_000, 320, *[10] * 32], 33),
        ([150_000, 60_000, 30_000, 30_000], 3),
        ([200_000] * 40, 0),
        ([5], 0),
    ],
)
def test_a_segment_is_drawn_in_when_it_is_no_larger_than_what_follows(rows, taken):
    assert neighbours(rows) == taken
