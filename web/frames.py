"""Whole frames for a websocket: one made once goes to every listener, and past what a message passes on its way.

A message on its way through ASGI costs ten times what its frame costs: every middleware passes it on, and each socket
frames it anew. So the server offers an extension of the scope under which a frame is written as it is, and tells
whoever asks when it cannot: then `send` is the way, which waits. The gate stands in this way as it stands in the other.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from starlette.websockets import WebSocket, WebSocketDisconnect
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.runtime_util import serialize_forward_msg
from streamlit.runtime.session_manager import SessionClientDisconnectedError
from streamlit.web.server.starlette.starlette_websocket import StarletteSessionClient
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Request

FRAMES: Final = "plumbline.frames"
"""The extension's name in the scope of a websocket."""

Write = Callable[[bytes], bool]
"""Writes a frame, in order with what was sent before; False where it was not written."""


def text(message: str) -> bytes:
    """A frame with this text."""
    return Frame(Opcode.TEXT, message.encode()).serialize(mask=False)


def binary(message: bytes) -> bytes:
    """A frame with these bytes."""
    return Frame(Opcode.BINARY, message).serialize(mask=False)


def writer(scope: Mapping[str, Any]) -> Write:
    """How frames are written to the websocket of this scope; where the server does not offer it, none is."""
    found: Write = scope.get("extensions", {}).get(FRAMES, _unwritten)
    return found


def _unwritten(_frame: bytes) -> bool:
    return False


class FramedWebSocket(WebSocketsSansIOProtocol):
    """uvicorn's websocket with the extension."""

    def handle_connect(self, event: Request) -> None:
        """Called with the handshake; the application starts when the loop turns."""
        super().handle_connect(event)
        with contextlib.suppress(AttributeError):
            cast("dict[str, Any]", self.scope["extensions"])[FRAMES] = self.write_frame

    def write_frame(self, frame: bytes) -> bool:
        """Write a whole frame where it need not wait, and nobody closed the socket, and frames are not compressed."""
        if self.close_sent or self.disconnected or not self.handshake_complete or not self.writable.is_set():
            return False
        if self.conn.extensions or self.transport.is_closing():
            return False
        self.transport.write(frame)
        return True


class FramedClient(StarletteSessionClient):
    """Streamlit's end of a tab's websocket, writing frames; what cannot be written waits in Streamlit's queue.

    Private to Streamlit, whose version is pinned. `_waiting` counts what is queued or on its way from there, so that
    nothing overtakes it.
    """

    def __init__(self, websocket: WebSocket) -> None:
        self._write = writer(websocket.scope)
        self._waiting = 0
        super().__init__(websocket)

    def write_forward_msg(self, msg: ForwardMsg) -> None:
        """Send a message. Raises SessionClientDisconnectedError where the tab is gone or far behind."""
        if self._closed.is_set():
            raise SessionClientDisconnectedError
        payload = serialize_forward_msg(msg)
        if self._waiting == 0 and self._write(binary(payload)):
            return
        try:
            self._send_queue.put_nowait(payload)
        except asyncio.QueueFull:
            self._closed.set()
            raise SessionClientDisconnectedError from None
        self._waiting += 1

    async def _sender(self) -> None:
        try:
            while True:
                payload = await self._send_queue.get()
                await self._websocket.send_bytes(payload)
                self._waiting -= 1
        except WebSocketDisconnect:
            return
        except Exception:
            logging.getLogger(__name__).exception("a tab's messages could not be sent")
        finally:
            self._closed.set()
