"""Whatever stands in the data, a workbook computes nothing, leads nowhere and opens; CSV begins no formula."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow as pa
import pytest

from engine.reports import row_sheet
from engine.reports.cells import LONGEST, cell, clean, fitting
from engine.types import Notice
from tests.figures import every
from tests.hostile import PAYLOADS
from tests.reports.opened import cells, formulas, outside, parts, referred, written
from tests.reports.payloads import hostile
from tests.reports.sample import sample

FORMULAS = [
    "=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "\r=1+1", "\n=1+1", "  =1+1", "＝1+1", "＋1", "－1", "＠A1", "﹦1+1",
    '"=1+1', "'=1+1", '" =1+1"', "\ufeff=1+1", "\u00a0=1+1", "=HYPERLINK(\"http://127.0.0.1:9/\",\"x\")",
    "=cmd|' /C calc'!A0", "{=1+1}", "http://127.0.0.1:9/", "internal:Notes!A1", "external:a.xlsx", "mailto:a@b.c",
    "file:///etc/passwd", "ftp://127.0.0.1/", "x!A1", "=Notes!$A$1", "<r><t>x</t></r><c><f>1+1</f></c><r></r>",
    "</t></is></c><c r=\"Z9\"><f>1+1</f></c>", "a\x00b\x1b[31m", "_x003D_1+1", "\ud83d", "\ufffe\uffff", "1e5", "007",
]  # fmt: skip
STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "﹦")
KINDS = [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string()), pa.string_view()]


def storable(text: str) -> str:
    """As Arrow can hold it: halves of a pair never get that far."""
    return text.encode("utf-8", "replace").decode()


def rows() -> list[pa.Table]:
    """The texts in columns of every kind, in the names of the columns, from pandas too, and in lists."""
    texts = [storable(text) for text in FORMULAS]
    kept = {
        f"{text} {place}": pa.array(texts).cast(kind) for place, kind in enumerate(KINDS) for text in texts[place:][:6]
    }
    frame = pd.DataFrame({"=pandas": pd.array(texts, dtype="str"), "+category": pd.Categorical(texts)})
    frame["@object"] = [[text] for text in texts]
    frame["-number"] = [-float(place) - 0.5 for place in range(len(texts))]
    both = {**kept, **dict(zip(frame, pa.table(frame).columns, strict=True))}
    return [pa.table(both)]


@pytest.mark.parametrize("texts", [FORMULAS, PAYLOADS], ids=["formulas", "markup"])
def test_no_text_of_a_result_or_of_its_rows_is_ever_more_than_text(tmp_path: Path, texts: list[str]) -> None:
    results = [replace(hostile(*texts), verdict=text) for text in texts[:3]]
    path = written(tmp_path / "book.xlsx", results, rows(), texts[0])
    assert formulas(path) == []
    assert outside(path) == []
    found = cells(path)
    assert referred(path) <= set(found)
    assert {type(value) for row in found["Rows"][1:] for value in row} == {str, float}
    negative = [row[found["Rows"][0].index("-number")] for row in found["Rows"][1:]]
    assert negative == [-float(place) - 0.5 for place in range(len(FORMULAS))]
    held = {str(value) for sheet in found.values() for row in sheet for value in row}
    assert '=HYPERLINK("http://127.0.0.1:9/","x")' in held
    assert "007" in held
    assert all("\ud83d" not in value and "\x1b" not in value for value in held)
    assert not any(ending.endswith((".bin", ".vml", ".js")) for ending in parts(path))


@pytest.mark.parametrize("analysis", ["ranking", "curves", "drift", "surface"])
def test_names_of_models_metrics_and_parameters_are_text_in_charts_and_sheet_names(
    tmp_path: Path, analysis: str
) -> None:
    names = iter(FORMULAS * 40)
    given: dict[str, str] = {}
    result = every.result_of(analysis, lambda name: given.setdefault(name, f"{next(names)}{name}"))
    path = written(tmp_path / "book.xlsx", [result])
    assert formulas(path) == []
    assert outside(path) == []
    assert referred(path) <= set(openpyxl.load_workbook(path).sheetnames)


def test_sheets_have_names_that_are_legal_and_their_own(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(written(tmp_path / "book.xlsx", [sample()] * 12, rows()))
    names = [name.lower() for name in book.sheetnames]
    assert len(set(names)) == len(names)
    assert all(0 < len(name) <= 31 and not set("[]:*?/\\") & set(name) for name in names)


def test_text_is_cut_where_a_cell_ends_and_that_is_said(tmp_path: Path) -> None:
    long = "é🙂" * 20_000
    table = pa.table({"text": [long, "short"], "other": ["a", "b"]})
    path = written(tmp_path / "book.xlsx", [replace(sample(), warnings=[Notice("long", long)])], [table])
    found = cells(path)
    assert found["Rows"][1][0] == fitting(long)
    assert LONGEST - 1 <= len(fitting(long).encode("utf-16-le")) // 2 <= LONGEST
    notes = [row[1] for row in found["Notes"]]
    assert "Texts of the column text are longer than a cell holds and were cut." in notes
    assert any("Notes" in str(note) and "was cut" in str(note) for note in notes)
    assert not any("column other" in str(note) for note in notes)


def test_numbers_that_a_spreadsheet_cannot_hold_are_text_or_nothing(tmp_path: Path) -> None:
    given = {
        "hash": pa.array([2**63 + 1, 5], pa.uint64()),
        "whole": pa.array([2**53 + 1, -1], pa.int64()),
        "small": pa.array([-7, None], pa.int8()),
        "odd": [float("nan"), float("-inf")],
        "tiny": [-1e-300, 1e300],
        "yes": [True, False],
        "at": pa.array([-(10**17), 0], pa.timestamp("us", "UTC")),
        "day": pa.array([20_000, None], pa.date32()),
        "none": pa.nulls(2),
    }
    found = cells(written(tmp_path / "book.xlsx", [sample()], [pa.table(given)]))["Rows"]
    assert found[0] == list(given)
    first, second = found[1:]
    assert first[:6] == ["9223372036854775809", "9007199254740993", -7, None, -1e-300, True]
    assert second[:6] == ["5", "-1", None, None, 1e300, False]
    assert [type(first[6]), second[6]] == [str, "1970-01-01 00:00:00.000000"]
    assert (str(first[7]), second[7], first[8]) == ("2024-10-04 00:00:00", None, None)


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_of_csv_begins_a_formula(text: str) -> None:
    written_as = cell(text)
    assert isinstance(written_as, str)
    assert not written_as.lstrip(' "\ufeff\u00a0').startswith(STARTS)
    assert clean(text) == clean(clean(text))


@pytest.mark.parametrize("value", [-1, -1.5, None, True, "a=1", "", "a-b", "'x", "−0.5", "http://x"])
def test_other_cells_of_csv_stay_as_they_are(value: object) -> None:
    assert cell(value) is value


def test_rows_in_pieces_are_the_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_sheet, "MOST_PIECE", 3)
    table = pa.table({"n": list(range(10)), "t": pa.array([f"t{at}" for at in range(10)]).dictionary_encode()})
    found = cells(written(tmp_path / "book.xlsx", [sample()], [table.slice(2, 5), table.slice(7)]))["Rows"]
    assert found[1:] == [[at, f"t{at}"] for at in range(2, 10)]
