"""What was said of the columns of one file holds for the next file of the same columns."""

from __future__ import annotations

import shlex

import pytest

from engine.actions import datasets, mappings, runs
from engine.errors import AccessDenied, Conflict, NotFound, UsageError
from engine.queries import datasets as dataset_queries
from engine.queries import events, results
from engine.queries import mappings as queries
from engine.queries import runs as run_queries
from engine.store.engine import fetch
from engine.types import Who
from tests.actions.deciding import followed, work
from tests.pages import samples
from tests.store.fixtures import Installation
from tests.store.people import join, person, project, upload

MAPPING = {"score_a": "first", "score_b": "second", "label": "winner of it"}


def odd(seed: int = 0, names: str = "id,first,second,winner of it,topic") -> str:
    """Pairs whose columns are called what nobody calls them."""
    _, _, rows = samples.pairs(seed=seed).partition("\n")
    lines = (line.split(",")[:5] for line in rows.splitlines())
    return names + "\n" + "".join(",".join(line) + "\n" for line in lines)


def given(who: Who, text: str, name: str, **more: object) -> int:
    dataset = upload(who, text, name, **more).dataset_id  # type: ignore[arg-type]
    work()
    return dataset


def test_a_file_that_is_not_recognised_tells_its_columns(installation: Installation) -> None:
    who = person()
    dataset = given(who, odd(), "odd.csv")
    source = queries.source(who, dataset)
    assert [one.name for one in source.columns] == ["id", "first", "second", "winner of it", "topic"]
    assert source.columns[4].examples == ("math", "law")
    view = dataset_queries.get_dataset(who, dataset)
    assert view.error is not None
    assert view.error["code"] == "unrecognised"
    assert [one["name"] for one in view.error["source_columns"]] == [one.name for one in source.columns]
    (run,) = run_queries.list_runs(who, "main")
    assert "source_columns" not in (run.error or {})
    assert "source_columns" in (run_queries.get_run(who, run.id).error or {})
    assert all("source_columns" not in (one["body"].get("error") or {}) for one in events.after(0))


def test_the_next_file_of_the_same_columns_is_read_by_itself(installation: Installation) -> None:
    who = person()
    first = given(who, odd(), "odd.csv")
    mappings.save(who, first, "our rm", MAPPING)
    datasets.set_mapping(who, first, MAPPING)
    work()
    assert dataset_queries.get_dataset(who, first).verdict == "over_confident"
    second = given(who, odd(1), "next.csv")
    view = dataset_queries.get_dataset(who, second)
    assert (view.verdict, view.error) == ("over_confident", None)
    assert [one.message for one in view.warnings if one.code == "mapping_applied"] == [
        "the columns are read as saved under the name our rm"
    ]
    command = results.conclude(who, second).result.evidence.command
    words = shlex.split(command)
    assert [word for word in words if "=" in word] == [f"{role}={column}" for role, column in MAPPING.items()]
    mappings.delete(who, 1)
    runs.request(who, second, "read")
    work()
    assert dataset_queries.get_dataset(who, second).error is None


def test_a_followed_file_is_read_by_it_too_and_goes_on(installation: Installation) -> None:
    who = person()
    mappings.save(who, given(who, odd(), "odd.csv"), "our rm", MAPPING)
    dataset = followed(odd(1), "grows.csv")
    followed(odd(2), "grows.csv")
    view = dataset_queries.get_dataset(who, dataset)
    assert (view.version, view.accepted, view.error) == (2, 600, None)
    (kept,) = fetch("SELECT report FROM version WHERE number = 2")
    assert "source_columns" not in str(kept[0])
    assert len(queries.source(who, dataset).columns) == 5


def test_what_is_said_of_a_file_goes_before_what_was_saved(installation: Installation) -> None:
    who = person()
    mappings.save(who, given(who, odd(), "odd.csv"), "our rm", MAPPING)
    swapped = {"score_a": "second", "score_b": "first", "label": "winner of it"}
    dataset = given(who, odd(1), "swapped.csv", mapping=swapped)
    view = dataset_queries.get_dataset(who, dataset)
    assert view.columns.items() >= {"second": "score_a", "first": "score_b"}.items()
    assert not any(one.code == "mapping_applied" for one in view.warnings)


def test_of_several_for_the_same_columns_the_last_one_is_used(installation: Installation) -> None:
    who = person()
    dataset = given(who, odd(), "odd.csv")
    mappings.save(who, dataset, "old", {"margin": "first", "label": "winner of it"})
    mappings.save(who, dataset, "new", MAPPING)
    assert [(one.name, one.current) for one in queries.list_mappings(who, "main")] == [("new", True), ("old", False)]
    assert [one["name"] for one in queries.kept("main").values()] == ["new"]
    mappings.save(who, dataset, "old", MAPPING)
    assert [(one.name, one.current) for one in queries.list_mappings(who, "main")] == [("old", True), ("new", False)]
    assert queries.kept("elsewhere") == {}


def test_another_project_has_its_own(installation: Installation) -> None:
    who = person()
    project("elsewhere")
    mappings.save(who, given(who, odd(), "odd.csv"), "our rm", MAPPING)
    there = given(who, odd(1), "there.csv", project="elsewhere")
    assert dataset_queries.get_dataset(who, there).error is not None
    bob = join(person("bob", "member"), "elsewhere", "admin")
    for act in (lambda: mappings.delete(bob, 1), lambda: mappings.rename(bob, 1, "x"), lambda: queries.source(bob, 1)):
        with pytest.raises(NotFound):
            act()
    with pytest.raises(NotFound):
        mappings.save(bob, 1, "mine", MAPPING)
    with pytest.raises(AccessDenied):
        mappings.save(person("vic", "viewer"), 1, "mine", MAPPING)


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "'; DROP TABLE mapping; --", "a\x00b\u202e", "x" * 500])
def test_names_are_text(installation: Installation, name: str) -> None:
    who = person()
    mappings.save(who, given(who, odd(), "odd.csv"), name, MAPPING)
    (kept,) = queries.list_mappings(who, "main")
    assert kept.name == "".join(one if one.isprintable() else " " for one in name)[:100].strip()
    assert dataset_queries.get_dataset(who, given(who, odd(1), "next.csv")).error is None


def test_what_cannot_be_saved_is_refused(installation: Installation) -> None:
    who = person()
    unread = upload(who, odd(), "odd.csv").dataset_id
    with pytest.raises(UsageError, match="not known"):
        mappings.save(who, unread, "x", MAPPING)
    work()
    for name, mapping in (("", MAPPING), ("x", {}), ("x", {"No Role": "first"})):
        with pytest.raises(UsageError):
            mappings.save(who, unread, name, mapping)
    mappings.save(who, unread, "one", MAPPING)
    number = mappings.save(who, unread, "two", MAPPING)
    with pytest.raises(Conflict, match="called one"):
        mappings.rename(who, number, " one ")
    assert mappings.rename(who, number, "two") == "two"
    with pytest.raises(NotFound):
        mappings.delete(who, 99)
