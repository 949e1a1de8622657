"""The parent's side of the limited child: ask it to read or observe, outlive whatever happens to it.

    with Child() as child:
        done = child.read(path, "scores.jsonl", {}, folder)
        child.observe(done.segment_path, "calibration", {}, folder / "state.npz")

The child is started once and reused; a fresh one takes its place after many requests, or when its memory has grown.
It is started meanwhile: a row that was appended does not wait for it, and is read at the priority of a page.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from engine import errors
from engine.errors import Conflict, InputRefused, LimitExceeded, PlumblineError
from engine.formats.limits import MIB, Limits
from engine.formats.reading import FollowState, Saved, follow_from_dict
from engine.formats.segments import UNFINISHED
from engine.settings import ROOT, get_settings
from jobs.observing import Partial
from jobs.priority import weigh_session

PROGRAM = "jobs.child_main"
START_SECONDS = 300.0
REQUESTS_PER_CHILD = 500
GROWN_BYTES = 512 * MIB
SMALL_BYTES = MIB
"""Up to here a request is what somebody follows live: read at once, also by a child that is to be replaced."""
MODEST = 10
"""The niceness of the session of a child that is at more: a tenth of the weight of one that serves pages."""
PRINTED_BYTES = 64 * 1024
MOST_PRINTED_BYTES = 16 * MIB
LOOK_SECONDS = 0.1
Told = Callable[[Mapping[str, Any]], None]
"""Hears what the child says before it is done."""

_SECRET = ("TOKEN", "SECRET", "PASSWORD", "KEY", "CREDENTIAL")


@dataclass(frozen=True, slots=True)
class ReadDone:
    """A file that was read. No segment where a followed file had no new row; `follow` where it can be followed."""

    segment_path: Path | None
    segment_sha256: str | None
    rows: int
    size: int
    report: dict[str, Any]
    follow: FollowState | None
    duration: float


@dataclass(frozen=True, slots=True)
class ObserveDone:
    """A segment that was observed: its rows, the seconds it took."""

    rows: int
    duration: float


@dataclass
class Child:
    """One limited child process. Its methods may be called from one thread at a time; `cancel` from any.

    `memory` is what it may use on top of its libraries, in bytes; `seconds` bounds the processor time of one request,
    and twice that its duration. Every method raises the errors of `engine.errors` only: those the readers raise,
    LimitExceeded with code `memory` or `time`, InputRefused with code `reader_died`, Conflict with code `cancelled`.
    """

    memory: int = field(default_factory=lambda: get_settings().reader_memory_bytes)
    seconds: int = field(default_factory=lambda: get_settings().reader_seconds)
    limits: Limits = field(default_factory=Limits)
    _process: subprocess.Popen[bytes] | None = None
    _successor: subprocess.Popen[bytes] | None = None
    _niceness: int = MODEST
    _buffer: bytes = b""
    _served: int = 0
    _born_with: int = 0
    _holds: int = 0
    _last_pid: int = 0
    _cancelled: bool = False
    _output: int = -1
    _ending: threading.Lock = field(default_factory=threading.Lock)

    # ------------------------------------------------------------------ life

    def start(self) -> None:
        """Start the child and wait until its libraries are loaded (so that the first request is quick)."""
        if self._process is not None and self._process.poll() is None:
            return
        self._drop()
        self._buffer, self._served, self._cancelled = b"", 0, False
        self._process, self._successor = self._successor or self._spawn(), None
        self._last_pid, self._niceness = self._process.pid, MODEST
        hello = self._message(time.monotonic() + START_SECONDS, "")
        self._born_with = self._holds = int(hello["resident"])

    def _spawn(self) -> subprocess.Popen[bytes]:
        if self._output < 0:
            self._output = _nameless_file()
            weakref.finalize(self, os.close, self._output)
        return subprocess.Popen(  # noqa: S603 - our own module, no part of the command comes from a user
            [sys.executable, "-m", PROGRAM, str(self.memory)],
            cwd=ROOT,
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._output,
            bufsize=0,
            start_new_session=True,
        )

    def _prepare(self, size: int) -> None:
        """Have a child that is fit for a request about this many bytes, with the priority that it deserves."""
        if self._worn() and self._successor is None:
            self._successor = self._spawn()
        if self._successor is not None and (size > SMALL_BYTES or _has_spoken(self._successor)):
            self._drop()
        self.start()
        assert self._process is not None
        niceness = 0 if size <= SMALL_BYTES else MODEST
        if niceness != self._niceness:
            weigh_session(niceness, self._process.pid)
            self._niceness = niceness

    def _worn(self) -> bool:
        return self._served >= REQUESTS_PER_CHILD or self._holds > self._born_with + GROWN_BYTES

    def stop(self) -> None:
        """End the child."""
        self._drop()
        successor, self._successor = self._successor, None
        if successor is not None:
            _end(successor)

    def _drop(self) -> None:
        with self._ending:
            process, self._process = self._process, None
            if process is not None:
                _end(process)

    def cancel(self) -> None:
        """End what the child is doing, at once; the call that waits for it raises Conflict (`cancelled`)."""
        self._cancelled = True
        process = self._process
        if process is not None and process.poll() is None:
            process.kill()

    def __enter__(self) -> Child:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """The process id of the child that runs now."""
        return self._process.pid if self._process is not None else None

    @property
    def backend(self) -> str:
        """What executes requests."""
        return "child"

    def begin(self, _run: str) -> None:
        """One child serves every run alike."""

    def end(self) -> None:
        """It waits for the next."""

    def printed(self) -> str:
        """What the child printed since this was last asked: the end of it."""
        with self._ending:
            if self._output < 0 or not (size := os.fstat(self._output).st_size):
                return ""
            text = os.pread(self._output, PRINTED_BYTES, max(0, size - PRINTED_BYTES)).decode("utf-8", "replace")
            os.ftruncate(self._output, 0)
            os.lseek(self._output, 0, os.SEEK_SET)
            return text

    def _bound_output(self) -> None:
        """Keep only the end of what was printed where it grows too long: a child that prints must not fill the disk."""
        if self._output >= 0 and os.fstat(self._output).st_size > MOST_PRINTED_BYTES:
            os.write(self._output, self.printed().encode())

    # ------------------------------------------------------------------ requests

    def read(
        self,
        path: Path,
        name: str,
        mapping: Mapping[str, str],
        out_dir: Path,
        *,
        follow: FollowState | Mapping[str, Any] | None = None,
        until: int | None = None,
        progress: Callable[[float], None] | None = None,
        saved: Saved | None = None,
    ) -> ReadDone:
        """Read a file into `out_dir/<sha256>.parquet`.

        Args:
            path: the file.
            name: what the user calls it.
            mapping: canonical role -> source column.
            out_dir: an existing folder.
            follow: for a file that grows, the state the last read gave (`FollowState()` the first time, or its JSON).
            until: with `follow`, the byte up to which the file is whole.
            progress: called with the share read, a few times a second.
            saved: mappings kept for files of certain columns, for one of which `mapping` says nothing.
        """
        state = follow.to_dict() if isinstance(follow, FollowState) else follow
        request = {
            "do": "read",
            "path": str(path),
            "name": name,
            "mapping": dict(mapping),
            "saved": dict(saved or {}),
            "out_dir": str(out_dir),
            "follow": None if state is None else dict(state),
            "until": until,
            "limits": asdict(self.limits),
        }
        try:
            done = self._ask(
                request, name, _to_read(path, state, until), lambda said: progress and progress(float(said["progress"]))
            )
        finally:
            self._clear(out_dir)
        return ReadDone(
            segment_path=Path(done["segment_path"]) if done["segment_path"] else None,
            segment_sha256=done["segment_sha256"],
            rows=done["rows"],
            size=done["size"],
            report=done["report"],
            follow=follow_from_dict(done["follow"]) if done["follow"] is not None else None,
            duration=done["duration"],
        )

    def unpack(self, path: Path, name: str, out_dir: Path) -> dict[str, Any]:
        """Take the data files out of an archive into `out_dir`.

        Returns:
            `files`: name, path, sha256 and size of each; `refused`: name, code and message of what was not taken out.
        """
        request = {"do": "unpack", "path": str(path), "name": name, "out_dir": str(out_dir)}
        return self._ask({**request, "limits": asdict(self.limits)}, name, _to_read(path, None, None), lambda _: None)

    def _clear(self, folder: Path) -> None:
        """Remove what a child that was killed left half-written."""
        for path in folder.glob(f"{UNFINISHED}{self._last_pid}-*"):
            path.unlink(missing_ok=True)

    def observe(
        self,
        segment_path: Path,
        analysis: str,
        params: Mapping[str, Any],
        out_path: Path,
        partial: Partial | None = None,
    ) -> ObserveDone:
        """Observe a segment and write the state's bytes to `out_path`, whole or not at all."""
        request = {
            "do": "observe",
            "path": str(segment_path),
            "analysis": analysis,
            "params": dict(params),
            "out": str(out_path),
            "partial": partial is not None,
        }

        def told(said: Mapping[str, Any]) -> None:
            path = Path(said["partial"])
            state = path.read_bytes()
            path.unlink()
            if partial is not None:
                partial(state, int(said["rows"]), int(said["of"]))

        done = self._ask(request, "", segment_path.stat().st_size, told)
        return ObserveDone(done["rows"], done["duration"])

    def _ask(self, request: dict[str, Any], name: str, size: int, told: Told) -> dict[str, Any]:
        self._prepare(size)
        self._served += 1
        assert self._process is not None
        assert self._process.stdin is not None
        line = json.dumps({**request, "seconds": self.seconds}).encode() + b"\n"
        deadline = time.monotonic() + 2 * self.seconds
        try:
            self._process.stdin.write(line)
        except OSError as error:
            raise self._death(name) from error
        while True:
            message = self._message(deadline, name)
            if "done" not in message and "error" not in message:
                told(message)
                continue
            self._holds = int(message["resident"])
            if self._worn() and self._successor is None:
                self._successor = self._spawn()
            if "error" in message:
                raise error_of(message)
            done: dict[str, Any] = message["done"]
            return done

    def _message(self, deadline: float, name: str) -> dict[str, Any]:
        """The child's next message; raises what its death or silence means."""
        assert self._process is not None
        assert self._process.stdout is not None
        while b"\n" not in self._buffer:
            left = deadline - time.monotonic()
            if left <= 0:
                self._drop()
                raise _limit("time", name)
            self._bound_output()
            if not select.select([self._process.stdout], [], [], min(left, LOOK_SECONDS))[0]:
                continue
            data = os.read(self._process.stdout.fileno(), 65536)
            if not data:
                raise self._death(name)
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        return message

    def _death(self, name: str) -> PlumblineError:
        """What the child's end means."""
        code = self._process.wait() if self._process is not None else 0
        cancelled, self._cancelled = self._cancelled, False
        self._drop()
        if cancelled:
            return Conflict("Reading was cancelled.", code="cancelled")
        if code == -signal.SIGXCPU:
            return _limit("time", name)
        if code == -signal.SIGKILL:
            return _limit("memory", name)
        return InputRefused(f"{name or 'The file'}: the reader died on it", code="reader_died", file=name or None)


