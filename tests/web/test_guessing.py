"""Guessing passwords over HTTP, with a clock that is told the time (tests 6 and 7 of the catalogue)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import bcrypt
import pytest

from engine.access import sessions
from engine.actions import passwords as changes
from engine.actions import people
from engine.queries.people import who_is
from engine.store.engine import close_store, fetch
from engine.store.times import now
from tests.access.counts import times
from tests.web.conftest import Desk
from tests.web.serving import PASSWORD, register
from web import passwords, signin
from web.gate import COOKIE

WRONG = "a plumb line hangs false"
TRIES = times(40, 100)
Record = Callable[[str, object], None]


class Quick:
    """Checks passwords as the real one does, without being slow; counts."""

    checked: list[tuple[str, str]]

    def __init__(self) -> None:
        self.checked = []

    def check_pw(self, password: str, stored: str) -> bool:
        self.checked.append((password, stored))
        return stored == f"hash of {password}" or (
            stored.startswith("$2") and bcrypt.checkpw(password.encode(), stored.encode())
        )

    def hash(self, password: str) -> str:
        return f"hash of {password}"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[Quick]:
    made = Quick()
    monkeypatch.setattr(passwords, "hasher", lambda: made)
    passwords._nobodys.cache_clear()
    yield made
    passwords._nobodys.cache_clear()


@pytest.fixture
def wait(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lets seconds pass for the store and for what people are told."""
    passed = [0.0]

    def later() -> Any:
        return now() + timedelta(seconds=passed[0])

    class Clock:
        @staticmethod
        def now(_zone: object) -> Any:
            return later()

    for module in (sessions, people):
        monkeypatch.setattr(module, "now", later)
    monkeypatch.setattr(signin, "datetime", Clock)

    def wait_for(seconds: float) -> None:
        passed[0] += seconds

    return wait_for


def guess(desk: Desk, name: str, password: str = WRONG) -> Any:
    return desk.visitor().post("/auth/session", data={"name": name, "password": password})


@pytest.mark.parametrize("name", ["ann", "nobody"])
def test_an_account_can_hardly_be_guessed_and_its_owner_comes_in_again(
    desk: Desk, quick: Quick, wait: Callable[[float], None], record_property: Record, name: str
) -> None:
    register("ann")
    for second in range(TRIES):
        if second % 10 == 9:
            close_store()  # a process that starts anew knows as much
        assert guess(desk, name).status_code in (401, 429)
        wait(300 / TRIES)
    assert 5 <= len(quick.checked) <= 10
    told = guess(desk, name, PASSWORD)
    assert told.status_code == 429
    before = len(quick.checked)
    wait(float(told.headers["retry-after"]) + 1)
    assert guess(desk, name, PASSWORD).status_code == (303 if name == "ann" else 401)
    assert len(quick.checked) == before + 1
    record_property("runs", TRIES)


@pytest.mark.parametrize(
    "names", [[f"person {n}" for n in range(100)], ["", " ", "\u200b", "\x00"]], ids=["100", "none"]
)
def test_an_address_can_try_few_names(
    desk: Desk, quick: Quick, wait: Callable[[float], None], record_property: Record, names: list[str]
) -> None:
    """Also names that no account can have: checking a password costs as much for them."""
    register("ann")
    for number in range(100):
        assert guess(desk, names[number % len(names)]).status_code in (401, 429)
        wait(3)
    assert 20 <= len(quick.checked) <= 25
    assert guess(desk, "ann", PASSWORD).status_code == 429
    assert people.credentials("ann", "10.1.2.3").locked_until is None
    record_property("runs", 100)


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("10.0.0.1", "10.0.0.2", False),
        ("fe80::1%eth0", "fe80::1%eth1", True),
        ("unix:", "testclient", False),
    ],
)
def test_neighbours_are_counted_together(first: str, second: str, same: bool) -> None:
    assert (sessions.subjects("", first) == sessions.subjects("", second)) is same


def test_known_and_unknown_names_cost_the_same_work(desk: Desk, quick: Quick) -> None:
    """One check each, of hashes of one kind and cost, whatever is known of the account."""
    ann, ben = register("ann"), register("ben", "viewer")
    people.disable(ann.who, ben.who.user_id)
    changes.put(ann.who.user_id, quick.hash(PASSWORD))
    statements = {}
    for name in ("ann", "ben", "nobody"):
        before = len(quick.checked)
        assert guess(desk, name).status_code == 401
        [(password, stored)] = quick.checked[before:]
        statements[name] = (password, stored.partition(" of ")[0])
    assert set(statements.values()) == {(WRONG, "hash")}


def test_what_is_typed_as_a_name_is_kept_nowhere(desk: Desk, quick: Quick) -> None:
    """People type their password where the name belongs."""
    for _ in range(7):
        guess(desk, PASSWORD, "")
    kept = str([fetch(f'SELECT * FROM "{table}"') for table in ("lockout", "audit", "event", "user")])
    assert PASSWORD not in kept
    assert PASSWORD.replace(" ", "") not in kept


# ------------------------------------------------------------------ the audit


def audited() -> list[tuple[str, str]]:
    return [tuple(row) for row in fetch("SELECT action, subject FROM audit WHERE action NOT LIKE '%link' ORDER BY id")]


def test_failed_sign_ins_and_locks_are_audited(desk: Desk, quick: Quick) -> None:
    ann = register("ann")
    user = f"user/{ann.who.user_id}"
    before = len(audited())
    for _ in range(7):
        guess(desk, "Ann")
    assert audited()[before:] == [("sign_in_failed", user)] * 5 + [("lock_account", user)]
    for number in range(20):
        guess(desk, f"nobody {number}")
    assert audited()[-2:] == [("sign_in_failed", "nobody"), ("lock_address", "testclient")]
    address, request = fetch("SELECT address, request FROM audit ORDER BY id DESC LIMIT 1")[0]
    assert address == "testclient"
    assert len(request) == 16


# ------------------------------------------------------------------ a password that changes meanwhile


def test_a_password_that_changes_while_it_is_checked_opens_nothing(
    desk: Desk, quick: Quick, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = register("ann")
    check = Quick.check_pw

    def slowly(self: Quick, password: str, stored: str) -> bool:
        good = check(self, password, stored)
        changes.put(ann.who.user_id, quick.hash("another password"))
        return good

    monkeypatch.setattr(Quick, "check_pw", slowly)
    answer = guess(desk, "ann", PASSWORD)
    assert (answer.status_code, COOKIE in answer.headers.get("set-cookie", "")) == (401, False)
    assert who_is(ann.cookie) is None
    assert fetch("SELECT count(*) FROM session WHERE revoked_at IS NULL") == [(0,)]
