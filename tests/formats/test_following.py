"""A file that grows: each part is read once, rows keep their lines, nothing half-written is taken."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pytest

from engine.errors import InputRefused
from engine.formats import FollowState, follow_from_dict, read, read_table
from tests.formats import samples


def _next(path: Path, state: FollowState, until: int | None = None) -> tuple[list[pa.Table], FollowState]:
    reading = read(path, path.name, follow=state, until=until)
    tables = list(reading)
    assert reading.follow is not None
    return tables, follow_from_dict(json.loads(json.dumps(reading.follow.to_dict())))


def _grow(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


@pytest.mark.parametrize(
    "name",
    ["pairs.csv", "pairs.tsv", "pairs_semicolon.csv", "judgebench.jsonl", "scores.jsonl", "log.csv", "arena_old.jsonl"],
)
@pytest.mark.parametrize("step", [1, 37, 700])
def test_parts_add_up_to_the_whole(tmp_path: Path, name: str, step: int) -> None:
    data = samples.FILES[name]()
    path = tmp_path / "grows"
    state, tables = FollowState(), []
    step = step if step > 1 or len(data) < 2000 else 211
    for start in range(0, len(data), step):
        _grow(path, data[start : start + step])
        found, state = _next(path, state)
        tables += found
    whole, at_once = _next(path, FollowState())
    drop = [column for column in whole[0].column_names if column.startswith("slice.")]
    merged = pa.concat_tables([table.drop_columns([c for c in drop if c in table.column_names]) for table in tables])
    if name != "log.csv":
        assert (
            merged.select([c for c in merged.column_names if not c.startswith("slice.")]).to_pylist()
            == whole[0].drop_columns(drop).to_pylist()
        )
    assert merged.column("source_line").to_pylist() == whole[0].column("source_line").to_pylist()
    assert (state.offset, state.line) == (at_once.offset, at_once.line) == (len(data), data.count(b"\n"))


def test_a_half_written_line_is_left_for_later(tmp_path: Path) -> None:
    path = tmp_path / "grows.jsonl"
    rows = samples.lines(samples.pairs(3)).splitlines(keepends=True)
    path.write_bytes(rows[0] + rows[1][:20])
    tables, state = _next(path, FollowState())
    assert sum(table.num_rows for table in tables) == 1
    assert state.offset == len(rows[0])
    _grow(path, rows[1][20:] + rows[2])
    tables, state = _next(path, state)
    assert tables[0].column("source_line").to_pylist() == [2, 3]


def test_a_last_line_known_to_be_whole_needs_no_end(tmp_path: Path) -> None:
    path = tmp_path / "grows.csv"
    data = samples.FILES["pairs.csv"]().rstrip(b"\n")
    path.write_bytes(data)
    tables, state = _next(path, FollowState(), until=len(data))
    assert sum(table.num_rows for table in tables) == 24
    _grow(path, b"\nq9,1,0,A,de\n")
    tables, _ = _next(path, state)
    assert [(row["margin"], row["source_line"]) for row in tables[0].to_pylist()] == [(1.0, 26)]


@pytest.mark.parametrize("name", ["nectar.jsonl", "best_of_n.jsonl", "ultrafeedback_nested.jsonl"])
def test_several_rows_of_a_line_add_up_too(tmp_path: Path, name: str) -> None:
    data = samples.FILES[name]()
    path = tmp_path / "grows"
    state, tables = FollowState(), []
    for start in range(0, len(data), 900):
        _grow(path, data[start : start + 900])
        found, state = _next(path, state)
        tables += found
    whole, _ = _next(path, FollowState())
    hashes = [value for table in tables for value in table.column("row_hash").to_pylist()]
    assert hashes == [value for table in whole for value in table.column("row_hash").to_pylist()]
    assert len(set(hashes)) == len(hashes)


def test_equal_rows_of_one_line_have_different_hashes(tmp_path: Path) -> None:
    answer = {"answer": "same", "model": "m", "rank": 1}
    path = tmp_path / "grows"
    _grow(path, samples.lines([{"prompt": "p", "answers": [answer] * 3}] * 2))
    tables, _ = _next(path, FollowState())
    hashes = [value for table in tables for value in table.column("row_hash").to_pylist()]
    assert (len(hashes), len(set(hashes))) == (6, 6)


def test_nothing_new_gives_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "grows.csv"
    path.write_bytes(samples.FILES["pairs.csv"]())
    _, state = _next(path, FollowState())
    tables, again = _next(path, state)
    assert tables == []
    assert again == state


def test_equal_rows_of_different_parts_have_different_hashes(tmp_path: Path) -> None:
    path = tmp_path / "grows.jsonl"
    state, hashes = FollowState(), []
    for _ in range(5):
        _grow(path, b'{"score_a": 1, "score_b": 0, "label": 1}\n')
        tables, state = _next(path, state)
        hashes += tables[0].column("row_hash").to_pylist()
    assert len(set(hashes)) == 5


@pytest.mark.parametrize("change", [lambda data: data[: len(data) // 2], lambda data: b"x" + data])
def test_a_file_that_was_replaced_is_not_gone_on_with(tmp_path: Path, change: object) -> None:
    path = tmp_path / "grows.csv"
    data = samples.FILES["pairs.csv"]()
    path.write_bytes(data)
    _, state = _next(path, FollowState())
    path.write_bytes(change(data))  # type: ignore[operator]
    with pytest.raises(InputRefused) as refused:
        _next(path, state)
    assert refused.value.code == "file_replaced"


def test_bad_lines_of_a_later_part_have_their_line(tmp_path: Path) -> None:
    path = tmp_path / "grows.jsonl"
    path.write_bytes(samples.lines(samples.pairs(2)))
    _, state = _next(path, FollowState())
    _grow(path, b"\n{bad}\n" + samples.lines(samples.pairs(1)))
    reading = read(path, "grows.jsonl", follow=state)
    list(reading)
    assert [(each.line, each.reason) for each in reading.report.examples] == [(4, "invalid_json")]
    assert (reading.report.accepted, reading.report.rejected) == (1, 1)


@pytest.mark.parametrize("name", ["pairs.parquet", "helpsteer.json", "pairs_utf16.csv", "pairs.csv.gz"])
def test_files_that_cannot_be_appended_to(tmp_path: Path, name: str) -> None:
    path = tmp_path / "whole"
    path.write_bytes(samples.FILES[name]())
    reading = read(path, "whole", follow=FollowState())
    assert sum(table.num_rows for table in reading) == 24
    assert reading.follow is None


def test_a_growing_file_that_begins_with_nothing_but_bad_rows_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "grows.csv"
    path.write_bytes(b"score_a,score_b,label\nx,1,A\n1,1,\n")
    with pytest.raises(InputRefused) as refused:
        _next(path, FollowState())
    assert (refused.value.code, refused.value.line) == ("no_rows", 2)


def test_slices_of_a_growing_file_stay_columns(tmp_path: Path) -> None:
    path = tmp_path / "grows.jsonl"
    row = {"score_a": 1, "score_b": 0, "label": 1, "subset": "easy"}
    path.write_bytes(samples.lines([row]))
    first, state = _next(path, FollowState())
    assert "slice.subset" in first[0].column_names
    _grow(path, samples.lines([{**row, "subset": "hard"}]))
    reading = read(path, "grows", follow=state)
    (second,) = reading
    assert second.schema.equals(first[0].schema)
    assert reading.report.slices == {"subset": ["easy", "hard"]}


LOGS = ["chat.log", "printed.log", "assigned.log", "ppo.csv", "verl.jsonl", "trainer_log.jsonl", "wandb.csv"]


@pytest.mark.parametrize("name", LOGS)
@pytest.mark.parametrize("step", [97, 900])
def test_parts_of_a_training_log_add_up_to_its_curves(tmp_path: Path, name: str, step: int) -> None:
    data = samples.FILES[name]()
    path = tmp_path / "run" / name
    path.parent.mkdir()
    state, rows, told = FollowState(), [], {}
    for start in range(0, len(data), step):
        _grow(path, data[start : start + step])
        reading = read(path, f"run/{name}", follow=state)
        with suppress(InputRefused):  # nothing that is known has come yet: it is tried again when more has
            rows += [row for table in reading for row in table.to_pylist()]
        if reading.follow is None:
            assert not rows
            continue
        state = follow_from_dict(json.loads(json.dumps(reading.follow.to_dict())))
        told.update({notice.code: notice.message for notice in reading.report.warnings})
    whole, report = read_table(data, f"run/{name}")
    kept = ("run", "step", "time", "source", "value", "source_line")
    assert [[row[each] for each in kept] for row in rows] == [[row[each] for each in kept] for row in whole.to_pylist()]
    assert told == {notice.code: notice.message for notice in report.warnings}


def test_a_restart_in_a_later_part_is_told(tmp_path: Path) -> None:
    path = tmp_path / "grows.csv"
    path.write_bytes(b"step,loss,reward\n1,1,1\n2,1,1\n3,0.5,1\n")
    _, state = _next(path, FollowState())
    _grow(path, b"2,0.7,1\n3,0.6,1\n")
    reading = read(path, "grows.csv", follow=state)
    assert sum(table.num_rows for table in reading) == 4
    assert "go back 1 time," in {notice.code: notice.message for notice in reading.report.warnings}["restarted"]


@pytest.mark.parametrize("name", ["chat.log", "events.out.tfevents.1700000000.host.1.0"])
def test_another_log_in_place_of_a_followed_one_is_read_anew(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    data = samples.FILES[name]()
    path.write_bytes(data)
    _, state = _next(path, FollowState())
    path.write_bytes(data[:20] + bytes([data[20] ^ 1]) + data[21:])
    with pytest.raises(InputRefused) as refused:
        _next(path, state)
    assert refused.value.code == "file_replaced"
