"""States add up: however rows are split, ordered, folded or written down, the conclusion is the same."""

from __future__ import annotations

import io
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from engine.analysis import CalibrationParameters
from engine.analysis.calibration import state as states
from engine.analysis.calibration.state import CONJUNCTION, MOMENT_FIELDS, CalibrationState
from engine.analysis.calibration.view import View
from engine.analysis.shapes import Table
from engine.errors import InputRefused, NotFound, UsageError
from engine.types import Rows
from tests.analysis.worlds import ANALYSIS, DEFAULTS, changed, conclude, identity, pairs, scores, sliced, take


def observed(rows: Rows) -> CalibrationState:
    return ANALYSIS.observe(rows, DEFAULTS)


def folded(rows: Rows, cuts: list[int]) -> CalibrationState:
    edges = [0, *sorted(cuts), len(rows)]
    parts = [observed(take(rows, slice(a, b))) for a, b in pairwise(edges) if b > a]
    whole = parts[0]
    for part in parts[1:]:
        whole = ANALYSIS.combine(whole, part)
    return whole


def assert_same(one: CalibrationState, two: CalibrationState, rel: float = 1e-12) -> None:
    assert one.cells.buckets == two.cells.buckets
    for a, b in ((one.cells, two.cells), (one.moments, two.moments)):
        assert a.keys.tolist() == b.keys.tolist()
        assert a.sums == pytest.approx(b.sums, rel=rel, abs=1e-12)
    assert one.prompts.smallest.tolist() == two.prompts.smallest.tolist()
    assert one.worst.references() == two.worst.references()
    assert list(one.columns) == list(two.columns)
    assert one.untracked == two.untracked
    for name, column in one.columns.items():
        other = two.columns[name]
        assert column.values == other.values
        assert column.cells.keys.tolist() == other.cells.keys.tolist()
        assert column.cells.sums == pytest.approx(other.cells.sums, rel=rel, abs=1e-12)
        assert column.moments.sums == pytest.approx(other.moments.sums, rel=rel, abs=1e-12)
        assert [sketch.smallest.tolist() for sketch in column.prompts] == [
            sketch.smallest.tolist() for sketch in other.prompts
        ]
        assert [rows.references() for rows in column.worst] == [rows.references() for rows in other.worst]


def with_slices(rows: Rows, seed: int = 0) -> Rows:
    generator = np.random.default_rng(seed)
    n = len(rows)
    return sliced(
        rows,
        domain=(generator.integers(-1, 3, n), ["math", "code", "chat"]),
        length=(generator.integers(0, 2, n), ["short", "long"]),
    )


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(0, 120), max_size=4), st.permutations(range(120)))
def test_splitting_and_order_do_not_matter(cuts, order):
    rows = with_slices(pairs(120, prompts=40, seed=3))
    assert_same(folded(take(rows, np.array(order)), cuts), observed(rows))


def test_combining_is_associative():
    rows = with_slices(pairs(300, prompts=90))
    a, b, c = (observed(take(rows, slice(start, start + 100))) for start in (0, 100, 200))
    assert_same(ANALYSIS.combine(ANALYSIS.combine(a, b), c), ANALYSIS.combine(a, ANALYSIS.combine(b, c)))


def test_many_prompts_fold_to_512_buckets_in_whatever_order():
    rows = pairs(9000)
    whole = observed(rows)
    assert whole.cells.buckets == whole.moments.buckets == 512
    few = observed(take(rows, slice(0, 4000)))
    assert few.cells.buckets == few.moments.buckets == 4096
    assert_same(folded(rows, [1000, 5000, 5200]), whole)
    late = ANALYSIS.combine(observed(take(rows, slice(4000, 9000))), few)
    assert_same(late, whole)
    assert whole.prompts.count == pytest.approx(9000, rel=0.05)


def test_exactly_4096_prompts_keep_their_buckets():
    assert observed(pairs(4096)).cells.buckets == 4096
    assert observed(pairs(4097)).cells.buckets == 512


