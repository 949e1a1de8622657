"""A websocket that can be ended from outside, whatever the application behind it is doing."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.types import Message, Receive, Send

_GONE: Final = "the session of this websocket ended"


class Watched:
    """Wraps `receive` and `send` of one websocket; `end` closes it with a code and tells the application so."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._closed = False

    def end(self, code: int) -> None:
        """Close the websocket with this code as soon as the loop turns."""
        if not self._ended.done():
            self._ended.set_result(code)

    async def receive(self) -> Message:
        """The next message, or a disconnect once the websocket was ended."""
        message: asyncio.Future[Message] = asyncio.ensure_future(self._receive())
        try:
            await asyncio.wait((message, self._ended), return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not message.done():
                message.cancel()
        if not self._ended.done():
            return message.result()
        await self.finish()
        return {"type": "websocket.disconnect", "code": self._ended.result()}

    async def finish(self) -> None:
        """Send the close that `end` asked for, if nobody has yet."""
        if self._ended.done() and not self._closed:
            self._closed = True
            await self._send({"type": "websocket.close", "code": self._ended.result()})

    async def send(self, message: Message) -> None:
        """Pass a message on; what comes after the end is an OSError, which Starlette takes for a lost client."""
        if self._closed or self._ended.done():
            raise OSError(_GONE)
        self._closed = message["type"] == "websocket.close"
        await self._send(message)
