"""Records: however rows are split, the same prompts are kept, and nothing is lost on the way to bytes and back."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.analysis import records
from engine.analysis.records import Records, mixed
from engine.errors import NotFound, UsageError
from engine.types import Rows
from tests.analysis.compare_worlds import identity, named, take


def rows_of(n: int, prompts: int, seed: int) -> Rows:
    generator = np.random.default_rng(seed)
    columns = {"value": generator.normal(size=n), **identity(generator.integers(0, prompts, n), start=seed * n)}
    tone = (generator.integers(-1, 2, n).astype(np.int32), ["rude", "plain"])
    return Rows("score", columns, {"tone": tone}, {"judge": named(generator.integers(0, 2, n), ["j", "k"])})


def of(rows: Rows, names: tuple[str, ...] = ("judge",)) -> Records:
    return Records.of_rows(
        rows, np.isfinite(rows.columns["value"]), {"value": rows.columns["value"], "a": rows.columns["value"]}, names
    )


def assert_same(one: Records, two: Records) -> None:
    assert records.to_bytes(one) == records.to_bytes(two)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 200), max_size=5), st.integers(0, 9), st.sampled_from([20, 60, 150, 1000]))
def test_however_rows_are_split_the_same_are_kept(cuts, seed, most):
    rows = rows_of(200, 40, seed)
    edges = [0, *sorted(cuts), 200]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "MOST_ROWS", most)
        whole = of(rows)
        parts = [of(take(rows, slice(a, b))) for a, b in pairwise(edges)]
        assert_same(reduce(Records.__add__, parts), whole)
        assert_same(reduce(Records.__add__, parts[::-1]), whole)
        shuffled = take(rows, np.random.default_rng(seed).permutation(200))
        assert_same(of(shuffled), whole)
    kept = set(whole.prompt.tolist())
    assert len(whole) == np.count_nonzero(np.isin(rows.columns["prompt_hash"], list(kept)))
    assert len(whole) <= most
    assert whole.sampled == (most < 200)
    assert whole.rows == 200


def test_columns_that_only_one_side_has_are_missing_on_the_other():
    one = rows_of(10, 5, 1)
    two = rows_of(10, 5, 2)
    two = replace(two, slices={"tone": (two.slices["tone"][0], ["plain", "sad"])}, names={})
    both = of(one) + of(two)
    assert both.slices["tone"][1] == ("plain", "rude", "sad")
    codes = both.slices["tone"][0][np.isin(both.row, two.columns["row_hash"])]
    assert set(codes.tolist()) <= {-1, 0, 2}
    assert (both.names["judge"][0][np.isin(both.row, two.columns["row_hash"])] == -1).all()
    empty = of(take(one, slice(0, 0)))
    assert_same(empty + of(one), of(one))
    assert np.isnan((replace(of(one), columns={}) + of(two)).columns["value"]).sum() == 10


def test_bytes_and_back_and_narrowing():
    state = of(rows_of(100, 30, 3))
    assert_same(records.from_bytes(records.to_bytes(state)), state)
    rude = state.narrow("tone", "rude")
    assert rude.narrowed == "tone=rude"
    assert len(rude) == np.count_nonzero(rows_of(100, 30, 3).slices["tone"][0] == 0)
    with pytest.raises(NotFound, match="no value 'sad'"):
        state.narrow("tone", "sad")
    with pytest.raises(NotFound, match="known are tone"):
        state.narrow("domain", "x")
    with pytest.raises(UsageError):
        _ = state + rude


def test_prompts_and_buckets():
    state = of(rows_of(300, 40, 4))
    assert state.sizes.sum() == 300
    assert len(state.starts) == len(set(state.prompt.tolist()))
    assert (state.bucket == (state.prompt % np.uint64(4096)).astype(int)).all()
    many = of(rows_of(6000, 5000 * 10, 5))
    assert many.bucket.max() < 512


def test_mixing_is_splitmix64():
    """The first numbers of the generator from the seeds 0 and 1234567, as Rosetta Code prints them."""
    step = 0x9E3779B97F4A7C15
    seeds = np.array([(1234567 + step * number) % 2**64 for number in range(5)], np.uint64)
    assert mixed(seeds).tolist() == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]
    assert mixed(np.zeros(1, np.uint64)).tolist() == [0xE220A8397B1DCDAF]


def of_sizes(*sizes: int) -> Rows:
    """Rows of prompts with so many rows each."""
    prompt = np.repeat(np.arange(len(sizes)), sizes)
    return Rows("score", {"value": np.ones(len(prompt)), **identity(prompt)})


@pytest.mark.parametrize(("most", "prompts"), [(12, 4), (11, 3), (9, 3), (8, 2), (6, 2), (5, 1), (2, 1)])
def test_as_many_whole_prompts_as_fit_and_at_least_one(most, prompts, monkeypatch):
    monkeypatch.setattr(records, "MOST_ROWS", most)
    rows = of_sizes(3, 3, 3, 3)
    found = of(rows)
    assert found.sizes.tolist() == [3] * prompts
    order = np.sort(mixed(np.unique(rows.columns["prompt_hash"])))
    assert np.unique(found.unit).tolist() == order[:prompts].tolist()
    assert found.sampled == (prompts < 4)
    assert found.limit == (int(order[prompts]) if prompts < 4 else 2**64 - 1)
    assert found.rows == 12


def test_one_large_prompt_is_kept_whole(monkeypatch):
    monkeypatch.setattr(records, "MOST_ROWS", 4)
    found = of(of_sizes(7))
    assert (len(found), found.sampled) == (7, False)


def test_a_limit_is_that_of_the_tighter_side(monkeypatch):
    rows = rows_of(100, 40, 2)
    with monkeypatch.context() as patch:
        patch.setattr(records, "MOST_ROWS", 50)
        few = of(take(rows, slice(0, 70)))
    many = of(take(rows, slice(70, 100)))
    both = many + few
    assert both.limit == few.limit < many.limit
    assert both.unit.max() < few.limit
    kept = mixed(rows.columns["prompt_hash"]) < np.uint64(few.limit)
    assert sorted(both.row.tolist()) == sorted(rows.columns["row_hash"][kept].tolist())
    assert both.rows == 100


@pytest.mark.parametrize(("prompts", "buckets"), [(4096, 4096), (4097, 512)])
def test_buckets_are_coarse_where_there_are_many(prompts, buckets):
    state = of(of_sizes(*[1] * prompts))
    assert (state.bucket == (state.prompt % np.uint64(buckets)).astype(int)).all()
    assert state.bucket.max() > buckets * 0.9


def test_rows_stand_by_prompt_and_hold_their_values():
    rows = rows_of(60, 20, 6)
    state = of(rows)
    assert (np.diff(state.unit.astype(object)) >= 0).all()
    assert state.starts.tolist() == [0, *(np.flatnonzero(state.unit[1:] != state.unit[:-1]) + 1).tolist()]
    assert (np.diff(np.append(state.starts, 60)) == state.sizes).all()
    place = {row: number for number, row in enumerate(rows.columns["row_hash"].tolist())}
    order = [place[row] for row in state.row.tolist()]
    assert state.columns["value"].tolist() == rows.columns["value"][order].tolist()
    for coded, (codes, values) in (
        (state.slices["tone"], rows.slices["tone"]),
        (state.names["judge"], rows.names["judge"]),
    ):
        assert list(coded[1]) == sorted(values)
        before = [values[code] if code >= 0 else None for code in codes[order]]
        assert [coded[1][code] if code >= 0 else None for code in coded[0]] == before
    assert of(take(rows, slice(0, 0))).sizes.tolist() == []


def test_a_slice_counts_its_own_rows_and_has_no_slices():
    state = of(rows_of(100, 30, 3))
    rude = state.narrow("tone", "rude")
    assert rude.rows == len(rude)
    assert rude.slices == {}
    assert (rude + rude).narrowed == "tone=rude"
    assert (rude + rude).rows == 2 * len(rude)
