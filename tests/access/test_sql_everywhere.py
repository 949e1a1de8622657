"""Known and made-up hostile text in every text parameter of every query and action (test 19 of the catalogue).

Every statement that reaches the database is listened to: no text of a person is ever a part of one. And nobody is
given, or changes, what they were not given or could not change with a harmless text.
"""

from __future__ import annotations

import ast
import inspect
import random
import re
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from sqlalchemy import event

import engine
from engine.errors import PlumblineError
from engine.queries.browsing import COMPONENT, Asked
from engine.settings import ROOT
from engine.store import engine as store_engine
from engine.store.engine import fetch, get_store
from tests.access.counts import times
from tests.access.test_foreign import Owner, asked_of, invites, owner, surface, whole
from tests.hostile import ODD, SQL
from tests.store.fixtures import Installation
from tests.store.people import person

MARK = "zq7mark"
"""In every hostile text, so that it is found wherever it went."""

EACH = times(2, 60)
"""How many texts each parameter is given; the next parameter goes on where it stopped."""

TABLES = ("user", "project", "session", "api_token", "membership", "lockout")
NOT_TYPED = {"path", "sha256"}
"""Text parameters that are ours: nobody types them."""


def texts_of(function: Callable[..., Any]) -> list[str]:
    """The parameters of a function that hold text."""
    hints = get_type_hints(function)
    names = list(inspect.signature(function).parameters)[1:]
    return [name for name in names if name not in NOT_TYPED and re.search(r"\bstr\b|Any|Asked", _spelled(hints[name]))]


def _spelled(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) else str(hint)


def held(name: str, text: str) -> Any:
    """The text as a value of this parameter."""
    if name == "asked":
        return Asked(f"{COMPONENT}{text}", where=text, find=text)
    if name in ("params", "mapping"):
        return {text: text, "where": text, "slice": text}
    if name == "layout":
        return {"order": [text], text: [text]}
    return text


class Heard:
    """A connection of sqlite3 that tells what it is asked to execute."""

    def __init__(self, connection: sqlite3.Connection, statements: list[str]) -> None:
        self.connection, self.statements = connection, statements

    def execute(self, sql: str, *bound: Any) -> sqlite3.Cursor:
        self.statements.append(sql)
        return self.connection.execute(sql, *bound)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection, name)


