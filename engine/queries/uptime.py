"""Uptime and what is left of its error budget."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from engine.store.engine import fetch
from engine.store.times import from_store, now

PROBE_SECONDS: Final = 10
"""How often it is tried whether the product answers."""

IN_TIME_SECONDS: Final = 2.0
"""The sign-in page and the last result each have to answer within this."""

WINDOW: Final = timedelta(days=30)
PROMISED: Final = 0.999
ALLOWED: Final = round((1 - PROMISED) * WINDOW.total_seconds() / PROBE_SECONDS)
"""Probes of the window that may fail: 259, which are 43 minutes."""

_COUNTS: Final = "SELECT coalesce(sum(good), 0), coalesce(sum(bad), 0), min(hour) FROM uptime WHERE hour > :since"


@dataclass(frozen=True, slots=True)
class Budget:
    """Probes of the last 30 days. `since` is the first hour that is counted; None before there was one.

    Time in which nothing was probed counts neither way.
    """

    good: int
    bad: int
    since: datetime | None

    @property
    def left(self) -> float:
        """The share of the allowed failures that is left, in [0, 1]."""
        return max(1 - self.bad / ALLOWED, 0.0)

    @property
    def uptime(self) -> float | None:
        """The share of probes that were answered in time, None before the first."""
        return self.good / (self.good + self.bad) if self.good + self.bad else None

    @property
    def minutes_left(self) -> float:
        """The minutes without an answer that are still allowed."""
        return max(ALLOWED - self.bad, 0) * PROBE_SECONDS / 60


def budget(at: datetime | None = None) -> Budget:
    """*System.* What the probes of the last 30 days add up to."""
    good, bad, first = fetch(_COUNTS, {"since": (at or now()) - WINDOW})[0]
    return Budget(int(good), int(bad), None if first is None else from_store(first))
