"""TensorBoard event files: against tensorboard's own reader, and where they are damaged or still being written."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import InputRefused
from engine.formats import FollowState, read, read_table
from engine.formats.crc32c import checksum, masked, of_records
from tests.formats import log_samples
from tests.formats.reading import taken

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parent / "golden" / "events.json").read_text())
DATA = os.environ.get("PLUMBLINE_REAL_DATA", "")


def _points(rows: list[dict[str, Any]]) -> dict[str, list[tuple[float, int, float]]]:
    found: dict[str, list[tuple[float, int, float]]] = {}
    for row in rows:
        found.setdefault(row["source"], []).append((row["time"].timestamp(), row["step"], row["value"]))
    return found


def _same(mine: dict[str, list[tuple[float, int, float]]], theirs: dict[str, list[list[float]]]) -> None:
    assert sorted(mine) == sorted(theirs)
    for tag, expected in theirs.items():
        found = np.array(mine[tag])
        assert np.array_equal(found[:, 1:], np.array(expected)[:, 1:]), tag
        assert np.abs(found[:, 0] - np.array(expected)[:, 0]).max() < 2e-6


def test_every_scalar_is_read_as_tensorboard_reads_it() -> None:
    rows, report = taken(base64.b64decode(GOLDEN["file"]))
    assert (report.format, report.kind, report.rejected) == ("tensorboard", "curve", 0)
    _same(_points(rows), GOLDEN["scalars"])


@pytest.mark.real_data
@pytest.mark.skipif(not Path(DATA, "judgebench").is_dir(), reason="PLUMBLINE_REAL_DATA names no folder of real files")
def test_the_real_file_is_read_as_tensorboard_reads_it() -> None:
    table, _ = read_table(next(Path(DATA).glob("rlhf_systems_kit_tb/*/*/tb/events*")), "x")
    _same(_points(table.to_pylist()), GOLDEN["real"])
    assert len(GOLDEN["real"]) == 14


def test_the_checksum_is_the_published_one() -> None:
    assert checksum(b"123456789") == 0xE3069283
    assert checksum(bytes(32)) == 0x8A9136AA


def test_many_checksums_at_once_are_those_one_by_one() -> None:
    rng = np.random.default_rng(3)
    data = rng.integers(0, 256, 5000, dtype=np.uint8)
    starts = rng.integers(0, 4000, 60)
    lengths = rng.integers(0, 900, 60)
    expected = [masked(data[a : a + n].tobytes()) for a, n in zip(starts, lengths, strict=True)]
    assert of_records(data, starts, lengths).tolist() == expected


@pytest.mark.parametrize("lost", [1, 5, 17, 60])
def test_a_record_whose_end_is_missing_is_left(lost: int) -> None:
    rows, report = taken(log_samples.events()[:-lost])
    assert len(rows) == 23 * 3
    assert report.rejected == 0
    assert "tail_unread" in {notice.code for notice in report.warnings}


def test_a_damaged_record_costs_only_itself() -> None:
    data = bytearray(log_samples.events())
    data[len(log_samples.VERSION) + 30] ^= 1
    rows, report = taken(bytes(data))
    assert len(rows) == 23 * 3
    assert report.reasons == {"record_damaged": 1}
    assert report.examples[0].line == 2


def test_pictures_larger_than_a_block_are_passed_over() -> None:
    values = [log_samples.simple("loss", 0.5)]
    picture = log_samples.record(log_samples.message(5, bytes(70_000)))
    parts = [log_samples.record(log_samples.event(1.7e9, step, values)) for step in (1, 2)]
    rows, report = taken(log_samples.VERSION + parts[0] + picture + parts[1])
    assert [(row["step"], row["source_line"]) for row in rows] == [(1, 2), (2, 4)]
    assert not report.warnings


def test_nothing_but_a_version_holds_no_rows() -> None:
    with pytest.raises(InputRefused) as refused:
        taken(log_samples.VERSION)
    assert refused.value.code == "no_rows"


def test_values_that_are_not_finite_are_told() -> None:
    values = [log_samples.simple("loss", float("nan")), log_samples.simple("reward", 1.0)]
    data = log_samples.VERSION + b"".join(
        log_samples.record(log_samples.event(1.7e9, step, values)) for step in range(4)
    )
    rows, report = taken(data)
    assert {row["source"] for row in rows} == {"reward"}
    assert {notice.code for notice in report.warnings} == {"not_finite", "constant_series"}


@pytest.mark.parametrize("step", [7, 61, 300])
def test_parts_of_a_growing_file_add_up_to_the_whole(tmp_path: Path, step: int) -> None:
    data = log_samples.events()
    path = tmp_path / "run" / "events.out.tfevents.1.x"
    path.parent.mkdir()
    state, tables = FollowState(), []
    for end in range(step, len(data) + step, step):
        path.write_bytes(data[:end])
        reading = read(path, "run/events.out.tfevents.1.x", follow=state)
        tables += list(reading)
        assert reading.follow is not None
        state = reading.follow
    whole, _ = read_table(data, "run/events.out.tfevents.1.x")
    rows = [row for table in tables for row in table.to_pylist()]
    kept = ("run", "step", "time", "metric", "value", "source_line")
    assert [[row[name] for name in kept] for row in rows] == [[row[name] for name in kept] for row in whole.to_pylist()]
    assert state.offset == len(data)
