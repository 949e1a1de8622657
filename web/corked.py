"""A websocket whose frames leave together.

A rerun is some fifty small messages, and a write of its own costs more than making one.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

HOLD_SECONDS: Final = 0.002
"""How long a frame may wait for the ones that follow it."""


class CorkedTransport:
    """A transport that gathers what is written within `HOLD_SECONDS` into one write; all else it passes on.

    It is none by its type: what that type defines would hide the inner one's.
    """

    def __init__(self, inner: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._inner = inner
        self._loop = loop
        self._held: list[bytes] = []
        self._timer: asyncio.TimerHandle | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def write(self, data: Any) -> None:
        """Hold the bytes until the timer of the first of them."""
        self._held.append(bytes(data))
        if self._timer is None:
            self._timer = self._loop.call_later(HOLD_SECONDS, self._flush)

    def close(self) -> None:
        """Write what is held, then close."""
        self._flush()
        self._inner.close()

    def abort(self) -> None:
        """Close at once; what is held is lost, as what the kernel holds is."""
        self._held.clear()
        self._inner.abort()

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._held and not self._inner.is_closing():
            self._inner.write(b"".join(self._held))
        self._held.clear()


class CorkedWebSocket(WebSocketsSansIOProtocol):
    """uvicorn's websocket on a corked transport."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called once the HTTP upgrade was asked for."""
        corked = CorkedTransport(cast("asyncio.Transport", transport), self.loop)
        super().connection_made(cast("asyncio.Transport", corked))
