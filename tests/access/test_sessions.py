"""Who a cookie is, how long, and what keeps guessing out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.access import sessions
from engine.access.sessions import who_is
from engine.actions import maintenance, people
from engine.errors import NotFound
from engine.queries import people as queries
from engine.store.engine import close_store, fetch
from engine.store.times import now
from tests.store.fixtures import Installation
from tests.store.people import person


def later(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> None:
    """Let time pass for the store."""
    for module in (sessions, people, queries):
        monkeypatch.setattr(module, "now", lambda: now() + by)


def test_a_cookie_is_its_person(installation: Installation) -> None:
    ann, bob = person("ann"), person("bob", "viewer")
    cookie = people.open_session(bob.user_id, "10.0.0.7", "browser")
    found = who_is(cookie)
    assert found is not None
    assert (found.user_id, found.name, found.role) == (bob.user_id, "bob", "viewer")
    assert found.session not in (bob.session, ann.session)


def test_a_cookie_is_random_and_stored_as_a_hash_only(installation: Installation) -> None:
    who = person()
    cookies = {people.open_session(who.user_id, "", "") for _ in range(20)}
    assert len(cookies) == 20
    assert min(map(len, cookies)) >= 43
    stored = {row[0] for row in fetch("SELECT sid_hash FROM session")}
    assert not stored & cookies
    assert {sessions.hashed(cookie) for cookie in cookies} <= stored


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(cookie=st.text())
def test_nothing_else_is_anybody(installation: Installation, cookie: str) -> None:
    assert who_is(cookie) is None


def test_the_stored_hash_is_no_cookie(installation: Installation) -> None:
    person()
    assert who_is(fetch("SELECT sid_hash FROM session")[0][0]) is None


def test_sessions_end_by_themselves(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    cookie = people.open_session(person().user_id, "", "")
    days = timedelta(days=installation.settings.session_days)
    with monkeypatch.context() as patch:
        later(patch, days - timedelta(minutes=1))
        assert who_is(cookie) is not None
    with monkeypatch.context() as patch:
        later(patch, days + timedelta(minutes=1))
        assert who_is(cookie) is None


def test_sessions_outlive_the_process(installation: Installation) -> None:
    cookie = people.open_session(person().user_id, "", "")
    close_store()
    assert who_is(cookie) is not None


def test_signing_out_ends_one_session_at_once(installation: Installation) -> None:
    who = person()
    here, there = (people.open_session(who.user_id, "", "") for _ in range(2))
    signed_in = who_is(here)
    assert signed_in is not None
    people.close_session(signed_in)
    people.close_session(signed_in)
    assert who_is(here) is None
    assert who_is(there) is not None
    told = fetch("SELECT kind, topic, project FROM event")
    assert told == [("session", f"user/{who.user_id}", None)]


def test_only_ones_own_sessions_can_be_ended(installation: Installation) -> None:
    ann, bob, carl = person("ann"), person("bob", "operator"), person("carl", "viewer")
    with pytest.raises(NotFound):
        people.revoke_session(bob, int(ann.session))
    with pytest.raises(NotFound):
        people.revoke_session(bob, 2**70)
    people.revoke_session(ann, int(bob.session))
    people.revoke_session(carl, int(carl.session))
    assert [len(queries.sessions(who)) for who in (ann, bob, carl)] == [1, 0, 0]


def test_a_role_holds_at_once(installation: Installation) -> None:
    ann, bob = person("ann"), person("bob", "viewer")
    cookie = people.open_session(bob.user_id, "", "")
    people.set_role(ann, bob.user_id, "operator")
    found = who_is(cookie)
    assert found is not None
    assert found.role == "operator"


def test_sessions_are_listed_for_their_owner(installation: Installation) -> None:
    ann = person("ann")
    person("bob")
    people.open_session(ann.user_id, "10.0.0.9", "another browser")
    listed = queries.sessions(ann)
    assert [(view.agent, view.current) for view in listed] == [("another browser", False), ("test", True)]
    assert queries.session_expiry(ann) == listed[1].expires_at


# ------------------------------------------------------------------ lockout


def attack(monkeypatch: pytest.MonkeyPatch, names: list[str], seconds: int, address: str) -> int:
    """How many passwords get checked when one is tried each second."""
    checked = 0
    for second in range(seconds):
        with monkeypatch.context() as patch:
            later(patch, timedelta(seconds=second))
            name = names[second % len(names)]
            if people.credentials(name, address).locked_until is None:
                people.record_failure(name, address)
                checked += 1
    return checked


@pytest.mark.parametrize("name", ["ann", "nobody"])
def test_few_passwords_of_an_account_are_checked(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    person("ann")
    assert 5 <= attack(monkeypatch, [name], 300, "10.0.0.1") <= 10


def test_few_accounts_can_be_tried_from_an_address(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"name{number}" for number in range(100)]
    assert attack(monkeypatch, names, 300, "10.0.0.1") <= 25
    assert people.credentials("name1", "10.0.0.2").locked_until is None


def test_the_wait_outlives_the_process_and_ends(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = person("ann")
    for _ in range(10):
        people.record_failure("Ann", "")
    close_store()
    locked = people.credentials("ANN")
    assert locked.user_id == ann.user_id
    assert locked.locked_until is not None
    with monkeypatch.context() as patch:
        later(patch, sessions.LONGEST_WAIT + timedelta(seconds=1))
        assert people.credentials("ann").locked_until is None


def test_the_owner_is_forgiven(installation: Installation) -> None:
    ann = person("ann")
    for _ in range(4):
        people.record_failure("ann", "")
    people.open_session(ann.user_id, "", "")
    people.record_failure("ann", "")
    assert people.credentials("ann").locked_until is None


def test_an_empty_name_is_nobody(installation: Installation) -> None:
    people.record_failure(" \x00 ", "10.0.0.1")
    assert people.credentials(" \x00 ") == (None, None, None)


def test_names_and_agents_of_any_kind(installation: Installation) -> None:
    who = person()
    people.open_session(who.user_id, "\x00" * 200, "\ud800 agent \x00" * 100)
    people.record_failure("\ud800nn\x00", "\ud800")
    assert people.credentials("\ud800nn\x00", "\ud800")[0] is None


def test_ended_sessions_are_forgotten_after_a_month(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    person()
    people.record_failure("ann", "10.0.0.1")
    assert maintenance.prune()[-2:] == (0, 0)
    later(monkeypatch, timedelta(days=installation.settings.session_days + 31))
    assert maintenance.prune().sessions == 3
