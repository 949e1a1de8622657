"""People at work while things fall: rows appended and sent to the API, files uploaded, views saved, pages read."""

from __future__ import annotations

import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from types import TracebackType

import httpx

from benchmarks.faults import reckoning, said
from benchmarks.faults.case import Round
from benchmarks.faults.installation import Installation, until
from benchmarks.faults.reckoning import Acknowledged
from engine.actions import tokens

FILES = ("followed0.jsonl", "followed1.jsonl", "followed2.jsonl")
SENT = "sent.jsonl"
BATCH, BATCH_ROWS = 50, 60
MOST_SENT = 11
NUDGES = 4
PATIENCE = 30.0


class Workload:
    """Writes and reads until left. What was acknowledged is kept in `done`; `cut` requests got no answer at all."""

    def __init__(self, product: Installation, gap: float = 0.25) -> None:
        self.product = product
        self.gap = gap
        self.done = Acknowledged()
        self.refused: Counter[int] = Counter()
        self.answers: Counter[int] = Counter()
        self.cut = 0
        self.nudged = 0
        self.sending = 0
        self.slowest_answer = 0.0
        self.stop = threading.Event()
        jobs = (self._append, self._upload, self._send, self._save, self._read)
        self._threads = [threading.Thread(target=job, daemon=True) for job in jobs]
        self._shown = 0
        self.token = ""

    def __enter__(self) -> Workload:
        said.make_project()
        self.token = tokens.create(self.product.who, "faults", "write", "faults")
        self._append_to(FILES[0], 600)
        self._shown = until(self._first, 60, "the first dataset")
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop.set()
        for thread in self._threads:
            thread.join(40)

    def finish(self, kept: Round, struck: Sequence[datetime] = ()) -> None:
        """Stop working, wait for what is open, and hold the store to everything that was acknowledged."""
        self.__exit__(None, None, None)
        self._land(kept)
        said.settle()
        self._nudge(kept)
        said.settle()
        reckoning.audit(kept, self.product, self.done, struck)
        wrong = {status: count for status, count in self.answers.items() if status != 200}
        kept.check(not wrong, f"pages answered {wrong}")
        wrong = {status: count for status, count in self.refused.items() if status >= 500}
        kept.check(not wrong, f"writes were answered {wrong}")
        done = self.done
        kept.notes.append(
            f"{sum(done.lines.values()):,} rows ({done.lines[SENT]:,} through the API), {len(done.uploads):,} uploads, "
            f"{len(done.batches):,} dropped files, {len(done.views):,} saved views checked; {done.given_up} given up "
            f"with the reason, {self.nudged} files read at their next row only"
        )
        kept.notes.append(f"{sum(self.answers.values()):,} reads, slowest {self.slowest_answer:.1f} s")

    def drop_batch(self) -> None:
        """Fifty small files into the inbox at once."""
        folder = self.product.home / "inbox" / "batches"
        folder.mkdir(parents=True, exist_ok=True)
        for _ in range(BATCH):
            first = 2_000_000_000 + len(self.done.batches) * 100
            name = f"{len(self.done.batches)}.jsonl"
            (folder / name).write_bytes(said.lines(first, BATCH_ROWS))
            self.done.batches[name] = (first, BATCH_ROWS)

    # ------------------------------------------------------------------ what each of them does

    def _append(self) -> None:
        turn = 0
        while not self.stop.wait(self.gap):
            self._append_to(FILES[turn % len(FILES)], 1 + turn % 17)
            turn += 1

    def _append_to(self, name: str, count: int) -> None:
        path = self.product.home / "inbox" / "faults" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab", buffering=0) as file:
            file.write(self._next_lines(name, count))
        self.done.lines[name] += count

    def _next_lines(self, name: str, count: int) -> bytes:
        self.done.first[name] = zlib.crc32(name.encode()) * 1000
        return said.lines(self.done.first[name] + self.done.lines[name], count)

    def _send(self) -> None:
        """As a training loop does: the same batch under the same key until it is acknowledged."""
        path = f"/api/v1/projects/faults/datasets/{SENT.removesuffix('.jsonl')}/rows"
        with self._client("application/x-ndjson") as client:
            while not self.stop.wait(self.gap):
                count = 1 + self.done.lines[SENT] % MOST_SENT
                self.sending = count
                batch = self._next_lines(SENT, count)
                headers = {"idempotency-key": f"batch-{self.done.lines[SENT]}"}
                while not self._asked(lambda b=batch, h=headers: client.post(path, content=b, headers=h), 201):  # type: ignore[misc]
                    if self.stop.wait(self.gap):
                        return
                self.done.lines[SENT] += count
                self.sending = 0

    def _save(self) -> None:
        """A view a turn, each under a name of its own."""
        turn = 0
        with self._client("application/json") as client:
            while not self.stop.wait(self.gap):
                turn += 1
                body = {"project": "faults", "name": f"view {turn}", "page": "calibration", "query": f"turn={turn}"}
                if self._asked(lambda b=body: client.post("/api/v1/actions/view.save", json=b), 200):  # type: ignore[misc]
                    self.done.views[body["name"]] = body["query"]

    def _upload(self) -> None:
        turn = 0
        while not self.stop.wait(self.gap):
            turn += 1
            content = said.lines(1_000_000_000 + turn * 100, 20 + turn % 30)
            answer = self._asked(lambda t=turn, c=content: self.product.upload(f"upload{t}.jsonl", c), 201)  # type: ignore[misc]
            if answer is not None:
                self.done.uploads[answer.json()["dataset"]] = content

    def _read(self) -> None:
        headers = {"cookie": self.product.cookie}
        with httpx.Client(base_url=self.product.url, headers=headers, timeout=20, trust_env=False) as client:
            while not self.stop.wait(self.gap):
                began = time.monotonic()
                try:
                    answer = client.get("/view/calibration", params={"dataset": self._shown})
                except httpx.TransportError:
                    self.cut += 1
                    continue
                self.answers[answer.status_code] += 1
                self.slowest_answer = max(self.slowest_answer, time.monotonic() - began)

    def _client(self, sends: str) -> httpx.Client:
        headers = {"authorization": f"Bearer {self.token}", "content-type": sends}
        return httpx.Client(base_url=self.product.url, headers=headers, timeout=20, trust_env=False)

    def _asked(self, ask: Callable[[], httpx.Response], wanted: int) -> httpx.Response | None:
        """The answer, where it is the one that acknowledges."""
        try:
            answer = ask()
        except httpx.TransportError:
            self.cut += 1
            return None
        if answer.status_code == wanted:
            return answer
        self.refused[answer.status_code] += 1
        return None

    # ------------------------------------------------------------------ before the reckoning

    def _land(self, kept: Round) -> None:
        """The batch that was never acknowledged is there whole, or not at all."""
        journal = self.product.home / "appending" / "faults" / f"{SENT}.journal"
        until(lambda: not journal.exists() or journal.stat().st_size == 0, 30, "the end of the last append")
        path = self.product.home / "inbox" / "faults" / SENT
        more = (path.read_bytes().count(b"\n") if path.exists() else 0) - self.done.lines[SENT]
        kept.check(more in (0, self.sending), f"{more} lines of {SENT} were not acknowledged, {self.sending} expected")
        self.done.lines[SENT] += max(more, 0)

    def _first(self) -> int:
        found = said.followed("faults", FILES[0])
        return found[0] if found and found[1] else 0

    def _nudge(self, kept: Round) -> None:
        """A file is behind only where its reading failed by a worker that died too often: its next row is the next try.

        Anything else has to be read by itself.
        """
        for turn in range(NUDGES):
            late = self._late(PATIENCE)
            for name in late:
                found = said.followed("faults", name)
                given_up = found is not None and reckoning.given_up(found[0])
                kept.check(given_up or turn > 0, f"{name} is not read to its end, and nothing says why")
                self.nudged += 1
                self._append_to(name, 1)
            if not late:
                return

    def _late(self, seconds: float) -> list[str]:
        """The files that are not read to their end within this time."""

        def late() -> list[str]:
            return [name for name, count in self.done.lines.items() if not self._complete(name, count)]

        with suppress(TimeoutError):
            until(lambda: not late(), seconds, "it", 0.1)
        return late()

    def _complete(self, name: str, count: int) -> bool:
        found = said.followed("faults", name)
        return bool(found and found[3].get("accepted", 0) >= count)
