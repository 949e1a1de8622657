"""Versions of datasets: manifests that grow by a segment, are replaced whole, or are compacted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import bindparam, insert, update
from sqlalchemy import select as columns
from sqlmodel import col, select

from engine import alarms
from engine.actions.merging import merged
from engine.actions.queue import publish_dataset
from engine.errors import Conflict, UsageError
from engine.store.datasets import manifest_hash
from engine.store.files import checked_hash
from engine.store.tables import METADATA, Dataset, Project, Segment, Version
from engine.store.times import now
from engine.store.transaction import Transaction, reading, transaction

_DATASET, _SEGMENT, _VERSION = (METADATA.tables[name] for name in ("dataset", "segment", "version"))
_LOCK = columns(_DATASET.c.version).where(_DATASET.c.id == bindparam("of")).with_for_update()
_NEWEST = columns(_VERSION.c.manifest, _VERSION.c.report, _VERSION.c.answer).where(
    _VERSION.c.dataset_id == bindparam("of"), _VERSION.c.number == bindparam("newest")
)
_KNOWN = columns(_SEGMENT.c.id).where(_SEGMENT.c.dataset_id == bindparam("of"), _SEGMENT.c.sha256 == bindparam("same"))
_SET = update(_DATASET).where(_DATASET.c.id == bindparam("of"))

MOST_SEGMENTS = 32
"""A manifest longer than this is compacted."""


@dataclass(frozen=True, slots=True)
class NewSegment:
    """A segment that lies on disk: its hash, its rows, its size in bytes."""

    sha256: str
    rows: int
    size: int


class Head(NamedTuple):
    """The newest version of a dataset; number 0 and nothing in it before the first."""

    number: int
    manifest: list[str]
    report: dict[str, Any]
    answer: Mapping[str, Any] | None


def lock_head(tx: Transaction, dataset_id: int) -> Head:
    """The newest version of a dataset, which stays the newest for the rest of the transaction unless that adds one."""
    number = tx.execute(_LOCK, {"of": dataset_id}).scalar_one()
    found = tx.execute(_NEWEST, {"of": dataset_id, "newest": number}).first()
    return Head(number, found.manifest, found.report, found.answer) if found else Head(number, [], {}, None)


def set_follow(tx: Transaction, dataset_id: int, follow: Mapping[str, Any]) -> None:
    """Remember how far a followed file was read."""
    tx.execute(_SET, {"of": dataset_id, "follow": dict(follow)})


def add_version(
    tx: Transaction,
    project: str,
    dataset_id: int,
    segment: NewSegment | None,
    report: Mapping[str, Any],
    answer: Mapping[str, Any] | None,
    run_id: int | None,
    *,
    replace: bool,
) -> int:
    """Write the version that follows: the manifest before it (or nothing, where it is replaced) and the segment.

    Content that is in the manifest already adds nothing to it. Without an answer the one before stays. Returns its
    number.
    """
    newest = lock_head(tx, dataset_id)
    before = Head(newest.number, [], {}, None) if replace else newest
    manifest, total = list(before.manifest), merged(before.report, report)
    if segment is not None:
        if segment.sha256 in manifest:
            total = before.report
        else:
            manifest.append(_kept(tx, dataset_id, segment, report))
    shown = before.answer if answer is None else _with_others(answer, newest.answer)
    number = _write(tx, project, dataset_id, Head(newest.number + 1, manifest, total, shown), run_id)
    for told in alarms.turned(newest.answer, shown) if shown is not None else ():
        tx.publish(project, f"project/{project}", "alarm", {"dataset": dataset_id, **told})
    return number


def _with_others(answer: Mapping[str, Any], before: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The answer with what the others said last, where they were not asked this time."""
    known = (before or {}).get("others")
    return answer if "others" in answer or known is None else {**answer, "others": known}


def _kept(tx: Transaction, dataset_id: int, segment: NewSegment, report: Mapping[str, Any]) -> str:
    sha256 = checked_hash(segment.sha256)
    if tx.execute(_KNOWN, {"of": dataset_id, "same": sha256}).first() is None:
        size = {"rows": segment.rows, "size": segment.size}
        row = {"dataset_id": dataset_id, "sha256": sha256, **size, "report": dict(report), "created_at": now()}
        tx.execute(insert(_SEGMENT), row)
    return sha256


