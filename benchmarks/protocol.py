"""Clients with a session cookie that need no browser: a page over Streamlit's websocket protocol, and a live socket."""

from __future__ import annotations

import asyncio
import base64
import os
import struct
import time
from collections.abc import Callable
from types import TracebackType
from typing import cast
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

MESSAGE_RUNS = 2
"""Runs for which Streamlit's page keeps a message that need not be sent again (`global.maxCachedMessageAge`)."""


class Visitor:
    """One open page. `rerun` asks for a script run and waits for its end."""

    def __init__(self, url: str, cookie: str, page: str, query: str = "") -> None:
        self.url, self.cookie, self.page, self.query = url, cookie, page, query
        self.socket: ClientConnection | None = None
        self.kept: dict[str, int] = {}
        self.runs = 0
        self.script_hash = ""
        self.exceptions: list[str] = []

    async def __aenter__(self) -> Visitor:
        self.socket = await connect(
            self.url.replace("http", "ws", 1) + "/_stcore/stream",
            subprotocols=["streamlit"],  # type: ignore[list-item]
            additional_headers={"Cookie": self.cookie},
            origin=self.url,  # type: ignore[arg-type]
            max_size=None,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self.socket is not None
        await self.socket.close()

    async def rerun(self) -> float:
        """Seconds from the request to `script_finished`; exceptions shown on the page are collected."""
        assert self.socket is not None
        message = BackMsg()
        message.rerun_script.query_string = self.query
        if self.script_hash:
            message.rerun_script.page_script_hash = self.script_hash
        else:
            message.rerun_script.page_name = self.page
        message.rerun_script.cached_message_hashes.extend(self.kept)
        began = time.perf_counter()
        await self.socket.send(message.SerializeToString())
        while True:
            answer = ForwardMsg()
            answer.ParseFromString(await self.socket.recv())  # type: ignore[arg-type]
            kind = answer.WhichOneof("type")
            if answer.metadata.cacheable or kind == "ref_hash":
                self.kept[answer.ref_hash or answer.hash] = self.runs
            if kind == "navigation":
                self.script_hash = answer.navigation.page_script_hash
            if kind == "delta" and answer.delta.new_element.WhichOneof("type") == "exception":
                self.exceptions.append(answer.delta.new_element.exception.message)
            if kind == "script_finished":
                self._forget()
                return time.perf_counter() - began

    def _forget(self) -> None:
        """Keep what the browser would: messages that came or were used in the last runs."""
        self.runs += 1
        self.kept = {kept: run for kept, run in self.kept.items() if self.runs - run <= MESSAGE_RUNS}


HERE_SECONDS = 30.0


class Listener(asyncio.Protocol):
    """One `/live` socket of a thousand: `heard` is called with each message, as bytes.

    A client library makes a task's turn of each message, which would cost more than what is measured.
    """

    def __init__(self, url: str, cookie: str, heard: Callable[[bytes], None]) -> None:
        self._where = urlsplit(url)
        self._cookie = cookie
        self._heard = heard
        self._bytes = bytearray()
        self._opened = False
        self._transport: asyncio.Transport | None = None
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def listen(self) -> None:
        """Connect. Raises OSError where nobody listens."""
        await asyncio.get_running_loop().create_connection(lambda: self, self._where.hostname, self._where.port)

    def close(self) -> None:
        """Leave; `ended` holds an error only where the server left first."""
        if not self.ended.done():
            self.ended.set_result(None)
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the websocket."""
        self._transport = cast(asyncio.Transport, transport)
        host, key = self._where.netloc, base64.b64encode(os.urandom(16)).decode()
        asked = (
            f"GET /live HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nCookie: {self._cookie}\r\n"
            f"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\n\r\n"
        )
        self._transport.write(asked.encode())

    def connection_lost(self, exc: Exception | None) -> None:
        """Say that the server left."""
        if not self.ended.done():
            self.ended.set_exception(exc or ConnectionResetError("the server closed the live socket"))

    def data_received(self, data: bytes) -> None:
        """Take the frames that are whole."""
        self._bytes += data
        if not self._opened and not self._open():
            return
        while (frame := self._frame()) is not None:
            self._take(*frame)

    def _open(self) -> bool:
        head, found, rest = bytes(self._bytes).partition(b"\r\n\r\n")
        if not found:
            return False
        if b" 101 " not in head.partition(b"\r\n")[0]:
            raise ConnectionRefusedError(head.partition(b"\r\n")[0].decode())
        self._bytes, self._opened = bytearray(rest), True
        self._send(1, b'{"since":null}')
        self._say_where()
        return True

    def _say_where(self) -> None:
        """As the head of each page does: which project it shows, every half minute."""
        if not self.ended.done():
            self._send(1, b'{"here":"load"}')
            asyncio.get_running_loop().call_later(HERE_SECONDS, self._say_where)

    def _frame(self) -> tuple[int, bytes] | None:
        """The kind of the next frame and what it holds; the server neither masks nor splits its messages."""
        if len(self._bytes) < 2:
            return None
        first, size, at = self._bytes[0], self._bytes[1], 2
        if size > 125:
            at = 4 if size == 126 else 10
            if len(self._bytes) < at:
                return None
            (size,) = struct.unpack_from("!H" if at == 4 else "!Q", self._bytes, 2)
        if len(self._bytes) < at + size:
            return None
        held = bytes(self._bytes[at : at + size])
        del self._bytes[: at + size]
        return first & 15, held

    def _take(self, kind: int, held: bytes) -> None:
        if kind == 1:
            self._heard(held)
        elif kind == 9:
            self._send(10, held)

    def _send(self, kind: int, held: bytes) -> None:
        assert self._transport is not None
        self._transport.write(bytes((128 | kind, 128 | len(held))) + b"\0\0\0\0" + held)
