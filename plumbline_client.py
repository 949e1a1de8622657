"""Send what a training run or an evaluation produces to Plumbline. One file, standard library only, Python 3.8 on.

    from plumbline_client import Client

    client = Client("https://plumbline.example", token="pl_…", project="main", dataset="run-7")
    client.log(step=10, loss=0.31, kl=0.02)                             # curves
    client.log_pair(score_a=1.2, score_b=0.3, label=1, prompt_id="q1")  # judged pairs
    client.log_score(score=0.8, correct=True, prompt_id="q1")           # scores against a truth

A dataset holds one kind of row; `dataset=` in any of these sends to another one. Logging never waits and never raises.
Rows leave in batches from threads of their own. A batch lies on disk until the server has acknowledged it, under a key
by which the server knows it again: after a lost answer, a restart of the server or of this program, it is there once.
At a shell, `python plumbline_client.py --help` sends a file or what is piped in.
"""

from __future__ import annotations

import argparse
import atexit
import gzip
import hashlib
import json
import logging
import math
import os
import random
import re
import socket
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["Client"]

ROW_BYTES = 1024**2
"""The longest row that the server takes."""

BATCH_BYTES = 1024**2
MEMORY_BYTES = 16 * 1024**2
"""Batches that are kept in memory where the disk does not take them."""

FIRST_WAIT, LONGEST_WAIT = 0.5, 60.0
LOOK_SECONDS, LEFT_AFTER = 30.0, 600.0
"""How often a client looks for batches left behind, and the age at which those count whose process it cannot see."""

FINAL = frozenset({400, 409, 413, 415, 422})
"""Refusals that nothing can lift. A new token, a project made, or time lifts all others."""

HOST = re.sub(r"[^A-Za-z0-9.-]+", "-", socket.gethostname())[:64] or "host"
BATCH = re.compile(r"[0-9]{20}~[0-9]+~[A-Za-z0-9._-]+~[A-Za-z0-9._-]+~[A-Za-z0-9.-]+-[0-9]+-[0-9a-f]{32}")

log = logging.getLogger("plumbline")


class Batch(NamedTuple):
    """Rows of one dataset that go in one request; `name` says all about them. `body` is None where it lies on disk."""

    name: str
    size: int
    body: bytes | None = None

    @property
    def parts(self) -> list[str]:
        """Time, rows, project, dataset, key."""
        return self.name.split("~")

    @property
    def owner(self) -> tuple[str, str]:
        """Machine and process that packed it."""
        host, pid, _ = self.parts[4].rsplit("-", 2)
        return host, pid

    @property
    def rows(self) -> int:
        """How many rows."""
        return int(self.parts[1])


