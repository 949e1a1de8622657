"""Changes to datasets: files arrive, names change, datasets are removed and come back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import orjson
from sqlalchemy import bindparam
from sqlmodel import col, select

from engine.access import audit
from engine.access.names import clean, storable
from engine.access.roles import require
from engine.access.scope import dataset_of, project_of
from engine.access.visible import project_id
from engine.actions.projects import ensure
from engine.actions.queue import READS, cancel_work, enqueue, publish_dataset
from engine.errors import UsageError
from engine.settings import get_settings
from engine.store import blobs, room
from engine.store.engine import fetch
from engine.store.files import checked_hash
from engine.store.tables import Dataset, Project, Run
from engine.store.times import now
from engine.store.transaction import Transaction, transaction
from engine.types import Who

LONGEST_NAME = 180
_FIELD = re.compile(r"[a-z][a-z0-9_.]{0,99}")
_FOLLOWED = """
SELECT d.id, d.removed_at, d.follow, r.id, r.params FROM dataset AS d JOIN project AS p ON p.id = d.project_id
LEFT JOIN run AS r ON r.dataset_id = d.id AND r.kind IN ('read', 'job') AND r.state IN ('queued', 'running')
WHERE p.slug = :project AND d.source = :source ORDER BY r.state DESC
"""
_OF_SOURCE = (
    select(Dataset)
    .where(col(Dataset.project_id) == bindparam("home"), col(Dataset.source) == bindparam("name"))
    .with_for_update()
)
_RUNNING_READ = select(Run.id, Run.params).where(
    col(Run.dataset_id) == bindparam("of"), col(Run.kind).in_(READS), col(Run.state) == "running"
)


class Received(NamedTuple):
    """What a file became. `run_id` is None where there is nothing new to read."""

    dataset_id: int
    run_id: int | None


# ------------------------------------------------------------------ files arrive


def receive_upload(
    who: Who,
    project: str,
    name: str,
    path: Path,
    sha256: str,
    size: int,
    mapping: Mapping[str, str] | None = None,
    *,
    kind: Literal["read", "job"] = "read",
) -> Received:
    """Take a file that lies whole at `path` in the uploads folder; it moves to the originals and waits to be read.

    With the kind `job` it is read and observed by a Ray job, where there is Ray.

    The same content twice within a project is one dataset: the one that is there is returned (and comes back if it had
    been removed), and is read again only if its mapping changes or nothing has been read of it yet.
    """
    wanted, shown = checked_mapping(mapping or {}), clean(name, LONGEST_NAME, "A name")
    may_receive(who, project, size)
    blobs.keep(path, checked_hash(sha256))
    with transaction() as tx:
        home = project_of(tx.session, who, project, "analyst")
        same = select(Dataset).where(col(Dataset.project_id) == home.id, col(Dataset.content) == sha256)
        dataset = tx.session.exec(same.with_for_update()).first()
        if dataset is None:
            dataset = Dataset(project_id=_id(home), name="", content=sha256, size=size, mapping=wanted)
            dataset.name = free_name(tx, home, shown)
            add(tx, home, dataset)
            audit.record(tx.session, who, "receive_upload", f"dataset/{dataset.id}", project, sha256=sha256, size=size)
        else:
            _bring_back(tx, who, home, dataset)
        changed = bool(wanted) and wanted != dataset.mapping
        dataset.mapping = wanted if changed else dataset.mapping
        if dataset.version and not changed:
            return Received(_id(dataset), None)
        run = tx.execute(_RUNNING_READ, {"of": dataset.id}).first() if not changed else None
        run_id = run.id if run else enqueue(tx, home, dataset, kind, {"replace": True}, who.user_id)
        return Received(_id(dataset), run_id)


def may_receive(who: Who, project: str, size: int) -> None:
    """Whether a file of so many bytes would be taken from this person now; asked before it is sent, too.

    Raises AccessDenied, NotFound, StorageFull, LimitExceeded (`project_rows`, `project_bytes`, `uploads_a_day`).
    """
    require(who, project, "analyst")
    project_id(who, project)
    room.require_disk()
    room.require_upload(who.user_id)
    room.require_room(project, size=size)


def receive_inbox(project: str, name: str, path: Path, offset: int, *, inode: int = 0) -> Received:
    """*System.* Notice that the followed file `name` in the inbox folder of `project` is whole up to byte `offset`.

    Makes project and dataset where new, and has at most one reading of a dataset waiting. Nothing waits where this much
    has been read or is being read already, where exactly this was refused before, or where the dataset was removed.

    Raises StorageFull and LimitExceeded where nothing more is taken now; the file lies where it is, ask again later.
    """
    source, seen = _checked_source(project, name, path), {"offset": offset, "inode": inode}
    if (known := _taken_note_of(project, source, seen)) is not None:
        return known
    room.require_disk()
    room.require_room(project)
    with transaction() as tx:
        return followed(tx, ensure(tx, project), source, seen)


def _taken_note_of(project: str, source: str, seen: Mapping[str, int]) -> Received | None:
    """What a file is already where there is nothing new to say of it, without keeping anybody from writing."""
    found = fetch(_FOLLOWED, {"project": project, "source": source})
    for dataset_id, removed_at, follow, run_id, params in found:
        read = _plain(follow)
        if (removed_at is not None and not read.get("archive")) or _read_already(read, seen):
            return Received(dataset_id, None)
        if run_id is not None and seen.items() <= _plain(params).items():
            return Received(dataset_id, run_id)
    return None


def _plain(value: Any) -> dict[str, Any]:
    """JSON of a bare SELECT, which is text on SQLite."""
    plain: dict[str, Any] = orjson.loads(value) if isinstance(value, str) else value
    return plain


def followed(tx: Transaction, home: Project, source: str, seen: Mapping[str, int], who: Who | None = None) -> Received:
    """*System.* Inside a transaction: the dataset of a followed file, and the run that reads it up to `seen`."""
    dataset = tx.session.exec(_OF_SOURCE, params={"home": home.id, "name": source}).first()
    if dataset is None:
        dataset = Dataset(project_id=_id(home), name="", source=source)
        dataset.name = free_name(tx, home, clean(source, LONGEST_NAME, "A name"))
        add(tx, home, dataset)
        if who is not None:
            audit.record(tx.session, who, "receive_rows", f"dataset/{dataset.id}", home.slug)
    changed = not _read_already(dataset.follow, seen)
    if dataset.removed_at is not None and dataset.follow.get("archive") and changed:
        dataset.name, dataset.removed_at = free_name(tx, home, dataset.name), None
        publish_dataset(tx, home.slug, dataset.id, "dataset_added")
    if dataset.removed_at is not None or not changed:
        return Received(_id(dataset), None)
    running = tx.execute(_RUNNING_READ, {"of": dataset.id}).first()
    if running is not None and seen.items() <= running.params.items():
        return Received(_id(dataset), running.id)
    return Received(_id(dataset), enqueue(tx, home, dataset, "read", seen, who.user_id if who else None))


def _read_already(follow: Mapping[str, Any], seen: Mapping[str, int]) -> bool:
    read = {"offset": follow.get("offset", 0), "inode": follow.get("inode", seen["inode"])}
    return seen in (read, follow.get("refused"))


def _checked_source(project: str, name: str, path: Path) -> str:
    folder = get_settings().inbox.resolve() / project
    if path.parent.resolve() != folder or path.name != name or name.startswith("."):
        raise UsageError("A followed file has to lie in its project's inbox folder.", code="not_in_inbox")
    if len(name) > 255:
        raise UsageError("The name of a followed file has at most 255 characters.", code="name_too_long")
    return name


def add(tx: Transaction, project: Project, dataset: Dataset) -> None:
    """*System.* Inside a transaction: save a new dataset and tell of it."""
    tx.session.add(dataset)
    tx.session.flush()
    publish_dataset(tx, project.slug, dataset.id, "dataset_added")


# ------------------------------------------------------------------ names, removal, mapping


def rename(who: Who, dataset_id: int, name: str) -> str:
    """Give a dataset another name; one that is taken in the project gets " (2)". Returns the name it got."""
    with transaction() as tx:
        dataset, project = dataset_of(tx.session, who, dataset_id, "analyst")
        wanted = clean(name, LONGEST_NAME, "A name")
        if wanted != dataset.name:
            dataset.name = free_name(tx, project, wanted)
            _touch(tx, who, project, dataset, "rename", "dataset_changed")
        return dataset.name


def remove(who: Who, dataset_id: int) -> None:
    """Take a dataset out of sight; `restore` brings it back whole. Work waiting for it is cancelled."""
    with transaction() as tx:
        dataset, project = dataset_of(tx.session, who, dataset_id, "analyst", removed=True)
        if dataset.removed_at is None:
            dataset.removed_at = now()
            cancel_work(tx, project, dataset)
            _touch(tx, who, project, dataset, "remove", "dataset_removed")


def restore(who: Who, dataset_id: int) -> None:
    """Bring a removed dataset back, under another name if its own was taken meanwhile."""
    with transaction() as tx:
        dataset, project = dataset_of(tx.session, who, dataset_id, "analyst", removed=True)
        _bring_back(tx, who, project, dataset)


def set_mapping(who: Who, dataset_id: int, mapping: Mapping[str, str]) -> int:
    """Say which source column is which canonical one, and read the whole file again. Returns the run."""
    wanted = checked_mapping(mapping)
    with transaction() as tx:
        dataset, project = dataset_of(tx.session, who, dataset_id, "analyst")
        dataset.mapping = wanted
        _touch(tx, who, project, dataset, "set_mapping", "dataset_changed")
        return enqueue(tx, project, dataset, "read", {"replace": True}, who.user_id)


def _bring_back(tx: Transaction, who: Who, project: Project, dataset: Dataset) -> None:
    if dataset.removed_at is not None:
        dataset.name = free_name(tx, project, dataset.name)
        dataset.removed_at = None
        _touch(tx, who, project, dataset, "restore", "dataset_added")


def _touch(tx: Transaction, who: Who, project: Project, dataset: Dataset, action: str, kind: str) -> None:
    dataset.updated_at = now()
    audit.record(tx.session, who, action, f"dataset/{dataset.id}", project.slug)
    publish_dataset(tx, project.slug, dataset.id, kind)


def free_name(tx: Transaction, project: Project, wanted: str) -> str:
    """*System.* Inside a transaction: the name, or the first of "name (2)", "name (3)", … that is free."""
    present = select(Dataset.name).where(col(Dataset.project_id) == project.id, col(Dataset.removed_at).is_(None))
    if tx.session.exec(present.where(col(Dataset.name) == wanted)).first() is None:
        return wanted
    taken = set(tx.session.exec(present.where(col(Dataset.name).startswith(f"{wanted} (", autoescape=True))))
    name, number = f"{wanted} (2)", 2
    while name in taken:
        number += 1
        name = f"{wanted} ({number})"
    return name


def checked_mapping(mapping: Mapping[str, str]) -> dict[str, str]:
    """*System.* The mapping as plain text. Which fields exist and whether the columns do is the reader's to say."""
    if len(mapping) > 100 or any(not _FIELD.fullmatch(key) or len(str(value)) > 500 for key, value in mapping.items()):
        raise UsageError("A mapping names canonical columns and the source columns they come from.", code="mapping")
    return {key: storable(str(value)) for key, value in mapping.items()}


def _id(row: Dataset | Project) -> int:
    if row.id is None:
        raise ValueError("the row was not saved yet")
    return row.id
