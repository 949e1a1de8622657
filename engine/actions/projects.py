"""Changes to projects."""

from __future__ import annotations

import re

from sqlalchemy import bindparam
from sqlmodel import col, select

from engine.access import audit
from engine.access.names import clean, storable
from engine.access.roles import require
from engine.access.scope import project_of
from engine.errors import Conflict, UsageError
from engine.settings import get_settings
from engine.store.tables import Project
from engine.store.transaction import Transaction, transaction
from engine.types import Who

_SLUG = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_OF_SLUG = select(Project).where(col(Project.slug) == bindparam("slug"))


def create(who: Who, project: str, name: str = "") -> str:
    """Make a project; its slug names it in addresses and is the name of its inbox folder. Returns the slug.

    Raises UsageError for a slug that is none, Conflict where there is one already.
    """
    require(who, None, "operator")
    shown = clean(name, 200, "A name") if name else ""
    with transaction() as tx:
        if tx.session.exec(select(Project.id).where(col(Project.slug) == storable(project))).first() is not None:
            raise Conflict("There is a project of that name already.", code="project_exists")
        made = ensure(tx, project, name=shown)
        audit.record(tx.session, who, "create_project", f"project/{made.slug}", made.slug)
        tx.publish(made.slug, f"project/{made.slug}", "project", {"name": made.name})
    (get_settings().inbox / project).mkdir(parents=True, exist_ok=True)
    return project


def rename(who: Who, project: str, name: str) -> None:
    """Give a project another name to be shown by; addresses and folders stay as they are."""
    shown = clean(name, 200, "A name")
    with transaction() as tx:
        home = project_of(tx.session, who, project, "admin")
        home.name = shown
        audit.record(tx.session, who, "rename_project", f"project/{project}", project)
        tx.publish(project, f"project/{project}", "project", {"name": shown})


def ensure(tx: Transaction, slug: str, *, name: str = "", simulated: bool = False) -> Project:
    """*System.* The project of this slug, made where new. A slug is also the name of its inbox folder."""
    if not _SLUG.fullmatch(slug):
        message = "A project folder's name has at most 63 of a-z, 0-9, dot, dash and underscore."
        raise UsageError(message, code="bad_project_name")
    project = tx.session.exec(_OF_SLUG, params={"slug": slug}).first()
    if project is None:
        project = Project(slug=slug, name=name or slug.replace("-", " ").replace("_", " ").title(), simulated=simulated)
        tx.session.add(project)
        tx.session.flush()
    return project