def _write(tx: Transaction, project: str, dataset_id: int, version: Head, run_id: int | None) -> int:
    moment, answer = now(), version.answer
    row = {
        "dataset_id": dataset_id,
        "number": version.number,
        "manifest": version.manifest,
        "sha256": manifest_hash(version.manifest),
        "report": version.report,
        "verdict": answer["verdict"] if answer else None,
        "sentence": answer["sentence"] if answer else None,
        "answer": {name: value for name, value in answer.items() if name != "pictures"} if answer else None,
        "run_id": run_id,
        "created_at": moment,
    }
    tx.execute(insert(_VERSION), row)
    tx.execute(_SET, {"of": dataset_id, "version": version.number, "updated_at": moment})
    counts = {name: version.report.get(name, 0) for name in ("rows", "accepted", "rejected")}
    body = {"dataset": dataset_id, "version": version.number, **counts, "answer": answer}
    tx.publish(project, f"dataset/{dataset_id}", "version", body)
    publish_dataset(tx, project, dataset_id, "dataset_changed")
    return version.number


# ------------------------------------------------------------------ compaction


@dataclass(frozen=True, slots=True)
class Fragmented:
    """A dataset whose newest manifest has become long."""

    dataset_id: int
    version: int
    manifest: tuple[str, ...]
    rows: tuple[int, ...]
    sizes: tuple[int, ...]


def to_compact(longest: int = MOST_SEGMENTS) -> list[Fragmented]:
    """*System.* The datasets whose newest manifest has more segments than this, with rows and bytes of each segment."""
    newest = (
        select(Dataset.id, Version.number, Version.manifest)
        .join(Version, col(Version.dataset_id) == Dataset.id)
        .where(col(Version.number) == Dataset.version, col(Dataset.removed_at).is_(None))
    )
    with reading() as rows:
        long = [found for found in rows.exec(newest) if len(found[2]) > longest]
        return [
            Fragmented(dataset_id or 0, version, tuple(manifest), *_sizes_of(rows, dataset_id, manifest))
            for dataset_id, version, manifest in long
        ]


def _sizes_of(rows: Any, dataset_id: int | None, manifest: Sequence[str]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Rows and bytes of the segments of a manifest."""
    of_dataset = col(Segment.dataset_id) == dataset_id
    found = rows.exec(select(Segment.sha256, Segment.rows, Segment.size).where(of_dataset))
    sizes = {sha256: (count, size) for sha256, count, size in found}
    return tuple(sizes[sha256][0] for sha256 in manifest), tuple(sizes[sha256][1] for sha256 in manifest)


def replace_segments(dataset_id: int, version: int, replaced: Sequence[str], segment: NewSegment) -> int:
    """*System.* Put one segment in the place of a run of neighbours that hold the same rows in the same order.

    It and its state must be on disk already. The content stays the same, so the new version has the report and the
    answer of the one before. Returns its number. Raises Conflict where the dataset has moved on from `version`: the
    caller starts over; UsageError where `replaced` is not a run of the manifest.
    """
    with transaction() as tx:
        before = lock_head(tx, dataset_id)
        if before.number != version:
            raise Conflict("The dataset has a newer version.", code="version_moved")
        home = select(Project.slug).join(Dataset, col(Dataset.project_id) == Project.id)
        project = tx.session.exec(home.where(col(Dataset.id) == dataset_id)).one()
        start, length = _place(before.manifest, replaced)
        sha256 = _kept(tx, dataset_id, segment, {})
        manifest = [*before.manifest[:start], sha256, *before.manifest[start + length :]]
        return _write(tx, project, dataset_id, before._replace(number=version + 1, manifest=manifest), None)


def _place(manifest: Sequence[str], replaced: Sequence[str]) -> tuple[int, int]:
    length = len(replaced)
    for start in range(len(manifest) - length + 1):
        if length and list(manifest[start : start + length]) == list(replaced):
            return start, length
    raise UsageError("Only neighbouring segments of the manifest can be replaced.", code="not_neighbours")
