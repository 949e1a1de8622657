"""Spreadsheets: which sheet, which row is the header, what cells hold, and what is built to do harm."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

import openpyxl
import pytest

from engine.errors import InputRefused, LimitExceeded
from engine.formats import Limits, read_table
from tests.formats import samples
from tests.formats.reading import taken
from tests.formats.samples import Formula, packed, workbook

HEADER = ["score_a", "score_b", "label"]
ROWS: list[list[Any]] = [[1.5, 1, "A"], [0, "2", "B"]]


def _margins(data: bytes, mapping: dict[str, str] | None = None) -> list[Any]:
    return [row["margin"] for row in taken(data, mapping)[0]]


def test_rows_of_a_sheet_have_the_hashes_of_the_same_rows_as_text() -> None:
    sheet, text = (read_table(samples.FILES[f"pairs.{ending}"](), "x")[0] for ending in ("xlsx", "csv"))
    for name in ("row_hash", "prompt_hash", "margin", "label", "slice.language", "source_line"):
        assert sheet.column(name).to_pylist() == text.column(name).to_pylist()


def test_a_workbook_that_another_program_wrote() -> None:
    book = openpyxl.Workbook()
    book.active.append(HEADER)
    for row in ROWS:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    assert _margins(out.getvalue()) == [0.5, -2.0]


def test_the_sheet_with_the_table_is_read_and_the_others_are_named() -> None:
    data = workbook(
        {
            "about": [["who", "what"], ["we", "this"], ["you", "that"], ["x", "y"]],
            "votes": [HEADER, *ROWS],
            "more": [HEADER, *ROWS],
        }
    )
    rows, report = taken(data)
    assert len(rows) == 2
    assert [notice.message for notice in report.warnings if notice.code == "one_sheet_read"] == [
        "the sheet 'votes' is read; 'about', 'more' is not"
    ]


def test_the_header_may_stand_below_a_title_and_empty_rows_are_none() -> None:
    data = workbook({"x": [["Our votes", None, None], [None, None, None], HEADER, ROWS[0], [None, "", None], ROWS[1]]})
    rows, report = taken(data)
    assert [(row["source_line"], row["margin"]) for row in rows] == [(4, 0.5), (6, -2.0)]
    assert report.rows == 2


def test_cells_of_every_sort() -> None:
    at = datetime(2023, 5, 18, 9, 30)
    rows: list[list[Any]] = [
        [Formula("2.5"), 1, True, at, "de"],
        [Formula(""), 1, "A", at, "de"],
        ["#DIV/0!", 1, "A", at, "en"],
        [3, 1, False, None, "en"],
    ]
    found, report = taken(workbook({"x": [[*HEADER, "time", "language"], *rows]}))
    assert [(row["source_line"], row["margin"], row["label"]) for row in found] == [(2, 1.5, 1.0), (5, 2.0, 0.0)]
    assert found[0]["time"].isoformat() == "2023-05-18T09:30:00+00:00"
    assert report.reasons == {"score_missing": 1, "not_a_number": 1}


def test_a_cell_merged_downwards_counts_in_each_of_its_rows() -> None:
    rows = [["p", 1, 2, "A"], [None, 2, 1, "B"], [None, 3, 1, "A"], [None, 3, 1, "A"]]
    found, _ = taken(workbook({"x": [["prompt_id", *HEADER], *rows]}, merged="A2:A4"))
    assert [row["prompt"] for row in found] == ["p", "p", "p", None]


def test_names_that_repeat_or_are_empty() -> None:
    _, report = taken(workbook({"x": [[*HEADER, "label", None], [1, 2, "A", "x", 5], [2, 1, "B", "y", 5]]}))
    assert report.columns == {"score_a": "score_a", "score_b": "score_b", "label": "label"}
    assert report.slices == {"label.1": ["x", "y"]}


# ------------------------------------------------------------------ what is refused


def _refused(data: bytes, limits: Limits | None = None) -> str:
    with pytest.raises((InputRefused, LimitExceeded)) as refused:
        read_table(data, "book.xlsx", limits=limits)
    return str(refused.value.code)


_SHEET = "xl/worksheets/sheet1.xml"
_OPEN = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
_CLOSE = "</sheetData></worksheet>"
_HEAD = "".join(
    f'<c r="{letter}1" t="inlineStr"><is><t>{name}</t></is></c>' for letter, name in zip("ABC", HEADER, strict=True)
)

_TOP = f"{_OPEN}<row r='1'>{_HEAD}</row>"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({_SHEET: _OPEN + "<row r='1'/>" * 4_000_000 + _CLOSE}, "archive_bomb"),
        ({"xl/sharedStrings.xml": "<sst>" + "<si><t>a</t></si>" * 4_500_000 + "</sst>"}, "too_large"),
        ({_SHEET: f'<!DOCTYPE x [<!ENTITY a "b">]>{_OPEN}{_CLOSE}'}, "workbook_refused"),
        ({"xl/workbook.xml": "<workbook"}, "workbook_damaged"),
        ({_SHEET: f"{_TOP}<row r='2'><c"}, "workbook_damaged"),
        ({_SHEET: f"{_TOP}<row r='1048577'><c r='A1048577'><v>1</v></c></row>{_CLOSE}"}, "too_many_rows"),
        ({_SHEET: f"{_TOP}<row r='2'><c r='XFD2'><v>1</v></c></row>{_CLOSE}"}, "too_many_columns"),
        ({_SHEET: _OPEN + _CLOSE}, "no_rows"),
        ({"xl/workbook.bin": "x"}, "archive_not_read"),
    ],
    ids=["bomb", "texts", "entities", "book cut", "sheet cut", "far row", "far column", "empty", "xlsb"],
)  # fmt: skip
def test_what_is_built_to_do_harm(more: dict[str, str], code: str) -> None:
    data = workbook({"x": [HEADER, *ROWS]}, more=more)
    assert _refused(data, Limits(pack_ratio=200 if code == "archive_bomb" else 100_000)) == code


def test_links_to_other_files_are_not_followed() -> None:
    link = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
    )
    link += 'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/externalLinkPath" '
    link += 'Target="file:///etc/passwd" TargetMode="External"/></Relationships>'
    data = workbook({"x": [HEADER, *ROWS]}, more={"xl/externalLinks/_rels/externalLink1.xml.rels": link})
    assert _margins(data) == [0.5, -2.0]


@pytest.mark.parametrize("start", [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"])
def test_old_workbooks_say_what_to_do(start: bytes) -> None:
    assert _refused(start + bytes(600)) == "archive_not_read"


def test_an_open_document_says_what_to_do() -> None:
    data = packed({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<x/>"})
    assert _refused(data) == "archive_not_read"


def test_a_workbook_cut_anywhere_is_refused_by_name() -> None:
    data = samples.FILES["pairs.xlsx"]()
    codes = {_refused(data[: len(data) * part // 20]) for part in range(1, 20)}
    assert codes <= {"archive_damaged", "not_text", "workbook_damaged"}
