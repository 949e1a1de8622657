"""Two people ask the same at the same address, turn by turn and at once (test 21 of the catalogue).

Caches stand in pages, queries and routes. What each of the two is given is what they are given alone: nobody gets what
was made for the other, be it a page, a refusal or something that is their own.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
from starlette.testclient import TestClient

from engine.actions import (
    arrangements,
    cohorts,
    decisions,
    favourites,
    memberships,
    notifications,
    people,
    projects,
    reports,
    runs,
    views,
)
from engine.errors import PlumblineError
from engine.queries.people import who_is
from engine.types import Who
from jobs.reporting import Press, make_report
from pages.parts import commands, reads
from tests.access.counts import times
from tests.pages.conftest import forget
from tests.web.conftest import Desk
from tests.web.serving import Person, register
from tests.web.sharing import answered, lines
from web import browsing, view
from web.gate import COOKIE

READS = times(1_000, 10_000)
AT_ONCE = 4
TOGETHER, PARAMS = "both", (("bins", 10),)

Ask = Callable[["Reader"], object]


@dataclass(frozen=True)
class Reader:
    """Somebody who asks, from a page or with a browser."""

    cookie: str
    browser: TestClient

    @property
    def who(self) -> Who:
        found = who_is(self.cookie)
        assert found is not None
        return found

    def get(self, path: str) -> tuple[int, bytes]:
        """What a browser of this person is answered; of a refusal what it says, not the number it can be found by."""
        headers = {"sec-fetch-mode": "cors", "cookie": f"{COOKIE}={self.cookie}"}
        answer = self.browser.get(path, headers=headers)
        if answer.status_code < 400:
            return answer.status_code, answer.content
        told = answer.json()
        return answer.status_code, repr((told.get("code"), told.get("message"), told.get("detail"))).encode()

    def given(self, ask: Ask) -> str:
        """What comes back, a refusal as well."""
        try:
            return repr(ask(self))
        except PlumblineError as error:
            return f"{error.code}: {error}"


def place(name: str, of: Person) -> int:
    """A project of one person alone, with an answer, a report, a decision and a cohort in it."""
    admin = who_is_admin()
    projects.create(admin, name)
    memberships.put(admin, name, of.who.user_id, "admin")
    who = who_is(of.cookie)
    assert who is not None
    dataset = answered(who, name, f"{name}.jsonl", lines(name))
    decisions.record(who, name, f"decided in {name}", name, "calibration", [dataset])
    cohorts.save(who, name, f"cohort of {name}", "label=1..1")
    reports.request(who, name, f"report of {name}", "view", "json", [dataset], "calibration")
    while found := runs.claim("test", ("report",)):
        make_report(found, Press())
    return dataset


def who_is_admin() -> Who:
    return Who(1, "ada", "admin")


def own(of: Person, dataset: int, name: str) -> None:
    """What somebody has for themselves in the project that both see."""
    who = who_is(of.cookie)
    assert who is not None
    views.save(who, TOGETHER, f"view of {name}", "calibration", f"slice={name}")
    people.set_preference(who, "note", f"note of {name}")
    arrangements.arrange(who, TOGETHER, "home", {"order": [f"card-{name}"]})
    if name == "ann":
        favourites.add(who, dataset)


def questions(datasets: Mapping[str, int]) -> dict[str, Ask]:
    """The same for both: all that pages read, the palette, and the routes."""
    asked: dict[str, Ask] = {
        "projects": lambda one: reads.projects_of(one.who),
        "preferences": lambda one: reads.preferences_of(one.who),
        "notifications": lambda one: reads.notifications_of(one.who, 30),
        "sessions": lambda one: [session.id for session in reads.sessions_of(one.who)],
        "own project": lambda one: reads.project_of(one.who, ""),
    }
    for slug, number in datasets.items():
        asked |= {f"{name} {slug}": ask for name, ask in {**in_project(slug), **of_dataset(number)}.items()}
    return asked


def in_project(slug: str) -> dict[str, Ask]:
    return {
        "datasets": lambda one: reads.datasets_of(one.who, slug),
        "runs": lambda one: reads.runs_of(one.who, slug),
        "active": lambda one: reads.active_runs_of(one.who, slug),
        "room": lambda one: reads.room_of(one.who, slug),
        "refusals": lambda one: reads.refusals_of(one.who, slug),
        "views": lambda one: reads.views_of(one.who, slug),
        "favourites": lambda one: reads.favourites_of(one.who, slug),
        "arrangement": lambda one: reads.arrangement_of(one.who, slug, "home"),
        "decisions": lambda one: reads.decisions_of(one.who, slug, 20, None),
        "reports": lambda one: reads.reports_of(one.who, slug, 20, None),
        "cohorts": lambda one: reads.cohorts_named(one.who, slug),
        "mappings": lambda one: reads.mappings_of(one.who, slug),
        "palette": lambda one: reads.entries_of(one.who, slug),
        "palette, as told": lambda one: commands.entries(one.who, slug, slug, reads.cursor()),
        "journal": lambda one: one.get(f"/export/journal.md?project={slug}"),
        "api": lambda one: one.get(f"/api/v1/projects/{slug}/datasets"),
    }


def of_dataset(number: int) -> dict[str, Ask]:
    return {
        "dataset": lambda one: reads.dataset_of(one.who, number),
        "answer": lambda one: reads.answer_of(one.who, number),
        "history": lambda one: reads.history_of(one.who, number),
        "cohorts of": lambda one: reads.cohorts_of(one.who, number),
        "source": lambda one: reads.source_of(one.who, number),
        "scoreboard": lambda one: reads.scoreboard_of(one.who, number),
        "timeline": lambda one: reads.timeline_shows(one.who, number),
        "conclusion": lambda one: reads.conclusion(one.who, number, 1, PARAMS, "calibration").result.sentence,
        "together": lambda one: reads.together(one.who, (number,), PARAMS, "calibration").result.sentence,
        "decision": lambda one: reads.decision_of(one.who, number),
        "report": lambda one: reads.report_of(one.who, number),
        "/view": lambda one: one.get(f"/view/calibration?dataset={number}&bins=10"),
        "/view/worst": lambda one: one.get(f"/view/calibration/worst?dataset={number}"),
        "/view/rows": lambda one: one.get(f"/view/rows?dataset={number}&where=label%3D1..1"),
        "/export": lambda one: one.get(f"/export/calibration.csv?dataset={number}&table=estimates"),
        "/report": lambda one: one.get(f"/report/{number}"),
        "/export/decision": lambda one: one.get(f"/export/decision.json?decision={number}"),
    }


def everything_forgotten() -> None:
    forget()
    commands.entries.cache_clear()
    for kept in (view._views, browsing._pages):
        kept._made.clear()


@pytest.fixture
def both(desk: Desk) -> Iterator[tuple[dict[str, int], Reader, Reader]]:
    """Two people, each with a project of their own and one together, and the datasets by their project."""
    register("ada")
    ann, eve = register("ann", "member"), register("eve", "member")
    admin = who_is_admin()
    datasets = {"ours": place("ours", ann), "theirs": place("theirs", eve)}
    projects.create(admin, TOGETHER)
    for one in (ann, eve):
        memberships.put(admin, TOGETHER, one.who.user_id, "analyst")
    datasets[TOGETHER] = answered(admin, TOGETHER, "both.jsonl", lines("both"))
    own(ann, datasets[TOGETHER], "ann")
    own(eve, datasets[TOGETHER], "eve")
    while notifications.tell():
        pass
    with desk.visitor() as server:  # one loop for both, as in the product
        yield datasets, Reader(ann.cookie, server), Reader(eve.cookie, server)


def test_nobody_is_given_what_was_made_for_another(both: Any) -> None:
    datasets, ann, eve = both
    asked = questions(datasets)
    alone: dict[tuple[str, str], str] = {}
    for reader in (ann, eve):
        for name, ask in asked.items():
            everything_forgotten()
            alone[reader.cookie, name] = reader.given(ask)
    differ = [name for name in asked if alone[ann.cookie, name] != alone[eve.cookie, name]]
    assert len(differ) > len(asked) / 2
    shown = {name for name in asked if "/" in name and alone[ann.cookie, name].startswith("(200")}
    assert {f"/{one} ours" for one in ("view", "view/worst", "view/rows", "export", "report")} <= shown
    draw = random.Random(20261130)
    turns = [(draw.choice((ann, eve)), draw.choice(list(asked))) for _ in range(READS)]
    turns = [turn for pair in turns for turn in (pair, (eve if pair[0] is ann else ann, pair[1]))][:READS]
    crossed: list[str] = []
    differed: dict[str, tuple[str, str]] = {}

    def turn(reader: Reader, name: str) -> None:
        if reader.given(asked[name]) != alone[reader.cookie, name]:
            crossed.append(name)
            differed[name] = (alone[reader.cookie, name][:300], reader.given(asked[name])[:300])

    with ThreadPoolExecutor(AT_ONCE) as threads:
        everything_forgotten()
        list(threads.map(lambda one: turn(*one), turns))
    assert crossed == [], differed
    sys.stdout.write(
        f"{READS} reads of {len(asked)} questions by 2 people, {len(differ)} with different answers: "
        f"{len(crossed)} cross answers\n"
    )
