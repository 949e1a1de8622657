"""Every table of a result as CSV that no spreadsheet runs as a program."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from engine.figures.view import charts
from engine.reports.cells import cell
from engine.types import Result


def every_table(results: Sequence[Result]) -> dict[str, bytes]:
    """The tables of answers by the name of their file: the estimates, each figure's, and what is named."""
    found = {}
    for place, result in enumerate(results, 1):
        begin = f"{place}-{result.analysis}"
        estimates = [{"name": name, **one} for name, one in result.to_dict()["estimates"].items()]
        found[f"{begin}-estimates.csv"] = to_csv(*records(estimates))
        for name, chart in charts(result).items():
            found[f"{begin}-{name}.csv"] = to_csv(chart.table.columns, chart.table.rows)
        if result.items or result.pairs:
            found[f"{begin}-rows.csv"] = to_csv(*records(result.pairs or result.items))
    return found


def to_csv(columns: Iterable[object], rows: Iterable[Iterable[object]]) -> bytes:
    """Columns and rows, UTF-8 with a mark by which spreadsheets know it."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([cell(column) for column in columns])
    writer.writerows([cell(value) for value in row] for row in rows)
    return ("\ufeff" + text.getvalue()).encode("utf-8", "replace")


def records(found: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[list[object]]]:
    """Objects as columns and rows."""
    columns = list(dict.fromkeys(column for record in found for column in record))
    return columns, [[_flat(record.get(column)) for column in columns] for record in found]


def _flat(value: object) -> object:
    return orjson.dumps(value, default=str).decode() if isinstance(value, Mapping | list | tuple) else value
