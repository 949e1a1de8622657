"""Which project one begins with, and what is known as of which event."""

from __future__ import annotations

from engine.actions import demo, runs
from engine.queries import datasets, events, projects
from engine.queries import runs as run_queries
from tests.store.fixtures import Installation
from tests.store.people import person, read, upload


def test_a_newcomer_begins_with_the_simulation_then_with_their_own(installation: Installation) -> None:
    who = person()
    assert projects.default_project(who).slug == "main"
    demo.play(who)
    assert projects.default_project(who).slug == "main", "the simulation has nothing to show yet"
    upload(who, "simulated", project="demo")
    assert projects.default_project(who).slug == "demo"
    upload(who, "real")
    assert projects.default_project(who).slug == "main"
    assert [(view.slug, view.simulated, view.datasets) for view in projects.list_projects(who)] == [
        ("main", False, 1),
        ("demo", True, 1),
    ]


def test_the_simulation_plays_on_request(installation: Installation) -> None:
    who = person()
    assert not projects.demo_playing()
    for _ in range(2):
        demo.play(who)
    assert projects.demo_playing()
    for _ in range(2):
        demo.stop(who)
    assert not projects.demo_playing()
    told = [event["body"] for event in events.after(0) if event["kind"] == "demo"]
    assert told == [{"playing": True}, {"playing": False}]


def test_views_say_as_of_which_event(installation: Installation) -> None:
    who = person()
    dataset = upload(who).dataset_id
    assert datasets.get_dataset(who, dataset).event_id == events.cursor()
    read(runs.claim("worker"))
    assert datasets.list_datasets(who, "main")[0].event_id == events.cursor()
    assert run_queries.list_runs(who, "main")[0].event_id == events.cursor()
    assert run_queries.list_runs(who, "main", limit=-5) == []
