"""The palette offers what exists and what makes sense now, and every entry works."""

from __future__ import annotations

import pytest

from engine import registry
from engine.actions import (
    channels,
    cohorts,
    decisions,
    demo,
    favourites,
    inbox,
    mappings,
    notifications,
    people,
    reports,
    runs,
    shares,
    tokens,
    views,
)
from engine.actions import datasets as dataset_actions
from engine.queries import kept, palette
from engine.queries.palette import entries
from engine.types import PaletteEntry, Who
from tests.access import matrix_calls
from tests.access.matrix_calls import answered_by_itself
from tests.store.fixtures import Installation
from tests.store.people import answer, digest, join, person, project, read, report, upload

ANSWERS = {"name": "another", "page": "home", "query": "", "mapping": {}, "role": "viewer"}
ANSWERS |= {"where": "label=1..1"}
ANSWERS |= {"scope": "read", "project": "another", "why": "wrong"}
ANSWERS |= {"title": "ship", "because": "it is better", "analysis": "calibration", "dataset_ids": [1]}
ANSWERS |= {"address": "jsons://example.com/hook", "kinds": "alarm"}
ANSWERS |= {"of": "trust", "file_format": "pdf"}

DONE_BY_HAND = {"arrangement.set"}
"""Cards are put in order where they stand, by moving them: words would have to name every card."""


def titles(who: Who, section: str = "Actions") -> set[str]:
    return {entry.title for entry in entries(who, "main") if entry.section == section}


def test_pages_are_always_there(installation: Installation) -> None:
    who = person("bob", "viewer")
    pages = [entry for entry in entries(who, "main") if entry.section == "Pages"]
    trust = ["Calibration", "Judges", "Audit", "What if"]
    ship = ["Compare", "Ranking", "Agreement", "Best of n"]
    moved = ["Drift", "Alarms", "Timeline"]
    stop = ["Training curves", "Over-optimisation", "Hack watch", "Forecast", "Rollouts", "KL trade-off"]
    rest = ["Sweep", "Surface", "Journal", "Reports", "Datasets", "Runs", "Settings"]
    assert [entry.title for entry in pages] == ["Home", *trust, *ship, *moved, *stop, *rest]
    assert {entry.title for entry in pages if not entry.shortcut} == {"Reports"}, "every letter after g leads somewhere"
    assert len({entry.shortcut for entry in pages}) == len(pages)
    assert all(entry.run == "page" and entry.synonyms for entry in pages)


def test_only_what_exists(installation: Installation) -> None:
    who = person()
    dataset = upload(who).dataset_id
    assert titles(who, "Datasets") == {"scores.jsonl"}
    assert {"Read scores.jsonl again", "Remove scores.jsonl"} <= titles(who)
    dataset_actions.remove(who, dataset)
    assert titles(who, "Datasets") == set()
    left = {title for title in titles(who) if "scores.jsonl" in title}
    assert left == {"Bring back scores.jsonl"}, "a run of a removed dataset cannot be tried again"


def test_a_dataset_leads_to_its_answer(installation: Installation) -> None:
    who = person()
    dataset = upload(who).dataset_id

    def target() -> str:
        return next(entry.target for entry in entries(who, "main") if entry.section == "Datasets")

    assert target() == f"datasets?dataset={dataset}"
    read(runs.claim("worker"))
    assert target() == f"calibration?dataset={dataset}"


def test_runs_are_cancelled_or_tried_again(installation: Installation) -> None:
    who = person()
    run = upload(who).run_id
    assert f"Cancel run {run} of scores.jsonl" in titles(who)
    work = runs.claim("worker")
    assert work is not None
    runs.fail(work, {"code": "broken", "message": "Broken."})
    assert f"Try run {run} of scores.jsonl again" in titles(who)
    assert not any(title.startswith("Cancel") for title in titles(who))


def test_the_simulator_plays_or_stops(installation: Installation) -> None:
    who = person()
    assert "Play the simulator" in titles(who)
    demo.play(who)
    assert "Stop the simulator" in titles(who)
    assert "Play the simulator" not in titles(who)


def test_a_viewer_is_offered_no_changes(installation: Installation) -> None:
    upload(person())
    viewer = person("bob", "viewer")
    for entry in entries(viewer, "main"):
        if entry.run == "action":
            assert viewer.at_least(registry.ACTIONS[entry.target].role)
    on_it = [entry for entry in entries(viewer, "main") if entry.run == "action" and "scores.jsonl" in entry.title]
    assert [entry.target for entry in on_it] == ["favourite.add"], "what only oneself sees"


