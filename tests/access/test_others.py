"""Nobody reaches what is another person's, whatever ids they try."""

from __future__ import annotations

import random

import pytest

from engine.actions import people, views
from engine.errors import NotFound
from engine.queries import datasets, palette, runs
from engine.queries import people as people_queries
from engine.queries import views as view_queries
from engine.store.engine import fetch
from engine.types import Who
from tests.store.fixtures import Installation
from tests.store.people import person, upload

STRANGE_IDS = [0, -1, 2**31, 2**63, 2**64, -(2**70)]


def test_views_preferences_and_sessions_are_ones_own(installation: Installation) -> None:
    owners = [person(name, "analyst") for name in ("ann", "bob", "carl")]
    for who in owners:
        for number in range(5):
            views.save(who, "main", f"{who.name} {number}", "calibration", f"owner={who.name}")
        people.set_preference(who, "theme", who.name)
    for who in owners:
        assert {view.query for view in view_queries.list_views(who, "main")} == {f"owner={who.name}"}
        assert people_queries.preferences(who) == {"theme": who.name}
        assert {view.id for view in people_queries.sessions(who)} == {int(who.session)}
        linked = [entry.target for entry in palette.entries(who, "main") if entry.section == "Saved views"]
        assert linked == [f"calibration?owner={who.name}"] * 5


def test_random_ids_change_nothing_of_others(installation: Installation) -> None:
    ann, eve = person("ann", "analyst"), person("eve", "analyst")
    kept = [views.save(ann, "main", f"view {number}", "calibration", "") for number in range(5)]
    draw = random.Random(7)
    for _ in range(300):
        number = draw.choice([*kept, draw.randrange(1, 100), *STRANGE_IDS])
        with pytest.raises(NotFound):
            views.delete(eve, number)
        session = draw.choice([int(ann.session), *STRANGE_IDS])
        with pytest.raises(NotFound):
            people.revoke_session(eve, session)
    assert len(view_queries.list_views(ann, "main")) == 5
    assert people_queries.sessions(ann)


@pytest.mark.parametrize("number", STRANGE_IDS)
def test_strange_ids_find_nothing(installation: Installation, number: int) -> None:
    who = person()
    upload(who)
    for ask in (datasets.get_dataset, datasets.history, runs.get_run):
        with pytest.raises(NotFound):
            ask(who, number)


def test_what_is_told_of_a_person_names_nobody_else(installation: Installation) -> None:
    ann, bob = person("ann"), person("bob")
    people.set_preference(ann, "theme", "dark")
    views.save(bob, "main", "view", "calibration", "")
    people.close_session(bob)
    topics = fetch("SELECT DISTINCT topic, project FROM event ORDER BY topic")
    assert topics == [(f"user/{ann.user_id}", None), (f"user/{bob.user_id}", None)]


def test_a_deleted_account_of_a_session_changes_nothing(installation: Installation) -> None:
    with pytest.raises(Exception, match="Sign in again"):
        people.set_preference(Who(999, "ghost", "admin"), "theme", "dark")
