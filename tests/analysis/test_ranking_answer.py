"""What the ranking says: items, estimates, verdicts, sentences, refusals, warnings."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest

from engine.analysis import ANALYSES, RankingParameters, applicable
from engine.analysis.ranking.conclude import rank
from engine.analysis.ranking.sentence import more_battles
from engine.errors import NotEnoughData, UsageError
from engine.types import Result, Rows
from tests.analysis.battles import ANALYSIS, DEFAULTS, battles, conclude, rows_of, strengths_of, take
from tests.analysis.test_plain_results import strange


def codes(result: Result) -> list[str]:
    return [notice.code for notice in result.warnings]


def repeated(times: int, *battles: tuple[str, str, float]) -> Rows:
    """These battles again and again, each in a prompt of its own."""
    every = battles * times
    return rows_of(*([battle[place] for battle in every] for place in (0, 1)), [battle[2] for battle in every])


# ------------------------------------------------------------------ the table of items


def test_items_are_listed_best_first_with_their_counts():
    rows = battles(4000, nu=0.5, seed=1)
    result = conclude(rows)
    assert [one["item"] for one in result.items] == [f"model {place}" for place in range(5)]
    assert [one["rank"] for one in result.items] == [1, 2, 3, 4, 5]
    values = [one["value"] for one in result.items]
    assert np.mean(values) == pytest.approx(1000)
    for one in result.items:
        assert one["low"] < one["value"] < one["high"]
        assert one["rank_low"] <= one["rank"] <= one["rank_high"]
        assert one["possible_first"] == (one["rank_low"] == 1)
        assert one["n"] == one["wins"] + one["ties"] + one["losses"]
    first = result.items[0]
    codes = [rows.names[side][0] for side in ("item_a", "item_b")]
    label = rows.columns["label"]
    assert first["wins"] == ((codes[0] == 0) & (label == 1)).sum() + ((codes[1] == 0) & (label == 0)).sum()
    assert first["ties"] == (((codes[0] == 0) | (codes[1] == 0)) & (label == 0.5)).sum()
    assert result.dataset["items"] == 5


def test_estimates_that_are_always_there():
    rows = battles(2000, nu=0.5, seed=2)
    result = conclude(rows)
    assert set(result.estimates) == {"tie_rate", "position_bias", "top_gap"}
    ties = result.estimates["tie_rate"]
    assert ties.value == pytest.approx((rows.columns["label"] == 0.5).mean())
    assert ties.low < ties.value < ties.high
    assert result.estimates["position_bias"].value is None
    assert result.estimates["position_bias"].method == "needs the display order"
    gap, values = result.estimates["top_gap"], [one["value"] for one in result.items]
    assert gap.value == pytest.approx(values[0] - values[1])
    assert gap.low < gap.value < gap.high
    assert (gap.n, ties.n) == (2000, 2000)


def test_position_bias_where_the_order_is_known():
    rows = battles(3000, seed=3)
    generator = np.random.default_rng(0)
    first = generator.integers(0, 2, 3000).astype(np.int8)
    pushed = generator.random(3000) < 0.2
    label = np.where(pushed, first, rows.columns["label"])
    first[:1000] = -1
    found = conclude(Rows(rows.kind, {**rows.columns, "label": label, "first": first}, {}, rows.names))
    bias = found.estimates["position_bias"]
    assert bias.value == pytest.approx(0.1, abs=0.03)
    assert bias.low > 0.05
    assert bias.n == 2000


def test_davidson_tells_how_many_ties_to_expect():
    result = conclude(battles(6000, nu=0.6, seed=4), model="davidson")
    nu = result.estimates["nu"]
    assert nu.low < 0.6 < nu.high
    assert nu.value == pytest.approx(0.6, abs=0.06)
    true = 1000 + 400 / np.log(10) * np.array([0.8, 0.3, 0.0, -0.3, -0.8])
    assert list(strengths_of(result).values()) == pytest.approx(true.tolist(), abs=25)
    assert "nu" not in conclude(battles(500, nu=0.6)).estimates


def test_the_bootstrap_and_the_sandwich_agree():
    rows = battles(3000, nu=0.5, prompts=500, spread=0.5, seed=5)
    one, two = conclude(rows), conclude(rows, interval="bootstrap", draws=1000)
    for left, right in zip(one.items, two.items, strict=True):
        assert left["value"] == right["value"]
        assert right["high"] - right["low"] == pytest.approx(left["high"] - left["low"], rel=0.15)
    assert two.estimates["top_gap"].method.startswith("bucket bootstrap")
    gaps = [result.estimates["top_gap"] for result in (one, two)]
    assert gaps[1].high - gaps[1].low == pytest.approx(gaps[0].high - gaps[0].low, rel=0.2)
    assert conclude(rows, interval="bootstrap", draws=200) != conclude(rows, interval="bootstrap", draws=200, seed=1)


def test_battles_of_one_prompt_are_not_independent():
    once = battles(400, prompts=400, seed=6)
    copies = np.tile(np.arange(400), 10)
    ten = Rows(
        once.kind,
        {name: column[copies] for name, column in once.columns.items()},
        {},
        {name: (codes[copies], values) for name, (codes, values) in once.names.items()},
    )
    one, two = conclude(once), conclude(ten)
    for left, right in zip(one.items, two.items, strict=True):
        assert right["value"] == pytest.approx(left["value"], abs=1e-6)
        assert right["high"] - right["low"] == pytest.approx(left["high"] - left["low"], rel=1e-6)


@pytest.mark.parametrize("strengths", [(0.8, 0.3, 0.0, -0.3, -0.8), (0.3, 0.3, 0.0, 0.0, -0.3), (0.0,) * 5])
def test_true_ranks_lie_within_all_rank_intervals_at_once(strengths):
    """In at least 90 of 100 datasets, 120 prompts with tastes of their own; equal items have every rank they share."""
    true = np.array(strengths)
    least = {f"model {place}": int(1 + (true > one).sum()) for place, one in enumerate(true)}
    most = {f"model {place}": int((true >= one).sum()) for place, one in enumerate(true)}
    held = sum(
        all(
            one["rank_low"] <= least[one["item"]] and most[one["item"]] <= one["rank_high"]
            for one in conclude(battles(600, strengths, nu=0.5, prompts=120, spread=0.5, seed=7000 + seed)).items
        )
        for seed in range(100)
    )
    assert held >= 90


# ------------------------------------------------------------------ verdicts and sentences


def test_a_leader():
    result = conclude(battles(5000, (1.5, 0.2, 0.1, -0.8, -1.0), seed=1))
    first = result.items[0]
    value, low, high = (f"{first[name]:,.0f}" for name in ("value", "low", "high"))
    assert result.verdict == "leader"
    assert result.sentence == (
        f"model 0 leads: {value} [{low}, {high}] Elo, first in every ranking the data allow, "
        "on 5,000 battles of 5,000 prompts; 2 of 5 models may be second."
    )
    assert [one["possible_first"] for one in result.items] == [True, False, False, False, False]
    assert result.items[1]["rank_low"] == result.items[2]["rank_low"] == 2


def test_a_shared_lead():
    result = conclude(battles(4000, (0.81, 0.8, 0.79, -1.2, -1.2), seed=2))
    assert result.verdict == "shared_lead"
    names = ", ".join(one["item"] for one in result.items[:2]) + f" and {result.items[2]['item']}"
    assert result.sentence.startswith(
        f"Three of 5 models may be first: {names}, on 4,000 battles of 4,000 prompts; about "
    )
    assert result.sentence.endswith(" more battles would separate the top two.")


def test_undecided():
    result = conclude(battles(300, (0.05, 0.0, -0.05), seed=3))
    assert result.verdict == "undecided"
    assert result.sentence.startswith("Undecided: each of the three models may be first on 300 battles of 300 prompts;")
    two = conclude(battles(200, (0.1, -0.1), seed=4))
    assert two.verdict == "undecided"
    assert "either of the two models may be first" in two.sentence


def test_two_that_are_exactly_equal_need_no_number_of_battles():
    result = conclude(repeated(50, ("a", "b", 1.0), ("a", "b", 0.0)))
    assert result.sentence.endswith(
        "no number of battles that anybody would collect separates the top two, equal as they look."
    )
    assert result.estimates["top_gap"].value == pytest.approx(0)


def test_two_models_that_are_told_apart():
    result = conclude(repeated(50, ("a", "b", 1.0), ("a", "b", 1.0), ("a", "b", 0.0)))
    assert result.verdict == "leader"
    assert result.sentence.endswith("on 150 battles of 150 prompts.")


def test_the_number_of_battles_is_what_the_variance_asks_for():
    state = ANALYSIS.observe(battles(500, (0.2, 0.0, -0.3), seed=5), DEFAULTS)
    found = rank(state, DEFAULTS).standing
    first, second = found.order[:2]
    apart = found.fitted.strengths[first] - found.fitted.strengths[second]
    times = (found.ranks.critical * found.fitted.deviation[first, second] / apart) ** 2
    assert times > 2
    assert more_battles(found, 500) == pytest.approx(500 * (times - 1), rel=0.1)
    assert more_battles(found, 500) >= 500 * (times - 1)


def test_the_number_of_battles_that_it_takes_settles_it():
    """Of datasets with so many more battles, about half tell the top two apart (their gap is measured with error)."""
    strengths = (0.25, 0.0, -0.25)
    settled = 0
    for seed in range(30):
        result = conclude(battles(400, strengths, seed=seed))
        if result.verdict == "leader" or result.items[0]["item"] != "model 0":
            continue
        text = result.sentence.rpartition("about ")[2].split(" ")[0]
        if text.replace(",", "").isdigit() and int(text.replace(",", "")) < 20_000:
            more = int(text.replace(",", ""))
            settled += conclude(battles(400 + more, strengths, seed=100 + seed)).verdict == "leader"
    assert settled >= 6


# ------------------------------------------------------------------ what is refused, and how it is called


def refused(rows: Rows, **params: object) -> NotEnoughData:
    with pytest.raises(NotEnoughData) as caught:
        conclude(rows, **params)
    return caught.value


def test_too_few_prompts():
    assert refused(battles(29)).code == "not_enough_data"
    assert "29 prompts" in refused(battles(29)).message
    assert refused(battles(500, prompts=29)).code == "not_enough_data"
    assert conclude(battles(60, (0.1, -0.1))).items
    assert refused(take(battles(50), slice(0, 0))).code == "not_enough_data"


def test_prompts_whose_hashes_are_not_mixed():
    rows = battles(200)
    same = {**rows.columns, "bucket": np.zeros(200, np.uint16)}
    assert "not well mixed" in refused(Rows(rows.kind, same, {}, rows.names)).message


def test_groups_that_never_met_are_named():
    error = refused(repeated(40, ("a", "b", 1.0), ("b", "a", 1.0), ("c", "d", 1.0), ("d", "c", 1.0), ("c", "e", 0.5)))
    assert error.code == "not_connected"
    assert "2 groups that were never compared with each other: c, d and e; a and b" in error.message


def test_many_groups_are_counted():
    pairs = [(f"x{k}", f"y{k}", float(k % 2)) for k in range(9)]
    error = refused(repeated(10, *pairs))
    assert "9 groups" in error.message
    assert "; and 4 more groups" in error.message


def test_items_that_won_or_lost_everything_are_named_and_left_out():
    rows = repeated(
        40,
        ("a", "b", 1.0),
        ("b", "a", 1.0),
        ("b", "c", 1.0),
        ("c", "b", 1.0),
        ("king", "a", 1.0),
        ("c", "last", 1.0),
        ("king", "last", 1),
    )
    result = conclude(rows)
    assert [one["item"] for one in result.items][3:] == ["king", "last"]
    for one in result.items[3:]:
        assert {name: one[name] for name in one if name not in ("item", "n", "wins", "ties", "losses")} == {
            **dict.fromkeys(("value", "low", "high", "rank", "rank_low", "rank_high"), None),
            "possible_first": False,
        }
    king, last = result.items[3:]
    assert (king["n"], king["wins"], king["losses"]) == (80, 80, 0)
    assert (last["n"], last["wins"], last["losses"]) == (80, 0, 80)
    assert codes(result)[0] == "unranked_items"
    assert result.warnings[0].message.startswith("king and last won, lost or tied every battle")
    assert result.pictures["wins"]["items"] == [one["item"] for one in result.items[:3]]


@pytest.mark.parametrize(
    "battle",
    [
        [("a", "b", 1.0)],
        [("a", "b", 1.0), ("b", "c", 1.0), ("a", "c", 1.0)],
    ],
)
def test_no_ranking_where_everything_is_one_way(battle):
    assert refused(repeated(60, *battle)).code == "no_finite_strength"


def test_items_whose_outcomes_never_vary_are_left_out():
    rows = repeated(40, ("a", "b", 1.0), ("b", "a", 1.0), ("b", "c", 1.0), ("c", "a", 1.0), ("b", "same", 0.5))
    result = conclude(rows)
    assert [one["item"] for one in result.items if one["value"] is None] == ["same"]
    assert "unranked_items" in codes(result)
    assert strengths_of(result) == pytest.approx(
        strengths_of(conclude(repeated(40, *[("a", "b", 1.0), ("b", "a", 1.0), ("b", "c", 1.0), ("c", "a", 1.0)])))
    )


def test_one_item_against_itself_only():
    assert refused(repeated(60, ("a", "a", 1.0))).code == "not_enough_data"
    assert refused(repeated(60, ("a", None, 1.0))).code == "not_enough_data"


def test_davidson_needs_ties_and_decisions():
    assert refused(battles(500), model="davidson").code == "no_ties"
    assert refused(repeated(50, ("a", "b", 0.5)), model="davidson").code == "no_ties"


def test_nothing_but_ties_gives_no_interval():
    assert refused(repeated(50, ("a", "b", 0.5), ("b", "c", 0.5))).code == "no_variation"
    mostly = conclude(repeated(30, *[("a", "b", 0.5)] * 3, ("a", "b", 1.0), ("b", "a", 1.0)))
    assert strengths_of(mostly) == pytest.approx(dict.fromkeys("ab", 1000.0))
    assert "many_ties" in codes(mostly)


@pytest.mark.parametrize(
    "params",
    [
        {"model": "elo"},
        {"controls": "emoji"},
        {"interval": "profile"},
        {"draws": 99},
        {"draws": 5001},
        {"level": 0.4},
        {"level": 1.0},
        {"slice": "domain"},
        {"seed": -1},
        {"model": "davidson", "interval": "bootstrap"},
        {"model": "davidson", "controls": "length"},
        {"controls": "length", "interval": "bootstrap"},
        {"controls": "length", "slice": "domain=code"},
        {"bins": 15},
    ],
)
def test_parameters_that_make_no_sense(params):
    with pytest.raises(UsageError):
        RankingParameters.parse(params)


# ------------------------------------------------------------------ warnings


def test_rows_that_say_nothing_are_left_out_and_counted():
    rows = battles(400, seed=7)
    label = rows.columns["label"].copy()
    label[:10] = np.nan
    a, b = (rows.names[side][0].copy() for side in ("item_a", "item_b"))
    b[10:15] = a[10:15]
    a[15:22] = -1
    names = {"item_a": (a, rows.names["item_a"][1]), "item_b": (b, rows.names["item_b"][1])}
    result = conclude(Rows(rows.kind, {**rows.columns, "label": label}, {}, names))
    assert codes(result)[0] == "rows_left_out"
    assert "22 rows" in result.warnings[0].message
    assert result.dataset["rows"] == 378
    assert sum(one["n"] for one in result.items) == 2 * 378


def test_few_prompts_and_thin_items():
    assert "few_prompts" in codes(conclude(battles(199, (0.2, -0.2))))
    assert "few_prompts" not in codes(conclude(battles(200, (0.2, -0.2))))
    rows = repeated(100, ("a", "b", 1.0), ("b", "a", 1.0))
    extra = rows_of(["rare", "a"] * 10, ["b", "rare"] * 10, [1.0, 1.0] * 10, start=9000)
    joined = ANALYSIS.combine(ANALYSIS.observe(rows, DEFAULTS), ANALYSIS.observe(extra, DEFAULTS))
    result = ANALYSIS.conclude(joined, DEFAULTS)
    assert codes(result) == ["thin_items"]
    assert result.warnings[0].message.startswith("rare: fewer than 30")


# ------------------------------------------------------------------ pictures, plainness, the registry


def test_pictures():
    rows = battles(3000, nu=0.4, seed=8)
    result = conclude(rows)
    forest = result.pictures["forest"]
    assert forest["item"] == [one["item"] for one in result.items]
    assert forest["rank_high"] == [one["rank_high"] for one in result.items]
    wins = result.pictures["wins"]
    for i in range(5):
        assert wins["observed"][i][i] is wins["expected"][i][i] is wins["count"][i][i] is None
        for j in range(i):
            assert wins["observed"][i][j] + wins["observed"][j][i] == pytest.approx(1)
            assert wins["expected"][i][j] + wins["expected"][j][i] == pytest.approx(1)
            assert wins["count"][i][j] == wins["count"][j][i] > 0
            assert wins["expected"][j][i] > 0.5
    mean = sum(wins["observed"][0][j] * wins["count"][0][j] for j in range(1, 5))
    assert mean == pytest.approx(result.items[0]["wins"] + result.items[0]["ties"] / 2)
    assert mean == pytest.approx(sum(wins["expected"][0][j] * wins["count"][0][j] for j in range(1, 5)))


def test_pairs_that_never_met_are_empty_in_the_matrix():
    result = conclude(repeated(40, ("a", "b", 1.0), ("b", "a", 1.0), ("b", "c", 1.0), ("c", "b", 1.0)))
    wins = result.pictures["wins"]
    at = {name: place for place, name in enumerate(wins["items"])}
    assert wins["observed"][at["a"]][at["c"]] is None
    assert wins["expected"][at["a"]][at["c"]] is None
    assert wins["observed"][at["a"]][at["b"]] == 0.5


STRANGE: list[Callable[[], Result]] = [
    lambda: conclude(battles(300, nu=0.5, length=0.3), controls="length"),
    lambda: conclude(battles(300, nu=0.5), model="davidson"),
    lambda: conclude(battles(300, nu=0.5), interval="bootstrap", draws=100),
    lambda: conclude(
        repeated(40, ("ü", "模型", 1.0), ("模型", "ü", 1.0), ("🏆 ", "ü", 1.0), ("", "ü", 0.25), ("", "ü", 1.0))
    ),
    lambda: conclude(repeated(30, *[("a", "b", 0.5)] * 3, ("a", "b", 1.0), ("b", "a", 1.0))),
]


@pytest.mark.parametrize("make", STRANGE)
def test_results_are_plain(make):
    told = make().to_dict()
    assert strange(told, "result") == []
    assert json.loads(json.dumps(told, allow_nan=False)) == told


def test_soft_labels_count_as_shares_of_wins():
    result = conclude(repeated(50, ("a", "b", 0.75), ("b", "a", 0.5)))
    assert result.items[0]["item"] == "a"
    assert result.items[0]["wins"] == 37.5
    assert result.items[0]["ties"] == 50
    assert result.items[0]["losses"] == 12.5


def test_the_registry():
    assert list(ANALYSES).index("ranking") > list(ANALYSES).index("calibration")
    fields = ("item_a", "item_b", "label")
    assert applicable({"kind": "comparison", "fields": fields})[0].name == "ranking"
    assert ANALYSES["ranking"].title == "Ranking"
    assert "ranking" not in [one.name for one in applicable({"kind": "score", "fields": ("value", "truth")})]
    evidence = conclude(battles(100)).evidence
    assert (evidence.analysis, evidence.analysis_version, evidence.rows) == ("ranking", "1", 100)
    assert evidence.params["model"] == "bradley_terry"
