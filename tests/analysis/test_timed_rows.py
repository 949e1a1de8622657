"""What is kept of rows with a step or a time, and the lines made of them, row by row."""

from __future__ import annotations

import numpy as np
import pytest

from engine.analysis.lines import Line, less_is_better, lines_of, restarts_of
from engine.analysis.timed import observe
from engine.types import Rows
from tests.analysis.compare_worlds import named
from tests.analysis.test_lines import Point, curve, lines, steps
from tests.analysis.worlds import hashes_of


def test_columns_are_those_of_the_kind_and_what_is_not_known_is_nan():
    size = 4
    rows = Rows(
        "comparison",
        {
            "margin": np.array([1.0, np.inf, -2.0, np.nan]),
            "first": np.array([-1, 0, 1, 1]),
            "step": np.array([-1, 0, 5, 7]),
            "label": np.array([0.0, -1.0, 1.0, 1.0]),
            "ignored": np.ones(size),
            "row_hash": hashes_of(np.arange(size)),
            "prompt_hash": hashes_of(np.zeros(size, np.int64)),
            "bucket": np.zeros(size, np.uint16),
        },
        styles={"length": (np.arange(4.0), np.arange(4.0) * 2), "tone": (np.arange(4.0) * 3,)},
        numbers={"config.lr": np.full(size, 0.1)},
    )
    found = observe(rows)
    order = np.argsort(found.columns["tone"])
    told = {name: column[order].tolist() for name, column in found.columns.items()}
    nan = pytest.approx(float("nan"), nan_ok=True)
    assert told.pop("margin") == [1, nan, -2, nan]
    assert told.pop("first") == [nan, 0, 1, 1]
    assert told.pop("step") == [nan, 0, 5, 7]
    assert told.pop("label") == [0, -1, 1, 1]
    assert np.isnan([told.pop("time"), told.pop("verdict")]).all()
    assert told == {"length.a": [0, 1, 2, 3], "length.b": [0, 2, 4, 6], "tone": [0, 3, 6, 9], "config.lr": [0.1] * 4}
    assert found.rows == 4


def test_all_points_of_a_moment_stay_together():
    """By their step, by their time where they have none."""
    points: list[Point] = [("a", "x", 1.0, 1.0), ("a", "y", 1.0, 2.0), ("a", "x", None, 3.0), ("a", "y", None, 4.0)]
    found = observe(curve(points, [5.0, 6.0, 7.0, 7.0]))
    unit = dict(zip(found.columns["value"].tolist(), found.unit.tolist(), strict=True))
    assert unit[1.0] == unit[2.0]
    assert unit[3.0] == unit[4.0]
    assert unit[1.0] != unit[3.0]


@pytest.mark.parametrize(
    ("metric", "less"),
    [
        ("loss", True),
        ("eval_loss", True),
        ("KL", True),
        ("objective/kl", True),
        ("gloss", False),
        ("reward", False),
        ("grad_norm", True),
        ("weekly", False),
        ("ece", True),
        ("truncated", True),
    ],
)
def test_less_of_what_is_lost_is_better(metric, less):
    assert less_is_better(metric) == less


def test_a_constant_line_has_points_and_never_moves():
    def of(*values: float) -> Line:
        return Line("a", "m", "m", "", np.arange(len(values)) * 1.0, np.array(values), np.zeros(len(values)))

    assert [of(1, 1).constant, of(1, 2).constant, of(1).constant, of().constant] == [True, False, True, False]


def test_lines_of_one_name_are_told_apart_by_their_source():
    """Run, metric, source and unit of each row: the longest keeps the name."""
    rows = curve([("a", "reward", float(step), float(step)) for step in range(5)])
    size = 5
    names = {
        "run": named(np.zeros(size, np.int64), ["a"]),
        "metric": named(np.zeros(size, np.int64), ["reward"]),
        "source": named(np.array([0, 0, 0, 1, 1]), ["objective/reward", "train/reward"]),
        "unit": (np.array([0, 0, 0, -1, -1], np.int32), ["nats"]),
    }
    found = lines_of(observe(Rows("curve", rows.columns, names=names)))
    assert [(one.metric, one.source, one.unit, one.value.tolist()) for one in found.lines] == [
        ("reward", "objective/reward", "nats", [0, 1, 2]),
        ("train/reward", "train/reward", "", [3, 4]),
    ]
    assert (found.metrics, found.runs, found.by) == (("reward", "train/reward"), ("a",), "step")
    nameless = lines_of(observe(Rows("curve", rows.columns, names={"metric": names["metric"]})))
    assert [(one.run, one.source, one.unit, len(one)) for one in nameless.lines] == [("run", "", "", 5)]
    assert found.get("a", "nothing") is None
    assert found.of("nothing") == ()


def test_rows_are_put_in_the_order_of_their_times_where_all_are_known():
    points: list[Point] = [("a", "m", 1.0, 1.0), ("a", "m", 2.0, 2.0), ("a", "m", 2.0, 3.0), ("a", "m", 3.0, 4.0)]
    assert lines(points, [1, 5, 4, 6]).lines[0].value.tolist() == [1, 2, 4]
    assert lines(points, [1, 4, 5, 6]).lines[0].value.tolist() == [1, 3, 4]
    assert lines(points, [1, 5, 4, float("nan")]).lines[0].value.tolist() == [1, 3, 4]
    assert lines(points, [1, 5, 4, 6]).lines[0].time.tolist() == [1, 5, 6]


def test_the_last_row_of_a_run_says_its_parameters():
    found = lines(steps(3), lr=[1.0, 2.0, 3.0], beta=[1.0, 1.0, float("nan")]).lines[0]
    assert found.config == {"lr": 3.0}


@pytest.mark.parametrize(
    ("written", "places"),
    [
        ([0, 10, 20, 30], []),
        ([0, 10, 20, 10, 20], [3]),
        ([0, 10, 20, 30, 20, 30, 40, 20, 30], [4, 7]),
        ([0, 10, 30, 20, 40], []),
        ([0, 10, 20, 30, 40, 20.5, 30.5], []),
        ([0, 10, 20, 30, 40, 19.5, 30.5], [5]),
        ([5], []),
        ([], []),
    ],
)
def test_a_run_began_again_at_a_step_written_before_or_more_than_two_steps_back(written, places):
    assert restarts_of(np.array(written, float)) == places


def test_where_a_run_began_again_is_kept_with_how_often():
    written = [0, 10, 20, 30, 20, 30, 40, 20, 30, 30]
    found = lines([("a", "m", float(at), float(place)) for place, at in enumerate(written)]).lines[0]
    assert (found.restarts, found.dropped, found.repeated, found.again) == (2, 5, 1, (20.0, 20.0))
    assert (found.at.tolist(), found.value.tolist()) == ([0, 10, 20, 30], [0, 1, 7, 9])
    assert lines(steps(4)).lines[0].again == ()
