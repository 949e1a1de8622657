"""May this person do this here? The one place that decides."""

from __future__ import annotations

from engine.errors import AccessDenied
from engine.types import Role, Who


def require(who: Who, project: str | None, role: Role) -> None:
    """Raise AccessDenied unless `who` may act as `role` in `project` (None: in the installation).

    Every signed-in person has one role that holds in all projects; roles per project will be decided here.
    """
    if not who.at_least(role):
        where = f" in {project}" if project else ""
        raise AccessDenied(f"This needs the role of {role}{where}; yours is {who.role}.")
