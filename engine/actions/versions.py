"""Versions of datasets: manifests that grow by a segment, are replaced whole, or are compacted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import col, select

from engine.actions.queue import publish_dataset
from engine.actions.reports import merged
from engine.errors import Conflict, UsageError
from engine.store.datasets import manifest_hash
from engine.store.files import checked_hash
from engine.store.tables import Dataset, Project, Segment, Version
from engine.store.times import now
from engine.store.transaction import Transaction, reading, transaction

MOST_SEGMENTS = 32
"""A manifest longer than this is compacted."""


@dataclass(frozen=True, slots=True)
class NewSegment:
    """A segment that lies on disk: its hash, its rows, its size in bytes."""

    sha256: str
    rows: int
    size: int


def head(tx: Transaction, dataset: Dataset) -> Version | None:
    """The newest version of a dataset, None before the first."""
    newest = select(Version).where(col(Version.dataset_id) == dataset.id, col(Version.number) == dataset.version)
    return tx.session.exec(newest).first()


def head_manifest(tx: Transaction, dataset: Dataset) -> list[str]:
    """The segments of the newest version, in order."""
    newest = head(tx, dataset)
    return list(newest.manifest) if newest else []


def add_version(
    tx: Transaction,
    project: str,
    dataset: Dataset,
    segment: NewSegment | None,
    report: Mapping[str, Any],
    answer: Mapping[str, Any] | None,
    run_id: int | None,
    *,
    replace: bool,
) -> Version:
    """Write the version that follows: the manifest before it (or nothing, where it is replaced) and the segment.

    Content that is in the manifest already adds nothing to it. Without an answer the one before stays.
    """
    before = None if replace else head(tx, dataset)
    manifest = list(before.manifest) if before else []
    total = merged(before.report if before else {}, report)
    if segment is not None:
        if segment.sha256 in manifest:
            total = dict(before.report) if before else total
        else:
            manifest.append(_kept(tx, dataset, segment, report))
    if answer is None and before is not None:
        answer = before.answer
    return _write(tx, project, dataset, manifest, total, answer, run_id)


def _kept(tx: Transaction, dataset: Dataset, segment: NewSegment, report: Mapping[str, Any]) -> str:
    sha256 = checked_hash(segment.sha256)
    known = select(Segment.id).where(col(Segment.dataset_id) == dataset.id, col(Segment.sha256) == sha256)
    if tx.session.exec(known).first() is None:
        tx.session.add(
            Segment(
                dataset_id=dataset.id or 0, sha256=sha256, rows=segment.rows, size=segment.size, report=dict(report)
            )
        )
    return sha256


def _write(
    tx: Transaction,
    project: str,
    dataset: Dataset,
    manifest: list[str],
    report: Mapping[str, Any],
    answer: Mapping[str, Any] | None,
    run_id: int | None,
) -> Version:
    version = Version(
        dataset_id=dataset.id or 0,
        number=dataset.version + 1,
        manifest=manifest,
        sha256=manifest_hash(manifest),
        report=dict(report),
        verdict=answer["verdict"] if answer else None,
        sentence=answer["sentence"] if answer else None,
        answer={name: value for name, value in answer.items() if name != "pictures"} if answer else None,
        run_id=run_id,
    )
    tx.session.add(version)
    dataset.version, dataset.updated_at = version.number, now()
    counts = {name: report.get(name, 0) for name in ("rows", "accepted", "rejected")}
    body = {"dataset": dataset.id, "version": version.number, **counts, "answer": answer}
    tx.publish(project, f"dataset/{dataset.id}", "version", body)
    publish_dataset(tx, project, dataset, "dataset_changed")
    return version


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
        dataset = tx.session.get_one(Dataset, dataset_id, with_for_update=True)
        before = head(tx, dataset)
        if before is None or before.number != version:
            raise Conflict("The dataset has a newer version.", code="version_moved")
        project = tx.session.get_one(Project, dataset.project_id)
        start, length = _place(before.manifest, replaced)
        sha256 = _kept(tx, dataset, segment, {})
        manifest = [*before.manifest[:start], sha256, *before.manifest[start + length :]]
        return _write(tx, project.slug, dataset, manifest, before.report, before.answer, None).number


def _place(manifest: Sequence[str], replaced: Sequence[str]) -> tuple[int, int]:
    length = len(replaced)
    for start in range(len(manifest) - length + 1):
        if length and list(manifest[start : start + length]) == list(replaced):
            return start, length
    raise UsageError("Only neighbouring segments of the manifest can be replaced.", code="not_neighbours")
