from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.analysis.shapes import Stream, Table, Units
from engine.errors import Conflict, UsageError


def dense(table: Table) -> np.ndarray:
    full = np.zeros((len(table.sums), table.buckets * table.cells))
    full[:, table.keys] = table.sums
    return full.reshape(len(table.sums), table.buckets, table.cells)


def of(rows: list[tuple[int, int, float]], buckets: int = 8, cells: int = 3) -> Table:
    bucket, cell, value = (np.array([row[i] for row in rows]) for i in range(3))
    return Table.of_rows(buckets, cells, bucket.astype(np.int64), cell.astype(np.int64), [value.astype(float)])


ROWS = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 2), st.integers(-5, 5)), max_size=30)


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_sums_by_bucket_and_cell(rows):
    table, expected = of(rows), np.zeros((2, 8, 3))
    for bucket, cell, value in rows:
        expected[:, bucket, cell] += (1, value)
    assert (dense(table) == expected).all()
    assert (np.diff(table.keys) > 0).all()
    assert table.sums[0].all()
    assert (table.totals() == expected.sum(axis=1)).all()
    assert (table.per_bucket(table.sums[1]) == expected[1].sum(axis=1)).all()
    groups = np.array([1, 0, 1])
    merged = np.stack([expected[:, :, 1], expected[:, :, 0] + expected[:, :, 2]], axis=2)
    assert (table.bucket_sums(groups, 2) == merged).all()


@settings(max_examples=60, deadline=None)
@given(ROWS, ROWS, ROWS)
def test_adding_is_associative_and_commutes_and_equals_observing_together(a, b, c):
    one, two, three = of(a), of(b), of(c)
    together = of(a + b + c)
    for table in ((one + two) + three, one + (two + three), (three + one) + two):
        assert table.keys.tolist() == together.keys.tolist()
        assert table.sums == pytest.approx(together.sums, rel=1e-12)


@settings(max_examples=40, deadline=None)
@given(ROWS, ROWS)
def test_folding_before_or_after_adding_is_the_same(a, b):
    fine, coarse = of(a), of(b).fold(2)
    assert (dense(of(a).fold(2)) == dense(of([(bucket % 2, cell, value) for bucket, cell, value in a], 2))).all()
    assert (dense(fine + coarse) == dense((fine + of(b)).fold(2))).all()
    assert (dense(coarse + fine) == dense(fine + coarse)).all()


def test_many_rows_take_the_dense_way_with_the_same_sums():
    generator = np.random.default_rng(0)
    bucket, cell, value = generator.integers(0, 8, 500), generator.integers(0, 3, 500), generator.random(500)
    table = Table.of_rows(8, 3, bucket, cell, [value])
    expected = np.zeros((8, 3))
    np.add.at(expected, (bucket, cell), value)
    assert dense(table)[1] == pytest.approx(expected, rel=1e-12)
    parts = [Table.of_rows(8, 3, bucket[i : i + 4], cell[i : i + 4], [value[i : i + 4]]) for i in range(0, 500, 4)]
    whole = parts[0]
    for part in parts[1:]:
        whole = whole + part
    assert whole.sums == pytest.approx(table.sums, rel=1e-12)


def test_few_rows_of_a_large_table_take_no_room_for_all_of_it():
    bucket, cell = np.array([2**30, 5, 2**30]), np.array([2**20, 7, 2**20])
    table = Table.of_rows(2**31, 2**21, bucket, cell, [np.array([1.0, 2.0, 4.0])])
    assert table.keys.tolist() == [5 * 2**21 + 7, 2**51 + 2**20]
    assert table.sums.tolist() == [[1, 2], [2, 5]]


def test_replay_in_the_same_order_is_bit_equal():
    generator = np.random.default_rng(1)

    def state() -> Table:
        again = np.random.default_rng(1)
        whole = Table.empty(8, 3, 1)
        for _ in range(20):
            whole = whole + Table.of_rows(8, 3, again.integers(0, 8, 9), again.integers(0, 3, 9), [again.random(9)])
        return whole

    assert state().sums.tobytes() == state().sums.tobytes()
    assert generator is not None


def test_tables_that_do_not_match_are_refused():
    with pytest.raises(UsageError):
        of([(0, 0, 1)]) + of([(0, 0, 1)], cells=4)
    with pytest.raises(UsageError):
        of([(0, 0, 1)]) + Table.empty(8, 3, 2)
    with pytest.raises(UsageError):
        of([(0, 0, 1)]).fold(3)
    assert of([(0, 0, 1)]).fold(8).buckets == 8


def test_the_empty_table_is_neutral():
    table = of([(3, 1, 2.0)])
    assert (dense(Table.empty(8, 3, 1) + table) == dense(table)).all()
    assert Table.empty(8, 3, 1).per_bucket(np.zeros(0)).tolist() == [0.0] * 8


# ------------------------------------------------------------------ Units and Stream


class Votes(Units[tuple[int, ...]]):
    """The votes of each prompt."""

    def merge(self, left: tuple[int, ...], right: tuple[int, ...]) -> tuple[int, ...]:
        return left + right


def test_units_combine_by_union_and_never_stay_split():
    one, two = Votes({1: (0, 1), 2: (1,)}), Votes({2: (0,), 3: (1, 1)})
    assert (one + two).records == {1: (0, 1), 2: (1, 0), 3: (1, 1)}
    assert one.records == {1: (0, 1), 2: (1,)}
    three = Votes({3: (0,)})
    assert ((one + two) + three).records == (one + (two + three)).records


@dataclass(frozen=True)
class Sum(Stream):
    """A running sum."""

    total: float = 0.0

    def step(self, position: tuple[int, int], row: float) -> Sum:
        return replace(self, position=position, total=self.total + row)


def test_a_stream_advances_in_order_and_in_pieces():
    rows = [((1, 0), 2.0), ((1, 1), 3.0), ((5, 0), 4.0)]
    whole = Sum(None).advance(rows)
    assert whole.total == 9
    assert whole.position == (5, 0)
    assert Sum(None).advance(rows[:1]).advance(rows[1:]) == whole
    assert Sum(None).advance([]) == Sum(None)


@pytest.mark.parametrize("late", [(1, 0), (1, 1), (0, 9)])
def test_a_late_row_is_refused(late):
    state = Sum(None).advance([((1, 1), 1.0)])
    with pytest.raises(Conflict) as caught:
        state.advance([(late, 1.0)])
    assert caught.value.code == "late_row"
