"""Many visitors at once, signed in, with live pushes and a run beside them: `python -m benchmarks.load --visitors 300`.

Each visitor signs in by the form, opens a page over Streamlit's own protocol and the live socket beside it, and asks
for a rerun every 15 s (±20 %), each time with other parameters. Meanwhile four rows a second arrive in followed files,
and a large file is read and observed again and again. Writes benchmarks/results/load_<visitors>.md, soak.md for a soak.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import random
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import orjson
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import uvloop
from websockets.exceptions import ConnectionClosed

from benchmarks.measure import percentile, summary, write_table
from benchmarks.protocol import Listener, Visitor
from tests.product import Product

PERIOD = 15.0
PUSHES_A_SECOND = 4
DATASETS = 8
ROWS = 4_000
BESIDE_ROWS = 3_000_000
PASSWORD = "a plumb line hangs true"
SIGN_INS_AT_ONCE = 2
ARRIVALS_A_SECOND = 10.0
WARM_UP = 30.0
PAGES = ("", "calibration", "whatif", "datasets", "", "calibration", "reports", "settings")
"""What the visitors look at, in turn: Home, answers, lists, and what is one's own."""

LIMITS = {300: (300, 60), 1000: (1000, 150)}
"""Visitors: the p95 of a rerun and of a live push that is asked for, in milliseconds."""


@dataclass
class Seen:
    """What the visitors measured, from `since` on (seconds of the event loop's clock)."""

    since: float = float("inf")
    reruns: list[float] = field(default_factory=list)
    pushes: list[float] = field(default_factory=list)
    views: int = 0
    lost: int = 0
    errors: list[str] = field(default_factory=list)


@dataclass
class Place:
    """A product that runs, with its accounts and datasets."""

    product: Product
    home: Path
    datasets: list[int]
    beside: int
    names: list[str]

    def webs(self) -> list[psutil.Process]:
        """The processes that serve pages."""
        assert self.product.process is not None
        children = psutil.Process(self.product.process.pid).children(recursive=True)
        return [child for child in children if "server.py" in " ".join(child.cmdline())]


def main() -> int:
    """Run the load, write the table, return 0 where each limit holds."""
    asked = _arguments()
    with tempfile.TemporaryDirectory(prefix="plumbline-") as folder:
        home = Path(folder)
        settings = {"PLUMBLINE_DEMO": "0", "PLUMBLINE_WEB_PROCESSES": str(asked.web_processes)}
        with Product(home, environment=settings) as product:
            place = _furnish(product, home, asked.visitors)
            stop = threading.Event()
            threads = [threading.Thread(target=work, args=(place, stop)) for work in (_push, _keep_busy)]
            for thread in threads:
                thread.start()
            try:
                seen, process = uvloop.run(_visit(place, asked.visitors, asked.minutes * 60))
            finally:
                stop.set()
                for thread in threads:
                    thread.join()
            done = _runs_done(place)
    rows = _rows(asked, seen, process, done)
    name = "soak" if asked.soak else f"load_{asked.visitors}"
    head = ["measure", "n", "p50", "p95", "p99", "max", "limit", "holds"]
    title = f"{asked.visitors} visitors, {asked.minutes:g} minutes, web processes: {asked.web_processes}"
    path = write_table(name, title, head, rows, _NOTE)
    sys.stdout.write(path.read_text(encoding="utf-8"))
    return 0 if all(row[-1] in ("yes", "") for row in rows) else 1


_NOTE = f"""Milliseconds where nothing else is said. One machine runs the product, the visitors and the run beside them.
Each visitor asks for a rerun every {PERIOD:g} s; {PUSHES_A_SECOND} rows a second are appended to followed files; a file
of {BESIDE_ROWS:,} pairs is read and observed without a pause. A push counts from the moment its event is written until
the visitor's socket has it, at every visitor."""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--visitors", type=int, default=300)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--soak", action="store_true")
    parser.add_argument("--web-processes", type=int, help="1 to 500 visitors, 2 beyond, where nothing is said")
    asked = parser.parse_args()
    asked.web_processes = asked.web_processes or (1 if asked.visitors <= 500 else 2)
    return asked


# ------------------------------------------------------------------ the product and its data


def _furnish(product: Product, home: Path, visitors: int) -> Place:
    os.environ["PLUMBLINE_HOME"] = str(home)
    _first_account(product)
    names = _accounts(visitors)
    folder = home / "inbox" / "load"
    folder.mkdir(parents=True)
    for number in range(DATASETS):
        (folder / f"scores-{number}.jsonl").write_text(_pairs(number, 0, ROWS))
    _large(folder / "beside.parquet")
    known = {}
    while len(known) < DATASETS + 1:
        time.sleep(0.2)
        known = _answered()
    beside = known.pop("beside.parquet")
    return Place(product, home, list(known.values()), beside, names)


