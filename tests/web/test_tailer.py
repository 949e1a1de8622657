"""What waits for what on the way from the event table to the hub."""

from __future__ import annotations

import asyncio
from typing import Any

from web import tailer
from web.hub import Hub
from web.tailer import Gathering


class Heard(Hub):
    """A hub that remembers what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[list[int]] = []
        self.published = asyncio.Event()

    def publish(self, events: Any) -> None:
        super().publish(events)
        self.batches.append([event.id for event in events])
        self.published.set()


def row(number: int, kind: str) -> dict[str, Any]:
    at = "2026-01-01T00:00:00+00:00"
    return {"id": number, "project": "main", "topic": "project/main", "kind": kind, "body": {}, "at": at}


def test_a_run_waits_for_the_answer_and_travels_with_it() -> None:
    async def scene() -> list[list[int]]:
        hub = Heard()
        gathering = Gathering(hub)
        gathering.take([row(1, "run"), row(2, "run")])
        gathering.take([row(3, "run")])
        assert (hub.batches, hub.cursor, gathering.read) == ([], 0, 3)
        gathering.take([row(4, "run"), row(5, "version")])
        gathering.take([row(6, "session")])
        return hub.batches

    assert asyncio.run(scene()) == [[1, 2, 3, 4, 5], [6]]


def test_a_run_with_no_answer_is_told_by_itself_and_once() -> None:
    async def scene() -> list[list[int]]:
        hub = Heard()
        gathering = Gathering(hub)
        gathering.take([row(1, "run")])
        await hub.published.wait()
        gathering.hand_over()
        return hub.batches

    assert asyncio.run(scene()) == [[1]]


def test_a_tailer_that_begins_again_reads_again_what_was_held() -> None:
    async def scene() -> tuple[int, list[list[int]]]:
        hub = Heard()
        first = Gathering(hub)
        first.take([row(1, "run")])
        first.drop_timer()
        await asyncio.sleep(tailer.PATIENCE_SECONDS * 2)
        return Gathering(hub).read, hub.batches

    assert asyncio.run(scene()) == (0, [])
