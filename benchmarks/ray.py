"""`python -m benchmarks.ray`: observing by Ray's workers beside the child process, on this machine.

    python -m benchmarks.ray [--rows 250000,1000000,4000000] [--times 3] [--no-write]

First each of them observes the same segments, in turns: seconds until the state is there, and until its first partial
state. Then the product runs by its launcher and runs are asked for as a page asks for them: milliseconds until the
event with the first partial answer is in the store, from where it is at an open page some 12 ms later (`live.md`). Last
it is stopped, idle and at work. Writes benchmarks/results/ray.md.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil

from benchmarks.faults.installation import LAUNCH, Installation, until
from benchmarks.measure import write_table
from engine.actions import runs
from engine.settings import Settings, get_settings
from engine.store.engine import fetch
from jobs import cluster, process_tree
from jobs.children import Child
from jobs.executor import Executor
from jobs.ray_executor import RayExecutor
from jobs.ray_link import Link
from tests.ray import big

ROWS = "250000,1000000,2000000,4000000,10000000"
CLICK_ROWS = 1_000_000
CLICKS = 10
GOAL_MS = 150.0
GOAL_STOP = 3.0
SPARE = 4
"""More clicks than are counted: the first one of all, and those that somebody else did."""

AT_WORK = 12
"""Runs that are waiting when the product is stopped at work."""

START_SECONDS = 240.0
READY = b"Ray is ready"
HEAD = ("what", "child", "warm worker", "worker / child")
PARTIAL = "SELECT id FROM event WHERE topic = :topic AND kind = 'partial' LIMIT 1"
ENDED = "SELECT state, backend FROM run WHERE id = :id AND state NOT IN ('queued', 'running')"
WORKING = "SELECT 1 FROM run WHERE kind = 'observe' AND state = 'running'"


def main() -> int:
    """Measure, print, write; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ray")
    parser.add_argument("--rows", default=ROWS, help="rows of the segments, with commas between them")
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--no-write", action="store_true", help="print only")
    args = parser.parse_args()
    clicks, stops = {}, {}
    with tempfile.TemporaryDirectory(prefix="plumbline-") as folder:
        rows = _observing(Path(folder), [int(word) for word in args.rows.split(",")], args.times)
        for name in ("off", "local"):
            clicks[name], stops[name] = _product(Path(folder) / name, name, args.times)
    for what, pick in (("median", statistics.median), ("longest", max)):
        child, ray = pick(clicks["off"]), pick(clicks["local"])
        rows.append([f"click to first partial, {what} of {CLICKS}", _ms(child), _ms(ray), f"{ray / child:.2f}"])
    for what in stops["off"]:
        child, ray = max(stops["off"][what]), max(stops["local"][what])
        rows.append([f"stop of the product {what}, longest", f"{child:.2f} s", f"{ray:.2f} s", f"{ray / child:.2f}"])
    for row in [HEAD, *rows]:
        print("{:44}{:>12}{:>14}{:>18}".format(*row))
    if not args.no_write:
        write_table("ray", "Ray beside the child", HEAD, rows, _note(args.times))
    late = max(statistics.median(taken) for taken in clicks.values()) > GOAL_MS / 1000
    return 1 if late or max(map(max, stops["local"].values())) > GOAL_STOP else 0


def _note(times: int) -> str:
    cores = len(os.sched_getaffinity(0))
    return (
        f"Medians of {times}, child and worker in turns, {cores} processors of which the head has one "
        f"(`PLUMBLINE_RAY_CPUS`). The click is on a segment of {CLICK_ROWS:,} rows in the product as its launcher "
        f"starts it, from asking for the run to its first partial answer in the store; goal {GOAL_MS:g} ms. Stops are "
        f"from Ctrl-C to the end of the launcher, nothing left, {times} times each; goal {GOAL_STOP:g} s. "
        f"{_load()} `python -m benchmarks.ray` prints this."
    )


def _load() -> str:
    """How busy the machine was with other things."""
    return f"Load of the machine over the last quarter of an hour: {os.getloadavg()[2]:.1f}."


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms"


# ------------------------------------------------------------------ observing alone


def _observing(folder: Path, sizes: list[int], times: int) -> list[list[str]]:
    link, started = _connected(folder)
    child = Child()
    child.start()
    rows = [["start of the head, until workers are warm", "–", f"{started:.1f} s", "–"]]
    try:
        for size in sizes:
            path = folder / f"{size}.parquet"
            big.write(path, size)
            rows += _beside(path, size, times, {"child": child, "ray": RayExecutor(child, link, rows=1)})
            path.unlink()
        rows.append(_memory(link))
    finally:
        import ray

        child.stop()
        ray.shutdown()  # type: ignore[no-untyped-call]  # before the head, whose end would take this process with it
        link.stop()
    return rows


def _beside(path: Path, size: int, times: int, executors: dict[str, Executor]) -> list[list[str]]:
    whole: dict[str, list[float]] = {name: [] for name in executors}
    first: dict[str, list[float]] = {name: [] for name in executors}
    for number in range(times + 1):
        for name, executor in executors.items():
            seconds, partial = _once(executor, path)
            if number:
                whole[name].append(seconds)
                first[name].append(partial)
    lines = []
    for what, kept in ((f"{size:,} rows", whole), (f"{size:,} rows, first partial state", first)):
        child, ray = (statistics.median(kept[name]) for name in ("child", "ray"))
        if child < float("inf"):
            lines.append([what, _ms(child), _ms(ray), f"{ray / child:.2f}"])
    return lines


