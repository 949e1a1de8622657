"""What somebody has open ends, or comes back with less, when what they may do changes (test 9 of the catalogue)."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from engine.actions import memberships, passwords, people, projects, tokens
from engine.queries import events
from engine.queries import tokens as token_queries
from engine.queries.people import who_is
from engine.store.transaction import transaction
from tests.store.people import project
from tests.web.serving import PASSWORD, Person, Served, register
from web.api import stream
from web.hosting import IDENTITY
from web.hub import Batch, Event, Subscriber

GUARD = 20.0
"""Far more than it takes, which `make faults` measures: only a test that would hang ends here."""

_numbers = count(1)


@dataclass(frozen=True)
class Case:
    """A change, the code that open websockets close with, and whether the cookie is worth nothing afterwards."""

    change: Callable[[Person, Person, Served], object]
    code: int
    out: bool


def sign_out(_admin: Person, who: Person, served: Served) -> None:
    with served.client(who, accept="text/html") as client:
        assert client.post("/auth/signout").status_code == 303


def new_password(_admin: Person, who: Person, served: Served) -> None:
    """Changed in another browser of the same person."""
    elsewhere = Person(who.who, people.open_session(who.who.user_id, "127.0.0.1", "another"))
    with served.client(elsewhere) as client:
        sent = {"current": PASSWORD, "password": "seventeen calm herons"}
        assert client.post("/signin/password", data=sent).status_code == 303


def reset(admin: Person, who: Person, served: Served) -> None:
    token = passwords.reset(admin.who, who.who.user_id)
    with served.client() as client:
        sent = {"token": token, "password": "seventeen calm herons"}
        assert client.post("/signin/link", data=sent).status_code == 303


CASES = {
    "signed out": Case(sign_out, 4401, True),
    "session ended by an administrator": Case(
        lambda admin, who, _: people.revoke_session(admin.who, int(who.who.session)), 4401, True
    ),
    "password changed elsewhere": Case(new_password, 4401, True),
    "password reset by a link": Case(reset, 4401, True),
    "password set by the owner of the machine": Case(
        lambda _, who, __: passwords.put(who.who.user_id, "hash"), 4401, True
    ),
    "account disabled": Case(lambda admin, who, _: people.disable(admin.who, who.who.user_id), 4401, True),
    "role changed": Case(lambda admin, who, _: people.set_role(admin.who, who.who.user_id, "operator"), 4403, False),
    "put into a project": Case(
        lambda admin, who, _: memberships.put(admin.who, "main", who.who.user_id, "analyst"), 4403, False
    ),
    "taken out of a project": Case(
        lambda admin, who, _: memberships.remove(admin.who, "lost", who.who.user_id), 4403, False
    ),
}


@pytest.fixture(scope="module")
def admin(served: Served) -> Person:
    project("lost")
    return register("lost admin")


def somebody(admin: Person) -> Person:
    """A member of the project `lost` and of nothing else."""
    made = register(f"lost {next(_numbers)}", "member")
    memberships.put(admin.who, "lost", made.who.user_id, "viewer")
    who = who_is(made.cookie)
    assert who is not None
    return Person(who, made.cookie)


def code_when_closed(socket: ClientConnection) -> int:
    try:
        while True:
            socket.recv(timeout=GUARD)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 0


@pytest.mark.parametrize("name", CASES)
def test_what_is_open_ends_and_the_cookie_with_it(served: Served, admin: Person, name: str) -> None:
    case, who = CASES[name], somebody(admin)
    secret = tokens.create(who.who, "one", "read")
    with (
        served.socket("/_stcore/stream", who, subprotocols=["streamlit"]) as page,
        served.socket("/live", who) as live,
        ThreadPoolExecutor(1) as threads,
    ):
        live.send('{"since": null}')
        assert "hello" in live.recv(timeout=GUARD)
        opened = threading.Event()
        streaming = threads.submit(last_words, served, who, opened)
        assert opened.wait(GUARD)
        case.change(admin, who, served)
        assert [code_when_closed(socket) for socket in (live, page)] == [case.code] * 2
        assert streaming.result(GUARD) == {"code": "signed_out"}
    with served.client(who) as client:
        assert client.get("/api/v1/projects").status_code == (401 if case.out else 200)
        works = client.get("/api/v1/projects", headers={"authorization": f"Bearer {secret}"}).status_code
        assert works == (401 if name == "account disabled" else 200)


def last_words(served: Served, who: Person, opened: threading.Event) -> dict[str, str]:
    """Read the API's stream of events until it ends: what it said last."""
    lines = []
    with (
        served.client(who, accept="text/event-stream") as client,
        client.stream("GET", "/api/v1/events", timeout=GUARD) as answer,
    ):
        for line in filter(None, answer.iter_lines()):
            lines.append(line)
            opened.set()
    assert lines[-2] == "event: end"
    return dict(json.loads(lines[-1].partition(":")[2]))


