"""Two people, two projects, and every query and action there is, asked for anything (test 3 of the catalogue).

Each of the two owns a project and works in it; both try ids, names and projects of either, mixed with strange ones.
What comes back never holds a word of the other's, whatever was refused says none, and nothing of the other's changes.
"""

from __future__ import annotations

import importlib
import inspect
import json
import random
import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow.parquet as pq
import pytest

from engine.access.tokens import who_of
from engine.actions import (
    channels,
    cohorts,
    datasets,
    decisions,
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
from engine.errors import PlumblineError
from engine.queries.browsing import Asked
from engine.settings import get_settings
from engine.store.datasets import existing_segment
from engine.store.engine import fetch
from engine.types import ROLES, SCOPES, RowReference, Who
from jobs.reporting import Press, make_report
from jobs.work import perform
from tests.access.counts import times
from tests.access.matrix import public_functions
from tests.processes.here import Here
from tests.store.fixtures import Installation
from tests.store.people import digest, join, person, project

CALLS = times(1_000, 10_000)
STRANGE_IDS = (0, -1, 2**31, 2**63, -(2**70))
STRANGE_TEXTS = ("", "main", "nowhere", "../main", "%", "_", "' OR 1=1 --", "\x00", "\ud800", "MAIN", "a" * 5_000)
MINE = {
    "dataset": "SELECT * FROM dataset WHERE project_id = :project ORDER BY id",
    "version": "SELECT v.* FROM version v JOIN dataset d ON d.id = v.dataset_id WHERE d.project_id = :project",
    "segment": "SELECT s.* FROM segment s JOIN dataset d ON d.id = s.dataset_id WHERE d.project_id = :project",
    "run": "SELECT * FROM run WHERE project_id = :project ORDER BY id",
    "project": "SELECT * FROM project WHERE id = :project",
    "membership": "SELECT * FROM membership WHERE project_id = :project OR user_id = :user ORDER BY user_id",
    "decision": "SELECT * FROM decision WHERE project_id = :project ORDER BY id",
    "forecast": "SELECT * FROM forecast WHERE project_id = :project ORDER BY id",
    "share": "SELECT * FROM share WHERE project_id = :project ORDER BY id",
    "report": "SELECT * FROM report WHERE project_id = :project ORDER BY id",
    "cohort": "SELECT * FROM cohort WHERE project_id = :project ORDER BY id",
    "favourite": "SELECT * FROM favourite WHERE user_id = :user ORDER BY dataset_id",
    "arrangement": "SELECT * FROM arrangement WHERE user_id = :user ORDER BY project_id, page",
    "mapping": "SELECT * FROM mapping WHERE project_id = :project ORDER BY id",
    "notification": "SELECT * FROM notification WHERE user_id = :user ORDER BY id",
    "channel": "SELECT * FROM channel WHERE user_id = :user ORDER BY id",
    "saved_view": "SELECT * FROM saved_view WHERE user_id = :user ORDER BY id",
    "preference": "SELECT * FROM preference WHERE user_id = :user ORDER BY key",
    "session": "SELECT * FROM session WHERE user_id = :user ORDER BY id",
    "api_token": "SELECT * FROM api_token WHERE user_id = :user ORDER BY id",
    "user": 'SELECT * FROM "user" WHERE id = :user',
}
SEGMENTS = "SELECT s.sha256 FROM segment s JOIN dataset d ON d.id = s.dataset_id WHERE d.project_id = :project"
IDS = {
    "dataset_id": "SELECT id FROM dataset WHERE project_id = :project",
    "decision_id": "SELECT id FROM decision WHERE project_id = :project",
    "report_id": "SELECT id FROM report WHERE project_id = :project",
    "cohort_id": "SELECT id FROM cohort WHERE project_id = :project",
    "mapping_id": "SELECT id FROM mapping WHERE project_id = :project",
    "channel_id": "SELECT id FROM channel WHERE user_id = :user",
    "notification_id": "SELECT id FROM notification WHERE user_id = :user",
    "share_id": "SELECT id FROM share WHERE project_id = :project",
    "run_id": "SELECT id FROM run WHERE project_id = :project",
    "view_id": "SELECT id FROM saved_view WHERE user_id = :user",
    "session_id": "SELECT id FROM session WHERE user_id = :user",
    "token_id": "SELECT id FROM api_token WHERE user_id = :user",
    "user_id": 'SELECT id FROM "user" WHERE id = :user',
    "version": "SELECT v.number FROM version v JOIN dataset d ON d.id = v.dataset_id WHERE d.project_id = :project",
}
NEVER_DONE = {
    "people.invite", "people.set_role", "people.rename", "people.disable", "people.enable",
    "passwords.reset", "projects.create", "monitoring.reading", "monitoring.scraped", "monitoring.course",
    "tokens.every_token", "demo.play", "demo.stop", "shares.shown",
}  # fmt: skip
"""What needs a role in the installation, which neither has, or the secret of a share."""
SELDOM_DONE = {"contrast.contrast", "forecasts.asked", "forecasts.keep", "surfaces.grid", "timeline.prepared"}
"""What needs rows with steps or parameters, which hardly any of these are."""


@dataclass
class Owner:
    """Somebody with a project of their own; `canary` is in everything they wrote."""

    who: Who
    slug: str
    canary: str
    asking: list[Who] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    """Some of their rows, by hash: whoever saw one could ask for it elsewhere."""

    def ids(self, of: str) -> list[int]:
        return [row[0] for row in fetch(IDS[of], self.keys(IDS[of]))]

    def everything(self) -> dict[str, list[Any]]:
        return {table: fetch(sql, self.keys(sql)) for table, sql in MINE.items()}

    def keys(self, sql: str) -> dict[str, int]:
        known = {"user": self.who.user_id, "project": self.project}
        return {name: value for name, value in known.items() if f":{name}" in sql}

    @property
    def project(self) -> int:
        return int(fetch("SELECT id FROM project WHERE slug = :slug", {"slug": self.slug})[0][0])


def owner(name: str, slug: str) -> Owner:
    """A person with an own project, with something of everything in it."""
    canary = secrets.token_hex(8)
    project(slug)
    made = Owner(join(person(name, "member"), slug, "admin"), slug, canary)
    answered = [uploaded(made.who, slug, f"{canary} {number}", rows(canary, number)) for number in range(2)]
    uploaded(made.who, slug, f"{canary} curve", curve(canary))
    datasets.remove(made.who, uploaded(made.who, slug, f"{canary} removed", rows(canary, 9)))
    work()
    uploaded(made.who, slug, f"{canary} unreadable", f'{{"{canary}": 1}}\n')
    work()
    decisions.record(made.who, slug, canary, canary, "calibration", answered[:1])
    for mode in ("live", "frozen"):
        shares.create(made.who, slug, canary, "calibration", answered[:1], mode=mode)
    mappings.save(made.who, answered[0], canary, {"slice": canary})
    for file_format in ("json", "csv"):
        reports.request(made.who, slug, canary, "trust", file_format, answered[:1])
    make_report(claimed(), Press())
    cohorts.save(made.who, slug, canary, f"slice.{canary}=a")
    for number in range(3, 9):
        uploaded(made.who, slug, f"{canary} waiting {number}", rows(canary, number))
    inbox.refuse(slug, f"{canary}.pkl", f"{canary} is no table.")
    channels.add(made.who, canary, f"jsons://example.com/{canary}")
    notifications.tell()
    views.save(made.who, slug, canary, "calibration", f"q={canary}")
    people.set_preference(made.who, "note", canary)
    people.open_session(made.who.user_id, "127.0.0.1", canary)
    secret = tokens.create(made.who, canary, "admin", slug)
    by_token = who_of(secret)
    assert by_token is not None
    made.asking = [made.who, made.who, by_token]
    for (sha256,) in fetch(SEGMENTS, made.keys(SEGMENTS)):
        made.rows += pq.read_table(existing_segment(sha256))["row_hash"].to_pylist()[:20]
    return made


def rows(canary: str, number: int) -> str:
    made = ({"prompt": f"{canary} {n}", "chosen": canary, "rejected": "b", "margin": n % 7 - number} for n in range(40))
    return "".join(json.dumps(row) + "\n" for row in made)


def curve(canary: str) -> str:
    """A training log that is long enough to be forecast."""
    made = ({"run": canary, "step": n, "reward": n % 7 + 0.1 * n, "loss": 1 / (1 + n)} for n in range(40))
    return "".join(json.dumps(row) + "\n" for row in made)


def uploaded(who: Who, slug: str, name: str, text: str) -> int:
    path = get_settings().uploads / digest(text + name)
    path.write_text(text)
    return datasets.receive_upload(who, slug, f"{name}.jsonl", path, digest(text), len(text)).dataset_id


def work() -> None:
    """What the runner would do."""
    while found := runs.claim("test", ("read", "observe")):
        perform(found, Here())


def claimed() -> runs.Work:
    """The report that was asked for first."""
    found = runs.claim("test", ("report",))
    assert found is not None
    return found


def surface() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every function of queries and actions that asks who, found in the text of the modules."""
    for package in ("actions", "queries"):
        for name, first in public_functions(package):
            if first == "who":
                module, _, function = name.rpartition(".")
                yield name.partition(".")[2], getattr(importlib.import_module(f"engine.{module}"), function)


# ------------------------------------------------------------------ what is asked


def argument(name: str, draw: random.Random, asked: Owner, other: Owner, *, own: bool = False) -> Any:
    """A value for an argument of this name: of one's own (with `own` mostly), of the other's, or of nobody's."""
    whose = draw.choice([asked] * (16 if own else 2) + [other, other, None])
    if name in IDS:
        pool = whose.ids(name) if whose else [*STRANGE_IDS, draw.randrange(1, 60)]
        return draw.choice(pool or STRANGE_IDS)
    if name in ("dataset_ids", "ids"):
        return [argument("dataset_id", draw, asked, other, own=own) for _ in range(draw.randrange(1, 4))]
    if name == "project":
        return whose.slug if whose else draw.choice(STRANGE_TEXTS)
    if name == "row_hash":
        return draw.choice([*asked.rows, *other.rows, 1, -1, 2**64])
    if name == "references":
        return [RowReference(draw.choice([*asked.rows, *other.rows, 1]), 0.5) for _ in range(5)]
    if name == "path":
        path = get_settings().uploads / secrets.token_hex(8)
        path.write_text("{}\n")
        return path
    known = plain(draw)
    assert name in known, f"a new argument: say in {__file__} what it can be"
    return known[name]


def plain(draw: random.Random) -> dict[str, Any]:
    """Values of everything that names nobody's thing."""
    word = secrets.token_hex(4)
    return {
        "action": draw.choice(["", "sign_in", "rename"]),
        "address": draw.choice(["jsons://example.com/hook", "exec://x", word]),
        "kinds": draw.choice(["", "alarm", word]),
        "asked": Asked(draw.choice(["reward", "gap"]), where=draw.choice(["", "label=0..1"]), find=word[:1]),
        "prompt": word,
        "analysis": "calibration",
        "where": draw.choice(["label=0..1", "!item=a|b", word]),
        "most": draw.choice([0, 5, 10**6]),
        "because": word,
        "before": draw.choice([None, 1, 10**6, 2**40]),
        "of": draw.choice(["view", "trust", "decision", word]),
        "file_format": draw.choice(["pdf", "json", word]),
        "days": draw.choice([1, 90, -1]),
        "key": f"k{word}",
        "layout": draw.choice([{}, {"order": [word]}, {"hidden": ["trust"], "wide": [word]}, {word: [word]}]),
        "layer": draw.choice(["value", "error", word]),
        "kind": draw.choice(["read", "observe", "link", "embed", word]),
        "limit": draw.choice([0, 1, 100, 10**9]),
        "lines": b'{"margin": 1}\n',
        "mapping": {"margin": "m"},
        "mode": draw.choice(["live", "frozen", word]),
        "name": f"{word}.jsonl",
        "origins": draw.choice(["", "https://a.example", word]),
        "page": "home",
        "params": draw.choice([None, {}, {"bins": 10}]),
        "password_hash": word,
        "patience": draw.choice([0.0, 5.0]),
        "person": draw.randrange(4),
        "query": word,
        "replace": draw.choice(["no", "yes"]),
        "role": draw.choice(ROLES),
        "rows": True,
        "scope": draw.choice(SCOPES),
        "sha256": digest(word),
        "since": draw.choice([0, -1, 3]),
        "size": 3,
        "title": word,
        "value": word,
        "versions": None,
        "why": word,
    }


def asked_of(
    function: Callable[..., Any], draw: random.Random, asking: Owner, other: Owner, *, own: bool = False
) -> dict[str, Any]:
    """Arguments for one call. What has a default is left out half of the time."""
    parameters = list(inspect.signature(function).parameters.values())[1:]
    wanted = [one for one in parameters if one.default is inspect.Parameter.empty or draw.random() < 0.5]
    return {one.name: argument(one.name, draw, asking, other, own=own) for one in wanted}


def invites(name: str, given: dict[str, Any], asking: Owner, bystander: Who) -> dict[str, Any]:
    """One's own project may be given to anybody, which would be no theft: a third person gets it."""
    if name.startswith("memberships.") and given["project"] == asking.slug:
        return {**given, "user_id": bystander.user_id}
    return given


def whole(answer: Any) -> Any:
    """What is given piece by piece is taken to its end: rights are checked when the first piece is asked for."""
    return list(answer) if isinstance(answer, Iterator) else answer


def late(number: int) -> bool:
    return 3 * number > 2 * CALLS


def called(number: int, calls: list[tuple[str, Callable[..., Any]]], done: Counter[str]) -> tuple[str, Any]:
    """Everything in turn; in the last third those that were refused so far: what many arguments have to fit for."""
    refused = [one for one in calls if late(number) and one[0] not in done and one[0] not in NEVER_DONE]
    return (refused or calls)[number % len(refused or calls)]


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_nothing_of_anothers_is_shown_or_changed(
    installation: Installation, record_property: Callable[[str, object], None]
) -> None:
    draw, done, calls = random.Random(20261123), Counter[str](), sorted(surface())
    person("the administrator")
    bystander = person("a third", "member")
    both = owner("ann", "ours"), owner("eve", "theirs")
    before = {one.slug: one.everything() for one in both}
    for number in range(CALLS):
        asking, other = both if draw.random() < 0.5 else both[::-1]
        name, function = called(number, calls, done)
        given = invites(name, asked_of(function, draw, asking, other, own=late(number)), asking, bystander)
        status = 200
        try:
            said = repr(whole(function(draw.choice(asking.asking), **given)))
            done[name] += 1
        except PlumblineError as error:
            status, said = error.http_status, f"{error} {error.to_dict()}"
        assert other.canary not in said, (name, given, said[:500])
        assert status < 500, (name, given, said)
        if function.__module__.startswith("engine.actions"):
            after = other.everything()
            assert after == before[other.slug], (name, given)
            before[asking.slug] = asking.everything()
    assert {one.slug: one.everything() for one in both} == before
    never = {name for name, _function in calls} - set(done)
    never -= NEVER_DONE | SELDOM_DONE
    assert len(never) <= times(8, 0), f"too seldom done to say anything: {never}"
    assert not NEVER_DONE & set(done)
    record_property("runs", CALLS)
