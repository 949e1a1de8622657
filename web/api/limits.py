"""How much one caller may ask: a bucket of requests that fills at a steady rate, and a few open streams."""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Final

from engine.types import Who

SAVED_SECONDS: Final = 10
"""Seconds' worth of requests that a quiet caller has saved up."""

MOST_STREAMS: Final = 20
_CALLERS: Final = 10_000


@dataclass(slots=True)
class Buckets:
    """One bucket a caller, in memory; the caller unheard for longest is forgotten first, and starts full again."""

    clock: Callable[[], float] = time.monotonic
    _left: OrderedDict[Hashable, tuple[float, float]] = field(default_factory=OrderedDict)

    def take(self, caller: Hashable, rate: float) -> float:
        """Count one request at `rate` a second. Returns the seconds to wait before it is allowed: 0 where it is now."""
        now, most = self.clock(), rate * SAVED_SECONDS
        left, seen = self._left.get(caller, (most, now))
        left = min(left + (now - seen) * rate, most)
        allowed = left >= 1
        self._left[caller] = (left - 1 if allowed else left, now)
        self._left.move_to_end(caller)
        while len(self._left) > _CALLERS:
            self._left.popitem(last=False)
        return 0.0 if allowed else (1 - left) / rate


buckets: Final = Buckets()
streams: Final[Counter[Hashable]] = Counter()
"""Open streams of each caller."""


def caller_of(who: Who) -> Hashable:
    """Who is counted: a token by itself, a browser by its session."""
    return ("token", who.token.id) if who.token is not None else ("session", who.session)
