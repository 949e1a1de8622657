"""What must not matter to a ranking does not."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.analysis.ranking.bradley_terry import Duels, fit
from engine.analysis.ranking.graph import comparable, groups
from engine.errors import NotEnoughData
from engine.types import Result, Rows
from tests.analysis.battles import ANALYSIS, DEFAULTS, battles, conclude, rows_of, take
from tests.analysis.test_plain_results import strange

PARAMS = [{}, {"model": "davidson"}, {"controls": "length"}, {"interval": "bootstrap", "draws": 100}]
NAMED = {
    "not_enough_data",
    "not_connected",
    "no_finite_strength",
    "no_ties",
    "no_variation",
    "controls_undetermined",
}
FAST = settings(max_examples=12, deadline=None, derandomize=True)


def swapped(rows: Rows, which: np.ndarray) -> Rows:
    """The same battles with a and b exchanged in some rows."""
    (a, values), (b, others) = rows.names["item_a"], rows.names["item_b"]
    assert values == others
    label = np.where(which, 1 - rows.columns["label"], rows.columns["label"])
    columns = {**rows.columns, "label": label}
    if "first" in columns:
        columns["first"] = np.where(which & (columns["first"] >= 0), 1 - columns["first"], columns["first"])
    names = {"item_a": (np.where(which, b, a), values), "item_b": (np.where(which, a, b), values)}
    styles = {
        name: (np.where(which, right, left), np.where(which, left, right))
        for name, (left, right) in rows.styles.items()
    }
    return Rows(rows.kind, columns, rows.slices, names, styles)


def assert_same(one: Result, two: Result, rel: float = 1e-9) -> None:
    assert one.verdict == two.verdict
    assert [entry["item"] for entry in one.items] == [entry["item"] for entry in two.items]
    for left, right in zip(one.items, two.items, strict=True):
        for name in ("value", "low", "high"):
            assert left[name] == pytest.approx(right[name], rel=rel), name
        assert {name: left[name] for name in left if name.startswith(("rank", "n", "wins", "ties", "losses"))} == {
            name: right[name] for name in right if name.startswith(("rank", "n", "wins", "ties", "losses"))
        }
    for name, estimate in one.estimates.items():
        for side in ("value", "low", "high"):
            found, expected = getattr(estimate, side), getattr(two.estimates[name], side)
            assert found == (None if expected is None else pytest.approx(expected, rel=1e-7, abs=1e-9)), name


@FAST
@given(st.sampled_from(PARAMS), st.integers(0, 10**6))
def test_which_side_an_answer_stands_on_does_not_matter(params, seed):
    rows = battles(400, nu=0.5, prompts=150, length=0.4, seed=seed % 100)
    first = np.random.default_rng(seed).integers(-1, 2, 400).astype(np.int8)
    rows = Rows(rows.kind, {**rows.columns, "first": first}, {}, rows.names, rows.styles)
    which = np.random.default_rng(seed + 1).random(400) < 0.5
    assert_same(conclude(rows, **params), conclude(swapped(rows, which), **params))


@FAST
@given(st.sampled_from(PARAMS), st.permutations(range(5)), st.integers(0, 100))
def test_names_do_not_matter(params, order, seed):
    rows = battles(300, nu=0.5, prompts=150, length=0.4, seed=seed)
    codes, values = rows.names["item_a"]
    others = rows.names["item_b"][0]
    new = [f"model {place}" for place in order]
    renamed = rows_of([new[code] for code in codes], [new[code] for code in others], rows.columns["label"], prompts=150)
    renamed = Rows(rows.kind, rows.columns, {}, renamed.names, rows.styles)
    one, two = conclude(rows, **params), conclude(renamed, **params)
    by_name = {entry["item"]: entry for entry in two.items}
    for entry in one.items:
        other = by_name[new[values.index(entry["item"])]]
        for name in ("value", "low", "high"):
            tolerance = 3.0 if params.get("interval") else 1e-6
            assert entry[name] == pytest.approx(other[name], abs=tolerance if name != "value" else 1e-6)


@FAST
@given(st.permutations(range(6)))
def test_the_order_in_which_states_combine_does_not_matter(order):
    rows = battles(600, nu=0.5, prompts=200, length=0.3, seed=1)
    parts = [ANALYSIS.observe(take(rows, slice(100 * part, 100 * part + 100)), DEFAULTS) for part in order]
    whole = parts[0]
    for part in parts[1:]:
        whole = ANALYSIS.combine(whole, part)
    for params in ({}, {"controls": "length"}):
        parameters = type(DEFAULTS).parse(params)
        assert_same(ANALYSIS.conclude(whole, parameters), conclude(rows, **params))


@FAST
@given(st.integers(2, 9), st.integers(0, 50))
def test_the_same_battles_many_times_over_rank_the_same(times, seed):
    """Copies of a prompt's battles within the prompt change neither strengths nor intervals."""
    rows = battles(300, nu=0.3, prompts=100, seed=seed)
    again = take(rows, np.tile(np.arange(300), times))
    one, two = conclude(rows), conclude(again)
    for left, right in zip(one.items, two.items, strict=True):
        for name in ("value", "low", "high"):
            assert left[name] == pytest.approx(right[name], abs=1e-5)
        assert right["n"] == times * left["n"]


