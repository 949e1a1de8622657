"""Which version a page shows while rows keep arriving: a conclusion a moment, not one for each row."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Hashable
from typing import NamedTuple

from engine.queries.datasets import VersionOf


class Chosen(NamedTuple):
    """A version, and the id of the newest event when it was the newest."""

    version: VersionOf
    as_of: int


class Moving:
    """Remembers for up to `most` questions which version was answered last, and when."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._last: OrderedDict[Hashable, tuple[float, Chosen]] = OrderedDict()

    def choose(self, question: Hashable, newest: Chosen, patience: float) -> Chosen:
        """The newest version, or the one before it that was chosen less than `patience` seconds ago.

        Only a version that has merely grown since is put off: one that was read anew is shown at once.
        """
        now = time.monotonic()
        with self._lock:
            at, last = self._last.get(question, (0.0, newest))
            if now - at < patience and _has_grown(last.version, newest.version):
                return last
            self._last[question] = (now, newest)
            self._last.move_to_end(question)
            while len(self._last) > self._most:
                self._last.popitem(last=False)
        return newest


def _has_grown(before: VersionOf, now: VersionOf) -> bool:
    return before.number < now.number and now.manifest[: len(before.manifest)] == before.manifest
