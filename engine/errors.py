"""Every error the product raises on purpose.

PlumblineError
├── UsageError          the request itself is wrong (exit 2, HTTP 400)
├── InputRefused        a file or a row cannot be taken: file, line, field, reason (exit 3, HTTP 422)
│   └── LimitExceeded   reading stopped at a limit of memory, time or size
├── NotEnoughData       too few prompts for an honest answer (exit 4, HTTP 422)
├── AccessDenied        signed in, but the role does not allow it (HTTP 403)
├── NotFound            no such thing, or not visible to who asks (HTTP 404)
├── Conflict            the thing changed or was already done meanwhile (HTTP 409)
│   └── StatePending    the answer needs a run first, which has been queued (HTTP 409)
└── StoreUnavailable    the store is busy, full, damaged or away (HTTP 503)
    └── StorageFull     the disk is nearly full: nothing new is taken, reading goes on (HTTP 507)

Each carries a stable `code` (snake_case, for programs) and a message for people: what happened, what was kept, what to
do next. Messages never hold paths of the server, SQL or secrets.
"""

from __future__ import annotations

from typing import Any


class PlumblineError(Exception):
    """Root of the tree; never raised itself."""

    code = "error"
    exit_code = 1
    http_status = 500

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code

        self.source_columns: list[dict[str, Any]] = []
        self.signature = ""

    def to_dict(self) -> dict[str, object]:
        """The error as a JSON object: `code` and `message`, and what the subclass adds.

        Where a file was opened but not taken, also its `source_columns` and their `signature` (`engine.formats.guess`).
        """
        about = {"source_columns": self.source_columns, "signature": self.signature} if self.signature else {}
        return {"code": self.code, "message": self.message, **about}


class UsageError(PlumblineError):
    """The request itself is wrong: an unknown analysis, parameter or column."""

    code = "usage"
    exit_code = 2
    http_status = 400


class InputRefused(PlumblineError):
    """A file, or a row of it, cannot be taken.

    `file` is the name the user gave (never a server path), `line` counts from 1, `field` is the source's own name.
    """

    code = "input_refused"
    exit_code = 3
    http_status = 422

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        file: str | None = None,
        line: int | None = None,
        field: str | None = None,
    ) -> None:
        super().__init__(message, code=code)
        self.file = file
        self.line = line
        self.field = field

    def to_dict(self) -> dict[str, object]:
        """`code`, `message`, `file`, `line` and `field`."""
        return {**super().to_dict(), "file": self.file, "line": self.line, "field": self.field}


class LimitExceeded(InputRefused):
    """Reading was stopped at a limit of memory, time or size."""

    code = "limit_exceeded"
    http_status = 413


class NotEnoughData(PlumblineError):
    """Fewer prompts than an honest interval needs."""

    code = "not_enough_data"
    exit_code = 4
    http_status = 422


class AccessDenied(PlumblineError):
    """Signed in, but not allowed."""

    code = "access_denied"
    http_status = 403


class NotFound(PlumblineError):
    """No such thing, or none that the asker may see."""

    code = "not_found"
    http_status = 404


class Conflict(PlumblineError):
    """The thing changed, or the work was already done, in the meantime."""

    code = "conflict"
    http_status = 409


class StatePending(Conflict):
    """The answer needs something observed first; the run that does it is queued or running.

    `run_id` is that run; its events tell when to ask again.
    """

    code = "state_pending"

    def __init__(self, message: str, run_id: int) -> None:
        super().__init__(message)
        self.run_id = run_id

    def to_dict(self) -> dict[str, object]:
        """`code`, `message` and `run_id`."""
        return {**super().to_dict(), "run_id": self.run_id}


class StoreUnavailable(PlumblineError):
    """The store cannot be used now: `code` says why, the message what to do."""

    code = "store_unavailable"
    http_status = 503


class StorageFull(StoreUnavailable):
    """The disk is full, or so nearly that no new data are taken. What is there can be read."""

    code = "disk_full"
    http_status = 507
