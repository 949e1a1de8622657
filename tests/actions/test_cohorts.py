"""Cohorts by name: kept by a project, offered where their columns are, on both stores."""

from __future__ import annotations

import pytest

from engine.actions import cohorts, runs
from engine.errors import AccessDenied, Conflict, NotFound, UsageError
from engine.queries import cohorts as queries
from engine.queries import events
from engine.store.engine import fetch
from engine.types import Who
from tests.store.fixtures import Installation
from tests.store.people import answer, digest, join, person, project, report, upload


def names(who: Who, slug: str = "main") -> list[tuple[str, str]]:
    return [(one.name, one.where) for one in queries.list_cohorts(who, slug)]


def read_with(who: Who, *fields: str) -> int:
    """A dataset whose rows have these columns."""
    dataset = upload(who, " ".join(fields), f"{len(fields)}.jsonl").dataset_id
    work = runs.claim("worker")
    assert work is not None
    told = report(3, "comparison", fields=list(fields))
    runs.finish(work, segment=runs.NewSegment(digest(f"{fields}"), 3, 100), report=told, answer=answer())
    return dataset


def test_a_name_is_given_once_and_replaced_on_demand_only(installation: Installation) -> None:
    who = person()
    first = cohorts.save(who, "main", " Sure  ones ", "confidence=0.9..1")
    assert cohorts.save(who, "main", "Sure ones", "confidence=0.9..1") == first
    with pytest.raises(Conflict, match=r"Sure ones already: confidence from 0\.9 to 1") as taken:
        cohorts.save(who, "main", "Sure ones", "confidence=0.8..1")
    assert taken.value.code == "name_taken"
    assert names(who) == [("Sure ones", "confidence=0.9..1")]
    assert cohorts.save(who, "main", "Sure ones", "confidence=0.8..1", "yes") == first
    assert names(who) == [("Sure ones", "confidence=0.8..1")]


def test_renamed_deleted_and_told(installation: Installation) -> None:
    who = person()
    one, other = (cohorts.save(who, "main", name, "label=1..1") for name in ("one", "other"))
    assert cohorts.rename(who, one, "one") == "one"
    with pytest.raises(Conflict):
        cohorts.rename(who, one, "other")
    assert cohorts.rename(who, one, "  <b>first") == "<b>first"
    cohorts.delete(who, other)
    assert [name for name, _ in names(who)] == ["<b>first"]
    for gone in (other, 0, -(2**70)):
        with pytest.raises(NotFound):
            cohorts.delete(who, gone)
    told = [(event["topic"], event["kind"], event["body"]["change"]) for event in events.after(0)]
    changes = [change for topic, kind, change in told if (topic, kind) == ("project/main", "cohort")]
    assert changes == ["save", "save", "rename", "rename", "delete"]
    written = [row[0] for row in fetch("SELECT action FROM audit WHERE subject LIKE 'cohort/%' ORDER BY id")]
    assert written == [f"{change}_cohort" for change in changes]


@pytest.mark.parametrize("where", ["", "x", "label=2..1", "a=" + "b" * 4000, ";".join(["a=1"] * 9)])
def test_what_names_no_rows_is_refused(installation: Installation, where: str) -> None:
    who = person()
    with pytest.raises(UsageError):
        cohorts.save(who, "main", "mine", where)
    assert names(who) == []


def test_a_project_has_so_many(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cohorts, "MOST_COHORTS", 2)
    who = person()
    for name in ("a", "b"):
        cohorts.save(who, "main", name, "label=1..1")
    with pytest.raises(UsageError):
        cohorts.save(who, "main", "c", "label=1..1")
    cohorts.save(who, "main", "b", "label=0..0", "yes")


def test_who_may(installation: Installation) -> None:
    admin, viewer, stranger = person(), join(person("vic", "member"), "main", "viewer"), person("eve", "member")
    project("theirs")
    number = cohorts.save(admin, "main", "ours", "label=1..1")
    assert names(viewer) == [("ours", "label=1..1")]
    for refused, error in ((viewer, AccessDenied), (stranger, NotFound), (join(stranger, "theirs", "admin"), NotFound)):
        with pytest.raises(error):
            cohorts.save(refused, "main", "mine", "label=1..1")
        with pytest.raises(error):
            cohorts.rename(refused, number, "mine")
        with pytest.raises(error):
            cohorts.delete(refused, number)
    assert names(admin) == [("ours", "label=1..1")]


def test_a_dataset_is_offered_those_that_it_has_the_columns_for(installation: Installation) -> None:
    who = person()
    for name, where in [
        ("sure", "confidence=0.9..1"),
        ("ann", "rater=ann"),
        ("math", "slice.topic=math"),
        ("far", "distance.length=100.."),
        ("not sure math", "!confidence=0.9..1&slice.topic=math"),
    ]:
        cohorts.save(who, "main", name, where)

    def offered(*fields: str) -> set[str]:
        return {one.name for one in queries.fitting(who, read_with(who, *fields))}

    assert offered("margin", "label") == {"sure"}
    assert offered("margin", "label", "slice.topic") == {"sure", "math", "not sure math"}
    assert offered("judge", "length_a") == {"ann"}
    assert offered("annotator", "length_a", "length_b", "label") == {"ann", "far"}
    assert queries.fitting(who, upload(who, "unread", "unread.jsonl").dataset_id) == []
