"""People at work while things fall: rows are appended to files and sent to the API, files uploaded, pages read."""

from __future__ import annotations

import threading
import time
import zlib
from collections import Counter
from types import TracebackType

import httpx

from benchmarks.faults import said
from benchmarks.faults.case import Round
from benchmarks.faults.installation import Installation, until
from engine.actions import tokens

FILES = ("followed0.jsonl", "followed1.jsonl", "followed2.jsonl")
SENT = "sent.jsonl"
NUDGES = 4


class Workload:
    """Writes and reads until left. What was acknowledged is counted: `lines` by file, `uploads` by dataset."""

    def __init__(self, product: Installation, gap: float = 0.25) -> None:
        self.product = product
        self.gap = gap
        self.lines: Counter[str] = Counter()
        self.uploads: dict[int, int] = {}
        self.refused: Counter[int] = Counter()
        self.answers: Counter[int] = Counter()
        self.cut = 0
        self.slowest_answer = 0.0
        self._stop = threading.Event()
        jobs = (self._append, self._upload, self._send, self._read)
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
        self._stop.set()
        for thread in self._threads:
            thread.join(40)

    def finish(self, kept: Round) -> None:
        """Stop working, wait for what is open, and hold the store to everything that was acknowledged."""
        self.__exit__(None, None, None)
        said.settle()
        self._nudge()
        for name, count in self.lines.items():
            said.audit_lines(kept, "faults", name, count)
        for dataset, rows in self.uploads.items():
            self._audit_upload(kept, dataset, rows)
        said.audit_runs(kept)
        said.audit_store(kept, self.product.home)
        wrong = {status: count for status, count in self.answers.items() if status != 200}
        kept.check(not wrong, f"pages answered {wrong}")
        wrong = {status: count for status, count in self.refused.items() if status >= 500}
        kept.check(not wrong, f"uploads answered {wrong}")

    # ------------------------------------------------------------------ the three of them

    def _append(self) -> None:
        turn = 0
        while not self._stop.wait(self.gap):
            self._append_to(FILES[turn % len(FILES)], 1 + turn % 17)
            turn += 1

    def _append_to(self, name: str, count: int) -> None:
        path = self.product.home / "inbox" / "faults" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab", buffering=0) as file:
            file.write(self._next_lines(name, count))
        self.lines[name] += count

    def _next_lines(self, name: str, count: int) -> bytes:
        return said.lines(zlib.crc32(name.encode()) * 1000 + self.lines[name], count)

    def _send(self) -> None:
        """As a training loop does: the same batch under the same key until it is acknowledged."""
        path = f"/api/v1/projects/faults/datasets/{SENT.removesuffix('.jsonl')}/rows"
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/x-ndjson"}
        with httpx.Client(base_url=self.product.url, headers=headers, timeout=20, trust_env=False) as client:
            while not self._stop.wait(self.gap):
                count = 1 + self.lines[SENT] % 11
                batch = self._next_lines(SENT, count)
                key = f"batch-{self.lines[SENT]}"
                while not self._sent(client, path, batch, key):
                    if self._stop.wait(self.gap):
                        return
                self.lines[SENT] += count

    def _sent(self, client: httpx.Client, path: str, batch: bytes, key: str) -> bool:
        try:
            answer = client.post(path, content=batch, headers={"idempotency-key": key})
        except httpx.TransportError:
            self.cut += 1
            return False
        if answer.status_code != 201:
            self.refused[answer.status_code] += 1
        return answer.status_code == 201

    def _upload(self) -> None:
        turn = 0
        while not self._stop.wait(self.gap):
            turn += 1
            rows = 20 + turn % 30
            try:
                answer = self.product.upload(f"upload{turn}.jsonl", said.lines(1_000_000_000 + turn * 100, rows))
            except httpx.TransportError:
                self.cut += 1
                continue
            if answer.status_code == 201:
                self.uploads[answer.json()["dataset"]] = rows
            else:
                self.refused[answer.status_code] += 1

    def _read(self) -> None:
        with httpx.Client(
            base_url=self.product.url, headers={"cookie": self.product.cookie}, timeout=20, trust_env=False
        ) as client:
            while not self._stop.wait(self.gap):
                began = time.monotonic()
                try:
                    answer = client.get("/view/calibration", params={"dataset": self._shown})
                except httpx.TransportError:
                    self.cut += 1
                    continue
                self.answers[answer.status_code] += 1
                self.slowest_answer = max(self.slowest_answer, time.monotonic() - began)

    # ------------------------------------------------------------------ the reckoning

    def _first(self) -> int:
        found = said.followed("faults", "followed0.jsonl")
        return found[0] if found and found[1] else 0

    def _nudge(self) -> None:
        """Runs that lost their worker too often failed with that reason; the next row of the file is the next try."""
        for _ in range(NUDGES):
            late = [name for name, count in self.lines.items() if not self._complete(name, count)]
            for name in late:
                self._append_to(name, 1)
            if not late:
                return
            try:
                until(lambda names=late: all(self._complete(name, self.lines[name]) for name in names), 30, "it", 0.1)
            except TimeoutError:
                continue

    def _complete(self, name: str, count: int) -> bool:
        found = said.followed("faults", name)
        return bool(found and found[3].get("accepted", 0) >= count)

    def _audit_upload(self, kept: Round, dataset: int, rows: int) -> None:
        found = said.head("d.id = :id", id=dataset)
        if not kept.check(found is not None, f"the acknowledged upload {dataset} is gone"):
            return
        assert found is not None
        state, error = said.last_run(dataset)
        if state == "failed" and error.get("code") == "worker_lost":
            return
        kept.check(state == "done", f"the upload {dataset} is {state} ({error.get('code')})")
        accepted = found[3].get("accepted")
        kept.check(accepted == rows, f"the upload {dataset} holds {accepted} of {rows} rows")