class Client:
    """Sends rows to one project. Safe to use from many threads and after a fork. `close` at the end is automatic.

    `url` and `token` default to PLUMBLINE_URL and PLUMBLINE_TOKEN. `run` names the curves of a run within a dataset.
    Up to `queue_rows` wait in memory and `spool_bytes` in the folder `spool`; beyond that the oldest are dropped and
    counted in `stats`.
    """

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        project: str = "main",
        dataset: str = "rows",
        *,
        run: str | None = None,
        spool: str | os.PathLike[str] | None = None,
        batch_rows: int = 1000,
        batch_seconds: float = 2.0,
        queue_rows: int = 100_000,
        spool_bytes: int = 256 * 1024**2,
        timeout: float = 10.0,
        exit_seconds: float = 5.0,
    ) -> None:
        self.url = (url or os.environ.get("PLUMBLINE_URL") or "http://127.0.0.1:8501").rstrip("/")
        self.project, self.dataset, self.run = safe_name(project), safe_name(dataset), run
        self._token = token or os.environ.get("PLUMBLINE_TOKEN") or ""
        self._batch_rows, self._batch_seconds, self._queue_rows = batch_rows, batch_seconds, queue_rows
        self._timeout, self._exit_seconds = timeout, exit_seconds
        self._spool = Spool(spool_folder(spool, f"{self.url} {self.project}"), spool_bytes)
        self._forget()
        _clients.add(self)

    def _forget(self) -> None:
        """Start empty: at first, and in the child of a fork, whose parent sends what was logged before."""
        self._changed = threading.Condition()
        self._rows: deque[tuple[float, str, bytes]] = deque()
        self._counts = {"logged": 0, "sent": 0, "dropped": 0, "refused": 0}
        self._packing = self._step = self._failures = self._flushes = 0
        self._warned_at, self._hurry, self._closing = -math.inf, False, False
        self._threads: list[threading.Thread] = []
        self._spool.forget()

    # -------------------------------------------------------------- logging

    def log(self, step: int | None = None, *, dataset: str | None = None, **metrics: Any) -> None:
        """Points of curves: numbers by name at a step of training; without a step they count up from 0.

        What is no finite number is left out.
        """
        self.log_metrics(metrics, step, dataset=dataset)

    def log_metrics(self, metrics: dict[str, Any], step: int | None = None, *, dataset: str | None = None) -> None:
        """As `log`, for names that are no Python names."""
        try:
            if step is None:
                step, self._step = self._step, self._step + 1
            numbers = {str(name): number(value) for name, value in metrics.items()}
            data = {name: value for name, value in numbers.items() if value is not None}
            row: dict[str, Any] = {"step": int(step), "time": round(time.time(), 3), "data": data}
            if self.run:
                row["run"] = self.run
        except Exception as error:  # noqa: BLE001 - training goes on whatever it logs
            self._lose(1, f"a row could not be written: {error!r}")
        else:
            if data:
                self.log_row(row, dataset=dataset)

    def log_pair(
        self,
        score_a: Any = None,
        score_b: Any = None,
        label: Any = None,
        *,
        margin: Any = None,
        dataset: str | None = None,
        **more: Any,
    ) -> None:
        """A judged pair: two scores (or a margin, a minus b) and P(a preferred): 1, 0, or 0.5 for a tie.

        `more` may hold prompt_id, prompt, response_a, response_b, step, judge, annotator and columns to slice by.
        """
        scores = {"score_a": score_a, "score_b": score_b, "margin": margin, "label": label}
        self.log_row({**{name: value for name, value in scores.items() if value is not None}, **more}, dataset=dataset)

    def log_score(self, score: Any, correct: Any, *, dataset: str | None = None, **more: Any) -> None:
        """A single score beside a truth in 0 to 1. `more` as for `log_pair`."""
        self.log_row({"score": score, "correct": correct, **more}, dataset=dataset)

    def log_row(self, row: dict[str, Any], *, dataset: str | None = None) -> None:
        """Any row that the server's readers recognise (docs/formats.md)."""
        try:
            line = encoded(dict(row))
            if len(line) > ROW_BYTES:
                self._lose(1, f"a row is longer than {ROW_BYTES} bytes")
                return
            self._put(safe_name(dataset) if dataset else self.dataset, line)
        except Exception as error:  # noqa: BLE001 - training goes on whatever it logs
            self._lose(1, f"a row could not be written: {error!r}")

    # -------------------------------------------------------------- state

    @property
    def stats(self) -> dict[str, int]:
        """Rows logged, sent (acknowledged), waiting (in memory or on disk), dropped, and refused by the server."""
        with self._changed:
            waiting = len(self._rows) + self._packing + self._spool.rows
            return {**self._counts, "waiting": waiting, "dropped": self._counts["dropped"] + self._spool.dropped}

    def flush(self, seconds: float = 10.0) -> bool:
        """Send everything now. False where that was not done in time; the rest is sent later, also by the next run."""
        end = time.monotonic() + seconds
        with self._changed:
            self._flushes, self._hurry, self._failures = self._flushes + 1, True, 0
            self._changed.notify_all()
            done = self._changed.wait_for(self._is_done, max(end - time.monotonic(), 0))
            self._hurry = False
        return done

    def close(self, seconds: float = 10.0) -> bool:
        """Flush, then end the threads. What is logged later starts them again."""
        done = self.flush(seconds) if self._threads else not self._spool.rows
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(1.0)
        self._threads = []
        atexit.unregister(self._at_exit)
        return done

    def _at_exit(self) -> None:
        try:
            if not self.close(self._exit_seconds):
                log.warning("plumbline: %d rows wait in %s for the next run", self._spool.rows, self._spool.folder)
        except Exception:
            log.debug("closing failed", exc_info=True)

    # -------------------------------------------------------------- inside

    def _put(self, dataset: str, line: bytes) -> None:
        with self._changed:
            self._counts["logged"] += 1
            self._rows.append((time.monotonic(), dataset, line))
            over = len(self._rows) > self._queue_rows
            if over:
                self._rows.popleft()
            if len(self._rows) >= self._batch_rows:
                self._changed.notify_all()
        if over:
            self._lose(1, f"more than {self._queue_rows} rows wait in memory")
        if not self._threads:
            self._start()

    def _start(self) -> None:
        with self._changed:
            if self._threads:
                return
            self._closing = False
            work = {"plumbline-pack": self._pack, "plumbline-send": self._send}
            self._threads = [threading.Thread(target=do, name=name, daemon=True) for name, do in work.items()]
        for thread in self._threads:
            thread.start()
        atexit.register(self._at_exit)

    def _lose(self, rows: int, why: str) -> None:
        """Count rows that are lost, and say so at most once in ten seconds."""
        with self._changed:
            self._counts["dropped"] += rows
        self._warn(f"{why}; {self.stats['dropped']} rows were dropped so far")

    def _warn(self, words: str) -> None:
        if time.monotonic() > self._warned_at + 10:
            self._warned_at = time.monotonic()
            log.warning("plumbline: %s", words)

    def _is_done(self) -> bool:
        return not self._rows and not self._packing and not self._spool.rows

    # -------------------------------------------------------------- the thread that packs

    def _pack(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(self._is_due, self._batch_seconds)
                if self._closing and not self._rows:
                    return
                taken = [self._rows.popleft() for _ in range(min(len(self._rows), self._batch_rows))]
                self._packing = len(taken)
            try:
                for dataset, lines in by_dataset(taken):
                    self._spool.keep(self.project, dataset, lines)
            except Exception as error:  # noqa: BLE001 - the thread has to live on
                self._lose(len(taken), f"a batch could not be packed: {error!r}")
            with self._changed:
                self._packing = 0
                self._changed.notify_all()

    def _is_due(self) -> bool:
        if not self._rows:
            return self._closing
        full = len(self._rows) >= self._batch_rows
        return full or self._hurry or self._closing or time.monotonic() - self._rows[0][0] >= self._batch_seconds

    # -------------------------------------------------------------- the thread that sends

    def _send(self) -> None:
        while True:
            flushes, batch = self._flushes, self._spool.oldest()
            wait = 0.0 if batch is None else self._deliver(batch)
            with self._changed:
                self._changed.notify_all()
                if batch is None:
                    self._changed.wait_for(lambda: self._closing or self._spool.rows, LOOK_SECONDS)
                elif wait:
                    self._changed.wait_for(lambda: self._closing or self._flushes != flushes, wait)  # noqa: B023
                if self._closing:
                    return

    def _deliver(self, batch: Batch) -> float:
        """Send a batch; the seconds to wait before the next attempt, 0 where it is over with."""
        try:
            body = self._spool.read(batch)
            if body is None:
                return 0.0
            answer = self._post(batch, body)
        except Exception as error:  # noqa: BLE001 - whatever the network raises, the batch stays
            return self._put_off(f"{self.url} does not answer ({error!r})", 0.0)
        if answer.told.get("rows") == batch.rows and answer.status == 201:
            return self._end(batch, "sent", self._spool.drop)
        words = f"{answer.status} {answer.told.get('code', '')}".strip()
        if answer.status in FINAL:
            self._warn(f"{batch.rows} rows were refused for good: {words}, {answer.told.get('message', '')}")
            return self._end(batch, "refused", self._spool.refuse)
        return self._put_off(f"{self.url} answers {words}", answer.retry_after)

    def _end(self, batch: Batch, what: str, forget: Callable[[Batch], None]) -> float:
        forget(batch)
        with self._changed:
            self._failures = 0
            self._counts[what] += batch.rows
        return 0.0

    def _put_off(self, why: str, at_least: float) -> float:
        self._warn(f"{why}; {self._spool.rows} rows wait")
        wait: float = min(FIRST_WAIT * 2 ** min(self._failures, 20), LONGEST_WAIT)
        self._failures += 1
        return max(wait * random.uniform(0.5, 1.0), min(at_least, LONGEST_WAIT))  # noqa: S311 - jitter

    def _post(self, batch: Batch, body: bytes) -> Answered:
        _, _, project, dataset, key = batch.parts
        path = f"/api/v1/projects/{project}/datasets/{dataset}/rows"
        headers = {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip", "Idempotency-Key": key}
        return ask(self.url + path, self._token, "POST", body, headers, self._timeout)


_clients: weakref.WeakSet[Client] = weakref.WeakSet()


def _forked() -> None:
    """In the child of a fork: locks may be held by threads that do not exist here, and rows are the parent's."""
    for client in list(_clients):
        client._forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


class Spool:
    """Batches in a folder, oldest first; in memory where the disk does not take them. Shared by processes."""

    def __init__(self, folder: Path, most: int) -> None:
        self.folder, self._most = folder, most
        self.forget()

    def forget(self) -> None:
        """Start with what lies in the folder."""
        self._lock = threading.RLock()
        self._held: deque[Batch] = deque()
        self.dropped, self._looked_at = 0, -math.inf

    @property
    def rows(self) -> int:
        """Rows that wait here, of this process and left behind by others."""
        with self._lock:
            return sum(batch.rows for batch in self._held)

    def keep(self, project: str, dataset: str, lines: list[bytes]) -> None:
        """Pack rows and have them on disk before they are sent."""
        for part in pieces(lines):
            body = gzip.compress(b"\n".join(part) + b"\n", 6)
            name = f"{time.time_ns():020d}~{len(part)}~{project}~{dataset}~{HOST}-{os.getpid()}-{uuid.uuid4().hex}"
            batch = Batch(name, len(body), None if self._write(name, body) else body)
            with self._lock:
                self._held.append(batch)
                lost = list(self._beyond())
            for old in lost:
                self._remove(old)

    def oldest(self) -> Batch | None:
        """The batch to send next; now and then this looks for those of processes that died."""
        if time.monotonic() > self._looked_at + LOOK_SECONDS:
            self._looked_at = time.monotonic()
            self._adopt()
        with self._lock:
            return self._held[0] if self._held else None

    def read(self, batch: Batch) -> bytes | None:
        """The packed rows; None where somebody else sent them meanwhile."""
        if batch.body is not None:
            return batch.body
        try:
            return (self.folder / batch.name).read_bytes()
        except FileNotFoundError:
            self.drop(batch)
            return None

    def drop(self, batch: Batch) -> None:
        """Forget a batch that arrived."""
        self._remove(batch)
        with self._lock:
            if batch in self._held:
                self._held.remove(batch)

    def refuse(self, batch: Batch) -> None:
        """Put a batch aside that the server will never take, for a person to look at."""
        if batch.body is None:
            try:
                (self.folder / batch.name).replace(self.folder / f"{batch.name}.refused")
            except OSError:
                log.debug("a refused batch could not be kept", exc_info=True)
        self.drop(batch)

    def _write(self, name: str, body: bytes) -> bool:
        part = self.folder / f".{name}.part"
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            part.write_bytes(body)
            part.replace(self.folder / name)
        except OSError:
            self._unlink(part)
            return False
        return True

    def _beyond(self) -> Iterator[Batch]:
        """Take out the oldest batches that are too much for the disk or for memory."""
        for in_memory, most in ((False, self._most), (True, MEMORY_BYTES)):
            mine = [batch for batch in self._held if (batch.body is not None) == in_memory]
            size = sum(batch.size for batch in mine)
            for batch in mine[:-1]:
                if size <= most:
                    break
                size -= batch.size
                self._held.remove(batch)
                self.dropped += batch.rows
                yield batch

    def _adopt(self) -> None:
        """Take over batches that were left behind by a process that is gone."""
        try:
            found = [entry for entry in os.scandir(self.folder) if BATCH.fullmatch(entry.name)]
            left = [Batch(entry.name, entry.stat().st_size) for entry in found if is_left(entry)]
        except OSError:
            return
        with self._lock:
            known = {batch.name for batch in self._held}
            self._held = deque(sorted([*self._held, *(one for one in left if one.name not in known)]))

    def _remove(self, batch: Batch) -> None:
        if batch.body is None:
            self._unlink(self.folder / batch.name)

    def _unlink(self, path: Path) -> None:
        try:
            path.unlink()
        except OSError:
            log.debug("%s could not be removed", path, exc_info=True)


def is_left(entry: os.DirEntry[str]) -> bool:
    """Whether the process that packed a batch is gone; one of another machine counts as gone after a while."""
    host, pid = Batch(entry.name, 0).owner
    if host == HOST and os.name == "posix":
        return not lives(int(pid))
    return time.time() - entry.stat().st_mtime > LEFT_AFTER


def lives(pid: int) -> bool:
    """Whether a process of this machine is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


# ------------------------------------------------------------------ rows


def encoded(row: dict[str, Any]) -> bytes:
    """A row as JSON that every reader takes: numbers finite or null, texts without half characters."""
    try:
        text = json.dumps(row, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError):
        text = json.dumps(plain(row), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")


def plain(value: Any) -> Any:
    """A value in the types of JSON: arrays as lists, what is no number as null, anything else as text."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(one) for one in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    return str(value)


def number(value: Any) -> int | float | None:
    """A finite number, from a plain one or the single value of an array or tensor; None for anything else."""
    if isinstance(value, (str, bytes)) or value is None:
        return None
    if isinstance(value, int):
        return int(value)
    try:
        found = float(value)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def safe_name(name: str) -> str:
    """A name as the server takes it: letters, digits, dot, dash and underscore, 100 at most."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", str(name)).lstrip("._-")[:100] or "rows"


def by_dataset(rows: Iterable[tuple[float, str, bytes]]) -> Iterator[tuple[str, list[bytes]]]:
    """Rows that were logged, by dataset, in the order they came."""
    found: dict[str, list[bytes]] = {}
    for _, dataset, line in rows:
        found.setdefault(dataset, []).append(line)
    yield from found.items()


def pieces(lines: Iterable[bytes], most: int = BATCH_BYTES) -> Iterator[list[bytes]]:
    """Lines in lists that are not much larger than a request should be."""
    part: list[bytes] = []
    size = 0
    for line in lines:
        if part and size + len(line) > most:
            yield part
            part, size = [], 0
        part.append(line)
        size += len(line) + 1
    if part:
        yield part


def spool_folder(chosen: str | os.PathLike[str] | None, target: str) -> Path:
    """Where batches for this target lie."""
    named = chosen or os.environ.get("PLUMBLINE_SPOOL")
    try:
        home = Path(named) if named else Path.home() / ".cache" / "plumbline"
    except RuntimeError:
        home = Path(tempfile.gettempdir()) / "plumbline"
    return home / hashlib.sha256(target.encode()).hexdigest()[:12]


# ------------------------------------------------------------------ requests


class Answered(NamedTuple):
    """What the server said: its status, the seconds it asks to wait, and its JSON."""

    status: int
    retry_after: float
    told: dict[str, Any]


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """An answer from elsewhere is none: a sign-in page that says 200 has taken no rows."""

    def redirect_request(self, *_: Any) -> None:
        """Follow nothing."""


OPENER = urllib.request.build_opener(NoRedirects)


def ask(url: str, token: str, method: str, body: Any, headers: dict[str, str], timeout: float) -> Answered:
    """Send one request. Raises OSError where no answer comes."""
    if not url.startswith(("http://", "https://")):
        raise ValueError("the address has to begin with http:// or https://")
    headers = {"Authorization": f"Bearer {token}", "User-Agent": "plumbline-client", **headers}
    request = urllib.request.Request(url, body, headers, method=method)  # noqa: S310 - checked above
    try:
        answer = OPENER.open(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        try:
            told = json.loads(answer.read(ROW_BYTES))
        except ValueError:
            told = {}
        after = answer.headers.get("Retry-After", "")
        status = int(answer.status if answer.status is not None else answer.code)
        return Answered(status, float(after) if after.isdigit() else 0.0, told if isinstance(told, dict) else {})


# ------------------------------------------------------------------ transformers


def __getattr__(name: str) -> Any:
    """`PlumblineCallback`, made when it is asked for: importing transformers takes seconds."""
    if name != "PlumblineCallback":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from transformers import TrainerCallback

    class PlumblineCallback(TrainerCallback):  # type: ignore[misc]
        """Logs what a transformers or TRL trainer logs: `Trainer(…, callbacks=[PlumblineCallback()])`.

        Takes a `client`, or the arguments of one. The dataset is the trainer's run name where none is given.
        """

        def __init__(self, client: Client | None = None, **arguments: Any) -> None:
            self.client, self._named = client or Client(**arguments), client is not None or "dataset" in arguments

        def on_train_begin(self, args: Any, *_: Any, **_more: Any) -> None:
            """Take the run's name."""
            if not self._named:
                named = getattr(args, "run_name", None) or Path(str(getattr(args, "output_dir", ""))).name
                self.client.dataset = safe_name(named or "training")

        def on_log(self, _args: Any, state: Any, *_: Any, logs: dict[str, Any] | None = None, **_more: Any) -> None:
            """Send the numbers that were logged."""
            if logs and getattr(state, "is_world_process_zero", True):
                self.client.log_metrics(logs, getattr(state, "global_step", None))

        def on_train_end(self, *_: Any, **_more: Any) -> None:
            """Send what is left."""
            self.client.flush()

    globals()[name] = PlumblineCallback
    return PlumblineCallback


# ------------------------------------------------------------------ the command line

TRIES = 6
EXAMPLES = """examples:
  python plumbline_client.py scores.csv                      a whole file of any format that is read
  python plumbline_client.py pairs.jsonl --dataset judge-v2  JSON lines, appended to a dataset that grows
  tail -f log.jsonl | python plumbline_client.py - --dataset run-7

PLUMBLINE_URL and PLUMBLINE_TOKEN say where to and as whom. The same file sent twice is there once.
exit codes: 0 done, 1 the server did not answer, 2 usage, 3 refused"""


def main(arguments: list[str] | None = None) -> int:
    """Send a file, or what is piped in."""
    parser = argparse.ArgumentParser(
        description="Send a file or JSON lines to Plumbline.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", metavar="FILE", help="what to send; - for what is piped in")
    parser.add_argument("--url", default=os.environ.get("PLUMBLINE_URL", "http://127.0.0.1:8501"))
    parser.add_argument("--project", default="main", help="default: main")
    parser.add_argument("--dataset", help="append JSON lines to this dataset")
    parser.add_argument("--token-file", type=Path, metavar="FILE", help="read the token from here")
    args = parser.parse_args(arguments)
    if args.file == "-" and not args.dataset:
        parser.error("what is piped in needs --dataset")
    token = args.token_file.read_text().strip() if args.token_file else os.environ.get("PLUMBLINE_TOKEN", "")
    try:
        return send_rows(args, token) if args.dataset else send_file(args, token)
    except OSError as error:
        sys.stderr.write(f"plumbline_client: {error}\n")
        return 1


def send_rows(args: argparse.Namespace, token: str) -> int:
    """Append lines to a dataset, a request at a time."""
    path = f"/api/v1/projects/{safe_name(args.project)}/datasets/{safe_name(args.dataset)}/rows"
    headers = {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"}
    rows = 0
    for place, part in enumerate(pieces(lines_of(args.file))):
        content = b"\n".join(part) + b"\n"
        named = uuid.uuid4().bytes if args.file == "-" else b"%d %d " % (place, len(part))
        key = hashlib.sha256(named + content).hexdigest()
        answer = insist(args.url + path, token, "POST", gzip.compress(content), {**headers, "Idempotency-Key": key})
        if answer.status != 201:
            return refusal(answer)
        rows += int(answer.told["rows"])
    sys.stdout.write(f"{rows} rows are there\n")
    return 0


def send_file(args: argparse.Namespace, token: str) -> int:
    """Send a whole file."""
    file = Path(args.file)
    name = urllib.parse.quote(file.name, safe="")
    url = f"{args.url}/api/v1/projects/{safe_name(args.project)}/files/{name}"
    answer = insist(url, token, "PUT", file, {"Content-Type": "application/octet-stream"})
    if answer.status != 201:
        return refusal(answer)
    sys.stdout.write(f"dataset {answer.told['dataset']}\n")
    return 0


def lines_of(name: str) -> Iterator[bytes]:
    """The lines of a file (packed or not) or of what is piped in, without blank ones."""
    if name == "-":
        yield from (line.strip() for line in sys.stdin.buffer if line.strip())
        return
    with gzip.open(name, "rb") if name.endswith(".gz") else open(name, "rb") as file:  # noqa: PTH123
        yield from (line.strip() for line in file if line.strip())


def insist(url: str, token: str, method: str, body: bytes | Path, headers: dict[str, str]) -> Answered:
    """Ask until there is an answer that says yes or no. Raises OSError where there is none."""
    for left in range(TRIES, 0, -1):
        after = 0.0
        try:
            answer = ask_with(url, token, method, body, headers)
        except OSError:
            if left == 1:
                raise
        else:
            if left == 1 or (answer.status < 500 and answer.status != 429):
                return answer
            after = answer.retry_after
        time.sleep(max(after, FIRST_WAIT * 2 ** (TRIES - left) * random.uniform(0.5, 1.0)))  # noqa: S311 - jitter
    raise OSError("no answer")


def ask_with(url: str, token: str, method: str, body: bytes | Path, headers: dict[str, str]) -> Answered:
    """One request with bytes or with a file, which is not loaded into memory."""
    if isinstance(body, bytes):
        return ask(url, token, method, body, headers, 60)
    with body.open("rb") as file:
        return ask(url, token, method, file, {**headers, "Content-Length": str(body.stat().st_size)}, 600)


def refusal(answer: Answered) -> int:
    """Say why; the exit code."""
    line = f" (line {answer.told['line']} of the request)" if "line" in answer.told else ""
    sys.stderr.write(f"plumbline_client: {answer.status} {answer.told.get('message', 'refused')}{line}\n")
    return 1 if answer.status >= 500 or answer.status == 429 else 3


if __name__ == "__main__":
    sys.exit(main())
