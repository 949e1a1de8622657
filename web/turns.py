"""How many pages are put together at once: a few, the others in the order in which they were asked for.

All of them share one interpreter lock. Twenty at once make each wait for all twenty, and what comes from the sockets
waits behind every one of them; two at once end sooner on average, and the last no later.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from streamlit.runtime.scriptrunner import RerunData, ScriptRunner

AT_ONCE: Final = 2
LONGEST: Final = 0.25
"""Seconds for which a run counts: one that waits, for a first answer or for an export, holds nobody up any longer."""


class Turns:
    """Turns for at most `at_once` holders, each counted for at most `longest` seconds, in the order of asking."""

    def __init__(self, at_once: int, longest: float) -> None:
        self._at_once, self._longest = at_once, longest
        self._mutex = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._since: dict[threading.Lock, float] = {}

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn and hold it."""
        ticket = threading.Lock()
        ticket.acquire()
        with self._mutex:
            self._waiting.append(ticket)
            self._admit()
        while not ticket.acquire(timeout=self._longest):
            with self._mutex:
                self._admit()
        try:
            yield
        finally:
            with self._mutex:
                self._since.pop(ticket, None)
                self._admit()

    def _admit(self) -> None:
        """Call those whose turn it is, by opening their tickets."""
        now = time.monotonic()
        for ticket in [ticket for ticket, since in self._since.items() if now - since >= self._longest]:
            del self._since[ticket]
        while self._waiting and len(self._since) < self._at_once:
            ticket = self._waiting.popleft()
            self._since[ticket] = now
            ticket.release()


def take_turns() -> None:
    """Let Streamlit run the script of a tab when its turn has come."""
    turns = Turns(AT_ONCE, LONGEST)
    run = ScriptRunner._run_script

    def run_in_turn(runner: ScriptRunner, rerun: RerunData) -> None:
        with turns.turn():
            run(runner, rerun)

    setattr(ScriptRunner, "_run_script", run_in_turn)  # noqa: B010 - replaced on purpose
