"""States add up: however rows are split, ordered, folded or written down, the ranking is the same."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.analysis.ranking import codec, columns, sample
from engine.analysis.ranking import observe as observing
from engine.analysis.ranking import state as states
from engine.analysis.ranking.state import RankingState
from engine.analysis.shapes import Table
from engine.errors import InputRefused, NotEnoughData, NotFound, UsageError
from engine.types import Rows
from tests.analysis.battles import ANALYSIS, DEFAULTS, battles, coded, conclude, rows_of, take


def observed(rows: Rows) -> RankingState:
    return ANALYSIS.observe(rows, DEFAULTS)


def folded(rows: Rows, cuts: list[int]) -> RankingState:
    parts = [observed(take(rows, slice(a, b))) for a, b in pairwise([0, *sorted(cuts), len(rows)]) if b > a]
    whole = parts[0]
    for part in parts[1:]:
        whole = ANALYSIS.combine(whole, part)
    return whole


def with_slices(rows: Rows, seed: int = 0) -> Rows:
    generator = np.random.default_rng(seed)
    n = len(rows)
    domain = generator.integers(-1, 3, n).astype(np.int32), ["math", "code", "chat"]
    tone = generator.integers(0, 2, n).astype(np.int32), ["plain", "rude"]
    first = generator.integers(-1, 2, n).astype(np.int8)
    return Rows(rows.kind, {**rows.columns, "first": first}, {"domain": domain, "tone": tone}, rows.names, rows.styles)


def sorted_rows(one: sample.StyleSample) -> list[list[float]]:
    features = [np.nan_to_num(values, nan=9.0) for values in one.features.values()]
    rows = np.column_stack([one.prompt % 2**40, one.bucket, one.a, one.b, one.label, *features])
    return sorted(rows.tolist())


def assert_same_table(one: Table, two: Table) -> None:
    assert (one.buckets, one.cells) == (two.buckets, two.cells)
    assert one.keys.tolist() == two.keys.tolist()
    assert one.sums == pytest.approx(two.sums, rel=1e-12, abs=1e-12)


def assert_same(one: RankingState, two: RankingState) -> None:
    assert one.items == two.items
    assert (one.untracked, one.crowded, one.narrowed) == (two.untracked, two.crowded, two.narrowed)
    assert_same_table(one.pairs, two.pairs)
    assert_same_table(one.shown, two.shown)
    assert one.prompts.smallest.tolist() == two.prompts.smallest.tolist()
    assert one.sample.bound == two.sample.bound
    assert list(one.sample.features) == list(two.sample.features)
    assert sorted_rows(one.sample) == sorted_rows(two.sample)
    assert list(one.columns) == list(two.columns)
    for name, column in one.columns.items():
        other = two.columns[name]
        assert column.values == other.values
        assert_same_table(column.pairs, other.pairs)
        assert_same_table(column.shown, other.shown)
        assert [one.smallest.tolist() for one in column.prompts] == [two.smallest.tolist() for two in other.prompts]


@settings(max_examples=12, deadline=None)
@given(st.lists(st.integers(0, 120), max_size=4), st.permutations(range(120)))
def test_splitting_and_order_do_not_matter(cuts, order):
    rows = with_slices(battles(120, nu=0.5, prompts=40, seed=3, length=0.3))
    assert_same(folded(take(rows, np.array(order)), cuts), observed(rows))


def test_combining_is_associative():
    rows = with_slices(battles(300, prompts=90, length=0.1))
    a, b, c = (observed(take(rows, slice(start, start + 100))) for start in (0, 100, 200))
    assert_same(ANALYSIS.combine(ANALYSIS.combine(a, b), c), ANALYSIS.combine(a, ANALYSIS.combine(b, c)))


def test_segments_that_know_different_items_values_and_features():
    rows = with_slices(battles(200, length=0.2, seed=1))
    other = rows_of(["zeta", "model 1"] * 40, ["model 0", "alpha"] * 40, [1.0, 0.5] * 40, start=500)
    values = np.zeros(80, np.int32), ["poetry"]
    headers = np.arange(80.0), np.full(80, 3.0)
    other = Rows(other.kind, other.columns, {"domain": values}, other.names, {"headers": headers})
    joined = ANALYSIS.combine(observed(rows), observed(other))
    assert joined.items == ("alpha", *(f"model {i}" for i in range(5)), "zeta")
    assert joined.columns["domain"].values == ("chat", "code", "math", "poetry")
    assert joined.columns["tone"].values == ("plain", "rude")
    assert list(joined.sample.features) == ["headers", "length"]
    assert np.isnan(joined.sample.features["headers"]).sum() == 200
    assert joined.pairs.sums[0].sum() == 280
    of_code = ANALYSIS.narrow(joined, "domain", "code")
    alone = ANALYSIS.narrow(observed(rows), "domain", "code")
    assert of_code.items == alone.items
    assert_same_table(of_code.pairs, alone.pairs)
    of_poetry = ANALYSIS.narrow(joined, "domain", "poetry")
    assert of_poetry.items == ("alpha", "model 0", "model 1", "zeta")
    assert of_poetry.rows == 80
    assert_same(joined, ANALYSIS.combine(observed(other), observed(rows)))


def test_many_prompts_fold_to_512_buckets_in_whatever_order():
    rows = battles(9000)
    whole = observed(rows)
    assert whole.pairs.buckets == whole.shown.buckets == 512
    assert observed(take(rows, slice(0, 4000))).pairs.buckets == 4096
    assert_same(folded(rows, [1000, 5000, 5200]), whole)


def test_large_tables_fold_further_in_whatever_order(monkeypatch):
    for module in (states, observing):
        monkeypatch.setattr(module, "FINE_KEYS", 600)
    monkeypatch.setattr(columns, "SLICE_KEYS", 300)
    rows = with_slices(battles(2000, seed=4))
    whole = observed(rows)
    assert whole.pairs.buckets == whole.shown.buckets == 128
    assert whole.columns["domain"].pairs.buckets == whole.columns["domain"].shown.buckets == 16
    assert_same(folded(rows, [100, 150, 900]), whole)
    assert observed(take(rows, slice(0, 100))).pairs.buckets == 4096


def test_the_sample_of_styles_is_of_whole_prompts_in_whatever_order(monkeypatch):
    monkeypatch.setattr(sample, "ROWS_KEPT", 500)
    rows = battles(3000, prompts=700, length=0.2, seed=5)
    whole = observed(rows)
    kept = whole.sample
    assert not kept.whole
    assert 400 < len(kept) <= 500
    prompts = rows.columns["prompt_hash"]
    assert len(kept) == (prompts < np.uint64(kept.bound)).sum()
    assert_same(folded(rows, [10, 700, 1400, 2900]), whole)
    backwards = ANALYSIS.combine(
        observed(take(rows, slice(2000, 3000))),
        ANALYSIS.combine(observed(take(rows, slice(1000, 2000))), observed(take(rows, slice(0, 1000)))),
    )
    assert_same(backwards, whole)


@pytest.mark.parametrize("most", range(496, 506))
def test_the_sample_is_as_large_as_whole_prompts_allow(monkeypatch, most):
    monkeypatch.setattr(sample, "ROWS_KEPT", most)
    rows = battles(3000, prompts=700, length=0.2, seed=5)
    kept = observed(rows).sample
    counts = np.cumsum(np.unique(rows.columns["prompt_hash"], return_counts=True)[1])
    assert len(kept) == counts[counts <= most].max()
    for cut in (4, 9, 2990, 2997):
        assert_same(folded(rows, [cut]), observed(rows))


def test_bytes_and_back():
    rows = with_slices(battles(300, nu=0.3, prompts=80, length=0.2))
    state = observed(rows)
    data = ANALYSIS.to_bytes(state)
    again = ANALYSIS.from_bytes(data)
    assert_same(again, state)
    assert ANALYSIS.to_bytes(again) == data
    assert again.pairs.sums.tobytes() == state.pairs.sums.tobytes()
    narrowed = ANALYSIS.narrow(state, "domain", "math")
    assert ANALYSIS.from_bytes(ANALYSIS.to_bytes(narrowed)).narrowed == "domain=math"
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        assert "head" in arrays
    with pytest.raises((ValueError, zipfile.BadZipFile)):
        ANALYSIS.from_bytes(data[: len(data) // 2])


def test_the_empty_state_is_neutral_and_has_bytes():
    nothing = observed(take(battles(10), slice(0, 0)))
    assert nothing.rows == 0
    rows = with_slices(battles(100, length=0.1))
    assert_same(ANALYSIS.combine(nothing, observed(rows)), observed(rows))
    assert_same(ANALYSIS.combine(observed(rows), nothing), observed(rows))
    assert ANALYSIS.from_bytes(ANALYSIS.to_bytes(nothing)).rows == 0


def test_replay_in_manifest_order_is_bit_equal():
    rows = with_slices(battles(900, nu=0.3, prompts=200, length=0.4))
    assert codec.to_bytes(folded(rows, [200, 500])) == codec.to_bytes(folded(rows, [200, 500]))


def test_a_slice_is_ranked_as_its_rows_alone_would_be():
    rows = with_slices(battles(3000, prompts=900, seed=9))
    chosen = rows.slices["domain"][0] == 1
    alone, within = conclude(take(rows, chosen)), conclude(rows, slice="domain=code")
    assert [one["item"] for one in within.items] == [one["item"] for one in alone.items]
    for one, other in zip(within.items, alone.items, strict=True):
        assert one["value"] == pytest.approx(other["value"], abs=1e-6)
        assert one["high"] - one["low"] == pytest.approx(other["high"] - other["low"], rel=0.35)
        assert one["wins"] == other["wins"]
    assert within.dataset["rows"] == chosen.sum()
    assert within.estimates["position_bias"].value == pytest.approx(alone.estimates["position_bias"].value)


def test_slices_that_are_not_there():
    state = observed(with_slices(battles(100)))
    with pytest.raises(NotFound, match="known are domain, tone"):
        ANALYSIS.narrow(state, "colour", "red")
    with pytest.raises(NotFound, match="no value 'law'"):
        ANALYSIS.narrow(state, "domain", "law")
    with pytest.raises(UsageError, match="one slice"):
        ANALYSIS.combine(state, ANALYSIS.narrow(state, "domain", "code"))


def test_columns_of_too_many_values_are_named():
    rows = battles(300)
    many = np.arange(300, dtype=np.int32) % 60, [f"v{number:03}" for number in range(60)]
    more = many[0], [f"w{number:03}" for number in range(60)]
    one, two = (Rows(rows.kind, rows.columns, {"topic": topic}, rows.names) for topic in (many, more))
    joined = ANALYSIS.combine(observed(one), observed(two))
    assert joined.untracked == {"topic"}
    assert "topic" not in joined.columns
    with pytest.raises(NotFound, match="more than 100 values"):
        ANALYSIS.narrow(joined, "topic", "v001")
    assert ANALYSIS.combine(joined, observed(one)).untracked == {"topic"}
    at_once = many[0], [f"v{number:03}" for number in range(101)]
    assert observed(Rows(rows.kind, rows.columns, {"topic": at_once}, rows.names)).untracked == {"topic"}


def test_too_many_items_are_refused_by_name_and_take_no_room():
    names = [f"model {number:04}" for number in range(1001)]
    rows = rows_of(names, names[1:] + names[:1], [1.0] * 1001)
    state = observed(rows)
    assert state.crowded
    assert len(ANALYSIS.to_bytes(state)) < 100_000
    halves = [observed(take(rows, slice(start, start + 501))) for start in (0, 500)]
    halves = [replace(half, items=half.items) for half in halves]
    first = rows_of(names[:600], names[1:601], [1.0] * 600)
    second = rows_of(names[600:1000], names[601:], [1.0] * 400, start=700)
    assert not observed(first).crowded
    joined = ANALYSIS.combine(observed(first), observed(second))
    assert joined.crowded
    assert ANALYSIS.combine(observed(first), joined).crowded
    assert ANALYSIS.from_bytes(ANALYSIS.to_bytes(joined)).crowded
    with pytest.raises(NotEnoughData, match="more than 1,000 items") as caught:
        ANALYSIS.conclude(joined, DEFAULTS)
    assert caught.value.code == "too_many_items"


def test_a_thousand_items_are_ranked():
    generator = np.random.default_rng(0)
    a = generator.integers(0, 1000, 30_000)
    b = (a + generator.integers(1, 1000, 30_000)) % 1000
    names = [f"m{number:03}" for number in range(1000)]
    label = (generator.random(30_000) < 0.5).astype(float)
    result = conclude(rows_of([names[i] for i in a], [names[i] for i in b], label))
    assert len(result.items) == 1000
    assert len(result.pictures["wins"]["items"]) == 50
    assert result.verdict == "undecided"


def test_rows_of_another_kind_and_labels_out_of_range():
    rows = battles(50)
    with pytest.raises(UsageError, match="comparisons"):
        ANALYSIS.observe(Rows("score", rows.columns), DEFAULTS)
    for value in (1.5, -0.1, np.inf):
        label = np.where(np.arange(50) == 7, value, rows.columns["label"])
        with pytest.raises(InputRefused, match="outside"):
            observed(Rows(rows.kind, {**rows.columns, "label": label}, {}, rows.names))


def test_names_are_sorted_whatever_their_codes():
    rows = battles(40)
    codes, values = rows.names["item_a"]
    turned = (len(values) - 1 - codes).astype(np.int32), values[::-1]
    assert_same(observed(Rows(rows.kind, rows.columns, {}, {**rows.names, "item_a": turned})), observed(rows))
    assert coded(["b", None, "a"])[0].tolist() == [1, -1, 0]
