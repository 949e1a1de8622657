"""The inside of a Ray job: a limited child on the cluster that reads and observes for one run.

It knows the name of its run and nothing else; the file comes through the mailbox and the segment goes back through it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from engine.errors import PlumblineError
from jobs.children import Child, ReadDone
from jobs.mailbox import name_of
from jobs.ray_link import NAMESPACE

CHUNK_BYTES = 8 * 1024**2
ANSWER_SECONDS = 600.0
FOLDER = "plumbline-job-"


def chunks_of(path: Path) -> Iterator[bytes]:
    """A file piece by piece."""
    with path.open("rb") as file:
        while data := file.read(CHUNK_BYTES):
            yield data


class Job:
    """Serves the requests of one run until told that there are no more."""

    def __init__(self, run: str, folder: Path) -> None:
        import ray

        self._ray = ray
        ray.init(namespace=NAMESPACE, log_to_driver=False)
        self._box: Any = ray.get_actor(name_of(run))
        self._folder = folder
        self._child: Child | None = None
        self._segment = folder

    def serve(self) -> None:
        """Take requests and answer them; refusals are answers."""
        while (request := self._take())["do"] != "end":
            try:
                self._tell({"done": self._read(request) if request["do"] == "read" else self._observe(request)})
            except PlumblineError as error:
                say(f"refused: {error.message}")
                self._tell({"error": error.to_dict(), "type": type(error).__name__})
        if self._child is not None:
            self._child.stop()

    def _take(self) -> dict[str, Any]:
        message: dict[str, Any] = self._ray.get(self._box.take.remote(), timeout=ANSWER_SECONDS)
        return message

    def _tell(self, message: dict[str, Any]) -> None:
        self._ray.get(self._box.tell.remote(message), timeout=ANSWER_SECONDS)

    def _read(self, request: dict[str, Any]) -> dict[str, Any]:
        source = self._folder / f"source{Path(request['name']).suffix[:20]}"
        with source.open("wb") as file:
            while data := self._take()["data"]:
                file.write(data)
        say(f"reading {source.stat().st_size:,} bytes")
        self._child = Child(memory=request["memory"], seconds=request["seconds"])
        done = self._child.read(
            source,
            request["name"],
            request["mapping"],
            self._folder,
            progress=lambda share: self._tell({"progress": share}),
            saved=request["saved"],
        )
        source.unlink()
        say(f"read {done.report['rows']:,} rows in {done.duration:.1f} s")
        return self._give(done)

    def _give(self, done: ReadDone) -> dict[str, Any]:
        """Hand the segment over, keep it for observing."""
        if done.segment_path is not None:
            self._segment = done.segment_path
            for data in chunks_of(done.segment_path):
                self._tell({"data": data})
        return {"sha256": done.segment_sha256, "rows": done.rows, "size": done.size, "report": done.report}

    def _observe(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self._child is not None
        out = self._folder / "state"

        def partial(state: bytes, rows: int, of: int) -> None:
            self._tell({"partial": state, "rows": rows, "of": of})

        done = self._child.observe(self._segment, request["analysis"], request["params"], out, partial)
        say(f"observed {done.rows:,} rows in {done.duration:.1f} s")
        return {"rows": done.rows, "state": out.read_bytes()}


def say(line: str) -> None:
    """A line of the job's log."""
    os.write(1, f"{line}\n".encode())


def main(run: str) -> int:
    """Work for one run and attempt, named RUN-ATTEMPT."""
    remove_abandoned(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix=f"{FOLDER}{os.getpid()}-") as folder:
        Job(run, Path(folder)).serve()
    return 0


def remove_abandoned(place: Path) -> None:
    """Remove the folders of jobs that were killed: each holds a copy of somebody's file."""
    for folder in place.glob(f"{FOLDER}*-*"):
        owner = folder.name.removeprefix(FOLDER).partition("-")[0]
        if owner.isdecimal() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)
