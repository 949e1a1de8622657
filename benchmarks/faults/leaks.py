"""What is still held after pages were opened and closed, viewed and read, and after the product was stopped."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import psutil

from benchmarks.faults import said
from benchmarks.faults.case import Fault, Round
from benchmarks.faults.installation import Installation, until
from benchmarks.protocol import Visitor
from jobs.foreman import FIRST_TIDY_SECONDS

OPENS, VIEWS, RUNS = 50, 1000, 500
FILES = 40
WARM_OPENS, WARM_VIEWS, WARM_RUNS = 200, 200, 300
"""Enough to fill what is bounded: Streamlit keeps the last 128 pages that were closed, for those who come back."""
TIDY = 15
"""Seconds within which the foreman's first tidying is over: what that imports stays."""
MOST_HANDLES = 2
MOST_GROWTH = 10 * 1024**2


@dataclass(frozen=True)
class Held:
    """What a process holds."""

    descriptors: int
    threads: int
    resident: int


def held(product: Installation, name: str) -> Held:
    """Measured after a moment of rest."""
    process = psutil.Process(product.pid(name) or 0)
    return Held(process.num_fds(), process.num_threads(), process.memory_info().rss)


def _age(product: Installation, name: str) -> float:
    return time.time() - psutil.Process(product.pid(name) or 0).create_time()


def leaks(kept: Round) -> None:
    """50 opens, 1,000 views, 500 runs: descriptors and threads + 2 at most, memory + 10 MB per 1,000 views."""
    with Installation(kept.folder / "home") as product:
        said.make_project()
        dataset = product.upload("a.jsonl", said.lines(0, 500)).json()["dataset"]
        said.settle()
        for _ in range(kept.times):
            asyncio.run(_views(product, dataset, WARM_VIEWS))
            asyncio.run(_opens(product, dataset, WARM_OPENS))
            _compare(kept, product, "web", f"{OPENS} opens", lambda: asyncio.run(_opens(product, dataset, OPENS)))
            _compare(kept, product, "web", f"{VIEWS:,} views", lambda: asyncio.run(_views(product, dataset, VIEWS)))
            _reads(product, 0, WARM_RUNS)
            until(
                lambda: _age(product, "foreman") > FIRST_TIDY_SECONDS + TIDY,
                2 * FIRST_TIDY_SECONDS,
                "the first tidying",
            )
            before = held(product, "foreman")
            _compare(kept, product, "runner", f"{RUNS} runs", lambda: _reads(product, WARM_RUNS, RUNS))
            _judge(kept, "foreman", f"{RUNS} runs", before, held(product, "foreman"))
            kept.runs += 1
        below = product.processes()[1:]
        kept.took(product.stop(), 3.5, "stopping")
        until(lambda: not any(process.is_running() for process in below), 5, "the end of every process")


def _compare(kept: Round, product: Installation, name: str, what: str, work) -> None:  # type: ignore[no-untyped-def]
    time.sleep(2)
    before = held(product, name)
    work()
    time.sleep(3)
    _judge(kept, name, what, before, held(product, name))


def _judge(kept: Round, name: str, what: str, before: Held, after: Held) -> None:
    grown = after.resident - before.resident
    handles, threads = after.descriptors - before.descriptors, after.threads - before.threads
    kept.check(handles <= MOST_HANDLES, f"{name}, {what}: {handles:+d} descriptors")
    kept.check(threads <= MOST_HANDLES, f"{name}, {what}: {threads:+d} threads")
    kept.check(grown <= MOST_GROWTH, f"{name}, {what}: {grown / 1e6:+.1f} MB")
    kept.notes.append(f"{name}, {what}: {grown / 1e6:+.1f} MB, {handles:+d} descriptors, {threads:+d} threads")


async def _opens(product: Installation, dataset: int, count: int) -> None:
    for _ in range(count):
        async with Visitor(product.url, product.cookie, "calibration", f"dataset={dataset}") as visitor:
            await visitor.rerun()


async def _views(product: Installation, dataset: int, count: int) -> None:
    async with Visitor(product.url, product.cookie, "calibration", f"dataset={dataset}") as visitor:
        for _ in range(count):
            await visitor.rerun()


def _reads(product: Installation, first: int, count: int) -> None:
    """One run after another through the inbox, of several files in turn: of one file the state would grow with it."""
    folder = product.home / "inbox" / "faults"
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(first, first + count):
        name, wanted = f"leak{number % FILES}.jsonl", (number // FILES + 1) * 3
        with (folder / name).open("ab", buffering=0) as file:
            file.write(said.lines(number * 3, 3))
        until(lambda name=name, wanted=wanted: _accepted(name) == wanted)  # type: ignore[misc]


def _accepted(name: str) -> int:
    """How many lines of a followed file are known."""
    found = said.followed("faults", name)
    return int(found[3].get("accepted", 0)) if found else 0


FAULTS = (Fault("53", "leaks: 50 opens, 1,000 views, 500 runs", 1, 3, leaks),)
