"""Observing by Ray's workers where that pays; everything else, and everything while Ray is away, by the child.

Row groups go out as bytes, states come back as bytes and are put together here in the order of the row groups. A task
is a fraction of a second of work; a window of them is under way at a time: memory does not grow with the segment.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from engine.errors import Conflict, LimitExceeded
from engine.formats import Saved
from engine.formats.parts import FIRST_ROWS, Outline, cut
from jobs import ray_worker
from jobs.children import Child, ObserveDone, ReadDone, error_of
from jobs.executor import Printed, WorkerLostError
from jobs.observing import Fold, Partial, checked
from jobs.ray_link import Link

LOOK_SECONDS = 0.05
STALLED_SECONDS = 20.0
"""No part was done for so long: a cluster may have other things to do. The run begins anew."""

AVOIDED_SECONDS = 120.0
"""How long the child does everything after Ray has stalled."""

log = logging.getLogger("runner")


class StalledError(WorkerLostError):
    """Ray is there, and nothing comes back."""


class RayExecutor:
    """One child and the way to Ray. See `jobs.executor.Executor`."""

    def __init__(
        self, child: Child, link: Link, rows: int, task: Callable[..., dict[str, Any]] = ray_worker.observe_part
    ) -> None:
        self.backend = child.backend
        self._child = child
        self._link = link
        self._rows = rows
        self._task = task
        self._avoided_until = 0.0
        self._cancelled = threading.Event()
        self._printed = Printed()

    def begin(self, _run: str) -> None:
        """Every run is done alike."""

    def end(self) -> None:
        """Nothing is kept of a run."""

    def start(self) -> None:
        """Start the child."""
        self._child.start()

    def stop(self) -> None:
        """End the child. Tasks end with the runner."""
        self._child.stop()

    def cancel(self) -> None:
        """End what either is doing."""
        self._cancelled.set()
        self._child.cancel()

    def printed(self) -> str:
        """What child and workers printed."""
        self._printed.add(self._child.printed())
        return self._printed.take()

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
        """Always in the child: files are untrusted, and it is limited."""
        self.backend = self._child.backend
        return self._child.read(
            path, name, mapping, out_dir, follow=follow, until=until, progress=progress, saved=saved
        )

    def unpack(self, path: Path, name: str, out_dir: Path) -> dict[str, Any]:
        """Always in the child, as files are read."""
        self.backend = self._child.backend
        return self._child.unpack(path, name, out_dir)

    def observe(
        self,
        segment_path: Path,
        analysis: str,
        params: Mapping[str, Any],
        out_path: Path,
        partial: Partial | None = None,
    ) -> ObserveDone:
        """On Ray where the segment is large enough and Ray is there."""
        if not self._link.ready or time.monotonic() < self._avoided_until or _rows(segment_path) < self._rows:
            self.backend = self._child.backend
            return self._child.observe(segment_path, analysis, params, out_path, partial)
        self.backend = "ray"
        self._cancelled.clear()
        try:
            return self._by_workers(segment_path, analysis, params, out_path, partial)
        except StalledError:
            self._avoided_until = time.monotonic() + AVOIDED_SECONDS
            raise

    def _by_workers(
        self, path: Path, analysis: str, params: Mapping[str, Any], out_path: Path, partial: Partial | None
    ) -> ObserveDone:
        started = time.monotonic()
        chosen, plan = checked(path, analysis, str(params.get("where", "")))
        fold = Fold(chosen, plan, partial)
        with _Tasks(self._link, self._task, path, plan, (analysis, dict(params))) as tasks:
            for answer in tasks.answers(fold.previews, self._cancelled, started + 2 * self._child.seconds):
                self._printed.add(answer["printed"])
                state = chosen.from_bytes(_state(answer))
                if answer["part"] < 0:
                    fold.preview(state, answer["rows"])
                else:
                    fold.add(state)
        out_path.write_bytes(fold.done())
        return ObserveDone(plan.rows, time.monotonic() - started)


def _rows(path: Path) -> int:
    import pyarrow.parquet as pq

    return int(pq.read_metadata(path).num_rows)


def _state(answer: Mapping[str, Any]) -> bytes:
    """The state a worker sent back; raises what it refused."""
    if "error" not in answer:
        return bytes(answer["state"])
    if not answer["type"]:
        raise RuntimeError("a worker failed; the run's log says how")
    raise error_of(answer)


class _Tasks:
    """The parts of one segment on their way to Ray and back."""

    def __init__(
        self,
        link: Link,
        task: Callable[..., dict[str, Any]],
        path: Path,
        plan: Outline,
        what: tuple[str, dict[str, Any]],
    ) -> None:
        import ray

        self._ray = ray
        self._link = link
        self._path = path
        self._plan = plan
        self._what = what
        self._window = max(1, link.cpus) + 1
        self._code = link.code
        self._outline = ray.put(asdict(plan))
        self._remote = ray.remote(num_cpus=1, max_retries=0)(task)
        self._under_way: dict[Any, int] = {}

    def __enter__(self) -> _Tasks:
        return self

    def __exit__(self, *_: object) -> None:
        if self._under_way:
            self._end()

    def answers(self, preview: bool, cancelled: threading.Event, deadline: float) -> Iterator[dict[str, Any]]:
        """What the workers answer, in the order of the parts; part −1 is the preview.

        Raises Conflict when cancelled, LimitExceeded after the deadline, WorkerLostError where a worker vanished.
        """
        waiting = [-1] if preview else []
        waiting += range(len(self._plan.parts))
        early: dict[int, dict[str, Any]] = {}
        for part in list(waiting):
            moved = time.monotonic()
            while part not in early:
                while waiting and len(self._under_way) + len(early) < self._window:
                    self._send(waiting.pop(0))
                if found := self._receive():
                    early |= found
                    moved = time.monotonic()
                self._check(cancelled, deadline, moved)
            yield {**early.pop(part), "part": part}

    def _send(self, part: int) -> None:
        groups, most = (self._plan.parts[part], None) if part >= 0 else (self._plan.first, FIRST_ROWS)
        chunks = self._ray.put(cut(self._path, self._plan, groups))
        ref = self._remote.remote(self._code, self._outline, chunks, (groups, most, *self._what))
        self._under_way[ref] = part

    def _receive(self) -> dict[int, dict[str, Any]]:
        ready, _ = self._ray.wait(list(self._under_way), timeout=LOOK_SECONDS)
        return {self._under_way.pop(ref): self._get(ref) for ref in ready}

    def _get(self, ref: Any) -> dict[str, Any]:
        failures = self._ray.exceptions
        try:
            answer: dict[str, Any] = self._ray.get(ref, timeout=STALLED_SECONDS)
        except failures.TaskCancelledError as error:
            raise Conflict("Observing was cancelled.", code="cancelled") from error
        except failures.RayTaskError as error:
            raise RuntimeError("a worker could not do its task") from error
        except failures.RayError as error:
            raise WorkerLostError(type(error).__name__) from error
        return answer

    def _check(self, cancelled: threading.Event, deadline: float, moved: float) -> None:
        now = time.monotonic()
        if cancelled.is_set():
            raise Conflict("Observing was cancelled.", code="cancelled")
        if now > deadline:
            raise LimitExceeded("Observing takes longer than the limit; nothing of it was kept.", code="time")
        if now > moved + STALLED_SECONDS:
            raise StalledError("nothing came back")

    def _end(self) -> None:
        """End what is under way together with its workers; others take their places.

        Asking first would be worse: a worker inside a call that holds the interpreter takes neither the question nor
        anything after it.
        """
        for ref in self._under_way:
            self._ray.cancel(ref, force=True)
        self._under_way = {}
        self._link.cool()
