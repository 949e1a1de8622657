"""Reads of shares, and what a share shows: one answer, to a `who` that may ask for nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from engine.access import shares as access
from engine.access.roles import require
from engine.access.visible import from_json, project_id, visible_dataset
from engine.actions import shares
from engine.errors import NotFound, UsageError
from engine.queries import events, results, several
from engine.reports import shared
from engine.store import blobs
from engine.store.engine import fetch
from engine.store.times import from_store, now
from engine.types import Concluded, ShareView, Who

_COLUMNS = """
SELECT s.id, s.user_id, u.name, p.slug, s.title, s.prefix, s.kind, s.frozen, s.analysis, s.query, s.origins,
       s.created_at, s.expires_at, s.opened, s.opened_at
FROM share AS s JOIN project AS p ON p.id = s.project_id JOIN "user" AS u ON u.id = s.user_id
WHERE s.revoked_at IS NULL AND s.expires_at > :now
"""
_OWN = _COLUMNS + " AND s.user_id = :user ORDER BY s.id DESC"
_OF_PROJECT = _COLUMNS + " AND s.project_id = :project ORDER BY s.id DESC"


def list_shares(who: Who) -> list[ShareView]:
    """The shares of this person that were neither revoked nor expired, newest first."""
    return [_view(row) for row in fetch(_OWN, {"user": who.user_id, "now": now()})]


def shares_of(who: Who, project: str) -> list[ShareView]:
    """Everybody's shares of a project, as `list_shares`. For analysts there. Raises NotFound, AccessDenied."""
    require(who, project, "analyst")
    return [_view(row) for row in fetch(_OF_PROJECT, {"project": project_id(who, project), "now": now()})]


def shown(who: Who) -> bytes:
    """What a share shows now, as JSON: its answer anew, or the bytes that were kept when it was made.

    Raises NotFound for whoever is no share, and whatever concluding raises.
    """
    share = who.share
    if share is None:
        raise NotFound("This is not shared.", code="no_share")
    if share.frozen is not None:
        return blobs.path_of(share.frozen).read_bytes()
    datasets, params, as_of = access.datasets_of(who), dict(share.params), events.cursor()
    if len(datasets) == 1:
        found = results.answered(datasets[0], None, share.analysis, params, None, as_of, rows=False)
    else:
        found = several.answered(datasets, None, share.analysis, params, None, as_of, rows=False)
    return shared.content(found, access.moment(share.datasets, share.project))


def _made(who: Who, dataset_ids: Sequence[int], analysis: str, params: Mapping[str, Any]) -> tuple[str, bytes]:
    """The address of a view within this product, and its content on the newest versions."""
    if not dataset_ids:
        raise UsageError("Say which datasets the answer is on.", code="datasets")
    asked = results.find_analysis(analysis).name
    home = visible_dataset(who, dataset_ids[0]).project
    chosen = {name: value for name, value in params.items() if value is not None}
    found = _concluded(who, dataset_ids, asked, chosen)
    first, *others = dataset_ids
    beside = {"beside": ".".join(map(str, others))} if others else {}
    return urlencode({"dataset": first, **beside, **chosen}), shared.content(found, access.moment(dataset_ids, home))


shares.made_by(_made)


def _concluded(who: Who, dataset_ids: Sequence[int], analysis: str, params: Mapping[str, Any]) -> Concluded:
    if len(dataset_ids) == 1:
        return results.conclude(who, dataset_ids[0], analysis, params, rows=False)
    return several.conclude(who, dataset_ids, analysis, params, rows=False)


def _view(row: Any) -> ShareView:
    (share_id, user_id, person, project, title, prefix, kind, frozen, analysis, query, origins, *rest) = row
    (created, expires, opened, opened_at) = rest
    return ShareView(
        id=share_id,
        user_id=user_id,
        person=person,
        project=project,
        title=title,
        prefix=prefix,
        kind=kind,
        mode="live" if frozen is None else "frozen",
        analysis=analysis,
        query=query,
        origins=tuple(from_json(origins)),
        created_at=from_store(created),
        expires_at=from_store(expires),
        opened=opened,
        opened_at=None if opened_at is None else from_store(opened_at),
    )
