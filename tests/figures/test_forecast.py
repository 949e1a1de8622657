"""The pictures of a forecast: few points, bands in order, hostile names as text, the same as a table."""

from __future__ import annotations

import json

import numpy as np
import pytest

from engine.analysis import Forecast, ForecastParameters
from engine.figures import charts
from engine.figures.theme import paint
from engine.types import Result
from tests.analysis.curve_worlds import rows, saturating

HOSTILE = "<img src=x onerror=alert(1)>$ink"


def concluded(size: int, by: str = "step", metric: str = "reward", **params: str) -> Result:
    analysis, chosen = Forecast(), ForecastParameters.parse(params)
    at = 1.7e9 + 60.0 * np.arange(size) if by == "time" else None
    return analysis.conclude(analysis.observe(rows(saturating(size, 1), at, by=by, metric=metric), chosen), chosen)


def test_a_long_line_is_drawn_with_few_points_that_keep_its_extremes() -> None:
    result = concluded(20_000, threshold="0.7")
    for chart in charts(result).values():
        assert all(len(trace["x"]) <= 2_000 for trace in chart.figure["data"])
    drawn = next(one for one in charts(result)["forecast"].figure["data"] if one["name"] == "points")
    value = saturating(20_000, 1)
    assert (min(drawn["y"]), max(drawn["y"])) == (value.min(), value.max())


def test_the_bands_lie_within_one_another_and_the_table_has_them_all() -> None:
    chart = charts(concluded(800))["forecast"]
    assert chart.table.columns[:2] == ["Step", "Median"]
    assert len(chart.table.rows) > 5
    for _at, median, low_50, high_50, low_80, high_80, low_95, high_95 in chart.table.rows:
        ends = [low_95, low_80, low_50, median, high_50, high_80, high_95]
        assert ends == sorted(ends)  # type: ignore[type-var]
    assert "in back-tests" in chart.alt


def test_every_picture_has_words_and_a_table() -> None:
    found = charts(concluded(800, threshold="0.9"))
    assert list(found) == ["forecast", "threshold", "backtest"]
    assert all(chart.alt and chart.table.rows for chart in found.values())
    threshold = next(one for one in found["forecast"].figure["data"] if one.get("name") == "threshold")
    assert threshold["y"] == [0.9, 0.9]
    assert "threshold" not in charts(concluded(800))


@pytest.mark.parametrize("mode", ["light", "dark", "print"])
def test_every_colour_is_of_the_theme(mode: str) -> None:
    for chart in charts(concluded(300, threshold="0.7")).values():
        assert '"$' not in json.dumps(paint(chart.figure, mode))  # type: ignore[arg-type]


def test_names_from_a_file_are_no_markup() -> None:
    for chart in charts(concluded(200, metric=HOSTILE, threshold="0.7")).values():
        assert "<img" not in json.dumps(chart.figure)


def test_a_line_over_time_has_an_axis_of_dates() -> None:
    chart = charts(concluded(200, by="time"))["forecast"]
    assert chart.figure["layout"]["xaxis"]["type"] == "date"
    assert chart.figure["data"][0]["x"][0].startswith("2023-11-1")


def test_a_constant_line_is_drawn_without_bands() -> None:
    analysis, chosen = Forecast(), ForecastParameters()
    result = analysis.conclude(analysis.observe(rows(np.ones(60)), chosen), chosen)
    found = charts(result)
    assert list(found) == ["forecast"]
    assert len(found["forecast"].figure["data"]) == 1
