"""Reads of projects."""

from __future__ import annotations

from sqlalchemy import func
from sqlmodel import Session as Rows
from sqlmodel import col, select

from engine.access.roles import require
from engine.errors import NotFound
from engine.store.tables import Dataset, Project
from engine.store.transaction import reading
from engine.types import ProjectView, Who


def list_projects(who: Who) -> list[ProjectView]:
    """The projects this person may see, real ones before simulated ones, with the number of datasets in each."""
    require(who, None, "viewer")
    with reading() as rows:
        return _views(rows)


def default_project(who: Who) -> ProjectView:
    """Where somebody who names no project begins: a real one with data, else the simulated one, else an empty one."""
    projects = list_projects(who)
    if not projects:
        raise NotFound("There is no project yet.", code="no_project")
    with_data = [project for project in projects if project.datasets]
    return (with_data or projects)[0]


def demo_playing() -> bool:
    """*System.* Whether the simulator should be feeding the simulated project."""
    with reading() as rows:
        return rows.exec(select(Project.id).where(col(Project.playing))).first() is not None


def _views(rows: Rows) -> list[ProjectView]:
    datasets = (
        select(func.count())
        .select_from(Dataset)
        .where(col(Dataset.project_id) == Project.id, col(Dataset.removed_at).is_(None))
        .correlate(Project)
        .scalar_subquery()
    )
    statement = select(Project, datasets).order_by(col(Project.simulated), col(Project.id))
    return [
        ProjectView(project.id or 0, project.slug, project.name, project.simulated, count)
        for project, count in rows.exec(statement)
    ]
