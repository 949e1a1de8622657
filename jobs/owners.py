"""Names of workers: they tell whether the process that claimed a run still lives."""

from __future__ import annotations

import os
import socket
from pathlib import Path


def my_name() -> str:
    """The name of this process: host, process id and start, so that a reused id is not taken for it."""
    return f"{socket.gethostname()}:{os.getpid()}:{_started(os.getpid())}"


def lives(owner: str) -> bool:
    """Whether the owner's process runs. Of other hosts it is believed: there the missing heartbeat decides."""
    host, _, process = owner.rpartition(":")[0].rpartition(":")
    if host != socket.gethostname():
        return True
    return process.isdigit() and _started(int(process)) == owner.rpartition(":")[2] != ""


def _started(pid: int) -> str:
    """When a process began, in clock ticks since the machine did; empty where it is gone or dead."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]
