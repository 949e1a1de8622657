"""Pages are put together a few at once, in the order of asking; one that waits holds nobody up for long."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from streamlit.runtime.scriptrunner import ScriptRunner

from web.turns import Turns, take_turns

LONG = 60.0
"""Seconds nobody waits for in these tests."""


class Page:
    """Somebody who takes a turn on a thread, and keeps it until told."""

    def __init__(self, turns: Turns, begun: list[str], name: str) -> None:
        self.has_turn, self.may_end = threading.Event(), threading.Event()
        self._turns, self._begun, self._name = turns, begun, name
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with self._turns.turn():
            self._begun.append(self._name)
            self.has_turn.set()
            self.may_end.wait(LONG)

    def end(self) -> None:
        """Give the turn back."""
        self.may_end.set()
        self._thread.join(LONG)


def waits(turns: Turns, count: int) -> None:
    """Until this many are in the queue."""
    ready = threading.Event()
    while len(turns._waiting) < count:
        ready.wait(0.001)


@contextmanager
def pages(turns: Turns, names: str) -> Iterator[tuple[dict[str, Page], list[str]]]:
    """Pages that asked in this order; the first two have their turn."""
    begun: list[str] = []
    made: dict[str, Page] = {}
    for number, name in enumerate(names):
        made[name] = Page(turns, begun, name)
        if number < 2:
            assert made[name].has_turn.wait(LONG)
        else:
            waits(turns, number - 1)
    try:
        yield made, begun
    finally:
        for page in made.values():
            page.may_end.set()


def test_a_third_waits_until_one_ends_and_the_order_is_kept() -> None:
    with pages(Turns(2, LONG), "abcd") as (page, begun):
        assert begun == ["a", "b"]
        page["b"].end()
        assert page["c"].has_turn.wait(LONG)
        assert not page["d"].has_turn.is_set()
        page["a"].end()
        assert page["d"].has_turn.wait(LONG)
        assert begun == ["a", "b", "c", "d"]


def test_those_who_hold_a_turn_for_long_hold_nobody_up() -> None:
    turns = Turns(2, 0.01)
    with pages(turns, "ab"):
        third = Page(turns, [], "c")
        assert third.has_turn.wait(LONG)
        third.end()


def test_a_turn_ends_with_an_error() -> None:
    turns = Turns(1, LONG)
    with pytest.raises(RuntimeError), turns.turn():
        raise RuntimeError("the page broke")
    with turns.turn():
        assert len(turns._since) == 1
    assert not turns._since


def test_the_script_of_a_tab_runs_in_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[object] = []
    monkeypatch.setattr(ScriptRunner, "_run_script", lambda _runner, rerun: ran.append(rerun))
    plain = ScriptRunner._run_script
    take_turns()
    assert ScriptRunner._run_script is not plain
    ScriptRunner._run_script(object.__new__(ScriptRunner), "asked")  # type: ignore[arg-type]
    assert ran == ["asked"]
