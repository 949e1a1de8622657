"""A store of the first released form, full of everything, taken to today's: nothing is lost."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import Connection, MetaData, Table, text

from engine.store.engine import get_store
from engine.store.migrate import downgrade, migrate
from engine.store.times import now
from tests.store.fixtures import FRESH_STORES, Installation

PEOPLE = 3
ORDER = (
    "user", "session", "signin_link", "lockout", "preference", "project", "dataset", "segment", "run", "version",
    "saved_view", "audit", "event",
)  # fmt: skip


def fill(connection: Connection) -> None:
    """Rows in every table, each pointing at others wherever the tables do."""
    known = MetaData()
    known.reflect(connection)
    for number in range(1, PEOPLE + 1):
        for name in ORDER:
            add(connection, known.tables[name], number)


def add(connection: Connection, table: Table, number: int) -> None:
    made = {column.name: value(column, number) for column in table.columns}
    if table.name == "project":
        made |= {"id": number + 1}
    elif "project_id" in made:
        made |= {"project_id": number + 1}
    if connection.dialect.name == "postgresql":
        made = {name: json.loads(one) if is_json(table.columns[name]) else one for name, one in made.items()}
    connection.execute(table.insert().values(made))


def is_json(column: Any) -> bool:
    return column.name in ("detail", "mapping", "follow", "report", "manifest", "answer", "params", "error", "body")


def value(column: Any, number: int) -> Any:
    if (column.primary_key and column.type.python_type is int) or column.foreign_keys:
        return number
    if column.name.endswith("_at") or column.name in ("at", "locked_until"):
        return now() if "TIMESTAMP" in str(column.type) else now().isoformat(timespec="microseconds")
    if is_json(column):
        return json.dumps(["a" * 64] if column.name == "manifest" else {"number": number})
    kind = column.type.python_type
    return f"{column.name} {number}"[: column.type.length or 40] if kind is str else kind(number)


def everything(connection: Connection, columns: dict[str, list[str]]) -> dict[str, list[Any]]:
    """All rows of the columns that the first form had."""
    known = MetaData()
    known.reflect(connection)
    found = {}
    for name, names in columns.items():
        table = known.tables[name]
        rows = connection.execute(table.select().with_only_columns(*(table.columns[one] for one in names)))
        found[name] = sorted((tuple(map(str, row)) for row in rows), key=str)
    return found


@pytest.mark.parametrize("installation", FRESH_STORES, indirect=True)
def test_a_full_store_of_the_first_form_keeps_every_row(installation: Installation) -> None:
    downgrade("0001")
    with get_store().writer.begin() as connection:
        fill(connection)
    with get_store().reader.connect() as connection:
        known = MetaData()
        known.reflect(connection)
        columns = {name: [column.name for column in known.tables[name].columns] for name in ORDER}
        before = everything(connection, columns)
    assert all(len(rows) >= PEOPLE for rows in before.values())
    migrate()
    with get_store().reader.connect() as connection:
        assert everything(connection, columns) == before
        if installation.kind == "sqlite":
            assert connection.execute(text("PRAGMA foreign_keys")).scalar_one() == 1
            assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
            assert connection.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
    for statement in ("UPDATE audit SET action = 'x'", "DELETE FROM audit"):
        with pytest.raises(Exception, match="append-only"), get_store().writer.connect() as connection:
            connection.execute(text(statement))
    downgrade("0001")
    with get_store().reader.connect() as connection:
        assert everything(connection, columns) == before
    migrate()
