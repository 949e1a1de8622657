"""The outbox: every event once, in order of commits, last in its transaction."""

from __future__ import annotations

import queue
import random
import threading
import time
from collections.abc import Callable

import pytest
from sqlalchemy import event as listening

from engine.actions import maintenance
from engine.queries import events
from engine.settings import get_settings
from engine.store.engine import fetch, get_store
from engine.store.tables import Preference
from engine.store.transaction import Transaction, transaction
from tests.store.fixtures import Installation
from tests.store.people import person

WRITERS, EACH = 4, 40


def publish(number: int, project: str | None = "main") -> list[int]:
    with transaction() as tx:
        tx.publish(project, "test", "number", {"number": number})
    return tx.event_ids


def slow_commits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave time between an event's insert and its commit, so that orders could differ."""
    draw, insert = random.Random(3), Transaction.insert_events

    def insert_and_wait(self: Transaction) -> None:
        insert(self)
        time.sleep(draw.random() / 200)

    monkeypatch.setattr(Transaction, "insert_events", insert_and_wait)


def test_a_tailer_sees_every_event_once_and_in_order(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow_commits(monkeypatch)
    start = events.cursor()

    def write(writer: int) -> None:
        for number in range(EACH):
            publish(writer * EACH + number)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(WRITERS)]
    for thread in threads:
        thread.start()
    seen, cursor, deadline = [], start, time.monotonic() + 60
    while len(seen) < WRITERS * EACH and time.monotonic() < deadline:
        found = events.after(cursor, 7)
        seen += found
        cursor = found[-1]["id"] if found else cursor
    for thread in threads:
        thread.join()
    assert events.after(cursor) == []
    assert [each["id"] for each in seen] == list(range(start + 1, start + 1 + WRITERS * EACH))
    assert {each["body"]["number"] for each in seen} == set(range(WRITERS * EACH))


def test_events_come_last_in_their_transaction(installation: Installation) -> None:
    who, written = person(), []

    def remember(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        written.append(statement.split()[:3])

    listening.listen(get_store().writer, "before_cursor_execute", remember)
    with transaction() as tx:
        tx.publish("main", "test", "early", {})
        tx.session.merge(Preference(user_id=who.user_id, key="theme", value="dark"))
    listening.remove(get_store().writer, "before_cursor_execute", remember)
    changes = [words[2] for words in written if words[0] in ("INSERT", "UPDATE")]
    assert changes == ["preference", "event"]


def publish_and_fail() -> None:
    with transaction() as tx:
        tx.publish("main", "test", "number", {})
        raise ZeroDivisionError


def test_what_fails_is_not_told(installation: Installation) -> None:
    before = events.cursor()
    with pytest.raises(ZeroDivisionError):
        publish_and_fail()
    assert events.cursor() == before
    assert publish(1) == [before + 1]


def test_events_carry_what_was_said(installation: Installation) -> None:
    body = {"text": "ü \u2028 </script> \x00", "none": None, "deep": {"list": [1, 2.5, True]}}
    with transaction() as tx:
        tx.publish(None, "user/1", "session", body)
        tx.publish("main", "project/main", "demo", {})
    first, second = events.after(tx.event_ids[0] - 1)
    assert (first["project"], first["topic"], first["kind"], first["body"]) == (None, "user/1", "session", body)
    assert first["at"].endswith("+00:00")
    assert first["at"] <= second["at"]


def test_the_store_forgets_old_events_but_never_their_numbers(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_settings(), "events_kept", 10)
    assert events.oldest() == events.cursor() == 0
    first = publish(0)[0]
    for number in range(1, 30):
        publish(number)
    assert maintenance.prune().events == 20
    assert (events.oldest(), events.cursor()) == (first + 20, first + 29)
    assert len(events.after(0)) == 10
    monkeypatch.setattr(get_settings(), "events_kept", 0)
    maintenance.prune()
    assert events.cursor() == first + 29
    assert publish(1) == [first + 30]


def test_a_page_of_events_is_bounded(installation: Installation) -> None:
    for number in range(5):
        publish(number)
    assert [len(events.after(0, limit)) for limit in (-1, 0, 2, 10**9)] == [0, 0, 2, 5]
    assert events.after(10**12) == []


class Rerun:
    """What a rerun is to the outbox: a thread that reads as of one event. Each step runs on it, when asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked = 0
        self._steps: queue.Queue[Callable[[], object]] = queue.Queue()
        self._told: queue.Queue[object] = queue.Queue()
        monkeypatch.setattr(events, "fetch", self._fetch)
        threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        while True:
            self._told.put(self._steps.get()())

    def _fetch(self, sql: str) -> object:
        self.asked += 1
        return fetch(sql)

    def do(self, step: Callable[[], object]) -> object:
        self._steps.put(step)
        return self._told.get(timeout=30)


def test_a_rerun_reads_as_of_one_event(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "HELD_SECONDS", 600.0)
    rerun = Rerun(monkeypatch)
    rerun.do(events.hold)
    before = rerun.do(events.cursor)
    publish(1)
    assert [rerun.do(events.cursor) for _ in range(3)] == [before] * 3
    assert rerun.asked == 1
    assert events.cursor() == int(str(before)) + 1
    rerun.do(events.hold)
    assert rerun.do(events.cursor) == int(str(before)) + 1


def test_what_a_rerun_writes_it_reads(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "HELD_SECONDS", 600.0)
    rerun = Rerun(monkeypatch)
    rerun.do(events.hold)
    before = int(str(rerun.do(events.cursor)))
    rerun.do(lambda: publish(1))
    assert rerun.do(events.cursor) == before + 1


def test_a_long_rerun_asks_again(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "HELD_SECONDS", 0.0)
    rerun = Rerun(monkeypatch)
    rerun.do(events.hold)
    before = int(str(rerun.do(events.cursor)))
    publish(1)
    assert rerun.do(events.cursor) == before + 1