def test_the_theme_that_is_on_is_not_offered(installation: Installation) -> None:
    who = person()
    people.set_preference(who, "theme", "dark")
    assert "Dark theme" not in titles(who)
    assert {"Light theme", "Theme of the system"} <= titles(who)


def test_saved_views_are_links(installation: Installation) -> None:
    who = person()
    views.save(who, "main", "My view", "calibration", "bins=20")
    (entry,) = [entry for entry in entries(who, "main") if entry.section == "Saved views"]
    assert (entry.title, entry.run, entry.target) == ("My view", "link", "calibration?bins=20")


def test_other_projects_with_data_can_be_reached(installation: Installation) -> None:
    who = person()
    demo.play(who)
    assert titles(who, "Projects") == set()
    upload(who, project="demo")
    assert titles(who, "Projects") == {"Simulated project"}


@pytest.mark.parametrize("role", ["viewer", "analyst", "operator", "admin", "analyst of the project", "admin of it"])
def test_every_action_offered_works(installation: Installation, monkeypatch: pytest.MonkeyPatch, role: str) -> None:
    """For each role, one after the other on a fresh look each time: an entry that is there can be run."""
    monkeypatch.setattr(decisions, "_concludes", [answered_by_itself])
    monkeypatch.setattr(shares, "_makes", [matrix_calls.shared_by_itself])
    first = person()
    upload(first, "a")
    read(runs.claim("worker"))
    upload(first, "b", "second.jsonl")
    own = role.partition(" ")[0]
    who = first if role == "admin" else person("bob", own if own == role else "member")  # type: ignore[arg-type]
    if own != role:
        who = join(who, "main", own)  # type: ignore[arg-type]
    done: set[str] = set()

    def fresh() -> list[PaletteEntry]:
        return [entry for entry in entries(who, "main") if entry.run == "action" and entry.id not in done]

    while offered := fresh():
        entry = offered[0]
        open_arguments = {one.name for one in registry.ACTIONS[entry.target].arguments if one.required}
        if entry.target == "report.request":
            open_arguments.add("dataset_ids")  # a recorded decision needs none, everything else does
        answers = {name: ANSWERS[name] for name in open_arguments - set(entry.arguments)}
        registry.run(who, entry.target, {**answers, **entry.arguments})
        done.add(entry.id)
    assert len(done) >= (4 if own == "viewer" else 8)


