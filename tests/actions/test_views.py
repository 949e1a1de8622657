"""What people keep for themselves: views and preferences; and what the store forgets."""

from __future__ import annotations

import pytest

from engine.actions import maintenance, people, runs, views
from engine.errors import Conflict, NotFound, UsageError
from engine.queries import datasets, events
from engine.queries import people as people_queries
from engine.queries import views as queries
from engine.registry import run
from engine.store.engine import fetch
from tests.store.fixtures import Installation
from tests.store.people import join, person, read, upload


def test_the_same_name_replaces(installation: Installation) -> None:
    who = person()
    first = views.save(who, "main", "mine", "calibration", "bins=10")
    assert views.save(who, "main", " mine ", "home", "bins=20") == first
    (view,) = queries.list_views(who, "main")
    assert (view.id, view.name, view.page, view.query) == (first, "mine", "home", "bins=20")
    views.delete(who, first)
    assert queries.list_views(who, "main") == []


def test_a_view_is_renamed_by_its_owner_and_each_name_is_one(installation: Installation) -> None:
    who, other = person(), join(person("bob", "member"), "main", "viewer")
    mine, second = (views.save(who, "main", name, "home", "") for name in ("mine", "second"))
    assert views.rename(who, mine, " first ") == "first"
    assert views.rename(who, mine, "first") == "first"
    with pytest.raises(Conflict):
        views.rename(who, second, "first")
    views.save(other, "main", "first", "home", "")
    for stranger, number in ((other, mine), (who, 2**70)):
        with pytest.raises(NotFound):
            views.rename(stranger, number, "theirs")
    assert [view.name for view in queries.list_views(who, "main")] == ["first", "second"]


@pytest.mark.parametrize(
    ("page", "query"), [("https://evil", ""), ("//evil", ""), ("a/b", ""), ("", ""), ("home", "x" * 4001)]
)
def test_a_view_stays_on_this_site(installation: Installation, page: str, query: str) -> None:
    with pytest.raises(UsageError):
        views.save(person(), "main", "mine", page, query)


@pytest.mark.parametrize("key", ["", "Theme", "a b", "x" * 65, "__class__"])
def test_preferences_have_plain_names(installation: Installation, key: str) -> None:
    with pytest.raises(UsageError):
        people.set_preference(person(), key, "dark")


def test_preferences_are_told_to_their_owner_only(installation: Installation) -> None:
    who = person()
    for value in ("dark", "light"):
        people.set_preference(who, "theme", value)
    assert people_queries.preferences(who) == {"theme": "light"}
    told = [(event["topic"], event["body"]["value"]) for event in events.after(0)]
    assert told == [(f"user/{who.user_id}", "dark"), (f"user/{who.user_id}", "light")]


def test_every_change_is_in_an_event(installation: Installation) -> None:
    """Pages remember what they read until the next event."""
    who = person()
    dataset = upload(who).dataset_id
    for name, arguments in [
        ("dataset.rename", {"dataset_id": dataset, "name": "new"}),
        ("dataset.set_mapping", {"dataset_id": str(dataset), "mapping": {"margin": "m"}}),
        ("dataset.remove", {"dataset_id": dataset}),
        ("dataset.restore", {"dataset_id": dataset}),
        ("view.save", {"project": "main", "name": "mine", "page": "home", "query": ""}),
        ("view.delete", {"view_id": 1}),
        ("demo.play", {}),
        ("preference.set", {"key": "theme", "value": "dark"}),
    ]:
        before = events.cursor()
        run(who, name, arguments)
        assert events.cursor() > before, name


@pytest.mark.parametrize(
    "arguments",
    [{}, {"dataset_id": 1}, {"dataset_id": "one", "name": "x"}, {"dataset_id": True, "name": "x"},
     {"dataset_id": 1, "name": 2}, {"dataset_id": 1, "name": "x", "more": 1}, {"dataset_id": 1.5, "name": "x"}],
)  # fmt: skip
def test_arguments_that_do_not_fit(installation: Installation, arguments: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        run(person(), "dataset.rename", arguments)


def test_unknown_actions(installation: Installation) -> None:
    for name in ("", "dataset.explode", "__init__"):
        with pytest.raises(UsageError):
            run(person(name or "nobody"), name)


def test_a_long_history_keeps_its_shape(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maintenance, "VERSIONS_KEPT", 3)
    monkeypatch.setattr(maintenance, "LANDMARK", 4)
    who = person()
    dataset = upload(who).dataset_id
    for number in range(10):
        if number:
            runs.request(who, dataset, "read")
        read(runs.claim("worker"), str(number), replace=False)
    assert maintenance.prune().versions == 6
    assert [answer.version for answer in datasets.history(who, dataset)] == [4, 8, 9, 10]
    assert fetch("SELECT version FROM dataset") == [(10,)]
