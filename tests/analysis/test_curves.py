"""Training curves: what is said and drawn of runs, against pandas and against what was put in."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.analysis import ANALYSES
from engine.analysis.curves.groups import MOST_PLACES, Track, band_of, group_name, reach_of
from engine.analysis.curves.smooth import exponential
from engine.analysis.lines import Line
from engine.errors import NotFound, UsageError
from engine.types import Result, Rows

CURVES = ANALYSES["curves"]


def log(runs: dict[str, dict[str, list[tuple[float, float]]]], times: bool = True, **config: dict[str, float]) -> Rows:
    """The rows of runs: by run and metric the points (step, value) in the order in which they were written."""
    flat = [
        (run, metric, step, value)
        for run, each in runs.items()
        for metric, points in each.items()
        for step, value in points
    ]
    size = len(flat)
    names, metrics = list(runs), list(dict.fromkeys(metric for _, metric, *_ in flat))
    number = np.random.default_rng(0).integers(0, 2**63, size).astype(np.uint64)
    columns = {
        "value": np.array([value for *_, value in flat], float),
        "step": np.array([step for _, _, step, _ in flat], np.int64),
        "source_line": np.arange(size) * 1.0,
        "row_hash": number,
        "prompt_hash": number,
        "bucket": (number % np.uint64(4096)).astype(np.uint16),
    }
    if times:
        columns["time"] = 1.7e9 + np.arange(size) * 60.0
    coded = {
        "run": (np.array([names.index(run) for run, *_ in flat], np.int32), names),
        "metric": (np.array([metrics.index(metric) for _, metric, *_ in flat], np.int32), metrics),
    }
    numbers = {
        f"config.{name}": np.array([values.get(run, np.nan) for run, *_ in flat]) for name, values in config.items()
    }
    return Rows("curve", columns, names=coded, numbers=numbers)


def line(slope: float, steps: int = 60, noise: float = 0.1, seed: int = 0) -> list[tuple[float, float]]:
    rng = np.random.default_rng(seed)
    return [(step, slope * step + rng.normal() * noise) for step in range(steps)]


def concluded(rows: Rows, **params: object) -> Result:
    chosen = CURVES.parameters.parse(params)
    return CURVES.conclude(CURVES.observe(rows, chosen), chosen)


def seeds(count: int, steps: int = 40) -> dict[str, dict[str, list[tuple[float, float]]]]:
    return {f"lr1_seed{seed}": {"reward": line(0.1, steps, 1.0, seed)} for seed in range(count)}


# ------------------------------------------------------------------ smoothing


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=80), st.sampled_from([0.1, 0.5, 0.9, 0.99, 0.999]))
def test_smoothing_is_the_debiased_exponential_mean_of_pandas(values, weight):
    found = exponential(np.array(values), weight)
    expect = pd.Series(values).ewm(alpha=1 - weight, adjust=True).mean().to_numpy()
    assert np.allclose(found, expect, rtol=1e-8, atol=1e-8 * max(map(abs, values)))


def test_without_weight_nothing_is_smoothed_and_a_constant_stays():
    values = np.arange(5.0)
    assert exponential(values, 0) is values
    assert np.allclose(exponential(np.full(10_000, 3.0), 0.999), 3.0)


def test_what_is_looked_at_closely_is_as_smooth_as_from_afar():
    rows = log({"a": {"reward": line(0.1, 100)}})
    whole = concluded(rows, smooth=0.9).pictures["curves"]["lines"][0]
    part = concluded(rows, smooth=0.9, at="50..70").pictures["curves"]["lines"][0]
    assert part["at"] == list(range(50, 71))
    assert part["smooth"] == whole["smooth"][50:71]


# ------------------------------------------------------------------ groups


def track(at: list[float], value: list[float], run: str = "r") -> Track:
    x, y = np.array(at, float), np.array(value, float)
    return Track(Line(run, "m", "m", "", x, y, np.full(len(x), np.nan)), x, y, y)


def test_the_band_of_three_runs_is_the_interval_of_their_mean_by_student():
    rng = np.random.default_rng(2)
    values = rng.normal(size=(5, 30))
    found = band_of("g", [track(list(range(30)), list(one)) for one in values], "mean", 0.95)
    frame = pd.DataFrame(values)
    half = 2.7764451051977987 * frame.std(ddof=1) / np.sqrt(5)
    assert np.allclose(found.middle, frame.mean())
    assert np.allclose(found.high - found.middle, half)
    assert found.of_mean


@pytest.mark.parametrize(("count", "middle"), [(2, "mean"), (5, "median")])
def test_two_runs_or_a_median_have_a_band_from_lowest_to_highest(count, middle):
    values = np.random.default_rng(3).normal(size=(count, 10))
    found = band_of("g", [track(list(range(10)), list(one)) for one in values], middle, 0.95)
    assert np.array_equal(found.low, values.min(axis=0))
    assert np.array_equal(found.high, values.max(axis=0))
    assert np.allclose(found.middle, np.mean(values, axis=0) if middle == "mean" else np.median(values, axis=0))


def test_runs_of_other_steps_count_where_they_are_and_are_never_made_longer():
    found = band_of("g", [track([0, 10], [0, 10]), track([5, 20], [5, 20]), track([8, 30], [8, 30])], "mean", 0.95)
    assert np.allclose(found.middle, found.at)
    assert found.count.tolist() == [1, 2, 3, 3, 2, 1]
    assert np.isfinite(found.low).tolist() == [False, False, True, True, False, False]


def test_intervals_of_the_mean_hold_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(5)
    hits = []
    for _ in range(300):
        values = rng.normal(size=(4, 6))
        found = band_of("g", [track(list(range(6)), list(one)) for one in values], "mean", 0.95)
        hits += ((found.low <= 0) & (found.high >= 0)).tolist()
    assert 0.93 <= np.mean(hits) <= 0.97


@given(st.integers(1, 40), st.integers(0, 9))
def test_no_point_lies_outside_the_reach_of_many_runs(count, seed):
    rng = np.random.default_rng(seed)
    tracks = [track(list(range(200)), list(rng.normal(size=200).cumsum())) for _ in range(count)]
    found = reach_of(tracks)
    assert len(found.at) <= MOST_PLACES
    assert found.low.min() == min(one.value.min() for one in tracks)
    assert found.high.max() == max(one.value.max() for one in tracks)


@pytest.mark.parametrize(
    ("run", "group"),
    [("lr1_seed3", "lr1"), ("ppo-seed=12", "ppo"), ("a/run 7", "a"), ("grpo-3", "grpo"), ("42", "42"), ("dpo", "dpo")],
)
def test_seeds_are_put_together_by_what_their_names_begin_with(run, group):
    assert group_name(track([0], [0], run).line, "name") == group


def test_runs_are_put_together_by_a_parameter():
    lr = {f"r{seed}": 0.1 if seed < 3 else 0.2 for seed in range(6)}
    rows = log({run: {"reward": line(1, seed=place)} for place, run in enumerate(lr)}, lr=lr)
    found = concluded(rows, group="config.lr")
    assert [(band["group"], band["runs"]) for band in found.pictures["curves"]["bands"]] == [
        ("lr = 0.1", 3),
        ("lr = 0.2", 3),
    ]
    assert found.dataset["config"] == ["lr"]


# ------------------------------------------------------------------ what is drawn


def test_hundreds_of_runs_are_a_few_lines_and_a_band():
    found = concluded(log({f"run-{place:03}": {"reward": line(place / 100, 20)} for place in range(300)}))
    picture = found.pictures["curves"]
    assert len(picture["lines"]) == 12
    assert [band["runs"] for band in picture["bands"]] == [288]
    assert picture["lines"][0]["run"] == "run-299"
    assert "runs_as_band" in [notice.code for notice in found.warnings]


def test_of_a_loss_the_lowest_runs_are_drawn_alone():
    rows = log({f"run-{place:02}": {"loss": line(-place / 100, 20)} for place in range(20)})
    assert concluded(rows).pictures["curves"]["lines"][0]["run"] == "run-19"


def test_no_line_has_more_than_two_thousand_points_and_spikes_stay():
    points = line(0.001, 9_000)
    points[4_321] = (4_321, 99.0)
    found = concluded(log({"a": {"reward": points}}), smooth=0.9).pictures["curves"]
    drawn = found["lines"][0]
    assert len(drawn["at"]) <= 2_000
    assert len(drawn["smooth_at"]) <= 2_000
    assert 99.0 in drawn["value"]
    assert found["thinned"]
    near = concluded(log({"a": {"reward": points}}), at="4000..5000").pictures["curves"]
    assert near["lines"][0]["at"] == list(range(4_000, 5_001))
    assert not near["thinned"]


def test_several_metrics_are_pictures_of_their_own():
    rows = log({"a": {"reward": line(1), "loss": line(-1), "odd|name": line(0)}})
    found = concluded(rows, metric="loss|odd%7Cname|reward")
    assert {name: one["metric"] for name, one in found.pictures.items()} == {
        "curves": "loss", "curves_2": "odd|name", "curves_3": "reward",
    }  # fmt: skip
    assert found.dataset["metric"] == "loss"


@pytest.mark.parametrize(
    ("over", "axis", "first", "last"),
    [("step", "step", 0, 9), ("time", "time", 1.7e9, 1.7e9 + 540), ("relative", "seconds", 0, 540)],
)
def test_lines_run_over_steps_time_or_since_they_began(over, axis, first, last):
    picture = concluded(log({"a": {"reward": line(1, 10)}}), over=over).pictures["curves"]
    assert picture["axis"] == axis
    assert (picture["lines"][0]["at"][0], picture["lines"][0]["at"][-1]) == (first, last)


def test_without_times_steps_stand_for_them():
    rows = log({"a": {"reward": [(step + 100, value) for step, value in line(1, 10)]}}, times=False)
    picture = concluded(rows, over="relative").pictures["curves"]
    assert (picture["axis"], picture["lines"][0]["at"][0]) == ("steps", 0)
    assert concluded(rows, over="time").pictures["curves"]["axis"] == "step"


def test_a_restart_is_an_event_and_a_warning():
    points = [*line(1, 40), *[(step, 100.0) for step in range(20, 45)]]
    found = concluded(log({"a": {"reward": points}}))
    assert found.pictures["curves"]["events"] == [{"at": 20.0, "kind": "restart", "runs": ["a"]}]
    assert "restarted" in [notice.code for notice in found.warnings]
    assert found.pictures["curves"]["lines"][0]["at"] == list(range(45))


def test_few_points_constants_and_repetitions_are_said():
    rows = log({"a": {"reward": [(step // 2, 1.0) for step in range(16)]}})
    assert {"repeated", "constant", "sparse"} <= {notice.code for notice in concluded(rows).warnings}


# ------------------------------------------------------------------ words and numbers


def test_every_run_is_a_row_and_those_that_moved_are_counted():
    rows = log({"up": {"reward": line(1)}, "down": {"reward": line(-1)}, "still": {"reward": line(0, noise=1)}})
    found = concluded(rows)
    assert found.sentence.endswith("of 3 runs 1 rose, 1 fell.")
    assert found.estimates["runs_rising"].value == 1
    assert {row["run"]: row["points"] for row in found.items} == {"up": 60, "down": 60, "still": 60}


def test_datasets_beside_each_other_are_told_apart_by_name():
    params = CURVES.parameters()
    one = CURVES.observe(log(seeds(2)), params)
    two = CURVES.observe(log({"lr1_seed0": {"reward": line(5, seed=9)}}), params)
    both = CURVES.combine(CURVES.labelled(one, "first"), CURVES.labelled(two, "second"))
    found = CURVES.conclude(both, params)
    assert found.dataset["runs"] == ["first: lr1_seed0", "first: lr1_seed1", "second: lr1_seed0"]


def test_a_run_without_a_name_is_called_by_its_dataset():
    rows = log({"a": {"reward": line(1)}})
    nameless = Rows(rows.kind, rows.columns, names={"metric": rows.names["metric"]})
    state = CURVES.labelled(CURVES.observe(nameless, CURVES.parameters()), "night run")
    assert CURVES.conclude(state, CURVES.parameters()).dataset["runs"] == ["night run"]


@pytest.mark.parametrize(
    "given",
    [
        {"smooth": 1.0}, {"over": "moon"}, {"middle": "mode"}, {"axis": "cubic"}, {"group": "seed"}, {"at": "5"},
        {"at": "9..1"}, {"at": "a..b"}, {"metric": "|".join("abcdefghi")},
    ],
)  # fmt: skip
def test_parameters_that_do_not_fit_are_refused(given):
    with pytest.raises(UsageError):
        CURVES.parameters.parse(given)


def test_a_metric_that_is_not_there_is_refused_by_name():
    with pytest.raises(NotFound, match="known are reward"):
        concluded(log(seeds(1)), metric="gold")
