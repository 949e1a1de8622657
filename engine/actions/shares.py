"""Changes to shares: an answer shown to whoever has the address, for a while, until it is revoked.

What is shared is concluded when the share is made: what has no answer cannot be shared. Concluding is a matter of the
queries, which stand above the actions and say here how it is done (`made_by`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlmodel import Session as Rows
from sqlmodel import col, select

from engine.access import audit, shares
from engine.access.names import clean
from engine.access.roles import require, require_person
from engine.access.scope import dataset_of, project_of
from engine.access.sessions import hashed, new_secret
from engine.access.visible import storable_id
from engine.errors import NotFound, UsageError
from engine.store import blobs
from engine.store.tables import Project, Share
from engine.store.times import now
from engine.store.transaction import transaction
from engine.types import SHARE_KINDS, SHARE_MODES, ShareKind, ShareMode, Who

DAYS = 7
LONGEST_TITLE = 200
LONGEST_QUERY = 4_000

Makes = Callable[[Who, Sequence[int], str, Mapping[str, Any]], tuple[str, bytes]]

_makes: list[Makes] = []


def made_by(makes: Makes) -> None:
    """*System.* Have what is shared made by this function: the address of the view, and its content as it is now."""
    _makes[:] = [makes]


def create(
    who: Who,
    project: str,
    title: str,
    analysis: str,
    dataset_ids: Sequence[int],
    params: Mapping[str, Any] | None = None,
    kind: ShareKind = "link",
    mode: ShareMode = "live",
    days: int = DAYS,
    origins: str = "",
) -> str:
    """The token of a new share of an answer on datasets of the project; it is returned this once only.

    `live` follows the data, `frozen` stays as it is now. `origins` are the sites that may show an embed, with spaces
    between. Raises NotFound, AccessDenied, UsageError, and whatever concluding raises.
    """
    require_person(who)
    require(who, project, "analyst")
    wanted = clean(title, LONGEST_TITLE, "A title")
    sites = _checked(kind, mode, days, origins)
    query, content = _makes[0](who, dataset_ids, analysis, params or {})
    if len(query) > LONGEST_QUERY:
        raise UsageError("This view has too many conditions to be shared.", code="too_long")
    frozen = blobs.write(content) if mode == "frozen" else None
    token = new_secret()
    with transaction() as tx:
        home = project_of(tx.session, who, project, "analyst")
        _require_of(tx.session, who, home, dataset_ids)
        share = Share(
            project_id=home.id or 0,
            user_id=who.user_id,
            token_hash=hashed(token),
            prefix=token[: shares.PREFIX_LENGTH],
            kind=kind,
            title=wanted,
            analysis=analysis,
            datasets=list(dataset_ids),
            query=query,
            frozen=frozen,
            origins=sites,
            expires_at=now() + timedelta(days=days),
        )
        tx.session.add(share)
        tx.session.flush()
        audit.record(tx.session, who, "create_share", f"share/{share.id}", project, kind=kind, mode=mode, days=days)
        tx.publish(project, f"project/{project}", "share", {"share": share.id, "change": "made"})
        return token


def revoke(who: Who, share_id: int) -> None:
    """End a share of one's own, or any of the project as its administrator; at once, and twice changes nothing."""
    require_person(who)
    with transaction() as tx:
        share, project = _share_of(tx.session, who, share_id)
        if share.revoked_at is None:
            share.revoked_at = now()
            audit.record(tx.session, who, "revoke_share", f"share/{share_id}", project)
            tx.publish(project, f"project/{project}", "share", {"share": share_id, "change": "revoked"})


def _checked(kind: str, mode: str, days: int, origins: str) -> list[str]:
    if kind not in SHARE_KINDS or mode not in SHARE_MODES:
        raise UsageError("A share is a link or an embed, live or frozen.", code="bad_argument")
    if not 1 <= days <= shares.LONGEST_DAYS:
        raise UsageError(f"A share lives 1 to {shares.LONGEST_DAYS} days.", code="share_days")
    return shares.sites("embed" if kind == "embed" else "link", origins)


def _require_of(rows: Rows, who: Who, project: Project, dataset_ids: Sequence[int]) -> None:
    """The project decides who may share: nothing of another one goes along."""
    for dataset_id in dataset_ids:
        dataset, home = dataset_of(rows, who, dataset_id)
        if home.id != project.id:
            raise UsageError(f"{dataset.name} belongs to another project.", code="other_project")


def _share_of(rows: Rows, who: Who, share_id: int) -> tuple[Share, str]:
    asked = select(Share, Project).join(Project).where(col(Share.id) == storable_id(share_id))
    found = rows.exec(asked.with_for_update(of=Share)).first()
    if found is None or (found[0].user_id != who.user_id and not who.at_least("analyst", found[1].slug)):
        raise NotFound("There is no such share.", code="no_share")
    if found[0].user_id != who.user_id:
        require(who, found[1].slug, "admin")
    return found[0], found[1].slug
