"""What lies in the inbox and was not taken."""

from __future__ import annotations

import pytest

from engine.actions import datasets, inbox
from engine.queries.inbox import _NEWEST, refusals
from engine.store.engine import fetch
from tests.store.fixtures import Installation
from tests.store.people import person


def test_the_last_reason_counts_until_the_file_is_taken_or_gone(installation: Installation) -> None:
    who = person("bob", "viewer")
    folder = installation.settings.inbox / "main"
    folder.mkdir(parents=True, exist_ok=True)
    names = ("a.csv", "b.csv", "gone.csv")
    for name in names:
        inbox.refuse("main", name, "it is larger than 1 MB")
        (folder / name).touch()
    inbox.refuse("main", "a.csv", "it is a symbolic link")
    (folder / "gone.csv").unlink()
    assert [(one.name, one.reason) for one in refusals(who, "main")] == [
        ("a.csv", "it is a symbolic link"),
        ("b.csv", "it is larger than 1 MB"),
    ]
    datasets.receive_inbox("main", "b.csv", folder / "b.csv", 1)
    assert [one.name for one in refusals(who, "main")] == ["a.csv"]
    inbox.refuse("main", "b.csv", "it is a symbolic link")
    assert [one.name for one in refusals(who, "main")] == ["b.csv", "a.csv"]


def test_they_are_found_without_looking_at_every_event(installation: Installation) -> None:
    if not installation.settings.url.startswith("sqlite"):
        pytest.skip("Postgres plans by the number of rows, and here are few")
    plan = fetch(f"EXPLAIN QUERY PLAN {_NEWEST}", {"topic": "project/main", "limit": 50})
    assert [row[-1] for row in plan] == ["SEARCH event USING INDEX ix_event_refused (topic=?)"]
