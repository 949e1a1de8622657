"""Who waits on Postgres hears of a commit at once, survives a lost connection, and reads one view of the store."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import aclosing

import psycopg
import pytest
from sqlalchemy import text
from sqlmodel import select

from engine.errors import StoreUnavailable
from engine.queries import events
from engine.settings import get_settings
from engine.store.engine import close_store, fetch, get_store
from engine.store.migrate import check
from engine.store.notices import Listener
from engine.store.tables import User
from engine.store.transaction import reading, transaction
from jobs.changes import Changes
from tests.store.fixtures import Installation
from tests.store.people import person

POSTGRES = pytest.mark.parametrize(
    "installation", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
LONG = 20.0
"""Seconds of a wait that a notice has to cut short."""


def publish() -> None:
    with transaction() as tx:
        tx.publish("main", "test", "number", {})


def publish_and_fail() -> None:
    with transaction() as tx:
        tx.publish("main", "test", "number", {})
        tx.insert_events()
        raise ZeroDivisionError


def end_other_connections() -> None:
    with get_store().writer.connect() as connection:
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND {}"
        connection.execute(text(others.format("datname = current_database()")))


@POSTGRES
def test_a_commit_is_heard_at_once(installation: Installation) -> None:
    listener = Listener(get_settings().url)
    assert listener.heard(LONG), "a new connection asks to look"
    assert not listener.heard(0.01)
    publish()
    began = time.monotonic()
    assert listener.heard(LONG)
    assert time.monotonic() - began < LONG / 2
    listener.close()


@POSTGRES
def test_what_is_rolled_back_is_not_heard(installation: Installation) -> None:
    listener = Listener(get_settings().url)
    listener.heard(LONG)
    with pytest.raises(ZeroDivisionError):
        publish_and_fail()
    assert not listener.heard(0.05)
    listener.close()


@POSTGRES
def test_the_event_loop_hears_it_too_and_the_backstop_comes_without(installation: Installation) -> None:
    async def heard() -> list[int]:
        seen: list[int] = []
        async with aclosing(events.commits(LONG)) as commits:
            async for _commit in commits:
                seen += [event["id"] for event in await asyncio.to_thread(events.after, max(seen, default=0))]
                if len(seen) == 2:
                    break
                await asyncio.to_thread(publish)
        async with aclosing(events.commits(0.01)) as quiet:
            await anext(quiet)
            await anext(quiet)
        return seen

    publish()
    began = time.monotonic()
    assert len(asyncio.run(heard())) == 2
    assert time.monotonic() - began < LONG / 2


@POSTGRES
def test_a_cut_listener_says_so_and_listens_again(installation: Installation) -> None:
    listener = Listener(get_settings().url)
    listener.heard(LONG)
    end_other_connections()
    with pytest.raises(psycopg.OperationalError):
        listener.heard(LONG)
    assert listener.heard(LONG)
    publish()
    assert listener.heard(LONG)
    listener.close()


def test_the_runner_waits_for_changes_or_its_own_wake(installation: Installation) -> None:
    changes, wake = Changes(get_settings().url), threading.Event()
    changes.wait(wake, 0.05)
    began = time.monotonic()
    threading.Timer(0.05, publish).start()
    changes.wait(wake, LONG)
    threading.Timer(0.05, wake.set).start()
    changes.wait(wake, LONG)
    assert not wake.is_set()
    assert time.monotonic() - began < LONG / 2
    changes.close()


@POSTGRES
def test_connections_that_were_cut_are_replaced(installation: Installation) -> None:
    fetch("SELECT 1")
    end_other_connections()
    assert fetch("SELECT 1")[0][0] == 1
    person()


@pytest.mark.postgres
@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_a_database_that_is_away_is_named(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    close_store()
    monkeypatch.setattr(get_settings(), "database_url", "postgresql://nobody@127.0.0.1:9/none")
    for use in (events.cursor, person, check):
        with pytest.raises(StoreUnavailable) as refused:
            use()
        assert refused.value.code == "store_unreachable"
        assert "127.0.0.1" not in refused.value.message


def test_several_reads_see_one_moment(installation: Installation) -> None:
    person("before")
    with reading() as rows:
        first = rows.exec(select(User.name)).all()
        person("after")
        assert rows.exec(select(User.name)).all() == first == ["before"]
    assert len(fetch('SELECT 1 FROM "user"')) == 2
