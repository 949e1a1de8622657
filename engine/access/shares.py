"""Shares: what stands between the address that somebody was sent and the one answer it shows.

A share is for as long as its owner could still look themselves: not revoked, not expired, the account not disabled,
the project still seen, the datasets still there. Otherwise it was never there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl

from sqlalchemy import update
from sqlmodel import col

from engine.access.sessions import hashed
from engine.access.visible import VisibleDataset, from_json
from engine.errors import NotFound, StoreUnavailable, UsageError
from engine.store.engine import fetch
from engine.store.tables import Share
from engine.store.times import from_store, now
from engine.store.transaction import transaction
from engine.types import Shared, ShareKind, Who

PREFIX_LENGTH: Final = 6
LONGEST_DAYS: Final = 92
MOST_SITES: Final = 10
OPENING_NOTED_EVERY: Final = timedelta(minutes=1)

_LOCAL: Final = ("localhost", "127.0.0.1")
_SITE: Final = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>(?=[a-z0-9.-]{1,253}(?::|$))[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*)"
    r"(?::(?P<port>[1-9][0-9]{0,4}))?"
)

_SHARE: Final = """
SELECT s.id, s.kind, p.slug, s.title, u.name, s.analysis, s.datasets, s.query, s.frozen, s.origins, s.created_at,
       s.expires_at, s.opened_at, u.id, u.role, m.role
FROM share AS s JOIN project AS p ON p.id = s.project_id JOIN "user" AS u ON u.id = s.user_id
LEFT JOIN membership AS m ON m.user_id = u.id AND m.project_id = p.id
WHERE s.token_hash = :hash AND s.revoked_at IS NULL AND s.expires_at > :now AND u.disabled_at IS NULL
"""
_DATASET: Final = """
SELECT d.id, p.slug, d.name, d.version, d.mapping, v.created_at
FROM dataset AS d JOIN project AS p ON p.id = d.project_id
LEFT JOIN version AS v ON v.dataset_id = d.id AND v.number = d.version
WHERE d.id = :id AND d.removed_at IS NULL
"""


def who_of(token: str) -> Who | None:
    """*System.* The share of this token, or None where it opens nothing (any more). Any text may be asked.

    One that never was costs the same look as one that ended; neither writes anything.
    """
    found = fetch(_SHARE, {"hash": hashed(token), "now": now()})
    if not found:
        return None
    (share_id, kind, project, title, person, analysis, datasets, query, frozen, origins, *rest) = found[0]
    (created, expires, opened, user_id, role, role_here) = rest
    if not Who(user_id, person, role, roles={project: role_here} if role_here else {}).sees(project):
        return None
    ids = tuple(from_json(datasets))
    heads = _heads(ids, project)
    if len(heads) < len(ids):
        return None
    share = Shared(
        id=share_id,
        kind=kind,
        project=project,
        title=title,
        person=person,
        analysis=analysis,
        datasets=ids,
        params=params_of(query),
        frozen=frozen,
        origins=tuple(from_json(origins)),
        created_at=from_store(created),
        expires_at=from_store(expires),
        version=sum(dataset.version for dataset, _at in heads),
        as_of=max(at for _dataset, at in heads),
        due=opened is None or from_store(opened) < now() - OPENING_NOTED_EVERY,
    )
    return Who(0, "", "member", share=share)


def datasets_of(who: Who) -> list[VisibleDataset]:
    """The datasets whose answer a share shows. Raises NotFound for anybody else, and where one is gone."""
    share = who.share
    heads = _heads(share.datasets, share.project) if share is not None else []
    if share is None or len(heads) < len(share.datasets):
        raise NotFound("There is no such dataset, or it was removed.", code="no_dataset")
    return [dataset for dataset, _at in heads]


def moment(dataset_ids: Sequence[int], project: str) -> datetime:
    """When the newest of the newest versions of datasets came."""
    return max((at for _dataset, at in _heads(dataset_ids, project)), default=now())


def _heads(dataset_ids: Sequence[int], project: str) -> list[tuple[VisibleDataset, datetime]]:
    """The datasets of the project that were read and are not removed, each with when its newest version came."""
    rows = [row for dataset_id in dataset_ids for row in fetch(_DATASET, {"id": dataset_id})]
    return [
        (VisibleDataset(number, slug, name, version, from_json(mapping)), from_store(at))
        for number, slug, name, version, mapping, at in rows
        if slug == project and at is not None
    ]


def params_of(query: str) -> tuple[tuple[str, str], ...]:
    """The parameters of the analysis in the address of a view."""
    pairs = parse_qsl(query, keep_blank_values=True)
    return tuple((name, value) for name, value in pairs if name not in ("dataset", "beside"))


def note_opening(who: Who) -> None:
    """*System.* Count that a share was opened, at most once a minute, and tell of the first time.

    Where the store is busy it is not counted.
    """
    share = who.share
    if share is None or not share.due:
        return
    moment = now()
    counted: Any = update(Share).where(col(Share.id) == share.id)
    counted = counted.values(opened=col(Share.opened) + 1, opened_at=moment)
    with suppress(StoreUnavailable), transaction() as tx:
        if tx.execute(counted.where(col(Share.opened_at).is_(None)), {}).rowcount:
            tx.publish(share.project, f"project/{share.project}", "share", {"share": share.id, "change": "opened"})
        else:
            tx.execute(counted.where(col(Share.opened_at) < moment - OPENING_NOTED_EVERY), {})


# ------------------------------------------------------------------ sites


def sites(kind: ShareKind, text: str) -> list[str]:
    """The sites that may show an embed, one a word, as a content policy names them. Raises UsageError."""
    named = list(dict.fromkeys(_site(word) for word in text.split()))
    if kind == "link" and named:
        raise UsageError("A link is opened by itself: only an embed is shown by other sites.", code="sites")
    if kind == "embed" and not 1 <= len(named) <= MOST_SITES:
        raise UsageError(f"Name from one to {MOST_SITES} sites that may show it.", code="sites")
    return named


def _site(word: str) -> str:
    found = _SITE.fullmatch(word.lower())
    if found is None or int(found["port"] or 1) > 65_535:
        raise UsageError(
            f"{word[:100]} is not a site such as https://wiki.example.com: the scheme, the host, a port at most.",
            code="site",
        )
    if found["scheme"] == "http" and found["host"] not in _LOCAL:
        raise UsageError(f"{word[:100]} has to begin with https://: anybody between could show it too.", code="site")
    return found[0]