def _first_account(product: Product) -> None:
    with httpx.Client(base_url=product.url, headers={"Origin": product.url}) as browser:
        token = product.link.partition("token=")[2]
        answer = browser.post("/signin/link", data={"token": token, "name": "owner", "password": PASSWORD})
        if answer.status_code != 303:
            raise RuntimeError(f"the first account was not made: {answer.status_code}")


def _accounts(visitors: int) -> list[str]:
    """An account for each visitor, all with the password above, made in the store: what is measured is signing in."""
    from engine.store.tables import User
    from engine.store.transaction import transaction
    from web import passwords

    hashed = asyncio.run(passwords.hashed(PASSWORD))
    names = [f"visitor-{number}" for number in range(visitors)]
    with transaction() as current:
        current.session.add_all([User(name=name, password_hash=hashed, role="analyst") for name in names])
    return names


def _answered() -> dict[str, int]:
    from engine.store.engine import fetch

    return dict(fetch("SELECT name, id FROM dataset WHERE version > 0"))


def _pairs(seed: int, start: int, count: int) -> str:
    rng = np.random.default_rng([seed, start])
    margin = rng.normal(0.8, 1.5, count)
    lines = [
        {
            "prompt_id": f"p{(start + i) // 2}",
            "score_chosen": round(float(one), 4),
            "score_rejected": 0.0,
            "subset": ["math", "chat", "code"][i % 3],
        }
        for i, one in enumerate(margin)
    ]
    return "".join(json.dumps(line) + "\n" for line in lines)


