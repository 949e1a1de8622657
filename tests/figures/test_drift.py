"""The pictures of drift: what they draw, say and tabulate."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.figures.drift import PICK, drift
from engine.figures.theme import paint
from engine.types import Result
from tests.analysis.drifts import conclude, rollouts

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def result() -> Result:
    return conclude(rollouts(length=0.8, seed=1))


def test_every_picture_is_there_and_is_plain(result: Result) -> None:
    charts = drift(result)
    assert all(chart is not None for chart in charts.values())
    for chart in charts.values():
        assert chart is not None
        assert chart.alt
        assert chart.table.rows
        assert all(len(row) == len(chart.table.columns) for row in chart.table.rows)
        json.dumps(chart.to_dict("light"), allow_nan=False)
        assert "$" not in json.dumps(paint(chart.figure, "dark"))


def test_a_cell_carries_its_rows_and_what_choosing_it_means(result: Result) -> None:
    chart = drift(result)["matrix"]
    assert chart is not None
    (trace,) = chart.figure["data"]
    assert (trace["meta"]["where"], trace["meta"]["pick"]) == (3, 4)
    own = trace["customdata"][0][-1]
    assert own[3].startswith("step=")
    assert own[4] == f"7{PICK}length"
    frames = chart.figure["layout"]["shapes"]
    assert len(frames) == sum(map(sum, result.pictures["matrix"]["drifted"]))
    assert {round((frame["y0"] + frame["y1"]) / 2) for frame in frames} == {0}
    assert "1 feature drifted, most length in " in chart.alt


def test_the_mean_shows_its_windows_and_where_it_changed(result: Result) -> None:
    chart = drift(result)["means"]
    assert chart is not None
    course, windows = chart.figure["data"]
    assert len(course["x"]) <= 2000
    assert len(windows["x"]) == 8
    assert windows["marker"]["color"].count("$second") == 1
    band, line = chart.figure["layout"]["shapes"]
    assert band["x0"] <= line["x0"] <= band["x1"]
    assert "1 change found" in chart.alt


def test_the_distributions_lie_over_each_other(result: Result) -> None:
    charts = drift(result)
    bars, lines = charts["distribution"], charts["ecdf"]
    assert bars is not None
    assert lines is not None
    assert bars.figure["layout"]["barmode"] == "overlay"
    for trace in bars.figure["data"]:
        assert sum(trace["y"]) == pytest.approx(1)
    for trace in lines.figure["data"]:
        assert trace["y"] == sorted(trace["y"])
        assert trace["y"][-1] == 1
    widest = float(lines.alt.split("at most ")[1].split(" ")[0])
    ks = result.estimates["ks"].value
    assert ks is not None
    assert ks - 0.03 <= widest <= ks + 0.001


def test_a_fall_and_a_window_without_interval_are_drawn() -> None:
    picture: dict[str, Any] = dict(conclude(rollouts(length=-0.8, seed=2)).pictures["means"])
    picture |= {"low": [None, *picture["low"][1:]], "mean": [*picture["mean"][:-1], None]}
    from engine.figures.drift_means import means

    chart = means(picture)
    assert chart is not None
    assert chart.figure["data"][1]["error_y"]["array"][0] == 0
    assert chart.figure["data"][1]["y"][-1] is None
    assert means({**picture, "names": picture["names"][:1]}) is None


def test_names_of_features_and_windows_are_text(result: Result) -> None:
    pictures = json.loads(json.dumps(dict(result.pictures)).replace("topic", HOSTILE).replace("length", HOSTILE))
    hostile = Result("drift", "drifted", "", {}, result.evidence, pictures=pictures)
    for chart in drift(hostile).values():
        assert chart is not None
        assert "<img" not in chart.alt
        for trace in chart.figure["data"]:
            shown = {name: value for name, value in trace.items() if name not in ("meta", "customdata")}
            assert "<img" not in json.dumps([shown, chart.figure["layout"]])


def test_nothing_is_drawn_of_nothing() -> None:
    empty = Result("drift", "x", "", {}, conclude(rollouts(400)).evidence)
    assert set(drift(empty).values()) == {None}
