"""A chart as every place shows it: the figure, the same in words, the same as a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.figures.theme import TEMPLATE, Mode, paint

Cell = str | float | int | None


@dataclass(frozen=True, slots=True)
class Table:
    """The twin of a figure: every mark as a row."""

    columns: list[str]
    rows: list[list[Cell]]


@dataclass(frozen=True, slots=True)
class Chart:
    """`figure` is a Plotly figure (`data`, `layout`) with colour tokens; `alt` says what it shows."""

    title: str
    figure: dict[str, Any]
    alt: str
    table: Table

    def to_dict(self, mode: Mode) -> dict[str, Any]:
        """The chart as JSON, painted for `mode`."""
        return {
            "title": self.title,
            "figure": paint(self.figure, mode),
            "alt": self.alt,
            "table": {"columns": self.table.columns, "rows": self.table.rows},
        }


def figure(data: list[dict[str, Any]], **layout: Any) -> dict[str, Any]:
    """A Plotly figure in the template of the house."""
    return {"data": data, "layout": {"template": TEMPLATE, **layout}}