def test_a_large_table_is_folded_too(monkeypatch):
    monkeypatch.setattr(states, "FINE_KEYS", 250)
    rows = pairs(400, prompts=100)
    small = observed(take(rows, slice(0, 200)))
    assert small.cells.buckets == 4096
    assert folded(rows, [200]).cells.buckets == 512


@pytest.mark.parametrize("make", [pairs, scores])
def test_bytes_carry_everything(make):
    rows = with_slices(make(200, prompts=60))
    state = observed(rows)
    again = ANALYSIS.from_bytes(ANALYSIS.to_bytes(state))
    assert_same(again, state, rel=0)
    assert (again.paired, again.scale, again.narrowed) == (state.paired, state.scale, state.narrowed)
    assert ANALYSIS.to_bytes(again) == ANALYSIS.to_bytes(state)
    assert again.worst.size == state.worst.size
    assert again.prompts.size == state.prompts.size
    narrow = ANALYSIS.narrow(again, "domain", "code")
    assert_same(ANALYSIS.from_bytes(ANALYSIS.to_bytes(narrow)), narrow, rel=0)
    assert ANALYSIS.from_bytes(ANALYSIS.to_bytes(narrow)).narrowed == "domain=code"


@settings(max_examples=5, deadline=None)
@given(st.lists(st.booleans(), min_size=80, max_size=80))
def test_swapping_a_and_b_changes_nothing_but_the_orientation(swaps):
    rows = changed(pairs(80, seed=4), first=np.tile(np.array([0, 1, -1, 1], np.int8), 20))
    turn = np.array(swaps)
    first = rows.columns["first"]
    swapped = changed(
        rows,
        margin=np.where(turn, -rows.columns["margin"], rows.columns["margin"]),
        label=np.where(turn, 1 - rows.columns["label"], rows.columns["label"]),
        first=np.where(turn & (first >= 0), 1 - first, first),
    )
    one, two = conclude(rows), conclude(swapped)
    for name, estimate in one.estimates.items():
        if name not in ("base_rate", "mean_score"):
            other = two.estimates[name]
            assert (estimate.value, estimate.low, estimate.high, estimate.null_95) == pytest.approx(
                (other.value, other.low, other.high, other.null_95), abs=1e-9
            ), name
    assert one.worst == two.worst


# ------------------------------------------------------------------ what is summed


def moment(state: CalibrationState, name: str) -> float:
    return float(state.moments.sums[MOMENT_FIELDS.index(name)].sum())


def test_moments_of_pairs_by_hand():
    rows = Rows(
        "comparison",
        {
            "margin": np.array([2.0, -1.0, 0.0, 3.0]),
            "label": np.array([1.0, 1.0, 0.5, 0.75]),
            "votes": np.array([1, 0, 2, 4], np.int32),
            "first": np.array([1, 0, -1, 0], np.int8),
            **identity(4),
        },
    )
    state = observed(rows)
    p = expit(rows.columns["margin"])
    y = rows.columns["label"]
    assert state.rows == 4
    assert moment(state, "confidence") == pytest.approx(p[0] + 1 - p[1] + 0.5 + p[3])
    assert moment(state, "correct") == pytest.approx(1 + 0 + 0.5 + 0.75)
    assert moment(state, "score") == pytest.approx(p.sum())
    assert moment(state, "truth") == 3.25
    assert moment(state, "truth_square") == pytest.approx(2 + 0.25 + 0.5625)
    assert moment(state, "square_error") == pytest.approx(((p - y) ** 2).sum())
    assert moment(state, "log_loss") == pytest.approx(-(y * np.log(p) + (1 - y) * np.log(1 - p)).sum())
    assert moment(state, "impossible") == 0
    assert moment(state, "z_numerator") == pytest.approx(((y - p) * (1 - 2 * p)).sum())
    assert moment(state, "z_variance") == pytest.approx(((1 - 2 * p) ** 2 * p * (1 - p)).sum())
    assert moment(state, "tied_score") == 1
    assert moment(state, "tied_label") == 1
    assert moment(state, "shown") == 3
    assert moment(state, "first_won") == pytest.approx(1 + 0 + 0.25)
    assert moment(state, "voted") == 2
    assert moment(state, "vote_agreement") == pytest.approx(0 + (3 * 2 + 1 * 0) / 12)
    assert [row.row_hash for row in state.worst.references()] == [int(rows.columns["row_hash"][1])]
    assert state.worst.references()[0].confidence == pytest.approx(1 - p[1])


