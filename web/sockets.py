"""A websocket that can be ended from outside, whatever the application behind it is doing."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.types import Message, Receive, Send

from web.frames import Write

_GONE: Final = "the session of this websocket ended"


class Watched:
    """Wraps the ways to one websocket; `end` closes it with a code and tells the application so."""

    def __init__(self, receive: Receive, send: Send, write: Write) -> None:
        self._receive = receive
        self._send = send
        self._write = write
        self._code: int | None = None
        self._closing: asyncio.Task[None] | None = None
        self._closed = False

    def end(self, code: int) -> None:
        """Close the websocket with this code as soon as the loop turns; the server ends `receive` then."""
        if self._code is None:
            self._code = code
            self._closing = asyncio.ensure_future(self.finish())

    async def receive(self) -> Message:
        """The next message, or a disconnect once the websocket was ended, whatever had come before."""
        message = await self._receive()
        if self._code is None:
            return message
        return {"type": "websocket.disconnect", "code": self._code}

    async def finish(self) -> None:
        """Send the close that `end` asked for, if nobody has yet."""
        if self._code is not None and not self._closed:
            self._closed = True
            await self._send({"type": "websocket.close", "code": self._code})

    async def send(self, message: Message) -> None:
        """Pass a message on; what comes after the end is an OSError, which Starlette takes for a lost client."""
        if self._closed or self._code is not None:
            raise OSError(_GONE)
        self._closed = message["type"] == "websocket.close"
        await self._send(message)

    def write(self, frame: bytes) -> bool:
        """Write a whole frame; False where it was not written, as after the end."""
        return self._code is None and not self._closed and self._write(frame)
