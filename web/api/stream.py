"""Events for programs: a page of them as JSON, or as they happen as server-sent events.

As in `/live`, a stream subscribes first, then remembers how far the hub is, then reads from the table what lies between
the listener's last id and that mark, then its queue.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

import anyio
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from engine.access import tokens
from engine.access.roles import may_hear, require
from engine.queries import events, people
from engine.types import Who
from engine.words import whole
from web.api.answers import failure, told
from web.api.limits import MOST_STREAMS, caller_of, streams
from web.api.operations import Asked
from web.api.parameters import ParameterError
from web.gate import COOKIE
from web.hub import Event, Subscriber, hub

EVENTS: Final = "text/event-stream"
HEARTBEAT_SECONDS: Final = 10.0
_RECHECK_SECONDS: Final = 5.0
_PAGE: Final = 500
_MOST_SCANNED: Final = 5_000


async def get_events(asked: Asked) -> Response:
    """`GET /events`: one page, or the stream where the request accepts `text/event-stream`."""
    project = asked.query.get("project")
    if project is not None:
        require(asked.who, project, "viewer")
    if EVENTS in asked.request.headers.get("accept", ""):
        return _stream(asked, project)
    since, limit = asked.query.get("since", 0), asked.query.get("limit", 100)
    return told(await anyio.to_thread.run_sync(_page, asked.who, project, since, limit))


def _page(who: Who, project: str | None, since: int, limit: int) -> dict[str, Any]:
    """Up to `limit` events after `since`. `next` is how far was looked, `missed` whether some are gone already."""
    found: list[dict[str, Any]] = []
    oldest, scanned = events.oldest(), 0
    missed = 0 < since < oldest - 1
    while len(found) < limit and scanned < _MOST_SCANNED:
        rows = events.after(since, _PAGE)
        for row in rows:
            since, scanned = row["id"], scanned + 1
            if _concerns(who, project, row["project"], row["topic"]):
                found.append(row)
            if len(found) == limit:
                break
        if len(rows) < _PAGE:
            break
    return {"events": found, "next": since, "missed": missed}


def _concerns(who: Who, wanted: str | None, project: str | None, topic: str) -> bool:
    return (wanted is None or project == wanted) and may_hear(who, project, topic)


# ------------------------------------------------------------------ the stream


def _stream(asked: Asked, project: str | None) -> Response:
    caller = caller_of(asked.who)
    if streams[caller] >= MOST_STREAMS:
        message = f"This caller has {MOST_STREAMS} streams open already. Close one first."
        return failure(429, "too_many_streams", message, {"retry-after": "5"})
    since = _since(asked)
    return StreamingResponse(_counted(asked, project, since), headers={"x-accel-buffering": "no"}, media_type=EVENTS)


def _since(asked: Asked) -> int | None:
    """Where to go on: what the listener heard last counts more than where it began."""
    last = asked.request.headers.get("last-event-id", "").strip()
    if not last:
        found: int | None = asked.query.get("since")
        return found
    heard = whole(last)
    if heard is None:
        raise ParameterError("Last-Event-ID", "Last-Event-ID has to be the id of an event.")
    return heard


async def _counted(asked: Asked, project: str | None, since: int | None) -> AsyncIterator[bytes]:
    caller = caller_of(asked.who)
    streams[caller] += 1
    try:
        async for part in _heard(asked.request, asked.who, project, since):
            yield part
    finally:
        streams[caller] -= 1
        if not streams[caller]:
            del streams[caller]


async def _heard(request: Request, who: Who, project: str | None, since: int | None) -> AsyncIterator[bytes]:
    """Everything the listener may hear, once and in order, until it may not any more or cannot keep up."""
    subscriber, over = Subscriber(who.user_id), asyncio.Event()
    recheck = _recheck(request, who, over)
    stop = hub.watch(who.user_id, recheck)
    hub.subscribers.add(subscriber)
    upto = hub.cursor
    try:
        recheck()
        yield b"retry: 2000\n\n"
        sent = upto if since is None else since
        async for reached, part in _caught_up(who, project, sent, upto):
            sent = reached
            if part:
                yield part
        async for event in _queued(subscriber, over, recheck):
            if event is None:
                yield b": still here\n\n"
            elif event.id > sent and _concerns(who, project, event.project, event.topic):
                yield _part(event)
        yield b'event: end\ndata: {"code":"%s"}\n\n' % (b"signed_out" if over.is_set() else b"too_slow")
    finally:
        hub.subscribers.discard(subscriber)
        stop()


async def _caught_up(who: Who, project: str | None, since: int, upto: int) -> AsyncIterator[tuple[int, bytes]]:
    """What the table holds in (since, upto], each with the id up to which that is."""
    newest, oldest = await anyio.to_thread.run_sync(lambda: (events.cursor(), events.oldest()))
    if since > newest or (since < upto and since + 1 < oldest):
        yield upto, b"id: %d\nevent: resync\ndata: {}\n\n" % upto
        return
    while since < upto:
        rows = await anyio.to_thread.run_sync(events.after, since, _PAGE)
        page = [event for event in map(Event.of, rows) if event.id <= upto]
        if not page:
            break
        since = page[-1].id
        heard = [_part(event) for event in page if _concerns(who, project, event.project, event.topic)]
        yield since, b"".join(heard)
    yield max(since, upto), b""


async def _queued(
    subscriber: Subscriber, over: asyncio.Event, recheck: Callable[[], None]
) -> AsyncIterator[Event | None]:
    """The events of the queue as they come; None for each silence of the length of a heartbeat.

    Looks again every few seconds, however much comes: a token or a session that expires is no event.
    """
    loop = asyncio.get_running_loop()
    ended = asyncio.create_task(over.wait())
    beat, look = loop.time() + HEARTBEAT_SECONDS, loop.time() + _RECHECK_SECONDS
    coming: asyncio.Task[Any] | None = None
    try:
        while not over.is_set() and not subscriber.stalled:
            coming = coming or asyncio.create_task(subscriber.queue.get())
            await asyncio.wait({coming, ended}, timeout=_RECHECK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if loop.time() >= look:
                look = loop.time() + _RECHECK_SECONDS
                recheck()
            if over.is_set():
                return
            if coming.done():
                batch, coming = coming.result(), None
                for event in batch:
                    yield event
            if loop.time() >= beat:
                beat = loop.time() + HEARTBEAT_SECONDS
                yield None
    finally:
        ended.cancel()
        if coming is not None:
            coming.cancel()


def _recheck(request: Request, who: Who, over: asyncio.Event) -> Callable[[], None]:
    """Ends the stream where its token or session has ended, or its owner's roles are others now."""
    kind, _, secret = request.headers.get("authorization", "").partition(" ")
    cookie = request.cookies.get(COOKIE, "")

    def look() -> None:
        now = tokens.who_of(secret.strip()) if kind else people.who_is(cookie)
        if now is None or (now.role, now.roles) != (who.role, who.roles):
            over.set()

    return look


def _part(event: Event) -> bytes:
    kind = event.kind.replace("\n", " ").replace("\r", " ")
    return f"id: {event.id}\nevent: {kind}\ndata: {event.text}\n\n".encode()
