"""Telling people of events: each once, in the right words, those who may know and nobody else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from engine import registry
from engine.actions import decisions, inbox, memberships, notifications, people, runs
from engine.errors import AccessDenied, NotFound
from engine.queries import events
from engine.queries.notifications import get_notification, list_notifications, unread
from engine.store.engine import fetch
from engine.store.migrate import downgrade, migrate
from engine.store.tables import Notification, Run
from engine.store.times import now
from engine.store.transaction import Transaction, transaction
from engine.types import Who
from tests.access.matrix_calls import answered_by_itself, token_of
from tests.store.fixtures import Installation
from tests.store.people import answer, digest, join, person, project, read, report, upload

HOSTILE = "<img src=x onerror=alert(1)> {count} %s $where"


def tell() -> None:
    """What the foreman does."""
    while notifications.tell():
        pass


def titles(who: Who) -> list[str]:
    return [one.title for one in list_notifications(who)]


def failed(who: Who | None, name: str = "scores.jsonl", **more: Any) -> int:
    """A run that was asked for, or one of the inbox, and failed."""
    asker = who or person("the inbox", "analyst")
    number = upload(asker, name, name).run_id or 0
    if who is None:
        with transaction() as tx:
            tx.session.get_one(Run, number).requested_by = None
    while (work := runs.claim("worker")) is not None:
        runs.fail(work, {"code": "broken", "message": "Broken.", **more})
        if work.run_id == number:
            break
    return number


def test_each_event_is_told_once_whatever_breaks(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """A foreman that dies anywhere before the end of its transaction has told nothing; the next one tells all of it."""
    who = person()
    for number in range(3):
        failed(who, f"{number}.jsonl")
    for place in ("insert_events", "publish"):
        with monkeypatch.context() as patch:
            patch.setattr(Transaction, place, lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                notifications.tell()
        assert titles(who) == []
    for _ in range(3):
        tell()
    assert titles(who) == [f"{number}.jsonl could not be read" for number in (2, 1, 0)]
    told = [one for one in events.after(0) if one["kind"] == "notification"]
    assert [one["body"]["item"]["title"] for one in told] == titles(who)[::-1]


def test_two_foremen_tell_once(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second began before the first was done: it finds that the place has moved on."""
    who = person()
    failed(who)
    place = notifications._place()
    tell()
    monkeypatch.setattr(notifications, "_place", lambda: place)
    notifications.tell()
    assert len(titles(who)) == 1


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_what_is_not_told_is_passed_over(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    who = person()
    monkeypatch.setattr(notifications, "SAID_EVERY", 3)
    for value in "abcd":
        people.set_preference(who, "note", value)
    tell()
    assert notifications._place() == events.cursor()
    assert titles(who) == []


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_a_storm_is_one_notification_with_a_count(installation: Installation) -> None:
    who, bob = person(), person("bob", "analyst")
    with transaction() as tx:
        for number in range(500):
            tx.publish("main", "project/main", "inbox_refused", {"name": f"{number}.pkl", "reason": "It is no table."})
    tell()
    (one,) = list_notifications(who)
    assert (one.title, one.body, one.count) == (
        "500 files of the inbox were not taken", "499.pkl: It is no table.", 500
    )  # fmt: skip
    assert unread(who) == unread(bob) == 1
    assert len([one for one in events.after(0, 5000) if one["kind"] == "notification"]) <= 4
    inbox.refuse("main", "more.pkl", "It is no table.")
    notifications.read_all(who)
    tell()
    assert [(one.count, one.read) for one in list_notifications(who)] == [(501, False)]


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_runs_come_one_by_one_until_there_are_many(installation: Installation) -> None:
    who = person()
    for number in range(5):
        failed(who, f"{number}.jsonl")
        tell()
    assert titles(who) == ["3 runs failed", "1.jsonl could not be read", "0.jsonl could not be read"]
    assert list_notifications(who)[0].action == {}, "what is done about three is done on their page"


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_who_hears_of_a_failed_run(installation: Installation) -> None:
    """Whoever asked for it; of what nobody asked for those who may try it again; never somebody without the project."""
    ann, bob = person(), person("bob", "analyst")
    viewer, nobody = person("vic", "viewer"), join(person("eve", "member"), "elsewhere", "admin")
    gone = person("gone", "admin")
    people.disable(ann, gone.user_id)
    number = failed(bob)
    tell()
    assert [titles(who) for who in (ann, bob, viewer, nobody, gone)] == [
        [],
        ["scores.jsonl could not be read"],
        [],
        [],
        [],
    ]
    (one,) = list_notifications(bob)
    assert one.action == {"name": "run.retry", "title": "Try again", "arguments": {"run_id": number}}
    registry.run(bob, one.action["name"], one.action["arguments"])
    assert fetch("SELECT state FROM run WHERE id = :id", {"id": number})[0][0] == "queued"
    failed(None, "live.jsonl")
    tell()
    assert [titles(who)[:1] for who in (ann, viewer, nobody)] == [["live.jsonl could not be read"], [], []]


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_an_action_is_offered_to_those_who_may(installation: Installation) -> None:
    bob = join(person("bob", "member"), "main", "analyst")
    failed(bob)
    tell()
    assert list_notifications(bob)[0].action["name"] == "run.retry"
    as_viewer = Who(bob.user_id, bob.name, "member", roles={"main": "viewer"})
    assert list_notifications(as_viewer)[0].action == {}
    outside = Who(bob.user_id, bob.name, "member")
    assert list_notifications(outside) == []
    assert unread(outside) == 0
    with pytest.raises(NotFound):
        get_notification(outside, 1)
    with pytest.raises(NotFound):
        notifications.read(outside, 1)


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_misread_columns_lead_to_their_page(installation: Installation) -> None:
    who = person()
    failed(who, source_columns=[{"name": "m", "examples": [], "role": None, "confidence": 0.0}], signature="0" * 64)
    tell()
    (one,) = list_notifications(who)
    assert one.action == {"name": "dataset.set_mapping", "title": "Name the columns", "arguments": {"dataset_id": 1}}


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("seconds", "told"), [(9, []), (11, ["scores.jsonl is done"])])
def test_a_long_run_that_is_done(installation: Installation, seconds: int, told: list[str]) -> None:
    who = person()
    upload(who)
    work = runs.claim("worker")
    assert work is not None
    with transaction() as tx:
        tx.session.get_one(Run, work.run_id).started_at = now() - timedelta(seconds=seconds)
    read(work)
    tell()
    assert titles(who) == told


