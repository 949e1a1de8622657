"""Rows that somebody looks after, as one part of the page: found by typing, acted on by a menu.

A cell is a text, or a list whose first entry is its kind; the browser makes text of what stands in it, never markup.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pages.parts import state
from pages.parts.component import mount

Cell = str | list[Any]
Act = tuple[str, ...]
"""What can be done with a row: name, label, and where it asks first, the question."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row: `name` is how it is read aloud, `quiet` says that it does not count for now."""

    id: int
    name: str
    cells: Sequence[Cell]
    acts: Sequence[Act] = ()
    quiet: bool = False


def name(text: str, *tags: str, beside: str = "") -> Cell:
    """What the row is called, what is particular about it, and what stands below."""
    return ["name", text, tags, beside]


def tags(texts: Sequence[str], missing: str) -> Cell:
    """Short words beside each other."""
    return ["tags", texts, missing]


def quiet(text: str) -> Cell:
    """A text that is not what one looks for first."""
    return ["quiet", text]


def code(text: str) -> Cell:
    """The beginning of a secret, a name that machines use."""
    return ["code", text]


def ago(moment: datetime | None, missing: str) -> Cell:
    """How long ago, or how soon; the exact moment shows when pointed at."""
    return ["time", None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}", missing]


def exactly(moment: datetime) -> Cell:
    """The moment to the second, UTC."""
    return ["moment", f"{moment:%Y-%m-%dT%H:%M:%SZ}"]


def show(
    key: str,
    label: str,
    columns: Sequence[str],
    rows: Sequence[Row],
    *,
    empty: str,
    filtered: str = "",
    links: Sequence[tuple[str, str]] = (),
    before: Callable[[str, int], None] | None = None,
) -> tuple[str, int] | None:
    """Show rows; which act was chosen for which row in this rerun.

    A last column named "" holds the acts. `filtered` is what the place to type in asks for; without it there is none.
    `before` is called with the act and the row before the rerun.
    """
    part = f"list-{key}"
    given = {
        "key": key,
        "label": label,
        "columns": columns,
        "rows": rows,
        "empty": empty,
        "filter": filtered,
        "links": links,
    }

    def act(fired: Mapping[str, Any]) -> None:
        told = fired.get("act")
        if told and before is not None:
            before(str(told.get("name")), int(told.get("id")))

    told = mount("listing", part, given, act=lambda: state.take(part, act)).act
    return (str(told.get("name")), int(told.get("id"))) if told else None
