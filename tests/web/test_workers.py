"""Threads that put pages together are kept, and each run is as by itself on them."""

from __future__ import annotations

import contextvars
import queue
import threading
from types import SimpleNamespace

import pytest
from streamlit.runtime.scriptrunner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_run_context_attr import SCRIPT_RUN_CONTEXT_ATTR_NAME

from tests.processes.waiting import until
from web.workers import Workers, keep_threads

LONG = 60.0
VARIABLE: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="")


def done(workers: Workers, job) -> threading.Thread:
    """The thread that did it, free again."""
    told: queue.Queue[threading.Thread] = queue.Queue()

    def run() -> None:
        try:
            job()
        finally:
            told.put(threading.current_thread())

    workers.give(run)
    found = told.get(timeout=LONG)
    until(lambda: workers._free)
    return found


def test_a_thread_that_is_free_does_the_next_job(monkeypatch):
    started = []
    monkeypatch.setattr(threading.Thread, "start", counting(started, threading.Thread.start))
    workers = Workers(LONG)
    assert done(workers, lambda: None) is done(workers, lambda: None)
    assert len(started) == 1


def counting(told, start):
    def counted(thread):
        told.append(thread)
        start(thread)

    return counted


def test_jobs_at_once_have_a_thread_each():
    workers, together = Workers(LONG), threading.Barrier(3)
    for _ in range(2):
        workers.give(together.wait)
    together.wait(LONG)  # breaks where one of the two waited behind the other


def test_a_free_thread_leaves_after_a_while_and_another_comes():
    workers = Workers(0.01)
    first = done(workers, lambda: None)
    first.join(LONG)
    assert not first.is_alive()
    assert workers._free == 0
    assert done(workers, lambda: None) is not first


def test_nothing_is_left_of_the_job_before():
    workers, seen = Workers(LONG), []

    def job() -> None:
        seen.append(VARIABLE.get())
        VARIABLE.set("left")

    assert done(workers, job) is done(workers, job)
    assert seen == ["", ""]


def test_a_job_that_fails_is_told_and_its_thread_goes_on(monkeypatch):
    told = []
    monkeypatch.setattr(threading, "excepthook", lambda given: told.append(given.exc_value))
    workers, error = Workers(LONG), ValueError("no")

    def fail() -> None:
        raise error

    assert done(workers, fail) is done(workers, lambda: None)
    assert told == [error]


class Runner(SimpleNamespace):
    """As much of a ScriptRunner as starting it needs."""

    def _run_script_thread(self) -> None:
        assert self._script_thread is threading.current_thread()
        setattr(threading.current_thread(), SCRIPT_RUN_CONTEXT_ATTR_NAME, self)
        self.ended.set()


@pytest.fixture
def runner(monkeypatch):
    monkeypatch.setattr(ScriptRunner, "start", ScriptRunner.start)
    keep_threads()
    return Runner(_script_thread=None, ended=threading.Event())


def test_a_run_knows_its_thread_and_leaves_no_context_on_it(runner):
    ScriptRunner.start(runner)
    assert runner.ended.wait(LONG)
    until(lambda: not hasattr(runner._script_thread, SCRIPT_RUN_CONTEXT_ATTR_NAME))


def test_a_run_is_started_once(runner):
    ScriptRunner.start(runner)
    with pytest.raises(RuntimeError):
        ScriptRunner.start(runner)
