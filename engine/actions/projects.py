"""Changes to projects."""

from __future__ import annotations

import re

from sqlmodel import col, select

from engine.errors import UsageError
from engine.store.tables import Project
from engine.store.transaction import Transaction

_SLUG = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


def ensure(tx: Transaction, slug: str, *, name: str = "", simulated: bool = False) -> Project:
    """*System.* The project of this slug, made where new. A slug is also the name of its inbox folder."""
    if not _SLUG.fullmatch(slug):
        message = "A project folder's name has at most 63 of a-z, 0-9, dot, dash and underscore."
        raise UsageError(message, code="bad_project_name")
    project = tx.session.exec(select(Project).where(col(Project.slug) == slug)).first()
    if project is None:
        project = Project(slug=slug, name=name or slug.replace("-", " ").replace("_", " ").title(), simulated=simulated)
        tx.session.add(project)
        tx.session.flush()
    return project
