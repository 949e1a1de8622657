"""What a database's failure means for people."""

from __future__ import annotations

from engine.errors import StoreUnavailable, UsageError

_BUSY = ("store_busy", "The store is busy; nothing was saved. Try again in a moment.")
_FULL = ("store_full", "The disk of the store is full; nothing was saved. Free some space and try again.")
_AWAY = ("store_unreachable", "The database does not answer; nothing was saved. Try again in a moment.")

_MESSAGES = {
    "locked": _BUSY,
    "deadlock detected": _BUSY,
    "lock timeout": _BUSY,
    "statement timeout": _BUSY,
    "could not serialize": _BUSY,
    "queuepool limit": _BUSY,
    "too many clients": _BUSY,
    "full": _FULL,
    "no space left": _FULL,
    "malformed": ("store_corrupt", "The store is damaged; nothing was saved. Restore plumbline.db from a backup."),
    "not a database": ("store_corrupt", "The store is not a database. Restore plumbline.db from a backup."),
    "disk i/o": ("store_failed", "The disk refused to write; nothing was saved. Look at the disk, then try again."),
    "readonly": ("store_readonly", "The store cannot be written; nothing was saved. Check the rights of its folder."),
    "no such table": ("store_empty", "The store has no tables yet. Start with `python -m jobs run`."),
    "unable to open": ("store_missing", "The store cannot be opened. Check that its folder exists and is ours."),
    "shutting down": _AWAY,
    "starting up": _AWAY,
    "connection": _AWAY,
}


def named(failure: BaseException | None) -> StoreUnavailable | None:
    """The error to show for a failure of the database, None where it is a mistake of the program."""
    reason = str(getattr(failure, "orig", None) or failure).lower()
    for part, (code, message) in _MESSAGES.items():
        if part in reason:
            return StoreUnavailable(message, code=code)
    return None


def halved() -> UsageError:
    """The refusal of a text with half a character (a surrogate alone) in it, which no database can hold."""
    return UsageError("A text holds half a character, which cannot be kept. Write it anew.", code="bad_text")
