"""The audit is only ever appended to: the database refuses the rest, and nothing tries."""

from __future__ import annotations

import ast

import pytest
from sqlalchemy import text

from engine.settings import ROOT
from engine.store.engine import fetch, get_store
from tests.store.fixtures import Installation
from tests.store.people import person

COLUMNS = "id, at, user_id, action, subject, project, address, request, detail"
CHANGES = (
    "UPDATE audit SET action = 'x'",
    "UPDATE audit SET user_id = NULL WHERE id = 1",
    "DELETE FROM audit",
    "DELETE FROM audit WHERE id = 1",
)
REPLACING = (
    f"INSERT OR REPLACE INTO audit ({COLUMNS}) SELECT id, at, user_id, 'x', subject, project, '', '', '{{}}' FROM audit"
)


def refused(statement: str) -> bool:
    try:
        with get_store().writer.begin() as connection:
            connection.execute(text(statement))
    except Exception as error:  # noqa: BLE001 - each database has its own
        return "append-only" in str(error)
    return False


def test_no_line_is_changed_or_taken_away(installation: Installation) -> None:
    person()
    before = fetch(f"SELECT {COLUMNS} FROM audit ORDER BY id")
    assert before
    for statement in CHANGES:
        assert refused(statement), statement
    assert fetch(f"SELECT {COLUMNS} FROM audit ORDER BY id") == before


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_no_line_is_replaced(installation: Installation) -> None:
    """SQLite asks no trigger about a row that another one takes the place of, unless told to."""
    person()
    before = fetch(f"SELECT {COLUMNS} FROM audit ORDER BY id")
    assert refused(REPLACING)
    assert fetch(f"SELECT {COLUMNS} FROM audit ORDER BY id") == before


def test_nothing_in_the_product_tries() -> None:
    for folder in ("engine", "jobs", "web", "pages"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" in path.parts:
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in ("update", "delete"):
                    assert "Audit" not in ast.unparse(node), f"{path.name}:{node.lineno}"
