"""The chore that looks at old garbage: often past what stays, now and then at all of it."""

from __future__ import annotations

import asyncio
import gc

import pytest

from web import lifespan


def test_closed_tabs_are_found_now_and_then_only(monkeypatch):
    done: list[str] = []

    async def sleep(_seconds):
        if len(done) >= 41:
            raise asyncio.CancelledError

    monkeypatch.setattr(asyncio, "sleep", sleep)
    for name in ("unfreeze", "collect", "freeze"):
        monkeypatch.setattr(gc, name, lambda name=name: done.append(name))
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(lifespan._collect_garbage())
    usual = ["collect", "freeze"]
    assert done == [*usual * 9, "unfreeze", *usual * 10, "unfreeze", *usual][: len(done)]
    assert done.count("unfreeze") == 2
