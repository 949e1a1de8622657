"""Trackio's databases: the runs of a project in SQLite, read from memory, so that nothing is ever written or run.

Tables: `metrics(run_name, timestamp, step, metrics as JSON)` and `configs(run_name, config as JSON)`. Anything else
that a database may hold (views, triggers, other tables, functions) is out of reach while it is read.
Source: Trackio's storage schema.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

import numpy as np
import orjson

from engine.formats.batches import ObjectBatch, Refused
from engine.formats.limits import Limits
from engine.formats.names import PARAMETERS
from engine.formats.source import Source, head_of

ORIGIN = "trackio"

MAGIC = b"SQLite format 3\x00"
ROWS_PER_BATCH = 16_384
MOST_PARAMETERS = 64
_STEPS_PER_CHECK, _MOST_STEPS = 100_000, 2_000_000_000
_READABLE = frozenset({"metrics", "configs", "sqlite_master", "sqlite_schema"})
_FUNCTIONS = frozenset({"length", "typeof"})
_WANTED = ("run_name", "step", "timestamp", "metrics")


def is_sqlite(source: Source) -> bool:
    """Whether a stream is a SQLite database."""
    return head_of(source, 16) == MAGIC


def read_trackio(source: Source) -> Iterator[ObjectBatch]:
    """A row for each time that a run logged: `run`, `step`, `timestamp`, its metrics, its numeric parameters.

    Raises:
        InputRefused: damaged (`database_damaged`), or not Trackio's (`database_not_read`).
        LimitExceeded: larger than the limit (`too_large`).
    """
    if source.size > source.limits.document_bytes:
        raise source.exceeds("the database is larger than the limit: export its runs as CSV", "too_large")
    try:
        with closing(sqlite3.connect(":memory:")) as database:
            database.deserialize(_content(source))
            _restrict(database, source.limits)
            yield from _rows(database, source)
    except (sqlite3.Error, OverflowError, UnicodeDecodeError) as error:
        raise source.refuse("the database is damaged or holds what is not read", "database_damaged") from error


def _content(source: Source) -> bytearray:
    """The bytes of a database; one that is written ahead is read as far as it is in the file itself."""
    source.stream.seek(0)
    data = bytearray(source.stream.read())
    data[18:20] = b"\x01\x01"
    return data


def _restrict(database: sqlite3.Connection, limits: Limits) -> None:
    """Nothing but reading two tables, in bounded time and with bounded values."""
    steps = 0

    def check() -> int:
        nonlocal steps
        steps += _STEPS_PER_CHECK
        return int(steps > _MOST_STEPS)

    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, limits.line_bytes)
    database.setlimit(sqlite3.SQLITE_LIMIT_COLUMN, 200)
    database.setlimit(sqlite3.SQLITE_LIMIT_VDBE_OP, 100_000)
    database.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    database.execute("PRAGMA trusted_schema = OFF")
    database.execute("PRAGMA cell_size_check = ON")
    database.execute("PRAGMA query_only = ON")
    database.set_progress_handler(check, _STEPS_PER_CHECK)
    database.set_authorizer(_allowed)


def _allowed(action: int, one: str | None, two: str | None, _database: str | None, _inside: str | None) -> int:
    if action == sqlite3.SQLITE_SELECT:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_READ and one in _READABLE:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_FUNCTION and two in _FUNCTIONS:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_PRAGMA and one == "table_info" and two in _READABLE:
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


_ABOUT: Mapping[str, str] = {
    "metrics": "PRAGMA table_info(metrics)",
    "configs": "PRAGMA table_info(configs)",
}
_POINTS: Mapping[str, str] = {
    "run_id": "SELECT run_id, run_name, step, timestamp, CASE WHEN length(metrics) <= ? THEN metrics END FROM metrics",
    "run_name": "SELECT run_name, run_name, step, timestamp, "
    "CASE WHEN length(metrics) <= ? THEN metrics END FROM metrics",
}
_CALLED: Mapping[str, str] = {
    "run_id": "SELECT DISTINCT run_id, run_name FROM metrics",
    "run_name": "SELECT DISTINCT run_name, run_name FROM metrics",
}
_SET: Mapping[str, str] = {
    "run_id": "SELECT run_id, config FROM configs WHERE length(config) <= ?",
    "run_name": "SELECT run_name, config FROM configs WHERE length(config) <= ?",
}
"""What is asked of a database, by the column that tells its runs apart."""


def _columns(database: sqlite3.Connection, table: str) -> list[str]:
    """The columns of a plain table; none of a view, or where there is no such table."""
    found = database.execute("SELECT type FROM sqlite_master WHERE name = ?", (table,)).fetchall()
    if found != [("table",)]:
        return []
    return [str(row[1]) for row in database.execute(_ABOUT[table])]


def _rows(database: sqlite3.Connection, source: Source) -> Iterator[ObjectBatch]:
    columns = _columns(database, "metrics")
    if not set(_WANTED) <= set(columns):
        raise source.refuse("a SQLite database that is not Trackio's: export its table as CSV", "database_not_read")
    identity = "run_id" if "run_id" in columns else "run_name"
    several = _named_twice(database, identity)
    configs = _configs(database, identity, source.limits)
    points = database.execute(_POINTS[identity], (source.limits.row_bytes,))
    rows: list[dict[str, Any]] = []
    lines: list[int] = []
    refused: list[Refused] = []
    for number, (key, name, step, time, text) in enumerate(points, 1):
        if number > source.limits.rows:
            raise source.exceeds("more rows than the limit", "too_many_rows", number)
        held = _object(text)
        if held is None:
            refused.append(Refused(number, "row_too_long" if text is None else "invalid_json"))
            continue
        run = f"{name} ({str(key)[:32]})" if name in several else name
        rows.append({**_flat(held), **configs.get(key, {}), "run": run, "step": step, "timestamp": time})
        lines.append(number)
        if len(rows) == ROWS_PER_BATCH:
            yield ObjectBatch(rows, np.array(lines, np.int64), refused, origin=ORIGIN)
            rows, lines, refused = [], [], []
    if rows or refused:
        yield ObjectBatch(rows, np.array(lines, np.int64), refused, origin=ORIGIN)


def _named_twice(database: sqlite3.Connection, identity: str) -> frozenset[Any]:
    """Names that several runs have."""
    seen: dict[Any, set[Any]] = {}
    for key, name in database.execute(_CALLED[identity]):
        seen.setdefault(name, set()).add(key)
    return frozenset(name for name, keys in seen.items() if len(keys) > 1)


def _configs(database: sqlite3.Connection, identity: str, limits: Limits) -> dict[Any, dict[str, Any]]:
    """By run its numeric parameters as `config.<name>`: those known by name, and those in which the runs differ."""
    if not {identity, "config"} <= set(_columns(database, "configs")):
        return {}
    found: dict[Any, dict[str, float]] = {}
    for key, text in database.execute(_SET[identity], (limits.row_bytes,)):
        held = _object(text) or {}
        found[key] = {name: value for name, value in _flat(held).items() if _is_parameter(name, value)}
    every = list(dict.fromkeys(name for held in found.values() for name in held))
    told = [name for name in every if name in PARAMETERS or len({held.get(name) for held in found.values()}) > 1]
    return {key: {f"config.{name}": held.get(name) for name in told[:MOST_PARAMETERS]} for key, held in found.items()}


def _is_parameter(name: str, value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and name[:1] != "_" and len(name) <= 80


def _object(text: Any) -> dict[str, Any] | None:
    if not isinstance(text, (str, bytes)):
        return None
    try:
        held = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return held if isinstance(held, dict) else None


def _flat(held: Mapping[str, Any], before: str = "", depth: int = 3) -> dict[str, Any]:
    """Numbers, and texts that may be numbers ("NaN", "Infinity"), names of nested ones joined by slashes."""
    found: dict[str, Any] = {}
    for name, value in held.items():
        if isinstance(value, dict):
            if depth and "_type" not in value:
                found.update(_flat(value, f"{before}{name}/", depth - 1))
        elif isinstance(value, (int, float)) or (isinstance(value, str) and len(value) < 40):
            found[f"{before}{name}"] = value
    return found
