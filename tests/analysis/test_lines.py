"""Lines of runs: restarts, repetitions and order; the records behind them; how much a line moved."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.analysis import Curves, CurvesParameters, records
from engine.analysis.curves.change import change_of, mean_error
from engine.analysis.lines import Lines, lines_of, resolved
from engine.analysis.timed import observe
from engine.errors import NotEnoughData, NotFound, UsageError
from engine.types import Result, Rows
from tests.analysis.compare_worlds import named
from tests.analysis.worlds import hashes_of

Point = tuple[str, str, float | None, float]
"""Run, metric, step, value."""


def curve(points: list[Point], time: list[float] | None = None, **numbers: list[float]) -> Rows:
    """Points in the order in which they were written."""
    size = len(points)
    runs, metrics = sorted({one[0] for one in points}), sorted({one[1] for one in points})
    columns = {
        "value": np.array([one[3] for one in points], float),
        "step": np.array([-1 if one[2] is None else one[2] for one in points]),
        "source_line": np.arange(size, dtype=float) + 1,
        "time": np.full(size, np.nan) if time is None else np.array(time, float),
        "row_hash": hashes_of(np.arange(size)),
        "bucket": np.zeros(size, np.uint16),
    }
    names = {
        "run": named(np.array([runs.index(one[0]) for one in points]), runs),
        "metric": named(np.array([metrics.index(one[1]) for one in points]), metrics),
        "source": named(np.array([metrics.index(one[1]) for one in points]), metrics),
        "unit": (np.full(size, -1, np.int32), []),
    }
    further = {f"config.{name}": np.array(values, float) for name, values in numbers.items()}
    return Rows("curve", columns, {}, names, {}, further)


def lines(points: list[Point], time: list[float] | None = None, **numbers: list[float]) -> Lines:
    return lines_of(observe(curve(points, time, **numbers)))


def steps(n: int, run: str = "a", metric: str = "reward") -> list[Point]:
    return [(run, metric, 10.0 * place, float(place)) for place in range(n)]


def test_each_run_and_metric_is_a_line():
    found = lines([*steps(4), *steps(3, "b"), *steps(5, "a", "kl_ref")])
    assert found.runs == ("a", "b")
    assert found.metrics == ("reward", "kl_ref")
    assert [len(line) for line in found.of("reward")] == [4, 3]
    line = found.get("a", "kl_ref")
    assert line is not None
    assert line.at.tolist() == [0, 10, 20, 30, 40]
    assert found.get("b", "kl_ref") is None
    assert found.by == "step"


def test_a_restart_replaces_what_was_written_from_its_step_on():
    first = [("a", "reward", step, 0.0) for step in (0.0, 10.0, 20.0, 30.0)]
    again = [("a", "reward", step, 1.0) for step in (20.0, 30.0, 40.0)]
    (line,) = lines([*first, *again]).lines
    assert line.at.tolist() == [0, 10, 20, 30, 40]
    assert line.value.tolist() == [0, 0, 1, 1, 1]
    assert (line.restarts, line.dropped, line.repeated) == (1, 2, 0)


def test_a_restart_at_a_step_never_written_counts_where_it_goes_far_back():
    first = [("a", "reward", step, 0.0) for step in range(0, 100, 10)]
    again = [("a", "reward", float(step), 1.0) for step in range(45, 130, 10)]
    (line,) = lines([*first, *again]).lines
    assert line.at.tolist() == [*range(0, 50, 10), *range(45, 130, 10)]
    assert (line.restarts, line.dropped) == (1, 5)


def test_points_that_merely_come_in_another_order_are_put_in_order():
    order = [0.0, 10.0, 30.0, 20.0, 40.0]
    (line,) = lines([("a", "reward", step, step) for step in order]).lines
    assert line.at.tolist() == sorted(order)
    assert (line.restarts, line.dropped) == (0, 0)


def test_of_a_step_written_twice_the_later_value_counts():
    (line,) = lines([("a", "loss", step, value) for step, value in ((1, 5.0), (2, 6.0), (2, 7.0), (3, 8.0))]).lines
    assert line.value.tolist() == [5, 7, 8]
    assert (line.restarts, line.repeated) == (0, 1)


def test_without_steps_lines_run_over_time():
    found = lines([("a", "rating", None, value) for value in (3.0, 1.0, 2.0)], time=[300.0, 100.0, 200.0])
    assert found.by == "time"
    assert found.lines[0].value.tolist() == [1, 2, 3]


def test_points_without_a_value_or_a_step_are_no_points_of_a_line():
    found = lines([*steps(3), ("a", "reward", 90.0, float("nan")), ("a", "reward", None, 4.0)])
    assert found.lines[0].at.tolist() == [0, 10, 20]


def test_the_parameters_of_a_run_come_along():
    found = lines(steps(3), beta=[0.1, 0.1, 0.1], learning_rate=[np.nan, np.nan, np.nan])
    assert found.lines[0].config == {"beta": 0.1}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=60))
def test_resolved_steps_rise_and_the_last_written_point_is_always_kept(written):
    at = np.array(written, float)
    places, restarts, dropped, repeated = resolved(at)
    assert np.all(np.diff(at[places]) > 0)
    assert len(at) - 1 in places
    assert len(places) + dropped + repeated == len(at)
    assert restarts <= dropped or dropped == 0


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 60), st.integers(0, 60))
def test_however_a_log_arrives_its_lines_are_the_same(points, cut):
    rows = curve(steps(points))
    part = slice(min(cut, points)), slice(min(cut, points), points)

    def of(which: slice) -> records.Records:
        columns = {name: column[which] for name, column in rows.columns.items()}
        return observe(
            Rows("curve", columns, {}, {name: (code[which], list(words)) for name, (code, words) in rows.names.items()})
        )

    both = of(part[0]) + of(part[1])
    assert records.to_bytes(both) == records.to_bytes(observe(rows))


def conclude(points: list[Point], **params: object) -> Result:
    parameters = CurvesParameters.parse(params)
    return Curves().conclude(Curves().observe(curve(points), parameters), parameters)


def test_a_rise_is_told_with_both_ends():
    generator = np.random.default_rng(0)
    result = conclude([("a", "reward", float(step), 0.01 * step + generator.normal(0, 0.1)) for step in range(200)])
    assert result.verdict == "rose"
    assert result.sentence.startswith("reward rose: from ")
    assert "first and last 20 of 200 points" in result.sentence
    change = result.estimates["change"]
    assert change.low is not None
    assert change.value == pytest.approx(1.8, abs=0.15)


def test_a_metric_that_is_not_there_and_a_log_without_points_are_refused():
    with pytest.raises(NotFound, match="reward"):
        conclude(steps(9), metric="rewards")
    with pytest.raises(NotEnoughData):
        conclude([("a", "reward", None, 1.0)])
    with pytest.raises(NotEnoughData, match="4 points"):
        conclude(steps(3))
    with pytest.raises(UsageError):
        conclude(steps(9), ends=-1)


def test_constant_series_and_restarts_are_said():
    result = conclude([*steps(9), *steps(5), *[("a", "lr", float(step), 1.0) for step in range(9)]])
    assert {notice.code for notice in result.warnings} >= {"constant", "restarted"}


def test_the_error_of_a_mean_allows_for_neighbours_that_move_together():
    generator = np.random.default_rng(1)
    size, draws = 400, 300
    means, errors = [], []
    for _ in range(draws):
        noise = np.zeros(size)
        for place, shock in enumerate(generator.normal(0, 1, size)):
            noise[place] = 0.5 * noise[place - 1] + shock
        means.append(noise.mean())
        errors.append(mean_error(noise))
    assert np.mean(errors) == pytest.approx(np.std(means), rel=0.25)
    plain = generator.normal(0, 1, 4000)
    assert mean_error(plain) == pytest.approx(1 / np.sqrt(4000), rel=0.15)


def test_few_points_have_a_change_without_an_interval():
    change = change_of(np.array([1.0, 2.0, 3.0, 4.0]), 0, 0.95)
    assert change is not None
    assert (change.first, change.last, change.ends) == (1.5, 3.5, 2)
    assert (change.change.value, change.change.low) == (2.0, None)
    assert change_of(np.ones(3), 0, 0.95) is None
    assert change_of(np.arange(100.0), 80, 0.95).ends == 50


def test_of_several_runs_the_one_that_is_best_now_leads():
    def seeds(metric: str) -> list[Point]:
        return [
            (run, metric, float(step), rise * step - 5) for run, rise in (("a", 0.0), ("b", 2.0)) for step in range(40)
        ]

    up, down = conclude(seeds("reward")), conclude(seeds("loss"))
    assert up.sentence.startswith("reward of b, highest now, did not surely move: from −2 to 70, means")
    assert down.sentence.startswith("loss of a, lowest now, did not surely move: from −5 to −5")
