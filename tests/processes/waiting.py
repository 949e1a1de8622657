"""Waiting for what other processes do."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


def until(condition: Callable[[], T], seconds: float = 20.0, every: float = 0.01) -> T:
    """The first true value of a condition; fails when it stays false."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(every)
    raise AssertionError(f"still not so after {seconds} s")


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def pids(path: Path) -> list[int]:
    """The process ids noted in a file, oldest first."""
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def kill(pid: int, number: int) -> None:
    """Signal a process that may already be gone."""
    if alive(pid):
        os.kill(pid, number)
