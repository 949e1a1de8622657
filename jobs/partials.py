"""First answers: what is known of a run's data before all of them were observed, told to open pages.

Nothing of it is kept. It is the same conclusion as that of the whole, drawn from a part and named as one.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Any

from engine.actions import runs
from engine.actions.runs import Work
from engine.analysis import Analysis, Parameters
from engine.errors import Conflict, NotEnoughData, PlumblineError
from engine.queries.results import summary
from engine.queries.segments import count_rows
from engine.queries.states import Observed, StatesMissingError, folded, observed
from engine.store import datasets
from jobs.observing import Partial

PAUSE_SECONDS = 0.3
"""Least time between two partial answers, and many times what one takes to conclude."""

log = logging.getLogger("runner")


class Partials:
    """Tells the partial answers of one run; `before` are the segments whose states are known already."""

    def __init__(self, work: Work, before: Sequence[str] = ()) -> None:
        self._work = work
        self._before = list(before)
        self._state: Any = None
        self._rows = 0
        self._due = 0.0

    def of(self, analysis: Analysis[Any, Any], params: Parameters) -> Partial:
        """What to call with each partial state of the segment that is being observed."""

        def partial(state: bytes, rows: int, of: int) -> None:
            if time.monotonic() < self._due:
                return
            try:
                self._tell(analysis, params, analysis.from_bytes(state), rows, of)
            except NotEnoughData:
                log.debug("run %d: too few rows for a partial answer", self._work.run_id)
            except (Conflict, StatesMissingError):
                log.debug("run %d is not ours any more, or cannot be added to", self._work.run_id)
            except PlumblineError as error:
                log.info("run %d: no partial answer: %s", self._work.run_id, error.message)
            self._due = time.monotonic() + PAUSE_SECONDS

        return partial

    def seen(self, sha256: str, what: Observed) -> None:
        """A segment of the run is observed: the next partial answers are of it, too."""
        content = datasets.read_state(what.key(sha256))
        if content is not None:
            state = what.analysis.from_bytes(content)
            self._state = state if self._state is None else what.analysis.combine(self._state, state)
            self._rows += count_rows([sha256])

    def _tell(self, analysis: Analysis[Any, Any], params: Parameters, state: Any, rows: int, of: int) -> None:
        if self._before:
            state = analysis.combine(folded(self._before, observed(analysis, params)), state)
            known = count_rows(self._before)
        elif self._state is not None:
            state, known = analysis.combine(self._state, state), self._rows
        else:
            known = 0
        answer = summary(analysis.conclude(state, params))
        runs.publish_partial(self._work, known + rows, self._total(known + of), answer)

    def _total(self, at_least: int) -> int:
        """Rows of all that the run observes."""
        segments = self._work.params.get("segments") if self._work.kind == "observe" else None
        return max(at_least, count_rows(list(segments))) if segments else at_least
