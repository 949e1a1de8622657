"""The journal: what was decided stays as it was decided, whatever the data say later."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from engine import analyse, registry
from engine.actions import datasets, decisions
from engine.errors import AccessDenied, Conflict, NotEnoughData, NotFound, UsageError
from engine.queries import audit, events, results
from engine.queries import decisions as queries
from engine.store.engine import fetch, get_store
from engine.types import DatasetVersion, Since, Who
from tests.actions.deciding import answered, followed, work
from tests.pages import samples
from tests.store.fixtures import Installation
from tests.store.people import join, person, project, upload

COLUMNS = (
    "id", "project_id", "user_id", "at", "title", "because", "analysis", "datasets", "params", "verdict", "sentence",
    "estimates", "evidence", "query",
)  # fmt: skip


def decide(who: Who, *dataset_ids: int, **more: Any) -> int:
    given = {"title": "Not this one", "because": "It claims too much.\n\nWe looked twice.", "analysis": "calibration"}
    return decisions.record(who, "main", **{**given, **more}, dataset_ids=list(dataset_ids))


def test_a_decision_keeps_the_answer_it_rests_on(installation: Installation) -> None:
    who = person()
    dataset = answered(who)
    number = decide(who, dataset, params={"bins": "10"})
    concluded = results.conclude(who, dataset, "calibration", {"bins": 10}, rows=False).result
    kept = queries.get_decision(who, number)
    assert (kept.title, kept.because) == ("Not this one", "It claims too much.\n\nWe looked twice.")
    assert (kept.person, kept.project, kept.withdrawn_at) == ("ann", "main", None)
    assert (kept.grounds.verdict, kept.grounds.sentence) == (concluded.verdict, concluded.sentence)
    assert kept.grounds.estimates == {name: asdict(one) for name, one in concluded.estimates.items()}
    assert kept.grounds.evidence["command"] == concluded.evidence.command
    assert kept.grounds.params["bins"] == 10
    assert kept.grounds.query == f"calibration?dataset={dataset}&bins=10"
    (version,) = fetch("SELECT sha256 FROM version")
    assert kept.grounds.datasets == (DatasetVersion(dataset, "scores.csv", 1, version[0]),)
    assert queries.list_decisions(who, "main") == [kept]


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_what_is_kept_is_what_its_command_says_without_a_server(installation: Installation, tmp_path: Path) -> None:
    """The evidence names the file by hash and the parameters: whoever has it finds the same numbers."""
    who = person()
    kept = queries.get_decision(who, decide(who, answered(who), params={"bins": "10"})).grounds
    file = tmp_path / "scores.csv"
    file.write_text(samples.pairs())
    words = shlex.split(kept.evidence["command"])
    assert words[:5] == ["python", "-m", "jobs", "analyse", "scores.csv"]
    again = analyse(file, kept.analysis, params=dict(kept.params))
    assert (again.verdict, again.sentence) == (kept.verdict, kept.sentence)
    assert {name: asdict(one) for name, one in again.estimates.items()} == kept.estimates


def test_several_datasets_are_kept_each_with_its_version(installation: Installation) -> None:
    who = person()
    ids = [answered(who, f"{seed}.csv", seed=seed) for seed in (1, 2)]
    kept = queries.get_decision(who, decide(who, *ids, analysis="compare")).grounds
    assert [(one.id, one.name, one.version) for one in kept.datasets] == [(ids[0], "1.csv", 1), (ids[1], "2.csv", 1)]
    assert kept.evidence["sha256"] == " ".join(one.sha256 for one in kept.datasets)
    assert kept.query.startswith(f"compare?dataset={ids[0]}&beside={ids[1]}")


def test_it_is_told_and_audited(installation: Installation) -> None:
    who = person()
    number = decide(who, answered(who))
    decisions.withdraw(who, number, "The labels were swapped.")
    told = [(one["topic"], one["body"]) for one in events.after(0) if one["kind"] == "decision"]
    assert told == [
        ("project/main", {"decision": number, "change": "recorded"}),
        ("project/main", {"decision": number, "change": "withdrawn"}),
    ]
    lines = [(one.action, one.subject, one.about, one.project) for one in audit.lines(who)][:2]
    assert lines == [
        ("withdraw_decision", f"decision/{number}", "Not this one", "main"),
        ("record_decision", f"decision/{number}", "Not this one", "main"),
    ]


def test_a_decision_is_withdrawn_once_and_stays(installation: Installation) -> None:
    who, bob = person(), person("bob", "analyst")
    number = decide(who, answered(who))
    before = queries.get_decision(who, number)
    decisions.withdraw(bob, number, " The labels were swapped. ")
    kept = queries.get_decision(who, number)
    assert (kept.withdrawn_by, kept.withdrawn_why) == ("bob", "The labels were swapped.")
    assert kept.withdrawn_at is not None
    assert (kept.title, kept.because, kept.grounds) == (before.title, before.because, before.grounds)
    with pytest.raises(Conflict, match="already"):
        decisions.withdraw(who, number, "Again")
    with pytest.raises(NotFound):
        decisions.withdraw(who, 99, "No such")


def test_the_database_refuses_to_change_the_journal(installation: Installation) -> None:
    who = person()
    dataset = answered(who)
    kept, withdrawn = decide(who, dataset), decide(who, dataset)
    decisions.withdraw(who, withdrawn, "Wrong")
    before = fetch("SELECT * FROM decision ORDER BY id")
    changes = [f"UPDATE decision SET {column} = {column} WHERE id = {kept}" for column in COLUMNS]
    changes += [f"UPDATE decision SET withdrawn_{what} = NULL WHERE id = {withdrawn}" for what in ("at", "by")]
    changes += [f"UPDATE decision SET withdrawn_why = '' WHERE id = {withdrawn}", "DELETE FROM decision"]
    changes += [f"DELETE FROM decision WHERE id = {kept}"]
    for change in changes:
        with pytest.raises(Exception, match="append-only"), get_store().writer.begin() as connection:
            connection.execute(text(change))
    assert fetch("SELECT * FROM decision ORDER BY id") == before


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_no_decision_is_replaced(installation: Installation) -> None:
    who = person()
    decide(who, answered(who))
    replacing = f"INSERT OR REPLACE INTO decision ({', '.join(COLUMNS)}, withdrawn_why) SELECT * FROM (SELECT "
    replacing += ", ".join("'x' AS title" if name == "title" else name for name in COLUMNS) + ", '' FROM decision)"
    with pytest.raises(Exception, match="append-only"), get_store().writer.begin() as connection:
        connection.execute(text(replacing))


def test_without_an_answer_nothing_is_decided(installation: Installation) -> None:
    who = person()
    few = upload(who, samples.pairs(20), "few.csv").dataset_id
    unread = upload(who, samples.pairs(seed=5), "unread.csv").dataset_id
    with pytest.raises(NotFound, match="Nothing has been read"):
        decide(who, unread)
    work()
    with pytest.raises(NotEnoughData):
        decide(who, few)
    for given in ({"analysis": "magic"}, {"params": {"bins": 7}}, {"title": " \x00 "}, {"because": "\n \t"}):
        with pytest.raises(UsageError):
            decide(who, unread, **given)
    for ids in ([], [unread, unread], [unread] * 30):
        with pytest.raises(UsageError):
            decide(who, *ids)
    with pytest.raises(UsageError, match="at most"):
        decide(who, unread, because="x" * (decisions.LONGEST_BECAUSE + 1))
    assert queries.list_decisions(who, "main") == []


def test_nothing_of_another_project_goes_into_a_journal(installation: Installation) -> None:
    who = person()
    project("elsewhere")
    foreign = answered(who, project="elsewhere")
    with pytest.raises(UsageError, match="another project"):
        decide(who, foreign)
    here = join(person("bob", "member"), "main", "analyst")
    with pytest.raises(NotFound):
        decide(here, foreign)
    with pytest.raises(AccessDenied):
        decide(person("vic", "viewer"), foreign)
    assert fetch("SELECT count(*) FROM decision") == [(0,)]


def test_it_says_whether_the_data_have_moved_since(installation: Installation) -> None:
    who = person()
    dataset = followed(samples.pairs())
    number = decide(who, dataset)
    assert queries.since(who, number) == Since()
    followed(samples.pairs(temperature=3.0, seed=1))
    moved = queries.since(who, number)
    assert [(one.id, one.version) for one in moved.newer] == [(dataset, 2)]
    assert moved.verdict == "over_confident"
    followed(samples.pairs(rows=9_000, temperature=0.7, seed=2))
    otherwise = queries.since(who, number)
    assert otherwise.newer[0].version == 3
    assert otherwise.verdict == "under_confident"
    assert otherwise.sentence.startswith("Under-confident")
    assert queries.get_decision(who, number).grounds.verdict == "over_confident"
    datasets.remove(who, dataset)
    gone = queries.since(who, number)
    assert (gone.verdict, gone.newer) == (None, ())
    assert "removed" in gone.sentence


def test_pages_of_the_journal(installation: Installation) -> None:
    who = person()
    dataset = answered(who)
    numbers = [decide(who, dataset, title=f"Decision {number}") for number in range(5)]
    first = queries.list_decisions(who, "main", 2)
    assert [one.id for one in first] == numbers[:2:-1]
    assert [one.id for one in queries.list_decisions(who, "main", 10, first[-1].id)] == numbers[2::-1]
    assert queries.list_decisions(who, "main", -3) == []


def test_the_registry_takes_it_in_json(installation: Installation) -> None:
    who = person()
    given = {"project": "main", "title": "x", "because": "y", "analysis": "calibration", "dataset_ids": [answered(who)]}
    assert registry.run(who, "decision.record", {**given, "params": {"bins": "10"}}) == 1
    for ids in ("1", 1, [1.5], ["x"], [True], {"a": 1}):
        with pytest.raises(UsageError):
            registry.run(who, "decision.record", {**given, "dataset_ids": ids})
