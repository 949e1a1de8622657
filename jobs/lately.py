"""Which states of a dataset somebody looks at: what was observed on demand lately is observed as rows arrive, too.

Rows that arrive are observed for the answer that travels with them. Whoever looks at another page, or at a cohort, asks
for its states once; from then on they are kept up to date, until nobody has asked again for a while. Kept in memory: a
runner that begins anew is told by the next question.
"""

from __future__ import annotations

import threading
import time

from engine.queries.states import Observed

LATELY_SECONDS = 600.0
"""How long what was asked for is kept up to date."""

MOST_ASKED = 8
"""Of one dataset, the newest ones: each costs every row that arrives a few milliseconds."""

_lock = threading.Lock()
_asked: dict[int, dict[str, tuple[Observed, float]]] = {}


def remember(dataset_id: int, what: Observed) -> None:
    """Somebody asked for these states of a dataset."""
    with _lock:
        known = _asked.setdefault(dataset_id, {})
        known.pop(what.key(""), None)
        known[what.key("")] = (what, time.monotonic())
        while len(known) > MOST_ASKED:
            del known[next(iter(known))]


def asked(dataset_id: int) -> list[Observed]:
    """The states of a dataset that were asked for lately, those asked for first at the beginning."""
    since = time.monotonic() - LATELY_SECONDS
    with _lock:
        known = {name: one for name, one in _asked.get(dataset_id, {}).items() if one[1] > since}
        if known:
            _asked[dataset_id] = known
        else:
            _asked.pop(dataset_id, None)
        return [what for what, _at in known.values()]
