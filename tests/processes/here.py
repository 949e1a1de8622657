"""An executor that works in the process of the test: the same reading and observing, without a child."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from engine.formats import Limits, Saved, follow_from_dict, read
from engine.formats.segments import write_segment
from jobs.child_work import unpack
from jobs.children import ObserveDone, ReadDone
from jobs.observing import Partial, observe_here


class Here:
    """See `jobs.executor.Executor`."""

    backend = "child"

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def cancel(self) -> None: ...

    def printed(self) -> str:
        return ""

    def begin(self, run: str) -> None: ...

    def end(self) -> None: ...

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
        state = follow_from_dict(follow) if follow is not None else None
        reading = read(path, name, mapping, None, state, until, saved)
        done = write_segment(reading, out_dir, progress)
        where = (done.path, done.sha256, done.rows, done.size) if done else (None, None, 0, 0)
        return ReadDone(*where, reading.report.to_dict(), reading.follow, 0.0)

    def unpack(self, path: Path, name: str, out_dir: Path) -> dict[str, Any]:
        return unpack(path, name, out_dir, Limits())

    def observe(
        self,
        segment_path: Path,
        analysis: str,
        params: Mapping[str, Any],
        out_path: Path,
        partial: Partial | None = None,
    ) -> ObserveDone:
        state, rows = observe_here(segment_path, analysis, params, partial)
        out_path.write_bytes(state)
        return ObserveDone(rows, 0.0)
