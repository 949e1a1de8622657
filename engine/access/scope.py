"""Finding a thing on behalf of somebody: it exists, and they may. What they may not see does not exist for them."""

from __future__ import annotations

from sqlmodel import Session as Rows
from sqlmodel import col, select

from engine.access.names import storable
from engine.access.roles import require
from engine.access.visible import storable_id
from engine.errors import NotFound
from engine.store.tables import Dataset, Project, Run
from engine.types import Role, Who


def project_of(rows: Rows, who: Who, slug: str, role: Role = "viewer") -> Project:
    """The project of this slug. Raises NotFound, AccessDenied."""
    require(who, slug, role)
    project = rows.exec(select(Project).where(col(Project.slug) == storable(slug))).first()
    if project is None:
        raise NotFound("There is no such project.", code="no_project")
    return project


def dataset_of(
    rows: Rows, who: Who, dataset_id: int, role: Role = "viewer", *, removed: bool = False
) -> tuple[Dataset, Project]:
    """The dataset of this id with its project; removed ones only where asked for.

    Whoever may change it gets it locked until the transaction ends. Raises NotFound, AccessDenied.
    """
    statement = select(Dataset, Project).join(Project).where(col(Dataset.id) == storable_id(dataset_id))
    if role != "viewer":
        statement = statement.with_for_update(of=Dataset)
    found = rows.exec(statement).first()
    if found is None or not who.sees(found[1].slug) or (found[0].removed_at is not None and not removed):
        raise NotFound("There is no such dataset, or it was removed.", code="no_dataset")
    require(who, found[1].slug, role)
    return found


def run_of(rows: Rows, who: Who, run_id: int, role: Role = "viewer") -> tuple[Run, Project]:
    """The run of this id with its project. Raises NotFound, AccessDenied."""
    found = rows.exec(select(Run, Project).join(Project).where(col(Run.id) == storable_id(run_id))).first()
    if found is None or not who.sees(found[1].slug):
        raise NotFound("There is no such run.", code="no_run")
    require(who, found[1].slug, role)
    return found
