"""Forest, matrix, curves and effects: what they draw, say and tabulate, whatever they are given."""

from __future__ import annotations

import json
from typing import Any

from engine.figures.curves import Curve, Frame, curves
from engine.figures.effects import effects
from engine.figures.forest import Across, Mark, forest
from engine.figures.matrix import Scale, matrix, of_two
from engine.figures.theme import paint
from engine.figures.words import number
from tests.figures.results import entry

HOSTILE = "<img src=x onerror=alert(1)>"
TABLE_COLUMNS = {"column": "Column", "value": "Value", "effect": "Effect"}


def drawn(marks: list[Mark], across: Across) -> dict[str, Any]:
    from engine.figures.chart import Table

    return forest("Marks", "marks", marks, across, "alt", Table([], [])).figure


def test_the_first_mark_of_a_forest_is_on_top() -> None:
    marks = [Mark("one", 3.0, 2.0, 4.5, "one: 3"), Mark("two", 1.0, None, None, "two: 1")]
    figure = drawn(marks, Across("size"))
    (trace,) = figure["data"]
    assert (trace["x"], trace["y"]) == ([1.0, 3.0], [0, 1])
    assert trace["error_x"]["array"] == [0.0, 1.5]
    assert trace["error_x"]["arrayminus"] == [0.0, 1.0]
    assert figure["layout"]["yaxis"]["ticktext"] == ["two", "one"]
    low, high = figure["layout"]["xaxis"]["range"]
    assert low < 1.0
    assert high > 4.5
    assert "shapes" not in figure["layout"]
    assert "pick" not in trace["meta"]


def test_a_reference_stands_in_the_middle() -> None:
    figure = drawn([Mark("one", 0.3, 0.1, 0.4, "")], Across("difference", 0.0))
    low, high = figure["layout"]["xaxis"]["range"]
    assert low == -high
    assert high > 0.4
    assert figure["layout"]["shapes"][0]["x0"] == 0.0


def test_one_mark_without_interval_has_air_around_it() -> None:
    low, high = drawn([Mark("one", 5.0, None, None, "")], Across("size"))["layout"]["xaxis"]["range"]
    assert low < 5.0 < high


def test_names_in_every_shape_are_text() -> None:
    forest_figure = drawn([Mark(HOSTILE, 1.0, 0.0, 2.0, HOSTILE, notes=(HOSTILE,))], Across("size"))
    heat = matrix("M", [HOSTILE], ["b"], [[0.5]], Scale(0, 1), "alt").figure
    lines = curves("C", [1, 2], [Curve(HOSTILE, [1, 2])], Frame("x", "y"), "alt")
    assert lines is not None
    forest_figure["data"][0]["meta"] = heat["data"][0]["meta"] = {}
    for trace in lines.figure["data"]:
        trace["meta"] = {}
    for figure in (forest_figure, heat, lines.figure):
        assert "<img" not in json.dumps(figure)


def test_a_matrix_has_its_twin_and_gaps() -> None:
    chart = matrix(
        "Wins", ["a", "b"], ["a", "b"], [[None, 0.75], [float("nan"), None]], Scale(0, 1), "alt", [[0, 4]] * 2
    )
    (trace,) = chart.figure["data"]
    assert trace["z"] == [[None, 0.75], [None, None]]
    assert trace["customdata"][0][1] == ["a", "b", "4 rows", ""]
    assert chart.table.columns == ["", "a", "b"]
    assert chart.table.rows == [["a", None, 0.75], ["b", None, None]]
    assert chart.figure["layout"]["yaxis"]["autorange"] == "reversed"
    assert "texttemplate" in trace


def test_large_matrices_leave_out_names_and_numbers() -> None:
    names = [f"m{number}" for number in range(40)]
    chart = matrix("Wins", names, names, [[0.5] * 40] * 40, Scale(0, 1), "alt")
    assert "texttemplate" not in chart.figure["data"][0]
    assert chart.figure["layout"]["xaxis"]["ticktext"] == []
    assert chart.figure["layout"]["height"] <= 720


def test_the_colours_of_a_matrix_follow_the_theme() -> None:
    figure = matrix("Wins", ["a"], ["b"], [[0.5]], Scale(0, 1), "alt").figure
    for mode in ("light", "dark"):
        scale = paint(figure, mode)["data"][0]["colorscale"]  # type: ignore[arg-type]
        assert [place for place, _ in scale] == [0.0, 0.5, 0.5, 1.0]
        assert all(colour.startswith("rgba(") for _, colour in scale)


def test_curves_have_bands_only_where_intervals_are() -> None:
    chart = curves(
        "Best of n",
        [1, 2, 4],
        [Curve("proxy", [1, 2, 3], [0, 1, 2], [2, 3, 4]), Curve("gold", [1, 1, 1])],
        Frame("n", "r"),
        "a",
    )
    assert chart is not None
    assert [trace.get("fill") for trace in chart.figure["data"]] == [None, "tonexty", None, None]
    assert chart.table.columns == ["n", "proxy", "proxy, low", "proxy, high", "gold"]
    assert chart.table.rows[0] == [1, 1.0, 0.0, 2.0, 1.0]
    assert curves("Best of n", [1], [Curve("proxy", [1])], Frame("n", "r"), "a") is None
    assert curves("Best of n", [1, 2], [Curve("proxy", [None, None])], Frame("n", "r"), "a") is None


def test_effects_are_ranked_and_say_what_was_confirmed() -> None:
    entries = [entry("law", 0.02, confirmed=False), entry("math", -0.3)]
    chart = effects(entries, Across("effect", 0.0), number, TABLE_COLUMNS)
    assert chart is not None
    (trace,) = chart.figure["data"]
    assert trace["customdata"][-1][2] == "source=math"
    assert trace["marker"]["color"] == ["$reference", "$first"]
    assert "1 confirmed" in chart.alt
    assert chart.table.rows[0][:2] == ["source", "math"]
    assert effects([], Across("effect", 0.0), number, TABLE_COLUMNS) is None


def test_cells_and_places_say_which_rows_are_behind_them() -> None:
    names = ["a", "b;"]
    values = [[None, 0.2], [0.3, None]]
    chart = matrix("T", names, names, values, Scale(0, 1), "", wheres=of_two("item", names))
    (trace,) = chart.figure["data"]
    assert trace["meta"]["where"] == 3
    assert [[cell[3] for cell in row] for row in trace["customdata"]] == [["", "item=a|b%3B"], ["item=b%3B|a", ""]]
    line = curves("T", [1, 2], [Curve("x", [0.1, 0.2])], Frame("x", "y", wheres=["n=1", "n=2"]), "")
    assert line is not None
    (drawn,) = line.figure["data"]
    assert [own[drawn["meta"]["where"]] for own in drawn["customdata"]] == ["n=1", "n=2"]
