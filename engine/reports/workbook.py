"""Results and the rows behind them as a workbook: answers, figures as numbers and native charts, rows, evidence."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa
from xlsxwriter.worksheet import Worksheet

from engine.figures.view import charts
from engine.reports import answer_sheet, figure_sheet, html, words
from engine.reports.row_sheet import RowSheet, width_of
from engine.reports.sheets import MOMENT, Book
from engine.types import Result

MOST_ROWS: Final = 1_048_576
"""Lines of a sheet."""

_ROWS_SHARE: Final = 0.75
"""Of the whole work, up to where the rows are written; the rest is packing them."""

Progress = Callable[[float, str], None]


def write(
    path: Path, results: Sequence[Result], rows: Iterable[pa.Table] | None, progress: Progress, made: str
) -> None:
    """The workbook of these results, to `path`; `rows` are written as they come and never held together.

    `made` is the only thing in it that tells when: the same otherwise gives the same bytes.
    """
    with tempfile.TemporaryDirectory(prefix=".workbook-", dir=path.parent) as folder:
        book = Book(path, folder, " · ".join(html.title_of(result) for result in results), made)
        try:
            _fill(book, results, rows, progress, made)
            progress(_ROWS_SHARE, "packing the workbook")
            book.close()
        finally:
            book.abandon()
    progress(1.0, "done")


def _fill(
    book: Book, results: Sequence[Result], rows: Iterable[pa.Table] | None, progress: Progress, made: str
) -> None:
    several = len(results) > 1
    first: Worksheet | None = book.add("Contents") if several else None
    own: list[list[str]] = []
    for number, result in enumerate(results, 1):
        progress(0.1 * (number - 1) / len(results), "writing answers and figures")
        own.append(_result(book, result, f"{number} " if several else "", made))
    if first is not None:
        answer_sheet.contents(book, first, results, own, made)
    if rows is not None:
        _rows(book, rows, progress)
    answer_sheet.evidence(book, results)
    answer_sheet.notes(book, results)


def _result(book: Book, result: Result, prefix: str, made: str) -> list[str]:
    """The sheets of one result, and their names."""
    sheet: Worksheet = book.add(f"{prefix}Answer")
    drawn = [figure_sheet.write(book, prefix + chart.title, chart) for chart in charts(result).values()]
    answer_sheet.answer(book, sheet, result, next((one for one in drawn if one.native), None), made)
    names = [sheet.get_name(), *(one.sheet.get_name() for one in drawn)]
    shown = result.pairs or [item for item in result.items if "row_hash" in item]
    if shown:
        title = words.rows_title(result.analysis)
        names.append(answer_sheet.worst(book, f"{prefix}{title}", shown, title))
    return names


def _rows(book: Book, rows: Iterable[pa.Table], progress: Progress) -> None:
    """All rows in their order, on as many sheets as they need."""
    dates, written = book.look(num_format=MOMENT), 0
    sheet: RowSheet | None = None
    for table in rows:
        left = table
        while len(left) or sheet is None:
            if sheet is None or sheet.filled >= MOST_ROWS:
                _end(sheet)
                sheet = _begun(book, left)
            taken = left.slice(0, MOST_ROWS - sheet.filled)
            for column in sorted(sheet.append(taken, dates)):
                book.note(f"Texts of the column {column} are longer than a cell holds and were cut.")
            left, written = left.slice(len(taken)), written + len(taken)
        progress(0.1 + (_ROWS_SHARE - 0.1) * (1 - 1 / (1 + written / 500_000)), f"writing rows, {written:,} so far")
    _end(sheet)


def _begun(book: Book, table: pa.Table) -> RowSheet:
    """A sheet with its header, and columns as wide as their first values are."""
    sheet = book.add("Rows", RowSheet)
    names = table.column_names
    sheet.set_row(0, 22)
    sheet.head(names, book.head())
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)
    for place, name in enumerate(names):
        sheet.set_column(place, place, width_of(name, table.column(place)))
    return sheet


def _end(sheet: RowSheet | None) -> None:
    if sheet is not None and sheet.dim_colmax is not None:
        sheet.autofilter(0, 0, max(sheet.filled - 1, 0), sheet.dim_colmax)
