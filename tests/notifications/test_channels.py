"""Channels: what goes where and when, what becomes of failures, and that an address is never seen again."""

from __future__ import annotations

import json
import logging
import socket
import sqlite3
import stat
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from engine import registry
from engine.access import sealing
from engine.actions import channels, inbox, memberships, notifications, people
from engine.errors import AccessDenied, Conflict, LimitExceeded, NotFound, UsageError
from engine.queries import audit, events
from engine.queries.channels import list_channels
from engine.queries.notifications import list_notifications
from engine.store.engine import fetch
from engine.store.tables import Channel, Notification
from engine.store.times import now
from engine.store.transaction import transaction
from engine.types import ChannelView, Who
from jobs import sending, sending_main
from tests.access.matrix_calls import token_of
from tests.store.fixtures import Installation
from tests.store.people import join, person

SECRET = "c4n4ry-secret"
HOOK = f"jsons://example.com/{SECRET}"
pytestmark = pytest.mark.parametrize("installation", ["sqlite"], indirect=True)


class Post:
    """Stands in for the child that sends."""

    def __init__(self) -> None:
        self.error = ""
        self.got: list[channels.Message] = []

    def __call__(self, message: channels.Message) -> str:
        self.got.append(message)
        return self.error


@pytest.fixture
def post() -> Post:
    return Post()


def refuse(*names: str, project: str = "main") -> None:
    for name in names:
        inbox.refuse(project, name, "It is no table.")
    while notifications.tell():
        pass


def one(who: Who) -> ChannelView:
    (found,) = list_channels(who)
    return found


def due_again(number: int = 1) -> None:
    with transaction() as tx:
        tx.session.get_one(Channel, number).due_at = now() - timedelta(seconds=1)


def test_what_was_chosen_is_sent_once(installation: Installation, post: Post) -> None:
    who, bob = person(), person("bob")
    refuse("before.pkl")
    channels.add(who, "hook", HOOK, "file_refused")
    channels.add(who, "alarms", HOOK, "alarm")
    channels.add(bob, "nothing", HOOK)
    channels.set_kinds(bob, 3, "")
    assert sending.round_of(post) == 0, "what was told before the channel was there does not go there"
    with transaction() as tx:
        tx.session.add(Notification(user_id=who.user_id, kind="file_refused", level="warn", title="x.pkl was not taken",
                                    body="It is no table.", project="main", event=99))  # fmt: skip
    assert sending.round_of(post) == 1
    assert sending.round_of(post) == 0
    (message,) = post.got
    assert (message.channel_id, message.title, message.level) == (1, "x.pkl was not taken", "warn")
    assert message.body == "It is no table.\n\nProject main"
    with transaction() as tx:
        for number in range(12):
            tx.session.add(Notification(user_id=who.user_id, kind="file_refused", level="warn", title=f"{number}.pkl",
                                        event=100 + number))  # fmt: skip
    sending.round_of(post)
    assert post.got[-1].title == "12 notifications"
    assert post.got[-1].body.splitlines()[0] == "- 0.pkl"
    assert post.got[-1].body.splitlines()[-1] == "and 2 more"


def test_a_failing_channel_is_tried_later_and_then_paused(installation: Installation, post: Post) -> None:
    who = person()
    channels.add(who, "hook", HOOK)
    refuse("x.pkl")
    post.error = "There is nothing at this address any more (404)."
    waits = []
    for _ in range(channels.MOST_FAILURES):
        sending.round_of(post)
        assert sending.round_of(post) == 0, "it waits"
        with transaction() as tx:
            waits.append(round((tx.session.get_one(Channel, 1).due_at - now()).total_seconds()))  # type: ignore[operator]
        due_again()
    assert waits == [30, 120, 480, 1920, 7680]
    assert one(who).paused
    assert one(who).error == post.error
    assert sending.round_of(post) == 0
    while notifications.tell():
        pass
    told = list_notifications(who)[0]
    assert (told.kind, told.title) == ("channel_paused", "Nothing is sent to hook any more")
    assert "404" in told.body
    post.error = ""
    registry.run(who, told.action["name"], told.action["arguments"])
    assert one(who).testing
    with pytest.raises(Conflict):
        channels.test(who, 1)
    assert sending.round_of(post) == 1
    assert post.got[-1].test
    assert (one(who).paused, one(who).error, one(who).testing) == (False, "", False)
    assert sending.round_of(post) == 0, "what it missed while it was paused stays in the bell"


def test_a_failed_test_says_why_and_pauses_nothing(installation: Installation, post: Post) -> None:
    who = person()
    channels.add(who, "hook", HOOK)
    post.error = "It was refused (403)."
    for _ in range(6):
        channels.test(who, 1)
        sending.round_of(post)
    assert (one(who).error, one(who).paused) == (post.error, False)
    told = [event["body"]["change"] for event in events.after(0) if event["kind"] == "channel"]
    assert told[:3] == ["added", "testing", "failed"]


