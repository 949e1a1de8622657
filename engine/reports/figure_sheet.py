"""A figure as a sheet: what it shows in words, its table as numbers, and a chart that the spreadsheet draws."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xlsxwriter.worksheet import Worksheet

from engine.figures.chart import Cell, Chart, Table
from engine.figures.theme import LIGHT
from engine.reports import drawn, native
from engine.reports.native import Numbers
from engine.reports.sheets import DAY, MOMENT, PERCENT, Book, moment, number_format

HEAD_ROW = 3
CHART_COLUMNS = 13
"""Columns that a chart covers."""

MOST_WRITTEN = 100_000
"""Rows of a table that are written; there is no figure with as many."""

_INTERVAL = re.compile(r"(?i)(^|[ ,])(low|high)$")
_SURE = re.compile(r"(?i)^(p|q)(,|$)")

_SAID = {
    "scale": "Coloured by value: spreadsheets have no chart of this kind.",
    "table": "Shown as a table: spreadsheets have no chart of this kind.",
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """A figure that has its sheet, and where the numbers of its chart begin there."""

    sheet: Worksheet
    chart: Chart
    numbers_at: tuple[int, int]
    native: bool


def write(book: Book, name: str, chart: Chart) -> Drawn:
    """The sheet of a figure."""
    sheet: Worksheet = book.add(name)
    table = chart.table
    width = max(len(table.columns), 4)
    book.wide(sheet, 0, 0, width - 1, chart.title, bold=True, font_size=16)
    sheet.set_row(0, 26)
    said = " ".join(filter(None, (chart.alt, _SAID.get(drawn.kind_of(chart.figure), ""))))
    book.wide(sheet, 1, 0, width - 1, said, font_color=LIGHT["muted"], text_wrap=True)
    sheet.set_row(1, 15 * min(8, 1 + len(said) // (14 * width)))
    _table(book, sheet, table, chart.figure)
    numbers_at = (HEAD_ROW, width + 1 + CHART_COLUMNS)
    picture = native.drawing(book, chart.figure, Numbers(book, sheet, *numbers_at))
    if picture is not None:
        sheet.insert_chart(HEAD_ROW, width + 1, picture, {"description": chart.alt[:255], "object_position": 2})
    else:
        _coloured(sheet, table, chart.figure)
    last = HEAD_ROW + max(min(len(table.rows), MOST_WRITTEN), 20 if picture else 1)
    sheet.print_area(0, 0, last, width + (CHART_COLUMNS if picture else 0) - (0 if picture else 1))
    return Drawn(sheet, chart, numbers_at, picture is not None)


def again(book: Book, figure: Drawn) -> Any:
    """The same chart once more, for another sheet: a drawing stands in one place only. Its numbers stay here."""
    return native.drawing(book, figure.chart.figure, Numbers(book, figure.sheet, *figure.numbers_at))


def _table(book: Book, sheet: Worksheet, table: Table, figure: Mapping[str, Any]) -> None:
    head = book.head()
    rows = table.rows[:MOST_WRITTEN]
    if len(table.rows) > MOST_WRITTEN:
        book.note(f"The sheet {sheet.get_name()} holds the first {MOST_WRITTEN:,} rows of its table.")
    for column, name in enumerate(table.columns):
        sheet.write_string(HEAD_ROW, column, book.text(name, sheet), head)
        values = [row[column] for row in rows]
        written, form = _column(name, values, _percent(table, column, figure))
        for place, value in enumerate(written, HEAD_ROW + 1):
            book.put(sheet, place, column, value, **({"num_format": form} if form else {"text_wrap": True}))
        longest = max((len(str(value)) for value in values[:500] if isinstance(value, str)), default=0)
        sheet.set_column(column, column, min(max(11, len(name) * 0.75, longest + 2), 44))
    sheet.set_row(HEAD_ROW, 32)
    sheet.freeze_panes(HEAD_ROW + 1, 1 if len(table.columns) < 12 else 0)
    sheet.repeat_rows(HEAD_ROW)
    if rows and table.columns:
        sheet.autofilter(HEAD_ROW, 0, HEAD_ROW + len(rows), len(table.columns) - 1)


def _column(name: str, values: Sequence[Cell], percent: bool) -> tuple[list[Any], str]:
    """The values of a column as they are written and their format; empty for text."""
    known = [value for value in values if value is not None]
    if known and all(isinstance(value, str) for value in known):
        moments = [moment(value) for value in values]
        if all(found is not None for found, value in zip(moments, values, strict=True) if value is not None):
            return moments, MOMENT if any("T" in str(value) for value in known) else DAY
        return list(values), ""
    numbers = [float(value) for value in known if isinstance(value, int | float) and not isinstance(value, bool)]
    if not numbers:
        return list(values), ""
    return list(values), PERCENT if percent else "0.000" if _SURE.match(name) else number_format(numbers)


def _percent(table: Table, column: int, figure: Mapping[str, Any]) -> bool:
    """Whether this column holds what an axis of the figure shows in percent."""
    kind = drawn.kind_of(figure)
    if kind == "scale":
        return drawn.is_percent(figure, "z")
    value = "x" if kind == "forest" else "y"
    if _INTERVAL.search(table.columns[column]):
        return drawn.is_percent(figure, value)
    cells = [row[column] for row in table.rows]
    held = {place for place in ("x", "y") if any(_begins(cells, _side(line, place)) for line in _lines(figure))}
    return any(drawn.is_percent(figure, place) for place in held - ({"y"} if kind == "forest" else set()))


def _lines(figure: Mapping[str, Any]) -> list[drawn.Line]:
    return [line for line in drawn.lines_of(figure) if not line.second]


def _side(line: drawn.Line, place: str) -> list[Any]:
    return line.along if place == "x" else line.up


def _begins(cells: list[Cell], values: list[Any]) -> bool:
    """Whether the values stand in the column, in this order or the other."""
    held = {value for value in cells if isinstance(value, float) and not value.is_integer()}
    told = {value for value in values if isinstance(value, float) and not value.is_integer()}
    return bool(told) and told <= held


def _coloured(sheet: Worksheet, table: Table, figure: Mapping[str, Any]) -> None:
    """Numbers by colour, or with light bars in them; the numbers stay readable."""
    last = HEAD_ROW + len(table.rows)
    if not table.rows:
        return
    if drawn.kind_of(figure) == "scale" and table.columns[0] == "":
        low, high = "#FFFFFF", "#8FB0EC"
        two = any(isinstance(value, float) and value < 0 for row in table.rows for value in row)
        scale: dict[str, Any] = {"type": "2_color_scale", "min_color": low, "max_color": high}
        if two:
            middle = {"mid_type": "num", "mid_value": 0, "mid_color": "#FFFFFF"}
            scale = {"type": "3_color_scale", "min_color": "#F2B98A", "max_color": high, **middle}
        sheet.conditional_format(HEAD_ROW + 1, 1, last, len(table.columns) - 1, scale)
        return
    numeric = [
        column for column in range(len(table.columns)) if any(isinstance(row[column], float) for row in table.rows)
    ]
    if numeric:
        bar = {"type": "data_bar", "bar_color": "#B7CEF3", "bar_solid": True}
        sheet.conditional_format(HEAD_ROW + 1, numeric[-1], last, numeric[-1], bar)
