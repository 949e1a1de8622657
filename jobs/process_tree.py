"""Every process of a Ray node, and the end of all of them.

Some of Ray's move into sessions of their own, and some write their title over their environment: a process belongs to a
node by its session, by the mark in its environment, or as the child of one that does. Linux only.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

MARK = "RAY_STARTED_IN"
"""The environment variable that holds the node's folder."""

KILL_SECONDS = 3.0


def members(session: int, folder: Path, mark: str = MARK) -> list[int]:
    """The processes of a node but for this one: those of its session, those that carry its folder's name, all below.

    A session bears the id of the process that keeps the node (0 where that is not known): all below it are its own.
    `mark` is the environment variable that holds the folder.
    """
    marked = f"{mark}={folder}".encode()
    parents: dict[int, int] = {}
    found = {session} - {0}
    for path in Path("/proc").iterdir():
        pid = int(path.name) if path.name.isdigit() else os.getpid()
        if pid == os.getpid() or (fields := _fields(path)) is None:
            continue
        parents[pid] = int(fields[1])
        if int(fields[3]) == session > 0 or marked in _environment(path):
            found.add(pid)
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return sorted(found & parents.keys())


def kill_all(session: int, folder: Path, mark: str = MARK) -> None:
    """Kill until nothing is left: they start one another."""
    deadline = time.monotonic() + KILL_SECONDS
    while (found := members(session, folder, mark)) and time.monotonic() < deadline:
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)


def _fields(path: Path) -> list[str] | None:
    """State, parent, group, session and so on of a process that is not dead."""
    try:
        fields = (path / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields


def _environment(path: Path) -> list[bytes]:
    try:
        return (path / "environ").read_bytes().split(b"\0")
    except OSError:
        return []
