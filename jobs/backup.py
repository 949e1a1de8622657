"""A backup of the whole home in one file while the product runs, and its restoration into an empty home.

The store is copied first, by SQLite's own online backup; what its rows name are files that never change and stay at
least a day after nothing needs them any more, so copying them afterwards gives one consistent whole. Followed files
only grow, so they hold at least what the store has read of them.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import make_url

from engine.access import sealing
from engine.errors import InputRefused, UsageError
from engine.settings import Settings
from engine.store.files import sha256_of, sync_folder

STORE = "plumbline.db"
KEPT = ("blobs", "datasets/segments", "datasets/states", "inbox", "appending")
"""Folders of the home that a backup holds, besides the store."""

KEY = sealing.FILE
"""What opens the addresses that the store holds encrypted: a backup is as secret as its home."""

NEEDED = (
    ("SELECT DISTINCT sha256 FROM segment", "datasets/segments/{}.parquet"),
    ("SELECT DISTINCT content FROM dataset WHERE content IS NOT NULL", "blobs/{}"),
    (
        "SELECT DISTINCT frozen FROM share WHERE frozen IS NOT NULL AND revoked_at IS NULL "
        "AND expires_at > strftime('%Y-%m-%dT%H:%M:%f', 'now')",
        "blobs/{}",
    ),
)


class Saved(NamedTuple):
    """What a backup holds."""

    files: int
    size: int


def backup(settings: Settings, target: Path) -> Saved:
    """Write a backup to a new file, whole or not at all.

    Raises UsageError for a Postgres store and for a file that exists, InputRefused where the home lacks a file that the
    store needs.
    """
    _require_sqlite(settings)
    if target.exists():
        raise UsageError(f"{target.name} exists already; choose another name.", code="exists")
    with tempfile.TemporaryDirectory(dir=target.resolve().parent, prefix=".backup-") as name:
        store, whole = Path(name) / STORE, Path(name) / "whole.tar"
        _copy_store(Path(make_url(settings.url).database or ""), store)
        with tarfile.open(whole, "w", format=tarfile.PAX_FORMAT) as archive:
            archive.add(store, STORE)
            for path in (*_files(settings.home), settings.home / KEY):
                with suppress(FileNotFoundError):
                    archive.add(path, path.relative_to(settings.home).as_posix(), recursive=False)
        saved = _checked(whole, store)
        whole.chmod(0o600)
        _sync(whole)
        whole.replace(target)
        sync_folder(target.resolve().parent)
    return saved


def restore(settings: Settings, source: Path) -> Saved:
    """Bring a backup into a home that has no store yet; every file that the store needs is checked by its hash.

    Raises UsageError for a Postgres store and for a home in use, InputRefused for what is not a whole backup: nothing
    is changed then.
    """
    _require_sqlite(settings)
    if (settings.home / STORE).exists():
        message = f"The home folder {settings.home} has a store already. Set PLUMBLINE_HOME to an empty folder."
        raise UsageError(message, code="exists")
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=settings.home, prefix=".restore-") as name:
        folder = Path(name)
        try:
            with tarfile.open(source, "r:") as archive:
                archive.extractall(folder, filter="data")
        except (tarfile.TarError, EOFError) as error:
            message = f"{source.name} is not a backup of Plumbline, or not a whole one."
            raise InputRefused(message, code="no_backup") from error
        saved = _checked(source, folder / STORE, folder)
        for part in KEPT:
            if (folder / part).is_dir():
                shutil.copytree(folder / part, settings.home / part, dirs_exist_ok=True, copy_function=os.replace)
        if (folder / KEY).is_file():
            (folder / KEY).chmod(0o600)
            (folder / KEY).replace(settings.home / KEY)
        _sync(folder / STORE)
        (folder / STORE).replace(settings.home / STORE)
        sync_folder(settings.home)
    return saved


def _require_sqlite(settings: Settings) -> None:
    if not settings.url.startswith("sqlite"):
        message = "The store is a Postgres database: use pg_dump and copy the home folder (docs/operations.md)."
        raise UsageError(message, code="not_sqlite")


def _copy_store(source: Path, target: Path) -> None:
    """SQLite's online backup: one moment of the store, while others write."""
    with closing(sqlite3.connect(source)) as store, closing(sqlite3.connect(target)) as copy:
        store.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")


def _files(home: Path) -> Iterator[Path]:
    """Every plain file of the kept folders, and the folders themselves."""
    for part in KEPT:
        for path in sorted((home / part).rglob("*")):
            if not path.is_symlink() and (path.is_file() or path.is_dir()):
                yield path


def _checked(whole: Path, store: Path, folder: Path | None = None) -> Saved:
    """What an archive holds. Raises InputRefused where its store is damaged or it lacks what the store needs.

    With the folder it was unpacked to, the content is checked too.
    """
    with tarfile.open(whole, "r:") as archive:
        sizes = {member.name: member.size for member in archive if member.isfile()}
    if not store.is_file():
        raise InputRefused(f"{whole.name} holds no store.", code="no_backup")
    with closing(sqlite3.connect(store)) as copy:
        try:
            sound = copy.execute("PRAGMA integrity_check(1)").fetchone() == ("ok",)
            needed = [(path, sha) for sql, path in NEEDED for (sha,) in copy.execute(sql)] if sound else []
        except sqlite3.DatabaseError:
            sound, needed = False, []
    if not sound:
        raise InputRefused("The store of this backup is damaged.", code="store_corrupt")
    for path, sha256 in needed:
        name = path.format(sha256)
        if name not in sizes or (folder is not None and sha256_of(folder / name) != sha256):
            raise InputRefused(f"The store needs a file that is missing or damaged: {name}.", code="file_missing")
    return Saved(len(sizes), sum(sizes.values()))


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
