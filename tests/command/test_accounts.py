"""`python -m jobs user` and `token`: every command, what it says, what it changes, what it refuses."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import bcrypt
import pytest

from engine.access.sessions import who_is
from engine.access.tokens import who_of
from engine.actions import passwords, people
from engine.queries.people import link_person, link_role
from engine.store.engine import fetch
from jobs.__main__ import main
from tests.command.conftest import Ran
from tests.store.fixtures import Installation, installation, postgres_database, postgres_server, sqlite_template

__all__ = ["installation", "postgres_database", "postgres_server", "sqlite_template"]
pytestmark = pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
PASSWORD = "a plumb line hangs true"
Run = Callable[..., Ran]


@pytest.fixture
def run(installation: Installation, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    def call(*arguments: str, typed: str = "") -> Ran:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        try:
            code = main(list(arguments))
        except SystemExit as ended:
            code = int(ended.code or 0)
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    return call


def token_in(said: str) -> str:
    return said.split("token=")[1].split()[0].strip('",}')


def test_an_account_is_made_with_a_link_to_its_password(run: Run) -> None:
    made = run("user", "add", "Ann Lee", "--role", "analyst")
    assert made.code == 0
    assert "ann lee has an account with the role analyst" in made.out
    token = token_in(made.out)
    assert link_person(token) == "ann lee"
    assert link_role(token) is None
    assert passwords.redeem(token, "hash").name == "ann lee"
    assert fetch('SELECT name, role, password_hash FROM "user"') == [("ann lee", "analyst", "hash")]


def test_an_account_is_made_with_a_password(run: Run) -> None:
    made = run("user", "add", "ann", "--role", "admin", "--password-stdin", "--json", typed=PASSWORD + "\n")
    assert (made.code, made.object["link"], made.object["role"]) == (0, None, "admin")
    known = people.credentials("ann")
    assert bcrypt.checkpw(PASSWORD.encode(), (known.password_hash or "").encode())
    assert PASSWORD not in made.out + made.err


def test_roles_everywhere_and_in_projects(run: Run) -> None:
    run("user", "add", "root", "--role", "admin")
    assert run("user", "add", "ben", "--project", "main=viewer").code == 0
    assert run("user", "role", "ben", "analyst", "--project", "main").out == "ben: analyst in main.\n"
    [ben, _root] = json.loads(run("user", "list", "--json").out)
    assert (ben["name"], ben["role"], ben["projects"]) == ("ben", "member", "main=analyst")
    assert run("user", "role", "ben", "operator").code == 0
    assert run("user", "role", "ben", "none", "--project", "main").code == 0
    listed = run("user", "list").out
    assert listed.splitlines()[0].split() == ["name", "role", "projects", "may", "sign", "in", "with", "seen"]
    assert "ben   operator" in listed
    assert run("user", "role", "root", "viewer").err.endswith("Make somebody else one first.\n")


def test_disabling_and_signing_out(run: Run) -> None:
    run("user", "add", "root", "--role", "admin")
    run("user", "add", "ben", "--role", "viewer", "--password-stdin", typed=PASSWORD)
    user_id = people.credentials("ben").user_id or 0
    first, second = (people.open_session(user_id, "10.0.0.7", "Firefox/131") for _ in range(2))
    listed = json.loads(run("user", "sessions", "ben", "--json").out)
    assert [(one["address"], one["browser"]) for one in listed] == [("10.0.0.7", "Firefox/131")] * 2
    assert run("user", "revoke", "ben", "--session", str(listed[0]["id"])).out == "ben: 1 signed out.\n"
    assert (who_is(first) is None, who_is(second) is None) == (False, True)
    assert run("user", "revoke", "ben", "--session", "999").code == 1
    assert run("user", "disable", "ben").out == "ben is kept out; open pages are closed.\n"
    assert who_is(first) is None
    assert people.credentials("ben").user_id is None
    assert run("user", "enable", "ben").code == 0
    assert people.credentials("ben").user_id == user_id
    assert run("user", "disable", "root").code != 0


def test_passwords(run: Run) -> None:
    run("user", "add", "ann", "--role", "viewer", "--password-stdin", typed=PASSWORD)
    before = people.credentials("ann").password_hash
    cookie = people.open_session(1, "", "")
    assert run("user", "password", "ann", "--password-stdin", typed="short\n").code == 2
    assert run("user", "password", "ann").err == (
        "python -m jobs: There is no terminal to ask for a password on. Use --password-stdin.\n"
    )
    assert people.credentials("ann").password_hash == before
    assert run("user", "password", "ann", "--password-stdin", typed="seventeen calm herons\n").code == 0
    assert people.credentials("ann").password_hash != before
    assert who_is(cookie) is None
    assert link_person(token_in(run("user", "link", "ann").out)) == "ann"
    assert link_role(token_in(run("user", "link", "--role", "operator", "--json").out)) == "operator"


def test_a_password_typed_twice(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run("user", "add", "ann")

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    answers = iter([PASSWORD, "another one than that", PASSWORD, PASSWORD])
    monkeypatch.setattr("jobs.command.accounts.getpass", lambda _asked: next(answers))
    for code in (2, 0):
        monkeypatch.setattr("sys.stdin", Terminal())
        assert main(["user", "password", "ann"]) == code


def test_tokens(run: Run) -> None:
    run("user", "add", "ann", "--role", "analyst")
    made = run("token", "create", "ann", "training cluster", "--scope", "write", "--project", "main", "--days", "3")
    secret = made.out.splitlines()[-1]
    who = who_of(secret)
    assert who is not None
    assert (who.name, who.role, dict(who.roles)) == ("ann", "member", {"main": "analyst"})
    assert secret[9:] not in run("token", "list").out
    [listed] = json.loads(run("token", "list", "ann", "--json").out)
    assert (listed["begins"], listed["name"], listed["scope"]) == (secret[:9], "training cluster", "write")
    assert run("token", "revoke", str(listed["id"])).code == 0
    assert who_of(secret) is None
    assert run("token", "list", "ann").out == ""
    assert run("token", "create", "ann", "x", "--project", "nothing").code != 0
    assert run("token", "create", "ann", "x", "--days", "0").code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("user", "role", "nobody", "viewer"),
        ("user", "password", "nobody", "--password-stdin"),
        ("user", "link", "nobody"),
        ("user", "sessions", "nobody"),
        ("user", "disable", "nobody"),
        ("user", "add", "\u200b"),
        ("user", "add", "x", "--project", "main"),
        ("user", "add", "x", "--project", "main=king"),
        ("token", "create", "nobody", "x"),
        ("token", "revoke", "7"),
        ("user",),
        ("token",),
        ("user", "role", "x", "king"),
    ],
)
def test_what_cannot_be_done_says_why_and_changes_nothing(run: Run, arguments: tuple[str, ...]) -> None:
    ended = run(*arguments, typed=PASSWORD)
    assert ended.code in (1, 2)
    assert ended.err
    assert "Traceback" not in ended.err
    assert fetch('SELECT count(*) FROM "user"') == [(0,)]


def test_what_the_command_line_did_is_audited_as_its_own(run: Run) -> None:
    run("user", "add", "ann", "--role", "admin")
    run("user", "link", "ann")
    run("token", "create", "ann", "x")
    lines = fetch("SELECT action, user_id, address FROM audit ORDER BY id")
    assert lines == [
        ("add_user", None, "command line"),
        ("reset_password", None, "command line"),
        ("reset_password", None, "command line"),
        ("create_token", 1, "command line"),
    ]


def test_a_store_that_is_not_there_yet_is_made(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.settings import get_settings
    from engine.store.engine import close_store

    monkeypatch.setenv("PLUMBLINE_HOME", str(tmp_path / "new"))
    get_settings.cache_clear()
    assert run("user", "list").code == 0
    assert (tmp_path / "new" / "plumbline.db").exists()
    close_store()
