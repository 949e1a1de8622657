"""The answers that are one choice away, concluded while the present one is being looked at.

Only where the data stand still: whoever looks at rows that keep arriving would have them concluded for nothing.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

from engine.errors import PlumblineError
from engine.queries import results
from engine.types import DatasetView, Who
from pages.parts import reads
from pages.parts.looking import Looking

STILL_SECONDS: Final = 3.0
"""How long a dataset must not have changed."""
DRAWING_SECONDS: Final = 0.7
"""What the browser needs for the page that is being shown; until then this would be in its way."""
MOST_SLICES: Final = 8
MOST_REMEMBERED: Final = 1024

_asked: OrderedDict[tuple[Any, ...], None] = OrderedDict()
_lock = threading.Lock()
_one_at_a_time = threading.Lock()


def conclude_slices(who: Who, looking: Looking) -> threading.Timer | None:
    """Conclude this view for the first slices of the dataset, soon, in the background; once for each version.

    The timer that will do it, or None where it was asked for before or there are no slices.
    """
    dataset, params = looking.dataset, looking.params
    if "slice" not in params:
        return None
    slices = [f"{column}={value}" for column, values in dataset.slices.items() for value in values][:MOST_SLICES]
    key = (
        looking.analysis,
        dataset.id,
        dataset.version,
        *sorted((name, value) for name, value in params.items() if name != "slice"),
    )
    if not slices or not _first(key):
        return None
    age = (datetime.now(UTC) - dataset.updated_at).total_seconds()
    views = [{**params, "slice": one} for one in slices]
    timer = threading.Timer(
        max(DRAWING_SECONDS, STILL_SECONDS - age), _conclude, (who, looking.analysis, dataset, views)
    )
    timer.daemon = True
    timer.start()
    return timer


def _first(key: tuple[Any, ...]) -> bool:
    with _lock:
        known = key in _asked
        _asked[key] = None
        while len(_asked) > MOST_REMEMBERED:
            _asked.popitem(last=False)
    return not known


def _conclude(who: Who, analysis: str, dataset: DatasetView, views: Sequence[Mapping[str, Any]]) -> None:
    with _one_at_a_time, suppress(PlumblineError):  # whoever asks for the view is told what is wrong with it
        for view in views:
            if reads.dataset_of(who, dataset.id).version != dataset.version:
                return
            results.conclude(who, dataset.id, analysis, view, dataset.version, rows=False)