@FAST
@given(st.integers(0, 50))
def test_a_battle_that_was_won_more_never_weakens(seed):
    """One more win for an item raises it against the one it beat."""
    rows = battles(200, nu=0.3, seed=seed)
    codes, others = (rows.names[side][0].astype(np.int64) for side in ("item_a", "item_b"))
    before = fit(Duels.of_rows(5, codes, others, rows.columns["label"]))
    after = fit(Duels.of_rows(5, np.append(codes, 3), np.append(others, 1), np.append(rows.columns["label"], 1.0)))
    assert after[3] - after[1] > before[3] - before[1]


def reach(rows: list[tuple[int, int, float]]) -> np.ndarray:
    """From whom a chain of defeats or ties leads to whom, found step by step."""
    found = np.eye(7, dtype=bool)
    for first, step, label in rows:
        second = (first + step) % 7
        found[second, first] |= label > 0
        found[first, second] |= label < 1
    for _ in range(7):
        found = found | (found.astype(int) @ found.astype(int) > 0)
    return found


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(1, 6), st.sampled_from([0.0, 0.5, 1.0])), max_size=40))
def test_strengths_exist_where_the_graph_says_so(rows):
    """Ford's condition: the fit among the comparable items meets its equations; everybody else is one-sided."""
    assume(rows)
    a = np.array([row[0] for row in rows])
    b = (a + np.array([row[1] for row in rows])) % 7
    duels = Duels.of_rows(7, a, b, np.array([row[2] for row in rows]))
    kept = comparable(duels)
    assert kept.tolist() == (reach(rows) & reach(rows).T)[np.flatnonzero(kept)[0]].tolist()
    assert kept.sum() == (reach(rows) & reach(rows).T).sum(axis=1).max()
    assert (groups(duels)[kept] == groups(duels)[kept][0]).all()
    inside = kept[a] & kept[b]
    if kept.sum() > 1:
        place = np.cumsum(kept) - 1
        few = Duels.of_rows(
            int(kept.sum()), place[a[inside]], place[b[inside]], np.array([row[2] for row in rows])[inside]
        )
        strengths = fit(few)
        assert np.isfinite(strengths).all()
        assert np.abs(strengths).max() < 60
        expected = 1 / (1 + np.exp(strengths[few.high] - strengths[few.low]))
        assert few.net(few.wins - few.count * expected) == pytest.approx(np.zeros(few.items), abs=1e-5)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.integers(30, 200),
    st.integers(2, 6),
    st.sampled_from(PARAMS),
    st.sampled_from([0.0, 0.3, 5.0]),
    st.integers(0, 1000),
)
def test_every_result_is_plain_or_refused_by_name(n, items, params, nu, seed):
    generator = np.random.default_rng(seed)
    rows = battles(n, generator.normal(0, 2, items), nu=nu, length=0.5, seed=seed)
    try:
        told = conclude(rows, **params).to_dict()
    except NotEnoughData as error:
        told = error.to_dict()
    assert told.get("code") in NAMED | {None}
    assert strange(told, "result") == []
    assert json.loads(json.dumps(told, allow_nan=False)) == told
