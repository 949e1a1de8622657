"""What executes the heavy part of a run: today a limited child process, later Ray tasks behind the same words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from jobs.children import ObserveDone, ReadDone


class Executor(Protocol):
    """Reads and observes elsewhere. One request at a time; `cancel` may come from any thread.

    Whatever happens there arrives as an error of `engine.errors`; a cancelled request raises Conflict.
    """

    def start(self) -> None:
        """Get ready, so that the first request is quick."""

    def stop(self) -> None:
        """End it."""

    def cancel(self) -> None:
        """End what it is doing."""

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
    ) -> ReadDone:
        """Read a file into a segment in `out_dir`."""

    def observe(self, segment_path: Path, analysis: str, params: Mapping[str, Any], out_path: Path) -> ObserveDone:
        """Observe a segment and write its state."""
