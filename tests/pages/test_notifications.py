"""The bell, the page of all notifications and the card of channels, as their parts are given them."""

from __future__ import annotations

from typing import Any

import pytest

from engine.actions import channels, inbox, runs
from engine.actions import notifications as actions
from engine.queries.notifications import list_notifications
from engine.types import Who
from pages.parts import notifications, state
from tests.pages.conftest import Give, Page, html, part
from tests.store.people import person

HOSTILE = "<img src=x onerror=window.__hit=1>"
SECRET = "c4n4ry"


def tell() -> None:
    while actions.tell():
        pass


@pytest.fixture
def went(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Where one is led to, and what is said in passing."""
    found: list[Any] = []
    monkeypatch.setattr(state, "lead", lambda page, query: found.append((page, query)))
    monkeypatch.setattr(notifications.st, "toast", lambda said, **_: found.append(said))
    return found


def test_the_bell_stays_the_same_while_others_are_told(who: Who) -> None:
    inbox.refuse("main", f"{HOSTILE}.pkl", "It is no table.")
    tell()
    first = notifications.told(who)
    assert (first["unread"], first["items"][0]["title"]) == (1, f"{HOSTILE}.pkl was not taken from the inbox")
    runs_of_somebody_else = person("bob", "member")
    assert notifications.told(runs_of_somebody_else)["items"] == []
    assert notifications.told(who) is first
    actions.read_all(who)
    second = notifications.told(who)
    assert (second["unread"], second["items"][0]["read"]) == (0, True)
    assert second["since"] > first["since"]


def test_what_is_chosen_is_ours(who: Who, give: Give, went: list[Any]) -> None:
    """Of what the browser says only the number counts: target, action and arguments are read from the store."""
    give('{"unknown": 1}\n', "odd.jsonl")
    tell()
    (one,) = list_notifications(who)
    notifications.act(who, {"do": "open", "id": one.id, "target": "https://evil.example"})
    assert went == [("runs", {"project": "main"})]
    assert list_notifications(who)[0].read
    for strange in ({"do": "act", "id": 99}, {"do": "act", "id": "1"}, {"do": "drop", "id": one.id}, {}, None):
        notifications.act(who, strange)
    assert went[1:] == ["There is no such notification\\."]


def test_an_action_is_taken_with_the_rights_of_whoever_asks(who: Who, give: Give, went: list[Any]) -> None:
    number = give("a,b\n1,2\n", "odd.csv", read=False)
    work = runs.claim("worker")
    assert work is not None
    runs.fail(work, {"code": "broken", "message": "Broken."})
    tell()
    (one,) = list_notifications(who)
    as_viewer = Who(who.user_id, who.name, "viewer", who.session)
    notifications.act(as_viewer, {"do": "act", "id": one.id})
    assert went == ["There is nothing to do about it any more\\."]
    notifications.act(who, {"do": "act", "id": one.id})
    assert went[1:] == ["Done: Try again"]
    assert (runs.claim("worker") or work).dataset_id == number


def test_the_page_of_all(page: Page, who: Who, give: Give) -> None:
    give("a,b\n1,2\n", f"{HOSTILE}.csv")
    inbox.refuse("main", "x.pkl", "It is no table.")
    tell()
    app = page("notifications")
    assert not app.exception
    listed = part(app, "listing")
    assert listed is not None
    assert [row["name"] for row in listed["rows"]] == [
        "x.pkl was not taken from the inbox", f"{HOSTILE}.csv could not be read"
    ]  # fmt: skip
    assert HOSTILE not in html(app)
    app = page("notifications", kind="alarm")
    assert (part(app, "listing") or {})["rows"] == []


def test_the_card_of_channels(page: Page, who: Who) -> None:
    channels.add(who, HOSTILE, f"jsons://example.com/{SECRET}", "alarm")
    app = page("settings")
    assert not app.exception
    given = part(app, "channels")
    assert given is not None
    (one,) = given["channels"]
    assert (one["name"], one["shown"], one["kinds"]) == (HOSTILE, "webhook · example.com/…", ["alarm"])
    assert SECRET not in repr(app.main) + repr(given)