def _to_read(path: Path, follow: Mapping[str, Any] | None, until: int | None) -> int:
    """How many bytes a read is about; 0 for a file that is not there, which the child will say."""
    try:
        end = path.stat().st_size if until is None else until
    except OSError:
        return 0
    return end - (int(follow.get("offset", 0)) if follow else 0)


def _has_spoken(process: subprocess.Popen[bytes]) -> bool:
    """Whether a child that was started has its libraries loaded, or ended over it."""
    assert process.stdout is not None
    return bool(select.select([process.stdout], [], [], 0)[0])


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


def _nameless_file() -> int:
    """A file that is gone when it is closed, for what the child prints: it outlives the child."""
    descriptor, path = tempfile.mkstemp(prefix="plumbline-")
    Path(path).unlink()
    return descriptor


def _limit(code: str, name: str) -> LimitExceeded:
    what = "longer" if code == "time" else "more memory"
    said = f"{name or 'The file'}: reading takes {what} than the limit; nothing of it was kept"
    return LimitExceeded(said, code=code, file=name or None)


def error_of(message: Mapping[str, Any]) -> PlumblineError:
    """The error that a child or a worker named: its `type` and its fields, `error`."""
    kind = getattr(errors, message["type"], InputRefused)
    fields = dict(message["error"])
    said, columns, signature = fields.pop("message"), fields.pop("source_columns", []), fields.pop("signature", "")
    raised: PlumblineError = kind(said, **fields)
    raised.source_columns, raised.signature = columns, signature
    return raised


def _environment() -> dict[str, str]:
    """What the child may know of the environment: nothing that looks like a secret, no address of the store."""
    kept = {name: value for name, value in os.environ.items() if not any(word in name.upper() for word in _SECRET)}
    kept.pop("PLUMBLINE_DATABASE_URL", None)
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS")
    return {**kept, **dict.fromkeys(threads, "1"), "PYTHONPATH": str(ROOT)}
