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
from engine.reports.cells import clean
from engine.reports.native import Numbers
from engine.reports.sheets import DAY, MOMENT, PERCENT, Book, moment, number_format
from engine.words import significant

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
        sheet.insert_chart(HEAD_ROW, width + 1, picture, {"description": clean(chart.alt)[:255], "object_position": 2})
    else:
        _coloured(book, sheet, table, chart.figure)
    last = HEAD_ROW + max(min(len(table.rows), MOST_WRITTEN), 20 if picture else 1)
    sheet.print_area(0, 0, last, width + (CHART_COLUMNS if picture else -1))
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
        told = [None if value is None else _told_number(str(value)) for value in values]
        return (list(values), "") if None in [told[place] for place in _known(values)] else (told, "General")
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


def _known(values: Sequence[Cell]) -> list[int]:
    return [place for place, value in enumerate(values) if value is not None]


def _told_number(text: str) -> float | None:
    """The number that a table tells with the digits that count; None for any other text, as a name like 007."""
    try:
        value = float(text.replace("−", "-").replace(",", ""))
    except ValueError:
        return None
    return value if significant(value) == text else None


def _coloured(book: Book, sheet: Worksheet, table: Table, figure: Mapping[str, Any]) -> None:
    """Numbers by colour, or with light bars in them; the numbers stay readable."""
    grid = drawn.grid_of(figure)
    last = HEAD_ROW + len(table.rows)
    if grid is not None and table.columns[0] == "":
        _scale(sheet, (HEAD_ROW + 1, 1, last, len(table.columns) - 1), grid)
    elif grid is not None and grid.values:
        _beside(book, sheet, len(table.columns) + 1, grid, figure)
    elif table.rows:
        numeric = [at for at in range(len(table.columns)) if any(isinstance(row[at], float) for row in table.rows)]
        bar = {"type": "data_bar", "bar_color": "#B7CEF3"}
        for column in numeric[-1:]:
            sheet.conditional_format(HEAD_ROW + 1, column, last, column, bar)


def _beside(book: Book, sheet: Worksheet, column: int, grid: drawn.Grid, figure: Mapping[str, Any]) -> None:
    """The cells of a picture whose table is a list: what is along above, what is up to the left."""
    titles = (drawn.title_of(figure, "yaxis"), drawn.title_of(figure, "xaxis"))
    book.put(sheet, HEAD_ROW, column, " \\ ".join(filter(None, titles)), bold=True, font_color=LIGHT["muted"])
    known = [value for row in grid.values for value in row if value is not None]
    form = {"num_format": PERCENT if drawn.is_percent(figure, "z") else number_format(known)}
    head = {"bold": True, "font_color": LIGHT["muted"], "num_format": "General"}
    upwards = drawn.is_upwards(figure)
    lines = list(zip(grid.rows, grid.values, strict=True))
    for place, name in enumerate(grid.columns, column + 1):
        book.put(sheet, HEAD_ROW, place, name, **head)
    for row, (name, values) in enumerate(reversed(lines) if upwards else lines, HEAD_ROW + 1):
        book.put(sheet, row, column, name, **head)
        for place, value in enumerate(values, column + 1):
            book.put(sheet, row, place, value, **form)
    _scale(sheet, (HEAD_ROW + 1, column + 1, HEAD_ROW + len(lines), column + len(grid.columns)), grid)


def _scale(sheet: Worksheet, cells: tuple[int, int, int, int], grid: drawn.Grid) -> None:
    high = "#8FB0EC"
    if any(value is not None and value < 0 for row in grid.values for value in row):
        middle = {"mid_type": "num", "mid_value": 0, "mid_color": "#FFFFFF"}
        colours = {"type": "3_color_scale", "min_color": "#F2B98A", **middle, "max_color": high}
    else:
        colours = {"type": "2_color_scale", "min_color": "#FFFFFF", "max_color": high}
    sheet.conditional_format(*cells, colours)
