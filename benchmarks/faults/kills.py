"""Kill -9 of every process at random moments, while rows are appended, files uploaded and pages read."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime

import psutil

from benchmarks.faults import said
from benchmarks.faults.case import Fault, Round
from benchmarks.faults.installation import IMPATIENT, LAUNCH, Installation, until
from benchmarks.faults.workload import SENT, Workload
from benchmarks.protocol import Visitor
from engine.queries.people import who_is

PAGES = ("", "calibration", "datasets", "runs", "settings")
STARTING = 0.25
"""Share of the kills that meet what is only just starting."""


def _storm(
    kept: Round,
    strike: Callable[[Round, Installation], None],
    *,
    batches: bool = False,
    answers: bool = False,
    longest: float = 2.5,
) -> None:
    """`strike` as often as asked, at random moments of the work, up to `longest` seconds after all is up again.

    `answers`: no request may be cut off by it.

    With a kill every second or two a run may wait long for a process that lives; its minute counts from the last kill.
    """
    struck: list[datetime] = []
    with Installation(kept.folder / "home", IMPATIENT + LAUNCH) as product:
        kept.notes.append("slowest: a run's end after it was asked for, or after the last kill before")
        with Workload(product, gap=0.5) as work:
            for _ in range(kept.times):
                if batches and said.open_runs() < 5:
                    work.drop_batch()
                time.sleep(kept.rng.uniform(0.1, longest))
                struck.append(datetime.now(UTC))
                strike(kept, product)
                kept.runs += 1
            _all_back(product)
            work.finish(kept, struck)
            kept.notes.append(f"with all kills in between: {said.slowest_run():.0f} s")
        kept.check(work.done.lines[SENT] > 0, "nothing could be sent to the API")
        kept.check(not (answers and work.cut), f"{work.cut} requests got no answer, though nobody killed the web")


def _all_back(product: Installation) -> None:
    for name in ("web", "foreman", "runner"):
        until(lambda name=name: product.pid(name), 60, f"another {name}")
    until(product.healthy, 60, "the web process")


def _another(name: str) -> Callable[[Round, Installation], None]:
    def strike(_kept: Round, product: Installation) -> None:
        product.wait_for_another(name, product.kill(name))

    return strike


def runner_killed(kept: Round) -> None:
    """Between fifty short runs, reading and observing, starting up: wherever it is."""
    _storm(kept, _another("runner"), batches=True, answers=True)


def foreman_killed(kept: Round) -> None:
    """What it misses, the walk at its start finds."""
    _storm(kept, _another("foreman"), answers=True)


def web_killed(kept: Round) -> None:
    """While files are streaming in, and while it starts; the session of before goes on."""

    def strike(kept: Round, product: Installation) -> None:
        gone = product.kill("web")
        if kept.rng.random() < STARTING:
            until(lambda: product.pid("web") not in (None, gone), 90, "another web")
            time.sleep(kept.rng.uniform(0.0, 2.0))
            gone = product.kill("web")
        product.wait_for_another("web", gone)
        kept.check(who_is(product.cookie.partition("=")[2]) is not None, "the session ended")
        kept.check(product.client.get("/view/calibration").status_code == 400, "the cookie is not taken any more")
        kept.check(said.fetch("PRAGMA quick_check") == [("ok",)], "the store is damaged")

    _storm(kept, strike)


def launcher_killed(kept: Round) -> None:
    """Nothing of it stays, and another one takes the home over."""

    def strike(kept: Round, product: Installation) -> None:
        _behead(product)
        if kept.rng.random() < STARTING:
            product.launch_only()
            time.sleep(kept.rng.uniform(0.0, 2.0))
            _behead(product)
        product.start()

    _storm(kept, strike, batches=True, longest=8.0)


def _behead(product: Installation) -> None:
    assert product.process is not None
    below = product.processes()[1:]
    product.process.kill()
    product.process.wait()
    until(lambda: not any(map(_runs, below)), 5, "the end of every process below a killed launcher")


def anything_killed(kept: Round) -> None:
    """One to three of web, foreman and runner within the same moment."""

    def strike(kept: Round, product: Installation) -> None:
        victims = kept.rng.sample(("web", "foreman", "runner"), kept.rng.randint(1, 3))
        gone = {name: product.kill(name) for name in victims}
        for name, pid in gone.items():
            product.wait_for_another(name, pid)

    _storm(kept, strike, batches=True)


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def alone(kept: Round) -> None:
    """With foreman and runner down, every page opens and the last answer is there; so it is with both stopped."""
    with Installation(kept.folder / "home") as product:
        with Workload(product):
            time.sleep(1)
        said.settle()
        dataset = said.fetch("SELECT id FROM dataset WHERE version > 0 ORDER BY id LIMIT 1")[0][0]
        for name in ("foreman", "runner"):
            product.kill(name, signal.SIGSTOP)
        _every_page(kept, product, dataset, kept.times // 2)
        product.stop()
        product.start("server.py")
        _every_page(kept, product, dataset, kept.times - kept.times // 2)
        kept.notes.append("slowest: a page's first run over Streamlit's protocol")


def _every_page(kept: Round, product: Installation, dataset: int, times: int) -> None:
    for _ in range(times):
        kept.check(product.view(dataset).status_code == 200, "the last answer is not there")
        kept.check(product.client.get("/", headers={"accept": "text/html"}).status_code == 200, "the home page is not")
        for page in PAGES:
            exceptions, seconds = asyncio.run(visit(product, page, f"dataset={dataset}"))
            kept.check(not exceptions, f"page {page or 'home'}: {exceptions[:1]}")
            kept.took(seconds, 2.0, f"page {page or 'home'}")
        kept.runs += 1


async def visit(product: Installation, page: str, query: str = "") -> tuple[list[str], float]:
    """Open a page once: the exceptions it showed, the seconds its run took."""
    async with Visitor(product.url, product.cookie, page, query) as visitor:
        seconds = await asyncio.wait_for(visitor.rerun(), 30)
        return visitor.exceptions, seconds


FAULTS = (
    Fault("41", "runner killed at random moments, 50 runs waiting", 15, 200, runner_killed),
    Fault("42", "web killed while files stream in", 12, 200, web_killed),
    Fault("K1", "foreman killed while files grow", 10, 50, foreman_killed),
    Fault("K2", "launcher killed; another one takes over", 6, 50, launcher_killed),
    Fault("K3", "web, foreman and runner killed in any combination", 8, 50, anything_killed),
    Fault("K4", "foreman and runner down or stopped: pages answer from the store", 4, 20, alone),
)