def _once(executor: Executor, path: Path) -> tuple[float, float]:
    """Seconds until the state, and until the first partial state (infinite where there is none)."""
    told: list[float] = []
    began = time.monotonic()
    executor.observe(
        path, "calibration", {}, path.with_suffix(".state"), lambda *_: told.append(time.monotonic() - began)
    )
    return time.monotonic() - began, min(told, default=float("inf"))


def _connected(folder: Path) -> tuple[Link, float]:
    """A connection, and the seconds from the start of the head until it was there."""
    link = Link(Settings(home=folder, ray="local"), lambda: None, lambda: None)

    def tick(done: Callable[[], bool]) -> bool:
        link.tick()
        return done()

    until(lambda: tick(lambda: link.node is not None), 60, "the start of Ray")
    began = time.monotonic()
    until(lambda: tick(lambda: link.ready), START_SECONDS, "the end of the start of Ray")
    return link, time.monotonic() - began


def _memory(link: Link) -> list[str]:
    """Memory and processor time of an idle head with its workers."""
    assert link.node is not None
    processes = [psutil.Process(pid) for pid in process_tree.members(link.node.session, link.node.folder)]
    before = _spent(processes)
    time.sleep(10)
    share = (_spent(processes) - before) / 10
    memory = sum(process.memory_full_info().pss for process in processes)
    return [f"idle head: {len(processes)} processes", "–", f"{memory / 2**20:.0f} MiB", f"{share:.1%} of a core"]


def _spent(processes: list[psutil.Process]) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in processes)


# ------------------------------------------------------------------ in the product


Stops = dict[str, list[float]]


def _product(home: Path, ray: str, times: int) -> tuple[list[float], Stops]:
    """Seconds from asking for a run to its first partial answer, and those that stops take."""
    with Installation(home, LAUNCH, PLUMBLINE_RAY=ray, PLUMBLINE_RAY_ROWS="1") as product:
        dataset, sha256 = big.dataset(home, CLICK_ROWS)
        _up(product, ray, 0)
        backend = "child" if ray == "off" else "ray"
        scales = np.linspace(1.0, 2.0, CLICKS + SPARE)
        tried = (_click(product, dataset, sha256, float(scale), backend) for scale in scales)
        clicks = [seconds for seconds in tried if seconds is not None][1 : CLICKS + 1]
        if len(clicks) < CLICKS:
            raise RuntimeError(f"only {len(clicks)} runs were done by {backend}: the machine has too much else to do")
        product.stop()
        stops = {
            what: [_stop(product, ray, _work if what == "at work" else None) for _ in range(times)]
            for what in ("idle", "at work")
        }
    return clicks, stops


def _up(product: Installation, ray: str, before: int) -> None:
    """Wait until runs are executed, and by whom they are to be."""
    until(lambda: product.pid("runner"), START_SECONDS, "the runner")
    if ray == "local":
        until(lambda: _ready(product) > before, START_SECONDS, "Ray")


def _ready(product: Installation) -> int:
    return sum(path.read_bytes().count(READY) for path in (product.home / "log").iterdir())


def _stop(product: Installation, ray: str, work: Callable[[Installation], None] | None) -> float:
    """Start the product, stop it; the seconds of the stop."""
    before = _ready(product)
    product.start()
    _up(product, ray, before)
    if work is not None:
        work(product)
    folder = cluster.folder_of(get_settings(), product.pid("runner") or 0)
    seconds = product.stop()
    if process_tree.members(0, folder) or folder.exists():
        raise RuntimeError("the product left something of Ray")
    return seconds


def _work(product: Installation) -> None:
    """Have more to do than there is time for."""
    dataset, sha256 = fetch("SELECT dataset.id, segment.sha256 FROM dataset, segment LIMIT 1")[0]
    for _ in range(AT_WORK):
        observe = {"scale": 2 + random.random()}
        params = {"analysis": "calibration", "observe": observe, "segments": [sha256]}
        runs.request(product.who, dataset, "observe", params)
    until(lambda: fetch(WORKING), 60, "a run under way")


def _click(product: Installation, dataset: int, sha256: str, scale: float, backend: str) -> float | None:
    """The seconds; None where another did it, as the child does while workers are being replaced."""
    began = time.monotonic()
    params = {"analysis": "calibration", "observe": {"scale": scale}, "segments": [sha256]}
    run = runs.request(product.who, dataset, "observe", params)
    until(lambda: fetch(PARTIAL, {"topic": f"run/{run}"}), 60, "the first partial answer", 0.001)
    taken = time.monotonic() - began
    ended = until(lambda: fetch(ENDED, {"id": run}), 120, "the end of the run")[0]
    if ended[0] != "done":
        raise RuntimeError(f"run {run} is {ended[0]}")
    time.sleep(0.5)
    return taken if ended[1] == backend else None


if __name__ == "__main__":
    sys.exit(main())
