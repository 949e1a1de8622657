"""What happens before the first request and after the last one."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any, Final

import anyio
import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from engine.queries import events
from engine.settings import Settings, get_settings
from web import assets, hosting, logs, measuring, tailer, tuning, upload
from web.hub import hub

SHUTDOWN_SECONDS: Final = 1
"""How long open requests may go on after SIGTERM; the launcher kills after two."""

GARBAGE: Final = (3_000, 1_000_000, 1_000_000)
"""After how many objects the young ones are looked through (some 8 ms). The older ones never are by themselves: with
hundreds of tabs that takes half a second in which nothing is answered. A chore does it."""

_COLLECT_SECONDS: Final = 120
_FROZEN_COLLECTIONS: Final = 10
"""What a look at the garbage leaves is not walked by the next ones: most of it are the sockets of open tabs. Every so
often all of it is, for the tabs that were closed."""

_HOURLY: Final = 3600
_WARM: Final = (
    "pandas",
    "pyarrow.parquet",
    "plotly.graph_objects",
    "engine.queries.results",
    "engine.figures",
    "streamlit_authenticator",
)


@asynccontextmanager
async def lifespan(_app: Any) -> AsyncIterator[dict[str, Any]]:
    """Check the settings, warm up, follow the events; stop following at the end."""
    settings = get_settings()
    logs.configure()
    check_options(settings)
    tuning.apply(SHUTDOWN_SECONDS)
    measuring.time_reruns()
    PagesManager.uses_pages_directory = False
    hosting.mark_hosted()
    await anyio.to_thread.run_sync(warm_up)
    hub.cursor = await anyio.to_thread.run_sync(events.cursor)
    chores = (tailer.tail(hub, settings), _housekeeping(settings), measuring.tell(hub), _collect_garbage())
    tasks = [asyncio.create_task(chore) for chore in chores]
    logs.log.info("web started", address=settings.bind, port=settings.port)
    try:
        yield {}
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def check_options(settings: Settings) -> None:
    """Raise RuntimeError where an option that the product depends on is not in force."""
    wanted = hosting.options(settings)
    wrong = [name for name, value in wanted.items() if st.get_option(name) != value]
    if wrong:
        raise RuntimeError(f"These options are not in force: {', '.join(wrong)}. Start with `python server.py`.")


def warm_up() -> None:
    """Import what pages need and freeze it, so that no collection of garbage walks it again."""
    for name in _WARM:
        import_module(name)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE)


async def _collect_garbage() -> None:
    """What closed tabs leave behind, and what runs leave that the young collections missed."""
    for number in itertools.count(1):
        await asyncio.sleep(_COLLECT_SECONDS)
        if number % _FROZEN_COLLECTIONS == 0:
            gc.unfreeze()
        gc.collect()
        gc.freeze()


async def _housekeeping(settings: Settings) -> None:
    await anyio.to_thread.run_sync(assets.encoded, "plotly.js")
    while True:
        with contextlib.suppress(OSError):
            await anyio.to_thread.run_sync(upload.remove_abandoned, settings.uploads, time.time())
        await asyncio.sleep(_HOURLY)
