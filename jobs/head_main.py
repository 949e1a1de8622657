"""Keeps a Ray node for the runner: `python -m jobs.head_main FOLDER ARGUMENT…`, its input open to the runner.

Runs `ray start` at a low priority, adopts what that leaves in the background, and kills all of it at once when the
input is closed: by a runner that stops, or by the kernel for a runner that was killed. A node holds nothing worth an
orderly end, and asked for one its processes take seconds.
"""

from __future__ import annotations

import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

from jobs.priority import weigh_session, yield_to_pages
from jobs.process_tree import kill_all
from jobs.processes import die_with_parent

NICENESS = 10
SESSION_NICENESS = 5
"""A third of the weight of another session: with much less, Ray gives its own start up on a busy machine."""

PR_SET_CHILD_SUBREAPER = 36


def main(arguments: list[str]) -> int:
    """Until `ray start` ends (its exit code) or the runner does (0, and the folder is gone)."""
    folder, command = Path(arguments[0]), arguments[1:]
    yield_to_pages(NICENESS, SESSION_NICENESS)
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    ended = _notices_of_ended_children()
    node = subprocess.Popen(  # noqa: S603 - Ray's own program and numbers of ours
        [sys.executable, "-m", "ray.scripts.scripts", "start", *command],
        stdin=subprocess.DEVNULL,
        preexec_fn=partial(die_with_parent, os.getpid()),
    )
    code = _wait(node.pid, ended)
    weigh_session(0)  # ending is worth the usual one: also a killed process needs the processor to go
    kill_all(os.getpid(), folder)
    if code is None:
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(code or 0)


def _notices_of_ended_children() -> int:
    """A descriptor that can be read whenever a child has ended."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    return reader


def _wait(node: int, ended: int) -> int | None:
    """The exit code of the node, or None once nobody holds the other end of our input."""
    runner = sys.stdin.fileno()
    while runner not in select.select([runner, ended], [], [])[0]:
        os.read(ended, 4096)
        while (found := _reap())[0]:
            if found[0] == node:
                return os.waitstatus_to_exitcode(found[1])
    return None


def _reap() -> tuple[int, int]:
    try:
        return os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return 0, 0


if __name__ == "__main__":
    main(sys.argv[1:])
