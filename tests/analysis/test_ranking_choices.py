"""Where the ranking draws its lines: what it refuses, leaves out, warns of, folds together and how it says so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.analysis import RankingParameters
from engine.analysis.ranking import columns
from engine.analysis.ranking import observe as observing
from engine.analysis.ranking import state as states
from engine.analysis.ranking.board import Board, totals_by_item
from engine.analysis.ranking.checks import check_size, fixed, listed, ranked
from engine.analysis.ranking.fitted import Fitted
from engine.analysis.ranking.observe import observe
from engine.analysis.ranking.ranks import Ranks
from engine.analysis.ranking.sentence import counted, points, verdict
from engine.analysis.ranking.warnings import Facts, warnings
from engine.analysis.shapes import Table
from engine.errors import NotEnoughData, UsageError
from engine.types import Rows
from tests.analysis.battles import ANALYSIS, DEFAULTS, battles, conclude, rows_of, take

CALM = Facts(rows=1000, prompts=900, left_out=0, tie_rate=0.1, unranked=[], thin=[])


def board_of(items: str, battles: list[tuple[str, str, float]]) -> Board:
    """A board of these battles, each in a bucket of its own."""
    a, b, wins = [], [], []
    for one, two, label in battles:
        first, second = items.index(one), items.index(two)
        a.append(min(first, second))
        b.append(max(first, second))
        wins.append(label if first < second else 1 - label)
    n, won = len(battles), np.array(wins)
    cell = np.array(a) * len(items) + np.array(b)
    return Board(tuple(items), Table.of_rows(n, len(items) ** 2, np.arange(n), cell, [won, won == 0.5]))


def again(times: int, *battles: tuple[str, str, float]) -> Rows:
    every = battles * times
    return rows_of(*([battle[place] for battle in every] for place in (0, 1)), [battle[2] for battle in every])


# ------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("prompts", "buckets", "fine"), [(30, 30, True), (29, 29, False), (60, 10, True), (60, 9, False)]
)
def test_thirty_prompts_in_ten_buckets_are_enough(prompts, buckets, fine):
    rows = battles(120, (0.1, -0.1), prompts=prompts)
    bucket = (np.arange(120) % prompts % buckets).astype(np.uint16)
    state = observe(replace(rows, columns={**rows.columns, "bucket": bucket}))
    if fine:
        check_size(state)
    else:
        with pytest.raises(NotEnoughData, match=f"{prompts} prompts"):
            check_size(state)


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (["a", "b", "c"], "a, b and c"),
        (list("abcde"), "a, b, c, d and e"),
        (list("abcdef"), "a, b, c, d, e and 1 more"),
        ([*"abcde", *("x" * 1200)], "a, b, c, d, e and 1,200 more"),
    ],
)
def test_names_in_a_sentence(names, told):
    assert listed(names) == told


@pytest.mark.parametrize(
    ("groups", "end"), [(2, ": a, b and c; d and e."), (5, "; l and m."), (6, "; l and m; and 1 more group.")]
)
def test_groups_are_told_from_the_largest(groups, end):
    pairs = [("d", "e"), ("f", "g"), ("h", "i"), ("l", "m"), ("n", "o")][: groups - 1]
    items = "abc" + "".join(one + two for one, two in pairs)
    found = board_of(items, [("a", "b", 0.5), ("b", "c", 0.5), *((one, two, 0.5) for one, two in pairs)])
    with pytest.raises(NotEnoughData) as caught:
        ranked(found)
    assert caught.value.code == "not_connected"
    assert f"fall into {groups} groups" in caught.value.message
    assert f"{end} Rank them apart" in caught.value.message


def test_two_items_that_can_be_compared_are_a_ranking():
    both = board_of("abc", [("a", "b", 1.0), ("b", "a", 1.0), ("a", "c", 1.0)])
    assert ranked(both).tolist() == [True, True, False]
    with pytest.raises(NotEnoughData) as caught:
        ranked(board_of("abc", [("a", "b", 1.0), ("b", "c", 1.0), ("a", "c", 1.0)]))
    assert caught.value.code == "no_finite_strength"


@pytest.mark.parametrize(
    ("times", "found"), [((3, 1), [False, False, True]), ((1, 3), [True, False, False]), ((2, 2), [False, False, True])]
)
def test_of_two_at_a_fixed_distance_the_one_of_fewer_battles_goes(times, found):
    """Items a and c move as one; of equally many battles the later goes."""
    board = board_of("abc", [("a", "b", 1.0)] * times[0] + [("b", "c", 0.0)] * times[1])
    influence = np.random.default_rng(0).normal(0, 1, (4, 1)) * np.array([[1.0, -2.0, 1.0]])
    assert fixed(board, Fitted(np.zeros(3), influence)).tolist() == found


def test_nothing_is_fixed_where_all_vary_and_all_where_none_does():
    board = board_of("ab", [("a", "b", 1.0), ("a", "b", 0.0)])
    assert not fixed(board, Fitted(np.zeros(2), np.array([[1e-8, -1e-8], [-1e-8, 1e-8]]))).any()
    with pytest.raises(NotEnoughData) as caught:
        fixed(board, Fitted(np.zeros(2), np.array([[1e-11, -1e-11], [-1e-11, 1e-11]])))
    assert caught.value.code == "no_variation"


def test_wins_ties_and_losses_of_each_item():
    board = board_of(
        "abc", [("a", "b", 1.0), ("a", "b", 0.5), ("b", "a", 1.0), ("b", "a", 1.0), ("c", "a", 0.5), ("c", "b", 0.0)]
    )
    assert totals_by_item(board).T.tolist() == [[5, 1, 2, 2], [5, 3, 1, 1], [2, 0, 1, 1]]
    assert board.clusters.tolist() == [5, 5, 2]


def test_counts_are_whole_numbers_unless_votes_are_shared():
    shared = conclude(again(20, ("a", "b", 1.0), ("b", "a", 1.0), ("a", "b", 0.3))).items
    assert {one["item"]: (one["wins"], one["losses"]) for one in shared} == {
        "a": (pytest.approx(26), pytest.approx(34)),
        "b": (pytest.approx(34), pytest.approx(26)),
    }
    plain = conclude(again(21, ("a", "b", 1.0), ("b", "a", 1.0), ("a", "b", 0.5))).items
    uneven = conclude(again(21, ("a", "b", 1.0), ("b", "a", 1.0), ("a", "b", 0.3))).items
    assert [type(one[name]) for one in plain for name in ("n", "wins", "ties", "losses")] == [int] * 8
    assert [type(one["wins"]) for one in uneven] == [float] * 2


# ------------------------------------------------------------------ warnings


@pytest.mark.parametrize(
    ("facts", "code", "words"),
    [
        ({"prompts": 199}, "few_prompts", "Only 199 prompts"),
        ({"left_out": 1}, "rows_left_out", "1 row did not name two different items"),
        ({"unranked": ["x"]}, "unranked_items", "x won, lost or tied every battle"),
        ({"thin": ["x", "y"]}, "thin_items", "x and y: fewer than 30 groups"),
        ({"tie_rate": 0.504}, "many_ties", "50% of the battles are ties"),
        ({"styled": 900, "sampled": True}, "style_sampled", "on 900 of 1,000 battles, whole prompts"),
        ({"styled": 1000, "sampled": True}, "style_sampled", "on 1,000 of 1,000 battles"),
        ({"styled": 999}, "style_unknown", "on 999 of 1,000 battles; the others"),
    ],
)
def test_each_warning_has_its_reason(facts, code, words):
    found = warnings(replace(CALM, **facts))
    assert [notice.code for notice in found] == [code]
    assert words in found[0].message


@pytest.mark.parametrize(
    "facts", [{}, {"prompts": 200}, {"tie_rate": 0.5}, {"styled": 1000}, {"sampled": True}, {"styled": None}]
)
def test_no_warning_without_a_reason(facts):
    assert warnings(replace(CALM, **facts)) == []


@pytest.mark.parametrize(("buckets", "thin"), [(29, True), (30, False)])
def test_items_in_fewer_than_thirty_buckets_are_thin(buckets, thin):
    often = again(100, ("a", "b", 1.0), ("b", "a", 1.0))
    seldom = rows_of(["rare"] * buckets, ["b"] * buckets, [float(at % 2) for at in range(buckets)], start=9000)
    bucket = np.arange(buckets).astype(np.uint16)
    seldom = replace(seldom, columns={**seldom.columns, "bucket": bucket})
    joined = ANALYSIS.combine(observe(often), observe(seldom))
    result = ANALYSIS.conclude(joined, DEFAULTS)
    assert [notice.code for notice in result.warnings] == (["thin_items"] if thin else [])


# ------------------------------------------------------------------ words


@pytest.mark.parametrize(
    ("low", "code"), [([1, 2, 2], "leader"), ([1, 1, 2], "shared_lead"), ([1, 1, 1], "undecided"), ([2, 1], "leader")]
)
def test_the_verdict_is_of_how_many_may_be_first(low, code):
    size = len(low)
    found = Ranks(np.zeros((size, size), np.bool_), np.array(low), np.full(size, size), 2.0)
    assert verdict(found) == code
    assert found.firsts.tolist() == [place for place, each in enumerate(low) if each == 1]


def test_numbers_up_to_ten_are_words():
    assert [counted(number) for number in (0, 1, 2, 9, 10, 11, 1200)] == [
        "no",
        "one",
        "two",
        "nine",
        "ten",
        "11",
        "1,200",
    ]
    assert [points(value) for value in (1124.4, 999.5001, -3.2)] == ["1,124", "1,000", "-3"]


def test_who_may_be_second_is_counted():
    clear = conclude(battles(4000, (2.0, 0.0, -2.0), seed=1))
    assert clear.sentence.endswith("; only one of 3 models may be second.")
    shared = conclude(battles(4000, (2.0, 0.0, 0.0, 0.0), seed=1))
    assert shared.sentence.endswith("; 3 of 4 models may be second.")


def test_eleven_models_may_be_first():
    result = conclude(battles(200, (0.0,) * 11, seed=2))
    assert result.verdict == "undecided"
    assert result.sentence.startswith("Undecided: each of the 11 models may be first on 200 battles of 200 prompts;")


def test_prompts_are_about_so_many_where_they_are_not_all_counted():
    rows = battles(9000, (0.5, 0.0), seed=3)
    result = conclude(rows)
    assert result.dataset["prompts_approximate"]
    assert result.dataset["prompts"] == pytest.approx(9000, rel=0.05)
    assert f"of about {result.dataset['prompts']:,} prompts" in result.sentence
    assert not conclude(take(rows, slice(0, 8000))).dataset["prompts_approximate"]


# ------------------------------------------------------------------ how much is kept


@pytest.mark.parametrize(("prompts", "buckets"), [(4096, 4096), (4097, 512)])
def test_buckets_are_fine_up_to_as_many_prompts(prompts, buckets):
    rows = battles(prompts, (0.1, -0.1))
    whole = observe(rows)
    assert whole.pairs.buckets == whole.shown.buckets == buckets
    parts = [observe(take(rows, part)) for part in (slice(0, 2000), slice(2000, None))]
    assert ANALYSIS.combine(*parts).pairs.buckets == buckets


@pytest.mark.parametrize(("spare", "buckets"), [(0, 4096), (-1, 512)])
def test_tables_are_folded_beyond_so_many_keys(monkeypatch, spare, buckets):
    rows = battles(1500, seed=4)
    keys = len(observe(rows).pairs.keys)
    for module in (states, observing):
        monkeypatch.setattr(module, "FINE_KEYS", keys + spare)
    assert observe(rows).pairs.buckets == buckets
    parts = [observe(take(rows, part)) for part in (slice(0, 700), slice(700, None))]
    assert ANALYSIS.combine(*parts).pairs.buckets == buckets
    folded = len(observe(rows).pairs.keys)
    for module in (states, observing):
        monkeypatch.setattr(module, "FINE_KEYS", folded - 1)
    assert observe(rows).pairs.buckets == (128 if spare else 512)


@pytest.mark.parametrize(("spare", "buckets"), [(0, 64), (-1, 16)])
def test_slices_are_folded_beyond_so_many_keys(monkeypatch, spare, buckets):
    codes = (np.arange(900) % 2).astype(np.int32)
    rows = replace(battles(900, seed=5), slices={"tone": (codes, ["plain", "rude"])})
    keys = len(observe(rows).columns["tone"].pairs.keys)
    monkeypatch.setattr(columns, "SLICE_KEYS", keys + spare)
    parts = [observe(take(rows, part)) for part in (slice(0, 400), slice(400, None))]
    for state in (observe(rows), ANALYSIS.combine(*parts)):
        column = state.columns["tone"]
        assert (column.pairs.buckets, column.shown.buckets) == (buckets, buckets)


def test_a_hundred_values_of_a_slice_are_kept_apart():
    rows = battles(300, seed=6)
    codes = (np.arange(300) % 100).astype(np.int32)
    halves = [(codes % 50, [f"v{at:03}" for at in range(50)]), (codes % 50, [f"w{at:03}" for at in range(50)])]
    whole = observe(replace(rows, slices={"topic": (codes, [f"v{at:03}" for at in range(100)])}))
    joined = ANALYSIS.combine(*(observe(replace(rows, slices={"topic": half})) for half in halves))
    for state in (whole, joined):
        assert len(state.columns["topic"].values) == 100
        assert not state.untracked


@pytest.mark.parametrize(("items", "crowded"), [(1000, False), (1001, True)])
def test_a_thousand_items_of_several_segments_are_kept(items, crowded):
    names = [f"m{number:04}" for number in range(items)]
    parts = [observe(rows_of(part[1:], part[:-1], [1.0] * (len(part) - 1))) for part in (names[:600], names[599:])]
    joined = ANALYSIS.combine(*parts)
    assert joined.crowded is crowded
    assert joined.rows == (0 if crowded else 999)


@pytest.mark.parametrize(("prompts", "about"), [(1023, False), (1024, True)])
def test_prompts_of_a_slice_are_counted_up_to_1023(prompts, about):
    codes = (np.arange(1600) >= prompts).astype(np.int32)
    rows = replace(battles(1600, (0.2, 0.0, -0.2), seed=8), slices={"part": (codes, ["in", "out"])})
    found = next(one for one in conclude(rows).slices if one["value"] == "in")
    assert found["prompts_approximate"] is about
    assert found["prompts"] == pytest.approx(prompts, rel=0.1 if about else 0)


def test_the_matrix_shows_the_fifty_strongest():
    generator = np.random.default_rng(7)
    strengths = np.linspace(1, -1, 52)
    a = generator.integers(0, 52, 6000)
    b = (a + generator.integers(1, 52, 6000)) % 52
    label = (generator.random(6000) < 1 / (1 + np.exp(strengths[b] - strengths[a]))).astype(float)
    result = conclude(rows_of([f"m{at:02}" for at in a], [f"m{at:02}" for at in b], label))
    wins = result.pictures["wins"]
    assert wins["items"] == [one["item"] for one in result.items[:50]]
    assert wins["of"] == 52
    at = [int(name[1:]) for name in wins["items"]]
    for one, two in ((0, 49), (10, 3), (25, 24)):
        met = ((a == at[one]) & (b == at[two])) | ((a == at[two]) & (b == at[one]))
        won = np.where(a == at[one], label, 1 - label)[met]
        assert wins["count"][one][two] == (met.sum() or None)
        assert wins["observed"][one][two] == (pytest.approx(won.mean()) if len(won) else None)


@pytest.mark.parametrize(
    ("name", "within", "beyond"),
    [("level", (0.5, 0.999), (0.499, 0.9991)), ("draws", (100, 5000), (99, 5001)), ("seed", (0, 8), (-1,))],
)
def test_parameters_up_to_their_bounds(name, within, beyond):
    for each in within:
        assert getattr(RankingParameters(**{name: each}), name) == each
    for each in beyond:
        with pytest.raises(UsageError, match=name):
            RankingParameters(**{name: each})
