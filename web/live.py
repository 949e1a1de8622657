"""`/live`: one websocket a tab, every event once and in order, also across cut sockets; and who is here.

The order of steps is what makes it right: subscribe first, then remember how far the hub is, then read from the table
what lies between the client's last id and that mark, then the queue. Nothing awaits between the first two.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, Final

import anyio
import orjson
from starlette.websockets import WebSocket, WebSocketDisconnect

from engine import usage
from engine.access.roles import may_hear
from engine.queries import events
from engine.types import Who
from web import frames, measuring, presence
from web.hub import Batch, Event, Subscriber, hub, message

_PAGE: Final = 500
_FIRST_MESSAGE_SECONDS: Final = 10
_STALLED: Final = 1013
_UNREADABLE: Final = 1003
_WALKED: Final = "walked"


async def live(websocket: WebSocket) -> None:
    """Answer `{"since": id | null}` with `hello`, then events for as long as the tab listens."""
    who: Who = websocket.state.who
    await websocket.accept()
    try:
        since = await asyncio.wait_for(_since(websocket), _FIRST_MESSAGE_SECONDS)
    except (ValueError, TimeoutError):
        await websocket.close(_UNREADABLE)
        return
    except WebSocketDisconnect:
        return
    sender = asyncio.create_task(_send_events(websocket, who, since))
    listener = asyncio.create_task(_hear(websocket, who))
    await asyncio.wait({sender, listener}, return_when=asyncio.FIRST_COMPLETED)
    for task in (sender, listener):
        task.cancel()
    for outcome in await asyncio.gather(sender, listener, return_exceptions=True):
        if isinstance(outcome, Exception):
            raise outcome


async def _since(websocket: WebSocket) -> int | None:
    message = orjson.loads(await websocket.receive_text())
    since = message.get("since", "absent") if isinstance(message, dict) else "unreadable"
    if since is None or (type(since) is int and since >= 0):
        return since
    raise ValueError("since must be an event id or null")


async def _hear(websocket: WebSocket, who: Who) -> None:
    """What a tab says: which project it shows, answered by who is here, and that its palette led to a page.

    Returns when it is gone. Racing this against the sender keeps a parked one from holding up a shutdown.
    """
    with contextlib.suppress(WebSocketDisconnect):
        try:
            while True:
                said = await websocket.receive_text()
                if said == _WALKED:
                    usage.walks.add(usage.PALETTE)
                slug = presence.place_of(said)
                names = None if slug is None else await presence.arrive(websocket, who, slug)
                if names is not None:
                    await _send(websocket, {"here": slug, "present": names})
        finally:
            presence.leave(websocket)


async def _send_events(websocket: WebSocket, who: Who, since: int | None) -> None:
    """Send every event after `since` that the user may see; return when the socket is gone or cannot keep up."""
    listener = _Listener(websocket, who)
    subscriber = Subscriber(who.user_id, listener.write)
    hub.subscribers.add(subscriber)
    upto = hub.cursor
    try:
        await _send(websocket, {"hello": upto})
        listener.sent = await _catch_up(websocket, listener, upto if since is None else since, upto)
        while not subscriber.stalled:
            listener.idle = subscriber.queue.empty()
            batch = await subscriber.queue.get()
            listener.idle = False
            await listener.send(batch)
        await websocket.close(_STALLED)
    except WebSocketDisconnect:
        return
    finally:
        hub.subscribers.discard(subscriber)


class _Listener:
    """One socket: what it may hear, and how far it heard. `idle` while nothing waits to be sent to it.

    A project is asked about once: when the rights change, the gate ends the socket.
    """

    def __init__(self, websocket: WebSocket, who: Who) -> None:
        self._websocket = websocket
        self._write = frames.writer(websocket.scope)
        self._who = who
        self._projects: dict[str | None, bool] = {}
        self.sent = 0
        self.idle = False

    def hear(self, event: Event) -> bool:
        """Whether this event may be sent."""
        if event.user is not None:
            return may_hear(self._who, event.project, event.topic)
        if event.project not in self._projects:
            self._projects[event.project] = may_hear(self._who, event.project, event.topic)
        return self._projects[event.project]

    def write(self, batch: Batch) -> bool:
        """Write what is new of a batch at once; False where it has to wait its turn."""
        if not self.idle:
            return False
        heard = self._new(batch)
        if heard and not self._write(batch.frame(heard)):
            self.idle = False
            return False
        self._passed(batch, heard)
        return True

    async def send(self, batch: Batch) -> None:
        """Send what is new of a batch, waiting for the socket."""
        heard = self._new(batch)
        if heard:
            await self._websocket.send_text(message(heard))
        self._passed(batch, heard)

    def _new(self, batch: Batch) -> tuple[Event, ...]:
        return tuple(event for event in batch if event.id > self.sent and self.hear(event))

    def _passed(self, batch: Batch, heard: tuple[Event, ...]) -> None:
        self.sent = max(self.sent, batch[-1].id)
        if heard:
            measuring.delivered(batch[-1].written)


async def _catch_up(websocket: WebSocket, listener: _Listener, since: int, upto: int) -> int:
    """Send what the table holds in (since, upto]; the id from which the queue goes on."""
    if since == upto:
        return upto
    lost = since > await anyio.to_thread.run_sync(events.cursor)
    while since < upto or lost:
        rows, oldest = await anyio.to_thread.run_sync(_page_after, since)
        if lost or since + 1 < oldest:
            await _send(websocket, {"resync": True})
            return upto
        page = [event for event in map(Event.of, rows) if event.id <= upto]
        if not page:
            break
        if heard := [event for event in page if listener.hear(event)]:
            await websocket.send_text(message(heard))
        since = page[-1].id
    return max(since, upto)


def _page_after(since: int) -> tuple[list[dict[str, Any]], int]:
    """A page of events, and the oldest that is kept: asked last, so that what was forgotten meanwhile is noticed."""
    return events.after(since, _PAGE), events.oldest()


async def _send(websocket: WebSocket, said: dict[str, object]) -> None:
    await websocket.send_text(orjson.dumps(said).decode())