def test_moments_of_scores_by_hand():
    value, truth = np.array([90.0, 20.0, 50.0, 100.0, 0.0, 60.0]), np.array([1.0, 1.0, 0.0, 0.0, 0.0, 0.25])
    rows = Rows("score", {"value": value, "truth": truth, **identity(6)})
    state = ANALYSIS.observe(rows, CalibrationParameters(scale=100))
    p = value / 100
    assert moment(state, "score") == pytest.approx(p.sum())
    assert moment(state, "correct") == pytest.approx(1 + 0 + 1 + 0 + 1 + 0.25)
    assert moment(state, "confidence") == pytest.approx(0.9 + 0.8 + 0.5 + 1 + 1 + 0.6)
    assert moment(state, "impossible") == 1
    finite = [-np.log(0.9), -np.log(0.2), -np.log(0.5), 0, -0.25 * np.log(0.6) - 0.75 * np.log(0.4)]
    assert moment(state, "log_loss") == pytest.approx(sum(finite))
    assert moment(state, "tied_score") == 1
    assert [row.confidence for row in state.worst.references()] == pytest.approx([1.0, 0.8, 0.6])
    margin = state.cells.totals()[3].sum()
    inside = np.clip(p, 1e-6, 1 - 1e-6)
    assert margin == pytest.approx(np.log(inside / (1 - inside)).sum(), abs=2e-6)
    assert state.cells.totals()[1].sum() == pytest.approx(p.sum())
    assert state.cells.totals()[2].sum() == pytest.approx(truth.sum())


def test_prompts_are_rows_where_none_are_named():
    rows = pairs(50)
    columns = {name: column for name, column in rows.columns.items() if name != "prompt_hash"}
    assert observed(Rows("comparison", columns)).prompts.count == 50


def test_memory_is_bounded_by_blocks(monkeypatch):
    rows = with_slices(pairs(250, prompts=70))
    whole = observed(rows)
    monkeypatch.setattr("engine.analysis.calibration.observe.BLOCK", 64)
    assert_same(observed(rows), whole)


def test_no_rows_give_an_empty_state():
    state = observed(take(with_slices(pairs(10)), slice(0, 0)))
    assert state.rows == 0
    assert_same(ANALYSIS.combine(state, observed(pairs(10))), observed(pairs(10)))


@pytest.mark.parametrize(
    ("rows", "field"),
    [
        (changed(pairs(3), margin=np.array([0.0, np.nan, 1.0])), "margin"),
        (changed(pairs(3), label=np.array([0.0, 2.0, 1.0])), "label"),
        (changed(pairs(3), label=np.array([0.0, -0.1, 1.0])), "label"),
        (changed(scores(3), value=np.array([0.0, 97.0, 1.0])), "value"),
        (changed(scores(3), value=np.array([0.0, -0.5, 1.0])), "value"),
        (changed(scores(3), value=np.array([0.0, 1.01, 1.0])), "value"),
        (changed(pairs(3), label=np.array([0.0, 1.01, 1.0])), "label"),
        (changed(scores(3), truth=np.array([0.0, 1.5, 1.0])), "truth"),
    ],
)
def test_values_out_of_range_are_refused_by_name(rows, field):
    with pytest.raises(InputRefused) as caught:
        observed(rows)
    assert caught.value.field == field
    assert ("scale=" in caught.value.message) == (field == "value")


def test_scores_out_of_range_are_told_as_they_were_read():
    rows = changed(scores(3), value=np.array([-1.5, 4.0, 12.0]))
    with pytest.raises(InputRefused, match=r"^Scores from -1.5 to 12 do not lie in \[0, 10\]: pass scale=") as caught:
        ANALYSIS.observe(rows, CalibrationParameters(scale=10))
    assert caught.value.code == "scale"


