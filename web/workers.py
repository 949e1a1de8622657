"""Threads in which pages are put together, kept for the next page.

Streamlit starts a thread for each rerun, and the server's loop stands still until that has got hold of the
interpreter: with several pages under way that is some milliseconds, in which nothing is pushed to anybody.
"""

from __future__ import annotations

import contextvars
import queue
import sys
import threading
from collections.abc import Callable
from typing import Any, Final

from streamlit.runtime.scriptrunner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_run_context_attr import SCRIPT_RUN_CONTEXT_ATTR_NAME

KEPT_SECONDS: Final = 30.0
NAME: Final = "ScriptRunner.scriptThread"
_NOBODY: Final = threading.Thread(name=NAME)
"""Stands for the thread of a run that none has begun yet."""

Job = Callable[[], None]


class Workers:
    """As many threads as there are jobs at once, each kept for `seconds` after its last one."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._mutex = threading.Lock()
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._free = 0

    def give(self, job: Job) -> None:
        """Have a job done by a thread of its own, in a context of its own, without waiting for its start."""
        with self._mutex:
            new = self._free == 0
            self._free -= not new
        self._jobs.put(job)
        if new:
            threading.Thread(target=self._work, daemon=True, name=NAME).start()

    def _work(self) -> None:
        while True:
            try:
                job = self._jobs.get(timeout=self._seconds)
            except queue.Empty:
                if self._may_leave():
                    return
                continue
            try:
                contextvars.Context().run(job)
            except BaseException:  # noqa: BLE001 - as at the end of any thread: told, and the next job is another's
                threading.excepthook(_told())
            del job
            with self._mutex:
                self._free += 1

    def _may_leave(self) -> bool:
        """Whether no job was counted upon this thread in the last moment."""
        with self._mutex:
            leaves = self._free > 0
            self._free -= leaves
        return leaves


def _told() -> Any:
    return threading.ExceptHookArgs((*sys.exc_info(), threading.current_thread()))


def keep_threads() -> None:
    """Let the reruns of all tabs share threads."""
    workers = Workers(KEPT_SECONDS)

    def start(runner: Any) -> None:
        if runner._script_thread is not None:
            raise RuntimeError("ScriptRunner was already started")
        runner._script_thread = _NOBODY

        def run() -> None:
            thread = runner._script_thread = threading.current_thread()
            try:
                runner._run_script_thread()
            finally:
                thread.__dict__.pop(SCRIPT_RUN_CONTEXT_ATTR_NAME, None)

        workers.give(run)

    setattr(ScriptRunner, "start", start)  # noqa: B010 - replaced on purpose
