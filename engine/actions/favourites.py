"""Datasets that a person wants at hand."""

from __future__ import annotations

from engine.access import audit
from engine.access.roles import require_writing
from engine.access.scope import dataset_of
from engine.store.tables import Favourite
from engine.store.transaction import transaction
from engine.types import Who


def add(who: Who, dataset_id: int) -> None:
    """Keep a dataset at hand. Raises NotFound."""
    require_writing(who)
    with transaction() as tx:
        _dataset, project = dataset_of(tx.session, who, dataset_id)
        tx.session.merge(Favourite(user_id=who.user_id, dataset_id=dataset_id))
        audit.record(tx.session, who, "add_favourite", f"dataset/{dataset_id}", project.slug)
        tx.publish(None, f"user/{who.user_id}", "favourite", {"dataset": dataset_id, "change": "added"})


def remove(who: Who, dataset_id: int) -> None:
    """Do not keep a dataset at hand any more. Raises NotFound."""
    require_writing(who)
    with transaction() as tx:
        _dataset, project = dataset_of(tx.session, who, dataset_id, removed=True)
        kept = tx.session.get(Favourite, (who.user_id, dataset_id))
        if kept is not None:
            tx.session.delete(kept)
            audit.record(tx.session, who, "remove_favourite", f"dataset/{dataset_id}", project.slug)
            tx.publish(None, f"user/{who.user_id}", "favourite", {"dataset": dataset_id, "change": "removed"})