def test_decisions_of_others(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decisions, "_concludes", [answered_by_itself])
    ann, bob = person(), person("bob", "analyst")
    dataset = upload(ann).dataset_id
    number = decisions.record(ann, "main", HOSTILE, "it is better", "calibration", [dataset])
    decisions.withdraw(bob, number, "the labels were swapped")
    tell()
    assert titles(bob) == [f"ann decided: {HOSTILE}"]
    assert titles(ann) == [f"bob withdrew the decision: {HOSTILE}"]
    assert list_notifications(ann)[0].body == "the labels were swapped"


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_a_membership_that_somebody_else_gave(installation: Installation) -> None:
    ann, bob = person(), person("bob", "member")
    project("secret")
    memberships.put(ann, "secret", bob.user_id, "analyst")
    memberships.put(ann, "secret", ann.user_id, "admin")
    tell()
    member = Who(bob.user_id, "bob", "member", roles={"secret": "analyst"})
    assert titles(member) == ["You are analyst in Secret now"]
    assert titles(ann) == []
    memberships.remove(ann, "secret", bob.user_id)
    tell()
    assert titles(bob) == [], "of a project that one was taken out of nothing is said"


def verdict(name: str, analysis: str = "calibration") -> dict[str, Any]:
    return {**answer(), "analysis": analysis, "verdict": name, "sentence": f"It is {name}."}