def test_a_revoked_token_ends_its_streams(served: Served, admin: Person) -> None:
    who = somebody(admin)
    secret = tokens.create(who.who, "one", "read")
    with served.client(authorization=f"Bearer {secret}", accept="text/event-stream") as client:
        with client.stream("GET", "/api/v1/events", timeout=GUARD) as answer:
            lines = answer.iter_lines()
            assert next(lines).startswith("retry")
            tokens.revoke(who.who, token_queries.list_tokens(who.who)[0].id)
            assert "event: end" in list(lines)
        assert client.get("/api/v1/events").status_code == 401


# ------------------------------------------------------------------ going on with a page


def page_of(served: Served, who: Person, before: str = "", **headers: str) -> str:
    """Open a page, or go on with one that was opened before: the id that Streamlit gives it."""
    asked, message = BackMsg(), ForwardMsg()
    asked.rerun_script.page_name = "first"
    given = {"additional_headers": {"Cookie": who.header, **headers}}
    with served.socket("/_stcore/stream", subprotocols=["streamlit", "none", before or "none"], **given) as page:
        page.send(asked.SerializeToString())
        while message.WhichOneof("type") != "new_session":
            message.ParseFromString(page.recv(timeout=GUARD))
    return str(message.new_session.initialize.session_id)


def test_a_page_is_gone_on_with_only_by_whom_it_was_opened(served: Served, admin: Person) -> None:
    """A page keeps what it was for in its memory: buttons and dialogs that act for the person they were made for."""
    who = somebody(admin)
    opened = page_of(served, who)
    assert page_of(served, who, opened) == opened
    assert page_of(served, admin, opened) != opened
    assert page_of(served, admin, opened, **{IDENTITY: "forged"}) != opened
    again = Person(who.who, people.open_session(who.who.user_id, "127.0.0.1", "another"))
    assert page_of(served, again, opened) != opened
    assert page_of(served, who, opened) == opened
    people.set_role(admin.who, who.who.user_id, "operator")
    promoted = page_of(served, who, opened)
    assert promoted != opened
    people.set_role(admin.who, who.who.user_id, "member")
    assert page_of(served, who, promoted) != promoted
    memberships.remove(admin.who, "lost", who.who.user_id)
    assert page_of(served, who, opened) != opened


# ------------------------------------------------------------------ what is heard


def publish(slug: str, number: int) -> None:
    with transaction() as tx:
        tx.publish(slug, f"project/{slug}", "tick", {"n": number})


def heard_until(socket: ClientConnection, last: int) -> list[int]:
    """The numbers of the ticks that come, up to this one."""
    found: list[int] = []
    while last not in found:
        message = json.loads(socket.recv(timeout=GUARD))
        found += [event["body"]["n"] for event in message.get("events", []) if event["kind"] == "tick"]
    return found


def test_nobody_hears_of_projects_they_do_not_see(served: Served, admin: Person) -> None:
    """Also not what happened before they came, nor a project they were taken out of."""
    who, slug = somebody(admin), projects.create(admin.who, f"hidden-{next(_numbers)}")
    began = events.cursor()
    for number in range(20):
        publish(slug if number % 2 else "lost", number)
    with served.socket("/live", who) as live:
        live.send(json.dumps({"since": began}))
        assert heard_until(live, 18) == list(range(0, 20, 2))
        for number in range(20, 40):
            publish(slug if number % 2 else "lost", number)
        assert heard_until(live, 38) == list(range(20, 40, 2))
    memberships.put(admin.who, slug, who.who.user_id, "viewer")
    with served.socket("/live", who) as live:
        live.send(json.dumps({"since": began}))
        assert heard_until(live, 39) == list(range(40))
        memberships.remove(admin.who, "lost", who.who.user_id)
        for number in range(40, 60):
            publish("lost", number)
        assert ticks_until_closed(live) == []
    with served.socket("/live", who) as live:
        live.send(json.dumps({"since": began}))
        assert heard_until(live, 39) == list(range(1, 40, 2))


def ticks_until_closed(socket: ClientConnection) -> list[int]:
    found: list[int] = []
    try:
        while True:
            message = json.loads(socket.recv(timeout=GUARD))
            found += [event["body"]["n"] for event in message.get("events", []) if event["kind"] == "tick"]
    except ConnectionClosed:
        return found


# ------------------------------------------------------------------ expiry, which is no event


def test_a_stream_in_which_much_happens_notices_that_its_session_expired(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "_RECHECK_SECONDS", 0.0)

    async def scenario() -> int:
        subscriber, over, heard = Subscriber(1), asyncio.Event(), 0
        event = Event(1, None, "tick", None, "tick", "{}")
        subscriber.offer(Batch([event]))
        async for _event in stream._queued(subscriber, over, over.set):
            heard += 1
            assert heard < 100
            subscriber.offer(Batch([event]))
        return heard

    assert asyncio.run(scenario()) == 0
