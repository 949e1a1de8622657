"""Who listens in this process: the subscribers of `/live`, and the open sockets to close when a session changes.

Everything here runs on the server's event loop; there are no locks because there are no awaits.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import orjson

from web import frames

_BATCHES: Final = 256
"""Unsent batches after which a client counts as stalled: its socket is dropped, the table fills it in later."""


@dataclass(frozen=True, slots=True, eq=False)
class Event:
    """One event as sent: its id, its project (None: no project's), the user it is about (None: nobody), its JSON.

    `written` is when its transaction wrote it, in seconds since 1970.
    """

    id: int
    project: str | None
    topic: str
    user: int | None
    kind: str
    text: str
    written: float = 0.0

    @classmethod
    def of(cls, row: dict[str, Any]) -> Event:
        """The event of one row of `queries.events.after`."""
        scope, _, subject = str(row["topic"]).partition("/")
        user = int(subject) if scope == "user" else None
        text = orjson.dumps(row, option=orjson.OPT_UTC_Z).decode()
        written = datetime.fromisoformat(row["at"]).timestamp()
        return cls(int(row["id"]), row["project"], str(row["topic"]), user, str(row["kind"]), text, written)


class Batch(tuple[Event, ...]):
    """Events that came together. Most listeners hear the same of them: what is sent is made once for all of those."""

    def __init__(self, _events: Iterable[Event] = ()) -> None:
        self._frames: dict[tuple[Event, ...], bytes] = {}

    def frame(self, heard: tuple[Event, ...]) -> bytes:
        """The websocket frame with those of the events that somebody may hear."""
        made = self._frames.get(heard)
        if made is None:
            made = self._frames[heard] = frames.text(message(heard))
        return made


def message(heard: Iterable[Event]) -> str:
    """Events as `/live` sends them."""
    return '{"events":[' + ",".join(event.text for event in heard) + "]}"


@dataclass(eq=False, slots=True)
class Subscriber:
    """One `/live` socket's queue of batches. `stalled` is set when it could not keep up.

    `write` takes a batch at once, or says that it must wait in the queue as what came before it does.
    """

    user: int
    write: Callable[[Batch], bool] | None = None
    queue: asyncio.Queue[Batch] = field(default_factory=lambda: asyncio.Queue(_BATCHES))
    stalled: bool = False

    def offer(self, batch: Batch) -> None:
        """Write a batch or queue it, or mark the subscriber as stalled."""
        if self.write is not None and self.write(batch):
            return
        try:
            self.queue.put_nowait(batch)
        except asyncio.QueueFull:
            self.stalled = True


class Hub:
    """The sockets of this process and the id up to which events were handed to them."""

    def __init__(self) -> None:
        self.cursor = 0
        self.subscribers: set[Subscriber] = set()
        self.watchers: defaultdict[int, set[Callable[[], None]]] = defaultdict(set)

    def publish(self, events: Sequence[Event]) -> None:
        """Hand events, in id order, to every subscriber; first look at the sockets of those whose sessions changed."""
        batch = Batch(events)
        self.cursor = batch[-1].id
        for user in {event.user for event in batch if event.kind == "session" and event.user is not None}:
            self.check(user)
        for subscriber in self.subscribers:
            subscriber.offer(batch)

    def check(self, user: int) -> None:
        """Let every open socket of a user look at its session again, now."""
        for recheck in tuple(self.watchers.get(user, ())):
            recheck()

    def watch(self, user: int, recheck: Callable[[], None]) -> Callable[[], None]:
        """Call `recheck` whenever a session of the user changes, until the returned function is called."""
        self.watchers[user].add(recheck)

        def stop() -> None:
            self.watchers[user].discard(recheck)
            if not self.watchers[user]:
                del self.watchers[user]

        return stop


hub: Final = Hub()
