"""The event loop that Streamlit keeps for the scripts of a session holds nothing open until something runs it.

Streamlit's own opens three descriptors for each tab, and for each of the last 128 that were closed, in case a script
drives the loop. Ours never do. Private to Streamlit and to asyncio, whose versions are pinned.
"""

from __future__ import annotations

import asyncio
import selectors
from typing import Any

from streamlit.runtime.app_session import AppSession


class ScriptLoop(asyncio.SelectorEventLoop):
    """An event loop that opens what wakes it when it is run, and closes it afterwards."""

    def __init__(self) -> None:
        super().__init__(selectors.PollSelector())

    def run_forever(self) -> None:
        """Run until stopped; everything else that runs a loop comes through here."""
        super()._make_self_pipe()  # type: ignore[misc]
        try:
            super().run_forever()
        finally:
            super()._close_self_pipe()  # type: ignore[misc]

    def _make_self_pipe(self) -> None:
        self._ssock = self._csock = None

    def _close_self_pipe(self) -> None:
        """There is none while the loop stands still."""


def hold_nothing() -> None:
    """Give every session from now on such a loop; called once, before the first session."""
    fresh = AppSession.__init__

    def begin(session: Any, *values: Any, **named: Any) -> None:
        fresh(session, *values, **named)
        session._script_event_loop.close()
        session._script_event_loop = ScriptLoop()

    setattr(AppSession, "__init__", begin)  # noqa: B010 - replaced on purpose
