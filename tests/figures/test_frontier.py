"""Rewards over the KL as a figure: what is marked, what is told, what is left out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.figures import charts
from engine.figures.chart import Chart
from engine.figures.frontier import ticks
from engine.figures.theme import paint
from tests.analysis.runs_over_kl import conclude, curves, rollouts, run, together
from tests.pages.samples import HOSTILE


def drawn(result: Any, name: str = "frontier") -> Chart:
    return charts(result)[name]


def named(chart: Chart) -> list[str]:
    return [trace["name"] for trace in chart.figure["data"] if "name" in trace]


def test_the_frontier_shows_both_rewards_both_fits_and_the_set_of_the_peak() -> None:
    result = conclude(curves(run(1)))
    chart = drawn(result)
    assert [name.split(",")[0] for name in named(chart)] == [
        "Best-of-n form", "RL form", "Proxy: reward", "Gold: gold_reward",
    ]  # fmt: skip
    assert [trace.get("fill") for trace in chart.figure["data"]].count("tonexty") == 1
    peak = result.estimates["peak_kl"]
    band = next(shape for shape in chart.figure["layout"]["shapes"] if shape["type"] == "rect")
    assert (band["x0"] ** 2, band["x1"] ** 2) == pytest.approx((peak.low, peak.high))
    notes = [note["text"] for note in chart.figure["layout"]["annotations"]]
    assert notes[0].startswith("now ")
    assert notes[1].startswith("peak ")
    assert "The peak lies in the set from" in chart.alt
    assert chart.table.columns == ["Run", "Metric", "Step", "KL, nats", "Rise since the start"]
    assert len(chart.table.rows) == 240


def test_a_set_without_an_end_is_shaded_to_the_edge() -> None:
    result = conclude(curves(run(3, most=5.7, sd=0.02)))
    assert result.estimates["peak_kl"].high is None
    layout = drawn(result).figure["layout"]
    band = next(shape for shape in layout["shapes"] if shape["type"] == "rect")
    assert band["x1"] == pytest.approx(layout["xaxis"]["range"][1])
    assert "no upper end" in drawn(result).alt


def test_a_proxy_alone_is_drawn_without_a_peak() -> None:
    held = run(1)
    del held["gold_reward"]
    chart = drawn(conclude(curves(held)))
    assert named(chart) == ["Proxy: reward"]
    assert "shapes" not in chart.figure["layout"]
    assert chart.figure["data"][0]["meta"]["points"]
    assert chart.alt.endswith("No peak is marked.")


def test_a_proxy_on_another_scale_gets_an_axis_of_its_own() -> None:
    held = run(1)
    held["reward"] = 40 * held["reward"]
    chart = drawn(conclude(curves(held)))
    assert "yaxis2" in chart.figure["layout"]
    (proxy,) = [trace for trace in chart.figure["data"] if trace.get("yaxis") == "y2"]
    assert proxy["name"].endswith("(right axis)")
    assert "yaxis2" not in drawn(conclude(curves(run(1)))).figure["layout"]


def test_points_of_rollouts_open_the_answers_of_their_step() -> None:
    chart = drawn(conclude(rollouts()))
    (gold,) = [trace for trace in chart.figure["data"] if trace.get("name") == "gold"]
    assert gold["customdata"][3][gold["meta"]["where"]] == "step=30..30"
    assert gold["meta"]["read"][3].startswith("Step 30: KL ")
    curve = drawn(conclude(curves(run(1))))
    assert all("where" not in trace.get("meta", {}) for trace in curve.figure["data"])


def test_runs_are_ranked_in_a_forest_that_picks_one() -> None:
    chart = drawn(conclude(together({"a": run(1), HOSTILE: run(2, most=4.0, sd=0.01)})), "runs")
    (trace,) = chart.figure["data"]
    assert trace["meta"]["pick"] == 2
    assert sorted(own[2] for own in trace["customdata"]) == sorted(["a", HOSTILE])
    assert "runs" not in charts(conclude(curves(run(1))))
    assert [row[1] for row in chart.table.rows] == ["still rising", "passed"]


def test_names_from_files_never_become_markup() -> None:
    held = run(1)
    held[HOSTILE] = held.pop("gold_reward")
    result = conclude(together({HOSTILE: held, "$ink": run(2)}), gold=HOSTILE, run=HOSTILE)
    for chart in charts(result).values():
        shown = [{**trace, "customdata": None, "meta": None} for trace in chart.figure["data"]]
        assert "<img" not in repr(shown) + repr(chart.figure["layout"])
        paint(chart.figure, "dark")


def test_ticks_are_round_and_lie_apart() -> None:
    for most in (0.01, 0.7, 3.0, 7.6, 40.0, 1e4):
        found = ticks(most)
        places = np.array(found["tickvals"])
        assert 3 <= len(places) <= 12
        assert (np.diff(places) > most / 9).all()
        assert found["ticktext"][0] == "0"


def test_length_and_entropy_stand_beside_it() -> None:
    chart = drawn(conclude(rollouts()), "beside")
    assert named(chart) == ["Length", "Entropy (right axis)"]
    assert "beside" not in charts(conclude(curves(run(1))))
    assert drawn(conclude(rollouts()), "steps").alt.startswith("Over steps: gold from ")
