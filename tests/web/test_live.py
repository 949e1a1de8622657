import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from engine.queries import events
from engine.store.engine import get_store
from engine.store.transaction import transaction
from engine.types import Who
from tests.web.conftest import Desk
from tests.web.serving import Person, Served, register
from web import live
from web.hub import Event, Hub, Subscriber


@pytest.fixture(scope="module")
def ann(served: Served) -> Person:
    return register("live ann")


def publish(*numbers: int, topic: str = "project/main", kind: str = "tick") -> None:
    with transaction() as tx:
        for number in numbers:
            tx.publish("main", topic, kind, {"n": number, "at": time.time()})


def publish_until_known(served: Served, person: Person, *sent: int) -> None:
    """Publish, and wait until the server has seen it: its tailer looks every few milliseconds."""
    with listening(served, person, events.cursor()) as socket:
        publish(*sent)
        while sent[-1] not in numbers(heard(socket)):
            pass


@contextmanager
def listening(served: Served, person: Person, since: int | None = None) -> Iterator[ClientConnection]:
    with served.socket("/live", person) as socket:
        socket.send(json.dumps({"since": since}))
        yield socket


def heard(socket: ClientConnection, timeout: float = 10) -> list[dict[str, object]]:
    """The events of the next message that holds some."""
    while "events" not in (message := json.loads(socket.recv(timeout=timeout))):
        pass
    return message["events"]


def numbers(found: list[dict[str, object]]) -> list[int]:
    return [event["body"]["n"] for event in found if event["kind"] == "tick"]


# ------------------------------------------------------------------ over the wire


def test_a_listener_hears_what_happens_from_now_on(served: Served, ann: Person) -> None:
    publish_until_known(served, ann, -1)
    with listening(served, ann) as socket:
        assert json.loads(socket.recv(timeout=10)) == {"hello": events.cursor()}
        publish(1, 2)
        found = heard(socket)
    assert numbers(found) == [1, 2]
    assert {"id", "topic", "kind", "body", "at", "project"} == set(found[0])
    assert found[0]["topic"] == "project/main"


def test_nothing_is_missed_or_doubled_across_cut_sockets(served: Served, ann: Person) -> None:
    total, since, got = 400, events.cursor(), []

    def write() -> None:
        for number in range(0, total, 2):
            publish(number, number + 1)
            time.sleep(0.004)

    writer = threading.Thread(target=write)
    writer.start()
    cuts = 0
    while len(got) < total:
        with listening(served, ann, since) as socket:
            for _ in range(7):
                found = heard(socket)
                got += numbers(found)
                since = found[-1]["id"]
                if len(got) >= total:
                    break
            socket.socket.close()  # as a network does: without a goodbye
        cuts += 1
    writer.join()
    assert got == list(range(total))
    assert cuts > 5


def test_two_listeners_hear_the_same_in_order(served: Served, ann: Person) -> None:
    with listening(served, ann) as one, listening(served, ann) as two:
        for socket in (one, two):
            socket.recv(timeout=10)
        for number in range(60):
            publish(number)
            for socket in (one, two):
                (event,) = heard(socket)
                assert event["body"]["n"] == number


def present(socket: ClientConnection, slug: str, count: int) -> list[str]:
    """Say which project this tab shows until so many are there; their names."""
    for _again in range(50):
        socket.send(json.dumps({"here": slug}))
        while "present" not in (message := json.loads(socket.recv(timeout=10))):
            pass
        assert message["here"] == slug
        if len(message["present"]) == count:
            return list(message["present"])
        time.sleep(0.2)
    raise AssertionError(message)


def test_those_who_have_a_project_open_are_told_of_each_other(served: Served, ann: Person) -> None:
    """By name, once however many tabs, and no longer than they are there; of a project unseen nothing is said."""
    bob, eve = register("live bob", "viewer"), register("live eve", "member")
    with listening(served, ann) as one, listening(served, ann) as two:
        assert present(one, "main", 1) == ["live ann"]
        assert present(two, "main", 1) == ["live ann"]
        with listening(served, bob) as other:
            assert present(other, "main", 2) == ["live ann", "live bob"]
            assert present(one, "main", 2) == ["live ann", "live bob"]
        assert present(one, "main", 1) == ["live ann"]
    with listening(served, eve) as outside:
        json.loads(outside.recv(timeout=10))
        for strange in ({"here": "main"}, {"here": 7}, {"here": ""}, [], "nonsense"):
            outside.send(json.dumps(strange))
        with pytest.raises(TimeoutError):
            outside.recv(timeout=1)


def test_what_concerns_one_person_reaches_only_them(served: Served, ann: Person) -> None:
    ben = register("live ben", "viewer")
    before = events.cursor()
    with listening(served, ann) as anns, listening(served, ben) as bens:
        for socket in (anns, bens):
            socket.recv(timeout=10)
        publish(1, topic=f"user/{ben.who.user_id}", kind="preference")
        publish(2)
        told = (event["kind"] for event in heard(bens))
        assert next(kind for kind in told if kind != "session") == "preference", "his own sign-in may still be told"
        assert [event["topic"] for event in heard(anns)] == ["project/main"]
    with listening(served, ann, before) as later:
        assert [event["topic"] for event in heard(later)] == ["project/main"]


