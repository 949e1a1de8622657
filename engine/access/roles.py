"""May this person do this here? The one place that decides."""

from __future__ import annotations

from engine.errors import AccessDenied, NotFound
from engine.types import Role, Who


def require(who: Who, project: str | None, role: Role) -> None:
    """Raise AccessDenied unless `who` may act as `role` in the project of this slug (None: in the installation).

    A project that somebody may not even look at does not exist for them: NotFound.
    """
    if who.at_least(role, project):
        return
    if project is not None and not who.sees(project):
        raise NotFound("There is no such project.", code="no_project")
    where = f" in {project}" if project else ""
    raise AccessDenied(f"This needs the role of {role}{where}; yours is {who.role_in(project)}.")


def require_writing(who: Who) -> None:
    """Raise AccessDenied for a share, and for a token that is for reading only, whatever its owner may."""
    _require_no_share(who)
    if who.token is not None and who.token.scope == "read":
        raise AccessDenied("This token is for reading only. Use one with the scope write.", code="read_only_token")


def require_person(who: Who) -> None:
    """Raise AccessDenied for a token: accounts, sessions and tokens are changed by people who are signed in."""
    _require_no_share(who)
    if who.token is not None:
        raise AccessDenied("A token cannot do this. Sign in and do it yourself.", code="person_needed")


def _require_no_share(who: Who) -> None:
    if who.share is not None:
        raise AccessDenied("What is shared can be looked at, and nothing else.", code="share")


def may_hear(who: Who, project: str | None, topic: str) -> bool:
    """Whether somebody may be told an event: of a project they see, of themselves, or of the installation."""
    if topic.startswith("user/"):
        return topic == f"user/{who.user_id}"
    return who.at_least("viewer") if project is None else who.sees(project)
