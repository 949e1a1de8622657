"""What the foreman tells of files it does not take."""

from __future__ import annotations

from engine.access.names import storable
from engine.actions.projects import ensure
from engine.store.transaction import transaction


def refuse(project: str, name: str, reason: str) -> None:
    """*System.* Tell a project that something in its inbox folder was not taken, and why."""
    with transaction() as tx:
        slug = ensure(tx, project).slug
        tx.publish(slug, f"project/{slug}", "inbox_refused", {"name": storable(name), "reason": storable(reason)})
