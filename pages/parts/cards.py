"""Cards below an answer as one part of the page: each element of its own would be a message to make, send and draw.

A block is a list whose first entry is its kind; the browser makes text of what stands in it, never markup.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pages.parts import state, widgets
from pages.parts.component import mount

_KEY = "below"

Block = list[Any]


@dataclass(frozen=True, slots=True)
class Card:
    """A card: `half` shares its line with the next one, `bare` has no frame."""

    key: str
    blocks: Sequence[Block] = field(default_factory=list)
    half: bool = False
    bare: bool = False


def title(text: str) -> Block:
    """The heading of a card."""
    return ["title", text]


def text(said: str) -> Block:
    """A calm paragraph."""
    return ["text", said]


def strong(said: str) -> Block:
    """A line that stands out."""
    return ["strong", said]


def warning(said: str) -> Block:
    """Something to know before the numbers are believed."""
    return ["warning", said]


def facts(pairs: Sequence[tuple[str, str]]) -> Block:
    """Names and values in two columns."""
    return ["facts", pairs]


def table(label: str, columns: Sequence[str], rows: Sequence[Sequence[str]], chosen: int) -> Block:
    """Rows of text, one of them the chosen one."""
    return ["table", label, columns, rows, chosen]


def code(said: str) -> Block:
    """Something to copy."""
    return ["code", said]


def fold(name: str, blocks: Sequence[Block]) -> Block:
    """Blocks that are opened on demand; no parts."""
    return ["fold", name, blocks]


def part(name: str, key: str, data: Any) -> Block:
    """A part of the page inside a card (`web/assets/<name>.js`), with its data."""
    return ["part", name, key, data]


Acts = Mapping[tuple[str, str], Callable[[Any], None]]


def show(cards: Sequence[Card], acts: Acts, layout: Mapping[str, Any] | None = None) -> tuple[str, str] | None:
    """Show cards; the part and the trigger that fired in this rerun.

    `acts` are called with the value of the trigger before the rerun, by part and trigger, or by trigger alone. With a
    `layout` the person may arrange them; the act `("", "arrange")` is given the layout to keep, None for the usual one.
    """

    def act(fired: Mapping[str, Any]) -> None:
        told = fired.get("acted") or {}
        part, name = str(told.get("part")), str(told.get("name"))
        function = acts.get((part, name)) or acts.get(("", name))
        if function is not None:
            function(told.get("value"))

    given = {"cards": cards, "controls": widgets.told(), **({} if layout is None else {"layout": layout})}
    told = mount("cards", _KEY, given, acted=lambda: state.take(_KEY, act)).acted
    return (str(told.get("part")), str(told.get("name"))) if told else None
