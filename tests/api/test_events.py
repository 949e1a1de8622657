"""Events for programs: every one the listener may hear, once and in order, and not a moment longer than it may."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
import pytest
from starlette.applications import Starlette

import server
from engine.actions import people, tokens
from engine.queries import events
from engine.store.engine import fetch
from engine.store.transaction import transaction
from tests.api.conftest import Caller, House
from web.api import stream
from web.api.limits import MOST_STREAMS, streams
from web.hub import Event, hub
from web.routes import ROUTES


def publish(*numbers: int, project: str | None = "main", topic: str = "", live: bool = True) -> None:
    with transaction() as tx:
        for number in numbers:
            tx.publish(project, topic or f"project/{project}", "tick", {"n": number})
    if live:
        tell()


def tell() -> None:
    """What the tailer would do."""
    if rows := events.after(hub.cursor):
        hub.publish([Event.of(row) for row in rows])


@pytest.fixture(autouse=True)
def start_of_the_hub(house: House) -> None:
    hub.cursor = events.cursor()


@dataclass
class Ear:
    """A client of the stream: the parts it got."""

    text: str = ""
    status: int = 0
    over: bool = False
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def until(self, true: Callable[[Ear], bool]) -> Ear:
        async with asyncio.timeout(5), self.changed:
            await self.changed.wait_for(lambda: true(self))
        return self

    @property
    def parts(self) -> list[dict[str, str]]:
        blocks = [block for block in self.text.split("\n\n") if block]
        return [dict(line.split(": ", 1) for line in block.split("\n") if line[:1] != ":") for block in blocks]

    @property
    def heard(self) -> list[int]:
        return [json.loads(part["data"])["body"]["n"] for part in self.parts if part.get("event") == "tick"]

    @property
    def kinds(self) -> list[str]:
        return [part["event"] for part in self.parts if "event" in part]


@asynccontextmanager
async def listening(caller: Caller, query: str = "", **headers: str) -> AsyncIterator[Ear]:
    ear, gone = Ear(), asyncio.Event()
    app = Starlette(routes=ROUTES, middleware=server.MIDDLEWARE, exception_handlers=server.HANDLERS)
    sent = {"host": "127.0.0.1", "accept": "text/event-stream", "authorization": f"Bearer {caller.secret}", **headers}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/api/v1/events",
        "raw_path": b"/api/v1/events",
        "query_string": query.encode(),
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in sent.items() if value],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }

    async def receive() -> dict[str, Any]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        async with ear.changed:
            ear.status = message.get("status", ear.status)
            ear.text += message.get("body", b"").decode()
            ear.over = message["type"] == "http.response.body" and not message.get("more_body", False)
            ear.changed.notify_all()

    task = asyncio.create_task(app(scope, receive, send))
    try:
        yield await ear.until(lambda ear: "retry" in ear.text or ear.over)
    finally:
        gone.set()
        await asyncio.wait_for(task, 5)


def run(work: Callable[[], Any]) -> None:
    asyncio.run(work())


# ------------------------------------------------------------------ the stream


def test_a_listener_hears_what_happens_from_now_on(ann: Caller) -> None:
    publish(1)

    async def work() -> None:
        async with listening(ann) as ear:
            await anyio.to_thread.run_sync(publish, 2, 3)
            await ear.until(lambda ear: len(ear.heard) == 2)
            assert ear.heard == [2, 3]
            assert [int(part["id"]) for part in ear.parts if "id" in part] == [events.cursor() - 1, events.cursor()]
            body = json.loads(ear.parts[-1]["data"])
            assert set(body) == {"id", "project", "topic", "kind", "body", "at"}
        assert (hub.subscribers, dict(hub.watchers), dict(streams)) == (set(), {}, {})

    run(work)


def test_a_stream_goes_on_where_it_was_cut(ann: Caller) -> None:
    since = events.cursor()
    publish(*range(1200), live=False)
    tell_all()

    async def work() -> None:
        heard: list[int] = []
        last = since
        while len(heard) < 1300:
            async with listening(ann, f"since={since}", last_event_id=str(last)) as ear:
                if len(heard) == 1200:
                    await anyio.to_thread.run_sync(publish, *range(1200, 1300))
                await ear.until(lambda ear: bool(ear.heard))
            heard += ear.heard
            last = max(int(part["id"]) for part in ear.parts if "id" in part)
        assert heard == list(range(1300))

    run(work)


def test_what_the_listener_knew_before_the_server_did_is_not_said_again(ann: Caller) -> None:
    publish(1, live=False)

    async def work() -> None:
        async with listening(ann, f"since={events.cursor()}") as ear:
            tell()
            publish(2)
            await ear.until(lambda ear: 2 in ear.heard)
            assert (ear.heard, ear.kinds) == ([2], ["tick"])

    run(work)


def tell_all() -> None:
    hub.cursor = events.cursor()


def test_who_comes_from_too_long_ago_is_told_so(ann: Caller) -> None:
    publish(1, 2, 3)
    with transaction() as tx:
        tx.session.connection().exec_driver_sql(f"DELETE FROM event WHERE id < {events.cursor()}")

    async def work() -> None:
        async with listening(ann, "since=1") as ear:
            await ear.until(lambda ear: bool(ear.kinds))
            await anyio.to_thread.run_sync(publish, 4)
            await ear.until(lambda ear: len(ear.kinds) == 2)
            assert (ear.kinds, ear.heard) == (["resync", "tick"], [4])

    run(work)


def test_nobody_hears_more_than_they_may(house: House, ann: Caller) -> None:
    house.project("secret")
    cat = house.caller("cat", "member", "read")
    house.member("cat", "main", "viewer")
    since = hub.cursor = events.cursor()

    async def work() -> None:
        async with listening(cat, f"since={since}") as hers, listening(ann, f"since={since}&project=main") as mine:
            for number, (project, topic) in enumerate(
                (("secret", ""), (None, f"user/{ann.who.user_id}"), (None, f"user/{cat.who.user_id}"), ("main", ""))
            ):
                await anyio.to_thread.run_sync(lambda n=number, p=project, t=topic: publish(n, project=p, topic=t))
            await hers.until(lambda ear: 3 in ear.heard)
            await mine.until(lambda ear: 3 in ear.heard)
            assert (hers.heard, mine.heard) == ([2, 3], [3])
        async with listening(cat, f"since={since}") as again:
            await again.until(lambda ear: 3 in ear.heard)
            assert again.heard == [2, 3]
        async with listening(cat, "project=secret") as refused:
            assert refused.status == 404

    run(work)


def test_a_revoked_token_hears_nothing_more(house: House, ann: Caller) -> None:
    listener = house.with_token(ann.who, ann.cookie, "read")
    ((token,),) = fetch("SELECT max(id) FROM api_token")

    async def work() -> None:
        async with listening(listener) as ear, listening(ann) as other:
            await anyio.to_thread.run_sync(tokens.revoke, ann.who, token)
            publish(1)
            async with asyncio.timeout(1):
                await ear.until(lambda ear: ear.over)
            assert (ear.kinds[-1], ear.heard) == ("end", [])
            await other.until(lambda ear: ear.heard == [1])

    run(work)


def test_a_token_that_expires_in_silence_is_noticed(house: House, ann: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "_RECHECK_SECONDS", 0.05)

    async def work() -> None:
        async with listening(ann) as ear:
            with transaction() as tx:
                tx.session.connection().exec_driver_sql("UPDATE api_token SET expires_at = '2020-01-01'")
            await ear.until(lambda ear: ear.over)
            assert json.loads(ear.parts[-1]["data"]) == {"code": "signed_out"}

    run(work)


def test_a_session_may_listen_until_it_ends(house: House, ann: Caller) -> None:
    async def work() -> None:
        async with listening(ann, authorization="", cookie=f"plumbline_session={ann.cookie}") as ear:
            publish(1)
            await ear.until(lambda ear: ear.heard == [1])
            await anyio.to_thread.run_sync(people.close_session, ann.who)
            tell()
            await ear.until(lambda ear: ear.over)
            assert ear.kinds[-1] == "end"

    run(work)


def test_silence_is_filled_with_heartbeats(ann: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.02)
    monkeypatch.setattr(stream, "_RECHECK_SECONDS", 0.02)

    async def work() -> None:
        async with listening(ann) as ear:
            await ear.until(lambda ear: ear.text.count(": still here\n\n") >= 3)

    run(work)


def test_who_cannot_keep_up_is_let_go(ann: Caller) -> None:
    async def work() -> None:
        async with listening(ann) as ear:
            (subscriber,) = hub.subscribers
            subscriber.stalled = True
            publish(1)
            await ear.until(lambda ear: ear.over)
            assert json.loads(ear.parts[-1]["data"]) == {"code": "too_slow"}

    run(work)


def test_a_caller_has_only_so_many_streams(ann: Caller) -> None:
    streams[("token", 1)] = MOST_STREAMS

    async def work() -> None:
        async with listening(ann) as ear:
            assert ear.status == 429
            assert json.loads(ear.text)["code"] == "too_many_streams"

    run(work)


@pytest.mark.parametrize("last", ["x", "-1", "99999999999"])
def test_a_last_event_that_is_none_is_refused(ann: Caller, last: str) -> None:
    answer = ann.get("/events", headers={"accept": "text/event-stream", "last-event-id": last})
    assert (answer.status_code, answer.json()["field"]) == (400, "Last-Event-ID")


# ------------------------------------------------------------------ pages


def test_a_page_after_another_holds_every_event_once(house: House, ann: Caller) -> None:
    house.project("other")
    publish(*range(40))
    publish(*range(100, 140), project="other")
    publish(*range(40, 60))
    found, since = [], 0
    while page := ann.get("/events", params={"since": since, "limit": 7, "project": "main"}).json():
        found += [event["body"]["n"] for event in page["events"] if event["kind"] == "tick"]
        if not page["events"]:
            break
        since = page["next"]
    assert found == list(range(60))
    assert page == {"events": [], "next": since, "missed": False}


def test_a_page_says_that_events_are_gone(ann: Caller) -> None:
    publish(1, 2, 3)
    with transaction() as tx:
        tx.session.connection().exec_driver_sql(f"DELETE FROM event WHERE id < {events.cursor()}")
    assert [ann.get(f"/events?since={since}").json()["missed"] for since in (0, 1, events.cursor() - 1)] == [
        False,
        True,
        False,
    ]
