"""One-time links: one use, ten minutes, one account."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from engine.access import sessions
from engine.actions import people
from engine.errors import AccessDenied, Conflict, NotFound, PlumblineError, UsageError
from engine.queries import people as queries
from engine.store.engine import fetch
from engine.store.times import now
from tests.store.fixtures import Installation
from tests.store.people import person


def first_link() -> str:
    token = people.create_first_link()
    assert token is not None
    return token


def test_the_first_link_makes_the_first_administrator(installation: Installation) -> None:
    token = first_link()
    assert queries.link_role(token) == "admin"
    who = people.redeem_link(token, " Ann  Lee ", "hash")
    assert (who.name, who.role) == ("ann lee", "admin")
    assert people.credentials("ANN LEE") == (who.user_id, "hash", None)
    assert people.create_first_link() is None


def test_a_link_works_once(installation: Installation) -> None:
    token = first_link()
    people.redeem_link(token, "ann", "hash")
    assert queries.link_role(token) is None
    with pytest.raises(NotFound):
        people.redeem_link(token, "eve", "hash")


def test_of_many_at_once_one_gets_in(installation: Installation) -> None:
    token = first_link()

    def redeem(number: int) -> bool:
        try:
            people.redeem_link(token, f"person{number}", "hash")
        except NotFound:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(redeem, range(16))) == 1
    assert fetch('SELECT count(*) FROM "user"') == [(1,)]


def test_a_link_is_random_and_stored_as_a_hash_only(installation: Installation) -> None:
    token = first_link()
    assert len(token) >= 43
    stored = [row[0] for row in fetch("SELECT token_hash FROM signin_link")]
    assert stored == [sessions.hashed(token)]
    with pytest.raises(NotFound):
        people.redeem_link(stored[0], "eve", "hash")


@pytest.mark.parametrize("token", ["", ":token", "%", "' OR 1=1 --", "x" * 10_000, "\x00", "\ud800"])
def test_nothing_else_is_a_link(installation: Installation, token: str) -> None:
    first_link()
    assert queries.link_role(token) is None
    with pytest.raises(NotFound):
        people.redeem_link(token, "eve", "hash")


def test_a_link_lives_ten_minutes(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    token = first_link()
    for module in (people, queries):
        monkeypatch.setattr(module, "now", lambda: now() + timedelta(minutes=10, seconds=1))
    assert queries.link_role(token) is None
    with pytest.raises(NotFound):
        people.redeem_link(token, "ann", "hash")


def test_a_newer_first_link_voids_the_older(installation: Installation) -> None:
    older, newer = first_link(), first_link()
    with pytest.raises(NotFound):
        people.redeem_link(older, "eve", "hash")
    people.redeem_link(newer, "ann", "hash")


def test_a_name_already_taken_does_not_use_up_the_link(installation: Installation) -> None:
    ann = person("ann")
    token = people.invite(ann, "viewer")
    with pytest.raises(Conflict):
        people.redeem_link(token, "ANN", "hash")
    with pytest.raises(UsageError):
        people.redeem_link(token, " ", "hash")
    assert people.redeem_link(token, "bob", "hash").role == "viewer"


@pytest.mark.parametrize("role", ["viewer", "analyst", "operator"])
def test_only_administrators_invite(installation: Installation, role: str) -> None:
    with pytest.raises(AccessDenied):
        people.invite(person("bob", role), "admin")  # type: ignore[arg-type]


def test_only_roles_that_exist(installation: Installation) -> None:
    ann, bob = person("ann"), person("bob", "viewer")
    for change in (lambda: people.invite(ann, "root"), lambda: people.set_role(ann, bob.user_id, "root")):  # type: ignore[arg-type]
        with pytest.raises(UsageError):
            change()


def test_the_last_administrator_stays(installation: Installation) -> None:
    ann, bob = person("ann"), person("bob", "viewer")
    with pytest.raises(Conflict):
        people.set_role(ann, ann.user_id, "viewer")
    people.set_role(ann, bob.user_id, "admin")
    people.set_role(ann, ann.user_id, "viewer")
    with pytest.raises(NotFound):
        people.set_role(replace(bob, role="admin"), 2**70, "viewer")


def test_no_secret_is_logged(installation: Installation) -> None:
    token = first_link()
    who = people.redeem_link(token, "ann", "canary-hash")
    cookie = people.open_session(who.user_id, "10.0.0.1", "browser")
    written = str(fetch("SELECT * FROM audit")) + str(fetch("SELECT * FROM event"))
    assert not any(secret in written for secret in (token, cookie, "canary-hash"))
    assert [row[0] for row in fetch("SELECT action FROM audit ORDER BY id")] == ["redeem_link", "sign_in"]


def test_a_failed_sign_up_leaves_nothing(installation: Installation) -> None:
    ann = person("ann")
    before = fetch("SELECT count(*) FROM audit")
    with pytest.raises(PlumblineError):
        people.redeem_link(people.invite(ann, "viewer"), "ann", "hash")
    assert fetch("SELECT count(*) FROM audit") == [(before[0][0] + 1,)]