def _large(path: Path) -> None:
    rng = np.random.default_rng(3)
    margin = rng.normal(0.6, 1.8, BESIDE_ROWS)
    label = (rng.random(BESIDE_ROWS) < 1 / (1 + np.exp(-margin / 1.5))).astype(np.float32)
    table = {"prompt_id": rng.integers(0, BESIDE_ROWS // 4, BESIDE_ROWS), "margin": margin, "label": label}
    hidden = path.with_name("." + path.name)
    pq.write_table(pa.table(table), hidden)
    hidden.rename(path)


# ------------------------------------------------------------------ what happens beside the visitors


def _push(place: Place, stop: threading.Event) -> None:
    """Append rows to the followed files in turn, at a steady rate."""
    number = 0
    due = time.monotonic()
    while not stop.wait(max(0.0, due - time.monotonic())):
        due += 1 / PUSHES_A_SECOND
        path = place.home / "inbox" / "load" / f"scores-{number % DATASETS}.jsonl"
        with path.open("a") as target:
            target.write(_pairs(number % DATASETS, ROWS + 2 * number, 1))
        number += 1


def _keep_busy(place: Place, stop: threading.Event) -> None:
    """Have the large file read and observed again whenever that is done."""
    from engine.actions import runs
    from engine.store.engine import fetch
    from engine.types import Who

    owner = fetch("SELECT id FROM \"user\" WHERE name = 'owner'")[0][0]
    who = Who(owner, "owner", "admin")
    while not stop.wait(0.5):
        if not fetch(
            "SELECT 1 FROM run WHERE dataset_id = :id AND state IN ('queued', 'running')", {"id": place.beside}
        ):
            runs.request(who, place.beside, "read", {})


def _runs_done(place: Place) -> dict[str, int]:
    from engine.store.engine import fetch

    query = "SELECT state, count(*) FROM run WHERE dataset_id = :id GROUP BY state"
    return dict(fetch(query, {"id": place.beside}))


# ------------------------------------------------------------------ visitors


async def _visit(place: Place, count: int, seconds: float) -> tuple[Seen, dict[str, float]]:
    seen = Seen()
    loop = asyncio.get_running_loop()
    cookies = await _sign_in_all(place, count)
    gc.freeze()
    ends = asyncio.Event()
    tasks = [
        asyncio.create_task(_visitor(place, cookie, number, _arriving(count), seen, ends))
        for number, cookie in enumerate(cookies)
    ]
    await asyncio.sleep(_arriving(count) + PERIOD + WARM_UP)
    webs = place.webs()
    before, views, memory = _processor(webs), seen.views, [_memory(webs)]
    seen.since = loop.time()
    while loop.time() < seen.since + seconds:
        await asyncio.sleep(min(10.0, seconds))
        memory.append(_memory(webs))
    used, views = _processor(webs) - before, seen.views - views
    ends.set()
    await asyncio.gather(*tasks)
    figures = {
        "cpu": used / (loop.time() - seen.since),
        "cpu_ms": 1000 * used / max(views, 1),
        "first": memory[0] / 2**20,
        "last": memory[-1] / 2**20,
        "per_1000": _slope(memory, views),
    }
    return seen, figures


def _arriving(count: int) -> float:
    """Seconds in which the visitors come."""
    return max(PERIOD, count / ARRIVALS_A_SECOND)


def _processor(processes: list[psutil.Process]) -> float:
    """Seconds of processor time that they have used."""
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def _memory(processes: list[psutil.Process]) -> int:
    """Bytes of memory that they hold, what they share counted for each."""
    return sum(int(process.memory_info().rss) for process in processes)


def _slope(memory: list[int], views: int) -> float:
    """MiB by which the process grows with 1,000 views: a straight line through what was measured."""
    steps = np.arange(len(memory), dtype=float)
    per_step = float(np.polyfit(steps, np.array(memory) / 2**20, 1)[0]) if len(memory) > 2 else 0.0
    return per_step * (len(memory) - 1) * 1000 / max(views, 1)


async def _sign_in_all(place: Place, count: int) -> list[str]:
    gate = asyncio.Semaphore(SIGN_INS_AT_ONCE)
    url = place.product.url

    async with httpx.AsyncClient(base_url=url, headers={"Origin": url}, timeout=120) as browser:

        async def one(number: int) -> str:
            async with gate:
                form = {"name": place.names[number], "password": PASSWORD}
                answer = await browser.post("/auth/session", data=form)
                cookie = answer.headers.get("set-cookie", "").partition(";")[0]
                browser.cookies.clear()
                if answer.status_code != 303 or not cookie:
                    raise RuntimeError(f"signing in was answered by {answer.status_code}")
                return cookie

        return await asyncio.gather(*(one(number) for number in range(count)))


async def _visitor(place: Place, cookie: str, number: int, arriving: float, seen: Seen, ends: asyncio.Event) -> None:
    chance = random.Random(number)
    await asyncio.sleep(chance.uniform(0, arriving))
    page = PAGES[number % len(PAGES)]
    listener = asyncio.create_task(_listen(place.product.url, cookie, seen, ends))
    try:
        async with Visitor(place.product.url, cookie, page) as visitor:
            while not ends.is_set():
                bins = chance.choice((10, 15, 20))
                visitor.query = f"project=load&dataset={chance.choice(place.datasets)}&bins={bins}"
                took = await visitor.rerun()
                seen.views += 1
                if asyncio.get_running_loop().time() > seen.since:
                    seen.reruns.append(took * 1000)
                if visitor.exceptions:
                    seen.errors.append(visitor.exceptions.pop())
                await _sleep(ends, PERIOD * chance.uniform(0.8, 1.2))
    except (OSError, ConnectionClosed) as error:
        seen.lost += 1
        seen.errors.append(f"page: {error!r}")
    await listener


async def _sleep(ends: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(ends.wait(), seconds)
    except TimeoutError:
        return


async def _listen(url: str, cookie: str, seen: Seen, ends: asyncio.Event) -> None:
    clock = asyncio.get_running_loop().time

    def heard(message: bytes) -> None:
        if clock() >= seen.since:
            now = time.time()
            seen.pushes += [(now - at) * 1000 for at in _written(message)]

    listener = Listener(url, cookie, heard)
    closing = asyncio.create_task(ends.wait())
    try:
        await listener.listen()
        await asyncio.wait({listener.ended, closing}, return_when=asyncio.FIRST_COMPLETED)
        listener.close()
        await listener.ended
    except OSError as error:
        seen.lost += 1
        seen.errors.append(f"live: {error!r}")
    finally:
        closing.cancel()


@lru_cache(16)
def _written(message: bytes) -> list[float]:
    """When the answers of a message were written, in seconds since 1970; the same message goes to every visitor."""
    events = orjson.loads(message).get("events", ())
    return [datetime.fromisoformat(event["at"]).timestamp() for event in events if event["kind"] == "version"]


# ------------------------------------------------------------------ the table


def _rows(asked: argparse.Namespace, seen: Seen, process: dict[str, float], done: dict[str, int]) -> list[list[str]]:
    rerun, live = LIMITS.get(asked.visitors, (300, 150))
    rows: list[list[str]] = [
        _timed("rerun", seen.reruns, rerun),
        _timed("event written → socket of a visitor", seen.pushes, live),
        _plain("sockets lost, errors on a page", len(seen.errors), "0", not seen.errors),
        _plain("web: share of a core", f"{process['cpu']:.2f}"),
        _plain("web: CPU for each view, pushes included", f"{process['cpu_ms']:.1f}"),
        _plain("web: memory at the start, MiB", f"{process['first']:.0f}"),
        _plain("web: memory at the end, MiB", f"{process['last']:.0f}"),
        _plain("runs beside: done", done.get("done", 0), "≥ 1", done.get("done", 0) > 0),
    ]
    if asked.soak:
        rows.append(
            _plain("growth with 1,000 views, MiB", f"{process['per_1000']:.1f}", "10", process["per_1000"] <= 10)
        )
    if seen.errors:
        sys.stderr.write("\n".join(sorted(set(seen.errors))[:10]) + "\n")
    return rows


def _timed(name: str, values: list[float], limit: float) -> list[str]:
    holds = bool(values) and percentile(values, 0.95) <= limit
    return [name, *summary(values).split(" | "), f"p95 {limit:g}", "yes" if holds else "no"]


def _plain(name: str, value: Any, limit: str = "", holds: bool | None = None) -> list[str]:
    return [name, str(value), "", "", "", "", limit, "" if holds is None else "yes" if holds else "no"]


if __name__ == "__main__":
    sys.exit(main())
