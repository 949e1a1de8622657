"""Where a runner and its Ray job meet: an actor that hands messages both ways.

It belongs to the runner and ends with it, and a job without its mailbox ends too: nobody works for a runner that is
gone. Like everything sent to workers it imports nothing of ours.
"""

from __future__ import annotations

import asyncio
from typing import Any

WAITING = 4
"""Messages to the job that may wait: parts of a file, so that its size does not matter."""


class Mailbox:
    """An asynchronous actor. Messages are plain dictionaries, each taken once and in order."""

    def __init__(self) -> None:
        self._down: asyncio.Queue[dict[str, Any]] = asyncio.Queue(WAITING)
        self._up: asyncio.Queue[dict[str, Any]] = asyncio.Queue(WAITING)

    async def send(self, message: dict[str, Any]) -> None:
        """From the runner; waits while the job is behind."""
        await self._down.put(message)

    async def take(self) -> dict[str, Any]:
        """By the job: the next message from the runner."""
        return await self._down.get()

    async def tell(self, message: dict[str, Any]) -> None:
        """From the job; waits while the runner is behind."""
        await self._up.put(message)

    async def hear(self, seconds: float) -> dict[str, Any] | None:
        """By the runner: the next message from the job, None when there is none for so long."""
        try:
            return await asyncio.wait_for(self._up.get(), seconds)
        except TimeoutError:
            return None


def name_of(run: str) -> str:
    """The name under which the job of this run and attempt finds its mailbox."""
    return f"mailbox-{run}"