def test_whoever_was_away_too_long_is_told_to_start_over(served: Served, ann: Person) -> None:
    publish_until_known(served, ann, *range(20))
    with get_store().writer.begin() as connection:
        connection.exec_driver_sql("DELETE FROM event WHERE id <= ?", (events.cursor() - 5,))
    for since in (0, events.oldest() - 2, events.cursor() + 1000):
        with listening(served, ann, since) as socket:
            assert "hello" in json.loads(socket.recv(timeout=10))
            assert json.loads(socket.recv(timeout=10)) == {"resync": True}
            publish(99)
            assert numbers(heard(socket)) == [99]
    with listening(served, ann, events.oldest() - 1) as socket:
        assert len(heard(socket)) == events.cursor() - events.oldest() + 1


@pytest.mark.parametrize(
    "first", ["", "x", "[]", "{}", '{"since": "1"}', '{"since": -1}', '{"since": true}', '{"since": 1.5}']
)
def test_a_client_that_speaks_another_language_is_let_go(served: Served, ann: Person, first: str) -> None:
    with served.socket("/live", ann) as socket:
        socket.send(first)
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=10)
    assert closed.value.rcvd.code == 1003


def test_a_client_that_sends_bytes_does_not_disturb_the_server(served: Served, ann: Person) -> None:
    with served.socket("/live", ann) as socket:
        socket.send(b"\x00\x01")
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=10)
    with listening(served, ann) as socket:
        assert "hello" in socket.recv(timeout=10)


def test_gone_listeners_are_forgotten(served: Served, ann: Person) -> None:
    for _ in range(20):
        with listening(served, ann) as socket:
            socket.recv(timeout=10)
    with listening(served, ann) as socket:
        socket.recv(timeout=10)
        publish(7)
        assert numbers(heard(socket)) == [7]


# ------------------------------------------------------------------ the socket's sender alone


class Socket:
    """Stands where a websocket stands: what was sent, and a flag to wait for."""

    def __init__(self) -> None:
        self.sent: list[dict[str, object]] = []
        self.closed: int | None = None
        self.scope: dict[str, object] = {}

    async def send_text(self, text: str) -> None:
        self.sent.append(json.loads(text))

    async def close(self, code: int) -> None:
        self.closed = code


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(2000):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it never came")


def test_a_page_read_ahead_of_the_hub_hears_nothing_twice(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(1, 2, 3)
    newest = events.cursor()

    async def scenario() -> Socket:
        hub, socket = Hub(), Socket()
        monkeypatch.setattr(live, "hub", hub)
        hub.cursor = newest - 2
        sending = asyncio.create_task(live._send_events(socket, Who(1, "ann", "admin"), newest - 1))
        await until(lambda: len(socket.sent) == 1)
        for row in events.after(newest - 2):
            hub.publish([Event.of(row)])
        await until(lambda: len(socket.sent) == 2)
        sending.cancel()
        return socket

    found = asyncio.run(scenario())
    assert found.sent[0] == {"hello": newest - 2}
    assert numbers(found.sent[1]["events"]) == [3]


def test_a_stalled_listener_is_told_to_come_back(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> int | None:
        hub, socket, blocked = Hub(), Socket(), asyncio.Event()
        monkeypatch.setattr(live, "hub", hub)
        send = socket.send_text

        async def slowly(text: str) -> None:
            await send(text)
            await blocked.wait()

        socket.send_text = slowly
        sending = asyncio.create_task(live._send_events(socket, Who(1, "ann", "admin"), None))
        await until(lambda: len(socket.sent) == 1)
        for number in range(1, 300):
            hub.publish([event(number)])
        blocked.set()
        await asyncio.wait_for(sending, 10)
        assert not hub.subscribers
        return socket.closed

    assert asyncio.run(scenario()) == 1013


# ------------------------------------------------------------------ the hub alone


def event(number: int, user: int | None = None, kind: str = "tick") -> Event:
    return Event(number, None, f"user/{user}" if user else "tick", user, kind, "{}")


def test_a_listener_that_does_not_keep_up_is_marked_and_the_others_go_on() -> None:
    async def scenario() -> tuple[bool, bool, int]:
        hub, slow, quick = Hub(), Subscriber(1), Subscriber(2)
        hub.subscribers |= {slow, quick}
        for number in range(1, 400):
            hub.publish([event(number)])
            quick.queue.get_nowait()
        return slow.stalled, quick.stalled, hub.cursor

    assert asyncio.run(scenario()) == (True, False, 399)


def test_session_events_look_at_the_sockets_of_that_person_only() -> None:
    hub, looked = Hub(), []
    stop = hub.watch(1, lambda: looked.append(1))
    hub.watch(2, lambda: looked.append(2))
    hub.publish([event(1, 1, "session"), event(2, 1, "session"), event(3, 2, "preference"), event(4, None, "session")])
    assert looked == [1]
    stop()
    hub.publish([event(5, 1, "session")])
    assert looked == [1]
    assert set(hub.watchers) == {2}
