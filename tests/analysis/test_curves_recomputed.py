"""Training curves against plain recomputations: ends and their errors, bands, what is drawn; words at their edges."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from engine.analysis.curves.analysis import MOST_RUNS
from engine.analysis.curves.change import change_of, mean_error
from engine.analysis.curves.groups import MOST_PLACES, band_of, group_name, grouped, reach_of
from engine.analysis.curves.parameters import CurvesParameters
from engine.errors import NotEnoughData, NotFound, UsageError
from engine.types import Result, Rows
from engine.words import significant
from tests.analysis.test_curves import CURVES, concluded, line, log, track
from tests.analysis.test_tradeoff_recomputed import newey_west

Runs = dict[str, dict[str, list[tuple[float, float]]]]


def messages(result: Result) -> dict[str, str]:
    return {notice.code: notice.message for notice in result.warnings}


# ------------------------------------------------------------------ how much a line moved


@pytest.mark.parametrize("size", [5, 6, 11, 99, 100, 101, 333])
def test_the_error_of_a_mean_is_newey_and_wests_written_out(size):
    values = np.random.default_rng(size).normal(size=size).cumsum()
    assert mean_error(values) == pytest.approx(newey_west(values), rel=1e-9)
    assert np.isnan(mean_error(values[:4]))


@pytest.mark.parametrize(
    ("size", "ends", "count"),
    [(40, 0, 4), (66, 0, 7), (100, 0, 10), (104, 0, 10), (20, 7, 7), (20, 1, 2), (20, 19, 10)],
)
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_a_change_is_the_difference_of_both_ends_with_both_errors(size, ends, count, level):
    values = np.random.default_rng(size).normal(size=size).cumsum()
    found = change_of(values, ends, level)
    assert found is not None
    first, last = values[:count], values[len(values) - count :]
    assert (found.ends, found.first, found.last) == (count, pytest.approx(first.mean()), pytest.approx(last.mean()))
    change = found.change
    assert (change.value, change.n, change.level) == (pytest.approx(last.mean() - first.mean()), size, level)
    if count < 5:
        assert (change.low, change.high) == (None, None)
        return
    half = stats.t.ppf(0.5 + level / 2, 2 * count - 2) * np.hypot(newey_west(first), newey_west(last))
    assert (change.low, change.high) == pytest.approx((change.value - half, change.value + half))


# ------------------------------------------------------------------ the answer


def test_a_table_of_runs_and_the_estimates_are_those_of_each_run_alone():
    runs: Runs = {
        f"r{at}": {"reward": line(slope, 60, 1.0, at), "loss": line(-slope, 60, 1.0, at)}
        for at, slope in enumerate((0.1, -0.2, 0.0, 0.3))
    }
    runs["short"] = {"reward": line(1, 3)}
    runs["r3"]["reward"] += [(step, 5.0) for step in range(40, 60)]
    found = concluded(log(runs), level=0.9)
    changes = {}
    for row in found.items:
        points = dict(runs[row["run"]]["reward"])
        values = np.array([points[step] for step in sorted(points)])
        change = change_of(values, 0, 0.9)
        assert (row["points"], row["restarts"]) == (len(values), int(row["run"] == "r3"))
        if change is None:
            assert [row[name] for name in ("first", "last", "change", "low", "high")] == [None] * 5
            continue
        changes[row["run"]] = change
        told = (change.first, change.last, change.change.value, change.change.low, change.change.high)
        assert tuple(row[name] for name in ("first", "last", "change", "low", "high")) == pytest.approx(told)
    assert [row["run"] for row in found.items] == ["r0", "r1", "r2", "r3", "short"]
    rose = [name for name, one in changes.items() if one.change.low > 0]  # type: ignore[operator]
    fell = [name for name, one in changes.items() if one.change.high < 0]  # type: ignore[operator]
    best = max(changes, key=lambda name: changes[name].last)
    told = found.estimates
    assert told["change"] == changes[best].change
    assert (told["first"].value, told["last"].value) == (changes[best].first, changes[best].last)
    assert (told["runs"].value, told["runs"].n, told["runs_rising"].value) == (5, 4, len(rose))
    assert {one.level for one in told.values()} == {0.9}
    moved = "rose" if best in rose else "fell" if best in fell else "did not surely move"
    ends = f"from {significant(changes[best].first, 4)} to {significant(changes[best].last, 4)}"
    said = f"reward of {best}, highest now, {moved}: {ends}, means of the first and last 6 of 60 points; "
    assert found.sentence == f"{said}of 4 runs {len(rose)} rose, {len(fell)} fell."
    assert found.dataset["metrics"] == ["reward", "loss"]
    assert (found.dataset["metric"], found.dataset["by"], found.dataset["kind"]) == ("reward", "step", "curve")
    least = concluded(log(runs), metric="loss")
    assert least.sentence.startswith("loss of r3, lowest now, fell: ")
    assert least.verdict == "fell"


def test_one_run_alone_is_not_called_by_its_name():
    said = concluded(log({"a": {"reward": line(1)}})).sentence
    assert said.startswith("reward rose: from ")
    assert said.endswith("means of the first and last 6 of 60 points.")
    beside = concluded(log({"a": {"reward": line(1)}, "b": {"reward": line(1, 3)}})).sentence
    assert beside.startswith("reward of a rose: from ")
    assert beside.endswith(" of 60 points.")
    two = concluded(log({"a": {"reward": line(1)}, "b": {"reward": line(1)}})).sentence
    assert two.startswith("reward of a, highest now, rose")
    assert two.endswith("; of 2 runs 2 rose, 0 fell.")


def test_a_line_that_never_moves_has_no_change():
    assert concluded(log({"a": {"reward": line(0, noise=0)}})).verdict == "no_change_detected"


def test_the_metric_that_says_most_leads_else_that_of_most_points():
    runs: Runs = {"a": {"zeta": line(1, 9), "other": line(1, 9), "loss": line(1, 8), "gold": line(1, 5)}}
    assert concluded(log(runs)).dataset["metric"] == "gold"
    del runs["a"]["gold"]
    assert concluded(log(runs)).dataset["metric"] == "loss"
    del runs["a"]["loss"]
    assert concluded(log(runs)).dataset["metric"] == "other"
    with pytest.raises(NotEnoughData, match="No run has 4 points of other"):
        concluded(log({"a": {"other": line(1, 3)}}))
    assert concluded(log({"a": {"other": line(1, 4)}})).estimates["runs"].value == 1
    many = {f"m{place:02}": line(1, 4) for place in range(25)}
    with pytest.raises(NotFound, match=r"no metric 'x'; known are m00, .*, m19\.$"):
        concluded(log({"a": many}), metric="x")


def test_the_table_ends_at_five_hundred_runs():
    runs = {
        f"run-{place:04}": {"reward": [(step, float(place)) for step in range(4)]} for place in range(MOST_RUNS + 1)
    }
    found = concluded(log(runs))
    assert len(found.items) == 500
    assert found.estimates["runs"].value == 501


def test_runs_with_and_without_a_name_are_called_by_their_dataset_in_order():
    rows = log({"b": {"reward": line(1)}, "a": {"reward": line(2)}, "": {"reward": line(3)}})
    code = rows.names["run"][0].copy()
    code[code == 2] = -1
    state = CURVES.observe(replace(rows, names={**rows.names, "run": (code, ["b", "a"])}), CURVES.parameters())
    found = CURVES.conclude(CURVES.labelled(state, "a"), CURVES.parameters())
    assert found.dataset["runs"] == ["a", "a: a", "a: b"]
    last = {row["run"]: row["last"] for row in found.items}
    assert last["a"] > last["a: a"] > last["a: b"]


# ------------------------------------------------------------------ groups


def test_a_band_is_made_run_by_run_and_place_by_place():
    rng = np.random.default_rng(8)
    tracks = []
    for run in range(5):
        at = np.sort(rng.choice(40, 12, replace=False)).astype(float)
        tracks.append(track(list(at), list(rng.normal(size=12)), f"r{run}"))
    for middle in ("mean", "median"):
        found = band_of("g", tracks, middle, 0.9)
        places = sorted({float(at) for one in tracks for at in one.at})
        assert found.at.tolist() == places
        assert (found.name, found.runs, found.of_mean) == ("g", 5, middle == "mean")
        for at, centre, low, high, count in zip(places, found.middle, found.low, found.high, found.count, strict=True):
            there = [np.interp(at, one.at, one.smooth) for one in tracks if one.at[0] <= at <= one.at[-1]]
            assert count == len(there)
            assert centre == pytest.approx(np.mean(there) if middle == "mean" else np.median(there))
            if middle == "median":
                assert (low, high) == pytest.approx((min(there), max(there)))
            elif count < 3:
                assert np.isnan([low, high]).all()
            else:
                half = stats.t.ppf(0.95, count - 1) * np.std(there, ddof=1) / np.sqrt(count)
                assert (low, high) == pytest.approx((centre - half, centre + half))


def test_a_band_has_at_most_five_hundred_places_from_first_to_last():
    for size in (500, 501, 1200):
        one = track(list(range(size)), list(np.arange(size) * 2.0))
        found = band_of("g", [one, one], "mean", 0.95)
        assert (len(found.at), found.at[0], found.at[-1]) == (500, 0, size - 1)
        assert np.allclose(found.middle, 2 * found.at)
        assert np.ptp(np.diff(found.at)) <= 1
    apart = [track([0, 1], [0, 1]), track([5, 6], [0, 1])]
    assert band_of("g", apart, "mean", 0.95).at.tolist() == [0, 1, 5, 6]


def test_the_reach_is_that_of_each_of_five_hundred_stretches():
    rng = np.random.default_rng(4)
    tracks = [track(list(np.arange(3, 2003, 1.0)), list(rng.normal(size=2000))) for _ in range(3)]
    found = reach_of(tracks)
    assert len(found.at) == MOST_PLACES == 500
    width = 1999 / 500
    for place in (0, 1, 250, 499):
        inside = [
            (at, value)
            for one in tracks
            for at, value in zip(one.at, one.value, strict=True)
            if min(int((at - 3) / width), 499) == place
        ]
        values = [value for _, value in inside]
        assert found.at[place] == min(at for at, _ in inside)
        assert (found.low[place], found.high[place]) == (min(values), max(values))
        assert (found.count[place], found.middle[place]) == (len(values), pytest.approx(np.mean(values)))
    assert (found.runs, found.of_mean, found.count.sum()) == (3, False, 6000)
    alone = reach_of([track([7.0], [1.5])])
    assert (alone.at.tolist(), alone.low.tolist(), alone.count.tolist()) == ([7.0], [1.5], [1])


def test_groups_go_by_size_and_then_by_name():
    names = ["b-1", "b-2", "c-1", "a-1", "a-2", "d-1", "d-2", "d-3"]
    assert list(grouped([track([0], [0], name) for name in names], "name")) == ["d", "a", "b", "c"]
    one = replace(track([0], [0]).line, config={"lr": 1 / 3})
    assert group_name(one, "config.lr") == "lr = 0.333333"
    assert group_name(one, "config.beta") == "without beta"


def test_runs_of_a_group_are_a_band_and_a_run_of_its_own_is_a_line():
    runs = {f"x-{seed}": {"reward": line(1, 30, seed=seed)} for seed in range(2)} | {"y-1": {"reward": line(2, 30)}}
    picture = concluded(log(runs), group="name").pictures["curves"]
    assert [one["run"] for one in picture["lines"]] == ["y-1"]
    assert [(one["group"], one["runs"], one["said"]) for one in picture["bands"]] == [("x", 2, "lowest to highest")]
    three = {f"x-{seed}": {"reward": line(1, 30, 1, seed)[: 30 - 5 * seed]} for seed in range(3)}
    band = concluded(log(three), group="name", level=0.9).pictures["curves"]["bands"][0]
    assert band["said"] == "90 % interval of the mean"
    assert band["count"] == [3] * 20 + [2] * 5 + [1] * 5
    assert [one is None for one in band["low"]] == [one is None for one in band["high"]] == [False] * 20 + [True] * 10


@pytest.mark.parametrize(("groups", "more"), [(8, ""), (9, "1 group more"), (10, "2 groups more")])
def test_eight_groups_are_drawn(groups, more):
    runs = {f"{chr(97 + at)}x-{seed}": {"reward": line(1, 20)} for at in range(groups) for seed in range(2)}
    found = concluded(log(runs), group="name")
    assert len(found.pictures["curves"]["bands"]) == 8
    expected = f"Only the 8 largest groups are drawn: {more}." if more else None
    assert messages(found).get("groups_left_out") == expected


# ------------------------------------------------------------------ what is drawn


@pytest.mark.parametrize(("metric", "sign"), [("reward", 1), ("brier", -1), ("eval_loss", -1)])
def test_twelve_runs_are_drawn_one_by_one_of_more_the_best(metric, sign):
    def runs(count: int) -> Runs:
        return {f"run-{at:02}": {metric: [(step, sign * float(at)) for step in range(20)]} for at in range(count)}

    few = concluded(log(runs(12)))
    assert [one["run"] for one in few.pictures["curves"]["lines"]] == [f"run-{at:02}" for at in range(12)]
    assert few.pictures["curves"]["bands"] == []
    assert "runs_as_band" not in messages(few)
    many = concluded(log(runs(15)))
    assert [one["run"] for one in many.pictures["curves"]["lines"]] == [f"run-{at:02}" for at in range(14, 2, -1)]
    assert [(one["runs"], one["said"]) for one in many.pictures["curves"]["bands"]] == [(3, "lowest to highest")]
    assert messages(many)["runs_as_band"].startswith("12 of 15 runs are drawn one by one")
    assert many.pictures["curves"]["points"] == 300


def test_a_stretch_holds_both_its_ends_and_runs_outside_are_not_drawn():
    rows = log({"a": {"reward": [(step, 1.0 * step) for step in range(30)]}, "b": {"reward": line(1, 6)}})
    picture = concluded(rows, at="7..9").pictures["curves"]
    assert [(one["run"], one["at"], one["value"], one["points"]) for one in picture["lines"]] == [
        ("a", [7, 8, 9], [7, 8, 9], 3)
    ]
    assert (picture["at"], picture["points"], picture["log"], picture["smooth"]) == ("7..9", 3, False, 0)
    assert "smooth" not in picture["lines"][0]
    assert concluded(rows, axis="log").pictures["curves"]["log"] is True


def test_lines_follow_their_times_where_some_are_known():
    points = [(step + 100, 1.0 * step) for step in range(8)]
    rows = log({"a": {"reward": points}})
    time = rows.columns["time"].copy()
    time[2], time[5] = np.nan, 1.7e9 + 10
    rows = replace(rows, columns={**rows.columns, "time": time})
    told = concluded(rows, over="time").pictures["curves"]
    assert told["lines"][0]["value"] == [0, 5, 1, 3, 4, 6, 7]
    assert np.diff(told["lines"][0]["at"]).tolist() == [10, 50, 120, 60, 120, 60]
    relative = concluded(rows, over="relative").pictures["curves"]
    assert (relative["axis"], relative["lines"][0]["at"][:2]) == ("seconds", [0, 10])
    assert (told["axis"], told["by"]) == ("time", "step")


def test_without_steps_lines_run_over_time():
    rows = log({"a": {"reward": line(1, 10)}})
    rows = replace(rows, columns={**rows.columns, "step": np.full(10, -1)})
    for over, axis, first in (("step", "time", 1.7e9), ("time", "time", 1.7e9), ("relative", "seconds", 0)):
        picture = concluded(rows, over=over).pictures["curves"]
        assert (picture["axis"], picture["by"], picture["lines"][0]["at"][0]) == (axis, "time", first)
        assert picture["events"] == []


def test_steps_since_a_run_began_where_it_has_no_times():
    rows = log({"a": {"reward": [(step + 100, 1.0) for step in range(10)]}, "b": {"reward": line(1, 10)}})
    time = rows.columns["time"].copy()
    time[:10] = np.nan
    found = concluded(replace(rows, columns={**rows.columns, "time": time}), over="relative").pictures["curves"]
    assert found["axis"] == "seconds"
    assert found["lines"][0]["at"] == list(range(10))
    assert found["lines"][1]["at"] == [60.0 * place for place in range(10)]


def test_restarts_are_events_within_the_stretch_and_along_steps_only():
    again = [*line(1, 40), *[(step, 1.0) for step in range(20, 40)], *[(step, 2.0) for step in range(30, 45)]]
    rows = log({"a": {"reward": again}, "b": {"reward": again[:60]}})
    both = [{"at": 20.0, "kind": "restart", "runs": ["a", "b"]}, {"at": 30.0, "kind": "restart", "runs": ["a"]}]
    assert concluded(rows).pictures["curves"]["events"] == both
    assert concluded(rows, at="20..29").pictures["curves"]["events"] == both[:1]
    assert concluded(rows, at="21..30").pictures["curves"]["events"] == both[1:]
    assert concluded(rows, over="time").pictures["curves"]["events"] == []
    assert messages(concluded(rows))["restarted"] == (
        "A run began again from an earlier step 2 times: 50 points replaced."
    )


# ------------------------------------------------------------------ warnings and parameters


def test_warnings_word_for_word():
    names = [f"m{place}" for place in range(7)]
    still: Runs = {"a": {name: [(step, 1.0) for step in range(20)] for name in names}}
    assert messages(concluded(log(still)))["constant"] == "These never move: m0, m1, m2, m3, m4 and 2 more."
    five: Runs = {"a": {name: still["a"][name] for name in names[:5]}}
    assert messages(concluded(log(five)))["constant"] == "These never move: m0, m1, m2, m3, m4."
    assert "sparse" not in messages(concluded(log(still)))
    few: Runs = {"a": {"reward": line(1, 19), "single": [(0, 1.0)]}, "b": {"reward": line(1, 20)}}
    assert messages(concluded(log(few))) == {"sparse": "Fewer than 20 points: reward of a."}
    assert "constant" not in messages(concluded(log(few)))
    twice: Runs = {"a": {"reward": [*line(1, 30), (29, 1.0), (29, 2.0)]}}
    assert messages(concluded(log(twice)))["repeated"] == "2 steps written more than once: the last value counts."


def test_a_sample_is_said_to_be_one():
    params = CURVES.parameters()
    state = CURVES.observe(log({"a": {"reward": line(1)}}), params)
    assert messages(CURVES.conclude(state, params)) == {}
    assert list(messages(CURVES.conclude(replace(state, limit=1), params))) == ["sampled"]


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ({"ends": 0}, {"ends": -1}),
        ({"level": 0.5}, {"level": 0.49}),
        ({"level": 0.999}, {"level": 0.9991}),
        ({"smooth": 0.0}, {"smooth": -0.01}),
        ({"smooth": 0.999}, {"smooth": 1.0}),
        ({"metric": "|".join("abcdefgh")}, {"metric": "|".join("abcdefghi")}),
        ({"at": "1..2"}, {"at": "1..1"}),
        ({"at": "-2..-1"}, {"at": "1.5"}),
        ({"group": "config.lr"}, {"group": "lr"}),
    ],
)
def test_parameters_are_taken_up_to_their_ends(good, bad):
    CurvesParameters.parse(good)
    with pytest.raises(UsageError):
        CurvesParameters.parse(bad)


def test_what_is_usual_is_everything_of_one_metric_by_step():
    assert CurvesParameters().stretch == (-np.inf, np.inf)
    assert CurvesParameters(metric="a||b|a").metrics == ("a", "b")
    assert CurvesParameters().level == 0.95
    rows: Rows = log({"a": {"reward": line(1)}})
    assert concluded(rows).pictures["curves"]["axis"] == "step"
