"""States of the comparison: however rows are split, ordered or written down, the conclusion is the same."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.analysis.compare import state as states
from engine.analysis.compare.observe import observe
from engine.analysis.compare.state import NAMED_BY, PART, CompareState
from engine.errors import InputRefused, NotFound, UsageError
from engine.types import Rows
from tests.analysis.compare_worlds import ANALYSIS, DEFAULTS, coins, conclude, named, pairs_of, scores_of, take


def rich(n: int = 60, seed: int = 0) -> Rows:
    """Two judges, several pairs a prompt, slices of which one differs between judges of one pair."""
    generator = np.random.default_rng(seed)
    rows = pairs_of(coins(n, {"x": 0.7, "y": 0.6}, seed), generator.integers(0, n // 2, n), side=np.arange(n))
    domain = np.tile(generator.integers(-1, 3, n), 2).astype(np.int32)
    noise = generator.integers(0, 2, 2 * n).astype(np.int32)
    return replace(rows, slices={"domain": (domain, ["art", "code", "math"]), "noise": (noise, ["p", "q"])})


def assert_same(one: CompareState, two: CompareState) -> None:
    assert one.sums.members == two.sums.members
    for name in ("unit", "member", "bucket"):
        assert getattr(one.sums, name).tolist() == getattr(two.sums, name).tolist()
    assert one.sums.sums == pytest.approx(two.sums.sums, rel=1e-12, abs=1e-15)
    for name in ("unit", "member", "row", "strength"):
        assert getattr(one.sample, name).tolist() == getattr(two.sample, name).tolist()
    assert list(one.columns) == list(two.columns)
    for name, column in one.columns.items():
        assert column.values == two.columns[name].values
        assert column.unit.tolist() == two.columns[name].unit.tolist()
        assert column.code.tolist() == two.columns[name].code.tolist()
    assert (one.rows, one.left_out, one.sampled) == (two.rows, two.left_out, two.sampled)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 120), max_size=4), st.integers(0, 5), st.booleans())
def test_states_add_up_however_rows_are_split(cuts, seed, turned):
    rows = rich(seed=seed)
    if turned:
        rows = take(rows, np.random.default_rng(seed).permutation(len(rows)))
    edges = [0, *sorted(cuts), len(rows)]
    parts = [observe(take(rows, slice(a, b)), 1.0) for a, b in pairwise(edges)]
    whole = observe(rich(seed=seed), 1.0)
    assert_same(reduce(ANALYSIS.combine, parts), whole)
    assert_same(reduce(ANALYSIS.combine, parts[::-1]), whole)


def test_bytes_and_back():
    state = ANALYSIS.labelled(observe(rich(), 1.0), "one.jsonl")
    data = ANALYSIS.to_bytes(state)
    assert_same(ANALYSIS.from_bytes(data), state)
    assert ANALYSIS.to_bytes(ANALYSIS.from_bytes(data)) == data
    empty = observe(take(rich(), slice(0, 0)), 1.0)
    assert_same(ANALYSIS.from_bytes(ANALYSIS.to_bytes(empty)), empty)
    assert_same(ANALYSIS.combine(empty, state), state)


def test_sides_in_either_order_are_one_unit():
    rows = rich()
    swapped = {**rows.columns, "side_a": rows.columns["side_b"], "side_b": rows.columns["side_a"]}
    swapped |= {"margin": -rows.columns["margin"], "label": 1 - rows.columns["label"]}
    one, two = observe(rows, 1.0), observe(replace(rows, columns=swapped), 1.0)
    assert one.sums.unit.tolist() == two.sums.unit.tolist()
    assert one.sums.sums[:2] == pytest.approx(two.sums.sums[:2])
    assert len(one.sums.starts) == 60


def test_a_slice_on_which_rows_of_a_unit_disagree_is_none_of_its():
    rows = rich()
    state = observe(rows, 1.0)
    noise, n = rows.slices["noise"][0], 60
    agree = noise[:n] == noise[n:]
    assert np.count_nonzero(state.columns["noise"].code == states.MIXED) == n - agree.sum()
    narrowed = ANALYSIS.narrow(state, "noise", "q")
    assert len(narrowed.sums.starts) == np.count_nonzero(agree & (noise[:n] == 1))
    domain = ANALYSIS.narrow(state, "domain", "math")
    assert domain.rows == np.count_nonzero(rows.slices["domain"][0] == 2)
    assert domain.narrowed == "domain=math"
    with pytest.raises(NotFound, match="no slice column 'tone'"):
        ANALYSIS.narrow(state, "tone", "x")
    with pytest.raises(NotFound, match="no value 'bio'"):
        ANALYSIS.narrow(state, "domain", "bio")
    with pytest.raises(UsageError):
        ANALYSIS.combine(state, domain)


def test_a_label_names_what_has_no_dataset_yet():
    state = observe(rich(), 1.0)
    assert [member.split(PART) for member in state.sums.members] == [["", "x", "", ""], ["", "y", "", ""]]
    one = ANALYSIS.labelled(state, "one")
    assert [member.split(PART)[NAMED_BY.index("dataset")] for member in one.sums.members] == ["one", "one"]
    assert_same(ANALYSIS.labelled(one, "two"), one)
    both = ANALYSIS.combine(one, ANALYSIS.labelled(state, "two"))
    assert len(both.sums.members) == 4
    assert both.sums.sums[0].sum() == 2 * state.sums.sums[0].sum()
    odd = ANALYSIS.labelled(state, f"a{PART}b")
    assert all(len(member.split(PART)) == len(NAMED_BY) for member in odd.sums.members)


def test_of_too_many_units_the_same_are_kept_of_every_system(monkeypatch):
    rows = rich(200)
    monkeypatch.setattr(states, "MOST_UNITS", 50)
    monkeypatch.setattr(states, "SAMPLED_UNITS", 20)
    whole = observe(rows, 1.0)
    assert whole.sampled
    assert len(whole.sums.starts) == 50
    assert len(np.unique(whole.sample.unit)) == 20
    assert (whole.sums.sizes == 2).all()
    parts = [observe(take(rows, slice(a, a + 100)), 1.0) for a in range(0, 400, 100)]
    assert_same(reduce(ANALYSIS.combine, parts), whole)
    assert whole.rows == 400


def test_rows_without_a_verdict_are_counted_and_left_out():
    rows = rich()
    margin = rows.columns["margin"].copy()
    margin[:10] = np.nan
    verdict = np.full(len(margin), np.nan)
    verdict[:4] = [1.0, 0.0, 0.5, 0.7]
    label = np.ones(len(margin))
    state = observe(replace(rows, columns={**rows.columns, "margin": margin, "verdict": verdict, "label": label}), 1.0)
    assert (state.rows, state.left_out) == (114, 6)
    assert state.sums.sums[2].sum() == 110
    assert np.abs(state.sample.strength[np.isin(state.sample.row, rows.columns["row_hash"][:4])]).max() == 0.5


def test_values_out_of_range_are_refused():
    rows = rich()
    with pytest.raises(InputRefused, match="'label'"):
        observe(replace(rows, columns={**rows.columns, "label": rows.columns["label"] + 1}), 1.0)
    with pytest.raises(InputRefused, match="'truth'"):
        observe(scores_of({"x": np.zeros(3)}, np.arange(3), truth=np.array([0, 2, 1.0])), 1.0)
    with pytest.raises(UsageError, match="kind 'curve'"):
        ANALYSIS.observe(Rows("curve", rows.columns), DEFAULTS)


def test_what_it_needs_and_when_it_leads():
    assert ANALYSIS.missing("comparison", ["label", "margin"]) == ()
    assert ANALYSIS.missing("comparison", ["label", "verdict"]) == ()
    assert ANALYSIS.missing("comparison", ["label"]) == ("margin",)
    assert ANALYSIS.missing("score", ["value"]) == ()
    assert ANALYSIS.missing("curve", ["value"]) is None
    assert not ANALYSIS.applies("score", ["value"])
    assert ANALYSIS.applies("score", ["value", "item"])


def test_names_come_together_from_judge_item_and_step():
    rows = scores_of({"m1": np.arange(40.0), "m2": np.arange(40.0)}, np.arange(40))
    step = np.tile(np.array([10, 200]), 40)
    judge = named(np.arange(80) % 2, ["j", "k"])
    state = observe(replace(rows, columns={**rows.columns, "step": step}, names={**rows.names, "judge": judge}), 1.0)
    assert [tuple(member.split(PART)[1:]) for member in state.sums.members] == [
        ("j", "m1", "10"),
        ("j", "m2", "10"),
        ("k", "m1", "200"),
        ("k", "m2", "200"),
    ]
    assert conclude(rows, by="item").dataset["systems"] == 2
