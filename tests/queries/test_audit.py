"""The audit: a line for each change that is made, whoever makes it and through whatever action."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from engine import registry
from engine.actions import arrangements, datasets, decisions, favourites, forecasts, people, shares, tokens
from engine.queries import audit
from engine.store.engine import fetch
from engine.types import Who
from tests.access import matrix_calls
from tests.store.fixtures import Installation
from tests.store.people import join, person, project, upload


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[tuple[Any, ...]]]:
    """What each action of the registry appends to the audit while it runs, and not while its arguments are made."""
    lines: dict[str, list[tuple[Any, ...]]] = {}
    run = registry.run

    def watched(who: Who, name: str, arguments: Mapping[str, Any] | None = None) -> Any:
        before = fetch("SELECT coalesce(max(id), 0) FROM audit")[0][0]
        made = run(who, name, arguments)
        asked = "SELECT user_id, action, subject FROM audit WHERE id > :before"
        lines[name] = [tuple(row) for row in fetch(asked, {"before": before})]
        return made

    monkeypatch.setattr(registry, "run", watched)
    monkeypatch.setattr(decisions, "_concludes", [matrix_calls.answered_by_itself])
    monkeypatch.setattr(forecasts, "_makes", [matrix_calls.forecast_by_itself])
    monkeypatch.setattr(shares, "_makes", [matrix_calls.shared_by_itself])
    return lines


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_every_action_leaves_a_line(installation: Installation, written: dict[str, list[tuple[Any, ...]]]) -> None:
    made = matrix_calls.world()
    for name in registry.ACTIONS:
        who = person(f"who does {name}")
        prepare = FIRST.get(name)
        arguments = prepare(made, who) if prepare else None
        if arguments is None:
            matrix_calls.CALLS[name](made, who)
        else:
            registry.run(who, name, arguments)
        assert written[name], f"{name} left no line"
        assert {user_id for user_id, _action, _subject in written[name]} == {who.user_id}, name
        assert all(action and "/" in subject for _user_id, action, subject in written[name]), name


def a_member(_made: matrix_calls.World, _who: Who) -> dict[str, Any]:
    member = join(person(matrix_calls.fresh("member"), "member"), "main", "viewer")
    return {"project": "main", "user_id": member.user_id}


def somebody_disabled(made: matrix_calls.World, _who: Who) -> dict[str, Any]:
    user_id = matrix_calls.somebody()
    people.disable(made.admin, user_id)
    return {"user_id": user_id}


def a_removed_dataset(made: matrix_calls.World, _who: Who) -> dict[str, Any]:
    dataset = matrix_calls.a_dataset(made)
    datasets.remove(made.admin, dataset)
    return {"dataset_id": dataset}


def two_sessions(_made: matrix_calls.World, who: Who) -> dict[str, Any]:
    people.open_session(who.user_id, "127.0.0.1", "another browser")
    return {"user_id": who.user_id}


def a_favourite(made: matrix_calls.World, who: Who) -> dict[str, Any]:
    favourites.add(who, made.dataset)
    return {"dataset_id": made.dataset}


def an_arranged_page(_made: matrix_calls.World, who: Who) -> dict[str, Any]:
    arrangements.arrange(who, "main", "home", {"order": ["trust"]})
    return {"project": "main", "page": "home"}


def something_told(_made: matrix_calls.World, who: Who) -> dict[str, Any]:
    matrix_calls.told(who)
    return {}


FIRST: Mapping[str, Callable[[matrix_calls.World, Who], dict[str, Any]]] = {
    "arrangement.reset": an_arranged_page,
    "dataset.restore": a_removed_dataset,
    "favourite.remove": a_favourite,
    "membership.remove": a_member,
    "notification.read_all": something_told,
    "person.enable": somebody_disabled,
    "session.end_all": two_sessions,
}
"""Actions that change nothing, and so leave no line, unless something was done before: how, and their arguments."""


def test_lines_say_what_they_are_about(installation: Installation) -> None:
    ann, bob = person("ann"), person("bob", "viewer")
    datasets.rename(ann, upload(ann).dataset_id, "golden")
    people.set_role(ann, bob.user_id, "analyst")
    tokens.create(ann, "nightly", "read")
    people.end_sessions(ann, bob.user_id)
    about = {line.action: line.about for line in audit.lines(ann)}
    assert about["rename"] == "golden"
    assert about["set_role"] == "bob"
    assert about["create_token"] == "nightly"
    assert about["sign_out"] == "bob"


def test_the_audit_is_narrowed_to_what_there_is(installation: Installation) -> None:
    ann, bob = person("ann"), join(person("bob", "member"), "main", "operator")
    project("other")
    upload(ann, project="other")
    upload(bob)
    assert audit.actors(ann) == {ann.user_id: "ann", bob.user_id: "bob"}
    assert audit.actors(bob, "main") == {bob.user_id: "bob"}
    assert [line.person for line in audit.lines(ann, action="receive_upload")] == ["bob", "ann"]
    assert [line.project for line in audit.lines(ann, person=ann.user_id, action="receive_upload")] == ["other"]


def test_pages_of_the_audit_meet_without_a_gap(installation: Installation) -> None:
    ann = person("ann")
    for number in range(7):
        people.set_preference(ann, "note", str(number))
    everything = [line.id for line in audit.lines(ann, limit=500)]
    leafed: list[int] = []
    while page := audit.lines(ann, before=leafed[-1] if leafed else None, limit=3):
        leafed += [line.id for line in page]
    assert leafed == everything
    assert leafed == sorted(leafed, reverse=True)
