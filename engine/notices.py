"""The kinds of notifications: what they are called, and how many of a kind come one by one before they are counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Level = Literal["bad", "warn", "good", "info"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind: its name for people and what it means; `apart` come one by one within an hour, the next are counted."""

    title: str
    says: str
    apart: int = 3


CHANNEL_PAUSED: Final = "channel_paused"

KINDS: Final[Mapping[str, Kind]] = {
    "run_failed": Kind("Failed runs", "A run that you asked for failed, or one that nobody asked for."),
    "run_done": Kind("Finished runs", "A run that you asked for, and that took more than ten seconds, is done."),
    "report": Kind("Reports", "A report that you asked for is ready.", 10),
    "file_refused": Kind("Refused files", "A file in the inbox was not taken.", 1),
    "alarm": Kind("Alarms", "The answer of a dataset turned for the worse.", 1),
    "decision": Kind("Decisions", "Somebody else recorded or withdrew a decision.", 5),
    "membership": Kind("Memberships", "Somebody gave you a role in a project.", 5),
    "share": Kind("Shared links", "A link that you shared was opened for the first time.", 5),
    CHANNEL_PAUSED: Kind("Paused channels", "Notifications could not be sent to a channel of yours.", 5),
}
"""Every kind, in the order in which they are listed."""

SENT: Final = tuple(kind for kind in KINDS if kind != CHANNEL_PAUSED)
"""What can be sent to a channel: that one is paused is told by the bell alone."""
