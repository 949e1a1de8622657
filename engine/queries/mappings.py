"""Reads of what the columns of files mean: of one file, and what was saved for the next ones of the same columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.access.visible import from_json, project_id
from engine.formats.guess import MOST_COLUMNS, SEVERAL
from engine.formats.plan import ROLES
from engine.queries.datasets import get_dataset
from engine.store.engine import fetch
from engine.store.times import from_store
from engine.types import MappingView, SourceColumn, SourceView, Who

MOST = 500

_OF_PROJECT = """
SELECT m.id, m.name, m.signature, m.columns, m.mapping, u.name, m.created_at
FROM mapping AS m JOIN "user" AS u ON u.id = m.user_id WHERE m.project_id = :project
ORDER BY m.created_at DESC, m.id DESC LIMIT :most
"""
_KEPT = """
SELECT m.signature, m.name, m.mapping FROM mapping AS m JOIN project AS p ON p.id = m.project_id
WHERE p.slug = :project ORDER BY m.created_at, m.id
"""
_SOURCE = "SELECT source_columns, mapping FROM dataset WHERE id = :dataset"


def list_mappings(who: Who, project: str) -> list[MappingView]:
    """The mappings saved in a project, the newest first, at most 500. Raises NotFound, AccessDenied."""
    seen: set[str] = set()
    found = []
    for row in fetch(_OF_PROJECT, {"project": project_id(who, project), "most": MOST}):
        (mapping_id, name, signature, columns, mapping, person, created) = row
        told = (tuple(from_json(columns)), from_json(mapping), person, from_store(created))
        found.append(MappingView(mapping_id, name, *told, current=signature not in seen))
        seen.add(signature)
    return found


def source(who: Who, dataset_id: int) -> SourceView:
    """The columns of a dataset's file, none where it has not been looked at yet. Raises NotFound."""
    dataset = get_dataset(who, dataset_id)
    (kept, mapping) = fetch(_SOURCE, {"dataset": dataset.id})[0]
    known: dict[str, Any] = from_json(kept)
    columns = tuple(
        SourceColumn(one["name"], tuple(one["examples"]), one["role"], one["confidence"])
        for one in known.get("columns", [])
    )
    return SourceView(
        dataset, columns, known.get("signature", ""), from_json(mapping), whole=len(columns) < MOST_COLUMNS
    )


def kept(project: str) -> dict[str, dict[str, Any]]:
    """*System.* For the reader: by the signature of columns, the mapping that was saved last, {name, mapping}."""
    return {
        signature: {"name": name, "mapping": from_json(mapping)}
        for signature, name, mapping in fetch(_KEPT, {"project": project})
    }


def roles() -> Mapping[str, str]:
    """*System.* What a column may be, and what stands in it."""
    return ROLES


def shared_roles() -> frozenset[str]:
    """*System.* The roles that several columns may have."""
    return SEVERAL
