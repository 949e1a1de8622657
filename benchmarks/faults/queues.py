"""Several runners on one queue, and a runner that comes back after its lease was given away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from benchmarks.faults import said
from benchmarks.faults.case import Fault, Round
from benchmarks.faults.installation import Installation, until
from engine.actions import datasets, runs
from engine.settings import ROOT
from engine.store.engine import fetch
from jobs import owners

SMALL_RUNS = 1000
PATIENCE = timedelta(seconds=2)


@contextmanager
def _runners(count: int, log: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Runners without a launcher, ended at the end."""
    started = []
    try:
        with log.open("ab") as output:
            for _ in range(count):
                command = [sys.executable, "-m", "jobs", "runner"]
                started.append(subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output))
        yield started
    finally:
        for process in started:
            process.send_signal(signal.SIGCONT)
            process.terminate()
        for process in started:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _notice(product: Installation, name: str, content: bytes) -> datasets.Received:
    path = product.home / "inbox" / "queue" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return datasets.receive_inbox("queue", name, path, len(content), inode=path.stat().st_ino)


def two_runners(kept: Round) -> None:
    """A thousand small runs for two runners: each done once, at its first attempt."""
    for turn in range(max(1, kept.times // SMALL_RUNS)):
        product = Installation(kept.folder / f"home{turn}")
        product.prepare()
        log = kept.folder / "runners.log"
        try:
            for number in range(min(kept.times, SMALL_RUNS)):
                _notice(product, f"{number}.jsonl", said.lines(number * 100, 12))
            with _runners(2, log), kept.timed(600, "a thousand runs"):
                said.settle(600)
            kept.runs += min(kept.times, SMALL_RUNS)
            _audit_queue(kept)
            kept.check("locked" not in log.read_text() and "busy" not in log.read_text(), "a lock error was logged")
        finally:
            product.leave()
    kept.notes.append(f"slowest: {min(kept.times, SMALL_RUNS)} runs from first to last")


def _audit_queue(kept: Round) -> None:
    states = Counter((state, attempt) for state, attempt in fetch("SELECT state, attempt FROM run"))
    kept.check(set(states) == {("done", 1)}, f"states and attempts: {dict(states)}")
    shares = fetch("SELECT owner, count(*) FROM run GROUP BY owner")
    kept.check(len(shares) == 2, f"only {len(shares)} runners worked")
    results = fetch("SELECT count(*), count(DISTINCT run_id), max(number) FROM version")[0]
    kept.check(results[0] == results[1] and results[2] == 1, f"results: {results}")
    said.audit_runs(kept, 600)


def late_runner(kept: Round) -> None:
    """A runner is stopped in the middle of a run, loses it, wakes up and finishes: its result does not count.

    The foreman waits for 60 s of silence; here it is told to wait for two, except in the first turn.
    """
    for turn in range(kept.times):
        product = Installation(kept.folder / f"home{turn}")
        product.prepare()
        try:
            _lose_a_run(kept, product, PATIENCE if turn else timedelta(seconds=60))
        finally:
            product.leave()
        kept.runs += 1
    kept.notes.append("slowest: a run from asked to done, in the turn that waits the real 60 s")


def _lose_a_run(kept: Round, product: Installation, patience: timedelta) -> None:
    count = 60_000
    received = _notice(product, "large.jsonl", said.lines(0, count))
    state = "SELECT state, attempt, owner FROM run WHERE id = :id"
    with _runners(1, kept.folder / "late.log") as (late,):
        until(lambda: fetch(state, {"id": received.run_id})[0][0] == "running", 60, "a claim", 0.002)
        time.sleep(kept.rng.uniform(0.0, 0.3))
        late.send_signal(signal.SIGSTOP)
        if fetch(state, {"id": received.run_id})[0][0] == "done":
            kept.notes.append("once the run was over before its runner was stopped")
            return
        lost = until(lambda: runs.requeue_lost(owners.lives, patience), 90, "the loss of the lease", 0.1)
        kept.check(lost == [received.run_id], f"another run was given back: {lost}")
        with _runners(1, kept.folder / "second.log"), kept.timed(60, "the result of the second runner"):
            until(lambda: fetch(state, {"id": received.run_id})[0][0] == "done", 60, "the second runner's result")
            owner = fetch(state, {"id": received.run_id})[0][2]
            os.kill(late.pid, signal.SIGCONT)
            time.sleep(1.5)
            kept.check(
                fetch(state, {"id": received.run_id})[0] == ("done", 2, owner), "the late runner changed the run"
            )
    said.audit_lines(kept, "queue", "large.jsonl", count)
    results = fetch("SELECT count(*), max(number) FROM version")[0]
    kept.check(results == (1, 1), f"results: {results}")
    said.audit_runs(kept, 180)


FAULTS = (
    Fault("44", "two runners, one queue of a thousand small runs", 200, 3000, two_runners),
    Fault("45", "runner stopped, lease lost, runner woken (SIGSTOP, SIGCONT)", 3, 20, late_runner),
)
