"""`python -m jobs runner`: claims runs and has them executed, a few at a time.

Crash-only: whatever it was doing when it ends is claimed again by the next one, and nothing a dead or doubtful owner
does counts. The main loop only waits, claims, beats and notices cancellations; each slot is a thread with its executor.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from engine import logs
from engine.actions import runs
from engine.actions.runs import Work
from engine.errors import Conflict, StoreUnavailable, UsageError
from engine.settings import get_settings
from engine.store.engine import fetch
from jobs import cluster, owners
from jobs.changes import Changes
from jobs.children import Child
from jobs.compaction import compact
from jobs.executor import Executor, Hand
from jobs.processes import listen
from jobs.ray_executor import RayExecutor
from jobs.ray_link import Link
from jobs.reporting import Press, make_report
from jobs.submitted import JobExecutor
from jobs.telling import Telling
from jobs.work import clear_unfinished, observe_found, perform

SLOTS = 2
BEAT_SECONDS = 5.0
COMPACT_SECONDS = 5.0
STOP_SECONDS = 1.0
RETRY_SECONDS = 2.0
CRASHED = 70
MISUSED = 2
ORDINARY = ("read", "observe")
SUBMITTED = ("job",)
REPORTS = ("report",)

WAITING = "SELECT DISTINCT kind FROM run WHERE state = 'queued'"
LOST = """
SELECT 1 FROM run WHERE id = :id AND (state IN ('queued', 'cancelled') OR owner <> :owner OR attempt <> :attempt)
"""

log = logging.getLogger("runner")

Task = Callable[[Any], None]


@dataclass(slots=True)
class Slot:
    """One thread that executes one thing at a time. `work` is the run it is at, if it is one."""

    executor: Hand
    idle: Callable[[], None]
    broken: Callable[[], None]
    kinds: tuple[str, ...] = ORDINARY
    work: Work | None = None
    busy: bool = False
    tasks: queue.SimpleQueue[Task] = field(default_factory=queue.SimpleQueue)

    def start(self) -> None:
        """Begin to wait for tasks, with the executor warm."""
        threading.Thread(target=self._serve, daemon=True).start()

    def give(self, task: Task, work: Work | None = None) -> None:
        """Have something done."""
        self.work, self.busy = work, True
        self.tasks.put(task)

    def _serve(self) -> None:
        try:
            if self.kinds == ORDINARY:
                self.executor.start()
            while True:
                self._outlast(self.tasks.get())
                self.work, self.busy = None, False
                self.idle()
        except Exception:
            log.exception("a slot broke; the runner ends and begins anew")
            self.broken()

    def _outlast(self, task: Task) -> None:
        """Do a task; again and again while the store cannot be written: nothing of it has counted so far."""
        while True:
            try:
                return task(self.executor)
            except StoreUnavailable as error:
                log.warning("%s It is tried again in %g s.", error.message, RETRY_SECONDS)
                time.sleep(RETRY_SECONDS)


def crash() -> None:
    """End at once; the launcher starts another runner, which takes over."""
    os._exit(CRASHED)


class Runner:
    """Hands waiting runs to free slots and keeps its hold on them."""

    def __init__(
        self,
        owner: str,
        make: Callable[[], Executor],
        slots: int = SLOTS,
        crash: Callable[[], None] = crash,
        wake: threading.Event | None = None,
    ) -> None:
        self.owner = owner
        self.wake = wake or threading.Event()
        self.slots = [Slot(make(), self.wake.set, crash) for _ in range(slots)]
        self._broken = crash
        self._beat_due = 0.0
        self._compact_due = time.monotonic() + COMPACT_SECONDS
        self._read_since = False

    def add_jobs(self, executor: Executor) -> None:
        """A slot of their own for submitted jobs: they may take long, and nobody's reading waits for them."""
        self.slots.append(Slot(executor, self.wake.set, self._broken, SUBMITTED))

    def add_reports(self, press: Press) -> None:
        """A slot that makes reports, one at a time; what draws is started by the first."""
        self.slots.append(Slot(press, self.wake.set, self._broken, REPORTS))

    def run(self, stop: threading.Event, tick: Callable[[], None] = lambda: None) -> None:
        """Until `stop` is set (and `wake` after it); `tick` is called at every look."""
        for slot in self.slots:
            slot.start()
        changes = Changes(get_settings().url)
        while not stop.is_set():
            tick()
            try:
                self._keep_hold()
                self._claim()
                self._compact()
            except StoreUnavailable as error:
                log.warning("%s", error.message)
            changes.wait(self.wake, 1.0)
        changes.close()
        self._end()

    def figures(self) -> dict[str, int]:
        """How many slots there are, and how many of them are at something."""
        return {"slots": len(self.slots), "slots_busy": sum(slot.busy for slot in self.slots)}

    def _claim(self) -> None:
        for slot in self.slots:
            if slot.busy or not {kind for (kind,) in fetch(WAITING)}.intersection(slot.kinds):
                continue
            work = runs.claim(self.owner, slot.kinds)
            if work is None:
                continue
            self._read_since = True
            slot.give(partial(make_report if work.kind in REPORTS else perform, work), work)

    def _keep_hold(self) -> None:
        """Beat for every run in hand, and stop the slots whose run was cancelled or given to another owner."""
        held = [(slot, slot.work) for slot in self.slots if slot.work is not None]
        if not held:
            return
        beat = time.monotonic() >= self._beat_due
        for slot, work in held:
            if fetch(LOST, {"id": work.run_id, "owner": self.owner, "attempt": work.attempt}):
                slot.executor.cancel()
            elif beat:
                self._beat(slot.executor, work)
        if beat:
            self._beat_due = time.monotonic() + BEAT_SECONDS

    def _beat(self, executor: Hand, work: Work) -> None:
        try:
            runs.describe(work, executor.backend, executor.printed())
        except Conflict:
            log.debug("run %d was lost or has ended", work.run_id)

    def _compact(self) -> None:
        """Now and then, when something was read and a slot has nothing better to do."""
        free = [slot for slot in self.slots if slot.kinds == ORDINARY and not slot.busy]
        if not free or not self._read_since or time.monotonic() < self._compact_due:
            return
        self._read_since, self._compact_due = False, time.monotonic() + COMPACT_SECONDS
        free[-1].give(_compact_all)

    def _end(self) -> None:
        """Let the slots finish what takes no longer than a moment.

        The rest is claimed again by the next runner. Its children notice by themselves that this process is gone, so
        that their end is not taken for a failure.
        """
        deadline = time.monotonic() + STOP_SECONDS
        while any(slot.busy for slot in self.slots) and time.monotonic() < deadline:
            self.wake.wait(0.02)
            self.wake.clear()
        for slot in self.slots:
            if not slot.busy:
                slot.executor.stop()


def _compact_all(executor: Executor) -> None:
    try:
        compact(lambda sha256, report, folder: observe_found(sha256, report, executor, folder, appended=True))
    except Exception:
        log.exception("compaction failed; it is tried again")


def main() -> int:
    """Run until asked to stop. 2 where the settings cannot be meant."""
    logs.configure("runner")
    settings = get_settings()
    try:
        cluster.check(settings)
    except UsageError as error:
        log.error("%s", error.message)
        return MISUSED
    clear_unfinished()
    runs.requeue_lost(owners.lives)
    stop = threading.Event()
    wake = threading.Event()
    link = Link(settings, crash, lambda: listen(stop, wake.set), wake.set)

    def executor() -> RayExecutor:
        return RayExecutor(Child(), link, settings.ray_rows)

    listen(stop, wake.set)
    runner = Runner(owners.my_name(), executor, wake=wake)
    runner.add_jobs(JobExecutor(executor(), link))
    runner.add_reports(Press())
    telling = Telling("runner", lambda: {**runner.figures(), "ray_up": int(link.connected)})
    telling.start()
    runner.run(stop, link.tick)
    telling.stop()
    link.stop()
    os._exit(0)