def test_an_alarm_rings_once_a_turn(installation: Installation) -> None:
    """Not at the first answer, not while it stays, not when it turns back, not because of another analysis."""
    who, viewer, outside = person(), person("vic", "viewer"), person("eve", "member")
    dataset = upload(who).dataset_id
    course = ["over_confident", "calibrated", "over_confident", "over_confident", "undecided", "under_confident"]
    for place, name in enumerate(course):
        if place:
            runs.request(who, dataset, "read")
        work = runs.claim("worker")
        assert work is not None
        segment = runs.NewSegment(digest(str(place)), 3, 100)
        runs.finish(work, segment=segment, report=report(), answer=verdict(name))
    alarms = [one["body"] for one in events.after(0) if one["kind"] == "alarm"]
    assert [(one["was"], one["verdict"]) for one in alarms] == [
        ("calibrated", "over_confident"),
        ("undecided", "under_confident"),
    ]
    assert alarms[0] == {
        "dataset": dataset, "analysis": "calibration", "verdict": "over_confident", "was": "calibrated",
        "sentence": "It is over_confident.",
    }  # fmt: skip
    tell()
    (one,) = list_notifications(viewer)
    assert (one.title, one.count) == ("scores.jsonl turned 2 times: undecided before, now under confident", 2)
    assert one.target == f"calibration?dataset={dataset}&project=main"
    assert titles(outside) == []


def test_what_does_not_lead_rings_too(installation: Installation) -> None:
    """Each analysis by itself, once a turn; where it was not asked, what it said last is what it turns from."""
    who = person()
    dataset = upload(who).dataset_id
    course: list[dict[str, Any]] = [
        {"others": {"monitor": {"verdict": "no_alarm", "sentence": "Quiet."}}},
        {},
        {
            "others": {
                "monitor": {"verdict": "alarm", "sentence": "1 alarm."},
                "drift": {"verdict": "drifted", "sentence": "Moved."},
            }
        },
        {},
        {
            "others": {
                "monitor": {"verdict": "alarm", "sentence": "2 alarms."},
                "drift": {"verdict": "drifted", "sentence": "Moved."},
            }
        },
    ]
    for place, others in enumerate(course):
        if place:
            runs.request(who, dataset, "read")
        work = runs.claim("worker")
        assert work is not None
        segment = runs.NewSegment(digest(str(place)), 3, 100)
        runs.finish(work, segment=segment, report=report(), answer={**verdict("rose", "curves"), **others})
    alarms = [one["body"] for one in events.after(0) if one["kind"] == "alarm"]
    told = {"dataset": dataset, "analysis": "monitor", "verdict": "alarm", "was": "no_alarm", "sentence": "1 alarm."}
    assert alarms == [told]


def test_reading(installation: Installation) -> None:
    ann, bob = person(), person("bob")
    failed(ann)
    failed(ann, "second.jsonl")
    tell()
    first, second = sorted(one.id for one in list_notifications(ann))
    with pytest.raises(NotFound):
        notifications.read(bob, first)
    with pytest.raises(NotFound):
        get_notification(bob, first)
    notifications.read(ann, first)
    notifications.read(ann, first)
    assert [one.read for one in list_notifications(ann)] == [False, True]
    assert notifications.read_all(ann) == 1
    assert notifications.read_all(ann) == 0
    assert unread(ann) == 0
    told = [one["body"] for one in events.after(0) if one["kind"] == "notification" and one["body"]["change"] == "read"]
    assert told == [{"change": "read", "ids": [first]}, {"change": "read", "ids": None}]
    assert [one.id for one in list_notifications(ann, before=second)] == [first]
    assert list_notifications(ann, kind="alarm") == []


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_a_reading_token_reads_only(installation: Installation) -> None:
    who = person()
    failed(who)
    tell()
    with pytest.raises(AccessDenied):
        notifications.read_all(token_of(who, "read", ""))
    assert titles(token_of(who, "read", "")) == ["scores.jsonl could not be read"]


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_what_is_old_is_forgotten(installation: Installation) -> None:
    who = person()
    failed(who)
    failed(who, "second.jsonl")
    tell()
    with transaction() as tx:
        tx.session.get_one(Notification, 1).at = now() - timedelta(days=91)
    assert notifications.prune() == 1
    assert titles(who) == ["second.jsonl could not be read"]


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_an_upgraded_store_tells_nothing_of_the_past(installation: Installation) -> None:
    """The place from which on events are told is that of the upgrade."""
    who = person()
    failed(who)
    downgrade("0008")
    migrate()
    tell()
    assert titles(who) == []
    with transaction() as tx:
        assert tx.session.connection().execute(text("SELECT count(*) FROM follower")).scalar_one() == 1
    failed(who, "second.jsonl")
    tell()
    assert titles(who) == ["second.jsonl could not be read"]
