"""The book that sheets are written into: its look, legal names, cells that are only ever text, a number or a day."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from engine.figures.theme import LIGHT
from engine.reports.cells import clean, fitting

FONT: Final = "Calibri"
PAPER_A4: Final = 9
LONGEST_NAME: Final = 31
WHOLE, DAY, MOMENT, PERCENT = "#,##0", "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss", "0.0%"

_OPTIONS: Final = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "use_zip64": True,
}
_ILLEGAL = re.compile(r"[\[\]:*?/\\]")
_ISO = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?([+-]\d\d:\d\d|Z)?)?")
_FIXED: Final = datetime(2026, 1, 1)

SheetT = TypeVar("SheetT", bound=Worksheet)


class Book:
    """A workbook on its way to disk. What had to be cut is in `notes`."""

    def __init__(self, path: Path, folder: str, title: str, made: str) -> None:
        """`folder` takes what has to lie on disk until the book is closed; `made` is the only mark of time."""
        self.path = path
        self.notes: list[str] = []
        self.written = xlsxwriter.Workbook(str(path), {**_OPTIONS, "tmpdir": folder})
        self.written.set_properties(
            {"title": fitting(clean(title))[:255], "author": "Plumbline", "comments": clean(made), "created": _FIXED}
        )
        self._names: set[str] = {"history"}
        self._looks: dict[str, Format] = {}

    def add(self, name: str, kind: type[SheetT] = Worksheet) -> SheetT:
        """A sheet under this name, or the nearest that is legal and free; ready to be printed."""
        sheet: SheetT = self.written.add_worksheet(self.free(name), kind)
        sheet.hide_gridlines(2)
        sheet.set_landscape()
        sheet.set_paper(PAPER_A4)
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(0.4, 0.4, 0.6, 0.6)
        sheet.set_footer("&L&9Plumbline&R&9&P / &N")
        return sheet

    def free(self, name: str) -> str:
        """The name of a sheet as spreadsheets allow it, and no other has it."""
        legal = " ".join(_ILLEGAL.sub(" ", clean(name)).split()).strip("' ") or "Sheet"
        number, shown = 1, _shortened(legal, LONGEST_NAME)
        while shown.lower() in self._names:
            number += 1
            shown = f"{_shortened(legal, LONGEST_NAME - len(str(number)) - 1)} {number}"
        self._names.add(shown.lower())
        return shown

    def look(self, **wanted: Any) -> Format:
        """The look of a cell; the same is made once."""
        given = {"font_name": FONT, "font_color": LIGHT["ink"], "valign": "top", **wanted}
        key = repr(sorted(given.items()))
        if key not in self._looks:
            self._looks[key] = self.written.add_format(given)
        return self._looks[key]

    def head(self) -> Format:
        """The look of a header."""
        ground, line = LIGHT["accent_soft"], LIGHT["axis"]
        return self.look(bold=True, bg_color=ground, bottom=1, bottom_color=line, text_wrap=True, valign="vcenter")

    def put(self, sheet: Worksheet, row: int, column: int, value: object, **look: Any) -> None:
        """One cell: numbers as numbers, days as days, all else as text; what is not finite stays empty."""
        if isinstance(value, datetime):
            self.checked(sheet.write_datetime(row, column, value, self.look(**{"num_format": MOMENT, **look})))
        elif isinstance(value, bool):
            self.checked(sheet.write_string(row, column, "yes" if value else "no", self.look(**look)))
        elif isinstance(value, int | float):
            self._number(sheet, row, column, float(value), look)
        elif value is None:
            sheet.write_blank(row, column, None, self.look(**look))
        else:
            self.checked(sheet.write_string(row, column, self.text(str(value), sheet), self.look(**look)))

    def wide(self, sheet: Worksheet, row: int, first: int, last: int, value: str, **look: Any) -> None:
        """Text over several columns of a row."""
        if last > first:
            sheet.merge_range(row, first, row, last, "", self.look(**look))
        self.put(sheet, row, first, value, **look)

    def text(self, value: str, sheet: Worksheet) -> str:
        """Text as a cell holds it; that it was cut is noted.

        xlsxwriter takes text between <r> and </r> for markup of its own: a space behind it makes it text.
        """
        cleaned = clean(value)
        kept = fitting(cleaned)
        if kept != cleaned:
            self.note(f"A text on the sheet {sheet.get_name()} is longer than a cell holds and was cut.")
        return f"{kept[:-1]} " if len(kept) > 16_000 and _is_rich(kept) else f"{kept} " if _is_rich(kept) else kept

    def note(self, message: str) -> None:
        """Something for the sheet of notes, once."""
        if message not in self.notes:
            self.notes.append(message)

    def close(self) -> None:
        """Everything onto disk. Always the same bytes for the same sheets."""
        self.written.close()

    def abandon(self) -> None:
        """What sheets keep open until the book is closed, where it never will be."""
        for sheet in self.written.worksheets():
            if sheet.constant_memory:
                sheet._opt_close()

    def _number(self, sheet: Worksheet, row: int, column: int, value: float, look: dict[str, Any]) -> None:
        if math.isfinite(value):
            self.checked(sheet.write_number(row, column, value, self.look(**look)))
        else:
            sheet.write_blank(row, column, None, self.look(**look))

    def checked(self, answer: int) -> None:
        """What the writer answers to a cell that it does not take is an error, not silence."""
        if answer:
            raise ValueError(f"A cell was refused by the writer of the workbook ({answer}).")


def _is_rich(text: str) -> bool:
    return text.startswith("<r>") and text.endswith("</r>")


def _shortened(name: str, longest: int) -> str:
    """The name in at most so many units of UTF-16, as Excel counts them."""
    while len(name.encode("utf-16-le")) // 2 > longest:
        name = name[:-1]
    return name.strip("' ")


def moment(value: object) -> datetime | None:
    """The moment that a text of ISO 8601 names, in UTC and without its zone; None for any other value."""
    if not isinstance(value, str) or not _ISO.fullmatch(value):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    plain = found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found
    return plain if 1901 <= plain.year <= 9998 else None


def number_format(values: list[float]) -> str:
    """How the numbers of a column are written: whole ones as such, others with the digits that count."""
    known = [abs(value) for value in values if math.isfinite(value)]
    if all(value == round(value) for value in known):
        return WHOLE if max(known, default=0) < 1e15 else "0.00E+00"
    most = max(known)
    steps: list[tuple[Callable[[float], bool], str]] = [
        (lambda size: size >= 1e9, "0.00E+00"),
        (lambda size: size >= 1_000, WHOLE),
        (lambda size: size >= 100, "#,##0.0"),
        (lambda size: size >= 10, "0.00"),
        (lambda size: size >= 0.01, "0.000"),
    ]
    return next((form for fits, form in steps if fits(most)), "0.00E+00")
