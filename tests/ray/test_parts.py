"""Segments in parts: whoever observes them, the state is the same to the bit."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest

from engine.analysis import ANALYSES
from engine.formats import parts
from engine.formats.segments import segment_rows
from jobs.children import Child
from jobs.observing import observe_here
from tests.ray import big

ANALYSIS = ANALYSES["calibration"]
DEFAULTS = ANALYSIS.parameters()


@pytest.fixture(scope="module")
def segment(tmp_path_factory):
    path = tmp_path_factory.mktemp("parts") / "segment.parquet"
    big.write(path, 40_000, group=3_000)
    return path


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(parts, "PART_ROWS", 10_000)


def test_parts_are_whole_row_groups_and_all_rows_are_in_one(segment, small_parts):
    plan = parts.outline(segment)
    assert [group for groups in plan.parts for group in groups] == list(range(14))
    assert plan.part_rows == (9_000, 9_000, 9_000, 9_000, 4_000)
    assert plan.rows == 40_000


def test_a_cut_reads_as_the_file_does_and_holds_no_texts(segment, small_parts):
    plan = parts.outline(segment)
    with pq.ParquetFile(segment) as file:
        for groups in plan.parts:
            chunks = parts.cut(segment, plan, groups)
            here, there = (
                parts.part_rows(file, plan, groups),
                parts.part_rows(parts.open_cut(plan, chunks), plan, groups),
            )
            for name, column in here.columns.items():
                assert column.tobytes() == there.columns[name].tobytes()
            assert {name: values for name, (_, values) in there.slices.items()} == {
                "domain": list(big.WORDS),
                "side": ["l", "r"],
            }
    assert "prompt_text" not in plan.columns


def test_one_part_is_observed_as_the_whole_segment_is(segment):
    state, rows = observe_here(segment, "calibration", {})
    assert state == ANALYSIS.to_bytes(ANALYSIS.observe(segment_rows(segment), DEFAULTS))
    assert rows == 40_000


def test_slices_sorted_by_value_keep_their_conjunctions_over_parts(segment, small_parts):
    state = ANALYSIS.from_bytes(observe_here(segment, "calibration", {})[0])
    assert set(state.columns) == {"domain", "side", "domain & side"}
    assert state.rows == 40_000


def test_partial_states_come_in_order_and_say_how_much_they_have_seen(segment, small_parts):
    told = []
    observe_here(segment, "calibration", {}, lambda state, rows, of: told.append((rows, of, state)))
    assert [(rows, of) for rows, of, _ in told] == [(rows, 40_000) for rows in (3_000, 9_000, 18_000, 27_000, 36_000)]
    assert [ANALYSIS.from_bytes(state).rows for *_, state in told] == [rows for rows, *_ in told]


def test_the_child_makes_the_same_bytes_and_tells_its_partial_states(tmp_path):
    path, out = tmp_path / "segment.parquet", tmp_path / "state"
    big.write(path, 200_000)
    told = []
    with Child() as child:
        done = child.observe(path, "calibration", {}, out, lambda state, rows, of: told.append((rows, of)))
    assert out.read_bytes() == observe_here(path, "calibration", {})[0]
    assert (done.rows, told) == (200_000, [(parts.FIRST_ROWS, 200_000)])
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".")] == []