def test_nothing_goes_to_who_may_not_know_it(installation: Installation, post: Post) -> None:
    """Whoever was disabled, or taken out of the project between telling and sending, is not sent anything."""
    admin = person()
    bob, eve = join(person("bob", "member"), "main", "analyst"), join(person("eve", "member"), "main", "analyst")
    for who in (bob, eve):
        channels.add(who, "hook", HOOK)
    refuse("x.pkl")
    memberships.remove(admin, "main", bob.user_id)
    people.disable(admin, eve.user_id)
    assert sending.round_of(post) == 0


def test_an_address_is_never_seen_again(
    installation: Installation, post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    who = person()
    number = registry.run(who, "channel.add", {"name": "hook", "address": HOOK})
    registry.run(who, "channel.set_kinds", {"channel_id": number, "kinds": "file_refused"})
    registry.run(who, "channel.test", {"channel_id": number})
    sending.round_of(post)
    post.error = "It could not be reached."
    refuse("x.pkl")
    sending.round_of(post)
    assert post.got[0].address == HOOK
    assert SECRET not in repr(list_channels(who)) + repr(audit.lines(who)) + repr(events.after(0)) + caplog.text
    stored = "".join(sqlite3.connect(installation.settings.home / "plumbline.db").iterdump())
    assert SECRET not in stored
    assert "hook" in stored
    registry.run(who, "channel.remove", {"channel_id": number})
    assert fetch("SELECT * FROM channel") == []
    assert {line.action for line in audit.lines(who)} >= {
        "add_channel", "set_channel_kinds", "test_channel", "remove_channel"
    }  # fmt: skip


def test_the_key_is_for_its_owner_only_and_another_one_opens_nothing(installation: Installation, post: Post) -> None:
    who = person()
    channels.add(who, "hook", HOOK)
    key = installation.settings.home / sealing.FILE
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert list(installation.settings.home.glob(".sealing*")) == []
    key.unlink()
    channels.test(who, 1)
    assert sending.round_of(post) == 0
    assert "add it again" in one(who).error
    assert not one(who).testing


def test_rights(installation: Installation) -> None:
    who, bob = person(), person("bob", "member")
    number = channels.add(bob, "hook", HOOK)
    for act in (channels.test, channels.remove, lambda who, number: channels.set_kinds(who, number, "alarm")):
        with pytest.raises(NotFound):
            act(who, number)
        with pytest.raises(AccessDenied):
            act(token_of(bob, "admin", ""), number)
    with pytest.raises(AccessDenied):
        channels.add(token_of(bob, "admin", ""), "hook", HOOK)
    with pytest.raises(UsageError):
        channels.set_kinds(bob, number, "alarm,nonsense")
    for place in range(channels.MOST - 1):
        channels.add(bob, f"hook {place}", HOOK)
    with pytest.raises(LimitExceeded):
        channels.add(bob, "one more", HOOK)


class Receiver(BaseHTTPRequestHandler):
    """Takes what is posted; the last part of the path is the status that it answers with."""

    got: list[dict[str, Any]]

    def do_POST(self) -> None:
        self.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(int(self.path.rpartition("/")[2]))
        self.send_header("Location", "/200")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A webhook on loopback: its address, and what came."""
    got: list[dict[str, Any]] = []
    server = HTTPServer(("127.0.0.1", 0), type("Here", (Receiver,), {"got": got}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", got
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_webhook_gets_json_by_the_child(
    installation: Installation, receiver: tuple[str, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real child and library. On loopback only where the installation allows it."""
    who = person()
    address, got = receiver
    with pytest.raises(UsageError, match="private network"):
        channels.add(who, "hook", f"{address}/200")
    monkeypatch.setattr(installation.settings, "notify_private", True)
    channels.add(who, "hook", f"{address}/200")
    refuse("<b>x</b>.pkl")
    assert sending.round_of() == 1
    (told,) = got
    assert told["title"] == "<b>x</b>.pkl was not taken from the inbox"
    assert told["message"] == "<b>x</b>.pkl: It is no table.\n\nProject main"
    assert told["type"] == "warning"
    assert one(who).error == ""


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of what the library imports
def test_where_a_name_leads_is_decided_when_it_is_sent(
    installation: Installation, receiver: tuple[str, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A public name that leads to loopback now, whatever it did when the channel was added."""
    address, got = receiver
    port = address.rpartition(":")[2]
    here = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", int(port)))]
    told = {"address": f"json://public.example:{port}/200", "title": "t", "body": "b", "level": "bad"}
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: here)
    assert sending_main.send({**told, "private": True}) == ""
    assert len(got) == 1
    assert sending_main.send({**told, "private": False}) == sending_main.PRIVATE
    assert len(got) == 1


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of what the library imports
def test_what_a_status_means(
    installation: Installation, receiver: tuple[str, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for status, said in ((403, "refused (403)"), (404, "nothing at this address"), (429, "patience"), (503, "trouble")):
        address = f"{receiver[0].replace('http', 'json')}/{SECRET}/{status}"
        told = {"address": address, "title": "t", "body": "b", "level": "bad", "private": True}
        error = sending_main.send(told)
        assert said in error
        assert SECRET not in error
    assert sending_main.send({**told, "address": "exec://id"}) == sending_main.NO_ADDRESS