def test_every_action_there_is_can_be_found(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each action of the registry has an entry in some state of a project: no feature without its line."""
    monkeypatch.setattr(decisions, "_concludes", [answered_by_itself])
    monkeypatch.setattr(shares, "_makes", [matrix_calls.shared_by_itself])
    who = person()
    people.disable(who, join(person("bob", "viewer"), "main", "analyst").user_id)
    people.open_session(who.user_id, "127.0.0.9", "Firefox/131")
    tokens.create(who, "training", "write")
    person("carl", "viewer")
    found: set[str] = set()

    def look() -> None:
        found.update(entry.target for entry in entries(who, "main") if entry.run == "action")

    upload(who, "a")
    look()
    read(runs.claim("worker"))
    removed = upload(who, "b", "second.jsonl").dataset_id
    work = runs.claim("worker")
    assert work is not None
    runs.fail(work, {"code": "broken", "message": "Broken."})
    views.save(who, "main", "Mine", "calibration", "")
    favourites.add(who, removed)
    reports.request(who, "main", "weekly", "trust", "pdf", [removed])
    making = runs.claim("worker", ("report",))
    assert making is not None
    runs.fail(making, {"code": "broken", "message": "Broken."})
    channels.add(who, "hook", "jsons://example.com/hook")
    inbox.refuse("main", "x.pkl", "It is no table.")
    notifications.tell()
    cohorts.save(who, "main", "Sure", "confidence=0.9..1")
    decisions.record(who, "main", "ship", "it is better", "calibration", [removed])
    shares.create(who, "main", "as it stands", "calibration", [removed])
    upload(who, "c", "curves.jsonl")
    curves = runs.claim("worker")
    assert curves is not None
    told = report(3, "curve", fields=["step", "value"])
    runs.finish(curves, segment=runs.NewSegment(digest("curves"), 3, 100), report=told, answer=answer())
    mapped = matrix_calls.with_columns(matrix_calls.World(who, who, removed))
    dataset_actions.set_mapping(who, mapped, {"margin": "m"})
    mappings.save(who, mapped, "the columns", {"margin": "m"})
    look()
    dataset_actions.remove(who, removed)
    demo.play(who)
    look()
    assert found == set(registry.ACTIONS) - DONE_BY_HAND


def test_who_is_in_no_project_finds_what_needs_none(installation: Installation) -> None:
    upload(person("ann"))
    bob = person("bob", "member")
    offered = entries(bob, "")
    assert {entry.title for entry in offered if entry.section == "Pages"} >= {"Home", "Settings"}
    assert {"Sign out", "Make an API token…", "Dark theme"} <= {entry.title for entry in offered}
    assert not any("scores.jsonl" in entry.title or entry.section == "Projects" for entry in offered)


def test_members_are_offered_what_they_may_in_their_project(installation: Installation) -> None:
    ann = person("ann")
    project("other")
    upload(ann)
    upload(ann, project="other", content="two", name="other.jsonl")
    bob = join(person("bob", "member"), "main", "analyst")
    offered = {entry.title for entry in entries(bob, "main")}
    assert {"scores.jsonl", "Rename scores.jsonl…"} <= offered
    assert not any("other" in title or "simulator" in title or "project" in title for title in offered)
    carl = join(join(person("carl", "member"), "main", "admin"), "other", "viewer")
    assert {"People", "Change the role of bob in this project…", "Rename this project…"} <= {
        one.title for one in entries(carl, "main")
    }
    assert not any("this project" in one.title for one in entries(carl, "other"))


def test_the_page_of_people_is_for_those_who_look_after_others(installation: Installation) -> None:
    for name, who, shown in (
        ("viewer", person("a viewer", "viewer"), False),
        ("operator", person("an operator", "operator"), True),
        ("admin of a project", join(person("one", "member"), "main", "admin"), True),
        ("operator of a project", join(person("two", "member"), "main", "operator"), True),
        ("analyst of a project", join(person("three", "member"), "main", "analyst"), False),
    ):
        assert ("People" in {one.title for one in entries(who, "main")}) is shown, name


def test_what_was_removed_can_be_brought_back(installation: Installation) -> None:
    who = person()
    dataset_actions.remove(who, upload(who).dataset_id)
    assert "Bring back scores.jsonl" in titles(who)


def test_ids_are_unique(installation: Installation) -> None:
    who = person()
    upload(who, "a")
    upload(who, "b")
    everything = [entry.id for entry in entries(who, "main")]
    assert len(everything) == len(set(everything))


def test_what_an_action_is_done_to_has_a_name(installation: Installation) -> None:
    """The palette asks "which?" by what is told here, and leads to what the page in front is about."""
    who = person()
    dataset = upload(who).dataset_id
    found = {entry.id: entry for entry in entries(who, "main")}
    rename = found[f"action:rename:{dataset}"]
    assert (rename.about, rename.thing, rename.defaults) == (
        f"dataset:{dataset}",
        "scores.jsonl",
        {"name": "scores.jsonl"},
    )
    for entry in found.values():
        if entry.about and entry.run == "action":
            kind, number = entry.about.split(":")
            assert entry.arguments[f"{kind}_id"] == int(number)
            assert entry.thing


def test_runs_are_opened(installation: Installation) -> None:
    who = person()
    run = upload(who).run_id
    (entry,) = [entry for entry in entries(who, "main") if entry.section == "Runs"]
    assert (entry.title, entry.target) == (f"Run {run} of scores.jsonl", f"runs?run={run}")


def test_names_in_the_newest_answer_lead_to_it(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    who = person()
    dataset = upload(who).dataset_id
    read(runs.claim("worker"))
    palette._named.cache_clear()
    monkeypatch.setattr(kept, "names", lambda _dataset: ("policy-7", "policy-8"))
    found = [entry for entry in entries(who, "main") if entry.section == "Named in answers"]
    assert [(one.title, one.target) for one in found] == [
        (name, f"calibration?dataset={dataset}") for name in ("policy-7", "policy-8")
    ]
    dataset_actions.remove(who, dataset)
    assert not any(one.section == "Named in answers" for one in entries(who, "main"))
    palette._named.cache_clear()


def test_what_takes_something_away_says_so() -> None:
    """Every action whose name says that something ends has its warning, or is undone by the next line."""
    ending = ("remove", "delete", "revoke", "disable", "cancel", "withdraw", "end_all")
    undone = {"favourite.remove"}
    assert {name for name in registry.ACTIONS if name.endswith(ending)} - undone == {
        name for name, action in registry.ACTIONS.items() if action.warning
    }