def test_bytes_with_pickled_objects_are_refused():
    with np.load(io.BytesIO(ANALYSIS.to_bytes(observed(pairs(5))))) as archive:
        arrays = dict(archive.items())
    written = io.BytesIO()
    np.savez(written, **(arrays | {"prompts": np.array([{"a": 1}], dtype=object)}))
    with pytest.raises(ValueError, match="own objects"):
        ANALYSIS.from_bytes(written.getvalue())


def test_other_kinds_and_mixed_states_are_refused():
    with pytest.raises(UsageError, match="curve"):
        ANALYSIS.observe(Rows("curve", {"bucket": np.zeros(1)}), DEFAULTS)
    with pytest.raises(UsageError):
        ANALYSIS.combine(observed(pairs(5)), observed(scores(5)))
    with pytest.raises(UsageError):
        ANALYSIS.combine(observed(scores(5)), ANALYSIS.observe(scores(5), CalibrationParameters(scale=2)))


# ------------------------------------------------------------------ slices


def test_a_narrowed_state_is_that_of_the_rows_in_the_slice():
    rows = with_slices(pairs(300, prompts=100))
    codes, values = rows.slices["domain"]
    for value in values:
        part = observed(take(Rows(rows.kind, rows.columns), codes == values.index(value)))
        narrow = ANALYSIS.narrow(observed(rows), "domain", value)
        assert narrow.cells.buckets == 64
        assert narrow.cells.keys.tolist() == part.cells.fold(64).keys.tolist()
        assert narrow.cells.sums == pytest.approx(part.cells.fold(64).sums)
        assert narrow.moments.sums == pytest.approx(part.moments.fold(64).sums)
        assert narrow.prompts.count == part.prompts.count
        assert narrow.worst.references() == part.worst.references()[:20]


def test_conjunctions_are_kept_for_small_columns():
    rows = with_slices(pairs(300, prompts=100))
    state = observed(rows)
    assert list(state.columns) == ["domain", "domain & length", "length"]
    domain, length = rows.slices["domain"][0], rows.slices["length"][0]
    for value in state.columns["domain & length"].values:
        left, right = value.split(CONJUNCTION)
        inside = (domain == ["math", "code", "chat"].index(left)) & (length == ["short", "long"].index(right))
        assert ANALYSIS.narrow(state, "domain & length", value).rows == inside.sum()
    assert state.untracked == frozenset()


def test_columns_of_different_segments_join():
    generator = np.random.default_rng(0)
    one = sliced(pairs(100), a=(generator.integers(0, 2, 100), ["x", "z"]))
    two = sliced(pairs(60, seed=1), a=(generator.integers(0, 2, 60), ["y", "x"]), b=(np.zeros(60), ["only"]))
    both = ANALYSIS.combine(observed(one), observed(two))
    assert both.columns["a"].values == ("x", "y", "z")
    counts = [ANALYSIS.narrow(both, "a", value).rows for value in "xyz"]
    x = int((one.slices["a"][0] == 0).sum() + (two.slices["a"][0] == 1).sum())
    assert counts == [x, int((two.slices["a"][0] == 0).sum()), int((one.slices["a"][0] == 1).sum())]
    assert ANALYSIS.narrow(both, "b", "only").rows == 60
    only_z = ANALYSIS.narrow(observed(take(one, one.slices["a"][0] == 1)), "a", "z")
    assert ANALYSIS.narrow(both, "a", "z").cells.keys.tolist() == only_z.cells.keys.tolist()
    assert ANALYSIS.narrow(both, "a", "z").moments.sums == pytest.approx(only_z.moments.sums)
    assert ANALYSIS.narrow(both, "a", "z").worst.references() == only_z.worst.references()
    assert ANALYSIS.narrow(both, "a", "z").prompts.count == only_z.prompts.count
    assert_same(ANALYSIS.combine(observed(two), observed(one)), both)


