"""Which version a page shows while rows keep arriving: a conclusion a moment, not one for each row.

Where somebody looks all the time nobody waits for it either: the next one is concluded beside the pages.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final, NamedTuple

from engine.errors import PlumblineError
from engine.queries.datasets import VersionOf
from engine.queries.states import StatesMissingError

log = logging.getLogger(__name__)

LONGEST: Final = 6
"""How many times the patience an answer may be old while the next one is being concluded."""


REST: Final = 19
"""How many times what a conclusion took passes before the next one beside the pages: a twentieth of the time is the
most that they take from the pages, however much is looked at."""


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
        self._renewing: set[Hashable] = set()
        self._one_at_a_time = threading.Lock()

    def choose(
        self, question: Hashable, newest: Chosen, patience: float, conclude: Callable[[], object] | None = None
    ) -> Chosen:
        """The newest version, or the one before it that was chosen less than `patience` seconds ago.

        Where `conclude` is given, which makes the newest answer, the one before serves for longer, up to `LONGEST`
        times the patience, and the newest is concluded meanwhile. Only a version that has merely grown since is put
        off: one that was read anew is shown at once.
        """
        now = time.monotonic()
        with self._lock:
            at, last = self._last.get(question, (0.0, newest))
            age = now - at
            if not _has_grown(last.version, newest.version) or age >= (LONGEST if conclude else 1) * patience:
                self._note(question, newest, now)
                return newest
            if age < patience or conclude is None or question in self._renewing:
                return last
            self._renewing.add(question)
        threading.Thread(target=self._renew, args=(question, newest, conclude), daemon=True).start()
        return last

    def _renew(self, question: Hashable, newest: Chosen, conclude: Callable[[], object]) -> None:
        try:
            with self._one_at_a_time:
                began = time.monotonic()
                conclude()
                with self._lock:
                    self._note(question, newest, time.monotonic())
                time.sleep(REST * (time.monotonic() - began))
        except (PlumblineError, StatesMissingError) as error:
            log.info("the next answer was not concluded: %s", error)  # who asks for it next is told
        finally:
            with self._lock:
                self._renewing.discard(question)

    def _note(self, question: Hashable, chosen: Chosen, at: float) -> None:
        self._last[question] = (at, chosen)
        self._last.move_to_end(question)
        while len(self._last) > self._most:
            self._last.popitem(last=False)


def _has_grown(before: VersionOf, now: VersionOf) -> bool:
    return before.number < now.number and now.manifest[: len(before.manifest)] == before.manifest
