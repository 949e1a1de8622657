"""Many small segments become few: the same rows in the same order, the same answer, while rows keep coming."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import jobs.upkeep
from engine.actions import datasets, runs, versions
from engine.analysis import ANALYSES
from engine.formats.canonical import METADATA_KEY
from engine.formats.report import Report
from engine.formats.segments import segment_report
from engine.queries import states
from engine.queries.results import answer_of
from engine.queries.states import Observed
from engine.settings import get_settings
from engine.store import datasets as datasets_on_disk
from engine.store.datasets import existing_segment
from jobs import compaction, lately
from jobs.compaction import compact, neighbours
from jobs.observing import observe_here
from jobs.upkeep import Upkeep
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


def scores(manifest: list[str]) -> list[float]:
    return [row for sha256 in manifest for row in pq.read_table(existing_segment(sha256))["score_a"].to_pylist()]


def crowded(tick: int, rows: int = 400) -> list[bytes]:
    """Pairs of few prompts: their sums have so many terms that another order gives another last digit."""
    draw = random.Random(tick)
    made = []
    for _ in range(rows):
        pair = {"prompt": f"p{draw.randrange(60)}", "score_a": draw.gauss(0, 1), "score_b": draw.gauss(0, 1)}
        made.append(json.dumps({**pair, "label": draw.randrange(2)}).encode() + b"\n")
    return made


def remembering_nothing(manifest: list[str]) -> dict[str, Any]:
    """The answer as a process that has just started gives it."""
    states._folds.clear()
    return answer_of(manifest, {"kind": "comparison"})


def test_a_long_manifest_becomes_short_and_says_the_same_to_the_bit(path, monkeypatch):
    monkeypatch.setattr(compaction, "to_compact", partial(versions.to_compact, longest=4))
    for tick in range(12):
        before = grow(path, crowded(tick))
    assert len(before["manifest"]) == 12
    said = remembering_nothing(before["manifest"])
    assert said["estimates"]["calibration_error"]["value"] is not None
    assert compact(observe) == 1
    after = dataset("p", "a.jsonl")
    assert len(after["manifest"]) == 1
    assert after["version"] == before["version"] + 1
    assert (after["report"], after["answer"]) == (before["report"], before["answer"])
    assert scores(after["manifest"]) == scores(before["manifest"])
    assert segment_report(existing_segment(after["manifest"][0])).accepted == after["report"]["accepted"]
    assert remembering_nothing(after["manifest"]) == said
    assert compact(observe) == 0
    grown = grow(path, crowded(12))
    assert grown["manifest"][0] == after["manifest"][0]
    assert len(grown["manifest"]) == 2


def test_compacted_again_and_again_it_answers_as_if_never_compacted(path, monkeypatch):
    """Also where only the end of a manifest is drawn together, and after the disk was tidied."""
    monkeypatch.setattr(compaction, "to_compact", partial(versions.to_compact, longest=3))
    monkeypatch.setattr(get_settings(), "unused_seconds", -3600)
    monkeypatch.setattr(jobs.upkeep, "prune_folds", partial(datasets_on_disk.prune_folds, keep=0))
    untouched: list[str] = []
    shapes = set()
    upkeep = Upkeep()
    for tick in range(18):
        grown = grow(path, crowded(tick, 400 + 300 * (tick % 3)))
        untouched.append(grown["manifest"][-1])
        compact(observe)
        after = dataset("p", "a.jsonl")
        shapes.add(len(after["manifest"]))
        assert remembering_nothing(after["manifest"]) == remembering_nothing(untouched), tick
        upkeep.sweep()
    assert {1, 2, 3} <= shapes, "prefixes were left alone at times"


@pytest.fixture
def beside(monkeypatch):
    """Does something while compaction is at work."""
    carry = compaction._carry_states

    def during(act: Callable[[], object]) -> None:
        def carry_and_act(*arguments: Any) -> bool:
            act()
            return carry(*arguments)

        monkeypatch.setattr(compaction, "_carry_states", carry_and_act)

    return during


def test_rows_that_come_meanwhile_stay_behind_the_compacted_ones(path, monkeypatch, beside):
    monkeypatch.setattr(compaction, "to_compact", partial(versions.to_compact, longest=2))
    for tick in range(4):
        grow(path, lines(tick, tick + 1))
    beside(lambda: grow(path, lines(4, 5)))
    assert compact(observe) == 1
    found = dataset("p", "a.jsonl")
    assert len(found["manifest"]) == 2
    assert found["report"]["accepted"] == len(lines(0, 5))
    assert len(texts(found["manifest"])) == len(lines(0, 5))


def test_a_file_that_starts_over_meanwhile_wins(path, monkeypatch, beside):
    monkeypatch.setattr(compaction, "to_compact", partial(versions.to_compact, longest=2))
    for tick in range(4):
        grow(path, lines(tick, tick + 1))

    def cut() -> None:
        path.unlink()
        grow(path, lines(7, 9))

    beside(cut)
    assert compact(observe) == 0
    assert dataset("p", "a.jsonl")["report"]["accepted"] == len(lines(7, 9))


def test_states_that_are_not_there_are_observed(path, monkeypatch):
    monkeypatch.setattr(compaction, "to_compact", partial(versions.to_compact, longest=2))
    for tick in range(4):
        before = grow(path, lines(tick, tick + 1))
    for state in get_settings().states.glob("*.npz"):
        state.unlink()
    assert compact(observe) == 1
    after = dataset("p", "a.jsonl")
    assert remembering_nothing(after["manifest"])["rows"] == before["answer"]["rows"]


def test_a_round_ends_in_time_and_on_a_full_disk_there_is_none(home, monkeypatch):
    monkeypatch.setattr(compaction, "to_compact", partial(versions.to_compact, longest=2))
    for name in ("a.jsonl", "b.jsonl", "c.jsonl"):
        for tick in range(3):
            grow(home.inbox / "p" / name, lines(tick, tick + 1))
    with monkeypatch.context() as patch:
        patch.setattr(compaction, "disk_is_low", lambda: True)
        assert compact(observe) == 0
    with monkeypatch.context() as patch:
        patch.setattr(compaction, "MOST_SECONDS", 0.0)
        assert compact(observe) == 0
    assert compact(observe) == 3


def test_columns_that_some_segments_lack_are_null_there(home, monkeypatch):
    monkeypatch.setattr(datasets_on_disk, "existing_segment", lambda sha256: home.home / sha256)
    described = {METADATA_KEY: json.dumps(Report(kind="comparison", format="jsonl").to_dict()).encode()}
    words = {"one": {"slice.s": ["x", "y"]}, "two": {}, "three": {"slice.s": ["z", None], "slice.t": [None, "x"]}}
    for name, slices in words.items():
        columns = {key: pa.array(values).dictionary_encode() for key, values in slices.items()}
        table = pa.table({"margin": [1.0, 2.0], **columns}).replace_schema_metadata(described)
        pq.write_table(table, home.home / name)
    assert compaction._write(list(words), home.home / "whole")[0] == 6
    whole = pq.read_table(home.home / "whole")
    assert whole["slice.s"].to_pylist() == ["x", "y", None, None, "z", None]
    assert whole["slice.t"].to_pylist() == [None] * 5 + ["x"]


def test_long_texts_are_written_in_pieces(home, monkeypatch):
    """Memory follows the size of a piece, not that of the segments."""
    monkeypatch.setattr(compaction, "PIECE_ROWS", 64)
    monkeypatch.setattr(compaction, "PIECE_BYTES", 1 << 20)
    monkeypatch.setattr(datasets_on_disk, "existing_segment", lambda sha256: home.home / sha256)
    draw = random.Random(7)
    for number in range(8):
        rows = [draw.randbytes(8_000).hex() for _ in range(256)]
        columns = {"text_a": rows, "slice.s": pa.array(["x", str(number)] * 128).dictionary_encode()}
        report = {"kind": "comparison", "rows": 256, "accepted": 256, "rejected": 0, "format": "jsonl"}
        described = {METADATA_KEY: json.dumps(Report(**report).to_dict()).encode()}
        pq.write_table(pa.table(columns).replace_schema_metadata(described), home.home / f"{number}.parquet")
    pool = pa.proxy_memory_pool(pa.default_memory_pool())
    before, _ = pa.default_memory_pool(), pa.set_memory_pool(pool)
    try:
        rows, _report = compaction._write([f"{number}.parquet" for number in range(8)], home.home / "whole.parquet")
    finally:
        pa.set_memory_pool(before)
    assert rows == 2048
    assert pool.max_memory() < 16 << 20, "the rows are 33 MB"
    whole = pq.read_table(home.home / "whole.parquet")
    assert set(whole["slice.s"].to_pylist()) == {"x", *map(str, range(8))}


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


def test_bytes_are_bounded_as_rows_are():
    assert neighbours([10] * 4, [compaction.MOST_BYTES // 3] * 4) == 3
    assert neighbours([10] * 4, [compaction.MOST_BYTES] * 4) == 0


def test_what_somebody_looks_at_is_carried_over_as_far_as_it_is_there(path, monkeypatch):
    monkeypatch.setattr(compaction, "to_compact", partial(versions.to_compact, longest=2))
    for tick in range(4):
        found = grow(path, lines(tick, tick + 1))
    looked_at, elsewhere = (Observed(ANALYSES["judge"], {"where": f"confidence={low}.."}) for low in (0.6, 0.7))
    for sha256 in found["manifest"]:
        state, _ = observe_here(existing_segment(sha256), "judge", looked_at.observe)
        datasets_on_disk.write_state(looked_at.key(sha256), state)
    for what in (looked_at, elsewhere):
        lately.remember(found["id"], what)
    before = looked_at.analysis.to_bytes(states.folded(found["manifest"], looked_at))
    assert compact(observe) == 1
    after = dataset("p", "a.jsonl")
    assert len(after["manifest"]) == 1
    assert datasets_on_disk.read_state(looked_at.key(after["manifest"][0])) == before
    assert datasets_on_disk.read_state(elsewhere.key(after["manifest"][0])) is None