def test_a_conjunction_with_too_many_values_is_dropped_for_good():
    generator = np.random.default_rng(0)
    many = [f"v{i:02}" for i in range(30)]
    wide = sliced(pairs(90), a=(generator.integers(0, 30, 90), many), b=(generator.integers(0, 3, 90), ["x", "y", "z"]))
    small = sliced(
        pairs(90), a=(generator.integers(0, 2, 90), ["p", "q"]), b=(generator.integers(0, 2, 90), ["x", "y"])
    )
    assert observed(wide).untracked == {"a & b"}
    both = ANALYSIS.combine(observed(small), observed(wide))
    assert "a & b" not in both.columns
    assert both.untracked == {"a & b"}
    assert_same(ANALYSIS.combine(observed(wide), observed(small)), both)
    assert list(both.columns) == ["a", "b"]


def test_conjunctions_that_grow_too_large_together_are_dropped():
    def part(start: int) -> CalibrationState:
        values = [f"{start + i:03}" for i in range(12)]
        codes = np.arange(144)
        return observed(sliced(pairs(144), a=(codes % 12, values), b=(codes // 12, values)))

    assert "a & b" in part(0).columns
    joined = ANALYSIS.combine(part(0), part(100))
    assert "a & b" not in joined.columns
    assert joined.untracked == {"a & b"}


def test_conjunctions_are_kept_up_to_two_hundred_values():
    def part(start: int, wide: int) -> CalibrationState:
        codes = np.arange(10 * wide)
        left, right = [f"{start + i:03}" for i in range(wide)], [f"{i}" for i in range(10)]
        return observed(sliced(pairs(10 * wide), a=(codes % wide, left), b=(codes // wide, right)))

    joined = ANALYSIS.combine(part(0, 10), part(100, 10))
    assert len(joined.columns["a & b"].values) == 200
    assert ANALYSIS.combine(joined, part(200, 2)).untracked == {"a & b"}


@pytest.mark.parametrize(("values", "kept"), [(1, False), (2, True), (14, True), (15, False)])
def test_a_column_is_conjoined_if_two_of_its_size_have_few_values_together(values, kept):
    codes = np.arange(60)
    names = [f"v{i:02}" for i in range(values)]
    state = observed(sliced(pairs(60), a=(codes % values, names), b=(codes % 2, ["n", "y"])))
    assert ("a & b" in state.columns) == kept
    assert ("a & b" in state.untracked) != kept


def test_only_four_columns_are_conjoined():
    codes = np.arange(60) % 2
    rows = sliced(pairs(60), **{name: (codes, ["n", "y"]) for name in "abcde"})
    state = observed(rows)
    assert sum(CONJUNCTION in name for name in state.columns) == 6
    assert {name for name in state.untracked if "e" in name} == {"a & e", "b & e", "c & e", "d & e"}


def test_unknown_slices_are_not_found():
    state = observed(with_slices(pairs(60)))
    with pytest.raises(NotFound, match=r"colour.*known are domain, domain & length, length"):
        ANALYSIS.narrow(state, "colour", "red")
    with pytest.raises(NotFound, match="known are none"):
        ANALYSIS.narrow(observed(pairs(5)), "colour", "red")
    with pytest.raises(NotFound, match="poetry"):
        ANALYSIS.narrow(state, "domain", "poetry")


def test_a_view_groups_keys_as_their_cells():
    state = observed(pairs(300))
    view = View(state, 15)
    assert isinstance(view.table, Table)
    count, predicted, observed_sum = view.by_bin(view.width)
    by_bucket = view.by_bucket_and_bin(view.table.sums[0], view.width)
    assert by_bucket.sum(axis=0) == pytest.approx(count)
    assert (count.sum(), predicted.sum(), observed_sum.sum()) == pytest.approx(view.table.sums[:3].sum(axis=1))
    training, outcomes = view.training
    assert training.shape == (6, view.table.cells)
    assert training[5] == pytest.approx(view.count)
    assert training[:5].sum(axis=0) == pytest.approx(4 * view.count)
    assert outcomes[5].sum() == pytest.approx(view.observed.sum())
    fold_zero = state.cells.sums[0][state.cells.bucket % 5 == 0].sum()
    assert training[0].sum() == pytest.approx(300 - fold_zero)
