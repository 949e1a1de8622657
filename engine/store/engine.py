"""The connections of this process to the store: one SQLAlchemy engine, and bare connections for the hot reads.

Nothing is carried over a fork: a child forgets what its parent opened, without closing it (closing an inherited SQLite
connection could drop the parent's locks), and opens its own.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Engine, TextClause, create_engine, event, make_url, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from engine.settings import get_settings
from engine.store.failures import halved, named
from engine.store.times import to_text

BUSY_MILLISECONDS = 10_000
PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=NORMAL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA recursive_triggers=ON",  # else REPLACE takes lines of the audit away without asking its triggers
    f"PRAGMA busy_timeout={BUSY_MILLISECONDS}",
)
POSTGRES_OPTIONS = f"-c lock_timeout={BUSY_MILLISECONDS} -c statement_timeout=60000 -c timezone=UTC"


@dataclass(frozen=True, slots=True)
class Store:
    """What a process holds open: `writer` begins with the write lock, `reader` keeps one view of the store.

    Single reads go past both: `single` commits by itself (Postgres), `bare` are sqlite3's own connections.
    """

    url: str
    writer: Engine
    reader: Engine
    single: Engine
    bare: deque[sqlite3.Connection] = field(default_factory=deque)

    @property
    def is_sqlite(self) -> bool:
        """Whether the store is a SQLite file."""
        return self.writer.dialect.name == "sqlite"


_lock = threading.Lock()
_open: dict[str, Store] = {}
_inherited: list[Store] = []


def get_store() -> Store:
    """The store of the settings in force, opened at first use."""
    url = get_settings().url
    store = _open.get(url)
    if store is None:
        with _lock:
            store = _open.get(url) or _open.setdefault(url, _create(url))
    return store


def close_store() -> None:
    """Close every connection of this process (at its end, and between tests)."""
    with _lock:
        stores = list(_open.values())
        _open.clear()
    for store in stores:
        store.writer.dispose()
        while store.bare:
            store.bare.pop().close()


def fetch(sql: str, params: Mapping[str, Any] | None = None) -> list[Any]:
    """Rows of a constant SELECT with `:named` parameters, as tuples, by the shortest way there is.

    For reads of every request and every poll. Times go in as datetimes and, on SQLite, come out as text. Raises
    StoreUnavailable where the store cannot be read, UsageError for half a character in a text.
    """
    store = get_store()
    if not store.is_sqlite:
        return _fetch_pooled(store, sql, dict(params or {}))
    bound = {key: to_text(value) if isinstance(value, datetime) else value for key, value in (params or {}).items()}
    try:
        connection = store.bare.pop()
    except IndexError:
        connection = _bare_connection(store.url)
    try:
        rows = connection.execute(sql, bound).fetchall()
    except sqlite3.DatabaseError as error:
        connection.close()
        raise named(error) or error from error
    except UnicodeEncodeError as error:
        store.bare.append(connection)
        raise halved() from error
    store.bare.append(connection)
    return rows


def _fetch_pooled(store: Store, sql: str, params: dict[str, Any]) -> list[Any]:
    try:
        with store.single.connect() as pooled:
            return list(pooled.execute(_text(sql), params).all())
    except UnicodeEncodeError as error:
        raise halved() from error
    except (DatabaseError, PoolTimeoutError) as error:
        raise named(error) or error from error


@lru_cache(maxsize=64)
def _text(sql: str) -> TextClause:
    return text(sql)


def _bare_connection(url: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        make_url(url).database or "",
        timeout=BUSY_MILLISECONDS / 1000,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.execute("PRAGMA query_only=ON")
    return connection


def _create(url: str) -> Store:
    if not url.startswith("sqlite"):
        return _create_pooled(url)
    get_settings().home.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = create_engine(url, pool_size=8, max_overflow=56)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return Store(url, engine.execution_options(immediate=True), engine, engine)


def _create_pooled(url: str) -> Store:
    """Several processes share the server's connections (100 unless told otherwise), so each takes few."""
    address = url.replace("postgresql://", "postgresql+psycopg://", 1)
    bounded = {"connect_timeout": 5, "options": POSTGRES_OPTIONS}
    engine = create_engine(
        address, pool_size=8, max_overflow=8, pool_timeout=10, pool_pre_ping=True, connect_args=bounded
    )
    one_view = engine.execution_options(isolation_level="REPEATABLE READ")
    return Store(url, engine, one_view, engine.execution_options(isolation_level="AUTOCOMMIT"))


def _prepare(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    for pragma in PRAGMAS:
        connection.execute(pragma)


def _begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _forget() -> None:
    global _lock
    _lock = threading.Lock()
    _inherited.extend(_open.values())
    _open.clear()


os.register_at_fork(after_in_child=_forget)
