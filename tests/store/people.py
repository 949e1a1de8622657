"""People and data that tests of the store need."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from engine.access.sessions import who_is
from engine.actions import datasets, people, runs
from engine.actions.projects import ensure
from engine.settings import get_settings
from engine.store.tables import Membership, User
from engine.store.transaction import transaction
from engine.types import Role, Who


def person(name: str = "ann", role: Role = "admin") -> Who:
    """Somebody signed in."""
    with transaction() as tx:
        user = User(name=name, password_hash="opaque", role=role)
        tx.session.add(user)
        tx.session.flush()
        user_id = user.id or 0
    who = who_is(people.open_session(user_id, "127.0.0.1", "test"))
    assert who is not None
    return who


def project(slug: str) -> int:
    """A project of this slug."""
    with transaction() as tx:
        return ensure(tx, slug).id or 0


def join(who: Who, slug: str, role: Role) -> Who:
    """Somebody once more, with this role in a project."""
    with transaction() as tx:
        tx.session.add(Membership(user_id=who.user_id, project_id=ensure(tx, slug).id or 0, role=role))
    return replace(who, roles={**who.roles, slug: role})


def digest(text: str) -> str:
    """The sha256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def upload(
    who: Who, content: str = "one", name: str = "scores.jsonl", project: str = "main", **more: Any
) -> datasets.Received:
    """A file that arrived by the browser."""
    path = get_settings().uploads / digest(content + name)
    path.write_text(content)
    return datasets.receive_upload(who, project, name, path, digest(content), len(content), **more)


def report(rows: int = 3, kind: str = "comparison", **more: Any) -> dict[str, Any]:
    """What a reader would say of a segment."""
    counts = {"rows": rows + 1, "accepted": rows, "rejected": 1, "reasons": {"not_a_number": 1}}
    return {"format": "jsonl", "kind": kind, **counts, "columns": {"m": "margin"}, "warnings": [], "slices": {}, **more}


def answer(rows: int = 3) -> Mapping[str, Any]:
    """A compact answer."""
    return {"verdict": "calibrated", "sentence": "Fine.", "estimates": {}, "rows": rows, "prompts": 1, "pictures": {}}


def read(work: runs.Work | None, content: str = "segment", rows: int = 3, **more: Any) -> int:
    """End a claimed read run as the runner would."""
    assert work is not None
    segment = runs.NewSegment(digest(content), rows, 100)
    return runs.finish(work, segment=segment, report=report(rows), answer=answer(rows), **more)
