"""Bringing the store to the form this version of the program expects; the launcher does it before anything else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import DatabaseError

from engine.errors import StoreUnavailable
from engine.settings import get_settings
from engine.store.engine import get_store
from engine.store.failures import named

HERE = Path(__file__).resolve().parent
MIGRATION_LOCK = 7_105_115
"""Number of the Postgres advisory lock that lets one process upgrade at a time; the others find it done."""


def migrate(revision: str = "head") -> None:
    """Make the folders of the home, check the store, and upgrade it; doing it twice changes nothing.

    Raises StoreUnavailable where the file is damaged or was written by a newer version: both are refused before
    anything is changed.
    """
    for folder in _folders():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    check()
    _run(command.upgrade, revision)


def downgrade(revision: str) -> None:
    """Take the store back to an older form. Data of tables that the older form lacks are lost."""
    _run(command.downgrade, revision)


def check() -> None:
    """Refuse a store that is damaged or newer than this program."""
    try:
        with get_store().reader.connect() as connection:
            if get_store().is_sqlite:
                _check_pages(connection)
            current = MigrationContext.configure(connection).get_current_revision()
    except DatabaseError as error:
        if not get_store().is_sqlite:
            raise named(error) or error from error
        raise _damaged(str(error.orig)) from error
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if current is not None and current not in known:
        raise StoreUnavailable(
            f"The store was written by a newer version of Plumbline (form {current}). "
            "Install that version, or restore a backup made before the upgrade. Nothing was changed.",
            code="store_newer",
        )


def _check_pages(connection: Connection) -> None:
    found = connection.execute(text("PRAGMA quick_check(1)")).scalar_one()
    if found != "ok":
        raise _damaged(str(found))


def _damaged(reason: str) -> StoreUnavailable:
    return StoreUnavailable(
        f"The store is damaged ({reason.splitlines()[0][:200]}). Nothing was changed. Set PLUMBLINE_HOME to an empty "
        "folder, bring a backup into it with `python -m jobs restore FILE`, and start again.",
        code="store_corrupt",
    )


def _folders() -> tuple[Path, ...]:
    settings = get_settings()
    return (settings.home, settings.inbox, settings.uploads, settings.segments, settings.states, settings.blobs)


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(HERE / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _run(step: Callable[[Config, str], None], revision: str) -> None:
    with get_store().writer.connect() as connection, connection.begin():
        if not get_store().is_sqlite:
            connection.exec_driver_sql("SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0")
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
        step(_config(connection), revision)
