"""A workbook: what stands where, numbers as numbers in their formats, charts, the same bytes, many rows."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pytest

from engine.figures import charts
from engine.reports import workbook
from engine.types import Estimate, Result
from tests.figures import every
from tests.reports.opened import MADE, cells, written
from tests.reports.sample import sample


def line_of(rows: list[list[Any]], first: str, column: int = 1) -> list[Any]:
    return next(row for row in rows if row[column] == first)


def test_the_first_sheet_answers(tmp_path: Path) -> None:
    path = written(tmp_path / "book.xlsx", [sample()])
    found = cells(path)
    assert list(found) == [
        "Answer", "Reliability", "Slices", "Confidence in the preferred ans", "Most confidently wrong", "Evidence",
        "Notes",
    ]  # fmt: skip
    said = [value for row in found["Answer"] for value in row if value is not None]
    assert {sample().sentence, "Calibration · scores.jsonl", MADE, "Verdict: over confident"} <= set(said)
    assert line_of(found["Answer"], "Accuracy")[2:9] == [0.62, 0.57, 0.67, 0.95, 1240, None, "jackknife over buckets"]
    assert line_of(found["Answer"], "Position bias")[2:5] == [None, None, None]
    assert line_of(found["Evidence"], "Command", 0)[1] == sample().evidence.command
    assert found["Notes"][3][1] == sample().warnings[0].message


def test_numbers_are_formatted_as_pages_write_them(tmp_path: Path) -> None:
    more = {"peak_n": Estimate(1234.0, 1.0, 2.0, n=9), "temperature": Estimate(1.234), "best_x": Estimate(0.00001234)}
    result = replace(sample(), estimates={**sample().estimates, **more})
    sheet = openpyxl.load_workbook(written(tmp_path / "book.xlsx", [result]))["Answer"]
    forms = {row[1].value: row[2].number_format for row in sheet.iter_rows() if isinstance(row[2].value, float | int)}
    assert forms["Accuracy"] == "0.0%"
    assert forms["Calibration error, cluster-debiased"] == "0.000"
    assert (forms["Peak n"], forms["Temperature"], forms["Best x"]) == ("#,##0", "0.00", "0.00E+00")


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("books")
    chosen = ("calibration", "ranking", "drift", "surface", "curves", "agreement")
    return {name: openpyxl.load_workbook(written(folder / f"{name}.xlsx", [every.result(name)])) for name in chosen}


def table_of(sheet: Any, columns: int, rows: int) -> list[list[Any]]:
    return [[sheet.cell(5 + row, 1 + column).value for column in range(columns)] for row in range(rows)]


@pytest.mark.parametrize("analysis", ["calibration", "ranking", "agreement", "curves"])
def test_every_figure_is_a_sheet_with_its_table_as_numbers(books: dict[str, Any], analysis: str) -> None:
    for chart, sheet in zip(charts(every.result(analysis)).values(), books[analysis].worksheets[1:], strict=False):
        assert sheet["A1"].value == chart.title
        assert str(sheet["A2"].value).startswith(chart.alt)
        found = table_of(sheet, len(chart.table.columns), len(chart.table.rows))
        told = [[None if value == "" else value for value in row] for row in chart.table.rows]
        assert found == [[pytest.approx(one) if isinstance(one, float) else one for one in row] for row in told]
        assert sheet.freeze_panes is not None
        assert sheet.page_setup.orientation == "landscape"


def test_figures_are_drawn_as_fits_them(books: dict[str, Any]) -> None:
    def kinds(analysis: str) -> dict[str, str]:
        return {sheet.title: type(sheet._charts[0]).__name__ for sheet in books[analysis] if sheet._charts}

    assert kinds("calibration") == {
        "Answer": "ScatterChart",
        "Reliability": "ScatterChart",
        "Slices": "BarChart",
        "Confidence in the preferred ans": "BarChart",
    }
    assert "Who beats whom" not in kinds("ranking")
    assert books["ranking"]["Who beats whom"].conditional_formatting
    assert kinds("curves")["Training curves"] == "ScatterChart"
    forest = books["ranking"]["Strengths"]._charts[0]
    assert (forest.barDir, forest.series[0].errBars.errValType) == ("bar", "cust")
    (reliability,) = books["calibration"]["Reliability"]._charts
    assert len(reliability.series) == 7


def test_shares_are_in_percent_and_parameters_are_numbers(books: dict[str, Any]) -> None:
    sheet = books["calibration"]["Reliability"]
    forms = [sheet.cell(5, column).number_format for column in range(1, 8)]
    assert forms == ["0.0%", "0.0%", "#,##0", "0.0%", "0.0%", "0.0%", "0.0%"]
    assert books["agreement"]["Annotators"].cell(5, 2).number_format == "0.0%"
    assert books["ranking"]["Strengths"].cell(5, 2).number_format == "#,##0"
    surface = books["surface"]["Surface"]
    assert isinstance(surface.cell(5, 2).value, float)
    assert surface.conditional_formatting
    drift = books["drift"]["Drift"]
    assert [drift.cell(4, column).value for column in range(1, 5)] == ["Feature", "Window", "Effect", "Drifted"]
    assert drift.cell(5, 6).value == drift.cell(5, 1).value


def test_rows_go_on_where_a_sheet_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 5)
    told: list[tuple[float, str]] = []
    tables = [pa.table({"n": list(range(start, start + 3))}) for start in (0, 3, 6)]
    workbook.write(tmp_path / "book.xlsx", [sample()], tables, lambda *one: told.append(one), MADE)
    found = cells(tmp_path / "book.xlsx")
    assert [[row[0] for row in found[name]] for name in ("Rows", "Rows 2", "Rows 3")] == [
        ["n", 0, 1, 2, 3],
        ["n", 4, 5, 6, 7],
        ["n", 8],
    ]
    assert [share for share, _ in told] == sorted(share for share, _ in told)
    assert told[-1] == (1.0, "done")
    sheet = openpyxl.load_workbook(tmp_path / "book.xlsx")["Rows 2"]
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:A5")


def test_no_rows_are_a_header(tmp_path: Path) -> None:
    empty = pa.schema({"n": pa.int64(), "t": pa.dictionary(pa.int32(), pa.string())}).empty_table()
    assert cells(written(tmp_path / "book.xlsx", [sample()], [empty]))["Rows"] == [["n", "t"]]
    assert "Rows" not in cells(written(tmp_path / "other.xlsx", [sample()], []))


def test_times_are_days_of_the_sheet(tmp_path: Path) -> None:
    at = datetime(2026, 11, 30, 15, 4, 5)
    table = pa.table({"time": pa.array([at], pa.timestamp("us", "UTC"))})
    assert cells(written(tmp_path / "book.xlsx", [sample()], [table]))["Rows"][1] == [at]


def test_several_results_have_contents_whose_links_lead_to_their_sheets(tmp_path: Path) -> None:
    results = [every.result("calibration"), every.result("ranking")]
    book = openpyxl.load_workbook(written(tmp_path / "book.xlsx", results))
    links = [cell.hyperlink.location for row in book["Contents"].iter_rows() for cell in row if cell.hyperlink]
    targets = [link.rpartition("!")[0].strip("'") for link in links]
    assert targets == [name for name in book.sheetnames if name[0].isdigit()]
    assert len(targets) == len({*targets}) >= 7


def content(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def test_the_same_is_the_same_bytes_but_for_when_it_was_made(tmp_path: Path) -> None:
    result = every.result("calibration")
    table = pa.table({"n": [1.5, None], "t": ["a", "b"]})
    first, second = (written(tmp_path / f"{name}.xlsx", [result], [table]) for name in ("first", "second"))
    assert first.read_bytes() == second.read_bytes()
    later = content(written(tmp_path / "later.xlsx", [result], [table], "2027-01-01 00:00 UTC"))
    parts = content(first)
    differ = {name for name in parts if parts[name] != later[name]}
    assert differ == {"docProps/core.xml", "xl/sharedStrings.xml"}
    assert all(later[name].replace(b"2027-01-01 00:00 UTC", MADE.encode()) == parts[name] for name in differ)


def test_what_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    def failing() -> Any:
        yield pa.table({"n": [1]})
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        written(tmp_path / "book.xlsx", [sample()], failing())
    assert list(tmp_path.iterdir()) == []


def test_results_without_pictures_or_numbers_are_a_workbook(tmp_path: Path) -> None:
    bare = Result("calibration", "", "", {}, sample().evidence)
    assert list(cells(written(tmp_path / "book.xlsx", [bare]))) == ["Answer", "Evidence", "Notes"]
