"""What processes say, what is read of it, what it means."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlmodel import col, update

from engine.actions import services, uptime
from engine.errors import AccessDenied, StoreUnavailable
from engine.queries import health, monitoring
from engine.queries.uptime import ALLOWED, budget
from engine.settings import Settings
from engine.store.engine import close_store, fetch
from engine.store.tables import Service
from engine.store.times import now
from engine.store.transaction import transaction
from engine.types import ROLES, Who
from tests.monitoring.conftest import Say
from tests.store.people import person, upload

OPERATOR = Who(1, "ann", "operator")


def test_who_speaks_again_replaces_what_it_said(say: Say) -> None:
    say("web", sessions=1)
    say("web", sessions=2)
    say("web", "other-7", sessions=40)
    found = monitoring.reading(OPERATOR)
    assert [(one.name, one.instance, one.state) for one in found.services] == [
        ("web", "here-1", "running"),
        ("web", "other-7", "running"),
    ]
    assert found.total("sessions") == 42


def test_a_store_that_is_away_fails_nobody(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    close_store()
    store = home.home / "plumbline.db"
    store.rename(store.with_name("gone.db"))
    store.mkdir()
    assert services.say("web", "here-1", "running", {}) is None
    store.rmdir()
    store.with_name("gone.db").rename(store)
    close_store()
    assert services.say("web", "here-1", "running", {}) > 0


def silence(seconds: float) -> None:
    with transaction() as tx:
        statement = update(Service).values(at=now() - timedelta(seconds=seconds))
        tx.session.connection().execute(statement.where(col(Service.name) == "runner"))
    monitoring._latest.clear()


def test_who_is_silent_is_not_alive_and_later_forgotten(say: Say) -> None:
    say(slots=2)
    silence(monitoring.SILENT_SECONDS + 5)
    found = monitoring.reading(OPERATOR)
    assert {one.name: one.state for one in found.services} == {
        "web": "running",
        "foreman": "running",
        "runner": "silent",
    }
    told = monitoring.samples(found)
    assert {sample.labels[0]: sample.value for sample in told["up"]} == {"web": 1, "foreman": 1, "runner": 0}
    assert "runner" not in {sample.labels[0] for sample in told["slots"]}
    silence(monitoring.SAID_SECONDS + 5)
    assert "runner" not in {one.name for one in monitoring.reading(OPERATOR).services}
    assert services.forget() == 0
    silence(3700)
    assert services.forget() == 1


@pytest.mark.parametrize("role", ROLES)
def test_only_operators_and_administrators_may_look(home: Settings, role: str) -> None:
    who = person("bea", role)
    if role in ("operator", "admin"):
        assert monitoring.reading(who).services == ()
        assert monitoring.course(who) == []
    else:
        for look in (monitoring.reading, monitoring.course, monitoring.scraped):
            with pytest.raises(AccessDenied):
                look(who)


def test_the_queue_and_the_runs_are_those_of_the_store(home: Settings) -> None:
    who = person()
    upload(who, "one", "one.csv")
    upload(who, "two", "two.csv")
    store = monitoring.reading(OPERATOR).store
    assert store["queue_length"] == 2 == store["runs"]["queued"]
    assert 0 <= store["queue_oldest_seconds"] < 60
    assert store["store_bytes"] > 4096
    assert store["events_kept"] == fetch("SELECT count(*) FROM event")[0][0]
    assert 0 < store["disk_free_bytes"] < store["disk_total_bytes"]


# ------------------------------------------------------------------ uptime


def test_probes_are_counted_by_the_hour_and_survive(home: Settings) -> None:
    start = now().replace(minute=59, second=55)
    for number in range(6):
        uptime.record(number != 3, start + timedelta(seconds=10 * number))
    close_store()
    assert fetch("SELECT good, bad FROM uptime ORDER BY hour") == [(1, 0), (4, 1)]
    spent = budget(start)
    assert (spent.good, spent.bad) == (5, 1)
    assert spent.left == 1 - 1 / ALLOWED
    assert spent.uptime == 5 / 6
    assert spent.minutes_left == (ALLOWED - 1) * 10 / 60


def test_the_budget_is_forty_three_minutes_of_thirty_days(home: Settings) -> None:
    assert pytest.approx(43.2, abs=0.2) == ALLOWED * 10 / 60
    long_ago, recent = now() - timedelta(days=30, hours=2), now() - timedelta(days=29)
    for _ in range(5):
        uptime.record(False, long_ago)
    for _ in range(3):
        uptime.record(False, recent)
    assert budget().bad == 3
    assert budget(now() + timedelta(days=3)).left == 1


def test_hours_long_past_are_deleted(home: Settings) -> None:
    uptime.record(True, now() - timedelta(days=40))
    uptime.record(True)
    assert fetch("SELECT count(*) FROM uptime") == [(1,)]


# ------------------------------------------------------------------ what it means


def test_all_is_well_in_one_sentence(say: Say) -> None:
    say(sessions=312, rerun_recent_seconds={"0.95": 0.0412})
    uptime.record(True)
    told = health.health(monitoring.reading(OPERATOR))
    assert told.verdict == "well"
    assert told.sentence == "All well: 312 open pages, rerun p95 41 ms, 0 runs waiting, error budget 100 % left."


Change = Callable[[Say], None]


@pytest.mark.parametrize(
    ("change", "verdict", "words"),
    [
        (lambda say: silence(60), "bad", "The runner is not heard: runs wait;"),
        (
            lambda say: say("web", reruns_recent=50, rerun_recent_seconds={"0.95": 0.8}),
            "warning",
            "Pages are slow (rerun p95 800 ms): ",
        ),
        (
            lambda say: say("web", deliveries_recent=50, live_recent_seconds={"0.95": 2.0}),
            "warning",
            "Events arrive late (p95 2.0 s): ",
        ),
    ],
)
def test_what_is_wrong_comes_first_with_what_to_do(say: Say, change: Change, verdict: str, words: str) -> None:
    say(sessions=3)
    change(say)
    told = health.health(monitoring.reading(OPERATOR))
    assert told.verdict == verdict
    assert told.sentence.startswith(words)
    assert len(told.troubles) == 1


def test_a_few_slow_pages_are_no_verdict(say: Say) -> None:
    say(sessions=1, reruns_recent=49, rerun_recent_seconds={"0.95": 0.8}, deliveries_recent=3)
    say("web", reruns_recent=49, rerun_recent_seconds={"0.95": 0.8}, live_recent_seconds={"0.95": 0.8})
    assert health.health(monitoring.reading(OPERATOR)).verdict == "well"


def test_a_full_disk_and_a_spent_budget_are_bad(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    say(sessions=3)
    for _ in range(ALLOWED):
        uptime.record(False)
    monkeypatch.setattr(monitoring.shutil, "disk_usage", lambda _path: monitoring.shutil._ntuple_diskusage(10**9, 0, 5))
    told = health.health(monitoring.reading(OPERATOR))
    assert told.verdict == "bad"
    assert [trouble.bad for trouble in told.troubles] == [True, True]
    assert "1 more trouble below" in told.sentence


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (health.milliseconds(None), "–"),
        (health.milliseconds(0.0032), "3.2 ms"),
        (health.milliseconds(1.26), "1.3 s"),
        (health.size(999), "999 bytes"),
        (health.size(5.2e6), "5.2 MB"),
        (health.size(640e9), "640 GB"),
        (health.ago(119), "119 seconds"),
        (health.ago(7300), "2 hours"),
        (health.percent(0.99996), "99.99 %"),
        (health.percent(1), "100 %"),
        (health.percent(0.974), "97 %"),
    ],
)
def test_numbers_are_words(said: str, words: str) -> None:
    assert said == words


def test_a_damaged_store_is_told_not_hidden(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_args: object) -> None:
        raise StoreUnavailable("away")

    monkeypatch.setattr(monitoring, "fetch", away)
    with pytest.raises(StoreUnavailable):
        monitoring.reading(OPERATOR)
