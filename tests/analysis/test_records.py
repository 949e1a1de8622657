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
from engine.analysis.records import Records
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
