"""Charts that a spreadsheet draws itself, on numbers that stand on the sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from xlsxwriter.chart import Chart as Drawing
from xlsxwriter.worksheet import Worksheet

from engine.figures.theme import LIGHT
from engine.reports import drawn
from engine.reports.drawn import Line
from engine.reports.sheets import DAY, FONT, PERCENT, Book

MOST_LINES = 40
_SIZE = {"width": 760, "height": 400}
_QUIET = {"name": FONT, "size": 9, "color": LIGHT["muted"], "bold": False}


class Numbers:
    """The corner of a sheet on which its chart stands: a column a line, its name above it.

    Names are given to the chart as cells. Given as text, `x!A1` would be taken for a cell.
    """

    def __init__(self, book: Book, sheet: Worksheet, row: int, column: int) -> None:
        self.book, self.sheet, self.row, self.column = book, sheet, row, column

    def text(self, value: str) -> list[Any]:
        """A text in a cell of its own, as a chart refers to it."""
        self.book.put(self.sheet, self.row, self.column, value, font_color=LIGHT["muted"], font_size=9)
        self.column += 1
        return [self.sheet.get_name(), self.row, self.column - 1]

    def values(self, name: str, values: Sequence[Any], **look: Any) -> tuple[list[Any], list[Any]]:
        """A column of values under its name: the cell of the name and the range, as a chart refers to them."""
        column = self.column
        named = self.text(name)
        for place, value in enumerate(values, self.row + 1):
            if value is not None:
                given = {"font_color": LIGHT["muted"], "font_size": 9, **look}
                self.book.put(self.sheet, place, column, value, **given)
        return named, [self.sheet.get_name(), self.row + 1, column, self.row + len(values), column]


def drawing(book: Book, figure: Mapping[str, Any], numbers: Numbers) -> Drawing | None:
    """The chart of a figure; None where a spreadsheet has none that shows it."""
    kind, lines = drawn.kind_of(figure), drawn.lines_of(figure)[:MOST_LINES]
    if not lines or kind in ("scale", "table"):
        return None
    if kind == "forest":
        return _forest(book, figure, lines[0], numbers)
    if kind == "columns":
        return _columns(book, figure, lines, numbers)
    names = drawn.names_along(figure, lines)
    return _named(book, figure, lines, names, numbers) if names else _lines(book, figure, lines, numbers)


def _named(book: Book, figure: Mapping[str, Any], lines: list[Line], names: list[str], numbers: Numbers) -> Drawing:
    """Lines over places that have names."""
    chart = book.written.add_chart({"type": "line"})
    up = numbers.text(drawn.title_of(figure, "yaxis"))
    _, categories = numbers.values("Place", names)
    unnamed = [place for place, line in enumerate(lines) if line.edge or not line.name]
    for line in lines:
        cell, values = numbers.values(line.name or "Value", line.up, **_form(figure, "y"))
        chart.add_series({"name": cell, "categories": categories, "values": values, **_stroke(line)})
    chart.set_x_axis({**_axis([]), "label_position": "low"})
    chart.set_y_axis({**_axis(up), "major_gridlines": _grid(), **_form(figure, "y")})
    _legend(chart, len(lines), unnamed)
    return _sized(chart)


def _legend(chart: Drawing, lines: int, unnamed: list[int]) -> None:
    several = lines - len(unnamed) > 1
    chart.set_legend(
        {"position": "top", "font": _QUIET, "delete_series": unnamed} if several else {"none": True},
    )


def _forest(book: Book, figure: Mapping[str, Any], line: Line, numbers: Numbers) -> Drawing:
    """Bars to the side, the first on top, with their intervals."""
    chart = book.written.add_chart({"type": "bar"})
    names = drawn.names_up(figure)
    form = {"num_format": PERCENT} if drawn.is_percent(figure, "x") else {}
    title = drawn.title_of(figure, "xaxis")
    _, categories = numbers.values("Line", names[::-1])
    named, values = numbers.values(title or line.name, line.along[::-1], **form)
    errors = {"type": "custom", "plus_values": line.more[::-1], "minus_values": line.less[::-1]}
    has_ends = any(line.more) or any(line.less)
    chart.add_series(
        {
            "name": named,
            "categories": categories,
            "values": values,
            "fill": {"color": "#B7CEF3"},
            "border": {"color": LIGHT["first"], "width": 0.75},
            "gap": 60,
            **({"y_error_bars": {**errors, "line": {"color": LIGHT["ink"], "width": 1.25}}} if has_ends else {}),
        }
    )
    ends = _whole_axis(figure, "xaxis")
    chart.set_x_axis({**_axis([]), "reverse": True, "label_position": "low", "line": {"color": LIGHT["axis"]}})
    chart.set_y_axis({**_axis(named), "major_gridlines": _grid(), **form, **ends})
    chart.set_legend({"none": True})
    return _sized(chart, max(260, 120 + 24 * len(names)))


def _whole_axis(figure: Mapping[str, Any], axis: str) -> dict[str, Any]:
    ends = drawn.range_of(figure, axis)
    return {"min": ends[0], "max": ends[1]} if ends else {}


def _columns(book: Book, figure: Mapping[str, Any], lines: list[Line], numbers: Numbers) -> Drawing:
    """Columns over what the bars of the figure stand for."""
    chart = book.written.add_chart({"type": "column"})
    bars = [line for line, trace in zip(lines, figure["data"], strict=False) if trace.get("type") == "bar"] or lines
    across, up = numbers.text(drawn.title_of(figure, "xaxis")), numbers.text(drawn.title_of(figure, "yaxis"))
    form = _form(figure, "x")
    _, categories = numbers.values("Place", bars[0].along, **form)
    for line in bars:
        named, values = numbers.values(line.name or "Value", line.up, **_form(figure, "y"))
        fill = {"fill": {"color": line.colour}, "gap": 20}
        chart.add_series({"name": named, "categories": categories, "values": values, **fill})
    chart.set_x_axis({**_axis(across), "label_position": "low", **form})
    chart.set_y_axis({**_axis(up), "major_gridlines": _grid(), **_form(figure, "y")})
    _legend(chart, len(bars), [])
    return _sized(chart)


def _lines(book: Book, figure: Mapping[str, Any], lines: list[Line], numbers: Numbers) -> Drawing:
    """Lines and marks over numbers; bands as their thin borders."""
    chart = book.written.add_chart({"type": "scatter", "subtype": "straight_with_markers"})
    across, up = numbers.text(drawn.title_of(figure, "xaxis")), numbers.text(drawn.title_of(figure, "yaxis"))
    form = _form(figure, "x")
    dated = any(isinstance(value, datetime) for line in lines for value in line.along)
    dated = dated or (figure["layout"].get("xaxis") or {}).get("type") == "date"
    form = {"num_format": DAY} if dated else form
    unnamed: list[int] = []
    for place, line in enumerate(lines):
        along, named = line.along, line.name or ("edge of a band" if line.edge else "Value")
        _, categories = numbers.values(f"{named}: along", along, **form)
        cell, values = numbers.values(named, line.up, **({} if line.second else _form(figure, "y")))
        chart.add_series({"name": cell, "categories": categories, "values": values, **_stroke(line)})
        if line.edge or not line.name:
            unnamed.append(place)
    reach = {} if dated else _whole_axis(figure, "xaxis")
    chart.set_x_axis({**_axis(across), "label_position": "low", **form, **reach, **_logarithm(figure, "xaxis")})
    over = {**_form(figure, "y"), **_whole_axis(figure, "yaxis"), **_logarithm(figure, "yaxis")}
    chart.set_y_axis({**_axis(up), "major_gridlines": _grid(), "crossing": "min", **over})
    _legend(chart, len(lines), unnamed)
    return _sized(chart)


def _stroke(line: Line) -> dict[str, Any]:
    dash = "round_dot" if line.dashed else "solid"
    stroke = {"color": line.colour, "width": 0.75 if line.edge else 2, "dash_type": dash}
    mark = {"type": "circle", "size": 5, "fill": {"color": line.colour}, "border": {"color": "#FFFFFF"}}
    told: dict[str, Any] = {
        "line": stroke if line.stroke else {"none": True},
        "marker": mark if line.marks else {"type": "none"},
        **({"y2_axis": True} if line.second else {}),
    }
    if any(line.more) or any(line.less):
        errors = {"type": "custom", "plus_values": line.more, "minus_values": line.less}
        told["x_error_bars" if line.aside else "y_error_bars"] = errors
    return told


def _form(figure: Mapping[str, Any], place: str) -> dict[str, Any]:
    return {"num_format": "0%"} if drawn.is_percent(figure, place) else {}


def _logarithm(figure: Mapping[str, Any], axis: str) -> dict[str, Any]:
    return {"log_base": 10} if drawn.is_logarithmic(figure, axis) else {}


def _axis(title: list[Any]) -> dict[str, Any]:
    named = {"name": title, "name_font": _QUIET} if title else {}
    return {**named, "num_font": _QUIET, "line": {"none": True}, "major_tick_mark": "none"}


def _grid() -> dict[str, Any]:
    return {"visible": True, "line": {"color": LIGHT["grid"], "width": 0.75}}


def _sized(chart: Drawing, height: int = 0) -> Drawing:
    chart.set_size({**_SIZE, **({"height": height} if height else {})})
    chart.set_chartarea({"border": {"color": LIGHT["line"]}, "fill": {"color": "#FFFFFF"}})
    chart.set_plotarea({"fill": {"none": True}})
    chart.show_na_as_empty_cell()
    return chart
