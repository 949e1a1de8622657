"""What executes the heavy part of a run: a limited child process, Ray's workers or a Ray job, behind the same words."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from engine.formats import Saved
from jobs.children import PRINTED_BYTES, ObserveDone, ReadDone
from jobs.observing import Partial


class WorkerLostError(Exception):
    """What executed the work vanished, through no fault of the work: it is done again, and that is counted."""


class Printed:
    """The end of what was printed, until it is taken. From any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._text = ""

    def add(self, text: str) -> None:
        """More was printed."""
        with self._lock:
            self._text = (self._text + text)[-PRINTED_BYTES:]

    def take(self) -> str:
        """All of it; nothing is left."""
        with self._lock:
            text, self._text = self._text, ""
        return text


class Hand(Protocol):
    """What does the heavy part of runs elsewhere. One request at a time; `cancel` may come from any thread.

    Whatever happens there arrives as an error of `engine.errors` or as WorkerLostError; a cancelled request raises
    Conflict. `begin` and `end` stand around the requests of one run.
    """

    @property
    def backend(self) -> str:
        """What executed the last request: `child`, `ray` or `job`."""

    def begin(self, run: str) -> None:
        """What follows is of this run and attempt, RUN-ATTEMPT."""

    def end(self) -> None:
        """The run has ended."""

    def start(self) -> None:
        """Get ready, so that the first request is quick."""

    def stop(self) -> None:
        """End it."""

    def cancel(self) -> None:
        """End what it is doing."""

    def printed(self) -> str:
        """What it printed since this was last asked, the end of it."""


class Executor(Hand, Protocol):
    """Reads and observes elsewhere."""

    def read(
        self,
        path: Path,
        name: str,
        mapping: Mapping[str, str],
        out_dir: Path,
        *,
        follow: Mapping[str, Any] | None = None,
        until: int | None = None,
        progress: Callable[[float], None] | None = None,
        saved: Saved | None = None,
    ) -> ReadDone:
        """Read a file into a segment in `out_dir`; `saved` are mappings for files that nothing is said of."""

    def unpack(self, path: Path, name: str, out_dir: Path) -> dict[str, Any]:
        """Take the data files out of an archive into `out_dir`: `files` and `refused`, see `Child.unpack`."""

    def observe(
        self,
        segment_path: Path,
        analysis: str,
        params: Mapping[str, Any],
        out_path: Path,
        partial: Partial | None = None,
    ) -> ObserveDone:
        """Observe a segment and write its state; `partial` hears of what is known before the end."""
