"""Changes to saved mappings: what was said of the columns of one file holds for the next files of the same columns."""

from __future__ import annotations

from collections.abc import Mapping

from sqlmodel import Session as Rows
from sqlmodel import col, select

from engine.access import audit
from engine.access.names import clean
from engine.access.roles import require
from engine.access.scope import dataset_of
from engine.access.visible import storable_id
from engine.actions.datasets import checked_mapping
from engine.errors import Conflict, NotFound, UsageError
from engine.store.tables import ColumnMapping, Project
from engine.store.times import now
from engine.store.transaction import Transaction, transaction
from engine.types import Who

LONGEST_NAME = 100


def save(who: Who, dataset_id: int, name: str, mapping: Mapping[str, str]) -> int:
    """Save a mapping for files of the same columns as the file of a dataset; the same name again replaces it.

    Raises UsageError where nothing is mapped, and where the columns of the file are not known yet.
    """
    wanted, said = clean(name, LONGEST_NAME, "A name"), checked_mapping(mapping)
    with transaction() as tx:
        dataset, project = dataset_of(tx.session, who, dataset_id, "analyst")
        found = dataset.source_columns
        if not said or not found:
            reason = "Nothing is named." if found else "The columns of this file are not known; have it read again."
            raise UsageError(reason, code="mapping")
        kept = _named(tx.session, project.id, wanted) or ColumnMapping(
            project_id=project.id or 0, user_id=who.user_id, name=wanted, signature="", columns=[], mapping={}
        )
        kept.signature, kept.columns = found["signature"], [column["name"] for column in found["columns"]]
        kept.mapping, kept.user_id, kept.created_at = said, who.user_id, now()
        tx.session.add(kept)
        tx.session.flush()
        _tell(tx, who, project.slug, kept, "save")
        return kept.id or 0


def rename(who: Who, mapping_id: int, name: str) -> str:
    """Give a saved mapping another name. Returns it. Raises NotFound, Conflict where another one has it."""
    wanted = clean(name, LONGEST_NAME, "A name")
    with transaction() as tx:
        kept, project = _mapping_of(tx.session, who, mapping_id)
        other = _named(tx.session, kept.project_id, wanted)
        if other is not None and other.id != kept.id:
            raise Conflict(f"Another mapping is called {wanted}.", code="name_taken")
        kept.name = wanted
        _tell(tx, who, project, kept, "rename")
        return wanted


def delete(who: Who, mapping_id: int) -> None:
    """Forget a saved mapping. What was read with it stays as it was read. Raises NotFound."""
    with transaction() as tx:
        kept, project = _mapping_of(tx.session, who, mapping_id)
        _tell(tx, who, project, kept, "delete")
        tx.session.delete(kept)


def _named(rows: Rows, project_id: int | None, name: str) -> ColumnMapping | None:
    same = select(ColumnMapping).where(col(ColumnMapping.project_id) == project_id, col(ColumnMapping.name) == name)
    return rows.exec(same.with_for_update()).first()


def _mapping_of(rows: Rows, who: Who, mapping_id: int) -> tuple[ColumnMapping, str]:
    asked = select(ColumnMapping, Project).join(Project).where(col(ColumnMapping.id) == storable_id(mapping_id))
    found = rows.exec(asked.with_for_update(of=ColumnMapping)).first()
    if found is None or not who.sees(found[1].slug):
        raise NotFound("There is no such mapping.", code="no_mapping")
    require(who, found[1].slug, "analyst")
    return found[0], found[1].slug


def _tell(tx: Transaction, who: Who, project: str, kept: ColumnMapping, change: str) -> None:
    audit.record(tx.session, who, f"{change}_mapping", f"mapping/{kept.id}", project, name=kept.name)
    tx.publish(project, f"project/{project}", "mapping", {"mapping": kept.id, "change": change})
