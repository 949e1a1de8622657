"""What becomes of an archive: each file in it is a dataset of its own, the archive's entry steps aside.

The original stays where originals are kept, as long as the entry, removed from sight, can be brought back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import col, select

from engine.access.names import clean
from engine.actions.datasets import LONGEST_NAME, add, free_name
from engine.actions.queue import enqueue, publish_dataset, publish_run
from engine.actions.work import Work, fenced
from engine.errors import InputRefused
from engine.store import blobs, room
from engine.store.tables import Dataset, Project, Run
from engine.store.times import now
from engine.store.transaction import Transaction, transaction

FOLLOWED = "archive"
"""Marks the follow state of an archive in the inbox: its entry, though removed, comes back when the file changes."""


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A file of an archive that lies whole in the uploads folder."""

    name: str
    path: Path
    sha256: str
    size: int


def spread(work: Work, files: Sequence[Unpacked]) -> list[int]:
    """*System.* End a reading of an archive as done, its files as datasets that wait to be read; returns those.

    A file whose content is a dataset already stays that one, brought back where it had been removed. Raises Conflict
    (fenced), InputRefused where there is no file, LimitExceeded where the project may not hold so much.
    """
    if not files:
        raise InputRefused(f"{work.name}: the archive holds no file that is read", code="no_files", file=work.name)
    room.require_room(work.project, size=sum(file.size for file in files))
    for file in files:
        blobs.keep(file.path, file.sha256)
    with transaction() as tx:
        ended = fenced(tx, work, state="done", progress=1.0, stage="", finished_at=now())
        archive = tx.session.get_one(Dataset, work.dataset_id, with_for_update=True)
        home = tx.session.get_one(Project, archive.project_id)
        by = tx.session.get_one(Run, work.run_id).requested_by
        found = [_dataset(tx, home, archive, work, file) for file in files]
        for dataset in found:
            if not dataset.version:
                enqueue(tx, home, dataset, "read", {"replace": True}, by)
        _step_aside(tx, home, archive, work)
        publish_run(tx, work.project, ended)
        return [dataset.id or 0 for dataset in found]


def _dataset(tx: Transaction, home: Project, archive: Dataset, work: Work, file: Unpacked) -> Dataset:
    same = select(Dataset).where(col(Dataset.project_id) == home.id, col(Dataset.content) == file.sha256)
    dataset = tx.session.exec(same.with_for_update()).first()
    if dataset is None:
        dataset = Dataset(
            project_id=archive.project_id, name="", content=file.sha256, size=file.size, mapping=dict(work.mapping)
        )
        dataset.name = free_name(tx, home, clean(fitted(f"{work.name}/{file.name}"), LONGEST_NAME, "A name"))
        add(tx, home, dataset)
    elif dataset.removed_at is not None:
        dataset.name, dataset.removed_at = free_name(tx, home, dataset.name), None
        publish_dataset(tx, home.slug, dataset.id, "dataset_added")
    return dataset


def _step_aside(tx: Transaction, home: Project, archive: Dataset, work: Work) -> None:
    archive.removed_at = archive.updated_at = now()
    if work.source is not None:
        seen = {name: work.params[name] for name in ("offset", "inode") if name in work.params}
        archive.follow = {**archive.follow, **seen, FOLLOWED: True}
    publish_dataset(tx, home.slug, archive.id, "dataset_removed")


def fitted(name: str) -> str:
    """A name that is short enough: of a long one the beginning and the end."""
    return name if len(name) <= LONGEST_NAME else f"{name[:60]}…{name[-(LONGEST_NAME - 61) :]}"
