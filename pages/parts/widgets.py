"""Controls of a view: Streamlit's widgets, each of which the palette knows too and can set."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import streamlit as st

from engine.errors import UsageError
from pages.parts import location, state

MOST_OPTIONS = 200
"""Options of one control that the palette offers; the control itself has them all."""

Options = Sequence[tuple[str, str]]
Option = TypeVar("Option")


@dataclass(frozen=True, slots=True)
class Control:
    """One control as the page has just shown it. `take` sets it, before the page runs again."""

    name: str
    label: str
    kind: Literal["choice", "number", "text", "several"]
    now: Any
    take: Callable[[Any], None]
    options: Options = ()
    low: float | None = None
    high: float | None = None
    whole: bool = False

    def set(self, value: Any) -> None:
        """Set it to what somebody answered. Raises UsageError where that does not fit."""
        self.take(self._parsed(value))

    def _parsed(self, value: Any) -> Any:
        if self.kind == "number":
            return self._number(value)
        chosen = value if self.kind == "several" else [value]
        if not isinstance(chosen, list) or not all(isinstance(one, str) for one in chosen):
            raise UsageError(f"{self.label} has to be text.", code="bad_argument")
        known = {option for option, _title in self.options}
        if self.kind != "text" and not known.issuperset(chosen):
            raise UsageError(f"{self.label}: that is not to be chosen here any more.", code="bad_argument")
        return value

    def _number(self, value: Any) -> float:
        try:
            number = float(str(value).replace("−", "-"))
        except ValueError:
            raise UsageError(f"{self.label} has to be a number.", code="bad_argument") from None
        low, high = self.low, self.high
        if not (low is None or number >= low) or not (high is None or number <= high) or number != number:
            raise UsageError(f"{self.label} has to be between {low:g} and {high:g}.", code="bad_argument")
        if self.whole and number != int(number):
            raise UsageError(f"{self.label} has to be a whole number.", code="bad_argument")
        return int(number) if self.whole else number


def told() -> list[dict[str, Any]]:
    """The controls of the page in front, as the palette reads them."""
    return [
        {
            "name": one.name,
            "label": one.label,
            "kind": one.kind,
            "now": one.now,
            "options": one.options[:MOST_OPTIONS],
            "low": one.low,
            "high": one.high,
            "whole": one.whole,
        }
        for one in state.controls().values()
    ]


def set_control(name: str, value: Any) -> None:
    """Set a control of the page in front; to be called before the page runs. Raises UsageError."""
    control: Control | None = state.controls().get(name)
    if control is None:
        raise UsageError("That is not on this page any more.", code="bad_argument")
    control.set(value)


def distinct(names: Mapping[Option, str]) -> dict[Option, str]:
    """What options are called, no two alike: a later one that would be gets a number behind its name.

    Streamlit takes an option by what people read of it, so that of two that read alike the last would be chosen.
    """
    found: dict[Option, str] = {}
    taken: set[str] = set()
    for option, name in names.items():
        called, number = name, 2
        while called in taken:
            called, number = f"{name} ({number})", number + 1
        found[option] = called
        taken.add(called)
    return found


def text_input(label: str, *, key: str, **how: Any) -> str:
    """A line of text, in the address under its key."""
    value = str(st.text_input(label, key=key, **how) or "")
    state.show_control(Control(key, label, "text", value, lambda chosen: state.choose_in(key, chosen)))
    return value


def number_input(label: str, low: Any, high: Any, *more: Any, key: str, **how: Any) -> Any:
    """A number between bounds, in the address under its key."""
    return _number(label, low, high, st.number_input(label, low, high, *more, key=key, **how), key)


def slider(label: str, low: float, high: float, *more: Any, key: str, **how: Any) -> float:
    """A number between bounds that is pulled, in the address under its key."""
    return float(_number(label, low, high, st.slider(label, low, high, *more, key=key, **how), key))


def _number(label: str, low: Any, high: Any, value: Any, key: str) -> Any:
    def take(chosen: Any) -> None:
        state.choose_in(key, chosen)

    state.show_control(Control(key, label, "number", f"{value:.12g}", take, (), low, high, isinstance(low, int)))
    return value


def selectbox(
    label: str, options: Sequence[Any], index: int = 0, *, key: str, named: Callable[[Any], str] = str, **how: Any
) -> Any:
    """One of a few, in the address under its key."""
    called = distinct({option: named(option) for option in options})
    chosen = st.selectbox(label, options, index, key=key, format_func=called.__getitem__, **how)
    by_text = {str(option): option for option in options}

    def take(text: Any) -> None:
        state.choose_in(key, by_text[text])

    if len(options) > 1:
        known = [(text, called[option]) for text, option in by_text.items()]
        state.show_control(Control(key, label, "choice", str(chosen), take, known))
    return chosen


def taken(
    label: str,
    options: Sequence[str],
    take: Callable[[str], None],
    *,
    key: str,
    named: Callable[[str], str],
    **how: Any,
) -> None:
    """One of a few that `take` puts into the address; what it shows was set before under its key."""

    def chosen() -> None:
        state.take(key, lambda one: take(str(one or "")))

    called = distinct({option: named(option) for option in options})
    now = st.selectbox(label, options, key=key, on_change=chosen, format_func=called.__getitem__, **how)
    if len(options) > 1:
        state.show_control(Control(key, label, "choice", str(now or ""), take, list(called.items())))


def way(label: str, name: str, options: Mapping[str, str], width: int = 200) -> str:
    """One of a few ways by the name that the analysis has for it, in the address too; the first where nobody chose.

    Streamlit's own binding would put into the address what people read.
    """
    known, called = list(options), distinct(options)
    current = location.way(name, known)
    key = f"{name}-{current}"

    def take(chosen: Any) -> None:
        location.set_way(name, chosen, known)

    st.selectbox(
        label,
        known,
        known.index(current),
        key=key,
        on_change=lambda: state.take(key, take),
        width=width,
        format_func=called.__getitem__,
    )
    state.show_control(Control(name, label, "choice", current, take, list(called.items())))
    return current
