"""Pages that close and open while things happen: no event lost or doubled, everybody back after a restart."""

from __future__ import annotations

import asyncio
import json
import random
import sqlite3
import threading
import time

from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import connect

from benchmarks.faults import said
from benchmarks.faults.case import Fault, Round
from benchmarks.faults.installation import Installation, until
from benchmarks.measure import percentile
from benchmarks.protocol import Visitor
from engine.queries import events
from engine.store.transaction import transaction

READERS = 3
PER_SECOND = 120

# ------------------------------------------------------------------ 51: events


class Reader(threading.Thread):
    """One page that is closed and opened at random; it says from where it goes on."""

    def __init__(self, product: Installation, seed: float, since: int) -> None:
        super().__init__(daemon=True)
        self.product, self.since = product, since
        self.rng = random.Random(seed)
        self.numbers: list[int] = []
        self.delays: list[float] = []
        self.opened = 0
        self.resyncs = 0
        self.over = threading.Event()

    def run(self) -> None:
        """Open, listen to a few messages, close without a goodbye, wait a little."""
        while not self.over.is_set():
            try:
                self._open()
            except (OSError, ConnectionClosed, InvalidHandshake, TimeoutError):
                time.sleep(0.1)

    def _open(self) -> None:
        address = self.product.url.replace("http", "ws", 1) + "/live"
        headers = {"Cookie": self.product.cookie}
        with connect(address, origin=self.product.url, additional_headers=headers, max_size=None) as socket:
            self.opened += 1
            socket.send(json.dumps({"since": self.since}))
            for _ in range(self.rng.randint(1, 60)):
                message = json.loads(socket.recv(timeout=2))
                self.resyncs += "resync" in message
                for event in message.get("events", ()):
                    self._take(event)
            socket.socket.close()
        time.sleep(self.rng.uniform(0.0, 0.4))

    def _take(self, event: dict[str, object]) -> None:
        self.since = int(str(event["id"]))
        body = event["body"]
        if event["kind"] == "tick" and isinstance(body, dict):
            self.numbers.append(body["n"])
            self.delays.append(time.time() - body["at"])


def delivery(kept: Round) -> None:
    """Three readers hear every event once and in order, however often their pages close."""
    with Installation(kept.folder / "home") as product:
        said.make_project()
        readers = [Reader(product, kept.rng.random(), events.cursor()) for _ in range(READERS)]
        for reader in readers:
            reader.start()
        began = time.monotonic()
        for number in range(kept.times):
            with transaction() as tx:
                tx.publish("faults", "project/faults", "tick", {"n": number, "at": time.time()})
            time.sleep(max(0.0, number / PER_SECOND - (time.monotonic() - began)))
        _wait_for(readers, kept.times)
        for reader in readers:
            reader.over.set()
            kept.check(reader.numbers == list(range(kept.times)), _difference(reader.numbers, kept.times))
            kept.check(reader.resyncs == 0, "a reader was told to start over")
        delays = [delay for reader in readers for delay in reader.delays]
        p95, p99 = percentile(delays, 0.95), percentile(delays, 0.99)
        kept.took(max(delays), 30, "the slowest event")
        kept.check(p95 <= 2 and p99 <= 5, f"delays p95 {p95:.2f} s, p99 {p99:.2f} s")
        kept.runs = kept.times
        opened = sum(reader.opened for reader in readers)
        kept.notes.append(
            f"{READERS} readers opened {opened} times; delay p95 {p95 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms"
        )


def _wait_for(readers: list[Reader], count: int) -> None:
    try:
        until(lambda: all(len(reader.numbers) >= count for reader in readers), 30, "the last event")
    except TimeoutError:
        time.sleep(0)


def _difference(numbers: list[int], count: int) -> str:
    lost = len(set(range(count)) - set(numbers))
    return f"a reader missed {lost} events, heard {len(numbers) - len(set(numbers))} twice"


# ------------------------------------------------------------------ 58: everybody at once


def spike(kept: Round) -> None:
    """A hundred pages open at once; with fifty open the web process is killed, and all are back."""
    with Installation(kept.folder / "home") as product:
        said.make_project()
        dataset = product.upload("a.jsonl", said.lines(0, 500)).json()["dataset"]
        said.settle()
        for _ in range(kept.times):
            asyncio.run(_hundred(kept, product, dataset))
            asyncio.run(_fifty_through_a_restart(kept, product, dataset))
            kept.runs += 1
    kept.notes.append("slowest: from the kill to the last of fifty pages drawn again")


