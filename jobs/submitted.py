"""Runs that were submitted as jobs: a Ray job each, so that they are seen and stopped with Ray's own tools, too.

The entry point is fixed and holds the run's number only. Where Ray is off the same work is done by a child process.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from engine.errors import Conflict, LimitExceeded
from engine.formats import Saved
from engine.settings import ROOT, get_settings
from jobs import mailbox
from jobs.children import ObserveDone, ReadDone, error_of
from jobs.executor import Executor, Printed, WorkerLostError
from jobs.job_main import chunks_of
from jobs.observing import Partial
from jobs.ray_link import Link

HEAR_SECONDS = 0.5
ANSWER_SECONDS = 30.0
LOOK_SECONDS = 2.0
ENDED = ("STOPPED", "SUCCEEDED", "FAILED")
PACKAGES = ("engine", "jobs")

log = logging.getLogger("runner")


class JobExecutor:
    """See `jobs.executor.Executor`."""

    def __init__(self, otherwise: Executor, link: Link) -> None:
        self._otherwise = otherwise
        self._link = link
        self._run = ""
        self._job: _Job | None = None
        self._printed = Printed()

    @property
    def backend(self) -> str:
        """`job`, or what did it instead."""
        return "job" if self._job is not None else self._otherwise.backend

    def begin(self, run: str) -> None:
        """The next requests are of this run and attempt."""
        self._run = run

    def end(self) -> None:
        """There are no more requests of this run."""
        if self._job is not None:
            self._job.end()
            self._job = None

    def start(self) -> None:
        """Nothing is kept ready: a job takes seconds to start anyway."""

    def stop(self) -> None:
        """End what is open."""
        self._otherwise.stop()

    def cancel(self) -> None:
        """Stop the job."""
        job = self._job
        if job is not None:
            job.cancelled.set()
        self._otherwise.cancel()

    def printed(self) -> str:
        """What the job printed."""
        self._printed.add(self._otherwise.printed())
        return self._printed.take()

    def read(
        self,
        path: Path,
        name: str,
        mapping: Mapping[str, str],
        out_dir: Path,
        *,
        follow: Mapping[str, Any] | None = None,
        until: int | None = None,
        progress: Callable[[float], None] | None = None,
        saved: Saved | None = None,
    ) -> ReadDone:
        """In a limited child inside a Ray job."""
        if not self._link.connected or follow is not None:
            return self._otherwise.read(
                path, name, mapping, out_dir, follow=follow, until=until, progress=progress, saved=saved
            )
        self._job = _Job(self._link, self._run, self._printed)
        return self._job.read(path, name, mapping, out_dir, progress, saved or {})

    def unpack(self, path: Path, name: str, out_dir: Path) -> dict[str, Any]:
        """By a limited child here: the archive lies here, and so will its files."""
        return self._otherwise.unpack(path, name, out_dir)

    def observe(
        self,
        segment_path: Path,
        analysis: str,
        params: Mapping[str, Any],
        out_path: Path,
        partial: Partial | None = None,
    ) -> ObserveDone:
        """Where the segment was read."""
        if self._job is None or self._job.sha256 != segment_path.stem:
            return self._otherwise.observe(segment_path, analysis, params, out_path, partial)
        return self._job.observe(analysis, params, out_path, partial)


class _Job:
    """One Ray job and its mailbox."""

    def __init__(self, link: Link, run: str, printed: Printed) -> None:
        import ray
        from ray.job_submission import JobSubmissionClient

        assert link.address is not None
        self._ray = ray
        self._id = f"run-{run}"
        self.sha256: str | None = ""
        self.cancelled = threading.Event()
        self._seen = 0
        self._looked = time.monotonic()
        self._printed = printed
        ray.cloudpickle.register_pickle_by_value(mailbox)  # type: ignore[no-untyped-call]
        actor: Any = ray.remote(num_cpus=0)(mailbox.Mailbox)
        self._box = actor.options(name=mailbox.name_of(run)).remote()
        self._client = JobSubmissionClient(link.address.jobs)
        self._submit(f"python -m jobs job {run}")

    def _submit(self, entrypoint: str) -> None:
        with _package() as folder:
            try:
                self._client.submit_job(
                    entrypoint=entrypoint, submission_id=self._id, runtime_env={"working_dir": folder}
                )
            except Exception as error:
                raise WorkerLostError(f"Ray took no job: {error}") from error

    def read(
        self,
        path: Path,
        name: str,
        mapping: Mapping[str, str],
        out_dir: Path,
        progress: Callable[[float], None] | None,
        saved: Saved,
    ) -> ReadDone:
        """Send the file, take the segment."""
        started = time.monotonic()
        settings = get_settings()
        limits = {"memory": settings.reader_memory_bytes, "seconds": settings.reader_seconds}
        self._send({"do": "read", "name": name, "mapping": dict(mapping), "saved": dict(saved), **limits})
        for data in chunks_of(path):
            self._send({"data": data})
        self._send({"data": b""})
        target = out_dir / "segment.parquet"
        with target.open("wb") as file:
            done = self._answer(
                lambda said: file.write(said["data"]) if "data" in said else progress and progress(said["progress"])
            )
        self.sha256 = done["sha256"]
        if self.sha256 is not None:
            self._check(target)
        duration = time.monotonic() - started
        return ReadDone(
            target if self.sha256 else None, self.sha256, done["rows"], done["size"], done["report"], None, duration
        )

    def _check(self, target: Path) -> None:
        with target.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != self.sha256:
                raise WorkerLostError("the segment arrived damaged")

    def observe(self, analysis: str, params: Mapping[str, Any], out_path: Path, partial: Partial | None) -> ObserveDone:
        """Have the segment observed that was read."""
        started = time.monotonic()
        self._send({"do": "observe", "analysis": analysis, "params": dict(params)})
        done = self._answer(lambda said: partial and partial(said["partial"], said["rows"], said["of"]))
        out_path.write_bytes(done["state"])
        return ObserveDone(done["rows"], time.monotonic() - started)

    def end(self) -> None:
        """Let the job end well, or stop it. What Ray thinks of that changes nothing any more."""
        with contextlib.suppress(Exception):
            if self.cancelled.is_set():
                self._client.stop_job(self._id)
            else:
                self._ray.get(self._box.send.remote({"do": "end"}), timeout=ANSWER_SECONDS)

    # ------------------------------------------------------------------ messages

    def _send(self, message: dict[str, Any]) -> None:
        ref = self._box.send.remote(message)
        while not self._ray.wait([ref], timeout=HEAR_SECONDS)[0]:
            self._look()
        self._get(ref)

    def _answer(self, told: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """The next answer; what comes before it is told. Raises what the job refused."""
        deadline = time.monotonic() + 2 * get_settings().reader_seconds
        while time.monotonic() < deadline:
            message = self._get(self._box.hear.remote(HEAR_SECONDS))
            self._look()
            if message is None:
                continue
            if "error" in message or "done" in message:
                self._listen()
                return _done(message)
            told(message)
        self.cancelled.set()
        raise LimitExceeded("The job takes longer than the limit; nothing of it was kept.", code="time")

    def _get(self, ref: Any) -> Any:
        try:
            return self._ray.get(ref, timeout=ANSWER_SECONDS)
        except self._ray.exceptions.RayError as error:
            raise WorkerLostError(type(error).__name__) from error

    def _look(self) -> None:
        """Whether to stop, and now and then whether the job still lives, and what it printed."""
        if self.cancelled.is_set():
            raise Conflict("The job was cancelled.", code="cancelled")
        if time.monotonic() < self._looked + LOOK_SECONDS:
            return
        self._looked = time.monotonic()
        try:
            ended = str(self._client.get_job_status(self._id).value) in ENDED
        except Exception as error:
            raise WorkerLostError(f"nobody knows of the job: {error}") from error
        self._listen()
        if ended:
            raise WorkerLostError("the job ended before it answered")

    def _listen(self) -> None:
        """Take what the job printed since; a log that cannot be had is no reason to give the run up."""
        with contextlib.suppress(Exception):
            text = self._client.get_job_logs(self._id)
            self._printed.add(text[self._seen :])
            self._seen = len(text)


def _done(message: Mapping[str, Any]) -> dict[str, Any]:
    """What a job answered; raises what it refused."""
    if "error" in message:
        raise error_of(message)
    done: dict[str, Any] = message["done"]
    return done


@contextlib.contextmanager
def _package() -> Any:
    """A folder with the code that a job needs: never the home folder, whatever lies beside it."""
    with tempfile.TemporaryDirectory(prefix="plumbline-") as name:
        for package in PACKAGES:
            shutil.copytree(ROOT / package, Path(name) / package, ignore=shutil.ignore_patterns("__pycache__"))
        yield name
