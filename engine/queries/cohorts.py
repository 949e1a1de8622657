"""Reads of cohorts by name: those of a project, and those that a dataset has the columns for."""

from __future__ import annotations

from engine import cohort
from engine.access.visible import project_id, visible_dataset
from engine.analysis import UNKNOWN_FIELDS
from engine.errors import UsageError
from engine.queries.datasets import version_of
from engine.store.engine import fetch
from engine.types import CohortView, Who

_OF_PROJECT = """
SELECT c.id, c.name, c.rows_where, u.name FROM cohort AS c JOIN "user" AS u ON u.id = c.user_id
WHERE c.project_id = :project ORDER BY c.name, c.id
"""


def list_cohorts(who: Who, project: str) -> list[CohortView]:
    """The cohorts of a project, by name. Raises NotFound, AccessDenied."""
    return [CohortView(*row) for row in fetch(_OF_PROJECT, {"project": project_id(who, project)})]


def fitting(who: Who, dataset_id: int) -> list[CohortView]:
    """The cohorts of its project for which a dataset has the columns, by name. Raises NotFound."""
    dataset = visible_dataset(who, dataset_id)
    known = list_cohorts(who, dataset.project)
    if not known or not dataset.version:
        return []
    names = frozenset(version_of(dataset).report.get("fields") or UNKNOWN_FIELDS)
    return [one for one in known if _fits(one.where, names)]


def _fits(where: str, names: frozenset[str]) -> bool:
    try:
        chosen = cohort.parse(where)
    except UsageError:
        return False
    return chosen is not None and chosen.fits(names)