@contextmanager
def listening(patch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every statement as the database is given it, by either way there is to it."""
    statements: list[str] = []
    made = store_engine._bare_connection
    patch.setattr(store_engine, "_bare_connection", lambda url: Heard(made(url), statements))
    store = get_store()
    store.bare.clear()

    def said(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        statements.append(statement)

    for way in {store.writer, store.reader, store.single}:
        event.listen(way, "before_cursor_execute", said)
    yield statements
    for way in {store.writer, store.reader, store.single}:
        event.remove(way, "before_cursor_execute", said)
    store.bare.clear()


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_no_text_is_ever_a_part_of_a_statement(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(20261130)
    functions = sorted(surface())
    calls = [(name, function, text) for name, function in functions for text in texts_of(function)]
    person("the administrator")
    bystander = person("a third", "member")
    asking, other = owner("ann", "ours"), owner("eve", "theirs")
    before, counted = other.everything(), counts()
    texts = [*SQL, *ODD]
    draw.shuffle(texts)
    used: set[str] = set()
    with listening(monkeypatch) as statements:
        for number in range(EACH * len(calls)):
            name, function, parameter = calls[number % len(calls)]
            text = texts[number % len(texts)]
            used.add(text)
            given = {**asked_of(function, draw, asking, asking), parameter: held(parameter, f"{text}{MARK}")}
            given = invites(name, given, asking, bystander)
            said = told(function, asking, given)
            assert other.canary not in said, (name, parameter, text, said[:300])
            if function.__module__.startswith("engine.actions"):
                assert other.everything() == before, (name, parameter, text)
    assert [one for one in statements if MARK in one] == []
    assert len(statements) > len(calls)
    changed = {table: (counted[table], now) for table, now in counts().items() if now < counted[table]}
    assert changed.keys() <= {"session", "api_token", "membership"}, changed  # one's own, which one may end
    sys.stdout.write(
        f"{EACH * len(calls)} calls, {len(used)} texts in {len(calls)} text parameters of {len({c[0] for c in calls})} "
        f"functions: 0 in {len(statements)} statements, 0 foreign rows\n"
    )


def told(function: Callable[..., Any], asking: Owner, given: dict[str, Any]) -> str:
    """What comes back, refused or not; only what the product says of itself may be raised."""
    try:
        return repr(whole(function(asking.who, **given)))
    except PlumblineError as error:
        if error.http_status >= 500:
            raise
        return f"{error} {error.to_dict()}"


def counts() -> dict[str, int]:
    return {table: fetch(COUNT[table])[0][0] for table in TABLES}


COUNT = {
    "user": 'SELECT count(*) FROM "user"',
    "project": "SELECT count(*) FROM project",
    "session": "SELECT count(*) FROM session",
    "api_token": "SELECT count(*) FROM api_token",
    "membership": "SELECT count(*) FROM membership",
    "lockout": "SELECT count(*) FROM lockout",
}


# ------------------------------------------------------------------ what the code says

STATEMENT = re.compile(
    r"\b(SELECT\b.*\bFROM|INSERT\s+INTO|UPDATE\b.*\bSET|DELETE\s+FROM|ORDER BY|WHERE\s+\w+\s*(=|IN|LIKE))\b", re.DOTALL
)
MADE_OF_OURS = {"engine/actions/notifications.py": {"_KINDS"}}
"""Statements that are put together from constants of their own module."""


def built(path: Path) -> list[str]:
    """The places where a statement is put together from something that is not a constant of the same file."""
    tree = ast.parse(path.read_text())
    constants = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    allowed = MADE_OF_OURS.get(path.relative_to(ROOT).as_posix(), set())
    return [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr | ast.BinOp | ast.Call)
        and STATEMENT.search("".join(_literal(node)))
        and any(name not in constants for name in _filled(node, allowed))
    ]


def _literal(node: ast.AST) -> Iterator[str]:
    """The constant parts of what puts a text together."""
    if isinstance(node, ast.JoinedStr):
        yield from (str(part.value) for part in node.values if isinstance(part, ast.Constant))
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        for side in (node.left, node.right):
            if isinstance(side, ast.Constant) and isinstance(side.value, str):
                yield side.value
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        of = node.func.value
        if node.func.attr in ("format", "replace", "join", "format_map") and isinstance(of, ast.Constant):
            yield str(of.value)


def _filled(node: ast.AST, allowed: set[str]) -> Iterator[str]:
    """What is put in, by name; "?" where it is more than a name."""
    parts: list[ast.AST] = []
    if isinstance(node, ast.JoinedStr):
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                if isinstance(part.value, ast.Name) and part.value.id in allowed:
                    continue
                yield "?"
    elif isinstance(node, ast.BinOp):
        parts = [node.left, node.right]
    elif isinstance(node, ast.Call):
        parts = [*node.args, *(one.value for one in node.keywords)]
    for part in parts:
        if not isinstance(part, ast.Constant):
            yield part.id if isinstance(part, ast.Name) else "?"


def test_no_statement_is_put_together_anywhere() -> None:
    """By no f-string, sum, % or format, in the whole tree; a sum of two constants of one file is a constant."""
    files = [path for name in ("engine", "jobs", "web", "pages") for path in sorted((ROOT / name).rglob("*.py"))]
    found = [place for path in files for place in built(path)]
    assert Path(engine.__file__).is_relative_to(ROOT)
    assert found == []
    sys.stdout.write(f"{len(files)} files: {len(found)} statements put together\n")


@pytest.mark.parametrize(
    "line",
    [
        'sql = f"SELECT * FROM run WHERE id = {run}"',
        "sql = \"SELECT * FROM run WHERE name = '%s'\" % name",
        'sql = "DELETE FROM run WHERE id = " + number',
        'sql = "UPDATE run SET name = {}".format(name)',
    ],
)
def test_what_puts_a_statement_together_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    path = tmp_path / "one.py"
    path.write_text(f"def ask(run, name, number):\n    {line}\n    return sql\n")
    assert built(path) == ["one.py:2"]
