"""Figures: what is drawn, said and tabulated is the same, in every mode, and nobody's text becomes markup."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import plotly.graph_objects as go
import pytest

from engine.figures import charts, histogram, history, reliability, slices, view_of, words
from engine.figures.theme import DARK, LIGHT, TEMPLATE, colour, css_variables, paint
from engine.types import AnswerView
from tests.figures import results

HOSTILE = '<a href="javascript:alert(1)">x</a>\x00\x1b[31m'


def trace(figure: dict[str, Any], key: str) -> dict[str, Any]:
    return next(one for one in figure["data"] if one.get("meta", {}).get("key") == key)


# ------------------------------------------------------------------ reliability


def test_reliability_draws_filled_bins_only() -> None:
    chart = reliability(results.pictures(), pairs=True)
    points = trace(chart.figure, "observed")
    assert points["x"] == [0.55, 0.75, 0.95]
    assert points["y"] == [0.54, 0.65, 0.78]
    assert [row[:3] for row in chart.table.rows] == [[0.55, 0.54, 40], [0.75, 0.65, 60], [0.95, 0.78, 100]]


def test_the_area_of_a_point_grows_with_its_rows() -> None:
    sizes = trace(reliability(results.pictures(), pairs=True).figure, "observed")["marker"]["size"]
    assert sizes == sorted(sizes)
    assert sizes[-1] == pytest.approx(17)


def test_bands_are_named_as_what_they_are_and_at_their_level() -> None:
    figure = reliability(results.pictures(), pairs=True, level=0.9).figure
    assert trace(figure, "confidence")["name"] == "90% confidence band"
    assert trace(figure, "consistency")["name"] == "90% consistency band"
    assert trace(figure, "confidence")["y"] == [0.68, 0.75, 0.86]
    assert trace(figure, "consistency")["y"] == [0.65, 0.80, 0.98]


def test_pairs_begin_at_a_half_and_scores_at_nought() -> None:
    pairs, scores = (reliability(results.pictures(), kind).figure for kind in (True, False))
    assert pairs["layout"]["xaxis"]["range"][0] == pytest.approx(0.492)
    assert scores["layout"]["xaxis"]["range"][0] == pytest.approx(-0.008)
    assert trace(pairs, "corp")["x"] == [0.5, 0.55, 0.95]
    assert trace(pairs, "corp")["y"] == pytest.approx([0.5, 0.54, 0.78])
    assert trace(scores, "corp")["x"] == [0.45, 0.55, 0.95]


def test_the_words_name_the_gap_that_weighs_most() -> None:
    alt = reliability(results.pictures(), pairs=True).alt
    assert alt == (
        "Reliability diagram of 200 rows in 3 bins. Where the model says 95 %, it is right 78 % of the time, "
        "below the diagonal of a calibrated model."
    )


def test_every_point_can_be_read_aloud() -> None:
    points = trace(reliability(results.pictures(), pairs=True).figure, "observed")
    assert len(points["meta"]["read"]) == 3
    assert points["meta"]["read"][2] == (
        "Says 95.0 %, is right 78.0 %, confidence band 70.0 to 86.0 %, calibrated models 92.0 to 98.0 %, 100 rows"
    )


def test_a_result_without_bins_is_an_empty_diagram() -> None:
    chart = reliability({"reliability": {}}, pairs=True)
    assert chart.table.rows == []
    assert "without any filled bin" in chart.alt
    go.Figure(paint(chart.figure, "light"))


# ------------------------------------------------------------------ slices, history, histogram


def test_slices_rank_by_deviation_and_say_what_is_confirmed() -> None:
    chart = slices(results.result().slices)
    assert chart is not None
    assert [row[0] for row in chart.table.rows] == ["source=law", "source=math"]
    assert [row[-1] for row in chart.table.rows] == ["over-confident here", "not confirmed"]
    marks = trace(chart.figure, "slices")
    assert marks["x"] == [-0.02, 0.08]
    assert marks["marker"]["color"] == ["$reference", "$bad"]
    assert [row[marks["meta"]["pick"]] for row in marks["customdata"]] == ["source=math", "source=law"]


def test_no_slices_no_chart() -> None:
    assert slices([]) is None
    assert slices([{"column": "a", "value": "b", "effect": None}]) is None


def answers(count: int) -> list[AnswerView]:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    found = {"calibration_error": {"value": 0.1, "low": 0.05, "high": 0.15}}
    return [
        AnswerView(number, start + timedelta(hours=number), "over_confident", "", 10 * number, found)
        for number in range(1, count + 1)
    ]


def test_history_begins_with_the_second_version() -> None:
    assert history(answers(1)) is None
    chart = history(answers(3)[::-1])
    assert chart is not None
    assert [row[0] for row in chart.table.rows] == [1, 2, 3]
    assert trace(chart.figure, "history")["y"] == [0.1, 0.1, 0.1]
    assert "3 versions" in chart.alt


def test_histogram_needs_one_edge_more_than_counts() -> None:
    chart = histogram(results.pictures()["histogram"], pairs=True)
    assert chart is not None
    assert chart.table.rows == [[0.5, 0.75, 40], [0.75, 1.0, 160]]
    assert histogram({"edges": [0, 1], "count": [1, 2]}, pairs=True) is None
    assert histogram(None, pairs=True) is None


# ------------------------------------------------------------------ modes


@pytest.mark.parametrize("mode", ["light", "dark", "print"])
def test_plotly_takes_every_figure_in_every_mode(mode: Any) -> None:
    drawn = [*charts(results.result()).values(), history(answers(4))]
    assert len(drawn) == 4
    for chart in drawn:
        assert chart is not None
        painted = paint(chart.figure, mode)
        go.Figure(painted)
        colours = [value for key, value in leaves(painted) if key.endswith("color")]
        assert not [value for value in colours if isinstance(value, str) and value.startswith("$")]


def leaves(value: Any, key: str = "") -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [leaf for name, part in value.items() for leaf in leaves(part, name)]
    if isinstance(value, list):
        return [leaf for part in value for leaf in leaves(part, key)]
    return [(key, value)]


def test_tokens_become_colours_of_the_mode() -> None:
    assert colour("$ink", LIGHT) == LIGHT["ink"]
    assert colour("$first/0.16", DARK) == "rgba(68,136,245,0.16)"
    assert colour("$nothing", LIGHT) == "$nothing"
    assert colour("red", LIGHT) == "red"


def test_only_colours_are_painted_never_text() -> None:
    figure = {"data": [{"name": "$ink", "line": {"color": "$ink"}}], "layout": {"xaxis": {"ticktext": ["$ink"]}}}
    painted = paint(figure, "dark")
    assert painted["data"][0] == {"name": "$ink", "line": {"color": DARK["ink"]}}
    assert painted["layout"]["xaxis"]["ticktext"] == ["$ink"]
    assert paint(figure, "tokens") is figure


def test_both_modes_know_the_same_colours_and_css_declares_them_all() -> None:
    assert LIGHT.keys() == DARK.keys()
    declared = css_variables()
    for name in LIGHT:
        assert f"--pl-{name.replace('_', '-')}:light-dark({LIGHT[name]},{DARK[name]})" in declared
    named = {value[1:].split("/")[0] for _key, value in leaves(TEMPLATE) if str(value).startswith("$")}
    assert named <= LIGHT.keys()


def contrast(one: str, other: str) -> float:
    def luminance(tone: str) -> float:
        parts = [int(tone[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_text_can_be_read_on_what_it_stands_on(palette: dict[str, str]) -> None:
    for text in ("ink", "muted", "accent", "good", "bad"):
        for ground in ("card", "canvas"):
            assert contrast(palette[text], palette[ground]) >= 4.5, (text, ground)
    for text in ("good", "bad", "accent"):
        assert contrast(palette[text], palette[f"{text}_soft"]) >= 4.5, text
    for line in ("first", "second", "third"):
        assert contrast(palette[line], palette["card"]) >= 2.8, line


# ------------------------------------------------------------------ the view


def test_the_view_has_the_shape_of_the_contract() -> None:
    view = view_of(results.concluded(), "tokens")
    assert set(view) == {
        "analysis",
        "dataset",
        "version",
        "event",
        "verdict",
        "sentence",
        "rows",
        "prompts",
        "prompts_approximate",
        "level",
        "estimates",
        "charts",
    }
    assert (view["version"], view["event"], view["rows"], view["prompts"], view["level"]) == (7, 42, 200, 100, 0.9)
    assert set(view["estimates"]["calibration_error"]) == {"value", "low", "high", "level", "method", "n", "null_95"}
    for chart in view["charts"].values():
        assert set(chart) == {"title", "figure", "alt", "table"}
        assert set(chart["figure"]) == {"data", "layout"}
        assert set(chart["table"]) == {"columns", "rows"}
        assert all(len(row) == len(chart["table"]["columns"]) for row in chart["table"]["rows"])
    assert set(view["charts"]) == {"reliability", "slices", "histogram"}


def test_the_view_is_json_without_not_a_number() -> None:
    spoiled = results.pictures()
    spoiled["reliability"]["low"][0] = float("nan")
    spoiled["corp"]["y"][1] = float("inf")
    text = json.dumps(view_of(results.concluded(pictures=spoiled), "dark"), allow_nan=False)
    assert json.loads(text)["charts"]["reliability"]


def test_text_of_files_is_escaped_wherever_plotly_reads_markup() -> None:
    view = view_of(results.concluded(slices=[results.entry(HOSTILE, 0.1)]), "light")
    chart = view["charts"]["slices"]
    shown = [chart["figure"]["layout"]["yaxis"]["ticktext"][0], chart["figure"]["data"][0]["customdata"][0][0]]
    for text in shown:
        assert "<" not in text
        assert "\x00" not in text
        assert "\x1b" not in text
    assert "<" not in chart["alt"]
    assert chart["table"]["rows"][0][0] == f"source={HOSTILE}"


# ------------------------------------------------------------------ words


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("accuracy", 0.6243, "62.4 %"),
        ("calibration_error", 0.1096, "0.110"),
        ("temperature", 1.8, "1.80"),
        ("spiegelhalter_z", -3.456, "−3.46"),
        ("nll", None, "–"),
        ("nll", float("inf"), "–"),
    ],
)
def test_estimates_in_their_units(name: str, value: float | None, text: str) -> None:
    assert words.estimate(name, value) == text


def test_intervals_in_their_units() -> None:
    assert words.interval("accuracy", 0.5, 0.625) == "[50.0, 62.5]"
    assert words.interval("brier", 0.1, 0.2) == "[0.100, 0.200]"
    assert words.interval("brier", None, 0.2) == ""


def test_confidence_is_never_rounded_up_to_certainty() -> None:
    assert words.confidence(0.99998) == "> 99.9 %"
    assert words.confidence(0.998) == "99.8 %"
    assert words.confidence(1.0) == "100.0 %"


def test_long_text_is_cut_before_it_is_escaped() -> None:
    assert words.plain("<" * 100, longest=3) == "&lt;…&lt;"
    assert words.plain("completion_a_is_acceptable=no", longest=12) == "comple…le=no"
    assert words.plain("completion", longest=10) == "completion"


@pytest.mark.parametrize(
    ("value", "said"), [(0.0, "< 0.001"), (0.0004, "< 0.001"), (0.0006, "0.001"), (0.5, "0.500"), (None, "–")]
)
def test_a_p_value_is_never_nought(value, said):
    assert words.estimate("p_holm", value) == words.p_value(value) == said