async def _hundred(kept: Round, product: Installation, dataset: int) -> None:
    began = time.monotonic()
    async with asyncio.timeout(60):
        await asyncio.gather(*(_open_page(kept, product, dataset) for _ in range(100)))
    seconds = time.monotonic() - began
    kept.check(seconds <= 15, f"a hundred pages at once took {seconds:.1f} s")
    kept.notes.append(f"100 pages at once: {seconds:.1f} s")


async def _open_page(kept: Round, product: Installation, dataset: int) -> None:
    async with Visitor(product.url, product.cookie, "calibration", f"dataset={dataset}") as visitor:
        await visitor.rerun()
        kept.check(not visitor.exceptions, f"a page showed {visitor.exceptions[:1]}")


async def _fifty_through_a_restart(kept: Round, product: Installation, dataset: int) -> None:
    opened = asyncio.Semaphore(0)
    killed = asyncio.Event()

    async def stay() -> float:
        async with Visitor(product.url, product.cookie, "calibration", f"dataset={dataset}") as visitor:
            await visitor.rerun()
            opened.release()
            assert visitor.socket is not None
            await visitor.socket.wait_closed()
        await killed.wait()
        return await _come_back(kept, product, dataset)

    pages = [asyncio.create_task(stay()) for _ in range(50)]
    for _ in range(50):
        await opened.acquire()
    began = time.monotonic()
    product.kill("web")
    killed.set()
    ends = await asyncio.gather(*pages)
    kept.took(max(ends) - began, 20, "the return of fifty pages")


async def _come_back(kept: Round, product: Installation, dataset: int) -> float:
    """As the browser does: try again, a little later each time."""
    pause = 0.5
    while True:
        try:
            await _open_page(kept, product, dataset)
        except (OSError, ConnectionClosed, InvalidHandshake):
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 3.0)
        else:
            return time.monotonic()


# ------------------------------------------------------------------ 52: a dependency that hangs


def held_store(kept: Round) -> None:
    """Somebody else holds the store's write lock: pages are read, writes wait or say so, then all goes on."""
    with Installation(kept.folder / "home") as product:
        said.make_project()
        dataset = product.upload("a.jsonl", said.lines(0, 500)).json()["dataset"]
        said.settle()
        for turn in range(kept.times):
            _hold(kept, product, dataset, 3.0 if turn % 2 else 13.0, turn)
            kept.runs += 1
        said.settle()
        said.audit_runs(kept)
        for name in ("web", "foreman", "runner"):
            kept.check(product.pid(name) is not None, f"the {name} fell over it")
    kept.notes.append("write lock held for 13 s and 3 s in turn; slowest: from its end to a new row read")


def _hold(kept: Round, product: Installation, dataset: int, seconds: float, turn: int) -> None:
    answers: list[int] = []
    body = said.lines(10_000 + turn * 100, 20)
    upload = threading.Thread(target=lambda: answers.append(product.upload(f"h{turn}.jsonl", body).status_code))
    with sqlite3.connect(product.home / "plumbline.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        upload.start()
        path = product.home / "inbox" / "faults" / "held.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab", buffering=0) as file:
            file.write(said.lines(turn * 30, 30))
        while time.monotonic() - began < seconds:
            asked = time.monotonic()
            kept.check(product.view(dataset).status_code == 200, "a page did not answer while the store was held")
            kept.check(time.monotonic() - asked <= 2, "a page waited for more than 2 s while the store was held")
            time.sleep(0.3)
        other.execute("ROLLBACK")
    other.close()
    with kept.timed(20, "the recovery"):
        wanted = (turn + 1) * 30
        until(lambda: (said.followed("faults", "held.jsonl") or [0, 0, 0, {}])[3].get("accepted") == wanted, 60, "it")
    upload.join(30)
    wanted_answers = (201,) if seconds < 10 else (201, 503)
    kept.check(
        bool(answers) and answers[0] in wanted_answers, f"held {seconds:.0f} s: an upload was answered {answers}"
    )


FAULTS = (
    Fault("51", "events heard by pages that close and open", 2_000, 10_000, delivery),
    Fault("52", "the store's lock is held by somebody else", 2, 10, held_store),
    Fault("58", "100 pages at once; web killed with 50 open", 1, 5, spike),
)
