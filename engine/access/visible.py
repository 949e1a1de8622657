"""What somebody may look at, decided on the hot path of reads: bare SQL, microseconds."""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson

from engine.access.names import storable
from engine.access.roles import require
from engine.errors import NotFound
from engine.store.engine import fetch
from engine.types import Who
from engine.words import ID_LIMIT


class VisibleDataset(NamedTuple):
    """The part of a dataset that reads need to go on."""

    id: int
    project: str
    name: str
    version: int
    mapping: dict[str, str]


def project_id(who: Who, slug: str) -> int:
    """The id of a project. Raises NotFound, AccessDenied."""
    require(who, slug, "viewer")
    found = fetch("SELECT id FROM project WHERE slug = :slug", {"slug": storable(slug)})
    if not found:
        raise NotFound("There is no such project.", code="no_project")
    return int(found[0][0])


def visible_dataset(who: Who, dataset_id: int) -> VisibleDataset:
    """A dataset that is there and not removed. Raises NotFound, AccessDenied."""
    found = fetch(
        "SELECT d.id, p.slug, d.name, d.version, d.mapping FROM dataset d JOIN project p ON p.id = d.project_id "
        "WHERE d.id = :id AND d.removed_at IS NULL",
        {"id": storable_id(dataset_id)},
    )
    if not found or not who.sees(found[0][1]):
        raise NotFound("There is no such dataset, or it was removed.", code="no_dataset")
    (row_id, project, name, version, mapping) = found[0]
    return VisibleDataset(row_id, project, name, version, from_json(mapping))


def storable_id(value: int) -> int:
    """An id that every database can hold; any other finds nothing."""
    return value if -ID_LIMIT < value < ID_LIMIT else 0


def earlier_than(before: int | None) -> int:
    """The id before which a page begins: every id is before None."""
    return ID_LIMIT if before is None else storable_id(before)


def from_json(value: Any) -> Any:
    """A JSON column as a bare SELECT gives it: text from SQLite, values from Postgres."""
    return orjson.loads(value) if isinstance(value, str) else value
