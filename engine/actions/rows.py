"""Rows that programs send: appended to a followed file of the inbox, where foreman and runner take them from.

They are acknowledged once they are on disk, queued for reading, and remembered under their idempotency key.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
from sqlalchemy import delete
from sqlmodel import col, select

from engine.access.scope import project_of
from engine.actions.datasets import followed
from engine.errors import Conflict, InputRefused, LimitExceeded, UsageError
from engine.store import room
from engine.store.appends import Appending, Place, appending, unsettled
from engine.store.engine import fetch
from engine.store.tables import ApiRequest, Dataset, Project
from engine.store.times import now
from engine.store.transaction import reading, transaction
from engine.types import Who

ROW_BYTES = 1024**2
"""The longest row: what the readers take of a line."""

KEYS_KEPT = timedelta(days=7)
"""How long a repeated request is recognised."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_ANSWERED = "SELECT digest, answer FROM api_request WHERE user_id = :user AND key = :key"


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a batch: the dataset it belongs to, how many rows; `repeated` where it had been taken before."""

    dataset_id: int
    name: str
    rows: int
    repeated: bool = False

    @property
    def answer(self) -> dict[str, Any]:
        """What the sender is told, the first time and every time."""
        return {"dataset": self.dataset_id, "name": self.name, "rows": self.rows}


def append(who: Who, project: str, name: str, lines: bytes, key: str = "") -> Taken:
    """Append JSON objects, one a line, to the dataset that follows `<name>.jsonl`. All of them or none.

    With a `key`, the same batch sent again within seven days is answered as the first time and appended once; another
    batch for the same dataset under that key is a Conflict.

    Raises UsageError, InputRefused (with the line), LimitExceeded, NotFound, AccessDenied, Conflict (`key_used`,
    `dataset_removed`, `not_a_file`), StorageFull and StoreUnavailable: nothing was acknowledged, send it again.
    """
    source = _checked_names(name, key)
    with reading() as rows:
        home = project_of(rows, who, project, "analyst")
        _refuse_removed(home, source)
    body, count = whole_lines(lines)
    room.require_disk(len(body))
    room.require_room(project, rows=count, size=len(body))
    stored_key = hashlib.sha256(f"{project}/{source}\n{key}".encode()).hexdigest() if key else ""
    digest = hashlib.sha256(body).hexdigest()
    with appending(project, source) as file:
        _finish_pending(file)
        if (known := _answered(who.user_id, stored_key, digest)) is not None:
            return known
        entry, body = file.begin(body, {"user": who.user_id, "key": stored_key, "digest": digest, "rows": count})
        try:
            place = file.roll_forward(entry, body)
        except BaseException:
            file.settle()
            raise
        taken = _settle(file, place, entry.note, who)
        file.settle()
    return taken


def recover() -> int:
    """*System.* Finish what was being appended when a process died. Returns how many batches that were."""
    finished = 0
    for project, source in unsettled():
        with suppress(BlockingIOError), appending(project, source, wait=False) as file:
            finished += _finish_pending(file)
    return finished


def prune() -> int:
    """*System.* Forget idempotency keys older than a week. Returns how many went."""
    old = delete(ApiRequest).where(col(ApiRequest.at) < now() - KEYS_KEPT)
    with transaction() as tx:
        return tx.session.connection().execute(old).rowcount


def whole_lines(lines: bytes) -> tuple[bytes, int]:
    """Every object on a line of its own, blank lines left out, and how many there are.

    Raises InputRefused with the line of the first that is none, so that a batch is refused whole.
    """
    kept = []
    for number, line in enumerate(lines.split(b"\n"), 1):
        row = line.replace(b"\r", b" ").strip()
        if row:
            _check_row(row, number)
            kept.append(row)
    if not kept:
        raise InputRefused("There is no row in this request.", code="no_rows")
    return b"\n".join(kept) + b"\n", len(kept)


def _check_row(row: bytes, number: int) -> None:
    if len(row) > ROW_BYTES:
        message = f"Line {number} is longer than {ROW_BYTES:,} bytes, the most a row may have. Nothing was added."
        raise LimitExceeded(message, code="row_too_long", line=number)
    try:
        value = orjson.loads(row)
    except orjson.JSONDecodeError as error:
        message = f"Line {number} is not valid JSON: {error.msg}. Nothing was added."
        raise InputRefused(message, code="invalid_json", line=number) from error
    if not isinstance(value, dict):
        message = f"Line {number} is not a JSON object. Nothing was added."
        raise InputRefused(message, code="not_an_object", line=number)


def _checked_names(name: str, key: str) -> str:
    if not _NAME.fullmatch(name):
        message = "A dataset's name here has at most 100 of a-z, A-Z, 0-9, dot, dash and underscore."
        raise UsageError(message, code="bad_dataset_name")
    if key and not _KEY.fullmatch(key):
        raise UsageError("An idempotency key has at most 200 printable ASCII characters.", code="bad_key")
    return f"{name}.jsonl"


def _refuse_removed(home: Project, source: str) -> None:
    known = {"project": home.id, "source": source}
    found = fetch("SELECT removed_at FROM dataset WHERE project_id = :project AND source = :source", known)
    if found and found[0][0] is not None:
        message = "This dataset was removed. Bring it back on the Datasets page, or send to another name."
        raise Conflict(message, code="dataset_removed")


def _answered(user_id: int, key: str, digest: str) -> Taken | None:
    """What was answered under this key. Raises Conflict where that was another batch."""
    found = fetch(_ANSWERED, {"user": user_id, "key": key}) if key else []
    if not found:
        return None
    known, answer = found[0]
    if known != digest:
        raise Conflict("This idempotency key was used for another request.", code="key_used")
    told = orjson.loads(answer) if isinstance(answer, str) else answer
    return Taken(told["dataset"], told["name"], told["rows"], repeated=True)


def _finish_pending(file: Appending) -> bool:
    """Finish the batch of somebody who died on the way; whether there was one."""
    pending = file.pending()
    if pending is not None:
        entry, body = pending
        note = entry.note
        if _answered(note["user"], note["key"], note["digest"]) is None:
            _settle(file, file.roll_forward(entry, body), note, None)
    file.settle()
    return pending is not None


def _settle(file: Appending, place: Place, note: Mapping[str, Any], who: Who | None) -> Taken:
    """Queue the reading and remember the answer, both or neither."""
    with transaction() as tx:
        home = tx.session.exec(select(Project).where(col(Project.slug) == file.project)).one()
        received = followed(tx, home, file.source, {"offset": place.offset, "inode": place.inode}, who)
        dataset = tx.session.get_one(Dataset, received.dataset_id)
        taken = Taken(received.dataset_id, dataset.name, note["rows"])
        if note["key"]:
            user, key, digest = note["user"], note["key"], note["digest"]
            tx.session.add(ApiRequest(user_id=user, key=key, digest=digest, status=201, answer=taken.answer))
    return taken
