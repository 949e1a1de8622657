"""A tab's event loop for scripts holds no descriptor, and is a loop all the same when a script drives it."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from streamlit.runtime.app_session import AppSession, _close_script_event_loop

from web.loops import ScriptLoop, hold_nothing


def descriptors() -> int:
    return psutil.Process().num_fds()


def test_a_loop_that_nobody_runs_holds_nothing_open() -> None:
    before = descriptors()
    loops = [ScriptLoop() for _ in range(20)]
    assert descriptors() == before
    for loop in loops:
        _close_script_event_loop(loop)
        assert loop.is_closed()


def test_a_loop_that_is_run_does_what_a_loop_does_and_holds_nothing_afterwards() -> None:
    loop = ScriptLoop()
    before = descriptors()

    async def woken_by_another_thread() -> str:
        woken = asyncio.Event()
        threading.Thread(target=lambda: loop.call_soon_threadsafe(woken.set)).start()
        await asyncio.wait_for(woken.wait(), 10)
        return await asyncio.to_thread(lambda: "woken")

    assert [loop.run_until_complete(woken_by_another_thread()) for _ in range(2)] == ["woken", "woken"]
    _close_script_event_loop(loop)
    assert loop.is_closed()
    assert descriptors() == before


def test_every_session_is_given_one(monkeypatch: pytest.MonkeyPatch) -> None:
    own: list[asyncio.AbstractEventLoop] = []

    def begin(session: Any) -> None:
        session._script_event_loop = asyncio.new_event_loop()
        own.append(session._script_event_loop)

    monkeypatch.setattr(AppSession, "__init__", begin)
    hold_nothing()
    session: Any = SimpleNamespace()
    AppSession.__init__(session)  # type: ignore[call-arg]
    assert isinstance(session._script_event_loop, ScriptLoop)
    assert own[0].is_closed()
    session._script_event_loop.close()
