"""Events that are kept no longer: a client from before them starts over, also when they go in mid-sentence."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from engine.actions import maintenance
from engine.queries import events
from engine.store.transaction import transaction
from engine.types import Who
from tests.web.conftest import Desk
from web import live

ANN = Who(1, "ann", "admin")
RESYNC = {"resync": True}


class Socket:
    """Hears what is sent."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.scope: dict[str, Any] = {}

    async def send_text(self, text: str) -> None:
        self.messages.append(json.loads(text))

    @property
    def numbers(self) -> list[int]:
        return [event["id"] for message in self.messages for event in message.get("events", [])]


def publish(count: int) -> None:
    for _ in range(count):
        with transaction() as tx:
            tx.publish("main", "project/main", "tick", {})


def caught_up(since: int) -> tuple[Socket, int]:
    socket, upto = Socket(), events.cursor()
    listener = live._Listener(socket, ANN)  # type: ignore[arg-type]
    return socket, asyncio.run(live._catch_up(socket, listener, since, upto))  # type: ignore[arg-type]


@pytest.fixture
def forgetful(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(desk.settings, "events_kept", 5)
    monkeypatch.setattr(live, "_PAGE", 3)
    publish(12)
    return desk


def test_whoever_is_within_what_is_kept_misses_nothing(forgetful: Desk) -> None:
    assert maintenance.prune_events() > 0
    oldest, newest = events.oldest(), events.cursor()
    for since in range(oldest - 1, newest + 1):
        socket, upto = caught_up(since)
        assert socket.numbers == list(range(since + 1, newest + 1))
        assert RESYNC not in socket.messages
        assert upto == newest


@pytest.mark.parametrize("behind", [2, 3, 1000])
def test_whoever_is_older_than_what_is_kept_starts_over(forgetful: Desk, behind: int) -> None:
    maintenance.prune_events()
    socket, upto = caught_up(max(events.oldest() - behind, 0))
    assert socket.messages == [RESYNC]
    assert upto == events.cursor()


def test_whoever_comes_from_another_store_starts_over(forgetful: Desk) -> None:
    socket, _upto = caught_up(events.cursor() + 1)
    assert socket.messages == [RESYNC]


def test_what_is_forgotten_between_two_pages_is_noticed(forgetful: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    after, reads = events.after, []

    def after_a_prune(since: int, limit: int) -> list[dict[str, Any]]:
        if reads:
            maintenance.prune_events()
        reads.append(since)
        return after(since, limit)

    monkeypatch.setattr(events, "after", after_a_prune)
    before = events.oldest()
    socket, upto = caught_up(before - 1)
    assert socket.numbers == [before, before + 1, before + 2], "the first page came whole"
    assert socket.messages[-1] == RESYNC, "and then nothing is passed over in silence"
    assert upto == events.cursor()
