"""Frames that are written one after another leave together, and none is lost at the end."""

from __future__ import annotations

import asyncio
from typing import Any

from web.corked import CorkedTransport


class Wire(asyncio.Transport):
    """A transport that keeps what it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.closed = False
        self.written = asyncio.Event()

    def write(self, data: Any) -> None:
        self.writes.append(bytes(data))
        self.written.set()

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


def test_frames_of_one_moment_are_one_write_in_their_order() -> None:
    async def scene() -> list[bytes]:
        wire = Wire()
        corked = CorkedTransport(wire, asyncio.get_running_loop())
        for frame in (b"one ", b"two ", b"three"):
            corked.write(frame)
        assert wire.writes == []
        await wire.written.wait()
        return wire.writes

    assert asyncio.run(scene()) == [b"one two three"]


def test_what_is_held_goes_out_before_the_end() -> None:
    async def scene() -> tuple[list[bytes], bool]:
        wire = Wire()
        corked = CorkedTransport(wire, asyncio.get_running_loop())
        corked.write(b"last words")
        corked.close()
        return wire.writes, corked.is_closing()

    assert asyncio.run(scene()) == ([b"last words"], True)


def test_nothing_is_written_to_a_transport_that_was_cut() -> None:
    async def scene() -> list[bytes]:
        wire = Wire()
        corked = CorkedTransport(wire, asyncio.get_running_loop())
        corked.write(b"too late")
        wire.abort()
        corked.close()
        return wire.writes

    assert asyncio.run(scene()) == []
