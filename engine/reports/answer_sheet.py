"""The sheets beside the figures: the answer with its estimates, what recomputes it, what to know, the contents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from xlsxwriter.worksheet import Worksheet

from engine.figures.theme import LIGHT
from engine.figures.words import P_VALUES, PERCENT, SIGNIFICANT, TWO, WHOLE
from engine.reports import figure_sheet, html, sheets, words
from engine.reports.cells import clean
from engine.reports.figure_sheet import Drawn
from engine.reports.sheets import Book
from engine.types import Estimate, Result

LAST = 8
"""The last column of the sheet of an answer."""

_WIDTHS = (2.5, 38, 12, 12, 12, 9, 13, 13, 44)
_CHART_ROWS = 21


def answer(book: Book, sheet: Worksheet, result: Result, leading: Drawn | None, made: str) -> None:
    """The sheet that is seen first: the answer in a sentence, its leading figure, its numbers."""
    _head(book, sheet, made)
    _says(book, sheet, result)
    row = 8
    if leading is not None:
        chart = figure_sheet.again(book, leading)
        chart.set_size({"width": 1_040, "height": 20 * (_CHART_ROWS - 1)})
        sheet.insert_chart(row, 1, chart, {"description": clean(leading.chart.alt)[:255], "object_position": 2})
        row += _CHART_ROWS
    _estimates(book, sheet, result, row)


def _head(book: Book, sheet: Worksheet, made: str) -> None:
    """The band of the house; its mark, a plumb line, is two cells."""
    for column, width in enumerate(_WIDTHS):
        sheet.set_column(column, column, width)
    ground = {"bg_color": LIGHT["hover"], "font_color": LIGHT["hover_ink"], "valign": "vcenter"}
    for row in (0, 1):
        for column in range(LAST + 1):
            book.put(sheet, row, column, None, **ground)
    book.put(sheet, 0, 0, "|", **{**ground, "font_color": "#E5761A", "bold": True, "align": "center"})
    book.put(sheet, 1, 0, "▼", **{**ground, "font_color": "#E5761A", "align": "center", "valign": "top"})
    book.put(sheet, 0, 1, "Plumbline", **{**ground, "bold": True, "font_size": 15})
    book.put(sheet, 1, 1, "Is it true, and how sure are we?", **{**ground, "font_size": 9, "valign": "top"})
    book.put(sheet, 0, LAST, made, **{**ground, "align": "right", "font_size": 9})
    sheet.set_row(0, 24)
    sheet.set_row(1, 18)


def _says(book: Book, sheet: Worksheet, result: Result) -> None:
    book.wide(sheet, 3, 1, LAST, html.title_of(result), bold=True, font_size=20)
    sheet.set_row(3, 30)
    counted = " · ".join(words.counts(result.dataset))
    book.wide(sheet, 4, 1, LAST, counted, font_color=LIGHT["muted"])
    book.wide(
        sheet, 5, 1, LAST, result.sentence,
        font_size=13, text_wrap=True, valign="vcenter", bg_color=LIGHT["accent_soft"], indent=1, left=5,
        left_color=LIGHT["accent"],
    )  # fmt: skip
    sheet.set_row(5, 22 * min(8, 1 + len(result.sentence) // 105))
    book.put(sheet, 6, 1, f"Verdict: {words.label(result.verdict).lower()}", bold=True, font_color=LIGHT["muted"])


def _estimates(book: Book, sheet: Worksheet, result: Result, row: int) -> None:
    nulls = any(estimate.null_95 is not None for estimate in result.estimates.values())
    columns = ["Estimate", "Value", "Low", "High", "Level", "n", "Null, 95 %" if nulls else "", "Method"]
    for column, name in enumerate(columns, 1):
        sheet.write_string(row, column, name, book.head())
    sheet.set_row(row, 22)
    for place, (name, estimate) in enumerate(result.estimates.items(), row + 1):
        _estimate(book, sheet, place, name, estimate)
    sheet.print_area(0, 0, row + max(len(result.estimates), 1), LAST)


def _estimate(book: Book, sheet: Worksheet, row: int, name: str, estimate: Estimate) -> None:
    line = {"bottom": 1, "bottom_color": LIGHT["line"], "valign": "vcenter"}
    form = {**line, "num_format": number_format(name, estimate)}
    book.put(sheet, row, 1, words.label(name), **line, text_wrap=True, bold=True)
    for column, value in enumerate((estimate.value, estimate.low, estimate.high), 2):
        book.put(sheet, row, column, value, **form, bold=column == 2)
    book.put(sheet, row, 5, estimate.level if estimate.low is not None else None, **line, num_format="0.#%")
    book.put(sheet, row, 6, estimate.n, **line, num_format=sheets.WHOLE)
    book.put(sheet, row, 7, estimate.null_95, **form)
    book.put(sheet, row, 8, estimate.method, **line, text_wrap=True, font_color=LIGHT["muted"])
    sheet.set_row(row, 15 * (1 + max(len(estimate.method) // 46, len(words.label(name)) // 40)) + 4)


def number_format(name: str, estimate: Estimate) -> str:
    """The format of an estimate, as pages write it."""
    if name in PERCENT:
        return sheets.PERCENT
    if name in WHOLE:
        return sheets.WHOLE
    if name in SIGNIFICANT:
        known = (value for value in (estimate.value, estimate.low, estimate.high) if value is not None)
        return sheets.number_format(list(known))
    return "0.00" if name in TWO and name not in P_VALUES else "0.000"


def evidence(book: Book, results: Sequence[Result]) -> None:
    """What recomputes every number of the book."""
    sheet: Worksheet = book.add("Evidence")
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 1, 110)
    _title(book, sheet, "Evidence", "What recomputes the numbers of this workbook.")
    row = 3
    for result in results:
        lines = [*html.evidence_of(result), ("Command", result.evidence.command)]
        book.wide(sheet, row, 0, 1, html.title_of(result), bold=True, font_size=12, bottom=1)
        for name, value in lines:
            if value:
                row += 1
                book.put(sheet, row, 0, name, font_color=LIGHT["muted"])
                book.put(sheet, row, 1, value, text_wrap=True, font_name=_face(name))
                sheet.set_row(row, 15 * min(20, 1 + len(value) // 110))
        row += 2


def _face(name: str) -> str:
    return "Consolas" if name in ("SHA-256", "Command", "Parameters") else sheets.FONT


def notes(book: Book, results: Sequence[Result]) -> None:
    """What somebody who reads the numbers has to know; last, since it tells what had to be cut as well."""
    sheet: Worksheet = book.add("Notes")
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 1, 110)
    _title(book, sheet, "Notes", "What has to be known when reading this workbook.")
    told = [(html.title_of(result), notice.message) for result in results for notice in result.warnings]
    for row, (about, message) in enumerate(told, 3):
        _noted(book, sheet, row, about, message)
    own = [*book.notes, "Shares are numbers from 0 to 1 that are shown in percent. Times are in UTC."]
    for row, message in enumerate(own, 3 + len(told)):
        _noted(book, sheet, row, "This workbook", message)


def _noted(book: Book, sheet: Worksheet, row: int, about: str, message: str) -> None:
    line = {"bottom": 1, "bottom_color": LIGHT["line"], "text_wrap": True}
    book.put(sheet, row, 0, about, **line, font_color=LIGHT["muted"])
    book.put(sheet, row, 1, message, **line)
    sheet.set_row(row, 15 * min(20, max(1 + len(message) // 110, 1 + len(about) // 34)) + 3)


def contents(book: Book, sheet: Worksheet, results: Sequence[Result], own: Sequence[Sequence[str]], made: str) -> None:
    """Where what is: a line each result, with links to its sheets, which are ours to name."""
    _head(book, sheet, made)
    book.wide(sheet, 3, 1, LAST, "Contents", bold=True, font_size=20)
    sheet.set_row(3, 30)
    row = 5
    for result, names in zip(results, own, strict=True):
        book.wide(sheet, row, 1, LAST, html.title_of(result), bold=True, font_size=12, top=1, top_color=LIGHT["line"])
        book.wide(sheet, row + 1, 1, LAST, result.sentence, text_wrap=True, font_color=LIGHT["muted"])
        sheet.set_row(row + 1, 15 * min(8, 1 + len(result.sentence) // 130))
        row += 2
        for name in names:
            link(book, sheet, row, 1, name)
            row += 1
        row += 1


def link(book: Book, sheet: Worksheet, row: int, column: int, name: str) -> None:
    """A cell that leads to another sheet of this book, and nowhere else."""
    target = "internal:'" + name.replace("'", "''") + "'!A1"
    look = book.look(font_color=LIGHT["accent"], underline=1)
    book.checked(sheet.write_url(row, column, target, look, string=book.text(name, sheet)))


def worst(book: Book, name: str, rows: Sequence[Mapping[str, Any]], title: str) -> str:
    """The rows behind a result, with their texts. Returns the name of the sheet."""
    columns = list(dict.fromkeys(column for row in rows for column in row if column != "slices"))
    sheet: Worksheet = book.add(name)
    _title(book, sheet, title, "The rows of the data that the answer shows, with their texts.")
    for column, called in enumerate(columns):
        sheet.write_string(3, column, book.text(words.label(called), sheet), book.head())
        values = [row.get(called) for row in rows]
        numbers = [float(value) for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
        form = {"num_format": sheets.number_format(numbers)} if numbers and called != "row_hash" else {}
        longest = max((len(str(value)) for value in values if value is not None), default=0)
        sheet.set_column(column, column, min(max(11, longest + 2), 60))
        for place, value in enumerate(values, 4):
            book.put(sheet, place, column, _plain(called, value), **({"text_wrap": True} | form))
    sheet.freeze_panes(4, 0)
    sheet.repeat_rows(3)
    return str(sheet.get_name())


def _plain(name: str, value: Any) -> Any:
    """A hash is a name, not a number; lists are told."""
    if name == "row_hash" or isinstance(value, list | tuple | dict):
        return words.cell(value) if name != "row_hash" else str(value)
    return value


def _title(book: Book, sheet: Worksheet, title: str, said: str) -> None:
    book.put(sheet, 0, 0, title, bold=True, font_size=16)
    book.put(sheet, 1, 0, said, font_color=LIGHT["muted"])
    sheet.set_row(0, 26)
