"""Who is here: last activity, open sessions, members of a project; and ending all sessions of somebody."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier

import pytest

from engine.access.sessions import who_is
from engine.actions import people
from engine.errors import AccessDenied, Conflict, NotFound, StoreUnavailable
from engine.queries import people as queries
from engine.types import Who
from tests.store.fixtures import Installation
from tests.store.people import join, person


def test_the_list_counts_what_is_open(installation: Installation) -> None:
    ann, bob = person("ann"), person("bob", "viewer")
    people.open_session(bob.user_id, "127.0.0.2", "phone")
    found = {one.name: one for one in queries.list_people(ann)}
    assert (found["ann"].sessions, found["bob"].sessions) == (1, 2)
    signed_in = found["bob"].seen_at
    people.set_preference(bob, "theme", "dark")
    active = next(one.seen_at for one in queries.list_people(ann) if one.name == "bob")
    assert signed_in is not None
    assert active is not None
    assert active >= signed_in
    people.disable(ann, bob.user_id)
    assert {one.name: one.sessions for one in queries.list_people(ann)} == {"ann": 1, "bob": 0}


def test_members_are_those_who_see_a_project(installation: Installation) -> None:
    ann = person("ann")
    person("out", "member")
    bob = join(person("bob", "member"), "main", "operator")
    carl = join(person("carl", "viewer"), "main", "analyst")
    found = [(one.name, one.role, one.everywhere, one.disabled) for one in queries.members(ann, "main")]
    given = [("bob", "operator", "member", False), ("carl", "analyst", "viewer", False)]
    assert found == [*given, ("ann", None, "admin", False)]
    assert queries.members(bob, "main") == queries.members(ann, "main")
    with pytest.raises(AccessDenied):
        queries.members(carl, "main")
    with pytest.raises(NotFound):
        queries.members(bob, "elsewhere")


def test_all_sessions_of_somebody_end_but_the_one_that_asks(installation: Installation) -> None:
    ann = person("ann")
    other, foreign = people.open_session(ann.user_id, "::1", "phone"), person("bob", "admin")
    people.end_sessions(ann, ann.user_id)
    assert [one.current for one in queries.sessions(ann)] == [True]
    assert who_is(other) is None
    people.end_sessions(ann, foreign.user_id)
    assert queries.sessions_of(ann, foreign.user_id) == []
    with pytest.raises(AccessDenied):
        people.end_sessions(person("carl", "operator"), ann.user_id)


def test_the_last_administrator_keeps_the_door_open(installation: Installation) -> None:
    ann, bob = person("ann"), person("bob", "admin")
    people.disable(ann, bob.user_id)
    for step_down in (lambda: people.set_role(ann, ann.user_id, "viewer"), lambda: people.disable(ann, ann.user_id)):
        with pytest.raises(Conflict, match="last administrator"):
            step_down()
    people.set_role(ann, bob.user_id, "viewer")
    people.enable(ann, bob.user_id)
    with pytest.raises(Conflict, match="last administrator"):
        people.disable(Who(bob.user_id, "bob", "admin"), ann.user_id)


def test_two_administrators_cannot_take_each_other_down_at_once(installation: Installation) -> None:
    ann, bob = person("ann"), person("bob", "admin")
    ready = Barrier(2)

    def demote(who: Who, other: Who) -> None:
        ready.wait(30)
        with suppress(Conflict, StoreUnavailable):
            people.set_role(who, other.user_id, "viewer")

    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(demote, ann, bob), threads.submit(demote, bob, ann)]:
            done.result(60)
    asker = Who(0, "the owner of the machine", "admin")
    assert "admin" in {one.role for one in queries.list_people(asker)}
