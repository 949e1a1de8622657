"""Shares: who may make and end one, and what the one who holds it may ask for (test 5 of the catalogue)."""

from __future__ import annotations

import json
import random
import secrets
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from engine import registry
from engine.access import sessions
from engine.access.shares import note_opening, sites, who_of
from engine.access.tokens import who_of as who_of_token
from engine.actions import datasets, memberships, people, runs, shares, tokens
from engine.errors import AccessDenied, NotFound, PlumblineError, UsageError
from engine.queries import audit, events, results
from engine.queries import shares as queries
from engine.store import blobs
from engine.store.engine import fetch
from engine.store.tables import Share
from engine.store.times import now
from engine.store.transaction import transaction
from engine.types import Who
from jobs.upkeep import Upkeep
from tests.access.counts import times
from tests.access.test_foreign import asked_of, owner, surface
from tests.store.fixtures import Installation
from tests.store.people import join, person, project, read, upload
from tests.web.sharing import answered, lines, share, work

SQLITE = pytest.mark.parametrize("installation", ["sqlite"], indirect=True)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shares without an answer: who may, and for how long, does not depend on it."""

    def made(_who: Who, dataset_ids: Sequence[int], *_asked: object) -> tuple[str, bytes]:
        return f"dataset={dataset_ids[0]}", b"{}"

    monkeypatch.setattr(shares, "_makes", [made])


def known(who: Who, slug: str = "main") -> int:
    """A dataset with a version, without rows."""
    received = upload(who, f"content of {slug}", f"{slug}.jsonl", slug)
    read(runs.claim("worker"), f"segment of {slug}")
    return received.dataset_id


def shared(token: str) -> Who:
    who = who_of(token)
    assert who is not None
    return who


def told(token: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(queries.shown(shared(token)))
    return found


def passed(token: str, **changes: object) -> None:
    """Change the row of a share as time would."""
    with transaction() as tx:
        tx.session.connection().execute(
            update(Share).where(col(Share.token_hash) == sessions.hashed(token)).values(**changes)
        )


# ------------------------------------------------------------------ what it shows


@SQLITE
def test_a_share_shows_its_answer_and_nothing_of_the_rows(installation: Installation) -> None:
    ann = person("ann")
    canary = secrets.token_hex(8)
    token = share(ann, answered(ann, text=lines(canary)))
    found = told(token)
    assert found["sentence"] == results.conclude(ann, 1).result.sentence
    assert found["version"] == 1
    assert {one["name"] for one in found["numbers"]} >= {"Accuracy"}  # type: ignore[attr-defined]
    assert list(found["charts"]) == ["reliability"]  # type: ignore[call-overload]
    assert canary not in json.dumps(found)


@SQLITE
def test_a_live_share_moves_with_the_rows_and_a_frozen_one_keeps_its_bytes(installation: Installation) -> None:
    ann = person("ann")
    dataset = answered(ann)
    live, frozen = share(ann, dataset), share(ann, dataset, mode="frozen")
    kept = queries.shown(shared(frozen))
    assert json.loads(kept)["sentence"] == told(live)["sentence"]
    datasets.rename(ann, dataset, "renamed")
    datasets.set_mapping(ann, dataset, {"slice": "prompt"})
    work()
    assert told(live)["version"] == 2
    assert "renamed" in json.dumps(told(live))
    assert queries.shown(shared(frozen)) == kept


@SQLITE
def test_parameters_and_datasets_are_those_it_was_made_with(installation: Installation) -> None:
    ann = person("ann")
    first, second = answered(ann), answered(ann, name="other.jsonl", text=lines(tilt=3))
    token = share(ann, first, params={"bins": 10, "slice": "", "where": None})
    assert shared(token).share.params == (("bins", "10"), ("slice", ""))  # type: ignore[union-attr]
    assert "bins = 10" in json.dumps(told(token))
    both = share(ann, first, analysis="compare", dataset_ids=[first, second])
    assert told(both)["version"] == 2


# ------------------------------------------------------------------ who may


def test_analysts_share_what_is_of_their_project(installation: Installation, quick: None) -> None:
    project("elsewhere")
    ann = person("ann")
    dataset, elsewhere = known(ann), known(ann, "elsewhere")
    eve = join(person("eve", "member"), "elsewhere", "admin")
    vic = join(person("vic", "member"), "main", "viewer")
    with pytest.raises(NotFound):
        share(eve, dataset)
    with pytest.raises(NotFound):
        share(eve, dataset, project="elsewhere")
    with pytest.raises(AccessDenied):
        share(vic, dataset)
    for ids in ([elsewhere], [dataset, elsewhere]):
        with pytest.raises(UsageError):
            share(ann, dataset, dataset_ids=ids, analysis="compare")
    by_token = who_of_token(tokens.create(ann, "x", "admin"))
    assert by_token is not None
    with pytest.raises(AccessDenied):
        share(by_token, dataset)
    assert fetch("SELECT count(*) FROM share") == [(0,)]


WRONG: tuple[dict[str, object], ...] = (
    {"days": 0},
    {"days": 93},
    {"title": " "},
    {"kind": "window"},
    {"mode": "thawed"},
    {"analysis": ""},
    {"analysis": "nothing"},
    {"dataset_ids": []},
    {"dataset_ids": [1, 1]},
    {"params": {"bins": "x"}},
    {"params": {"no_such": "1"}},
    {"origins": "https://a.example"},
    {"kind": "embed"},
)


@SQLITE
def test_what_cannot_be_shared_leaves_nothing(installation: Installation) -> None:
    ann = person("ann")
    dataset = answered(ann)
    for wrong in WRONG:
        with pytest.raises(UsageError):
            share(ann, dataset, **wrong)
    assert fetch("SELECT count(*) FROM share") == [(0,)]


GOOD_SITES = {
    "https://wiki.example.com": "https://wiki.example.com",
    "HTTPS://Wiki.Example.com:8443": "https://wiki.example.com:8443",
    "https://10.0.0.1": "https://10.0.0.1",
    "http://localhost:3000": "http://localhost:3000",
    "http://127.0.0.1": "http://127.0.0.1",
    "https://a.example https://b.example\nhttps://a.example": "https://a.example https://b.example",
}
BAD_SITES = (
    "http://wiki.example.com",
    "http://localhost.evil.example",
    "wiki.example.com",
    "https://*.example.com",
    "https://*",
    "*",
    "'self'",
    "https:",
    "https://",
    "https://wiki.example.com/",
    "https://wiki.example.com/page",
    "https://wiki.example.com?x",
    "https://ann@wiki.example.com",
    "https://wiki.example.com:0",
    "https://wiki.example.com:70000",
    "https://wiki..example.com",
    "https://-wiki.example.com",
    "https://wiki.example.com;script-src",
    "https://wiki.example.com,https://b.example",
    "https://wïki.example.com",
    "https://[::1]",
    "data:text/html",
    "javascript:alert(1)",
    " ".join(f"https://{number}.example" for number in range(11)),
)


@pytest.mark.parametrize("text", GOOD_SITES)
def test_sites_are_taken_as_a_policy_names_them(text: str) -> None:
    assert " ".join(sites("embed", text)) == GOOD_SITES[text]


@pytest.mark.parametrize("text", BAD_SITES)
def test_what_is_no_site_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        sites("embed", text)


def test_the_sharer_and_admins_of_the_project_revoke(installation: Installation, quick: None) -> None:
    project("elsewhere")
    ann, ben = join(person("ann", "member"), "main", "analyst"), join(person("ben", "member"), "main", "analyst")
    boss = join(person("boss", "member"), "main", "admin")
    vic, eve = join(person("vic", "member"), "main", "viewer"), join(person("eve", "member"), "elsewhere", "admin")
    dataset = known(ann)
    tries = [share(ann, dataset) for _ in range(2)]
    ids = [shared(token).share.id for token in tries]  # type: ignore[union-attr]
    for who, refusal in ((ben, AccessDenied), (vic, NotFound), (eve, NotFound)):
        with pytest.raises(refusal):
            shares.revoke(who, ids[0])
    assert who_of(tries[0]) is not None
    shares.revoke(ann, ids[0])
    shares.revoke(boss, ids[1])
    shares.revoke(boss, ids[1])
    assert [who_of(token) for token in tries] == [None, None]
    done = [line.action for line in audit.lines(person("root"), action="revoke_share")]
    assert done == ["revoke_share"] * 2


def test_lists_are_of_ones_own_and_for_analysts_of_the_project(installation: Installation, quick: None) -> None:
    ann, vic = join(person("ann", "member"), "main", "analyst"), join(person("vic", "member"), "main", "viewer")
    dataset = known(ann)
    tokens_of = [share(ann, dataset, title=f"share {n}") for n in range(3)]
    passed(tokens_of[0], revoked_at=now())
    passed(tokens_of[1], expires_at=now())
    assert [one.title for one in queries.list_shares(ann)] == ["share 2"]
    assert [one.title for one in queries.shares_of(ann, "main")] == ["share 2"]
    assert queries.list_shares(vic) == []
    with pytest.raises(AccessDenied):
        queries.shares_of(vic, "main")


# ------------------------------------------------------------------ what opens nothing


ENDS: dict[str, Callable[[Who, Who, str], object]] = {
    "revoked": lambda ann, root, token: shares.revoke(ann, shared(token).share.id),  # type: ignore[union-attr]
    "expired": lambda ann, root, token: passed(token, expires_at=now()),
    "sharer disabled": lambda ann, root, token: people.disable(root, ann.user_id),
    "sharer out of the project": lambda ann, root, token: memberships.remove(root, "main", ann.user_id),
    "dataset removed": lambda ann, root, token: datasets.remove(root, 1),
}


@pytest.mark.parametrize("mode", ["live", "frozen"])
@pytest.mark.parametrize("end", ENDS)
def test_what_ended_opens_nothing(installation: Installation, quick: None, end: str, mode: str) -> None:
    root, ann = person("root"), join(person("ann", "member"), "main", "analyst")
    known(root)
    token = share(ann, 1, mode=mode)
    held = shared(token)
    ENDS[end](ann, root, token)
    assert who_of(token) is None
    if end == "dataset removed" and mode == "live":
        with pytest.raises(NotFound):
            queries.shown(held)


@SQLITE
def test_no_other_text_opens_anything(
    installation: Installation, quick: None, record_property: Callable[[str, object], None]
) -> None:
    ann = person("ann")
    token, draw = share(ann, known(ann)), random.Random(5)
    strange = ["", ":token", "token", "*", "%", "assets", "null", "\x00", "\ud800", "a" * 5_000, sessions.hashed(token)]
    near = [token.upper(), token.lower(), token.swapcase(), token[:-1], token[1:], token + "=", f" {token}", token * 2]
    near += [token[:place] + "-" + token[place + 1 :] for place in range(len(token)) if token[place] != "-"]
    guesses = [secrets.token_urlsafe(32) for _ in range(10_000)] + [
        "".join(draw.choice("ab_-") for _ in range(draw.randrange(60))) for _ in range(500)
    ]
    before = everything()
    hits = [text for text in [*strange, *near, *guesses] if who_of(text) is not None]
    assert hits == []
    assert everything() == before
    record_property("runs", len(guesses))


def everything() -> str:
    tables = ("share", "audit", "event", "lockout", "session")
    return str([fetch(f'SELECT * FROM "{table}"') for table in tables])


@SQLITE
def test_the_token_is_stored_as_a_hash_only(installation: Installation, quick: None) -> None:
    ann = person("ann")
    dataset = known(ann)
    held = {share(ann, dataset, mode=mode) for mode in ("live", "frozen") for _ in range(5)}
    assert len(held) == 10
    assert all(len(token) == 43 for token in held)
    stored = b"".join(path.read_bytes() for path in Path(installation.settings.home).rglob("*") if path.is_file())
    assert sessions.hashed(next(iter(held))).encode() in stored
    assert not any(token.encode() in stored for token in held)


def test_openings_are_counted_at_most_once_a_minute(installation: Installation, quick: None) -> None:
    ann = person("ann")
    token = share(ann, known(ann))
    first = shared(token)
    for _ in range(3):
        note_opening(first)
        note_opening(shared(token))
    assert [one.opened for one in queries.list_shares(ann)] == [1]
    passed(token, opened_at=now() - timedelta(minutes=2))
    note_opening(shared(token))
    assert [one.opened for one in queries.list_shares(ann)] == [2]
    told = [one["body"]["change"] for one in events.after(0) if one["kind"] == "share"]
    assert told == ["made", "opened"]


# ------------------------------------------------------------------ a `who` that may do nothing else


@SQLITE
def test_a_share_asks_for_nothing_else(
    installation: Installation, record_property: Callable[[str, object], None]
) -> None:
    """Every query and action there is, on behalf of a share, with the sharer's own ids and with strange ones."""
    draw, calls = random.Random(20261130), sorted(surface())
    ann, eve = owner("ann", "ours"), owner("eve", "theirs")
    token = shares.create(ann.who, "ours", ann.canary, "calibration", [min(ann.ids("dataset_id"))])
    held, runs = shared(token), 0
    before = ann.everything(), eve.everything()
    for name, function in calls:
        for _ in range(times(8, 80)):
            runs += 1
            said = attempted(function, held, asked_of(function, draw, ann, eve))
            assert ann.canary not in said or name == "shares.shown", (name, said[:300])
            assert eve.canary not in said, (name, said[:300])
    assert (ann.everything(), eve.everything()) == before
    for action in registry.ACTIONS:
        with pytest.raises((AccessDenied, UsageError)):
            registry.run(held, action, {})
    record_property("runs", runs)


def attempted(function: Callable[..., object], who: Who, given: dict[str, object]) -> str:
    """What was said. A share has no id: what would be of its own the store refuses, and of sessions it has none."""
    try:
        return repr(function(who, **given))
    except PlumblineError as error:
        return f"{error} {error.to_dict()}"
    except (IntegrityError, ValueError):
        return ""


# ------------------------------------------------------------------ what is kept of a frozen one


@SQLITE
def test_upkeep_keeps_what_is_frozen_while_the_share_lives(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = person("ann")
    token = share(ann, answered(ann), mode="frozen")
    kept = shared(token).share.frozen  # type: ignore[union-attr]
    assert kept is not None
    monkeypatch.setattr(installation.settings, "unused_seconds", -3600)
    upkeep = Upkeep()
    for _ in range(3):
        upkeep.sweep()
    assert blobs.path_of(kept).is_file()
    passed(token, revoked_at=now())
    for _ in range(3):
        upkeep.sweep()
    with pytest.raises(NotFound):
        blobs.path_of(kept)
