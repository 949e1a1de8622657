"""Frames written as they are: the same to every listener, in order with what waits, and none past the end."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
from starlette.websockets import WebSocket
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.session_manager import SessionClientDisconnectedError
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from web import frames
from web.frames import FramedClient
from web.sockets import Watched


def read(wire: bytes) -> list[Frame]:
    """What a browser makes of these bytes."""
    client = ClientProtocol(parse_uri("ws://example.test/"), state=State.OPEN)
    client.receive_data(wire)
    return [event for event in client.events_received() if isinstance(event, Frame)]


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65_535, 65_536])
def test_a_browser_reads_what_was_framed(length: int) -> None:
    (said,), (sent,) = read(frames.text("ü" * length)), read(frames.binary(b"\x00" * length))
    assert (said.opcode, bytes(said.data)) == (Opcode.TEXT, ("ü" * length).encode())
    assert (sent.opcode, bytes(sent.data)) == (Opcode.BINARY, b"\x00" * length)


def test_a_server_without_the_extension_writes_no_frame() -> None:
    assert not frames.writer({"type": "websocket"})(b"frame")


# ------------------------------------------------------------------ a tab


class Tab:
    """A websocket whose wire takes frames while `free`; what is sent the long way waits for `opened`."""

    def __init__(self) -> None:
        self.free, self.opened, self.wire = True, asyncio.Event(), list[bytes]()
        self.scope = {"extensions": {frames.FRAMES: self.write}}
        self.headers, self.cookies, self.client = dict[str, str](), dict[str, str](), None

    def write(self, frame: bytes) -> bool:
        if self.free:
            self.wire.append(bytes(read(frame)[0].data))
        return self.free

    async def send_bytes(self, data: bytes) -> None:
        await self.opened.wait()
        self.wire.append(data)


def message(number: int) -> ForwardMsg:
    return ForwardMsg(hash=str(number))


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def test_messages_keep_their_order_when_the_wire_is_full_for_a_while() -> None:
    async def scene() -> list[str]:
        tab = Tab()
        client = FramedClient(cast("WebSocket", tab))
        client.write_forward_msg(message(1))
        tab.free = False
        client.write_forward_msg(message(2))
        await settled()
        tab.free = True
        client.write_forward_msg(message(3))
        tab.opened.set()
        await settled()
        client.write_forward_msg(message(4))
        await client.aclose()
        return [ForwardMsg.FromString(one).hash for one in tab.wire]

    assert asyncio.run(scene()) == ["1", "2", "3", "4"]


def test_a_tab_that_falls_far_behind_is_let_go() -> None:
    async def scene() -> int:
        tab = Tab()
        tab.free = False
        client = FramedClient(cast("WebSocket", tab))
        for _ in range(500):
            client.write_forward_msg(message(1))
        for free in (False, True):
            tab.free = free
            with pytest.raises(SessionClientDisconnectedError):
                client.write_forward_msg(message(2))
        await client.aclose()
        return len(tab.wire)

    assert asyncio.run(scene()) == 0


# ------------------------------------------------------------------ the gate stands in this way too


def test_no_frame_passes_once_the_session_of_a_socket_ended() -> None:
    async def scene() -> tuple[bool, bool, list[bytes], list[Any]]:
        wire, sent = list[bytes](), list[Any]()

        async def receive() -> Any:
            raise AssertionError

        async def send(sending: Any) -> None:
            sent.append(sending)

        def write(frame: bytes) -> bool:
            wire.append(frame)
            return True

        socket = Watched(receive, send, write)
        before = socket.write(b"before")
        socket.end(4401)
        after = socket.write(b"after")
        await settled()
        return before, after, wire, sent

    closed = [{"type": "websocket.close", "code": 4401}]
    assert asyncio.run(scene()) == (True, False, [b"before"], closed)
