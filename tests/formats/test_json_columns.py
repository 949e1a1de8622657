"""The quick way through JSON lines: the same rows, hashes and refusals as the careful one, or not taken at all."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from engine.formats import json_lines, read_table
from engine.formats.json_columns import MOST_FAILURES, ColumnReader
from tests.formats import samples

LONGEST = 1 << 20


class Careful(ColumnReader):
    """Never reads anything."""

    def read(self, block: bytes, number: int, longest: int) -> None:
        return None


class Counting(ColumnReader):
    """Counts the blocks that were read quickly."""

    quick = 0

    def read(self, block: bytes, number: int, longest: int) -> Any:
        found = super().read(block, number, longest)
        Counting.quick += found is not None
        return found


def learned(*rows: dict[str, Any]) -> ColumnReader:
    reader = ColumnReader()
    reader.learn(rows)
    return reader


KNOWN = {"a": 1.5, "s": "x", "n": 3, "t": True}


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.formats.source.BLOCK", 2000)
    Counting.quick = 0


def both_ways(data: bytes, monkeypatch: pytest.MonkeyPatch) -> int:
    """Read with and without the quick way; the rows and the report are the same. How many blocks were quick."""
    monkeypatch.setattr(json_lines, "ColumnReader", Careful)
    careful, said = read_table(data, "x")
    monkeypatch.setattr(json_lines, "ColumnReader", Counting)
    quick, also = read_table(data, "x")
    assert quick.schema == careful.schema
    assert quick.to_pylist() == careful.to_pylist()
    assert also.to_dict() == said.to_dict()
    return Counting.quick


def _rows(number: int) -> list[dict[str, Any]]:
    rng = random.Random(41)
    return [
        {
            "prompt_id": place // 3,
            "prompt": f"Say “{place}” \n\t\\ 😀 {'é' * (place % 7)}",
            "response_a": "a" * rng.randrange(40),
            "response_b": None if place % 11 == 0 else "b\u0000c",
            "score_a": rng.gauss(0, 3),
            "score_b": rng.randrange(5) if place % 2 else rng.random(),
            "label": rng.choice(["A", "B", "tie"]),
            "flag": place % 3 == 0,
            "language": rng.choice(["en", "de"]),
        }
        for place in range(number)
    ]


@pytest.mark.parametrize("ascii_only", [True, False])
def test_rows_are_the_same_either_way(ascii_only: bool, small_blocks: None, monkeypatch: pytest.MonkeyPatch) -> None:
    data = b"".join(json.dumps(row, ensure_ascii=ascii_only).encode() + b"\n" for row in _rows(400))
    assert both_ways(data, monkeypatch) > 10


@pytest.mark.parametrize(
    "line",
    [
        b'{"score_a": 1, "score_b": 2, "label": "A", "score_a": 9}',
        b'{"score_a": NaN, "score_b": 2, "label": "A"}',
        b'{"score_a": 1e999, "score_b": 2, "label": "A"}',
        b'{"score_a": 1, "score_b": 2, "label": "A"',
        b'{"score_a": 1, "score_b": 2, "label": "A"} {"score_a": 1, "score_b": 2, "label": "A"}',
        b'{"score_a": 1, "score_b": "2,5", "label": "A"}',
        b'{"score_a": [1], "score_b": 2, "label": "A"}',
        b'{"score_a": 1, "score_b": 2, "label": "A", "new": "field"}',
        b'{"score_a": 1, "score_b": 2, "label": "\xff"}',
        b'{"score_a": 1, "score_b": 2, "label": "\\ud800"}',
        b'{"score_a": 99999999999999999999999, "score_b": 2, "label": "A"}',
        b'{"score_a": true, "score_b": 2, "label": "A"}',
        b'{"score_a": 1, "score_b": 2, "label": 1}',
        b'{"label": "A"}',
        b"{}",
        b"",
        b"   ",
        b"null",
        b"[1, 2]",
        b'{"score_a": 1,\n"score_b": 2, "label": "A"}',
        b'{"score_a": 1, "score_b": 2, "label": "' + b"x" * 2_000_000 + b'"}',
    ],
)
def test_a_line_that_needs_a_closer_look_gets_it(
    line: bytes, small_blocks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(43)
    made = [{"score_a": rng.random(), "score_b": 1.5, "label": "AB"[place % 2]} for place in range(300)]
    lines = [json.dumps(row).encode() for row in made]
    lines.insert(200, line)
    assert both_ways(b"\n".join(lines), monkeypatch) > 3


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_line_ends_and_a_last_line_without_one(end: bytes, small_blocks: None, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [json.dumps(row).encode() for row in _rows(200)]
    assert both_ways(end.join(lines), monkeypatch) > 3


def test_nested_files_are_read_carefully(small_blocks: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert both_ways(samples.lines(samples.judgebench(60)), monkeypatch) == 0


@pytest.mark.parametrize(
    "block",
    [
        b'{"a": 1, "s": "y", "n": 3.5, "t": true}\n',
        b'{"a": 9007199254740993, "s": "y", "n": 3, "t": true}\n',
        b'{"a": 1}{"a": 2}\n{"a": 3\n}\n',
        b'{"a": 1}\n\n{"a": 2}\n',
        b' {"a": 1}\n',
        b'{"a": 1} \n',
        b'{"a": "x\xff"}\n',
        b"\n",
    ],
)
def test_blocks_that_are_not_certain_are_left(block: bytes) -> None:
    assert learned(KNOWN).read(block, 1, LONGEST) is None


def test_what_is_certain_is_read_with_its_lines() -> None:
    batch = learned(KNOWN).read(b'{"a": 1, "n": 4}\n{"s": null, "t": false}\n', 7, LONGEST)
    assert batch is not None
    assert batch.lines.tolist() == [7, 8]
    assert {name: batch.column(name).to_pylist() for name in KNOWN} == {
        "a": [1.0, None], "s": [None, None], "n": [4, None], "t": [None, False],
    }  # fmt: skip


def test_a_line_as_long_as_the_limit_is_read_and_a_longer_one_is_not() -> None:
    line = b'{"s": "%s"}'
    short, long = line % (b"x" * 91), line % (b"x" * 92)
    assert len(short) == 100
    reader = learned(KNOWN)
    assert reader.read(short + b"\n" + short + b"\n" + short, 1, 100) is not None
    for block in (short + b"\n" + long + b"\n", long + b"\n" + short, long):
        assert reader.read(block, 1, 100) is None


def test_types_are_learned_from_all_that_was_read_and_conflicts_end_it() -> None:
    reader = learned({"x": 1}, {"x": 2})
    assert reader.read(b'{"x": 1.5}\n', 1, LONGEST) is None
    reader.learn([{"x": 1.5}])
    batch = reader.read(b'{"x": 1}\n', 1, LONGEST)
    assert batch is not None
    assert batch.column("x").to_pylist() == [1.0]
    reader.learn([{"x": "now a text"}])
    assert reader.read(b'{"x": 1}\n', 1, LONGEST) is None


def test_it_gives_up_where_every_block_fails() -> None:
    reader = learned(KNOWN)
    for _ in range(MOST_FAILURES + 1):
        assert reader.read(b'{"other": 1}\n', 1, LONGEST) is None
    assert reader.read(b'{"a": 1}\n', 1, LONGEST) is None
