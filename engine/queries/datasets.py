"""Reads of datasets: what they are, how their answer changed, and single rows with their text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import and_, func
from sqlmodel import Session as Rows
from sqlmodel import col, select

from engine.access.scope import dataset_of, project_of
from engine.errors import NotFound
from engine.queries import events, segments
from engine.store.tables import Dataset, Project, Run, Version
from engine.store.transaction import reading
from engine.types import AnswerView, DatasetView, Notice, RowReference, Who


def list_datasets(who: Who, project: str) -> list[DatasetView]:
    """The datasets of a project that are not removed, last changed first."""
    with reading() as rows:
        home = project_of(rows, who, project)
        return _views(rows, col(Dataset.project_id) == home.id)


def get_dataset(who: Who, dataset_id: int) -> DatasetView:
    """One dataset. Raises NotFound where there is none or it was removed."""
    with reading() as rows:
        dataset, _project = dataset_of(rows, who, dataset_id)
        return _views(rows, col(Dataset.id) == dataset.id)[0]


def history(who: Who, dataset_id: int, limit: int = 500) -> list[AnswerView]:
    """The answers of the newest versions that have one, oldest first."""
    with reading() as rows:
        dataset, _project = dataset_of(rows, who, dataset_id)
        answered = (
            select(Version)
            .where(col(Version.dataset_id) == dataset.id, col(Version.answer).is_not(None))
            .order_by(col(Version.number).desc())
            .limit(limit)
        )
        return [_answer(version) for version in rows.exec(answered)][::-1]


def read_rows(who: Who, dataset_id: int, version: int, references: list[RowReference]) -> list[dict[str, Any]]:
    """These rows of this version with everything the source said of them, text included, in the order asked."""
    with reading() as rows:
        dataset, _project = dataset_of(rows, who, dataset_id)
        manifest = version_of(rows, dataset, version).manifest
    return segments.rows_by_hash(manifest, [reference.row_hash for reference in references])


def version_of(rows: Rows, dataset: Dataset, number: int | None = None) -> Version:
    """A version of a dataset, the newest where no number is given. Raises NotFound."""
    wanted = dataset.version if number is None else number
    statement = select(Version).where(col(Version.dataset_id) == dataset.id, col(Version.number) == wanted)
    version = rows.exec(statement).first()
    if version is None:
        message = "Nothing has been read of this dataset yet." if wanted == 0 else "There is no such version."
        raise NotFound(message, code="no_version")
    return version


# ------------------------------------------------------------------ views


def _views(rows: Rows, condition: Any) -> list[DatasetView]:
    as_of = events.cursor()
    newest_run = select(func.max(Run.id)).where(col(Run.dataset_id) == Dataset.id).correlate(Dataset).scalar_subquery()
    statement = (
        select(Dataset, Project, Version, Run)
        .join(Project, col(Dataset.project_id) == Project.id)
        .outerjoin(Version, and_(col(Version.dataset_id) == Dataset.id, col(Version.number) == Dataset.version))
        .outerjoin(Run, col(Run.id) == newest_run)
        .where(condition, col(Dataset.removed_at).is_(None))
        .order_by(col(Dataset.updated_at).desc(), col(Dataset.id).desc())
    )
    return [_view(dataset, project, version, run, as_of) for dataset, project, version, run in rows.exec(statement)]


def _view(dataset: Dataset, project: Project, version: Version | None, run: Run | None, as_of: int) -> DatasetView:
    report: Mapping[str, Any] = version.report if version else {}
    answer: Mapping[str, Any] = (version.answer if version else None) or {}
    return DatasetView(
        id=dataset.id or 0,
        project=project.slug,
        name=dataset.name,
        kind=report.get("kind"),
        format=report.get("format", ""),
        version=dataset.version,
        rows=report.get("rows", 0),
        accepted=report.get("accepted", 0),
        rejected=report.get("rejected", 0),
        reasons=report.get("reasons", {}),
        columns=report.get("columns", {}),
        warnings=[Notice(notice["code"], notice["message"]) for notice in report.get("warnings", [])],
        slices=report.get("slices", {}),
        live=dataset.source is not None,
        simulated=project.simulated,
        created_at=dataset.created_at,
        updated_at=dataset.updated_at,
        sha256=dataset.content or (version.sha256 if version else ""),
        sentence=answer.get("sentence"),
        verdict=answer.get("verdict"),
        run_id=run.id if run else None,
        error=run.error if run and run.state == "failed" else None,
        event_id=as_of,
    )


def _answer(version: Version) -> AnswerView:
    answer = version.answer or {}
    return AnswerView(
        version=version.number,
        at=version.created_at,
        verdict=answer.get("verdict", ""),
        sentence=answer.get("sentence", ""),
        rows=answer.get("rows", 0),
        estimates=answer.get("estimates", {}),
    )
