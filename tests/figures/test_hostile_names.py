"""Names that data bring never become markup or a template in any figure of any analysis: 100 % of shown texts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from engine.figures import charts, words
from engine.figures.chart import Chart, Table
from engine.figures.curves import Curve, Frame, curves
from engine.figures.forest import Across, Mark, forest
from engine.figures.marked import drawn
from engine.reports.drawn import unmarked
from tests.figures import every

HOSTILE = [
    "<b>bold</b>",
    '<a href="javascript:alert(1)">x</a>',
    "<br><sub>y</sub>",
    "&lt;i&gt;entity&#60;",
    "%{zz}%{customdata[0]}<extra>gone</extra>",
    "<span style='color:$bad'>$bad</span>",
    "\x1b[31m\u202e\u2028",
]
OURS = re.compile(r"<br>|</?b>(?=%\{|<|$)|(?<=\})</b>|<extra></extra>")
"""The markup that our own templates have."""

COLUMN = re.compile(r"%\{customdata\[(\d+)\]")
NOT_SHOWN = ("meta", "template")
"""What our own script reads, which makes text of it."""


def shown(chart: Chart) -> Iterator[tuple[str, str]]:
    """Every text that Plotly may draw, with the place where it stands."""
    yield from _texts({name: one for name, one in chart.figure["layout"].items() if name not in NOT_SHOWN}, "layout")
    for number, trace in enumerate(chart.figure["data"]):
        given = {name: one for name, one in trace.items() if name not in (*NOT_SHOWN, "customdata")}
        yield from _texts(given, f"data[{number}]")
        templates = " ".join(str(trace.get(name, "")) for name in ("hovertemplate", "texttemplate"))
        for column in {int(found) for found in COLUMN.findall(templates)}:
            for own in _told(trace.get("customdata", []), column):
                yield from _texts(own, f"data[{number}].customdata[{column}]")


def _told(customdata: Any, column: int) -> Iterator[Any]:
    for own in customdata:
        nested = isinstance(own, list) and own and isinstance(own[0], list)
        yield from _told(own, column) if nested else [own[column]]


def _texts(value: Any, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, dict):
        for name, own in value.items():
            yield from _texts(own, f"{where}.{name}")
    elif isinstance(value, list | tuple):
        for own in value:
            yield from _texts(own, where)


def markup(text: str) -> str:
    """What Plotly would take for markup, an entity of somebody else's or a value to fill in; empty where nothing is."""
    rest = OURS.sub("", text)
    found = re.search(r"[<>]|&(?!(amp|lt|gt);)|%\{zz|[\x00-\x1f\u202e\u2028]", rest)
    return rest[max(0, found.start() - 20) : found.start() + 30] if found else ""


@pytest.mark.parametrize("analysis", every.EVERY)
def test_no_name_is_markup(analysis: str) -> None:
    given: dict[str, str] = {}

    def name(text: str) -> str:
        return given.setdefault(text, f"{HOSTILE[len(given) % len(HOSTILE)]}{text}")

    found_charts = charts(every.result_of(analysis, name))
    assert found_charts
    found = {
        f"{called}: {where}": markup(text)
        for called, chart in found_charts.items()
        for where, text in shown(chart)
        if markup(text)
    }
    assert found == {}


@pytest.mark.parametrize("text", HOSTILE)
def test_titles_of_axes_are_text_in_every_shape(text: str) -> None:
    lines = curves("C", [1, 2], [Curve("a", [1, 2])], Frame(text, text), "alt")
    assert lines is not None
    marks = forest("F", "f", [Mark("a", 1.0, 0.0, 2.0, "")], Across(text), "alt", Table([], []))
    over = Chart(
        "S", drawn([{"name": text, "at": [1.0, 2.0], "value": [1.0, 2.0]}], "step", text, []), "", Table([], [])
    )
    assert [markup(one) for chart in (lines, marks, over) for _, one in shown(chart) if markup(one)] == []


@pytest.mark.parametrize("text", HOSTILE)
def test_text_for_a_figure_reads_the_same_and_marks_nothing_up(text: str) -> None:
    assert markup(words.plain(text)) == ""
    assert markup(text) != ""
    read = "".join(mark for mark in text if mark.isprintable())
    assert unmarked(words.plain(text)) == read
