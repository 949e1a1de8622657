"""The store's forms: up, down, up again; complete; refused where they cannot be understood."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from engine.errors import StoreUnavailable
from engine.store import migrate as migration
from engine.store.engine import close_store, get_store
from engine.store.migrate import downgrade, migrate
from engine.store.tables import METADATA
from tests.store.fixtures import FRESH_STORES, Installation
from tests.store.people import person, upload


def tables() -> set[str]:
    return set(inspect(get_store().reader).get_table_names())


@pytest.mark.parametrize("installation", FRESH_STORES, indirect=True)
def test_up_down_up(installation: Installation) -> None:
    everything = tables()
    assert set(METADATA.tables) <= everything
    downgrade("base")
    assert tables() == {"alembic_version"}
    migrate()
    assert tables() == everything
    person()


def test_migrations_and_tables_describe_the_same_store(installation: Installation) -> None:
    with get_store().reader.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_history_is_linear() -> None:
    script = ScriptDirectory.from_config(migration._config())
    assert len(script.get_heads()) == 1
    assert len(script.get_bases()) == 1
    assert all(not isinstance(each.down_revision, tuple) for each in script.walk_revisions())


def test_twice_is_once(installation: Installation) -> None:
    who = person()
    migrate()
    with get_store().reader.connect() as connection:
        assert connection.execute(text('SELECT id FROM "user"')).scalars().all() == [who.user_id]


@pytest.mark.parametrize("installation", FRESH_STORES, indirect=True)
def test_an_interrupted_migration_leaves_nothing(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    downgrade("base")
    script = ScriptDirectory.from_config(migration._config())
    with monkeypatch.context() as patch:
        patch.setattr(ScriptDirectory, "from_config", lambda _config: script)
        patch.setattr(script.get_revision("0001").module, "add_first_project", lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            migrate()
    assert tables() <= {"alembic_version"}
    migrate()
    assert "dataset" in tables()


@pytest.mark.parametrize("installation", FRESH_STORES, indirect=True)
def test_a_newer_store_is_refused(installation: Installation) -> None:
    with get_store().writer.connect() as connection, connection.begin():
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreUnavailable, match="newer version") as refused:
        migrate()
    assert refused.value.code == "store_newer"


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_a_damaged_store_is_refused(installation: Installation) -> None:
    for number in range(200):
        person(f"person{number}")
    close_store()
    path = installation.settings.home / "plumbline.db"
    content = bytearray(path.read_bytes())
    for page in range(2, len(content) // 4096, 3):
        content[page * 4096 : page * 4096 + 200] = b"\xff" * 200
    path.write_bytes(content)
    with pytest.raises(StoreUnavailable, match="python -m jobs restore FILE") as refused:
        migrate()
    assert refused.value.code == "store_corrupt"


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_what_is_no_database_is_refused(installation: Installation) -> None:
    close_store()
    (installation.settings.home / "plumbline.db").write_text("not a database at all, only text " * 100)
    with pytest.raises(StoreUnavailable, match="damaged"):
        migrate()


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_pragmas(installation: Installation) -> None:
    with get_store().reader.connect() as connection:
        asked = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert asked["journal_mode"] == "wal"
    assert asked["synchronous"] == 1
    assert asked["foreign_keys"] == 1
    assert asked["busy_timeout"] >= 5000


def test_audit_is_append_only(installation: Installation) -> None:
    person()
    for statement in ("UPDATE audit SET action = 'x'", "DELETE FROM audit"):
        with pytest.raises(Exception, match="append-only"), get_store().writer.connect() as connection:
            connection.execute(text(statement))


@pytest.mark.parametrize("installation", FRESH_STORES, indirect=True)
def test_rows_outlive_every_step_down_and_up(installation: Installation) -> None:
    """Whatever the first form has columns for; what it lacks is lost on the way down."""
    upload(person())
    before = contents()
    assert all(before[name] for name in ("user", "session", "dataset", "run", "event"))
    for step in range(len(list(ScriptDirectory.from_config(migration._config()).walk_revisions())) - 1):
        downgrade(f"-{step + 1}")
        kept = columns()
        migrate()
        assert only(kept, contents()) == only(kept, before)


Rows = dict[str, list[dict[str, str]]]


def contents() -> Rows:
    """Every row of every table."""
    with get_store().reader.connect() as connection:
        found = {name: connection.execute(text(f'SELECT * FROM "{name}"')) for name in sorted(tables())}
        return {name: [{key: str(row[key]) for key in row} for row in rows.mappings()] for name, rows in found.items()}


def columns() -> dict[str, set[str]]:
    """The tables of the present form and their columns."""
    form = inspect(get_store().reader)
    return {name: {column["name"] for column in form.get_columns(name)} for name in form.get_table_names()}


def only(kept: dict[str, set[str]], rows: Rows) -> Rows:
    """What the columns of a form hold, in an order of its own."""
    return {
        name: sorted(({key: row[key] for key in sorted(names)} for row in rows[name]), key=repr)
        for name, names in kept.items()
        if name != "alembic_version"
    }
